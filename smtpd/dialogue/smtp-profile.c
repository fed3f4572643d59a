/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-profile.h"

#include <string.h>

#include "smtp-auth-command.h"
#include "smtp-command-table.h"
#include "smtp-commands.h"
#include "smtp-envelope-private.h"
#include "smtp-session-private.h"
#include "wire/smtp-lenient-path.h"

/* SMTP_PROFILE_AIOSMTPD: what clients and tests have seen of aiosmtpd, they see again. */

typedef struct
{
  guint code;
  const char *text;
} Phrase;

static const Phrase phrases[SMTP_N_STANDARD_REPLIES] =
{
  [SMTP_REPLY_OK]                  = { 250, "OK" },
  [SMTP_REPLY_NOOP]                = { 250, "OK" },
  [SMTP_REPLY_BYE]                 = { 221, "Bye" },
  [SMTP_REPLY_START_TLS]           = { 220, "Ready to start TLS" },
  [SMTP_REPLY_SENDER_OK]           = { 250, "OK" },
  [SMTP_REPLY_RECIPIENT_OK]        = { 250, "OK" },
  [SMTP_REPLY_START_DATA]          = { 354, "End data with <CR><LF>.<CR><LF>" },
  [SMTP_REPLY_MESSAGE_OK]          = { 250, "OK" },
  [SMTP_REPLY_CANNOT_VRFY]         = { 252, "Cannot VRFY user, but will accept message and attempt delivery" },
  [SMTP_REPLY_TOO_MANY_UNKNOWN]    = { 502, "5.5.1 Too many unrecognized commands, goodbye." },
  [SMTP_REPLY_NOT_A_COMMAND]       = { 500, "Error: bad syntax" },
  [SMTP_REPLY_LINE_TOO_LONG]       = { 500, "Command line too long" },
  [SMTP_REPLY_ARGUMENT_NOT_ASCII]  = { 500, "Error: strict ASCII mode" },
  [SMTP_REPLY_SENDER_NOT_ASCII]    = { 500, "Error: strict ASCII mode" },
  [SMTP_REPLY_RECIPIENT_NOT_ASCII] = { 500, "Error: strict ASCII mode" },
  [SMTP_REPLY_HELO_SYNTAX]         = { 501, "Syntax: HELO hostname" },
  [SMTP_REPLY_EHLO_SYNTAX]         = { 501, "Syntax: EHLO hostname" },
  [SMTP_REPLY_VRFY_SYNTAX]         = { 501, "Syntax: VRFY <address>" },
  [SMTP_REPLY_BAD_SENDER]          = { 553, "5.1.3 Error: malformed address" },
  [SMTP_REPLY_BAD_RECIPIENT]       = { 553, "5.1.3 Error: malformed address" },
  [SMTP_REPLY_NO_EXPN]             = { 502, "EXPN not implemented" },
  [SMTP_REPLY_EXPN_SYNTAX]         = { 502, "EXPN not implemented" },
  [SMTP_REPLY_HELO_FIRST]          = { 503, "Error: send HELO first" },
  [SMTP_REPLY_EHLO_FIRST]          = { 503, "Error: send EHLO first" },
  [SMTP_REPLY_NESTED_MAIL]         = { 503, "Error: nested MAIL command" },
  [SMTP_REPLY_MAIL_FIRST]          = { 503, "Error: need MAIL command" },
  [SMTP_REPLY_RCPT_FIRST]          = { 503, "Error: need RCPT command" },
  [SMTP_REPLY_NO_RECIPIENTS]       = { 503, "Error: need RCPT command" },
  [SMTP_REPLY_TOO_BIG]             = { 552, "Error: Too much mail data" },
  [SMTP_REPLY_NO_TLS]              = { 454, "TLS not available" },
  [SMTP_REPLY_TLS_FIRST]           = { 530, "Must issue a STARTTLS command first" },
  [SMTP_REPLY_TLS_REFUSED]         = { 554, "Command refused due to lack of security" },
  [SMTP_REPLY_AUTH_OK]             = { 235, "2.7.0 Authentication successful" },
  [SMTP_REPLY_AUTH_INVALID]        = { 535, "5.7.8 Authentication credentials invalid" },
  [SMTP_REPLY_AUTH_FIRST]          = { 530, "5.7.0 Authentication required" },
  [SMTP_REPLY_AUTH_ALREADY]        = { 503, "Already authenticated" },
  [SMTP_REPLY_AUTH_NEEDS_TLS]      = { 538, "5.7.11 Encryption required for requested authentication mechanism" },
  [SMTP_REPLY_AUTH_SYNTAX]         = { 501, "Not enough value" },
  [SMTP_REPLY_AUTH_UNKNOWN]        = { 504, "5.5.4 Unrecognized authentication type" },
  [SMTP_REPLY_AUTH_CANCELLED]      = { 501, "5.7.0 Auth aborted" },
  [SMTP_REPLY_AUTH_NOT_BASE64]     = { 501, "5.5.2 Can't decode base64" },
  [SMTP_REPLY_AUTH_MALFORMED]      = { 501, "5.5.2 Can't split auth value" },
  [SMTP_REPLY_TEXT_LINE_TOO_LONG]  = { 500, "Line too long (see RFC5321 4.5.3.1.6)" },
};

