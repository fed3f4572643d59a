/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS over a transport that takes what it is told to take. */

#include <errno.h>

#include <smtpd/smtpd.h>

#include "smtp-tls-context-private.h"
#include "transport/smtp-tls-transport.h"

#include "narrow-transport.h"

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
      Narrow *narrow = narrow_new (poller, room);
      SmtpTransport *transport;

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
