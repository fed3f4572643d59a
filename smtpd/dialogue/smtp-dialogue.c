/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-dialogue.h"

#include <string.h>

#include "smtp-answer.h"
#include "smtp-arrival.h"
#include "smtp-auth-command.h"
#include "smtp-commands.h"
#include "smtp-deadlines.h"
#include "smtp-envelope-private.h"
#include "smtp-events.h"
#include "smtp-lines.h"
#include "smtp-message.h"
#include "smtp-plain-hooks.h"
#include "smtp-profile.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-text.h"

/* Of a line from the wire, so much is logged. */
#define LOG_MAX 1024

SmtpDialogue *
smtp_dialogue_new (SmtpServer             *server,
                   SmtpSession            *session,
                   const SmtpDialogueHost *host,
                   gpointer                host_data)
{
  SmtpDialogue *self = g_new0 (SmtpDialogue, 1);

  self->server = server;
  self->statistics = smtp_server_get_private (server)->statistics;
  self->session = g_object_ref (session);
  self->config = smtp_server_get_config (server);
  self->extensions = smtp_session_get_extensions (session);
  self->host = host;
  self->host_data = host_data;

  return self;
}

void
smtp_dialogue_free (SmtpDialogue *self)
{
  g_assert (self->depth == 0);

  smtp_dialogue_abort (self);
  g_clear_object (&self->spare);
  g_clear_pointer (&self->command_counts, g_array_unref);
  g_clear_pointer (&self->chunk_reply, smtp_reply_unref);
  g_clear_object (&self->session);
  g_free (self);
}

gboolean
smtp_dialogue_is_over (SmtpDialogue *self)
{
  return self->phase == SMTP_PHASE_OVER;
}

gboolean
smtp_dialogue_is_ready (SmtpDialogue *self)
{
  /* A challenge is part of a command. */
  if (self->request != NULL)
    return self->phase == SMTP_PHASE_AUTH;
  if (self->pause_end != 0)
    return FALSE;

  switch (self->phase)
    {
    case SMTP_PHASE_DELAY:
    case SMTP_PHASE_COMMAND:
    case SMTP_PHASE_REFUSED:
      return TRUE;
    case SMTP_PHASE_DATA:
    case SMTP_PHASE_CHUNK:
      return self->body == NULL || !smtp_body_is_full (self->body);
    case SMTP_PHASE_START:
    case SMTP_PHASE_PROXY:
    case SMTP_PHASE_NAMING:
    case SMTP_PHASE_ENDING:
    case SMTP_PHASE_TLS:
    case SMTP_PHASE_AUTH:
    case SMTP_PHASE_PENALTY:
    case SMTP_PHASE_OVER:
    default:
      return FALSE;
    }
}

gboolean
smtp_dialogue_is_idle (SmtpDialogue *self)
{
  /* It is the client's turn to answer a challenge. */
  if (self->phase == SMTP_PHASE_AUTH)
    return !self->auth->refused;

  return self->request == NULL && self->envelope == NULL &&
         (self->phase == SMTP_PHASE_COMMAND || self->phase == SMTP_PHASE_REFUSED || self->phase == SMTP_PHASE_DELAY);
}

gboolean
smtp_dialogue_is_deciding (SmtpDialogue *self)
{
  return self->request != NULL && self->message_ended;
}

static void
log_reply (SmtpDialogue *self,
           const char   *octets,
           gsize         size)
{
  g_autoptr (GString) line = NULL;

  if (!self->config->log_dialogue)
    return;

  line = g_string_new (NULL);
  smtp_text_escape (line, octets, size, LOG_MAX);
  g_debug ("session %" G_GUINT64_FORMAT " < %s", smtp_session_get_id (self->session), line->str);
}

gboolean
smtp_dialogue_speaks_plainly (SmtpDialogue *self)
{
  return G_UNLIKELY (!smtp_dialogue_has_extension (self, SMTP_ESMTP_ENHANCEDSTATUSCODES)) ||
         smtp_dialogue_is_foreign (self);
}

