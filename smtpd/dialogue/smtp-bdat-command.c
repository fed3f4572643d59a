/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-bdat-command.h"

#include <string.h>

#include "smtp-envelope-private.h"
#include "smtp-message.h"
#include "smtp-stages.h"

/* BDAT, RFC 3030 section 2: "BDAT" SP chunk-size [ SP "LAST" ]. */

gboolean
smtp_bdat_is_line (const char *data,
                   gsize       length)
{
  static const char verb[] = "BDAT";
  gsize begin = 0;

  while (begin < length && (data[begin] == ' ' || data[begin] == '\t'))
    begin++;

  return length - begin >= strlen (verb) && g_ascii_strncasecmp (data + begin, verb, strlen (verb)) == 0 &&
         (length - begin == strlen (verb) || !g_ascii_isalnum (data[begin + strlen (verb)]));
}

static gboolean
parse_chunk (const char *text,
             gsize       length,
             guint64    *size,
             gboolean   *last)
{
  const char *space = memchr (text, ' ', length);
  g_autofree char *digits = g_strndup (text, space != NULL ? (gsize) (space - text) : length);
  g_autofree char *rest = space != NULL ? g_strndup (space, length - (space - text)) : g_strdup ("");

  g_strchug (rest);
  *last = g_ascii_strcasecmp (rest, "LAST") == 0;

  /* No client has so much to say that the octets behind an overflow could be meant. */
  return g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, size, NULL) &&
         (*last || *rest == '\0');
}

gboolean
smtp_bdat_parse (SmtpDialogue          *self,
                 const SmtpCommandLine *line)
{
  gboolean last;

  if (!parse_chunk (line->argument, line->argument_length, &self->chunk_left, &last))
    {
      smtp_dialogue_close (self, smtp_reply_standard (SMTP_REPLY_BDAT_SYNTAX));
      return FALSE;
    }

  self->chunk_is_last = last;

  return TRUE;
}

/* A chunk that would make the message too big need not be waited for. */
static gboolean
is_beyond (SmtpDialogue *self,
           guint64       limit)
{
  guint64 size = self->body != NULL ? smtp_body_get_size (self->body) : 0;

  return self->chunk_left > limit || size > limit - self->chunk_left;
}

static SmtpReply *
answer_bdat (SmtpDialogue *self,
             SmtpRequest  *request)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT " octets received", self->chunk_left);

  return smtp_reply_new (250, text);
}

static void
apply_bdat (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_message_begin_chunks (self);
}

static SmtpStandardReply
check_bdat (SmtpDialogue *self)
{
  guint64 limit = self->config->data_size_limit;

  if (limit != 0 && is_beyond (self, limit))
    {
      self->chunking_failed |= self->envelope != NULL;
      self->close_after = self->chunk_left > limit && self->chunk_left - limit > limit;
      return SMTP_REPLY_TOO_BIG;
    }
  if (self->envelope == NULL)
    return SMTP_REPLY_MAIL_FIRST;
  if (self->chunking_failed)
    return SMTP_REPLY_CHUNKS_SPOILT;
  if (smtp_envelope_get_n_recipients (self->envelope) == 0)
    return self->refused_recipients > 0 ? SMTP_REPLY_NO_RECIPIENTS : SMTP_REPLY_RCPT_FIRST;

  return SMTP_N_STANDARD_REPLIES;
}

void
smtp_bdat_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_bdat, apply_bdat };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  g_autoptr (SmtpReply) reply = NULL;
  SmtpStandardReply wrong;

  if (self == NULL)
    return;

  wrong = check_bdat (self);
  /* An empty chunk that is not the last brings nothing: without end, it is an attack. */
  if (self->chunk_left == 0 && !self->chunk_is_last && smtp_dialogue_count_error (self))
    wrong = SMTP_REPLY_TOO_MANY_ERRORS;
  if (wrong != SMTP_N_STANDARD_REPLIES)
    {
      smtp_dialogue_refuse_request (self, request, wrong);
      return;
    }

  /* The first chunk begins the message, and may be refused as DATA may. */
  if (self->body == NULL)
    {
      smtp_stages_run_hooks (request, SMTP_HOOK_DATA_BEGIN, &effect);
      return;
    }

  reply = answer_bdat (self, request);
  smtp_request_send_reply (request, reply);
}
