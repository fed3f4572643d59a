/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-stages.h"

#include "smtp-auth-command.h"
#include "smtp-commands.h"
#include "smtp-error.h"
#include "smtp-handler.h"

/* While depth is not 0 nobody takes self->request away, so that these functions need no
 * reference of their own: with one, smtp_request_pass_on() would see a holder too many. */

static SmtpVerdict
run_method (SmtpDialogue *self)
{
  const char *argument = smtp_request_get_argument (self->request);
  gsize offset = self->command.offset;

  if (!self->runs_default_method)
    smtp_command_run (&self->command, self->server, self->session, self->request, argument);
  else
    smtp_command_run_method (g_type_class_peek_static (SMTP_TYPE_SERVER),
                             offset != 0 ? offset : G_STRUCT_OFFSET (SmtpServerClass, unknown_command),
                             self->server, self->session, self->request, argument);

  return SMTP_VERDICT_FAILED;
}

static SmtpVerdict
run_handler (SmtpDialogue *self)
{
  SmtpHandler *handler = g_ptr_array_index (self->handlers, self->next_handler);

  return smtp_hook_call (self->hook, handler, self->request) ? SMTP_VERDICT_FAILED : SMTP_VERDICT_CONTINUE;
}

SmtpReply *
smtp_stages_get_failure (SmtpDialogue *self)
{
  const GError *error = smtp_request_get_error (self->request);

  if (self->command.offset == smtp_command_auth_offset)
    return smtp_reply_standard (SMTP_REPLY_AUTH_FAILED);
  if (g_error_matches (error, SMTP_ERROR, SMTP_ERROR_TIMED_OUT))
    return smtp_reply_standard (SMTP_REPLY_HOOK_TIMEOUT);

  return smtp_reply_standard (SMTP_REPLY_INTERNAL_ERROR);
}

static SmtpVerdict
run_default (SmtpDialogue *self)
{
  g_autoptr (SmtpReply) reply = NULL;

  /* Nobody knows a secret, which is not for the client to know. */
  if (self->hook == SMTP_HOOK_CREDENTIALS)
    {
      smtp_request_send_secret (self->request, NULL);
      return SMTP_VERDICT_FAILED;
    }

  if (self->hook != SMTP_HOOK_EXCEPTION)
    reply = self->effect->answer (self, self->request);
  else
    reply = smtp_reply_ref (smtp_stages_get_failure (self));

  smtp_request_reply_default (self->request, reply);

  return SMTP_VERDICT_FAILED;
}

static const char *
describe_stage (SmtpDialogue *self)
{
  if (self->stage == SMTP_STAGE_METHOD)
    return "The method of a command";
  if (self->stage == SMTP_STAGE_MECHANISM)
    return "A mechanism of SASL";

  return smtp_hook_get_name (self->hook);
}

/* Nobody has said anything, and nobody will: policy fails closed. */
static GError *
no_answer (SmtpDialogue *self)
{
  GError *error;

  error = g_error_new (SMTP_ERROR, SMTP_ERROR_NO_ANSWER, "%s returned without an answer",
                       describe_stage (self));
  g_warning ("%s; the client gets %u", error->message, smtp_reply_get_code (smtp_stages_get_failure (self)));

  return error;
}

static SmtpOutcome
judge (SmtpDialogue *self,
       SmtpVerdict   verdict,
       gpointer     *payload)
{
  SmtpOutcome outcome = smtp_request_take_outcome (self->request, payload);

  if (outcome != SMTP_OUTCOME_NONE)
    return outcome;
  if (verdict == SMTP_VERDICT_CONTINUE)
    return SMTP_OUTCOME_PROCEED;
  if (verdict == SMTP_VERDICT_HANDLED)
    return SMTP_OUTCOME_HELD;

  *payload = no_answer (self);

  return SMTP_OUTCOME_FAILED;
}

static SmtpOutcome
run_stage (SmtpDialogue *self,
           gpointer     *payload)
{
  SmtpRequest *request = self->request;
  SmtpStage stage = self->stage;
  SmtpVerdict verdict = SMTP_VERDICT_FAILED;

  smtp_request_enter (request);
  switch (stage)
    {
    case SMTP_STAGE_METHOD:
      verdict = run_method (self);
      break;
    case SMTP_STAGE_MECHANISM:
      smtp_auth_run_mechanism (self);
      break;
    case SMTP_STAGE_SIGNAL:
      verdict = smtp_hook_emit (self->hook, request);
      break;
    case SMTP_STAGE_HANDLERS:
      verdict = run_handler (self);
      break;
    case SMTP_STAGE_DEFAULT:
      verdict = run_default (self);
      break;
    case SMTP_STAGE_NONE:
    default:
      g_assert_not_reached ();
    }
  smtp_request_leave (request);

  /* A method that has chained up comes back with later stages run or waiting inside it:
   * it is they who have the word. */
  if (self->stage != stage)
    verdict = SMTP_VERDICT_HANDLED;

  return judge (self, verdict, payload);
}