SmtpReply *
smtp_dialogue_phrase (SmtpDialogue *self,
                      SmtpRequest  *request,
                      SmtpReply    *reply)
{
  return smtp_dialogue_speaks_plainly (self) ? smtp_profile_phrase (self, request, reply) : smtp_reply_ref (reply);
}

/* @reply, which is phrased as @said. */
static void
say_as (SmtpDialogue *self,
        SmtpReply    *reply,
        SmtpReply    *said)
{
  const char *wire;
  gsize length;

  wire = smtp_reply_get_wire (said, &length);

  log_reply (self, wire, length - strlen ("\r\n"));
  self->host->write (self->host_data, wire, length);
  if (*wire >= '4')
    smtp_events_count_refusal (self, reply);
}

static void
say_to (SmtpDialogue *self,
        SmtpRequest  *request,
        SmtpReply    *reply)
{
  g_autoptr (SmtpReply) phrased = smtp_dialogue_phrase (self, request, reply);

  say_as (self, reply, phrased);
}

void
smtp_dialogue_say (SmtpDialogue *self,
                   SmtpReply    *reply)
{
  say_to (self, NULL, reply);
}

void
smtp_dialogue_say_challenge (SmtpDialogue *self,
                             const char   *base64)
{
  g_autofree char *line = g_strconcat ("334 ", base64, "\r\n", NULL);

  log_reply (self, "334 ***", strlen ("334 ***"));
  self->host->write (self->host_data, line, strlen (line));
}

/* Lets go of everything, and tells who must know. */
static void
end (SmtpDialogue *self)
{
  g_autoptr (SmtpServer) server = NULL;
  SmtpRequest *request = g_steal_pointer (&self->request);

  if (self->phase == SMTP_PHASE_OVER)
    return;

  smtp_events_end (self);
  self->phase = SMTP_PHASE_OVER;
  server = g_object_ref (self->server);
  self->depth++;

  if (request != NULL)
    {
      smtp_request_abandon (request);
      g_object_unref (request);
      smtp_stages_clear (self);
    }
  g_clear_pointer (&self->auth, smtp_auth_exchange_free);
  smtp_arrival_cancel (self);
  smtp_dialogue_drop_envelope (self);
  if (self->connected)
    smtp_plain_hooks_tell_disconnect (server, self->session);

  self->depth--;
}

void
smtp_dialogue_abort (SmtpDialogue *self)
{
  end (self);
}

static void
say_goodbye (SmtpDialogue *self,
             SmtpReply    *reply)
{
  /* In the middle of a handshake it would not be understood, and before it hardly. */
  if (reply != NULL && self->phase != SMTP_PHASE_TLS && self->phase != SMTP_PHASE_PROXY)
    smtp_dialogue_say (self, reply);
  end (self);
  self->host->over (self->host_data);
}

void
smtp_dialogue_close (SmtpDialogue *self,
                     SmtpReply    *reply)
{
  if (self->phase == SMTP_PHASE_OVER)
    return;

  if (reply == smtp_reply_standard (SMTP_REPLY_SHUTDOWN))
    smtp_events_shut_down (self);
  else if (reply != NULL)
    smtp_events_log_refusal (self, reply);
  say_goodbye (self, reply);
}

/* Mistakes */

gboolean
smtp_dialogue_count_error (SmtpDialogue *self)
{
  const SmtpServerConfig *config = self->config;

  self->errors++;
  smtp_statistics_count (self->statistics, SMTP_COUNT_CLIENT_ERRORS);
  if (self->errors > config->limits.soft_errors && config->limits.error_delay != 0)
    self->pause_end = g_get_monotonic_time () + config->limits.error_delay * (gint64) 1000;

  return config->max_errors != 0 && self->errors >= config->max_errors;
}

