/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-dialogue.h"

#include <string.h>

#include "smtp-bdat-command.h"
#include "smtp-commands.h"
#include "smtp-envelope-private.h"
#include "smtp-message.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-command-parser.h"
#include "wire/smtp-text.h"

/* RFC 5321 section 4.5.3.1.4, with the CRLF. */
#define COMMAND_LINE_MAX 512

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
  self->session = g_object_ref (session);
  self->host = host;
  self->host_data = host_data;

  return self;
}

void
smtp_dialogue_free (SmtpDialogue *self)
{
  g_assert (self->depth == 0);

  smtp_dialogue_abort (self);
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
  if (self->request != NULL)
    return FALSE;

  switch (self->phase)
    {
    case SMTP_PHASE_COMMAND:
    case SMTP_PHASE_REFUSED:
      return TRUE;
    case SMTP_PHASE_DATA:
    case SMTP_PHASE_CHUNK:
      return self->body == NULL || !smtp_body_is_full (self->body);
    case SMTP_PHASE_START:
    case SMTP_PHASE_ENDING:
    case SMTP_PHASE_TLS:
    case SMTP_PHASE_OVER:
    default:
      return FALSE;
    }
}

static void
arm (SmtpDialogue *self)
{
  const SmtpServerConfig *config = smtp_server_get_config (self->server);
  guint seconds = config->timeout;

  if (self->request != NULL)
    seconds = config->hook_timeout;
  else if (self->phase == SMTP_PHASE_TLS)
    seconds = config->handshake_timeout;

  if (self->phase != SMTP_PHASE_OVER)
    self->host->deadline (self->host_data, seconds * G_USEC_PER_SEC);
}

static void
log_octets (SmtpDialogue *self,
            const char   *arrow,
            const char   *octets,
            gsize         size)
{
  g_autoptr (GString) line = NULL;

  if (!smtp_server_get_config (self->server)->log_dialogue)
    return;

  line = g_string_new (NULL);
  smtp_text_escape (line, octets, size, LOG_MAX);
  g_debug ("session %" G_GUINT64_FORMAT " %s %s", smtp_session_get_id (self->session), arrow, line->str);
}

void
smtp_dialogue_say (SmtpDialogue *self,
                   SmtpReply    *reply)
{
  gsize length;
  const char *wire = smtp_reply_get_wire (reply, &length);

  log_octets (self, "<", wire, length - strlen ("\r\n"));
  self->host->write (self->host_data, wire, length);
}

/* Lets go of everything, and tells who must know. */
static void
end (SmtpDialogue *self)
{
  g_autoptr (SmtpServer) server = NULL;
  SmtpRequest *request = g_steal_pointer (&self->request);

  if (self->phase == SMTP_PHASE_OVER)
    return;

  self->phase = SMTP_PHASE_OVER;
  server = g_object_ref (self->server);
  self->depth++;

  if (request != NULL)
    {
      smtp_request_abandon (request);
      g_object_unref (request);
      smtp_stages_clear (self);
    }
  smtp_dialogue_drop_envelope (self);
  if (self->connected)
    smtp_hooks_tell_disconnect (server, self->session);

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
  /* In the middle of a handshake it would not be understood. */
  if (reply != NULL && self->phase != SMTP_PHASE_TLS)
    smtp_dialogue_say (self, reply);
  end (self);
  self->host->over (self->host_data);
}

void
smtp_dialogue_close (SmtpDialogue *self,
                     SmtpReply    *reply)
{
  if (self->phase != SMTP_PHASE_OVER)
    say_goodbye (self, reply);
}

/* Mistakes */

gboolean
smtp_dialogue_count_error (SmtpDialogue *self)
{
  guint max_errors = smtp_server_get_config (self->server)->max_errors;

  self->errors++;

  return max_errors != 0 && self->errors >= max_errors;
}

/* What is no command at all gets no request. */
void
smtp_dialogue_refuse (SmtpDialogue      *self,
                      SmtpStandardReply  reply)
{
  if (smtp_dialogue_count_error (self))
    say_goodbye (self, smtp_reply_standard (SMTP_REPLY_TOO_MANY_ERRORS));
  else
    smtp_dialogue_say (self, smtp_reply_standard (reply));
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
  g_clear_pointer (&self->body, smtp_body_free);
  g_clear_object (&self->envelope);
  self->chunking = self->chunking_failed = self->chunk_is_kept = FALSE;
  self->envelope_is_new = FALSE;
  self->refused_recipients = 0;
}

/* Commands */

static void greet (SmtpDialogue *self);

static gboolean
is_success (SmtpDialogue *self,
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

  /* Nobody has made ready for the octets of the chunk: they would be lost. */
  if (self->command.offset == smtp_command_bdat_offset && self->effect == NULL && self->body == NULL)
    return TRUE;

  /* Likewise for the handshake. */
  if (self->command.offset == smtp_command_starttls_offset && !self->starts_tls)
    return TRUE;

  return !is_success (self, reply) || (self->command.asks_more && self->effect == NULL);
}

