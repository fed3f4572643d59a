/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS over a transport that takes what it is told to take. */

#include <errno.h>
#include <string.h>

#include <smtpd/smtpd.h>

#include "smtp-tls-context-private.h"
#include "transport/smtp-tls-transport.h"
#include "transport/smtp-transport-private.h"

typedef struct
{
  SmtpTransport parent;
  GByteArray *input;
  GByteArray *output;
  gsize room;
  gboolean is_waited_for;  /* somebody was told to come again when there is room */
} Narrow;

static gssize
narrow_read (SmtpTransport *transport,
             void          *buffer,
             gsize          size)
{
  Narrow *self = (Narrow *) transport;

  if (self->input->len == 0)
    return SMTP_TRANSPORT_AGAIN;

  size = MIN (size, self->input->len);
  memcpy (buffer, self->input->data, size);
  g_byte_array_remove_range (self->input, 0, size);

  return (gssize) size;
}

static gssize
narrow_write (SmtpTransport *transport,
              const void    *octets,
              gsize          size)
{
  Narrow *self = (Narrow *) transport;

  size = MIN (size, self->room);
  self->is_waited_for = size == 0;
  if (size == 0)
    return SMTP_TRANSPORT_AGAIN;

  g_byte_array_append (self->output, octets, size);
  self->room -= size;

  return (gssize) size;
}

static void
narrow_shutdown_write (SmtpTransport *transport)
{
}

static int
narrow_get_fd (SmtpTransport *transport)
{
  return -1;
}

static void
narrow_free (SmtpTransport *transport)
{
  Narrow *self = (Narrow *) transport;

  smtp_transport_clear (transport);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_free (self);
}

static void
on_watch (SmtpWatch      *watch,
          SmtpPollEvents  events)
{
}

static const SmtpTransportClass narrow_class =
{
  .read = narrow_read,
  .write = narrow_write,
  .shutdown_write = narrow_shutdown_write,
  .get_fd = narrow_get_fd,
  .free = narrow_free,
};

/* The client, which only says hello */

static ssize_t
push_hello (gnutls_transport_ptr_t data,
            const void            *octets,
            size_t                 size)
{
  g_byte_array_append (data, octets, size);

  return (ssize_t) size;
}

static ssize_t
pull_nothing (gnutls_transport_ptr_t data,
              void                  *buffer,
              size_t                 size)
{
  errno = EAGAIN;

  return -1;
}

static void
say_hello (GByteArray *output)
{
  gnutls_certificate_credentials_t credentials;
  gnutls_session_t session;

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  gnutls_set_default_priority (session);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_ptr (session, output);
  gnutls_transport_set_push_function (session, push_hello);
  gnutls_transport_set_pull_function (session, pull_nothing);
  g_assert_cmpint (gnutls_handshake (session), ==, GNUTLS_E_AGAIN);
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
}

static void
on_transport (SmtpTransport       *transport,
              SmtpTransportEvents  events,
              gpointer             data)
{
}

/* GnuTLS does not ask again after a short write. Who waits for room must have said so all the
 * same, wherever the write is cut. */
static void
test_short_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTlsContext) context = smtp_tls_context_new_self_signed ("mx.example.org", &error);
  g_autoptr (SmtpTlsCredentials) credentials = smtp_tls_context_ref_credentials (context);
  SmtpPoller *poller = smtp_poller_new (NULL);

  g_assert_no_error (error);
  for (gsize room = 0; room < 500; room += room < 10 ? 1 : 31)
    {
      Narrow *narrow = g_new0 (Narrow, 1);
      SmtpTransport *transport;

      narrow->input = g_byte_array_new ();
      narrow->output = g_byte_array_new ();
      narrow->room = room;
      smtp_transport_init (&narrow->parent, &narrow_class, poller, -1, on_watch, &error);
      g_assert_no_error (error);
      transport = smtp_transport_new_tls (&narrow->parent, credentials, &error);
      g_assert_no_error (error);
      smtp_transport_set_callback (transport, on_transport, NULL);

      say_hello (narrow->input);
      g_assert_cmpint (smtp_tls_transport_handshake (transport, &error), ==, SMTP_TLS_HANDSHAKE_AGAIN);
      g_assert_cmpuint (narrow->output->len, ==, room);
      g_assert_true (narrow->is_waited_for);

      /* With room, it goes on where it stopped, up to its waiting for the client. */
      narrow->room = G_MAXSIZE;
      g_assert_cmpint (smtp_tls_transport_handshake (transport, &error), ==, SMTP_TLS_HANDSHAKE_AGAIN);
      g_assert_cmpuint (narrow->output->len, >, 500);
      g_assert_false (narrow->is_waited_for);
      smtp_transport_free (transport);
    }
  smtp_poller_unref (poller);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tls-transport/short-write", test_short_write);

  return g_test_run ();
}
