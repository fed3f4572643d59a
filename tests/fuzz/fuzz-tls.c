/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hostile client of TLS. The first octet is the settings. Without a handshake, the others are
 * what the client sends from the start: nothing of it may ever be read. Behind one, they are
 * pieces, in records or in clear: what is read is what was in records before the first octet in
 * clear, and no more. */

#include <errno.h>
#include <stdint.h>

#include <gnutls/gnutls.h>
#include <smtpd/smtpd.h>

#include "smtp-tls-context-private.h"
#include "transport/smtp-tls-transport.h"

#include "../narrow-transport.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

enum
{
  HANDSHAKE = 1 << 0,
  OLD = 1 << 1,       /* TLS 1.2 */
  ENDS = 1 << 2,      /* the connection does, behind all that */
  IN_PLACE = 1 << 3,
  ASKED = 1 << 4,     /* for a certificate */
  SHORT = 1 << 5      /* pieces, and reads, of a few octets */
};

typedef struct
{
  SmtpPoller *poller;
  SmtpTlsContext *contexts[2];
  gnutls_certificate_credentials_t credentials;
} World;

typedef struct
{
  uint8_t settings;
  Narrow *narrow;
  SmtpTransport *transport;
  gnutls_session_t client;
  GByteArray *sent;      /* in records, before anything in clear */
  gsize n_read;
  gboolean is_clear;     /* something was sent in clear */
  gboolean is_past;      /* nothing can be read any more */
} Run;

static const World *
get_world (void)
{
  static World world;

  if (world.poller != NULL)
    return &world;

  world.poller = smtp_poller_new (NULL);
  for (guint i = 0; i < 2; i++)
    {
      world.contexts[i] = smtp_tls_context_new_self_signed ("mx.example.org", NULL);
      g_assert_nonnull (world.contexts[i]);
    }
  smtp_tls_context_set_client_certificates (world.contexts[1], SMTP_CLIENT_CERTIFICATES_REQUESTED);
  g_assert_true (smtp_tls_context_reload (world.contexts[1], NULL));
  gnutls_certificate_allocate_credentials (&world.credentials);

  return &world;
}

/* The client's end */

static ssize_t
push (gnutls_transport_ptr_t data,
      const void            *octets,
      size_t                 size)
{
  g_byte_array_append (((Run *) data)->narrow->input, octets, size);

  return (ssize_t) size;
}

static ssize_t
pull (gnutls_transport_ptr_t data,
      void                  *buffer,
      size_t                 size)
{
  Run *run = data;
  GByteArray *output = run->narrow->output;

  size = MIN (size, output->len);
  if (size == 0)
    {
      gnutls_transport_set_errno (run->client, EAGAIN);
      return -1;
    }
  memcpy (buffer, output->data, size);
  g_byte_array_remove_range (output, 0, size);

  return (ssize_t) size;
}

