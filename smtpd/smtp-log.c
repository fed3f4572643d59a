/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-log.h"

#include <stdarg.h>
#include <string.h>

/* The level of syslog that GLib has for G_LOG_LEVEL_INFO. */
#define PRIORITY "6"

/* What a terminal or a reader of logs takes for more than a sign to be shown. */
static gboolean
is_plain (gunichar character)
{
  switch (g_unichar_type (character))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
append_character (GString    *out,
                  const char *text,
                  gsize       size,
                  gboolean    plain)
{
  if (plain && *text != '\\')
    g_string_append_len (out, text, size);
  else if (*text == '\\')
    g_string_append (out, "\\\\");
  else if (*text == '\n')
    g_string_append (out, "\\n");
  else
    for (gsize i = 0; i < size; i++)
      g_string_append_printf (out, "\\x%02X", (guchar) text[i]);
}

char *
smtp_log_escape (const char *text)
{
  gsize length = strlen (text), at = 0;
  gsize end = MIN (length, SMTP_LOG_MAX_TEXT);
  GString *out = g_string_sized_new (end);

  while (at < end)
    {
      gunichar character = g_utf8_get_char_validated (text + at, length - at);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
      gsize size = valid ? (gsize) g_unichar_to_utf8 (character, NULL) : 1;

      append_character (out, text + at, size, valid && is_plain (character));
      at += size;
    }
  if (at < length)
    g_string_append (out, "…");

  return g_string_free (out, FALSE);
}

char *
smtp_log_describe (GSocketAddress *address)
{
  if (!G_IS_SOCKET_CONNECTABLE (address))
    return g_strdup ("an unknown address");

  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

static void
add_constant (SmtpLogRecord *self,
              const char    *key,
              const char    *text)
{
  g_assert (self->n_fields < SMTP_LOG_MAX_FIELDS);

  self->fields[self->n_fields++] = (GLogField) { key, text, -1 };
}

/* Takes @text. */
static void
add_own (SmtpLogRecord *self,
         const char    *key,
         char          *text)
{
  add_constant (self, key, text);
  self->texts[self->n_texts++] = text;
}

void
smtp_log_begin (SmtpLogRecord *self,
                const char    *event,
                SmtpSession   *session)
{
  self->n_fields = self->n_texts = 0;
  self->session = session != NULL ? smtp_session_get_id (session) : 0;

  add_constant (self, "PRIORITY", PRIORITY);
  add_constant (self, "GLIB_DOMAIN", G_LOG_DOMAIN);
  add_constant (self, "SMTP_EVENT", event);
  if (session == NULL)
    return;

  smtp_log_add_number (self, "SMTP_SESSION", self->session);
  if (smtp_session_get_peer (session) != NULL)
    smtp_log_add_address (self, "SMTP_PEER", smtp_session_get_peer (session));
  smtp_log_add (self, "SMTP_PROTOCOL", smtp_session_get_protocol (session));
  smtp_log_add (self, "SMTP_HELO", smtp_session_get_host_name (session));
}

void
smtp_log_add (SmtpLogRecord *self,
              const char    *key,
              const char    *text)
{
  if (text != NULL)
    add_own (self, key, smtp_log_escape (text));
}

void
smtp_log_add_number (SmtpLogRecord *self,
                     const char    *key,
                     guint64        number)
{
  add_own (self, key, g_strdup_printf ("%" G_GUINT64_FORMAT, number));
}

void
smtp_log_add_address (SmtpLogRecord  *self,
                      const char     *key,
                      GSocketAddress *address)
{
  g_autofree char *text = smtp_log_describe (address);

  smtp_log_add (self, key, text);
}

void
smtp_log_add_reply (SmtpLogRecord *self,
                    SmtpReply     *reply)
{
  g_autofree char *text = smtp_reply_to_string (reply);

  smtp_log_add_number (self, "SMTP_REPLY_CODE", smtp_reply_get_code (reply));
  smtp_log_add (self, "SMTP_REPLY_STATUS", smtp_reply_get_status (reply));
  smtp_log_add (self, "SMTP_REPLY", text);
}

void
smtp_log_send (SmtpLogRecord *self,
               const char    *format,
               ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  if (self->session != 0)
    line = g_strdup_printf ("session %" G_GUINT64_FORMAT ": %s", self->session, text);
  else
    line = g_steal_pointer (&text);
  smtp_log_add (self, "MESSAGE", line);

  g_log_structured_array (G_LOG_LEVEL_INFO, self->fields, self->n_fields);

  for (gsize i = 0; i < self->n_texts; i++)
    g_free (self->texts[i]);
  self->n_fields = self->n_texts = 0;
}