/* As HELP and refusals have it; the second part is for those who said EHLO. */
static const struct
{
  const char *verb;
  const char *syntax;
  const char *extended;
} syntaxes[] =
{
  { "AUTH", "AUTH <mechanism>", "" },
  { "DATA", "DATA", "" },
  { "EHLO", "EHLO hostname", "" },
  { "HELO", "HELO hostname", "" },
  { "HELP", "HELP [command]", "" },
  { "MAIL", "MAIL FROM: <address>", " [SP <mail-parameters>]" },
  { "NOOP", "NOOP [ignored]", "" },
  { "QUIT", "QUIT", "" },
  { "RCPT", "RCPT TO: <address>", " [SP <mail-parameters>]" },
  { "RSET", "RSET", "" },
  { "STARTTLS", "STARTTLS", "" },
  { "VRFY", "VRFY <address>", "" },
};

static SmtpReply *
make_reply (guint       code,
            const char *format,
            const char *a,
            const char *b)
{
  g_autoptr (GString) text = g_string_new (format);

  g_string_append (text, a);
  g_string_append (text, b);

  return smtp_reply_new (code, text->str);
}

static gboolean
has_tls (SmtpDialogue *self)
{
  return self->config->tls_context != NULL;
}

/* -1 if there is none of this name. */
static int
find_syntax (SmtpDialogue *self,
             const char   *verb)
{
  for (guint i = 0; i < G_N_ELEMENTS (syntaxes); i++)
    {
      if (g_ascii_strcasecmp (syntaxes[i].verb, verb) == 0)
        return g_str_equal (syntaxes[i].verb, "STARTTLS") && !has_tls (self) ? -1 : (int) i;
    }

  return -1;
}

static SmtpReply *
explain (SmtpDialogue *self,
         guint         code,
         int           i)
{
  gboolean extended = smtp_session_get_extended_smtp (self->session);

  return make_reply (code, "Syntax: ", syntaxes[i].syntax, extended ? syntaxes[i].extended : "");
}

/* What stands behind an address. */
static gboolean
is_of_parameters (SmtpStandardReply reply)
{
  return reply == SMTP_REPLY_PARAMETER_SYNTAX || reply == SMTP_REPLY_PARAMETER_VALUE ||
         reply == SMTP_REPLY_PARAMETER_UNKNOWN || reply == SMTP_REPLY_TOO_BIG;
}

/* aiosmtpd looks at the order of commands before it looks at what they say. */
static const Phrase *
find_disorder (SmtpDialogue      *self,
               SmtpStandardReply  reply)
{
  gboolean is_mail = self->command.offset == smtp_command_mail_offset;
  gboolean is_rcpt = self->command.offset == smtp_command_rcpt_offset;
  gboolean is_data = self->command.offset == smtp_command_data_offset;

  if ((is_mail || is_rcpt || is_data) && !smtp_session_is_greeted (self->session))
    return &phrases[SMTP_REPLY_HELO_FIRST];
  if (reply == SMTP_REPLY_AUTH_FIRST || reply == SMTP_REPLY_TLS_FIRST)
    return NULL;
  if (is_mail && is_of_parameters (reply) && smtp_session_get_extended_smtp (self->session) &&
      self->envelope != NULL && smtp_envelope_is_begun (self->envelope))
    return &phrases[SMTP_REPLY_NESTED_MAIL];
  if (is_rcpt && (self->envelope == NULL || !smtp_envelope_is_begun (self->envelope)))
    return &phrases[SMTP_REPLY_MAIL_FIRST];
  if (is_data && (self->envelope == NULL || smtp_envelope_get_n_recipients (self->envelope) == 0))
    return &phrases[SMTP_REPLY_RCPT_FIRST];

  return NULL;
}

