/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-trace.h"

#include <string.h>

/* Whatever the client calls itself stays one word of the header field, in which it cannot
 * begin a comment, or a field of its own. */
static void
append_word (GString    *text,
             const char *word,
             gboolean    utf8)
{
  if (*word == '\0')
    g_string_append_c (text, '?');

  for (const char *c = word; *c != '\0'; c++)
    {
      gboolean plain = g_ascii_isalnum (*c) || strchr ("!#$%&'*+-/=^_`{|}~.[]:", *c) != NULL;

      g_string_append_c (text, plain || (utf8 && (*c & 0x80) != 0) ? *c : '?');
    }
}

/* An address literal in a comment, RFC 5321 section 4.1.3. */
static void
append_peer (GString        *text,
             const char     *name,
             GSocketAddress *peer)
{
  g_autofree char *literal = NULL;
  GInetAddress *address;

  if (!G_IS_INET_SOCKET_ADDRESS (peer))
    {
      g_string_append (text, " (local)");
      return;
    }

  address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer));
  literal = g_inet_address_to_string (address);
  /* The zone says something to this machine only. */
  literal[strcspn (literal, "%")] = '\0';
  g_string_append (text, " (");
  if (name != NULL)
    {
      append_word (text, name, FALSE);
      g_string_append_c (text, ' ');
    }
  g_string_append_printf (text, "[%s%s])",
                          g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? "IPv6:" : "",
                          literal);
}

/* RFC 6531 section 4.3: UTF8SMTP stands where ESMTP would, UTF8LMTP for LMTP. */
static void
append_protocol (GString    *text,
                 const char *protocol,
                 gboolean    utf8)
{
  if (utf8)
    g_string_append_printf (text, "UTF8%s", *protocol == 'E' ? protocol + 1 : protocol);
  else
    g_string_append (text, protocol);
}

static void
append_tls (GString     *text,
            SmtpTlsInfo *info)
{
  if (info != NULL)
    g_string_append_printf (text, "\r\n\t(%s, %s)", smtp_tls_info_get_version (info),
                            smtp_tls_info_get_cipher_suite (info));
}

/* RFC 5322 section 3.3. In English, whatever the locale. */
static void
append_date (GString *text)
{
  static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  gint64 offset = g_date_time_get_utc_offset (now) / (60 * G_USEC_PER_SEC);

  g_string_append_printf (text, "%s, %d %s %d %02d:%02d:%02d %c%02d%02d",
                          days[g_date_time_get_day_of_week (now) - 1],
                          g_date_time_get_day_of_month (now),
                          months[g_date_time_get_month (now) - 1],
                          g_date_time_get_year (now),
                          g_date_time_get_hour (now),
                          g_date_time_get_minute (now),
                          g_date_time_get_second (now),
                          offset < 0 ? '-' : '+',
                          (int) (ABS (offset) / 60), (int) (ABS (offset) % 60));
}

static void
append_received (GString      *text,
                 SmtpServer   *server,
                 SmtpSession  *session,
                 SmtpEnvelope *envelope)
{
  const char *host_name = smtp_session_get_host_name (session);
  gboolean utf8 = smtp_envelope_get_smtputf8 (envelope);
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);

  g_string_append (text, "Received: from ");
  append_word (text, host_name != NULL ? host_name : "", utf8);
  append_peer (text, smtp_session_get_peer_name (session), smtp_session_get_peer (session));
  g_string_append (text, "\r\n\tby ");
  append_word (text, smtp_server_get_hostname (server), utf8);
  g_string_append (text, " with ");
  append_protocol (text, smtp_session_get_protocol (session), utf8);
  append_tls (text, smtp_session_get_tls_info (session));
  g_string_append_printf (text, " id %" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                          g_get_real_time (), smtp_session_get_id (session));
  /* With several, each would learn of the others: RFC 5321 section 7.6. */
  if (recipients->len == 1)
    {
      SmtpRecipient *recipient = g_ptr_array_index (recipients, 0);

      g_string_append_printf (text, "\r\n\tfor <%s>",
                              smtp_address_get_text (smtp_recipient_get_address (recipient)));
    }
  g_string_append (text, ";\r\n\t");
  append_date (text);
  g_string_append (text, "\r\n");
}

GBytes *
smtp_trace_new (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpTraceFields  fields)
{
  GString *text = g_string_new (NULL);

  if (fields & SMTP_TRACE_RETURN_PATH)
    g_string_append_printf (text, "Return-Path: <%s>\r\n",
                            smtp_address_get_text (smtp_envelope_get_reverse_path (envelope)));
  if (fields & SMTP_TRACE_RECEIVED)
    append_received (text, server, session, envelope);

  return g_string_free_to_bytes (text);
}
