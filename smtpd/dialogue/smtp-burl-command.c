/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-burl-command.h"

#include <string.h>

#include "smtp-envelope-private.h"
#include "smtp-message.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-value-parser.h"

/* BURL, RFC 4468: a chunk of a message that the program fetches, and gives by
 * smtp_request_send_content(). */

static SmtpReply *
answer_burl (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_URL_UNAVAILABLE));
}

static void
apply_burl (SmtpDialogue *self,
            SmtpRequest  *request)
{
  if (self->body == NULL)
    smtp_message_begin_chunks (self);
}

static SmtpStandardReply
check_burl (SmtpDialogue *self,
            gboolean      is_well_formed)
{
  if (!is_well_formed)
    return SMTP_REPLY_BURL_SYNTAX;
  if (!smtp_session_get_extended_smtp (self->session))
    return SMTP_REPLY_EHLO_FIRST;
  if (self->envelope == NULL || !smtp_envelope_is_begun (self->envelope))
    return SMTP_REPLY_MAIL_FIRST;
  if (self->chunking_failed)
    return SMTP_REPLY_CHUNKS_SPOILT;
  if (smtp_envelope_get_n_recipients (self->envelope) == 0)
    return self->refused_recipients > 0 ? SMTP_REPLY_NO_RECIPIENTS : SMTP_REPLY_RCPT_FIRST;

  return SMTP_N_STANDARD_REPLIES;
}

void
smtp_burl_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_burl, apply_burl };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  SmtpStandardReply wrong;
  gboolean is_well_formed, is_last;
  gsize url_length;

  if (self == NULL)
    return;

  argument = smtp_request_get_argument (request);
  is_well_formed = smtp_value_parse_burl (argument, strlen (argument), &url_length, &is_last);
  wrong = check_burl (self, is_well_formed);
  if (!smtp_hook_is_heard (SMTP_HOOK_BURL, server) || !smtp_dialogue_has_extension (self, SMTP_ESMTP_8BITMIME))
    {
      smtp_dialogue_refuse_request (self, request, SMTP_REPLY_UNKNOWN_COMMAND);
      return;
    }
  if (wrong != SMTP_N_STANDARD_REPLIES)
    {
      /* What comes behind it in the pipeline must not pass for the whole message. */
      self->chunking_failed |= self->envelope != NULL;
      smtp_dialogue_refuse_request (self, request, wrong);
      return;
    }

  self->chunk_is_last = is_last;
  smtp_request_cut_argument (request, url_length);
  smtp_stages_run_hooks (request, SMTP_HOOK_BURL, &effect);
}
