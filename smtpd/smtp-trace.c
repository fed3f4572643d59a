/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-trace.h"

#include <string.h>

#include "smtp-trace-private.h"
#include "wire/smtp-date.h"
#include "wire/smtp-text.h"

/* No line of a message may be longer than 998 octets, RFC 5322 section 2.1.1; a word shares its
 * line with others. */
#define WORD_MAX 255
#define PATH_MAX_LENGTH 980

/* Whatever the client calls itself stays one word of the header field, in which it cannot
 * begin a comment, or a field of its own. */
static void
append_word (GString    *text,
             const char *word,
             gboolean    utf8)
{
  gsize length = strlen (word);
  gsize step;

  if (length == 0)
    g_string_append_c (text, '?');

  for (gsize i = 0; i < length; i += step)
    {
      gsize wide = utf8 ? smtp_text_non_ascii (word + i, length - i) : 0;
      gboolean plain = g_ascii_isalnum (word[i]) || strchr ("!#$%&'*+-/=^_`{|}~.[]:", word[i]) != NULL;

      step = MAX (wide, 1);
      if (i + step > WORD_MAX)
        break;
      if (plain || wide > 0)
        g_string_append_len (text, word + i, step);
      else
        g_string_append_c (text, '?');
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

static void
append_id (GString     *text,
           const char  *id,
           SmtpSession *session)
{
  g_string_append (text, " id ");
  if (id != NULL)
    append_word (text, id, FALSE);
  else
    g_string_append_printf (text, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                            g_get_real_time (), smtp_session_get_id (session));
}

/* With several recipients each would learn of the others, those that are hidden among them: RFC
 * 5321 section 7.2. */
static const SmtpAddress *
get_only_recipient (SmtpEnvelope *envelope)
{
  g_autoptr (GPtrArray) recipients = NULL;

  if (envelope == NULL || smtp_envelope_get_n_recipients (envelope) != 1)
    return NULL;

  recipients = smtp_envelope_get_recipients (envelope);

  return smtp_recipient_get_address (g_ptr_array_index (recipients, 0));
}

/* An address that would break a line, or the header of a message that is in ASCII, is left out. */
static void
append_for (GString           *text,
            const SmtpAddress *recipient,
            gboolean           utf8)
{
  if (recipient == NULL || smtp_address_is_null (recipient) ||
      (smtp_address_is_utf8 (recipient) && !utf8) ||
      strlen (smtp_address_get_text (recipient)) > PATH_MAX_LENGTH)
    return;

  g_string_append_printf (text, "\r\n\tfor <%s>", smtp_address_get_text (recipient));
}

/* RFC 6710 section 7, if the client has said how urgent the message is. */
static void
append_priority (GString      *text,
                 SmtpEnvelope *envelope)
{
  SmtpParameters *parameters = envelope != NULL ? smtp_envelope_get_mail_parameters (envelope) : NULL;

  if (parameters != NULL && smtp_parameters_has (parameters, "MT-PRIORITY"))
    g_string_append_printf (text, "\r\n\tPRIORITY %d", smtp_envelope_get_priority (envelope));
}

static void
append_received (GString           *text,
                 SmtpSession       *session,
                 SmtpEnvelope      *envelope,
                 const SmtpAddress *recipient,
                 const char        *by,
                 const char        *id,
                 GDateTime         *date)
{
  const char *host_name = smtp_session_get_host_name (session);
  gboolean utf8 = envelope != NULL && smtp_envelope_get_smtputf8 (envelope);

  g_string_append (text, "Received: from ");
  append_word (text, host_name != NULL ? host_name : "", utf8);
  append_peer (text, smtp_session_get_peer_name (session), smtp_session_get_peer (session));
  g_string_append (text, "\r\n\tby ");
  append_word (text, by, utf8);
  g_string_append (text, " with ");
  append_protocol (text, smtp_session_get_protocol (session), utf8);
  append_tls (text, smtp_session_get_tls_info (session));
  append_id (text, id, session);
  append_for (text, recipient != NULL ? recipient : get_only_recipient (envelope), utf8);
  append_priority (text, envelope);
  g_string_append (text, ";\r\n\t");
  smtp_date_append (text, date);
  g_string_append (text, "\r\n");
}

static void
append_return_path (GString           *text,
                    const SmtpAddress *reverse_path)
{
  g_string_append_printf (text, "Return-Path: <%s>\r\n", smtp_address_get_text (reverse_path));
}

/**
 * smtp_trace_received:
 * @session: the connection that the message came on
 * @envelope: (nullable): its envelope
 * @recipient: (nullable): whom it is for, named in the field; %NULL for the recipient of
 *   @envelope if it has only one, else nobody
 * @by: the name of this host
 * @id: (nullable): what the program calls the message, as a queue does, in characters of a word;
 *   %NULL to have one made
 * @date: (nullable): when the message came; %NULL for now
 *
 * Makes the header field `Received`, which whoever takes a message puts in front of it (RFC
 * 5321 section 4.4): who gave it to whom, by which protocol (RFC 3848), how urgent it is, if the client has said so (RFC 6710), and when.
 *
 * The field is folded, each of its lines ends in CRLF, and none is longer than 998 octets,
 * whatever the texts are that it is made of: what has no place in a word becomes a question mark.
 * There are characters outside ASCII in it only if @envelope says SMTPUTF8 (RFC 6531).
 *
 * The handlers that keep and relay messages put this field there by themselves.
 *
 * Returns: (transfer full): the field, with its CRLF
 */
char *
smtp_trace_received (SmtpSession       *session,
                     SmtpEnvelope      *envelope,
                     const SmtpAddress *recipient,
                     const char        *by,
                     const char        *id,
                     GDateTime         *date)
{
  GString *text;

  g_return_val_if_fail (SMTP_IS_SESSION (session), NULL);
  g_return_val_if_fail (envelope == NULL || SMTP_IS_ENVELOPE (envelope), NULL);
  g_return_val_if_fail (by != NULL, NULL);

  text = g_string_new (NULL);
  append_received (text, session, envelope, recipient, by, id, date);

  return g_string_free (text, FALSE);
}

/**
 * smtp_trace_return_path:
 * @reverse_path: whom the message came from, as the envelope has it
 *
 * Makes the header field `Return-Path`, which is put in front of a message, and of its `Received`
 * fields, where it is delivered for good (RFC 5321 section 4.4). It is no field for a message
 * that goes on.
 *
 * Returns: (transfer full): the field, with its CRLF
 */
char *
smtp_trace_return_path (const SmtpAddress *reverse_path)
{
  GString *text;

  g_return_val_if_fail (reverse_path != NULL, NULL);

  text = g_string_new (NULL);
  append_return_path (text, reverse_path);

  return g_string_free (text, FALSE);
}

GBytes *
smtp_trace_new (SmtpServer      *server,
                SmtpSession     *session,
                SmtpEnvelope    *envelope,
                SmtpTraceFields  fields)
{
  GString *text = g_string_new (NULL);

  if (fields & SMTP_TRACE_RETURN_PATH)
    append_return_path (text, smtp_envelope_get_reverse_path (envelope));
  if (fields & SMTP_TRACE_RECEIVED)
    append_received (text, session, envelope, NULL, smtp_server_get_hostname (server), NULL, NULL);

  return g_string_free_to_bytes (text);
}