/* The answer that goes out: what a program said, made to fit the command. */
static SmtpReply *
fix_answer (SmtpDialogue *self,
            SmtpReply    *answer)
{
  if (is_misleading (self, answer))
    {
      g_warning ("%u is no answer to %s; the client gets 451", smtp_reply_get_code (answer),
                 smtp_request_get_verb (self->request));
      return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_INTERNAL_ERROR));
    }

  return self->command.adds_status ? smtp_reply_with_status (answer) : smtp_reply_ref (answer);
}

/* State follows what the client is told. */
static void
take_effect (SmtpDialogue *self,
             SmtpReply    *reply)
{
  gboolean success = is_success (self, reply);

  if (success && self->effect != NULL && self->effect->apply != NULL)
    self->effect->apply (self, self->request);

  if (self->phase == SMTP_PHASE_START)
    self->phase = success ? SMTP_PHASE_COMMAND : SMTP_PHASE_REFUSED;

  if (success && self->starts_tls)
    self->phase = SMTP_PHASE_TLS;
  self->starts_tls = FALSE;

  if (!success && self->command.offset == smtp_command_rcpt_offset)
    self->refused_recipients++;

  if (self->message_ended)
    smtp_dialogue_drop_envelope (self);
  else if (self->envelope_is_new && (!success || !smtp_envelope_is_begun (self->envelope)))
    smtp_dialogue_drop_envelope (self);
  self->message_ended = FALSE;
  self->envelope_is_new = FALSE;
}

/* The end of a message has an answer for each recipient in LMTP, RFC 2033 section 4.2. */
static void
say_answer (SmtpDialogue *self,
            SmtpRequest  *request,
            SmtpReply    *reply)
{
  guint n = smtp_request_get_n_recipients (request);

  if (n == 0 || smtp_reply_get_code (reply) == 421)
    smtp_dialogue_say (self, reply);

  for (guint i = 0; i < n && smtp_reply_get_code (reply) != 421; i++)
    {
      g_autoptr (SmtpReply) own = smtp_request_get_recipient_answer (request, i);
      g_autoptr (SmtpReply) fixed = own != NULL ? fix_answer (self, own) : smtp_reply_ref (reply);

      smtp_dialogue_say (self, fixed);
    }
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
        greet (self);
    }
}

static void
finish (SmtpDialogue *self)
{
  g_autoptr (SmtpReply) answer = smtp_request_get_answer (self->request);
  g_autoptr (SmtpReply) reply = fix_answer (self, answer);
  g_autoptr (SmtpRequest) request = NULL;
  gboolean ends = smtp_reply_get_code (reply) == 421;
  gboolean success = is_success (self, reply);
  gboolean is_chunk = self->command.offset == smtp_command_bdat_offset;

  take_effect (self, reply);
  ends |= self->close_after;
  is_chunk &= !ends;
  request = g_steal_pointer (&self->request);
  if (!is_chunk && (!self->command.is_silent || ends))
    say_answer (self, request, reply);
  smtp_stages_clear (self);

  self->depth++;
  smtp_request_finish (request, reply);
  self->depth--;

  if (ends)
    say_goodbye (self, NULL);
  else if (self->phase == SMTP_PHASE_TLS)
    end_tls_stage (self, success);
  else if (is_chunk)
    smtp_message_begin_chunk (self, reply, success);
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
    finish (self);
}

/* Who was refused by the hook of the handshake is not asked about again. */
static void
greet (SmtpDialogue *self)
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

void
smtp_dialogue_start (SmtpDialogue *self)
{
  greet (self);
  arm (self);
}

void
smtp_dialogue_expect_tls (SmtpDialogue *self)
{
  self->phase = SMTP_PHASE_TLS;
  arm (self);
}

void
smtp_dialogue_begin_tls (SmtpDialogue *self,
                         SmtpTlsInfo  *info)
{
  smtp_session_begin_tls (self->session, info);
  self->line_reader = (SmtpLineReader) { 0 };
  smtp_dialogue_run (self, &smtp_command_handshake, "", "", 0);
  arm (self);
}

void
smtp_dialogue_resume (SmtpDialogue *self,
                      SmtpRequest  *request)
{
  if (self->request != request || self->depth > 0)
    return;

  if (smtp_stages_resume (self))
    finish (self);
  arm (self);
  self->host->resume (self->host_data);
}

void
smtp_dialogue_time_out (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_OVER)
    return;

  if (self->request == NULL)
    {
      say_goodbye (self, smtp_reply_standard (SMTP_REPLY_TIMEOUT));
      return;
    }

  if (smtp_stages_time_out (self))
    finish (self);
  arm (self);
  self->host->resume (self->host_data);
}

/* Lines */

/* RFC 3207 section 4 leaves these. */
static gboolean
lacks_tls (SmtpDialogue      *self,
           const SmtpCommand *command)
{
  return smtp_server_get_config (self->server)->require_tls &&
         smtp_session_get_tls_info (self->session) == NULL &&
         !command->is_for_clear;
}

