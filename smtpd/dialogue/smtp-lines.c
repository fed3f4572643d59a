/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-lines.h"

#include <string.h>

#include "smtp-auth-command.h"
#include "smtp-bdat-command.h"
#include "smtp-commands.h"
#include "smtp-events.h"
#include "smtp-profile.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-text.h"

/* RFC 5321 section 4.5.3.1.4, with the CRLF. */
#define COMMAND_LINE_MAX 512
#define AUTH_LINE_MAX (COMMAND_LINE_MAX + SMTP_AUTH_LINE_EXTRA)

/* Of a line from the wire, so much is logged. */
#define LOG_MAX 1024

/* A client's line, without what is nobody's business. */
static void
log_line (SmtpDialogue *self,
          const char   *data,
          gsize         length)
{
  g_autoptr (GString) line = NULL;

  if (!self->config->log_dialogue)
    return;

  line = g_string_new (NULL);
  if (self->phase == SMTP_PHASE_AUTH)
    g_string_append (line, "***");
  else if (smtp_auth_is_auth_line (data, length))
    smtp_auth_redact (line, data, length);
  else
    smtp_text_escape (line, data, length, LOG_MAX);
  g_debug ("session %" G_GUINT64_FORMAT " > %s", smtp_session_get_id (self->session), line->str);
}

/* RFC 3207 section 4 leaves these. */
static gboolean
lacks_tls (SmtpDialogue      *self,
           const SmtpCommand *command)
{
  return self->config->require_tls &&
         smtp_session_get_tls_info (self->session) == NULL &&
         !command->is_for_clear;
}

/* RFC 4954 section 6 leaves these, and those by which to get there. */
static gboolean
lacks_auth (SmtpDialogue      *self,
            const SmtpCommand *command)
{
  return (self->is_submission || self->config->auth.required) &&
         !smtp_session_get_authenticated (self->session) &&
         (!command->is_for_strangers || (smtp_dialogue_is_foreign (self) && smtp_profile_keeps_from_strangers (command)));
}

static void
refuse_stranger (SmtpServer  *server,
                 SmtpSession *session,
                 SmtpRequest *request,
                 const char  *argument)
{
  smtp_dialogue_refuse_request (smtp_request_get_dialogue (request), request, SMTP_REPLY_AUTH_FIRST);
}

static void
refuse_in_clear (SmtpServer  *server,
                 SmtpSession *session,
                 SmtpRequest *request,
                 const char  *argument)
{
  smtp_dialogue_refuse_request (smtp_request_get_dialogue (request), request, SMTP_REPLY_TLS_FIRST);
}

/* FALSE if that was the last one. */
static gboolean
count_command (SmtpDialogue      *self,
               const SmtpCommand *command,
               const char        *verb)
{
  guint max_junk = smtp_server_get_config (self->server)->limits.max_junk_commands;

  if (!smtp_server_count_command (self->server, verb, &self->command_counts))
    {
      smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_TOO_MANY_COMMANDS));
      return FALSE;
    }

  if (!command->is_junk || max_junk == 0 || ++self->junk <= max_junk || !smtp_dialogue_count_error (self))
    return TRUE;

  smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_TOO_MANY_ERRORS));

  return FALSE;
}

/* Of a line that is longer than any without extensions. */
static gboolean
is_too_long (SmtpDialogue      *self,
             const SmtpCommand *command,
             gsize              line_length)
{
  gboolean is_rcpt = command->offset == smtp_command_rcpt_offset;
  guint extra = command->line_extra;

  if (is_rcpt || command->offset == smtp_command_mail_offset)
    extra += smtp_extensions_get_line_extra (self->server, self->session, is_rcpt);

  return line_length + strlen ("\r\n") > COMMAND_LINE_MAX + extra;
}

static const SmtpCommand *
look_up (SmtpDialogue *self,
         const char   *verb)
{
  const SmtpCommand *command = smtp_command_table_lookup (smtp_server_get_commands (self->server), verb);

  if (command == NULL || (command->protocols & (self->is_lmtp ? SMTP_ONLY : LMTP_ONLY)) ||
      ((command->extension != SMTP_ESMTP_NONE || command->own_extension != NULL) &&
       !smtp_extensions_has_command (self->server, self->session, command)))
    return &smtp_command_unknown;

  return command;
}

/* Behind a BDAT that nobody can read there are octets all the same, which are no commands. */
static void
refuse_line (SmtpDialogue      *self,
             SmtpStandardReply  reply)
{
  if (self->line_is_bdat && look_up (self, "BDAT")->offset == smtp_command_bdat_offset)
    smtp_dialogue_close (self, smtp_reply_standard (reply));
  else
    smtp_dialogue_refuse (self, reply);
}

static void
dispatch (SmtpDialogue          *self,
          const SmtpCommandLine *line,
          gsize                  line_length)
{
  const SmtpCommand *command = look_up (self, line->verb);
  SmtpCommand refused = { .adds_status = TRUE };
  gsize argument_length = line->argument_length;

  if (!count_command (self, command, line->verb))
    return;

  if (line_length + strlen ("\r\n") > COMMAND_LINE_MAX && is_too_long (self, command, line_length))
    refuse_line (self, SMTP_REPLY_LINE_TOO_LONG);
  else if (self->phase == SMTP_PHASE_REFUSED && command->offset != smtp_command_quit_offset)
    refuse_line (self, self->tls_refused ? SMTP_REPLY_TLS_REFUSED : SMTP_REPLY_ONLY_QUIT);
  else
    {
      if (command->offset == smtp_command_mail_offset)
        smtp_dialogue_ensure_envelope (self);
      if (command->offset == smtp_command_bdat_offset && !smtp_bdat_parse (self, line))
        return;
      if (command->offset == smtp_command_auth_offset)
        argument_length = smtp_auth_parse (self, line);
      if (smtp_dialogue_is_foreign (self) && smtp_profile_bars (self, line->argument, line->argument_length))
        {
          smtp_dialogue_refuse (self, SMTP_REPLY_ARGUMENT_NOT_ASCII);
          return;
        }
      if (lacks_tls (self, command))
        refused.method = refuse_in_clear;
      else if (lacks_auth (self, command))
        refused.method = refuse_stranger;
      if (refused.method != NULL)
        {
          refused.offset = command->offset;
          refused.is_counted = command->is_counted;
          command = &refused;
        }
      smtp_dialogue_run (self, command, line->verb, line->argument, argument_length);
    }
}

