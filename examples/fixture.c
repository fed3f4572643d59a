/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests of a program that sends mail, with GTest: each catches what it sends.
 *
 * usage: fixture        (takes what GTest takes: fixture -p /notify/sent)
 */

#include <string.h>

#include <smtpd/smtpd.h>

#define PATIENCE 30000 /* milliseconds */

/* The program under test: says yes if the server has taken the message. */
static gboolean
notify (guint       port,
        const char *recipient)
{
  g_autofree char *rcpt = g_strdup_printf ("RCPT TO:<%s>", recipient);
  const char *lines[] = { "EHLO me.example", "MAIL FROM:<me@example.org>", rcpt, "DATA", "Subject: News\r\n\r\nHello\r\n." };
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, "localhost", port, NULL, NULL);
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));

  for (guint i = 0; i <= G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = NULL;

      do
        {
          g_free (line);
          line = g_data_input_stream_read_line (input, NULL, NULL, NULL);
        }
      while (line != NULL && strlen (line) > 3 && line[3] == '-');
      if (line == NULL || *line > '3')
        return FALSE;
      if (i < G_N_ELEMENTS (lines) && !g_output_stream_printf (output, NULL, NULL, NULL, "%s\r\n", lines[i]))
        return FALSE;
    }

  return TRUE;
}

static void
set_up (SmtpCatcher   **catcher,
        gconstpointer   data)
{
  g_autoptr (GError) error = NULL;

  *catcher = smtp_catcher_new ();
  smtp_catcher_start (*catcher, &error);
  g_assert_no_error (error);
}

static void
tear_down (SmtpCatcher   **catcher,
           gconstpointer   data)
{
  smtp_catcher_stop (*catcher);
  g_object_unref (*catcher);
}

static void
test_sent (SmtpCatcher   **catcher,
           gconstpointer   data)
{
  g_autoptr (SmtpEnvelope) envelope = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) recipients = NULL;

  g_assert_true (notify (smtp_catcher_get_port (*catcher), "joe@example.org"));
  envelope = smtp_catcher_next (*catcher, PATIENCE, &error);
  g_assert_no_error (error);
  recipients = smtp_envelope_dup_rcpt_tos (envelope);
  g_assert_cmpstr (recipients[0], ==, "joe@example.org");
  g_assert_true (strncmp (g_bytes_get_data (smtp_envelope_get_content (envelope), NULL), "Subject: News", 13) == 0);
}

static void
test_busy (SmtpCatcher   **catcher,
           gconstpointer   data)
{
  smtp_chaos_handler_add_rule (smtp_catcher_get_chaos (*catcher), "rcpt=450 4.2.1 Mailbox busy", NULL);
  g_assert_false (notify (smtp_catcher_get_port (*catcher), "joe@example.org"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/notify/sent", SmtpCatcher *, NULL, set_up, test_sent, tear_down);
  g_test_add ("/notify/busy", SmtpCatcher *, NULL, set_up, test_busy, tear_down);

  return g_test_run ();
}
