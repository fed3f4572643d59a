/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mail-command.h"

#include <string.h>

#include "smtp-address-private.h"
#include "smtp-auth-offer.h"
#include "smtp-envelope-private.h"
#include "smtp-parameters-private.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-parameter-parser.h"
#include "wire/smtp-path-parser.h"
#include "wire/smtp-xtext.h"

/* MAIL and RCPT, RFC 5321 sections 4.1.1.2 and 4.1.1.3. The parsing functions answer what is
 * wrong, and SMTP_N_STANDARD_REPLIES if nothing is. */

#define NOTHING_WRONG SMTP_N_STANDARD_REPLIES

/* How MAIL and RCPT differ as far as their syntax goes. */
typedef struct
{
  const char       *prefix;
  SmtpPathFlags     flags;
  SmtpStandardReply syntax;
  SmtpStandardReply bad_address;
  SmtpStandardReply not_ascii;
} PathSyntax;

static const PathSyntax mail_syntax =
{
  "FROM:", SMTP_PATH_ALLOW_NULL,
  SMTP_REPLY_MAIL_SYNTAX, SMTP_REPLY_BAD_SENDER, SMTP_REPLY_SENDER_NOT_ASCII
};

static const PathSyntax rcpt_syntax =
{
  "TO:", SMTP_PATH_ALLOW_POSTMASTER,
  SMTP_REPLY_RCPT_SYNTAX, SMTP_REPLY_BAD_RECIPIENT, SMTP_REPLY_RECIPIENT_NOT_ASCII
};

/* The parameters stand behind the address and say how it is to be read: they come first. */
static const char *
skip_path (const char *text)
{
  gboolean quoted = FALSE;

  for (; *text != '\0' && (quoted || *text != '>'); text++)
    {
      if (quoted && *text == '\\' && text[1] != '\0')
        text++;
      else if (*text == '"')
        quoted = !quoted;
    }

  return *text == '>' ? text + 1 : text;
}

static SmtpStandardReply
parse_path (const PathSyntax *syntax,
            const char       *text,
            gsize             length,
            gboolean          allow_utf8,
            SmtpPath         *path)
{
  SmtpPathFlags flags = syntax->flags | (allow_utf8 ? SMTP_PATH_ALLOW_UTF8 : 0);
  gsize consumed = 0;

  switch (smtp_path_parse (text, length, flags, path, &consumed))
    {
    case SMTP_PATH_OK:
      return consumed == length ? NOTHING_WRONG : syntax->bad_address;
    case SMTP_PATH_NOT_ASCII:
      return syntax->not_ascii;
    case SMTP_PATH_SYNTAX:
    case SMTP_PATH_TOO_LONG:
    default:
      return syntax->bad_address;
    }
}

/* "FROM:<path> parameters" or "TO:<path> parameters", into the request. Spaces behind the
 * colon are against the grammar, and common. */
static SmtpStandardReply
parse_argument (SmtpRequest      *request,
                const PathSyntax *syntax,
                gboolean          utf8_session)
{
  const char *argument = smtp_request_get_argument (request);
  gsize prefix_length = strlen (syntax->prefix);
  g_autoptr (SmtpAddress) address = NULL;
  g_autoptr (SmtpParameters) parameters = NULL;
  const char *tail;
  SmtpPath path;
  SmtpStandardReply wrong;

  if (g_ascii_strncasecmp (argument, syntax->prefix, prefix_length) != 0)
    return syntax->syntax;

  argument += prefix_length;
  argument += strspn (argument, " ");
  if (*argument != '<')
    return syntax->syntax;

  tail = skip_path (argument);
  parameters = smtp_parameters_new_from_text (tail, strlen (tail), TRUE);

  /* MAIL brings SMTPUTF8 along, RCPT has it from MAIL. */
  if (syntax == &mail_syntax && utf8_session)
    utf8_session = parameters != NULL && smtp_parameters_has (parameters, "SMTPUTF8");

  wrong = parse_path (syntax, argument, tail - argument, utf8_session, &path);
  if (wrong != NOTHING_WRONG)
    return wrong;
  if (parameters == NULL)
    return SMTP_REPLY_PARAMETER_SYNTAX;

  address = smtp_address_new_from_path (&path);
  smtp_request_set_address (request, address);
  smtp_request_set_parameters (request, parameters);

  return NOTHING_WRONG;
}