static void
enter_exception (SmtpDialogue *self,
                 GError       *error)
{
  self->request = smtp_request_pass_on (self->request);
  smtp_request_set_error (self->request, error);
  self->hook = SMTP_HOOK_EXCEPTION;
  self->stage = SMTP_STAGE_SIGNAL;
}

/* A failure inside the exception hook itself is not told to it. */
static void
give_up (SmtpDialogue *self,
         GError       *error)
{
  g_warning ("handle-exception failed: %s", error->message);
  g_error_free (error);
  self->request = smtp_request_pass_on (self->request);
  self->stage = SMTP_STAGE_DEFAULT;
}

/* The handlers are those of now: one that is taken away meanwhile must not make the next
 * one be skipped. */
static void
enter_handlers (SmtpDialogue *self)
{
  g_clear_pointer (&self->handlers, g_ptr_array_unref);
  self->handlers = smtp_server_ref_handlers (self->server);
  self->next_handler = 0;
  self->stage = self->handlers != NULL ? SMTP_STAGE_HANDLERS : SMTP_STAGE_DEFAULT;
}

static void
next_stage (SmtpDialogue *self)
{
  self->request = smtp_request_pass_on (self->request);

  switch (self->stage)
    {
    case SMTP_STAGE_METHOD:
      self->runs_default_method = TRUE;
      break;
    case SMTP_STAGE_SIGNAL:
      enter_handlers (self);
      break;
    case SMTP_STAGE_HANDLERS:
      self->next_handler++;
      if (self->next_handler == self->handlers->len)
        self->stage = SMTP_STAGE_DEFAULT;
      break;
    case SMTP_STAGE_MECHANISM:
    case SMTP_STAGE_DEFAULT:
    case SMTP_STAGE_NONE:
    default:
      g_assert_not_reached ();
    }
}

/* AUTH: from the mechanism to a hook, and back. */

static void
enter_hook (SmtpDialogue    *self,
            SmtpHook         hook,
            SmtpCredentials *credentials)
{
  smtp_auth_set_credentials (self, credentials);
  self->request = smtp_request_pass_on (self->request);
  smtp_request_set_credentials (self->request, credentials);
  self->hook = hook;
  self->stage = SMTP_STAGE_SIGNAL;
  g_object_unref (credentials);
}

static void
enter_mechanism (SmtpDialogue *self)
{
  self->request = smtp_request_pass_on (self->request);
  self->hook = SMTP_N_HOOKS;
  self->stage = SMTP_STAGE_MECHANISM;
}

/* The mechanism alone may ask, and only who was asked may tell. */
static gboolean
is_out_of_place (SmtpDialogue *self,
                 SmtpOutcome   outcome)
{
  switch (outcome)
    {
    case SMTP_OUTCOME_CHALLENGE:
    case SMTP_OUTCOME_ASK:
    case SMTP_OUTCOME_PRESENT:
      return self->stage != SMTP_STAGE_MECHANISM;
    case SMTP_OUTCOME_SECRET:
      return self->hook != SMTP_HOOK_CREDENTIALS;
    case SMTP_OUTCOME_PROCEED:
      return self->stage == SMTP_STAGE_MECHANISM;
    case SMTP_OUTCOME_NONE:
    case SMTP_OUTCOME_HELD:
    case SMTP_OUTCOME_REPLIED:
    case SMTP_OUTCOME_FAILED:
    default:
      return FALSE;
    }
}

static void
drop_payload (SmtpOutcome outcome,
              gpointer    payload)
{
  if (payload == NULL)
    return;

  if (outcome == SMTP_OUTCOME_CHALLENGE)
    g_bytes_unref (payload);
  else if (outcome == SMTP_OUTCOME_SECRET)
    smtp_secret_unref (payload);
  else
    g_object_unref (payload);
}

/* What AUTH has besides. TRUE if a stage is to be run next. Takes @payload. */
static gboolean
act_for_auth (SmtpDialogue *self,
              SmtpOutcome   outcome,
              gpointer      payload)
{
  g_autoptr (GBytes) challenge = NULL;
  g_autoptr (SmtpSecret) secret = NULL;

  switch ((int) outcome)
    {
    case SMTP_OUTCOME_CHALLENGE:
      challenge = payload;
      smtp_auth_challenge (self, challenge);
      return FALSE;
    case SMTP_OUTCOME_ASK:
      enter_hook (self, SMTP_HOOK_CREDENTIALS, payload);
      return TRUE;
    case SMTP_OUTCOME_PRESENT:
      enter_hook (self, SMTP_HOOK_AUTH, payload);
      return TRUE;
    case SMTP_OUTCOME_SECRET:
    default:
      secret = payload;
      smtp_auth_set_secret (self, secret);
      enter_mechanism (self);
      return TRUE;
    }
}

