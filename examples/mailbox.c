/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A mailbox for those who have a password: a message is in the Maildir before it is answered with 250. Mail is
 * taken after AUTH alone, and AUTH after STARTTLS.
 *
 * usage: mailbox [ADDRESS [MAILDIR [USERS]]]        (default: localhost:8025 Maildir users)
 *
 * USERS is a file with a line for each of them: USER:PASSWORD, or better the line that
 * "gsmtpd --make-auth=USER" prints. Others must not be able to read it.
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_print ("message from %s by %s\n", smtp_session_get_identity (session), smtp_session_get_protocol (session));

  return SMTP_VERDICT_CONTINUE;
}

static gboolean
start (SmtpServer  *server,
       const char  *address,
       const char  *maildir,
       const char  *users,
       GError     **error)
{
  /* Clients have no reason to trust this one. See smtp_tls_context_new() for a certificate from a file. */
  g_autoptr (SmtpTlsContext) tls = smtp_tls_context_new_self_signed ("localhost", error);
  g_autoptr (SmtpHandler) secrets = NULL;
  g_autoptr (SmtpHandler) box = smtp_maildir_handler_new (maildir);

  if (tls == NULL)
    return FALSE;
  smtp_server_set_tls_context (server, tls);
  smtp_server_set_auth_required (server, TRUE);

  secrets = smtp_auth_file_handler_new (users, error);
  if (secrets == NULL || !smtp_maildir_handler_prepare (SMTP_MAILDIR_HANDLER (box), error))
    return FALSE;
  smtp_maildir_handler_set_add_trace (SMTP_MAILDIR_HANDLER (box), TRUE);
  smtp_server_add_handler (server, secrets);
  smtp_server_add_handler (server, box);

  return smtp_server_listen (server, address, SMTP_LISTENER_KIND_SMTP, error);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);

  return G_SOURCE_REMOVE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
  if (!start (server,
              argc > 1 ? argv[1] : "localhost:8025",
              argc > 2 ? argv[2] : "Maildir",
              argc > 3 ? argv[3] : "users", &error))
    {
      g_printerr ("%s: %s\n", argv[0], error->message);
      return 1;
    }
  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_unix_signal_add (SIGINT, quit, loop);
  g_unix_signal_add (SIGTERM, quit, loop);
  g_main_loop_run (loop);

  return 0;
}