/* MAIL's parameters: SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531), AUTH (RFC 4954) */

static SmtpStandardReply
declare_size (const SmtpServerConfig *config,
              const char             *value,
              SmtpMailDeclaration    *declaration)
{
  if (value == NULL || !smtp_parameter_parse_size (value, strlen (value), &declaration->size))
    return SMTP_REPLY_PARAMETER_VALUE;

  if (declaration->size > G_MAXINT64 ||
      (config->data_size_limit != 0 && declaration->size > config->data_size_limit))
    return SMTP_REPLY_TOO_BIG;

  return NOTHING_WRONG;
}

static SmtpStandardReply
declare_body (const char          *value,
              SmtpMailDeclaration *declaration)
{
  if (value != NULL && g_ascii_strcasecmp (value, "7BIT") == 0)
    declaration->body_type = SMTP_BODY_TYPE_SEVEN_BIT;
  else if (value != NULL && g_ascii_strcasecmp (value, "8BITMIME") == 0)
    declaration->body_type = SMTP_BODY_TYPE_EIGHT_BIT;
  else if (value != NULL && g_ascii_strcasecmp (value, "BINARYMIME") == 0)
    declaration->body_type = SMTP_BODY_TYPE_BINARY;
  else
    return SMTP_REPLY_PARAMETER_VALUE;

  return NOTHING_WRONG;
}

/* "<>" or a mailbox, in xtext. Who has not said who it is need not say who somebody else is: that is
 * as good as "<>" (RFC 4954 section 5). */
static SmtpStandardReply
declare_auth (SmtpSession         *session,
              const char          *value,
              SmtpMailDeclaration *declaration)
{
  gsize length = value != NULL ? strlen (value) : 0;
  g_autofree char *text = g_malloc (length + 1);
  SmtpAddress *address;

  if (length == 0 || !smtp_xtext_decode (value, length, text))
    return SMTP_REPLY_PARAMETER_VALUE;

  address = smtp_address_new (g_str_equal (text, "<>") ? "" : text, NULL);
  if (address == NULL)
    return SMTP_REPLY_PARAMETER_VALUE;

  if (!smtp_session_get_authenticated (session))
    {
      smtp_address_unref (address);
      address = smtp_address_new ("", NULL);
    }
  declaration->auth_sender = address;

  return NOTHING_WRONG;
}

static SmtpStandardReply
declare (SmtpDialogue        *self,
         const char          *keyword,
         const char          *value,
         SmtpMailDeclaration *declaration)
{
  const SmtpServerConfig *config = smtp_server_get_config (self->server);

  /* Extensions are for those who said EHLO. */
  if (!smtp_session_get_extended_smtp (self->session))
    return SMTP_REPLY_PARAMETER_UNKNOWN;

  if (g_ascii_strcasecmp (keyword, "SIZE") == 0)
    return declare_size (config, value, declaration);
  if (g_ascii_strcasecmp (keyword, "BODY") == 0)
    return declare_body (value, declaration);
  if (g_ascii_strcasecmp (keyword, "AUTH") == 0 && smtp_auth_offer_is_possible (self->server, self->session))
    return declare_auth (self->session, value, declaration);
  if (g_ascii_strcasecmp (keyword, "SMTPUTF8") == 0 && config->smtputf8)
    {
      declaration->smtputf8 = TRUE;
      return value == NULL ? NOTHING_WRONG : SMTP_REPLY_PARAMETER_VALUE;
    }

  return SMTP_REPLY_PARAMETER_UNKNOWN;
}

static SmtpStandardReply
declare_all (SmtpDialogue        *self,
             SmtpParameters      *parameters,
             SmtpMailDeclaration *declaration)
{
  for (guint i = 0; i < smtp_parameters_get_length (parameters); i++)
    {
      SmtpStandardReply wrong = declare (self, smtp_parameters_get_keyword (parameters, i),
                                         smtp_parameters_get_value (parameters, i), declaration);

      if (wrong != NOTHING_WRONG)
        return wrong;
    }

  return NOTHING_WRONG;
}

