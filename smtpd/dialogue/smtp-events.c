/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-events.h"

#include <string.h>

#include "smtp-auth-command.h"
#include "smtp-commands.h"
#include "smtp-envelope-private.h"
#include "smtp-log.h"
#include "smtp-reasons.h"

/* What is logged has records on the stack, which those who only count are not to pay for: hence
 * the functions that are not to be inlined. */

static gboolean
is_logged (SmtpDialogue *self)
{
  return smtp_server_get_config (self->server)->log_events;
}

static void
count (SmtpDialogue *self,
       SmtpCount     what)
{
  smtp_statistics_count (self->statistics, what);
}

/* Sessions */

void
smtp_events_begin (SmtpDialogue *self)
{
  g_autofree char *peer = NULL;
  SmtpLogRecord record;

  self->begun = TRUE;
  count (self, SMTP_COUNT_CONNECTIONS_ACCEPTED);
  if (!is_logged (self))
    return;

  peer = smtp_log_describe (smtp_session_get_peer (self->session));
  smtp_log_begin (&record, "connect", self->session);
  smtp_log_send (&record, "connected from %s", peer);
}

void
smtp_events_set_cause (SmtpDialogue *self,
                       const char   *cause)
{
  if (self->cause == NULL)
    self->cause = cause;
}

void
smtp_events_lose (SmtpDialogue *self)
{
  if (smtp_dialogue_is_over (self) || self->cause != NULL)
    return;

  smtp_events_set_cause (self, "lost");
  count (self, SMTP_COUNT_SESSIONS_LOST);
}

void
smtp_events_shut_down (SmtpDialogue *self)
{
  smtp_events_set_cause (self, "shutdown");
  count (self, SMTP_COUNT_SESSIONS_SHUT_DOWN);
}

/* What was under way, and comes to no other end. */
static void
count_unfinished (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_TLS && smtp_session_get_tls_info (self->session) == NULL)
    count (self, SMTP_COUNT_TLS_HANDSHAKES_FAILED);
  /* One that has failed may still wait for its answer. */
  if (self->auth != NULL && self->auth->mechanism != NULL)
    count (self, self->auth->counted ? SMTP_COUNT_AUTH_FAILED : SMTP_COUNT_AUTH_CANCELLED);
}

void
smtp_events_end (SmtpDialogue *self)
{
  SmtpLogRecord record;

  count_unfinished (self);
  if (!self->begun || !is_logged (self))
    return;

  smtp_log_begin (&record, "disconnect", self->session);
  smtp_log_add (&record, "SMTP_CAUSE", self->cause != NULL ? self->cause : "closed");
  smtp_log_add_number (&record, "SMTP_MESSAGES", self->messages);
  smtp_log_send (&record, "ended");
}

/* Commands */

void
smtp_events_count_refusal (SmtpDialogue *self,
                           SmtpReply    *reply)
{
  guint64 *counts = smtp_reply_get_class (reply) == 4 ? self->statistics->temporary : self->statistics->permanent;

  smtp_count_add (&counts[smtp_reason_of (reply)], 1);
  if (smtp_reply_get_code (reply) == 421)
    smtp_events_set_cause (self, "refused");
}

static void
add_refusal (SmtpLogRecord *record,
             SmtpReply     *reply)
{
  smtp_log_add_reply (record, reply);
  smtp_log_add (record, "SMTP_REASON", smtp_reason_get_name (smtp_reason_of (reply)));
}

void
smtp_events_log_refusal (SmtpDialogue *self,
                         SmtpReply    *reply)
{
  g_autofree char *text = NULL;
  SmtpLogRecord record;

  if (!is_logged (self))
    return;

  text = smtp_reply_to_string (reply);
  smtp_log_begin (&record, "refuse", self->session);
  add_refusal (&record, reply);
  smtp_log_send (&record, "%s", text);
}

static gboolean
is_path_command (SmtpDialogue *self)
{
  return self->command.offset == smtp_command_mail_offset || self->command.offset == smtp_command_rcpt_offset;
}

/* Clients that have lost count send secrets where a verb should be, or an argument: only what the
 * library has a method for is named, and only addresses are shown. */
static void G_GNUC_NO_INLINE
log_refused_command (SmtpDialogue *self,
                     SmtpRequest  *request,
                     SmtpReply    *reply)
{
  gboolean known = self->command.offset != 0 && self->command.offset != smtp_command_unknown.offset;
  const char *verb = known ? smtp_request_get_verb (request) : "";
  const char *argument = is_path_command (self) ? smtp_request_get_argument (request) : "";
  g_autofree char *text = smtp_reply_to_string (reply);
  SmtpLogRecord record;

  smtp_log_begin (&record, "refuse", self->session);
  smtp_log_add (&record, "SMTP_VERB", *verb != '\0' ? verb : NULL);
  smtp_log_add (&record, "SMTP_ARGUMENT", *argument != '\0' ? argument : NULL);
  if (self->envelope != NULL && smtp_envelope_is_begun (self->envelope))
    smtp_log_add (&record, "SMTP_MAIL_FROM", smtp_envelope_get_mail_from (self->envelope));
  add_refusal (&record, reply);
  smtp_log_send (&record, "%s%s%s%s%s", verb, *argument != '\0' ? " " : "", argument,
                 *verb != '\0' ? ": " : "", text);
}