static void
refuse_in_clear (SmtpServer  *server,
                 SmtpSession *session,
                 SmtpRequest *request,
                 const char  *argument)
{
  smtp_dialogue_refuse_request (smtp_request_get_dialogue (request), request, SMTP_REPLY_TLS_FIRST);
}

static void
dispatch (SmtpDialogue          *self,
          const SmtpCommandLine *line,
          gsize                  line_length)
{
  const SmtpCommand *command = smtp_command_table_lookup (smtp_server_get_commands (self->server), line->verb);
  SmtpCommand refused = { .method = refuse_in_clear, .adds_status = TRUE };

  if (command == NULL || (command->protocols & (self->is_lmtp ? SMTP_ONLY : LMTP_ONLY)))
    command = &smtp_command_unknown;

  if (line_length + strlen ("\r\n") > COMMAND_LINE_MAX + command->line_extra)
    smtp_dialogue_refuse (self, SMTP_REPLY_LINE_TOO_LONG);
  else if (self->phase == SMTP_PHASE_REFUSED && command->offset != smtp_command_quit_offset)
    smtp_dialogue_refuse (self, self->tls_refused ? SMTP_REPLY_TLS_REFUSED : SMTP_REPLY_ONLY_QUIT);
  else
    {
      if (command->offset == smtp_command_mail_offset)
        smtp_dialogue_ensure_envelope (self);
      if (command->offset == smtp_command_bdat_offset && !smtp_bdat_parse (self, line))
        return;
      if (lacks_tls (self, command))
        {
          refused.offset = command->offset;
          command = &refused;
        }
      smtp_dialogue_run (self, command, line->verb, line->argument, line->argument_length);
    }
}

static void
take_command (SmtpDialogue *self,
              const char   *data,
              gsize         length)
{
  SmtpCommandLine line;

  log_octets (self, ">", data, length);

  switch (smtp_command_parse (data, length, &line))
    {
    case SMTP_COMMAND_OK:
      if (smtp_command_is_foreign (data, length, TRUE))
        say_goodbye (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      else
        dispatch (self, &line, length);
      break;
    case SMTP_COMMAND_CONTROL:
      smtp_dialogue_refuse (self, SMTP_REPLY_CONTROL_CHARACTER);
      break;
    case SMTP_COMMAND_NOT_UTF8:
      smtp_dialogue_refuse (self, SMTP_REPLY_NOT_UTF8);
      break;
    case SMTP_COMMAND_EMPTY:
    case SMTP_COMMAND_BAD_VERB:
    default:
      if (smtp_command_is_foreign (data, length, TRUE))
        say_goodbye (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      else
        smtp_dialogue_refuse (self, SMTP_REPLY_NOT_A_COMMAND);
      break;
    }
}

static gsize
take_line (SmtpDialogue *self,
           const char   *data,
           gsize         size)
{
  const SmtpServerConfig *config = smtp_server_get_config (self->server);
  SmtpLineStatus status;
  gsize length, consumed;

  /* Another protocol may never send an end of line: its first octet tells. */
  if (!self->line_seen && smtp_command_is_foreign (data, size, FALSE))
    {
      say_goodbye (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      return size;
    }

  status = smtp_line_reader_next (&self->line_reader, data, size,
                                  COMMAND_LINE_MAX + SMTP_COMMAND_EXTRA_MAX, &length, &consumed);
  self->line_seen |= consumed > 0;

  switch (status)
    {
    case SMTP_LINE_NONE:
      break;
    case SMTP_LINE_OK:
      take_command (self, data, length);
      break;
    case SMTP_LINE_BARE_LF:
    case SMTP_LINE_BARE_CR:
      /* A CR inside is a control character, which no command may have anyway. */
      if (config->bare_newlines == SMTP_BARE_NEWLINES_PASS)
        take_command (self, data, length);
      else
        smtp_dialogue_refuse (self, SMTP_REPLY_BARE_NEWLINE);
      break;
    case SMTP_LINE_TOO_LONG:
      smtp_dialogue_refuse (self, SMTP_REPLY_LINE_TOO_LONG);
      break;
    case SMTP_LINE_ENDLESS:
    default:
      say_goodbye (self, smtp_reply_standard (SMTP_REPLY_LINE_TOO_LONG));
      break;
    }

  return consumed;
}

/* Input */

gsize
smtp_dialogue_input (SmtpDialogue *self,
                     const char   *data,
                     gsize         size,
                     guint        *budget)
{
  gsize used = 0;

  while (used < size && *budget > 0 && smtp_dialogue_is_ready (self))
    {
      gsize consumed;

      if (self->phase == SMTP_PHASE_DATA)
        consumed = smtp_message_take_text (self, data + used, size - used);
      else if (self->phase == SMTP_PHASE_CHUNK)
        consumed = smtp_message_take_chunk (self, data + used, size - used);
      else
        consumed = take_line (self, data + used, size - used);
      if (consumed == 0)
        break;

      used += consumed;
      (*budget)--;
    }

  arm (self);

  return used;
}