static void
take_command (SmtpDialogue *self,
              const char   *data,
              gsize         length)
{
  SmtpCommandLine line;

  switch (smtp_command_parse (data, length, &line))
    {
    case SMTP_COMMAND_OK:
      if (smtp_command_is_foreign (data, length, TRUE))
        smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      else
        dispatch (self, &line, length);
      break;
    case SMTP_COMMAND_CONTROL:
      refuse_line (self, SMTP_REPLY_CONTROL_CHARACTER);
      break;
    case SMTP_COMMAND_NOT_UTF8:
      refuse_line (self, SMTP_REPLY_NOT_UTF8);
      break;
    case SMTP_COMMAND_EMPTY:
    case SMTP_COMMAND_BAD_VERB:
    default:
      if (smtp_command_is_foreign (data, length, TRUE))
        smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      else if (!smtp_dialogue_is_foreign (self) || !smtp_profile_refuse_word (self, data, length))
        refuse_line (self, SMTP_REPLY_NOT_A_COMMAND);
      break;
    }
}

static gboolean
passes_newlines (SmtpDialogue *self)
{
  return self->config->bare_newlines == SMTP_BARE_NEWLINES_PASS;
}

static void
take_command_line (SmtpDialogue   *self,
                   SmtpLineStatus  status,
                   const char     *data,
                   gsize           length)
{
  if (status == SMTP_LINE_OK)
    take_command (self, data, length);
  else if (status == SMTP_LINE_TOO_LONG)
    refuse_line (self, self->line_limit == AUTH_LINE_MAX ? SMTP_REPLY_AUTH_TOO_LONG : SMTP_REPLY_LINE_TOO_LONG);
  /* A CR inside is a control character, which no command may have anyway. */
  else if (passes_newlines (self))
    take_command (self, data, length);
  else
    refuse_line (self, SMTP_REPLY_BARE_NEWLINE);
}

/* The answer to a challenge. */
static void
take_auth_line (SmtpDialogue   *self,
                SmtpLineStatus  status,
                const char     *data,
                gsize           length)
{
  SmtpStandardReply wrong;

  self->phase = SMTP_PHASE_COMMAND;

  if (self->auth->refused)
    {
      smtp_dialogue_finish (self);
      return;
    }

  if (status == SMTP_LINE_OK || (status != SMTP_LINE_TOO_LONG && passes_newlines (self)))
    wrong = smtp_auth_take_response (self, data, length);
  else
    wrong = status == SMTP_LINE_TOO_LONG ? SMTP_REPLY_AUTH_TOO_LONG : SMTP_REPLY_BARE_NEWLINE;

  if (wrong != SMTP_N_STANDARD_REPLIES)
    {
      smtp_stages_refuse (self, wrong);
      smtp_dialogue_finish (self);
    }
  else if (smtp_stages_resume_mechanism (self))
    smtp_dialogue_finish (self);
}

/* The lines of AUTH may be longer than any other. */
static gsize
choose_limit (SmtpDialogue *self,
              const char   *data,
              gsize         size)
{
  if (self->phase == SMTP_PHASE_AUTH || smtp_auth_is_auth_line (data, size))
    return AUTH_LINE_MAX;

  return COMMAND_LINE_MAX + SMTP_COMMAND_EXTRA_MAX +
         self->config->esmtp.own_line_extra;
}

gsize
smtp_lines_take (SmtpDialogue *self,
                 const char   *data,
                 gsize         size)
{
  SmtpLineStatus status;
  gsize length, consumed;

  if (self->phase == SMTP_PHASE_DELAY)
    {
      g_info ("session %" G_GUINT64_FORMAT ": the client speaks before it is greeted",
              smtp_session_get_id (self->session));
      smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_EARLY));
      return size;
    }

  /* Another protocol may never send an end of line: its first octet tells. */
  if (!self->line_seen && smtp_command_is_foreign (data, size, FALSE))
    {
      smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_FOREIGN));
      return size;
    }

  /* Not in the middle of a line that is thrown away. */
  if (self->line_reader.swallowed == 0)
    {
      self->line_limit = choose_limit (self, data, size);
      self->line_is_bdat = smtp_bdat_is_line (data, size);
    }

  status = smtp_line_reader_next (&self->line_reader, data, size, self->line_limit, &length, &consumed);
  self->line_seen |= consumed > 0;

  if (status == SMTP_LINE_NONE)
    return consumed;

  if (status != SMTP_LINE_ENDLESS)
    log_line (self, data, length);

  if (status == SMTP_LINE_ENDLESS)
    smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_LINE_TOO_LONG));
  else if (self->phase == SMTP_PHASE_AUTH)
    take_auth_line (self, status, data, length);
  else
    {
      smtp_statistics_count (self->statistics, SMTP_COUNT_COMMANDS);
      take_command_line (self, status, data, length);
    }

  return consumed;
}
