/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that looks into messages with GMime: the library itself leaves them alone.
 *
 * usage: parse [ADDRESS]        (default: localhost:8025)
 */

#include <glib-unix.h>
#include <gmime/gmime.h>
#include <smtpd/smtpd.h>

/* GMime does not bring them along. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeStream, g_object_unref)

static void
print_part (GMimeObject *parent,
            GMimeObject *part,
            gpointer     data)
{
  g_autofree char *type = g_mime_content_type_get_mime_type (g_mime_object_get_content_type (part));

  g_print ("  %s\n", type);
}

static GMimeMessage *
parse (GBytes *content)
{
  gsize size;
  const char *data = g_bytes_get_data (content, &size);
  g_autoptr (GMimeStream) stream = g_mime_stream_mem_new_with_buffer (data, size);
  g_autoptr (GMimeParser) parser = g_mime_parser_new_with_stream (stream);

  return g_mime_parser_construct_message (parser, NULL);
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  g_autoptr (GMimeMessage) message = parse (smtp_envelope_get_content (envelope));

  if (message == NULL || g_mime_message_get_subject (message) == NULL)
    {
      smtp_request_reply (request, 550, "5.6.0 A message needs a subject here");
      return SMTP_VERDICT_HANDLED;
    }

  g_print ("subject: %s\n", g_mime_message_get_subject (message));
  g_mime_message_foreach (message, print_part, NULL);
  smtp_request_reply (request, 250, "2.0.0 Read");

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

  g_mime_init ();
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
  g_mime_shutdown ();

  return 0;
}
