/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply-reader.h"

#include <string.h>

#define CODE_LENGTH 3

void
smtp_reply_reader_init (SmtpReplyReader *self)
{
  self->line = g_string_new (NULL);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->size = 0;
  self->code = 0;
  self->status = SMTP_REPLY_READ_MORE;
}

void
smtp_reply_reader_clear (SmtpReplyReader *self)
{
  g_string_free (self->line, TRUE);
  g_ptr_array_unref (self->lines);
}

static void
start_over (SmtpReplyReader *self)
{
  g_ptr_array_set_size (self->lines, 0);
  self->size = 0;
  self->code = 0;
  self->status = SMTP_REPLY_READ_MORE;
}

/* 0 if there is none. 1yz is no code of SMTP. */
static guint
parse_code (const GString *line)
{
  const char *text = line->str;

  if (line->len < CODE_LENGTH || text[0] < '2' || text[0] > '5' ||
      !g_ascii_isdigit (text[1]) || !g_ascii_isdigit (text[2]))
    return 0;

  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

/* The line is complete, without its CRLF. Its end may stand right behind the code: there are
 * servers that leave the space out with the text. */
static SmtpReplyReadStatus
end_line (SmtpReplyReader *self)
{
  const GString *line = self->line;
  guint code = parse_code (line);
  char separator = line->str[MIN (CODE_LENGTH, line->len)];
  const char *text;

  if (code == 0 || (self->code != 0 && code != self->code) ||
      self->lines->len >= SMTP_REPLY_READER_LINES_MAX ||
      (separator != ' ' && separator != '-' && separator != '\0'))
    return SMTP_REPLY_READ_ERROR;

  text = line->str + CODE_LENGTH + (separator != '\0' ? 1 : 0);
  g_ptr_array_add (self->lines, g_strdup (text));
  self->code = code;
  if (separator == '-')
    return SMTP_REPLY_READ_MORE;

  g_ptr_array_add (self->lines, NULL);

  return SMTP_REPLY_READ_DONE;
}

static SmtpReplyReadStatus
take_lf (SmtpReplyReader *self)
{
  GString *line = self->line;
  SmtpReplyReadStatus status;

  /* A bare LF may be an attempt to make one line look like two. */
  if (line->len == 0 || line->str[line->len - 1] != '\r')
    return SMTP_REPLY_READ_ERROR;

  g_string_truncate (line, line->len - 1);
  status = end_line (self);
  g_string_truncate (line, 0);

  return status;
}

static SmtpReplyReadStatus
take_octet (SmtpReplyReader *self,
            guint8           octet)
{
  GString *line = self->line;

  self->size++;
  if (line->len + 1 > SMTP_REPLY_READER_LINE_MAX || self->size > SMTP_REPLY_READER_SIZE_MAX)
    return SMTP_REPLY_READ_ERROR;

  if (octet == '\n')
    return take_lf (self);
  if (octet == '\0' || (line->len > 0 && line->str[line->len - 1] == '\r'))
    return SMTP_REPLY_READ_ERROR;

  g_string_append_c (line, (char) octet);

  return SMTP_REPLY_READ_MORE;
}

SmtpReplyReadStatus
smtp_reply_reader_feed (SmtpReplyReader *self,
                        const guint8    *data,
                        gsize            size,
                        gsize           *consumed)
{
  gsize i = 0;

  if (self->status == SMTP_REPLY_READ_DONE)
    start_over (self);

  while (i < size && self->status == SMTP_REPLY_READ_MORE)
    self->status = take_octet (self, data[i++]);

  *consumed = i;

  return self->status;
}

guint
smtp_reply_reader_get_code (SmtpReplyReader *self)
{
  return self->code;
}

const char * const *
smtp_reply_reader_get_lines (SmtpReplyReader *self)
{
  return (const char * const *) self->lines->pdata;
}
