/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-message.h"

#include "smtp-commands.h"
#include "smtp-envelope-private.h"
#include "smtp-events.h"

/* Bodies */

static void end_message (SmtpDialogue *self);
static void end_chunk   (SmtpDialogue *self);

/* The body takes more, or is complete. */
static void
on_body (gpointer owner)
{
  SmtpDialogue *self = owner;
  /* What is called here may drop the last reference. */
  g_autoptr (SmtpServer) server = g_object_ref (self->server);

  if (self->phase == SMTP_PHASE_ENDING)
    end_message (self);
  self->host->resume (self->host_data);
}

static void
open_body (SmtpDialogue *self)
{
  g_autoptr (GOutputStream) stream = smtp_server_open_body (self->server, self->session, self->envelope);

  smtp_envelope_set_body_stream (self->envelope, stream);
  smtp_hop_counter_init (&self->hops);
  self->body = smtp_body_new (self->server, stream, on_body, self);
}

void
smtp_message_begin_data (SmtpDialogue *self)
{
  self->phase = SMTP_PHASE_DATA;
  smtp_dot_decoder_init (&self->decoder);
  open_body (self);
}

void
smtp_message_begin_chunks (SmtpDialogue *self)
{
  self->chunking = TRUE;
  open_body (self);
}

/* The end */

static void
refuse_message (SmtpDialogue      *self,
                SmtpStandardReply  reply)
{
  self->phase = SMTP_PHASE_COMMAND;
  smtp_events_refuse_message (self, smtp_reply_standard (reply));
  smtp_dialogue_drop_envelope (self);
  smtp_dialogue_refuse (self, reply);
}

static gboolean
is_no_space (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

/* In place of the method of the message, which must not be asked for what was lost. */
static void
fail_message (SmtpServer  *server,
              SmtpSession *session,
              SmtpRequest *request,
              const char  *argument)
{
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  const GError *error = smtp_body_get_error (self->body);

  if (is_no_space (error))
    smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_NO_SPACE));
  else
    smtp_request_fail (request, error);
}

/* The message is complete: somebody must take it. */
static void
end_message (SmtpDialogue *self)
{
  static const SmtpCommand failure = { .method = fail_message, .adds_status = TRUE };
  gboolean failed = smtp_body_get_error (self->body) != NULL;

  self->phase = SMTP_PHASE_COMMAND;
  self->message_ended = TRUE;
  if (!failed)
    smtp_envelope_set_content (self->envelope, smtp_body_get_content (self->body));

  smtp_dialogue_run (self, failed ? &failure : &smtp_command_message,
                     self->chunking ? "BDAT" : "DATA", "", 0);
}

static gboolean
goes_in_circles (SmtpDialogue *self)
{
  guint max_hops = self->config->max_hops;

  return max_hops != 0 && self->hops.n_hops > max_hops;
}

static gboolean
has_big_header (SmtpDialogue *self)
{
  guint max_size = smtp_server_get_config (self->server)->limits.max_header_size;

  return max_size != 0 && self->hops.size > max_size;
}

static void
end_body (SmtpDialogue *self)
{
  if (goes_in_circles (self))
    refuse_message (self, SMTP_REPLY_TOO_MANY_HOPS);
  else if (has_big_header (self))
    refuse_message (self, SMTP_REPLY_HEADER_TOO_BIG);
  else if (smtp_body_end (self->body))
    end_message (self);
  else
    self->phase = SMTP_PHASE_ENDING;
}

/* DATA */

static void
end_text (SmtpDialogue *self)
{
  const SmtpServerConfig *config = self->config;
  SmtpDotDecoder *decoder = &self->decoder;

  if (smtp_body_is_too_big (self->body))
    refuse_message (self, SMTP_REPLY_TOO_BIG);
  else if (decoder->bare_newline && config->bare_newlines == SMTP_BARE_NEWLINES_REJECT)
    refuse_message (self, SMTP_REPLY_TEXT_BARE_NEWLINE);
  else if (config->text_line_limit != 0 && decoder->longest_line > config->text_line_limit)
    refuse_message (self, SMTP_REPLY_TEXT_LINE_TOO_LONG);
  else
    end_body (self);
}