static gboolean
has_value (SmtpParameters *parameters,
           const char     *keyword,
           const char     *first,
           const char     *second)
{
  const char *value = smtp_parameters_lookup (parameters, keyword);

  return value != NULL && (g_ascii_strcasecmp (value, first) == 0 || g_ascii_strcasecmp (value, second) == 0);
}

/* What MAIL and RCPT are refused for. */
static SmtpReply *
phrase_path (SmtpDialogue      *self,
             SmtpRequest       *request,
             SmtpStandardReply  reply)
{
  SmtpParameters *parameters = smtp_request_get_parameters (request);
  const char *verb = smtp_request_get_verb (request);
  gboolean extended = smtp_session_get_extended_smtp (self->session);

  switch ((int) reply)
    {
    case SMTP_REPLY_TOO_BIG:
      return smtp_reply_new (552, "Error: message size exceeds fixed maximum message size");
    case SMTP_REPLY_PARAMETER_VALUE:
      if (smtp_parameters_has (parameters, "BODY") && !has_value (parameters, "BODY", "7BIT", "8BITMIME"))
        return smtp_reply_new (501, "Error: BODY can only be one of 7BIT, 8BITMIME");
      if (smtp_parameters_lookup (parameters, "SMTPUTF8") != NULL)
        return smtp_reply_new (501, "Error: SMTPUTF8 takes no arguments");
      return explain (self, 501, find_syntax (self, verb));
    case SMTP_REPLY_PARAMETER_UNKNOWN:
      if (!extended)
        return explain (self, 501, find_syntax (self, verb));
      if (g_str_equal (verb, "MAIL") && smtp_parameters_has (parameters, "SMTPUTF8"))
        return smtp_reply_new (501, smtp_parameters_lookup (parameters, "SMTPUTF8") != NULL
                                    ? "Error: SMTPUTF8 takes no arguments" : "Error: SMTPUTF8 disabled");
      return make_reply (555, verb, g_str_equal (verb, "MAIL") ? " FROM" : " TO",
                         " parameters not recognized or not implemented");
    case SMTP_REPLY_MAIL_SYNTAX:
    case SMTP_REPLY_RCPT_SYNTAX:
    case SMTP_REPLY_PARAMETER_SYNTAX:
      return explain (self, 501, find_syntax (self, verb));
    default:
      return NULL;
    }
}

static SmtpReply *
phrase_auth (SmtpDialogue      *self,
             SmtpStandardReply  reply)
{
  switch ((int) reply)
    {
    case SMTP_REPLY_EHLO_FIRST:
      if (smtp_session_is_greeted (self->session))
        return smtp_reply_new (500, "Error: command 'AUTH' not recognized");
      return NULL;
    case SMTP_REPLY_AUTH_SYNTAX:
      if (self->auth != NULL && self->auth->has_excess)
        return smtp_reply_new (501, "Too many values");
      return NULL;
    case SMTP_REPLY_NESTED_MAIL:
      /* There AUTH may be in the middle of a transaction; RFC 4954 section 4 forbids it. */
      return smtp_reply_without_status (smtp_reply_standard (reply));
    default:
      return NULL;
    }
}

/* There a stranger who says what nobody knows is told so. */
static SmtpStandardReply
see_through (SmtpDialogue      *self,
             SmtpRequest       *request,
             SmtpStandardReply  reply)
{
  if (reply == SMTP_REPLY_NOT_TRUSTED)
    return SMTP_REPLY_UNKNOWN_COMMAND;
  if (reply != SMTP_REPLY_AUTH_FIRST)
    return reply;
  if (self->command.offset == smtp_command_expn_offset)
    return SMTP_REPLY_NO_EXPN;

  return smtp_command_table_lookup (smtp_server_get_commands (self->server), smtp_request_get_verb (request)) != NULL
         ? reply : SMTP_REPLY_UNKNOWN_COMMAND;
}

static SmtpReply *
phrase_command (SmtpDialogue      *self,
                SmtpRequest       *request,
                SmtpStandardReply  reply)
{
  const char *verb = smtp_request_get_verb (request);
  const Phrase *disorder = NULL;

  if (smtp_reply_get_class (smtp_reply_standard (reply)) == 5)
    disorder = find_disorder (self, reply);
  if (disorder != NULL)
    return smtp_reply_new (disorder->code, disorder->text);

  if (reply == SMTP_REPLY_UNKNOWN_COMMAND && self->command.offset == smtp_command_starttls_offset)
    return *smtp_request_get_argument (request) != '\0' ? smtp_reply_new (501, "Syntax: STARTTLS")
                                                         : smtp_reply_new (454, "TLS not available");
  if (reply == SMTP_REPLY_UNKNOWN_COMMAND)
    return make_reply (500, "Error: command \"", verb, "\" not recognized");
  if (self->command.offset == smtp_command_auth_offset)
    return phrase_auth (self, reply);
  if (reply == SMTP_REPLY_NO_ARGUMENT && find_syntax (self, verb) >= 0)
    return explain (self, 501, find_syntax (self, verb));
  if (self->command.offset == smtp_command_mail_offset || self->command.offset == smtp_command_rcpt_offset)
    return phrase_path (self, request, reply);

  return NULL;
}