/* The name stands at the end, so that it cannot look like what stands behind it. */
static void G_GNUC_NO_INLINE
log_auth (SmtpDialogue *self,
          SmtpReply    *reply)
{
  SmtpCredentials *credentials = self->auth->credentials;
  const char *name = credentials != NULL ? smtp_credentials_get_authentication_id (credentials) : NULL;
  const char *mechanism = smtp_sasl_mechanism_get_name (self->auth->mechanism);
  g_autofree char *text = smtp_reply_to_string (reply);
  SmtpLogRecord record;

  smtp_log_begin (&record, "auth", self->session);
  smtp_log_add (&record, "SMTP_AUTH_MECHANISM", mechanism);
  smtp_log_add (&record, "SMTP_AUTH_USER", name);
  smtp_log_add_reply (&record, reply);
  smtp_log_send (&record, "AUTH %s: %s; user: %s", mechanism, text, name != NULL ? name : "");
}

static void
count_auth (SmtpDialogue *self,
            SmtpReply    *reply)
{
  if (smtp_reply_get_class (reply) == 2)
    count (self, SMTP_COUNT_AUTH_SUCCEEDED);
  else if (reply == smtp_reply_standard (SMTP_REPLY_AUTH_CANCELLED))
    count (self, SMTP_COUNT_AUTH_CANCELLED);
  else if (self->auth->counted)
    count (self, SMTP_COUNT_AUTH_FAILED);
  else
    count (self, SMTP_COUNT_AUTH_UNDECIDED);
}

void
smtp_events_answer (SmtpDialogue *self,
                    SmtpRequest  *request,
                    SmtpReply    *reply,
                    gboolean      is_message)
{
  gboolean is_auth = self->auth != NULL && self->auth->mechanism != NULL;

  if (is_auth)
    count_auth (self, reply);

  if ((!is_auth && (is_message || smtp_reply_get_code (reply) < 400)) || !is_logged (self))
    return;

  if (is_auth)
    log_auth (self, reply);
  else
    log_refused_command (self, request, reply);
}

/* Transactions */

static void
end_transaction (SmtpDialogue *self,
                 SmtpCount     outcome)
{
  self->in_transaction = FALSE;
  count (self, outcome);
  smtp_statistics_uncount (self->statistics, SMTP_COUNT_TRANSACTIONS_OPEN);
}

void
smtp_events_abort (SmtpDialogue *self)
{
  end_transaction (self, SMTP_COUNT_TRANSACTIONS_ABORTED);
}

static void G_GNUC_NO_INLINE
log_message (SmtpDialogue *self,
             SmtpReply    *reply)
{
  const char *mail_from = smtp_envelope_get_mail_from (self->envelope);
  guint64 size = self->body != NULL ? smtp_body_get_size (self->body) : 0;
  guint n_recipients = smtp_envelope_get_n_recipients (self->envelope);
  g_auto (GStrv) rcpt_tos = smtp_envelope_dup_rcpt_tos (self->envelope);
  g_autofree char *recipients = g_strjoinv (" ", rcpt_tos);
  g_autofree char *text = smtp_reply_to_string (reply);
  SmtpLogRecord record;

  smtp_log_begin (&record, "message", self->session);
  smtp_log_add (&record, "SMTP_MAIL_FROM", mail_from);
  smtp_log_add_number (&record, "SMTP_RECIPIENTS", n_recipients);
  smtp_log_add (&record, "SMTP_RCPT_TO", recipients);
  smtp_log_add_number (&record, "SMTP_SIZE", size);
  smtp_log_add (&record, "SMTP_AUTH_USER", smtp_session_get_authentication_id (self->session));
  if (smtp_reply_get_code (reply) >= 400)
    add_refusal (&record, reply);
  else
    smtp_log_add_reply (&record, reply);
  smtp_log_send (&record, "message from <%s>, %u recipients, %" G_GUINT64_FORMAT " octets: %s",
                 mail_from != NULL ? mail_from : "", n_recipients, size, text);
}

/* In LMTP each recipient has an answer of its own. */
static gboolean
is_taken (SmtpDialogue *self,
          gboolean      success)
{
  guint n = smtp_request_get_n_recipients (self->request);

  if (n == 0)
    return success;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SmtpReply) own = smtp_request_get_recipient_answer (self->request, i);

      if (own != NULL ? smtp_reply_get_class (own) == 2 : success)
        return TRUE;
    }

  return FALSE;
}

