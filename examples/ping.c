/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server with a command of its own, PING, and one that it overrides, RSET.
 *
 * usage: ping [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

G_DECLARE_FINAL_TYPE (PingServer, ping_server, PING, SERVER, SmtpServer)

struct _PingServer
{
  SmtpServer parent_instance;
  guint resets;
};

G_DEFINE_FINAL_TYPE (PingServer, ping_server, SMTP_TYPE_SERVER)

static void
ping_server_ping (SmtpServer  *server,
                  SmtpSession *session,
                  SmtpRequest *request,
                  const char  *argument)
{
  smtp_request_reply (request, 259, "OK");
}

static void
ping_server_rset (SmtpServer  *server,
                  SmtpSession *session,
                  SmtpRequest *request,
                  const char  *argument)
{
  g_autofree char *line = g_strdup_printf ("This is RSET number %u", ++PING_SERVER (server)->resets);

  smtp_request_add_line (request, line);
  SMTP_SERVER_CLASS (ping_server_parent_class)->rset (server, session, request, argument);
}

static void
ping_server_class_init (PingServerClass *klass)
{
  SMTP_SERVER_CLASS (klass)->rset = ping_server_rset;
  smtp_server_class_install_command (SMTP_SERVER_CLASS (klass), "PING", ping_server_ping);
}

static void
ping_server_init (PingServer *self)
{
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_autofree char *text = smtp_envelope_dup_text (envelope, NULL);
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\r\n", -1);
  const char *subject = "";

  for (guint i = 0; lines[i] != NULL && *subject == '\0'; i++)
    {
      if (g_ascii_strncasecmp (lines[i], "Subject: ", 9) == 0)
        subject = lines[i] + 9;
    }
  g_print ("from %s: %s\n", smtp_envelope_get_mail_from (envelope), subject);
  smtp_request_reply (request, 250, "Thank you");

  return SMTP_VERDICT_HANDLED;
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
  g_autoptr (SmtpServer) server = g_object_new (ping_server_get_type (), NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
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
