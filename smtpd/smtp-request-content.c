/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dialogue/smtp-dialogue.h"
#include "smtp-reply-private.h"
#include "smtp-request-private.h"

/* What a program has fetched for a client, BURL (RFC 4468). */

void
smtp_request_cut_argument (SmtpRequest *self,
                           gsize        length)
{
  self->argument[length] = '\0';
}

GBytes *
smtp_request_get_content (SmtpRequest *self)
{
  return self->content;
}

/**
 * smtp_request_send_content:
 * @self: the request of a BURL command
 * @content: what its URL stands for
 *
 * Answers a BURL command: @content is the next part of the message, and the client is told 250 2.5.0, or,
 * after the last part, what the end of the message comes to.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if this is the answer, %FALSE if it comes too late
 */
gboolean
smtp_request_send_content (SmtpRequest *self,
                           GBytes      *content)
{
  SmtpReply *reply;

  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (content != NULL, FALSE);

  reply = smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_CONTENT_OK));

  return smtp_request_set_content (self, reply, content);
}
