/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-log.h"

#include <stdio.h>
#include <string.h>

/* How much is logged: the logging function gets it from nowhere else. */
static int debug_level = 0;

/* How it looks. */
typedef enum
{
  FORMAT_TEXT,
  FORMAT_JSON,
  FORMAT_JOURNAL
} Format;

static Format format = FORMAT_TEXT;

/* Standard error */

static gboolean
is_plain (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return g_unichar_isprint (character) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

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

      if (valid && is_plain (character))
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

/* JSON */

/* All that is not plain ASCII is escaped, so that nothing has to be known of who reads it. */
static void
append_json_character (GString *out,
                       gunichar character)
{
  if (character == '"' || character == '\\')
    g_string_append_c (out, '\\');
  if (character >= 0x20 && character < 0x7f)
    g_string_append_c (out, (char) character);
  else if (character < 0x10000)
    g_string_append_printf (out, "\\u%04x", character);
  else
    g_string_append_printf (out, "\\u%04x\\u%04x", 0xd7c0 + (character >> 10), 0xdc00 + (character & 0x3ff));
}

static void
append_json (GString    *out,
             const char *key,
             const char *value,
             gssize      length)
{
  g_autofree char *valid = g_utf8_make_valid (value, length);

  g_string_append_printf (out, "%s\"%s\": \"", out->len > 1 ? ", " : "", key);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    append_json_character (out, g_utf8_get_char (p));
  g_string_append_c (out, '"');
}

static void
write_json (const GLogField *fields,
            gsize            n_fields)
{
  g_autoptr (GString) line = g_string_new ("{");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);

  append_json (line, "TIME", time, -1);
  for (gsize i = 0; i < n_fields; i++)
    {
      /* Where in the program it was is nothing for who reads logs. */
      if (!g_str_has_prefix (fields[i].key, "CODE_"))
        append_json (line, fields[i].key, fields[i].value, fields[i].length);
    }
  g_string_append (line, "}\n");
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

/* All of them */

static void
write_text (GLogLevelFlags   level,
            const GLogField *message)
{
  const char *prefix = "";

  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    prefix = "error: ";
  else if (level & G_LOG_LEVEL_WARNING)
    prefix = "warning: ";
  else if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
    prefix = "debug: ";

  write_line (prefix, message->value, message->length);
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

  if (format == FORMAT_JSON)
    write_json (fields, n_fields);
  else if (format != FORMAT_JOURNAL ||
           g_log_writer_journald (level, fields, n_fields, NULL) != G_LOG_WRITER_HANDLED)
    write_text (level, message);

  return G_LOG_WRITER_HANDLED;
}

gboolean
gsmtpd_log_set_format (const char  *name,
                       GError     **error)
{
  static const char * const names[] = { "text", "json", "journal" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (strcmp (name, names[i]) == 0)
        {
          format = i;
          return TRUE;
        }
    }

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "\"%s\" is no value for --log-format: text, json and journal are", name);

  return FALSE;
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

/* What is logged */

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

void
gsmtpd_log_server (SmtpServer *server)
{
  g_signal_connect (server, "handle-exception", G_CALLBACK (on_exception), NULL);

  smtp_server_set_log_events (server, debug_level > 0);
  smtp_server_set_log_dialogue (server, debug_level > 1);
}
