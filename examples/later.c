/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that answers RCPT later, while it serves all others.
 *
 * usage: later [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <smtpd/smtpd.h>

#define DELAY 1 /* seconds */

static gboolean
decide (gpointer user_data)
{
  SmtpRequest *request = user_data;
  g_autofree char *user = smtp_address_dup_local_part (smtp_request_get_address (request));

  if (g_str_equal (user, "nobody"))
    smtp_request_reply (request, 550, "5.1.1 No such user");
  else
    smtp_request_proceed (request);

  return G_SOURCE_REMOVE;
}

static SmtpVerdict
on_rcpt (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters)
{
  smtp_request_hold (request);
  g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, DELAY, decide, g_object_ref (request), g_object_unref);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_autofree char *text = g_strdup_printf ("2.0.0 For %u", smtp_envelope_get_n_recipients (envelope));

  smtp_request_reply (request, 250, text);

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
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  g_signal_connect (server, "handle-rcpt", G_CALLBACK (on_rcpt), NULL);
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
