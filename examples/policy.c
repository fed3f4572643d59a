/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A policy that has to ask before it answers RCPT, and serves all others while it does: is the recipient in a
 * file of users, one a line, which is read each time? A client that has not written to one of them before is told
 * to come again a second later (greylisting); programs that send spam often do not.
 *
 * usage: policy [ADDRESS [FILE]]        (default: localhost:8025 users)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

static GFile *users;
static GHashTable *attempts;  /* when each "host sender recipient" came first; a program would forget some */

static gboolean
is_too_early (SmtpRequest *request)
{
  GSocketAddress *peer = smtp_session_get_peer (smtp_request_get_session (request));
  g_autofree char *host = g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer)));
  g_autofree char *attempt = g_strjoin (" ", host, smtp_envelope_get_mail_from (smtp_request_get_envelope (request)),
                                        smtp_address_get_text (smtp_request_get_address (request)), NULL);
  gint64 *first = g_hash_table_lookup (attempts, attempt);
  gint64 now = g_get_monotonic_time ();

  if (first != NULL)
    return now < *first + G_TIME_SPAN_SECOND;
  g_hash_table_insert (attempts, g_steal_pointer (&attempt), g_memdup2 (&now, sizeof now));

  return TRUE;
}

static void
on_loaded (GObject *file, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SmtpRequest) request = user_data;
  g_autofree char *user = smtp_address_dup_local_part (smtp_request_get_address (request));
  g_autofree char *text = NULL;
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_load_contents_finish (G_FILE (file), result, &text, NULL, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      smtp_request_fail (request, error);  /* the client learns no more than 451 */
      return;
    }

  names = g_strsplit (text, "\n", -1);
  if (*user == '\0' || !g_strv_contains ((const char * const *) names, user))
    smtp_request_reply (request, 550, "5.1.1 No such user");
  else if (is_too_early (request))
    smtp_request_reply (request, 450, "4.7.1 Come again a little later");
  else
    smtp_request_proceed (request);
}

static SmtpVerdict
on_rcpt (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request,
         SmtpAddress *address, SmtpParameters *parameters)
{
  smtp_request_hold (request);
  g_file_load_contents_async (users, smtp_request_get_cancellable (request), on_loaded, g_object_ref (request));

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
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  users = g_file_new_for_commandline_arg (argc > 2 ? argv[2] : "users");
  attempts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  g_signal_connect (server, "handle-rcpt", G_CALLBACK (on_rcpt), NULL);
  smtp_server_add_handler (server, sink);
  if (!smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
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
