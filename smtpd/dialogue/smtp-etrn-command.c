/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-etrn-command.h"

#include <string.h>

#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-value-parser.h"

/* ETRN, RFC 1985: what the library knows of it is its syntax; queues are the program's. */

static SmtpReply *
answer_etrn (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_NO_ETRN));
}

void
smtp_etrn_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_etrn, NULL };
  SmtpDialogue *self = smtp_request_get_dialogue (request);

  if (self == NULL)
    return;

  argument = smtp_request_get_argument (request);
  if (!smtp_hook_is_heard (SMTP_HOOK_ETRN, server))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_UNKNOWN_COMMAND);
  else if (!smtp_value_is_etrn_node (argument, strlen (argument)))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_ETRN_SYNTAX);
  else if (!smtp_session_get_extended_smtp (session))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_EHLO_FIRST);
  else if (self->envelope != NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_IN_TRANSACTION);
  else
    smtp_stages_run_hooks (request, SMTP_HOOK_ETRN, &effect);
}