static void
shake_hands (Run *run)
{
  SmtpTlsHandshake server = SMTP_TLS_HANDSHAKE_AGAIN;
  int client = GNUTLS_E_AGAIN;

  gnutls_init (&run->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  gnutls_priority_set_direct (run->client, run->settings & OLD ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : "NORMAL", NULL);
  gnutls_credentials_set (run->client, GNUTLS_CRD_CERTIFICATE, get_world ()->credentials);
  gnutls_transport_set_ptr (run->client, run);
  gnutls_transport_set_push_function (run->client, push);
  gnutls_transport_set_pull_function (run->client, pull);

  while (client != 0 || server != SMTP_TLS_HANDSHAKE_DONE)
    {
      if (client != 0)
        client = gnutls_handshake (run->client);
      g_assert (client == 0 || !gnutls_error_is_fatal (client));
      if (server != SMTP_TLS_HANDSHAKE_DONE)
        server = smtp_tls_transport_handshake (run->transport, NULL);
      g_assert (server != SMTP_TLS_HANDSHAKE_FAILED);
    }
}

/* The server's end */

static void
take (Run        *run,
      const void *octets,
      gsize       size)
{
  g_assert (!run->is_past && run->client != NULL);
  g_assert (run->n_read + size <= run->sent->len);
  g_assert (memcmp (run->sent->data + run->n_read, octets, size) == 0);
  run->n_read += size;
}

static void
read_all (Run *run)
{
  static guint8 buffer[32 * 1024];
  gsize size = run->settings & SHORT ? 7 : sizeof buffer;
  const void *octets = buffer;
  gssize n;

  do
    {
      if (run->settings & IN_PLACE)
        n = smtp_transport_read_in_place (run->transport, buffer, size, &octets);
      else
        n = smtp_transport_read (run->transport, buffer, size);
      if (n > 0)
        take (run, octets, (gsize) n);
    }
  while (n > 0);

  run->is_past |= n != SMTP_TRANSPORT_AGAIN;
}

/* Without a handshake */
static void
send_raw (Run           *run,
          const uint8_t *data,
          size_t         size)
{
  gsize step = run->settings & SHORT ? 5 : MAX (size, 1);
  SmtpTlsHandshake result = SMTP_TLS_HANDSHAKE_AGAIN;

  for (size_t at = 0; at < size && result == SMTP_TLS_HANDSHAKE_AGAIN; at += step)
    {
      g_byte_array_append (run->narrow->input, data + at, (guint) MIN (step, size - at));
      run->narrow->has_ended = (run->settings & ENDS) && at + step >= size;
      result = smtp_tls_transport_handshake (run->transport, NULL);
    }
  g_assert (result != SMTP_TLS_HANDSHAKE_DONE);
  if (result == SMTP_TLS_HANDSHAKE_FAILED)
    read_all (run);
}

/* Each piece has its length before it, and its kind. */
static void
send_pieces (Run           *run,
             const uint8_t *data,
             size_t         size)
{
  while (size > 1)
    {
      size_t length = MIN ((size_t) data[0] >> 1, size - 1);
      gboolean is_clear = data[0] & 1;

      data++;
      size--;
      if (length == 0 && !is_clear)
        gnutls_bye (run->client, GNUTLS_SHUT_WR);
      else if (is_clear)
        g_byte_array_append (run->narrow->input, data, (guint) length);
      else if (gnutls_record_send (run->client, data, length) > 0 && !run->is_clear)
        g_byte_array_append (run->sent, data, (guint) length);
      run->is_clear |= is_clear && length > 0;

      data += length;
      size -= length;
      if (run->settings & SHORT)
        read_all (run);
    }

  run->narrow->has_ended = (run->settings & ENDS) != 0;
  read_all (run);
}

static void
on_transport (SmtpTransport       *transport,
              SmtpTransportEvents  events,
              gpointer             data)
{
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const World *world = get_world ();
  g_autoptr (SmtpTlsCredentials) credentials = NULL;
  Run run = { 0 };

  if (size < 1)
    return 0;

  run.settings = data[0];
  run.sent = g_byte_array_new ();
  run.narrow = narrow_new (world->poller, G_MAXSIZE);
  credentials = smtp_tls_context_ref_credentials (world->contexts[(run.settings & ASKED) != 0]);
  run.transport = smtp_transport_new_tls (&run.narrow->parent, credentials, NULL);
  g_assert_nonnull (run.transport);
  smtp_transport_set_callback (run.transport, on_transport, NULL);

  if (run.settings & HANDSHAKE)
    {
      shake_hands (&run);
      send_pieces (&run, data + 1, size - 1);
    }
  else
    send_raw (&run, data + 1, size - 1);

  /* All that was in records came, unless something else did. */
  if (run.client != NULL && !run.is_clear && !run.is_past)
    g_assert (run.n_read == run.sent->len);

  smtp_transport_free (run.transport);
  if (run.client != NULL)
    gnutls_deinit (run.client);
  g_byte_array_unref (run.sent);
  while (g_main_context_iteration (NULL, FALSE))
    ;

  return 0;
}
