/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dialogue/smtp-dialogue.h"
#include "smtp-error.h"
#include "smtp-reply-private.h"
#include "smtp-request-private.h"
#include "smtp-server-private.h"

/* How a request is answered: who is heard, from which thread, and who is told. */

static void
look_at_outcome (SmtpTask *task)
{
  g_autoptr (SmtpRequest) self = (gpointer) ((char *) task - G_STRUCT_OFFSET (SmtpRequest, task));

  if (self->dialogue != NULL)
    smtp_dialogue_resume (self->dialogue, self);
}

void
smtp_request_post (SmtpRequest *self)
{
  self->task.func = look_at_outcome;
  g_object_ref (self);
  if (!smtp_poller_post (smtp_server_get_poller (self->server), &self->task))
    g_object_unref (self);
}

static void
drop_payload (GDestroyNotify free_payload,
              gpointer       payload)
{
  if (payload != NULL)
    free_payload (payload);
}

/* The first one to speak is heard. */
static gboolean
set_outcome (SmtpRequest    *self,
             SmtpOutcome     outcome,
             gpointer        payload,
             GDestroyNotify  free_payload,
             GBytes         *content)
{
  gboolean heard, post;

  g_mutex_lock (&self->lock);
  heard = !self->spent && self->outcome == SMTP_OUTCOME_NONE;
  post = heard && self->entered == 0;
  if (heard)
    {
      self->outcome = outcome;
      self->payload = payload;
      self->free_payload = free_payload;
      self->content = content != NULL ? g_bytes_ref (content) : NULL;
    }
  g_mutex_unlock (&self->lock);

  if (!heard)
    drop_payload (free_payload, payload);
  if (post)
    smtp_request_post (self);

  return heard;
}

gboolean
smtp_request_set_outcome (SmtpRequest    *self,
                          SmtpOutcome     outcome,
                          gpointer        payload,
                          GDestroyNotify  free_payload)
{
  return set_outcome (self, outcome, payload, free_payload, NULL);
}

gboolean
smtp_request_set_content (SmtpRequest *self,
                          SmtpReply   *reply,
                          GBytes      *content)
{
  return set_outcome (self, SMTP_OUTCOME_REPLIED, reply, (GDestroyNotify) smtp_reply_unref, content);
}

/**
 * smtp_request_hold:
 * @self: a request
 *
 * Says that the answer comes later, after the hook or command method has returned.
 *
 * Somebody must then answer: [property@Server:hook-timeout] ends the wait with a 451. To
 * be called from within the hook or command method.
 */
void
smtp_request_hold (SmtpRequest *self)
{
  g_return_if_fail (SMTP_IS_REQUEST (self));

  self->held = TRUE;
}

/* Takes @reply. */
static gboolean
set_answer (SmtpRequest *self,
            SmtpReply   *reply)
{
  return smtp_request_set_outcome (self, SMTP_OUTCOME_REPLIED, reply, (GDestroyNotify) smtp_reply_unref);
}

/**
 * smtp_request_reply:
 * @self: a request
 * @code: the code, such as 550
 * @text: (nullable): one line of text, such as `5.1.1 No such user`; %NULL: a text that
 *   suits the code
 *
 * Answers the command, in one line.
 *
 * A 421 closes the connection. May be called from any thread.
 *
 * Returns: %TRUE if this is the answer, %FALSE if it comes too late
 */
gboolean
smtp_request_reply (SmtpRequest *self,
                    guint        code,
                    const char  *text)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);

  return set_answer (self, smtp_reply_new (code, text));
}

/**
 * smtp_request_send_reply:
 * @self: a request
 * @reply: the answer
 *
 * Answers the command.
 *
 * A 421 closes the connection. May be called from any thread.
 *
 * Returns: %TRUE if this is the answer, %FALSE if it comes too late
 */
gboolean
smtp_request_send_reply (SmtpRequest *self,
                         SmtpReply   *reply)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (reply != NULL, FALSE);

  return set_answer (self, smtp_reply_ref (reply));
}

void
smtp_request_reply_default (SmtpRequest *self,
                            SmtpReply   *reply)
{
  if (set_answer (self, smtp_reply_ref (reply)))
    self->answer_is_default = TRUE;
}

static void
unref_reply (gpointer reply)
{
  if (reply != NULL)
    smtp_reply_unref (reply);
}

/* Under the lock. What the message as a whole is answered once every recipient is: in SMTP there
 * is but one answer, and it must not promise more than was kept. */
