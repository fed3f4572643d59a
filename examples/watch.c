/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A window of the terminal that shows mail as it arrives. The server and the keyboard are served by one main loop.
 *
 * usage: watch [ADDRESS]        (default: localhost:8025)
 *
 * Type the number of a message to see it, p to pause (senders are told to come again) and to go on, q to end.
 */

#include <gio/gunixinputstream.h>
#include <smtpd/smtpd.h>

static GPtrArray *messages;  /* as they may be shown */
static gboolean paused;

/* Nobody who sends mail is to move the cursor here, or worse. */
static char *
make_printable (const char *octets, gsize size)
{
  g_autofree char *text = g_utf8_make_valid (octets, size);
  GString *printable = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || c == '\t' || g_unichar_isprint (c))
        g_string_append_unichar (printable, c);
      else if (c != '\r')
        g_string_append_c (printable, '?');
    }

  return g_string_free (printable, FALSE);
}

static SmtpVerdict
on_mail (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request,
         SmtpAddress *address, SmtpParameters *parameters)
{
  if (paused)
    smtp_request_reply (request, 450, "4.3.2 Come again later");

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_data (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request)
{
  gsize size;
  const char *content = g_bytes_get_data (smtp_envelope_get_content (envelope), &size);
  g_auto (GStrv) recipients = smtp_envelope_dup_rcpt_tos (envelope);
  g_autofree char *to = g_strjoinv (" ", recipients);
  g_autofree char *line = g_strdup_printf ("%-25s %-25s", smtp_envelope_get_mail_from (envelope), to);
  g_autofree char *printable = make_printable (line, strlen (line));

  g_ptr_array_add (messages, make_printable (content, size));
  g_print ("%3u %8" G_GSIZE_FORMAT " %s\n", messages->len, size, printable);
  smtp_request_reply (request, 250, "2.0.0 Seen");

  return SMTP_VERDICT_HANDLED;
}

static void
on_typed (GObject *object, GAsyncResult *result, gpointer loop)
{
  GDataInputStream *keyboard = G_DATA_INPUT_STREAM (object);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (keyboard, result, NULL, &error);
  guint64 number = line != NULL ? g_ascii_strtoull (line, NULL, 10) : 0;

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  if (line == NULL || g_str_equal (line, "q"))
    {
      g_main_loop_quit (loop);
      return;
    }
  if (g_str_equal (line, "p"))
    g_print ("%s\n", (paused = !paused) ? "paused" : "going on");
  else if (number >= 1 && number <= messages->len)
    g_print ("%s\n", (char *) g_ptr_array_index (messages, number - 1));
  else
    g_print ("a number of a message, p, or q\n");
  g_data_input_stream_read_line_async (keyboard, G_PRIORITY_DEFAULT, NULL, on_typed, loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GDataInputStream) keyboard = g_data_input_stream_new (input);
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  messages = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (server, "handle-mail", G_CALLBACK (on_mail), NULL);
  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
  if (!smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
    g_error ("%s", error->message);
  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_data_input_stream_read_line_async (keyboard, G_PRIORITY_DEFAULT, NULL, on_typed, loop);
  g_main_loop_run (loop);

  return 0;
}