static void
append (const guint8 *data,
        gsize         size,
        gpointer      user_data)
{
  SmtpDialogue *self = user_data;

  smtp_hop_counter_feed (&self->hops, data, size);
  smtp_body_append (self->body, data, size);
}

gsize
smtp_message_take_text (SmtpDialogue *self,
                        const char   *data,
                        gsize         size)
{
  gsize consumed;
  gboolean ended;

  ended = smtp_dot_decoder_feed (&self->decoder, (const guint8 *) data, size, &consumed,
                                 append, self);
  if (smtp_body_is_hopeless (self->body))
    {
      smtp_events_refuse_message (self, smtp_reply_standard (SMTP_REPLY_TOO_BIG));
      smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_TOO_BIG));
    }
  else if (ended)
    end_text (self);

  return consumed;
}

/* BDAT, RFC 3030 */

/* What the program has fetched is in memory already: it need not wait for the body to be ready. */
static void
take_content (SmtpDialogue *self,
              GBytes       *content)
{
  guint64 limit = self->config->data_size_limit;
  gsize size;
  const guint8 *data = g_bytes_get_data (content, &size);

  if (limit == 0 || smtp_body_get_size (self->body) + size <= limit)
    {
      append (data, size, self);
      return;
    }

  self->chunk_is_kept = FALSE;
  g_clear_pointer (&self->chunk_reply, smtp_reply_unref);
  self->chunk_reply = smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_TOO_BIG));
}

void
smtp_message_begin_chunk (SmtpDialogue *self,
                          SmtpReply    *reply,
                          gboolean      keep,
                         GBytes       *content)
{
  g_clear_pointer (&self->chunk_reply, smtp_reply_unref);
  self->chunk_reply = smtp_reply_ref (reply);
  self->chunk_is_kept = keep && self->body != NULL;
  self->phase = SMTP_PHASE_CHUNK;

  if (content != NULL && self->chunk_is_kept)
    take_content (self, content);
  if (self->chunk_left == 0)
    end_chunk (self);
}

/* A message of which a piece is missing can only be given up, be it the first one: RFC 3030 section 2 has clients
 * say RSET then, and those chunks discarded that are on their way already. With the last of them the
 * transaction is over. */
static void
end_swallowed_chunk (SmtpDialogue *self,
                     SmtpReply    *reply)
{
  if (self->envelope == NULL)
    return;

  self->chunking_failed = TRUE;
  smtp_events_refuse_message (self, reply);
  if (self->chunk_is_last)
    smtp_dialogue_drop_envelope (self);
}

/* The body could not keep what came before: better now than after the last chunk. */
static void
fail_chunk (SmtpDialogue *self)
{
  gboolean no_space = is_no_space (smtp_body_get_error (self->body));
  SmtpReply *reply = smtp_reply_standard (no_space ? SMTP_REPLY_NO_SPACE : SMTP_REPLY_INTERNAL_ERROR);

  self->chunking_failed = TRUE;
  smtp_events_refuse_message (self, reply);
  smtp_dialogue_say (self, reply);
}

/* A chunk was looked at before it came, but by the limit of that time: the message has that of when it began. */
static void
end_last_chunk (SmtpDialogue *self)
{
  if (smtp_body_is_too_big (self->body))
    refuse_message (self, SMTP_REPLY_TOO_BIG);
  else
    end_body (self);
}

static void
end_chunk (SmtpDialogue *self)
{
  g_autoptr (SmtpReply) reply = g_steal_pointer (&self->chunk_reply);

  self->phase = SMTP_PHASE_COMMAND;

  if (self->chunk_is_kept && self->chunk_is_last)
    end_last_chunk (self);
  else if (self->chunk_is_kept && smtp_body_get_error (self->body) != NULL)
    fail_chunk (self);
  else
    {
      if (!self->chunk_is_kept)
        end_swallowed_chunk (self, reply);
      smtp_dialogue_say (self, reply);
    }
}

gsize
smtp_message_take_chunk (SmtpDialogue *self,
                         const char   *data,
                         gsize         size)
{
  gsize taken = MIN (size, self->chunk_left);

  if (self->chunk_is_kept)
    append ((const guint8 *) data, taken, self);
  self->chunk_left -= taken;
  if (self->chunk_left == 0)
    end_chunk (self);

  return taken;
}