/* MAIL */

static SmtpReply *
answer_mail (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_SENDER_OK));
}

static void
apply_mail (SmtpDialogue *self,
            SmtpRequest  *request)
{
  SmtpParameters *parameters = smtp_request_get_parameters (request);
  g_auto (SmtpMailDeclaration) declaration = { 0 };

  declare_all (self, parameters, &declaration);
  smtp_envelope_begin (smtp_dialogue_ensure_envelope (self), smtp_request_get_address (request),
                       parameters, &declaration);
}

static SmtpStandardReply
check_mail (SmtpDialogue *self,
            SmtpRequest  *request)
{
  gboolean utf8 = smtp_server_get_config (self->server)->smtputf8 &&
                  smtp_session_get_extended_smtp (self->session);
  g_auto (SmtpMailDeclaration) declaration = { 0 };
  SmtpStandardReply wrong;

  wrong = parse_argument (request, &mail_syntax, utf8);
  if (wrong != NOTHING_WRONG)
    return wrong;

  if (!smtp_session_is_greeted (self->session))
    return SMTP_REPLY_HELO_FIRST;
  if (self->envelope != NULL && smtp_envelope_is_begun (self->envelope))
    return SMTP_REPLY_NESTED_MAIL;

  return declare_all (self, smtp_request_get_parameters (request), &declaration);
}

static gboolean
has_sent_all (SmtpDialogue *self)
{
  guint max_messages = smtp_server_get_config (self->server)->edge.max_messages;

  return max_messages != 0 && self->messages >= max_messages;
}

void
smtp_mail_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_mail, apply_mail };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  SmtpStandardReply wrong;

  if (self == NULL)
    return;

  wrong = check_mail (self, request);
  if (wrong != NOTHING_WRONG)
    {
      smtp_dialogue_refuse_request (self, request, wrong);
      return;
    }
  if (has_sent_all (self))
    {
      smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_TOO_MANY_MESSAGES));
      return;
    }

  smtp_request_set_envelope (request, smtp_dialogue_ensure_envelope (self));
  smtp_stages_run_hooks (request, SMTP_HOOK_MAIL, &effect);
}

/* RCPT */

static SmtpReply *
answer_rcpt (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_RECIPIENT_OK));
}

static void
apply_rcpt (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_envelope_add_recipient (self->envelope, smtp_request_get_address (request),
                               smtp_request_get_parameters (request));
}

static SmtpStandardReply
check_rcpt (SmtpDialogue *self,
            SmtpRequest  *request)
{
  gboolean utf8 = self->envelope != NULL && smtp_envelope_get_smtputf8 (self->envelope);
  SmtpStandardReply wrong;

  wrong = parse_argument (request, &rcpt_syntax, utf8);
  if (wrong != NOTHING_WRONG)
    return wrong;

  if (self->envelope == NULL || !smtp_envelope_is_begun (self->envelope))
    return SMTP_REPLY_MAIL_FIRST;
  if (self->chunking)
    return SMTP_REPLY_CHUNKS_BEGUN;
  /* No extension of ours has a parameter for RCPT. */
  if (smtp_parameters_get_length (smtp_request_get_parameters (request)) > 0)
    return SMTP_REPLY_PARAMETER_UNKNOWN;

  return NOTHING_WRONG;
}

static gboolean
has_all_recipients (SmtpDialogue *self)
{
  guint max_recipients = smtp_server_get_config (self->server)->edge.max_recipients;

  return max_recipients != 0 && smtp_envelope_get_n_recipients (self->envelope) >= max_recipients;
}

void
smtp_rcpt_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_rcpt, apply_rcpt };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  SmtpStandardReply wrong;

  if (self == NULL)
    return;

  wrong = check_rcpt (self, request);
  if (wrong != NOTHING_WRONG)
    smtp_dialogue_refuse_request (self, request, wrong);
  /* No mistake of the client's, who cannot know. */
  else if (has_all_recipients (self))
    smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_TOO_MANY_RECIPIENTS));
  else
    smtp_stages_run_hooks (request, SMTP_HOOK_RCPT, &effect);
}