/* What is no command at all gets no request. */
void
smtp_dialogue_refuse_with (SmtpDialogue      *self,
                           SmtpStandardReply  reply,
                           SmtpReply         *phrased)
{
  SmtpReply *refusal = smtp_reply_standard (reply);

  if (smtp_dialogue_count_error (self) && smtp_reply_get_code (refusal) != 421)
    refusal = smtp_reply_standard (SMTP_REPLY_TOO_MANY_ERRORS);

  smtp_events_log_refusal (self, refusal);
  if (smtp_reply_get_code (refusal) == 421)
    say_goodbye (self, refusal);
  else if (phrased != NULL)
    say_as (self, refusal, phrased);
  else
    smtp_dialogue_say (self, refusal);
}

void
smtp_dialogue_refuse (SmtpDialogue      *self,
                      SmtpStandardReply  reply)
{
  smtp_dialogue_refuse_with (self, reply, NULL);
}

void
smtp_dialogue_refuse_request (SmtpDialogue      *self,
                              SmtpRequest       *request,
                              SmtpStandardReply  reply)
{
  if (smtp_dialogue_count_error (self))
    reply = SMTP_REPLY_TOO_MANY_ERRORS;
  smtp_request_send_reply (request, smtp_reply_standard (reply));
}

/* Transactions */

SmtpEnvelope *
smtp_dialogue_ensure_envelope (SmtpDialogue *self)
{
  if (self->envelope == NULL)
    {
      self->envelope = smtp_server_make_envelope (self->server, self->session);
      self->envelope_is_new = TRUE;
    }

  return self->envelope;
}

void
smtp_dialogue_drop_envelope (SmtpDialogue *self)
{
  if (self->in_transaction)
    smtp_events_abort (self);
  g_clear_pointer (&self->body, smtp_body_free);
  g_clear_object (&self->envelope);
  /* What XFORWARD has told is for one transaction, but not for a MAIL that was refused. */
  if (!self->envelope_is_new)
    smtp_session_set_xforward (self->session, NULL);
  self->chunking = self->chunking_failed = self->chunk_is_kept = FALSE;
  self->envelope_is_new = FALSE;
  self->refused_recipients = 0;
  self->recipient_domains = 0;
}

/* Commands */

static void begin (SmtpDialogue *self);

/* State follows what the client is told. */
static void
take_effect (SmtpDialogue *self,
             SmtpReply    *reply)
{
  gboolean success = smtp_answer_is_success (self, reply);

  if (success && self->effect != NULL && self->effect->apply != NULL)
    self->effect->apply (self, self->request);
  if (self->command.is_counted || self->message_ended)
    smtp_events_command (self, reply, success);

  if (self->phase == SMTP_PHASE_START)
    self->phase = success ? SMTP_PHASE_COMMAND : SMTP_PHASE_REFUSED;

  if (success && self->starts_tls)
    self->phase = SMTP_PHASE_TLS;
  self->starts_tls = FALSE;

  if (!success && self->command.offset == smtp_command_rcpt_offset)
    self->refused_recipients++;

  self->messages += self->message_ended;
  if (self->message_ended)
    self->junk = 0;
  if (self->message_ended)
    smtp_dialogue_drop_envelope (self);
  else if (self->envelope_is_new && (!success || !smtp_envelope_is_begun (self->envelope)))
    smtp_dialogue_drop_envelope (self);
  self->message_ended = FALSE;
  self->envelope_is_new = FALSE;
  self->ascii_answer = FALSE;
}

/* The end of a message has an answer for each recipient in LMTP, RFC 2033 section 4.2. TRUE if one of them
 * ends the connection; the others are said all the same, or what was taken would be sent again. */
static gboolean
say_answer (SmtpDialogue *self,
            SmtpRequest  *request,
            SmtpReply    *reply)
{
  guint n = smtp_request_get_n_recipients (request);
  gboolean ends = smtp_reply_get_code (reply) == 421;

  if (n == 0 || (ends && !smtp_request_has_recipient_answers (request)))
    {
      say_to (self, request, reply);
      return ends;
    }

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SmtpReply) own = smtp_request_get_recipient_answer (request, i);
      g_autoptr (SmtpReply) fixed = own != NULL ? smtp_answer_fix (self, own) : smtp_reply_ref (reply);

      smtp_dialogue_say (self, fixed);
      ends |= smtp_reply_get_code (fixed) == 421;
    }

  return ends;
}

