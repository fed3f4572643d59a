/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Passes mail on to an HTTP server: POSTs each message to it as JSON, by libsoup 3, and answers 250 when that has
 * answered 2xx, else 451, so that the client keeps the message and tries again.
 *
 * usage: webhook [ADDRESS [URL]]        (default: localhost:8025 http://localhost:8080/)
 */

#include <libsoup/soup.h>
#include <smtpd/smtpd.h>

static GUri *uri;
static SoupSession *http;

static void
add (GString *json, const char *before, const char *string)
{
  g_autofree char *text = g_utf8_make_valid (string != NULL ? string : "", -1);

  g_string_append_printf (json, "%s\"", before);
  for (const char *p = text; *p != '\0'; p++)
    g_string_append_printf (json, *p == '"' || *p == '\\' || g_ascii_iscntrl (*p) ? "\\u%04x" : "%c", *p);
  g_string_append_c (json, '"');
}

/* The header of a message is much like that of an HTTP message behind its first line. */
static char *
dup_subject (const char *message, gsize size)
{
  g_autofree char *text = g_strdup_printf ("\r\n%.*s", (int) size, message);
  const char *end = strstr (text, "\r\n\r\n");
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);

  soup_headers_parse (text, end != NULL ? end + 2 - text : (int) strlen (text), headers);

  return g_strdup (soup_message_headers_get_one (headers, "Subject"));
}

static GBytes *
make_json (SmtpSession *session, SmtpEnvelope *envelope)
{
  gsize size;
  const guint8 *message = g_bytes_get_data (smtp_envelope_get_content (envelope), &size);
  g_autofree char *subject = dup_subject ((const char *) message, size);
  g_autofree char *peer = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (smtp_session_get_peer (session)));
  g_auto (GStrv) recipients = smtp_envelope_dup_rcpt_tos (envelope);
  g_autofree char *base64 = g_base64_encode (message, size);
  GString *json = g_string_new (NULL);

  add (json, "{\"peer\": ", peer);
  add (json, ", \"sender\": ", smtp_envelope_get_mail_from (envelope));
  for (guint i = 0; recipients[i] != NULL; i++)
    add (json, i == 0 ? ", \"recipients\": [" : ", ", recipients[i]);
  add (json, "], \"subject\": ", subject);
  g_string_append_printf (json, ", \"message\": \"%s\"}", base64);

  return g_string_free_to_bytes (json);
}

static void
on_answered (GObject *session, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (SmtpRequest) request = user_data;
  SoupMessage *message = soup_session_get_async_result_message (http, result);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read_finish (http, result, &error);
  gboolean taken = body != NULL && SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (message));

  if (!taken)
    g_printerr ("%s\n", error != NULL ? error->message : soup_message_get_reason_phrase (message));
  smtp_request_reply (request, taken ? 250 : 451, taken ? "2.0.0 Passed on" : "4.4.1 Nobody takes it now");
}

static SmtpVerdict
on_data (SmtpServer *server, SmtpSession *session, SmtpEnvelope *envelope, SmtpRequest *request)
{
  g_autoptr (SoupMessage) message = soup_message_new_from_uri ("POST", uri);
  g_autoptr (GBytes) json = make_json (session, envelope);

  smtp_request_hold (request);
  soup_message_set_request_body_from_bytes (message, "application/json", json);
  soup_session_send_and_read_async (http, message, G_PRIORITY_DEFAULT, smtp_request_get_cancellable (request),
                                    on_answered, g_object_ref (request));

  return SMTP_VERDICT_HANDLED;
}

int
main (int argc, char **argv)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  http = soup_session_new_with_options ("timeout", 60, NULL);
  uri = g_uri_parse (argc > 2 ? argv[2] : "http://localhost:8080/", SOUP_HTTP_URI_FLAGS, &error);
  g_signal_connect (server, "handle-data", G_CALLBACK (on_data), NULL);
  if (uri == NULL ||
      !smtp_server_listen (server, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
    g_error ("%s", error->message);
  addresses = smtp_server_dup_listen_addresses (server);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  g_main_loop_run (g_main_loop_new (NULL, FALSE));

  return 0;
}
