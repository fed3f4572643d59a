/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-log.h"

#include <stdio.h>
#include <string.h>

/* How much is logged: the logging function gets it from nowhere else. */
static int debug_level = 0;

/* How much of a name that a client claims to have. */
#define MAX_USER 255

/* Standard error */

/* One line, whatever is in @text: a peer must not be able to forge one, or to make a
 * terminal do things. Octets that are no printable UTF-8 become \xHH. */
static void
append_line (GString    *out,
             const char *text,
             gsize       length)
{
  while (length > 0)
    {
      gunichar character = g_utf8_get_char_validated (text, length);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
      gsize size = 1;

      if (valid && (guchar) text[0] >= 0x80)
        size = g_utf8_skip[(guchar) text[0]];

      if (valid && g_unichar_isprint (character))
        g_string_append_len (out, text, size);
      else if (text[0] == '\n')
        g_string_append (out, "\\n");
      else
        for (gsize i = 0; i < size; i++)
          g_string_append_printf (out, "\\x%02X", (guchar) text[i]);

      text += size;
      length -= size;
    }

  g_string_append_c (out, '\n');
}

static void
write_line (const char *prefix,
            const char *text,
            gssize      length)
{
  g_autoptr (GString) line = g_string_new (prefix);

  append_line (line, text, length < 0 ? strlen (text) : (gsize) length);
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

/* Ours, and the library's: with G_LOG_LEVEL_DEBUG GLib has much to say as well. */
static gboolean
is_wanted (GLogLevelFlags  level,
           const char     *domain)
{
  if ((level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) == 0)
    return TRUE;

  return debug_level > 0 &&
         (g_strcmp0 (domain, G_LOG_DOMAIN) == 0 || g_strcmp0 (domain, "Smtpd") == 0);
}

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  const GLogField *message = NULL;
  const char *domain = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        message = &fields[i];
      else if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
        domain = fields[i].value;
    }

  if (message == NULL || !is_wanted (level, domain))
    return G_LOG_WRITER_HANDLED;

  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    write_line ("error: ", message->value, message->length);
  else if (level & G_LOG_LEVEL_WARNING)
    write_line ("warning: ", message->value, message->length);
  else if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
    write_line ("debug: ", message->value, message->length);
  else
    write_line ("", message->value, message->length);

  return G_LOG_WRITER_HANDLED;
}

void
gsmtpd_log_error (const GError *error)
{
  write_line ("gsmtpd: ", error->message, -1);

  if (error->domain == G_OPTION_ERROR ||
      g_error_matches (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS))
    write_line ("", "Try \"gsmtpd --help\" for more information.", -1);
}

void
gsmtpd_log_init (void)
{
  g_log_set_writer_func (write_log, NULL, NULL);
}

void
gsmtpd_log_more (void)
{
  debug_level++;
}

/* What is logged with -d */

/* Only messages, and what was refused: the rest can be seen with -d -d. */
static void
log_reply (SmtpRequest *request,
           SmtpReply   *reply,
           gpointer     data)
{
  SmtpSession *session = smtp_request_get_session (request);
  SmtpEnvelope *envelope = smtp_request_get_envelope (request);
  const char *what = data;
  g_autofree char *text = smtp_reply_to_string (reply);
  const char *mail_from = envelope != NULL ? smtp_envelope_get_mail_from (envelope) : NULL;
  GBytes *content = envelope != NULL ? smtp_envelope_get_content (envelope) : NULL;

  if (content != NULL)
    g_debug ("session %" G_GUINT64_FORMAT ": message from <%s>, %u recipients, %" G_GSIZE_FORMAT " octets: %s",
             smtp_session_get_id (session), mail_from != NULL ? mail_from : "",
             smtp_envelope_get_n_recipients (envelope), g_bytes_get_size (content), text);
  else if (smtp_reply_get_code (reply) >= 400)
    g_debug ("session %" G_GUINT64_FORMAT ": %s %s: %s", smtp_session_get_id (session), what,
             smtp_request_get_argument (request), text);
}

static SmtpVerdict
on_command (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            gpointer      data)
{
  g_signal_connect (request, "replied", G_CALLBACK (log_reply), data);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_path_command (SmtpServer     *server,
                 SmtpSession    *session,
                 SmtpEnvelope   *envelope,
                 SmtpRequest    *request,
                 SmtpAddress    *address,
                 SmtpParameters *parameters,
                 gpointer        data)
{
  return on_command (server, session, envelope, request, data);
}

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request)
{
  GSocketAddress *peer = smtp_session_get_peer (session);
  g_autofree char *name = NULL;

  if (G_IS_SOCKET_CONNECTABLE (peer))
    name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (peer));

  g_debug ("session %" G_GUINT64_FORMAT ": connected from %s", smtp_session_get_id (session),
           name != NULL ? name : "an unknown address");

  return SMTP_VERDICT_CONTINUE;
}

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session)
{
  g_debug ("session %" G_GUINT64_FORMAT ": ended", smtp_session_get_id (session));
}

static SmtpVerdict
on_exception (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const GError *error)
{
  g_warning ("session %" G_GUINT64_FORMAT ": %s: %s", smtp_session_get_id (session),
             smtp_request_get_verb (request), error->message);

  return SMTP_VERDICT_CONTINUE;
}

/* The name stands at the end, so that it cannot look like what stands behind it. */
static void
log_auth (SmtpRequest *request,
          SmtpReply   *reply,
          gpointer     data)
{
  SmtpCredentials *credentials = data;
  const char *name = smtp_credentials_get_authentication_id (credentials);
  g_autofree char *text = smtp_reply_to_string (reply);

  g_debug ("session %" G_GUINT64_FORMAT ": AUTH %s: %s; user: %.*s",
           smtp_session_get_id (smtp_request_get_session (request)),
           smtp_credentials_get_mechanism (credentials), text, MAX_USER, name != NULL ? name : "");
}

/* What the client shows is checked behind this, with its own request. */
static SmtpVerdict
on_credentials (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpRequest     *request,
                SmtpCredentials *credentials)
{
  g_signal_connect_data (request, "replied", G_CALLBACK (log_auth), g_object_ref (credentials),
                         (GClosureNotify) (GCallback) g_object_unref, 0);

  return SMTP_VERDICT_CONTINUE;
}

void
gsmtpd_log_auth (SmtpServer *server)
{
  if (debug_level > 0)
    g_signal_connect (server, "handle-credentials", G_CALLBACK (on_credentials), NULL);
}

void
gsmtpd_log_server (SmtpServer *server)
{
  g_signal_connect (server, "handle-exception", G_CALLBACK (on_exception), NULL);
  if (debug_level == 0)
    return;

  g_signal_connect (server, "handle-connect", G_CALLBACK (on_connect), NULL);
  g_signal_connect (server, "handle-disconnect", G_CALLBACK (on_disconnect), NULL);
  g_signal_connect (server, "handle-mail", G_CALLBACK (on_path_command), (gpointer) "MAIL");
  g_signal_connect (server, "handle-rcpt", G_CALLBACK (on_path_command), (gpointer) "RCPT");
  g_signal_connect (server, "handle-data-begin", G_CALLBACK (on_command), (gpointer) "DATA");
  g_signal_connect (server, "handle-data", G_CALLBACK (on_command), (gpointer) "message");

  smtp_server_set_log_dialogue (server, debug_level > 1);
}
