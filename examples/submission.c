/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server for people who send mail: AUTH in TLS, and nothing without it.
 *
 * usage: submission [ADDRESS]        (default: localhost:8025)
 *
 * Its users are joe, whose password is "pencil", and whoever brings the token "letmein".
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

/* What is known of this user? With it PLAIN, LOGIN and SCRAM are checked. */
static SmtpVerdict
on_credentials (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpRequest     *request,
                SmtpCredentials *credentials,
                SmtpSecret      *joe)
{
  gboolean known = g_strcmp0 (smtp_credentials_get_authentication_id (credentials), "joe") == 0;

  smtp_request_send_secret (request, known ? joe : NULL);

  return SMTP_VERDICT_HANDLED;
}

/* May it come in? Who was verified may, unless somebody objects here. */
static SmtpVerdict
on_auth (SmtpServer      *server,
         SmtpSession     *session,
         SmtpEnvelope    *envelope,
         SmtpRequest     *request,
         SmtpCredentials *credentials)
{
  if (g_strcmp0 (smtp_credentials_get_token (credentials), "letmein") == 0)
    smtp_request_reply (request, 235, "2.7.0 Welcome");

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_mail (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request,
         SmtpAddress *address, SmtpParameters *parameters)
{
  g_autofree char *name = smtp_address_dup_local_part (address);

  if (g_strcmp0 (name, smtp_session_get_identity (session)) == 0)
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, 553, "5.7.1 That is somebody else");

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_data (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request)
{
  g_print ("message from %s by %s\n", smtp_session_get_identity (session), smtp_session_get_protocol (session));
  smtp_request_reply (request, 250, "2.0.0 Thank you");

  return SMTP_VERDICT_HANDLED;
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  static const char * const mechanisms[] = { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER", NULL };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SmtpTlsContext) tls = smtp_tls_context_new_self_signed ("localhost", NULL);
  /* A program would keep what this makes, and not the password. */
  g_autoptr (SmtpSecret) joe = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, "pencil", 0, NULL);
  g_autoptr (SmtpServer) server = g_object_new (SMTP_TYPE_SERVER, "tls-context", tls, "auth-required", TRUE,
                                                "auth-mechanisms", mechanisms, NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  g_signal_connect (server, "handle-credentials", G_CALLBACK (on_credentials), joe);
  g_signal_connect (server, "handle-auth", G_CALLBACK (on_auth), NULL);
  g_signal_connect (server, "handle-mail", G_CALLBACK (on_mail), NULL);
  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
  if (!smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
    g_error ("%s", error->message);
  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_unix_signal_add (SIGINT, quit, loop);
  g_unix_signal_add (SIGTERM, quit, loop);
  g_main_loop_run (loop);

  return 0;
}