/* After STARTTLS comes the handshake, after the handshake what its hook says. */
static void
end_tls_stage (SmtpDialogue *self,
               gboolean      success)
{
  if (smtp_session_get_tls_info (self->session) == NULL)
    self->host->start_tls (self->host_data);
  else
    {
      self->tls_refused = !success;
      self->phase = success ? SMTP_PHASE_COMMAND : SMTP_PHASE_REFUSED;
      if (!self->connected)
        begin (self);
    }
}

void
smtp_dialogue_finish (SmtpDialogue *self)
{
  g_autoptr (SmtpReply) answer = smtp_request_get_answer (self->request);
  g_autoptr (SmtpReply) reply = smtp_answer_fix (self, answer);
  g_autoptr (SmtpRequest) request = NULL;
  g_autoptr (GBytes) content = NULL;
  gboolean success = smtp_answer_is_success (self, reply);
  gboolean ends;
  gboolean is_message = self->message_ended;
  gboolean is_content = self->command.offset == smtp_command_burl_offset && self->effect != NULL;
  gboolean is_chunk = self->command.offset == smtp_command_bdat_offset || is_content;
  gboolean is_proxy = self->phase == SMTP_PHASE_PROXY;

  if (self->auth != NULL && smtp_auth_holds_back (self, &reply))
    return;

  ends = smtp_reply_get_code (reply) == 421;
  /* Hooks may be called here too, and end the session or the server. */
  self->depth++;
  take_effect (self, reply);
  self->depth--;
  ends |= self->close_after;
  is_chunk &= !ends;
  if (!is_chunk && !is_proxy && (!self->command.is_silent || ends))
    ends |= say_answer (self, self->request, reply);
  request = g_steal_pointer (&self->request);
  if (!success || self->auth != NULL)
    smtp_events_answer (self, request, reply, is_message);
  smtp_stages_clear (self);
  g_clear_pointer (&self->auth, smtp_auth_exchange_free);

  self->depth++;
  smtp_request_finish (request, reply);
  self->depth--;

  content = smtp_request_get_content (request) != NULL ? g_bytes_ref (smtp_request_get_content (request)) : NULL;
  g_clear_object (&self->spare);
  self->spare = smtp_request_recycle (g_steal_pointer (&request));

  if (is_proxy)
    smtp_arrival_end_proxy (self, reply, success && !ends);
  else if (ends)
    say_goodbye (self, NULL);
  else if (self->phase == SMTP_PHASE_TLS)
    end_tls_stage (self, success);
  else if (is_chunk)
    {
      if (is_content)
        {
          self->chunk_left = 0;
          self->chunking_failed |= !success;
        }
      smtp_message_begin_chunk (self, reply, success, content);
    }
}

void
smtp_dialogue_run (SmtpDialogue      *self,
                   const SmtpCommand *command,
                   const char        *verb,
                   const char        *argument,
                   gsize              argument_length)
{
  SmtpRequest *request = smtp_request_new (self, verb, argument, argument_length);

  if (smtp_stages_start (self, request, command))
    smtp_dialogue_finish (self);
}

/* Who was refused by the hook of the handshake is not asked about again. */
void
smtp_dialogue_greet (SmtpDialogue *self)
{
  self->connected = TRUE;

  if (self->phase == SMTP_PHASE_REFUSED)
    {
      smtp_dialogue_say (self, smtp_reply_standard (SMTP_REPLY_TLS_REFUSED));
      return;
    }

  self->phase = SMTP_PHASE_START;
  smtp_dialogue_run (self, &smtp_command_greet, "", "", 0);
}

static void
begin (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_REFUSED || !smtp_arrival_find_name (self))
    smtp_dialogue_greet (self);
}

void
smtp_dialogue_start (SmtpDialogue *self)
{
  guint delay = smtp_server_get_config (self->server)->limits.greeting_delay;

  if (delay == 0)
    begin (self);
  else
    {
      self->phase = SMTP_PHASE_DELAY;
      self->penalty_end = g_get_monotonic_time () + delay * (gint64) 1000;
    }
  smtp_deadlines_arm (self);
}