static SmtpReply *
sum_up (SmtpRequest *self)
{
  for (guint i = 0; i < self->recipient_answers->len; i++)
    {
      SmtpReply *answer = g_ptr_array_index (self->recipient_answers, i);

      if (smtp_reply_get_class (answer) != 2)
        return smtp_reply_ref (answer);
    }

  return smtp_reply_ref (g_ptr_array_index (self->recipient_answers, 0));
}

/* Under the lock. TRUE if this was the last one. */
static gboolean
note_recipient (SmtpRequest *self,
                guint        index,
                SmtpReply   *answer)
{
  if (self->recipient_answers == NULL)
    {
      self->recipient_answers = g_ptr_array_new_with_free_func (unref_reply);
      g_ptr_array_set_size (self->recipient_answers, self->n_recipients);
    }

  self->recipient_answers->pdata[index] = answer;
  self->n_answered++;

  return self->n_answered == self->n_recipients;
}

static gboolean
is_open_for (SmtpRequest *self,
             guint        index)
{
  return !self->spent && self->outcome == SMTP_OUTCOME_NONE &&
         (self->recipient_answers == NULL || self->recipient_answers->pdata[index] == NULL);
}

/**
 * smtp_request_reply_recipient:
 * @self: the request of the end of a message
 * @index: which recipient, by its place in [method@Envelope.get_recipients]
 * @code: the code, such as 550
 * @text: (nullable): one line of text; %NULL: a text that suits the code
 *
 * Answers the end of a message for one of its recipients. When each has an answer, the message
 * is answered.
 *
 * In LMTP (RFC 2033 section 4.2) each recipient's is sent. In SMTP, which has but one, it is the
 * first that is no success, or the first. [method@Request.reply] answers for all, and counts for
 * those that have none yet. What is done to the envelope while the message is decided on changes nothing
 * of how many answers there are: clients count on one for each recipient. May be called from any thread.
 *
 * Returns: %TRUE if this is the recipient's answer, %FALSE if it comes too late
 */
gboolean
smtp_request_reply_recipient (SmtpRequest *self,
                              guint        index,
                              guint        code,
                              const char  *text)
{
  SmtpReply *answer, *sum = NULL;
  gboolean heard;

  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (index < self->n_recipients, FALSE);

  answer = smtp_reply_new (code, text);
  g_mutex_lock (&self->lock);
  heard = is_open_for (self, index);
  if (!heard)
    smtp_reply_unref (answer);
  else if (note_recipient (self, index, answer))
    sum = sum_up (self);
  g_mutex_unlock (&self->lock);

  if (sum != NULL)
    set_answer (self, sum);

  return heard;
}

/**
 * smtp_request_proceed:
 * @self: a request
 *
 * Says that there is no objection: the next stage decides. From a command method that has
 * not chained up, it has the command done as if the method were not there.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if this was heard, %FALSE if it comes too late
 */
gboolean
smtp_request_proceed (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);

  return smtp_request_set_outcome (self, SMTP_OUTCOME_PROCEED, NULL, NULL);
}

/**
 * smtp_request_fail:
 * @self: a request
 * @error: (nullable): what went wrong
 *
 * Says that something went wrong. The exception hook is told; the client gets a 451 that
 * says nothing of @error, unless the exception hook answers something else.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if this was heard, %FALSE if it comes too late
 */
gboolean
smtp_request_fail (SmtpRequest  *self,
                   const GError *error)
{
  GError *failure;

  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);

  if (error != NULL)
    failure = g_error_copy (error);
  else
    failure = g_error_new_literal (SMTP_ERROR, SMTP_ERROR_NO_ANSWER, "The hook failed");

  return smtp_request_set_outcome (self, SMTP_OUTCOME_FAILED, failure, (GDestroyNotify) g_error_free);
}

/* What runs the stages needs */

SmtpDialogue *
smtp_request_get_dialogue (SmtpRequest *self)
{
  return self->dialogue;
}

void
smtp_request_enter (SmtpRequest *self)
{
  g_mutex_lock (&self->lock);
  self->entered++;
  g_mutex_unlock (&self->lock);

  self->held = FALSE;
}

void
smtp_request_leave (SmtpRequest *self)
{
  g_mutex_lock (&self->lock);
  self->entered--;
  g_mutex_unlock (&self->lock);
}

