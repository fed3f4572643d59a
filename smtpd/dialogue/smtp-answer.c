/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-answer.h"

#include "smtp-commands.h"
#include "smtp-stages.h"

gboolean
smtp_answer_is_success (SmtpDialogue *self,
                        SmtpReply    *reply)
{
  return smtp_reply_get_class (reply) == (self->command.asks_more ? 3 : 2);
}

/* A 250 to DATA makes a client think that it is done, a 354 makes it send a message, for
 * which only the default method makes ready. */
static gboolean
is_misleading (SmtpDialogue *self,
               SmtpReply    *reply)
{
  if (smtp_reply_get_class (reply) >= 4)
    return FALSE;

  /* The commands below belong to extensions; most are none of these. */
  if (self->command.extension == SMTP_ESMTP_NONE)
    return !smtp_answer_is_success (self, reply) || (self->command.asks_more && self->effect == NULL);

  /* Nobody has made ready for the octets of the chunk: they would be lost. */
  if (self->command.offset == smtp_command_bdat_offset && self->effect == NULL && self->body == NULL)
    return TRUE;

  /* Likewise: there are none. */
  if (self->command.offset == smtp_command_burl_offset &&
      (self->effect == NULL || smtp_request_get_content (self->request) == NULL))
    return TRUE;

  /* AUTH succeeds by 235 alone, and only when the hook of the verdict, or what stands in its place, has
   * said so: not by a mechanism, not by who gives secrets, not by a method that has never chained up. */
  if (self->command.offset == smtp_command_auth_offset)
    return smtp_reply_get_code (reply) != 235 || self->hook != SMTP_HOOK_AUTH;

  /* Likewise for the handshake. */
  if (self->command.offset == smtp_command_starttls_offset && !self->starts_tls)
    return TRUE;

  return !smtp_answer_is_success (self, reply);
}

/* RFC 6531 section 3.7.4.2: what can be shown to those who have asked for it only. */
static gboolean
is_hidden (SmtpDialogue *self,
           SmtpReply    *answer)
{
  const char * const *lines = smtp_reply_get_lines (answer);

  if (!self->ascii_answer || !smtp_answer_is_success (self, answer))
    return FALSE;

  for (; *lines != NULL; lines++)
    {
      if (!g_str_is_ascii (*lines))
        return TRUE;
    }

  return FALSE;
}

SmtpReply *
smtp_answer_fix (SmtpDialogue *self,
                 SmtpReply    *answer)
{
  if (is_misleading (self, answer))
    {
      SmtpReply *failure = smtp_stages_get_failure (self);

      g_warning ("%u is no answer to %s; the client gets %u", smtp_reply_get_code (answer),
                 smtp_request_get_verb (self->request), smtp_reply_get_code (failure));
      return smtp_reply_ref (failure);
    }

  if (is_hidden (self, answer))
    return smtp_reply_ref (smtp_reply_standard (self->hook == SMTP_HOOK_EXPN ? SMTP_REPLY_CANNOT_EXPAND
                                                                             : SMTP_REPLY_CANNOT_SHOW));

  if (!self->command.adds_status || smtp_reply_get_status (answer) != NULL || smtp_dialogue_speaks_plainly (self))
    return smtp_reply_ref (answer);

  return smtp_reply_with_status (answer);
}