void
smtp_dialogue_expect_tls (SmtpDialogue *self)
{
  self->phase = SMTP_PHASE_TLS;
  smtp_deadlines_arm (self);
}

void
smtp_dialogue_begin_tls (SmtpDialogue *self,
                         SmtpTlsInfo  *info)
{
  smtp_session_begin_tls (self->session, info);
  smtp_events_handshake (self, info);
  self->line_reader = (SmtpLineReader) { 0 };
  self->line_seen = FALSE;
  smtp_dialogue_run (self, &smtp_command_handshake, "", "", 0);
  smtp_deadlines_arm (self);
}

void
smtp_dialogue_resume (SmtpDialogue *self,
                      SmtpRequest  *request)
{
  if (self->request != request || self->depth > 0)
    return;
  /* There is an answer, which waits for the client, or for its time. */
  if (self->phase == SMTP_PHASE_PENALTY || (self->phase == SMTP_PHASE_AUTH && self->auth->refused))
    return;

  if (smtp_stages_resume (self))
    smtp_dialogue_finish (self);
  smtp_deadlines_arm (self);
  self->host->resume (self->host_data);
}

/* The client has waited, which may go on. */
static void
end_wait (SmtpDialogue *self)
{
  self->pause_end = 0;
  if (self->phase == SMTP_PHASE_DELAY)
    begin (self);
  smtp_deadlines_arm (self);
  self->host->resume (self->host_data);
}

void
smtp_dialogue_time_out (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_OVER)
    return;

  if (self->request == NULL && (self->phase == SMTP_PHASE_DELAY || self->pause_end != 0))
    {
      end_wait (self);
      return;
    }
  if (self->phase != SMTP_PHASE_NAMING && (self->request == NULL || self->phase == SMTP_PHASE_AUTH))
    {
      smtp_events_time_out (self, smtp_deadlines_get_missed (self));
      say_goodbye (self, smtp_reply_standard (SMTP_REPLY_TIMEOUT));
      return;
    }

  if (self->phase == SMTP_PHASE_NAMING)
    smtp_arrival_go_unnamed (self);
  else if (self->phase == SMTP_PHASE_PENALTY)
    {
      self->phase = SMTP_PHASE_COMMAND;
      smtp_dialogue_finish (self);
    }
  /* Somebody has just been told that he was heard. */
  else if (smtp_request_has_outcome (self->request))
    {
      if (smtp_stages_resume (self))
        smtp_dialogue_finish (self);
    }
  else
    {
      smtp_events_time_out (self, SMTP_COUNT_TIMEOUTS_HOOK);
      if (smtp_stages_time_out (self))
        smtp_dialogue_finish (self);
    }
  smtp_deadlines_arm (self);
  self->host->resume (self->host_data);
}

/* Input */

gsize
smtp_dialogue_input (SmtpDialogue *self,
                     const char   *data,
                     gsize         size,
                     guint        *budget)
{
  gsize used = 0, received = 0;

  while (used < size && *budget > 0 && smtp_dialogue_is_ready (self))
    {
      gboolean is_text = self->phase == SMTP_PHASE_DATA || self->phase == SMTP_PHASE_CHUNK;
      gsize consumed;

      if (self->phase == SMTP_PHASE_DATA)
        consumed = smtp_message_take_text (self, data + used, size - used);
      else if (self->phase == SMTP_PHASE_CHUNK)
        consumed = smtp_message_take_chunk (self, data + used, size - used);
      else
        consumed = smtp_lines_take (self, data + used, size - used);
      if (consumed == 0)
        break;

      used += consumed;
      received += is_text ? consumed : 0;
      (*budget)--;
    }

  smtp_deadlines_keep_pace (self, received);
  /* A line that comes octet by octet is none before its end. */
  if (!self->awaits_line || self->pause_end != 0 || (used > 0 && self->line_reader.swallowed == 0))
    smtp_deadlines_arm (self);

  return used;
}