static void
end_message (SmtpDialogue *self,
             SmtpReply    *reply,
             gboolean      success)
{
  gboolean taken = is_taken (self, success);

  if (taken)
    smtp_statistics_add (self->statistics, SMTP_COUNT_MESSAGE_OCTETS, smtp_body_get_size (self->body));
  if (self->in_transaction)
    end_transaction (self, taken ? SMTP_COUNT_MESSAGES_ACCEPTED : SMTP_COUNT_MESSAGES_REFUSED);
  if (is_logged (self))
    log_message (self, reply);
}

void
smtp_events_refuse_message (SmtpDialogue *self,
                            SmtpReply    *reply)
{
  if (!self->in_transaction)
    return;

  end_transaction (self, SMTP_COUNT_MESSAGES_REFUSED);
  if (is_logged (self))
    log_message (self, reply);
}

void
smtp_events_command (SmtpDialogue *self,
                     SmtpReply    *reply,
                     gboolean      success)
{
  gsize offset = self->command.offset;

  if (self->message_ended)
    end_message (self, reply, success);
  else if (offset == smtp_command_rcpt_offset)
    count (self, success ? SMTP_COUNT_RECIPIENTS_ACCEPTED : SMTP_COUNT_RECIPIENTS_REFUSED);
  else if (offset == smtp_command_mail_offset && !success)
    count (self, SMTP_COUNT_SENDERS_REFUSED);
  else if (offset == smtp_command_mail_offset && !self->in_transaction && self->envelope != NULL &&
           smtp_envelope_is_begun (self->envelope))
    {
      self->in_transaction = TRUE;
      count (self, SMTP_COUNT_TRANSACTIONS);
      count (self, SMTP_COUNT_TRANSACTIONS_OPEN);
    }
  else if (offset == smtp_command_quit_offset && success)
    smtp_events_set_cause (self, "quit");
}

/* TLS */

void
smtp_events_handshake (SmtpDialogue *self,
                       SmtpTlsInfo  *info)
{
  gboolean resumed = info != NULL && smtp_tls_info_get_resumed (info);
  SmtpLogRecord record;

  count (self, SMTP_COUNT_TLS_HANDSHAKES);
  if (resumed)
    count (self, SMTP_COUNT_TLS_HANDSHAKES_RESUMED);
  if (info == NULL || !is_logged (self))
    return;

  smtp_log_begin (&record, "tls", self->session);
  smtp_log_add (&record, "SMTP_TLS_VERSION", smtp_tls_info_get_version (info));
  smtp_log_add (&record, "SMTP_TLS_CIPHER_SUITE", smtp_tls_info_get_cipher_suite (info));
  smtp_log_add (&record, "SMTP_TLS_SERVER_NAME", smtp_tls_info_get_server_name (info));
  smtp_log_add (&record, "SMTP_TLS_RESUMED", resumed ? "1" : "0");
  smtp_log_send (&record, "%s, %s%s", smtp_tls_info_get_version (info), smtp_tls_info_get_cipher_suite (info),
                 resumed ? ", resumed" : "");
}

void
smtp_events_lose_handshake (SmtpDialogue *self,
                            const GError *error)
{
  SmtpLogRecord record;

  smtp_events_set_cause (self, "tls");
  if (!is_logged (self))
    return;

  smtp_log_begin (&record, "tls-failed", self->session);
  smtp_log_add (&record, "SMTP_ERROR", error->message);
  smtp_log_send (&record, "%s", error->message);
}

/* Deadlines */

static const char *
get_deadline_name (SmtpCount kind)
{
  switch (kind)
    {
    case SMTP_COUNT_TIMEOUTS_DATA:
      return "data";
    case SMTP_COUNT_TIMEOUTS_HANDSHAKE:
      return "handshake";
    case SMTP_COUNT_TIMEOUTS_PROXY:
      return "proxy";
    case SMTP_COUNT_TIMEOUTS_HOOK:
      return "hook";
    case SMTP_COUNT_TIMEOUTS_WRITE:
      return "write";
    case SMTP_COUNT_TIMEOUTS_CLOSE:
      return "close";
    default:
      return "command";
    }
}

void
smtp_events_time_out (SmtpDialogue *self,
                      SmtpCount     kind)
{
  SmtpLogRecord record;

  count (self, kind);
  if (kind != SMTP_COUNT_TIMEOUTS_HOOK)
    smtp_events_set_cause (self, "timeout");
  if (!is_logged (self))
    return;

  smtp_log_begin (&record, "timeout", self->session);
  smtp_log_add (&record, "SMTP_DEADLINE", get_deadline_name (kind));
  smtp_log_send (&record, "took too long: %s", get_deadline_name (kind));
}
