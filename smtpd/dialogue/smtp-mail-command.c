/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mail-command.h"

#include <string.h>

#include "smtp-address-private.h"
#include "smtp-envelope-private.h"
#include "smtp-extensions.h"
#include "smtp-parameters-private.h"
#include "smtp-plain-hooks.h"
#include "smtp-profile.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-lenient-path.h"
#include "wire/smtp-path-parser.h"

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

/* With or without brackets, SMTP_PROFILE_AIOSMTPD. */
static SmtpStandardReply
parse_lenient_path (const PathSyntax *syntax,
                    const char       *text,
                    gsize             length,
                    gboolean          allow_utf8,
                    SmtpPath         *path)
{
  SmtpPathFlags flags = allow_utf8 ? SMTP_PATH_ALLOW_UTF8 : 0;

  /* The second bracket may be missing. */
  if (length >= 2 && text[0] == '<')
    {
      length -= text[length - 1] == '>' ? 2 : 1;
      text++;
    }

  switch (smtp_lenient_mailbox_parse (text, length, flags, path))
    {
    case SMTP_PATH_OK:
      return NOTHING_WRONG;
    case SMTP_PATH_NOT_ASCII:
      return syntax->not_ascii;
    case SMTP_PATH_SYNTAX:
    case SMTP_PATH_TOO_LONG:
    default:
      return syntax->bad_address;
    }
}

static SmtpParameters *
parse_tail (const char *tail,
            gboolean    lenient)
{
  g_autofree char *spaced = NULL;

  /* Where there need be no space in front of the first one. */
  if (lenient && *tail != '\0' && *tail != ' ')
    tail = spaced = g_strconcat (" ", tail, NULL);

  return smtp_parameters_new_from_text (tail, strlen (tail), TRUE);
}

/* "FROM:<path> parameters" or "TO:<path> parameters", into the request. Spaces behind the
 * colon are against the grammar, and common. */
static SmtpStandardReply
parse_argument (SmtpRequest      *request,
                const PathSyntax *syntax,
                gboolean          utf8_session,
                gboolean          lenient)
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
  if (lenient ? *argument == '\0' : *argument != '<')
    return syntax->syntax;

  tail = *argument == '<' ? skip_path (argument) : argument + strcspn (argument, " ");
  if (lenient && tail[-1] != '>')
    tail = argument + strcspn (argument, " ");
  parameters = parse_tail (tail, lenient);

  /* MAIL brings SMTPUTF8 along, RCPT has it from MAIL. */
  if (syntax == &mail_syntax && utf8_session && !lenient)
    utf8_session = parameters != NULL && smtp_parameters_has (parameters, "SMTPUTF8");

  wrong = parse_path (syntax, argument, tail - argument, utf8_session, &path);
  if (wrong != NOTHING_WRONG && lenient)
    wrong = parse_lenient_path (syntax, argument, tail - argument, utf8_session, &path);
  if (wrong != NOTHING_WRONG)
    return wrong;
  if (parameters == NULL)
    return SMTP_REPLY_PARAMETER_SYNTAX;

  address = smtp_address_new_from_path (&path);
  smtp_request_set_address (request, address);
  smtp_request_set_parameters (request, parameters);

  return NOTHING_WRONG;
}

/* Their parameters, which belong to extensions */

static SmtpStandardReply
check_parameter (SmtpDialogue        *self,
                 gboolean             is_rcpt,
                 const char          *keyword,
                 const char          *value,
                 SmtpMailDeclaration *declaration)
{
  SmtpStandardReply wrong;

  wrong = smtp_extensions_parse_parameter (self, is_rcpt, keyword, value, declaration);
  if (wrong != SMTP_REPLY_PARAMETER_UNKNOWN)
    return wrong;

  switch (smtp_plain_hooks_ask_parameter (self->server, self->session, self->envelope,
                                          is_rcpt ? "RCPT" : "MAIL", keyword, value))
    {
    case SMTP_VERDICT_HANDLED:
      return NOTHING_WRONG;
    case SMTP_VERDICT_CONTINUE:
      return SMTP_REPLY_PARAMETER_UNKNOWN;
    case SMTP_VERDICT_FAILED:
    default:
      return SMTP_REPLY_INTERNAL_ERROR;
    }
}