/* Acts on an outcome. TRUE if a stage is to be run next. Takes @payload. */
static gboolean
act (SmtpDialogue *self,
     SmtpOutcome   outcome,
     gpointer      payload)
{
  /* Something was said: what the client may still say is not part of it any more. */
  if (self->phase == SMTP_PHASE_AUTH && outcome != SMTP_OUTCOME_NONE && outcome != SMTP_OUTCOME_HELD)
    self->phase = SMTP_PHASE_COMMAND;

  if (is_out_of_place (self, outcome))
    {
      drop_payload (outcome, payload);
      outcome = SMTP_OUTCOME_FAILED;
      payload = g_error_new (SMTP_ERROR, SMTP_ERROR_NO_ANSWER, "%s answered what is not for it to answer",
                             describe_stage (self));
    }

  switch (outcome)
    {
    case SMTP_OUTCOME_PROCEED:
      next_stage (self);
      return TRUE;
    case SMTP_OUTCOME_FAILED:
      if (self->hook != SMTP_HOOK_EXCEPTION)
        enter_exception (self, payload);
      else
        give_up (self, payload);
      return TRUE;
    case SMTP_OUTCOME_CHALLENGE:
    case SMTP_OUTCOME_ASK:
    case SMTP_OUTCOME_PRESENT:
    case SMTP_OUTCOME_SECRET:
      return act_for_auth (self, outcome, payload);
    case SMTP_OUTCOME_REPLIED:
    case SMTP_OUTCOME_HELD:
    case SMTP_OUTCOME_NONE:
    default:
      return FALSE;
    }
}

/* Runs stages until there is an answer, or one must be waited for. */
static void
advance (SmtpDialogue *self)
{
  SmtpOutcome outcome;
  gpointer payload;

  do
    outcome = run_stage (self, &payload);
  while (act (self, outcome, payload));
}

gboolean
smtp_stages_start (SmtpDialogue      *self,
                   SmtpRequest       *request,
                   const SmtpCommand *command)
{
  self->request = request;
  smtp_command_copy (&self->command, command);
  self->stage = SMTP_STAGE_METHOD;
  self->hook = SMTP_N_HOOKS;
  self->effect = NULL;
  self->runs_default_method = FALSE;

  self->depth++;
  advance (self);
  self->depth--;

  return smtp_request_is_replied (self->request);
}

/* What follows the method, from within it. */
static void
run_from_method (SmtpRequest      *request,
                 SmtpStage         stage,
                 SmtpHook          hook,
                 const SmtpEffect *effect)
{
  SmtpDialogue *self = smtp_request_get_dialogue (request);

  /* Chained up to a second time, or after an answer. A method that let the command proceed has
   * spoken, too: its word must not be taken for that of the hooks. */
  if (self == NULL || self->stage != SMTP_STAGE_METHOD || smtp_request_has_outcome (request))
    return;

  self->stage = stage;
  self->hook = hook;
  self->effect = effect;

  self->depth++;
  advance (self);
  self->depth--;

  /* Chained up to long after the method returned: nobody below will look. */
  if (self->depth == 0)
    smtp_request_post (self->request);
}

void
smtp_stages_run_hooks (SmtpRequest      *request,
                       SmtpHook          hook,
                       const SmtpEffect *effect)
{
  run_from_method (request, SMTP_STAGE_SIGNAL, hook, effect);
}

void
smtp_stages_run_mechanism (SmtpRequest      *request,
                           const SmtpEffect *effect)
{
  run_from_method (request, SMTP_STAGE_MECHANISM, SMTP_N_HOOKS, effect);
}

gboolean
smtp_stages_resume_mechanism (SmtpDialogue *self)
{
  self->depth++;
  enter_mechanism (self);
  advance (self);
  self->depth--;

  return smtp_request_is_replied (self->request);
}

void
smtp_stages_refuse (SmtpDialogue      *self,
                    SmtpStandardReply  reply)
{
  self->request = smtp_request_pass_on (self->request);
  smtp_request_enter (self->request);
  smtp_request_send_reply (self->request, smtp_reply_standard (reply));
  smtp_request_leave (self->request);
}

gboolean
smtp_stages_resume (SmtpDialogue *self)
{
  SmtpOutcome outcome;
  gpointer payload;

  self->depth++;
  outcome = smtp_request_take_outcome (self->request, &payload);
  if (act (self, outcome, payload))
    advance (self);
  self->depth--;

  return smtp_request_is_replied (self->request);
}

gboolean
smtp_stages_time_out (SmtpDialogue *self)
{
  g_autoptr (GError) error = NULL;

  error = g_error_new (SMTP_ERROR, SMTP_ERROR_TIMED_OUT, "%s gave no answer in time",
                       describe_stage (self));
  self->request = smtp_request_expire (self->request);

  self->depth++;
  if (act (self, SMTP_OUTCOME_FAILED, g_steal_pointer (&error)))
    advance (self);
  self->depth--;

  return smtp_request_is_replied (self->request);
}

void
smtp_stages_clear (SmtpDialogue *self)
{
  self->stage = SMTP_STAGE_NONE;
  g_clear_pointer (&self->handlers, g_ptr_array_unref);
  smtp_command_clear (&self->command);
}