SmtpReply *
smtp_profile_phrase (SmtpDialogue *self,
                     SmtpRequest  *request,
                     SmtpReply    *reply)
{
  SmtpStandardReply standard = smtp_reply_find_standard (reply);
  SmtpReply *phrased = NULL;

  if (standard == SMTP_N_STANDARD_REPLIES)
    return smtp_reply_ref (reply);

  if (request != NULL && smtp_dialogue_is_foreign (self))
    {
      standard = see_through (self, request, standard);
      phrased = phrase_command (self, request, standard);
    }
  if (phrased != NULL)
    return phrased;

  if (smtp_dialogue_is_foreign (self) && phrases[standard].text != NULL)
    return smtp_reply_new (phrases[standard].code, phrases[standard].text);

  return smtp_reply_without_status (reply);
}

SmtpReply *
smtp_profile_greet (SmtpDialogue *self)
{
  const SmtpServerConfig *config = self->config;

  return make_reply (220, config->hostname, *config->ident != '\0' ? " " : "", config->ident);
}

SmtpReply *
smtp_profile_help (SmtpDialogue *self,
                   const char   *topic)
{
  g_autoptr (GString) verbs = g_string_new (NULL);

  if (*topic != '\0' && find_syntax (self, topic) >= 0)
    return explain (self, 250, find_syntax (self, topic));

  for (guint i = 0; i < G_N_ELEMENTS (syntaxes); i++)
    {
      if (find_syntax (self, syntaxes[i].verb) >= 0)
        g_string_append_printf (verbs, " %s", syntaxes[i].verb);
    }

  return make_reply (*topic != '\0' ? 501 : 250, "Supported commands:", verbs->str, "");
}

SmtpReply *
smtp_profile_doubt (SmtpDialogue *self,
                    const char   *user)
{
  gsize length = strlen (user);
  gboolean bracketed = length > 1 && user[0] == '<' && user[length - 1] == '>';
  SmtpPath path;

  if (smtp_lenient_mailbox_parse (user + bracketed, length - 2 * bracketed, SMTP_PATH_ALLOW_UTF8, &path) == SMTP_PATH_OK)
    return NULL;

  return make_reply (502, "Could not VRFY ", user, "");
}

gboolean
smtp_profile_bars (SmtpDialogue *self,
                   const char   *argument,
                   gsize         length)
{
  if (smtp_dialogue_has_extension (self, SMTP_ESMTP_SMTPUTF8))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if ((guchar) argument[i] >= 0x80)
        return TRUE;
    }

  return FALSE;
}

/* How often aiosmtpd hears what it does not know. */
#define MAX_UNKNOWN 5
/* Longer ones are not said again. */
#define MAX_WORD 100

gboolean
smtp_profile_has_enough (SmtpDialogue *self)
{
  return ++self->unknown >= MAX_UNKNOWN;
}

gboolean
smtp_profile_keeps_from_strangers (const SmtpCommand *command)
{
  return command->offset == smtp_command_help_offset;
}

/* Up to the first space is a command there, whatever its characters. */
gboolean
smtp_profile_refuse_word (SmtpDialogue *self,
                          const char   *line,
                          gsize         length)
{
  const char *space = length > 0 ? memchr (line, ' ', length) : NULL;
  gsize size = space != NULL ? (gsize) (space - line) : length;
  g_autofree char *word = g_ascii_strup (line, size);
  g_autoptr (SmtpReply) reply = NULL;

  if (length == 0 || size > MAX_WORD || !g_str_is_ascii (word))
    return FALSE;

  reply = smtp_profile_has_enough (self) ? NULL : make_reply (500, "Error: command \"", word, "\" not recognized");
  smtp_dialogue_refuse_with (self, reply != NULL ? SMTP_REPLY_NOT_A_COMMAND : SMTP_REPLY_TOO_MANY_UNKNOWN, reply);

  return TRUE;
}