static SmtpStandardReply
check_parameters (SmtpDialogue        *self,
                  gboolean             is_rcpt,
                  SmtpParameters      *parameters,
                  SmtpMailDeclaration *declaration)
{
  for (guint i = 0; i < smtp_parameters_get_length (parameters); i++)
    {
      SmtpStandardReply wrong;

      /* Extensions are for those who said EHLO. */
      if (!smtp_session_get_extended_smtp (self->session))
        return SMTP_REPLY_PARAMETER_UNKNOWN;

      wrong = check_parameter (self, is_rcpt, smtp_parameters_get_keyword (parameters, i),
                               smtp_parameters_get_value (parameters, i), declaration);
      if (wrong != NOTHING_WRONG)
        return wrong;
    }

  return NOTHING_WRONG;
}

static void
refuse (SmtpDialogue      *self,
        SmtpRequest       *request,
        SmtpStandardReply  wrong)
{
  /* A hook has failed, which is no mistake of the client's. */
  if (wrong == SMTP_REPLY_INTERNAL_ERROR)
    smtp_request_fail (request, NULL);
  else
    smtp_dialogue_refuse_request (self, request, wrong);
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

  for (guint i = 0; i < smtp_parameters_get_length (parameters); i++)
    smtp_extensions_declare (self, smtp_parameters_get_keyword (parameters, i),
                             smtp_parameters_get_value (parameters, i), &declaration);
  smtp_envelope_begin (smtp_dialogue_ensure_envelope (self), smtp_request_get_address (request),
                       parameters, &declaration);
}

static SmtpStandardReply
check_mail (SmtpDialogue *self,
            SmtpRequest  *request)
{
  gboolean utf8 = smtp_dialogue_has_extension (self, SMTP_ESMTP_SMTPUTF8) &&
                  smtp_session_get_extended_smtp (self->session);
  g_auto (SmtpMailDeclaration) declaration = { 0 };
  SmtpStandardReply wrong;

  wrong = parse_argument (request, &mail_syntax, utf8, smtp_dialogue_is_foreign (self));
  if (wrong != NOTHING_WRONG)
    return wrong;

  if (!smtp_session_is_greeted (self->session))
    return SMTP_REPLY_HELO_FIRST;
  if (self->envelope != NULL && smtp_envelope_is_begun (self->envelope))
    return SMTP_REPLY_NESTED_MAIL;

  return check_parameters (self, FALSE, smtp_request_get_parameters (request), &declaration);
}

static gboolean
has_sent_all (SmtpDialogue *self)
{
  guint max_messages = self->config->edge.max_messages;

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
      refuse (self, request, wrong);
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
  SmtpAddress *address = smtp_request_get_address (request);

  if (self->config->esmtp.max_recipient_domains != 0 &&
      !smtp_envelope_has_domain (self->envelope, address))
    self->recipient_domains++;

  smtp_envelope_add_recipient (self->envelope, address, smtp_request_get_parameters (request));
}

static SmtpStandardReply
check_rcpt (SmtpDialogue *self,
            SmtpRequest  *request)
{
  gboolean lenient = smtp_dialogue_is_foreign (self);
  gboolean utf8 = self->envelope != NULL && smtp_envelope_get_smtputf8 (self->envelope);
  SmtpStandardReply wrong;

  /* What is not ASCII has not come so far there. */
  wrong = parse_argument (request, &rcpt_syntax, utf8 || lenient, lenient);
  if (wrong != NOTHING_WRONG)
    return wrong;

  if (self->envelope == NULL || !smtp_envelope_is_begun (self->envelope))
    return SMTP_REPLY_MAIL_FIRST;
  if (self->chunking_failed)
    return SMTP_REPLY_CHUNKS_SPOILT;
  if (self->chunking)
    return SMTP_REPLY_CHUNKS_BEGUN;

  return check_parameters (self, TRUE, smtp_request_get_parameters (request), NULL);
}

static gboolean
has_all_recipients (SmtpDialogue *self,
                    SmtpRequest  *request)
{
  guint max_recipients = self->config->edge.max_recipients;
  guint max_domains = self->config->esmtp.max_recipient_domains;

  if (max_recipients != 0 && smtp_envelope_get_n_recipients (self->envelope) >= max_recipients)
    return TRUE;

  return max_domains != 0 && self->recipient_domains >= max_domains &&
         !smtp_envelope_has_domain (self->envelope, smtp_request_get_address (request));
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
    refuse (self, request, wrong);
  /* No mistake of the client's, who cannot know. */
  else if (has_all_recipients (self, request))
    smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_TOO_MANY_RECIPIENTS));
  else
    smtp_stages_run_hooks (request, SMTP_HOOK_RCPT, &effect);
}