SmtpOutcome
smtp_request_take_outcome (SmtpRequest *self,
                           gpointer    *payload)
{
  SmtpOutcome outcome;

  *payload = NULL;

  g_mutex_lock (&self->lock);
  outcome = self->outcome;
  if (outcome != SMTP_OUTCOME_REPLIED)
    {
      self->outcome = SMTP_OUTCOME_NONE;
      *payload = g_steal_pointer (&self->payload);
    }
  g_mutex_unlock (&self->lock);

  return outcome == SMTP_OUTCOME_NONE && self->held ? SMTP_OUTCOME_HELD : outcome;
}

gboolean
smtp_request_is_replied (SmtpRequest *self)
{
  gboolean replied;

  g_mutex_lock (&self->lock);
  replied = self->outcome == SMTP_OUTCOME_REPLIED;
  g_mutex_unlock (&self->lock);

  return replied;
}

gboolean
smtp_request_has_outcome (SmtpRequest *self)
{
  gboolean has_outcome;

  g_mutex_lock (&self->lock);
  has_outcome = self->outcome != SMTP_OUTCOME_NONE;
  g_mutex_unlock (&self->lock);

  return has_outcome;
}

static void
spend (SmtpRequest *self)
{
  g_mutex_lock (&self->lock);
  self->spent = TRUE;
  g_mutex_unlock (&self->lock);

  self->dialogue = NULL;
}

SmtpRequest *
smtp_request_supersede (SmtpRequest *self)
{
  SmtpRequest *next;

  next = smtp_request_new (self->dialogue, self->verb, self->argument, strlen (self->argument));
  g_set_object (&next->envelope, self->envelope);
  next->address = self->address != NULL ? smtp_address_ref (self->address) : NULL;
  next->parameters = self->parameters != NULL ? smtp_parameters_ref (self->parameters) : NULL;
  next->lines = g_steal_pointer (&self->lines);
  next->error = g_steal_pointer (&self->error);
  next->is_message = self->is_message;
  next->n_recipients = self->n_recipients;
  next->credentials = g_steal_pointer (&self->credentials);
  next->cancellable = self->cancellable != NULL ? g_object_ref (self->cancellable) : NULL;
  spend (self);
  next->recipient_answers = g_steal_pointer (&self->recipient_answers);
  next->n_answered = self->n_answered;
  next->predecessor = self;

  return next;
}

SmtpRequest *
smtp_request_pass_on (SmtpRequest *self)
{
  return G_OBJECT (self)->ref_count == 1 ? self : smtp_request_supersede (self);
}

SmtpRequest *
smtp_request_expire (SmtpRequest *self)
{
  SmtpRequest *next = smtp_request_supersede (self);

  g_clear_object (&next->cancellable);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);

  return next;
}

SmtpReply *
smtp_request_get_answer (SmtpRequest *self)
{
  SmtpDialogue *dialogue = smtp_request_get_dialogue (self);
  g_autoptr (SmtpReply) phrased = NULL;
  g_auto (GStrv) lines = NULL;

  if (!self->answer_is_default || self->lines == NULL)
    return smtp_reply_ref (self->payload);

  /* Now, since what comes of it is none of the library's replies. */
  if (dialogue != NULL)
    phrased = smtp_dialogue_phrase (dialogue, self, self->payload);
  lines = smtp_request_dup_lines (self);

  return smtp_reply_prepend (phrased != NULL ? phrased : self->payload, (const char * const *) lines);
}

guint
smtp_request_get_n_recipients (SmtpRequest *self)
{
  if (self->dialogue == NULL || !self->dialogue->is_lmtp || !self->is_message)
    return 0;

  return self->n_recipients;
}

gboolean
smtp_request_has_recipient_answers (SmtpRequest *self)
{
  return self->n_answered > 0;
}

SmtpReply *
smtp_request_get_recipient_answer (SmtpRequest *self,
                                   guint        index)
{
  SmtpReply *answer = NULL;

  if (self->recipient_answers != NULL)
    answer = g_ptr_array_index (self->recipient_answers, index);

  return answer != NULL ? smtp_reply_ref (answer) : NULL;
}

void
smtp_request_finish (SmtpRequest *self,
                     SmtpReply   *reply)
{
  spend (self);

  for (SmtpRequest *request = self; request != NULL; request = request->predecessor)
    {
      request->final_reply = smtp_reply_ref (reply);
      smtp_request_emit_replied (request, reply);
    }
}

void
smtp_request_abandon (SmtpRequest *self)
{
  spend (self);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}
