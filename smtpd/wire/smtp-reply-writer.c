/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply-writer.h"

#include <string.h>

/* "250-", "2.123.456 " */
#define PREFIX_MAX (4 + 10)

/* One reply on its way out. */
typedef struct
{
  GString *out;
  char     prefix[PREFIX_MAX];  /* of every line, with the hyphen */
  gsize    prefix_length;
  gsize    text_max;            /* what a line has room for behind it */
  gsize    last_line;           /* where in @out the latest line begins */
  guint    n_lines;
} ReplyWriter;

gboolean
smtp_reply_code_is_valid (guint code)
{
  return code >= 200 && code <= 559 && code / 10 % 10 <= 5;
}

/* "0", or up to three digits without a zero in front. */
static gsize
number_length (const char *text)
{
  gsize i = 0;

  if (text[0] == '0')
    return 1;

  while (i < 3 && g_ascii_isdigit (text[i]))
    i++;

  return i;
}

/* The next character as it is sent: at *clean, *clean_length octets. Returns how
 * many octets of @text it stands for. */
static gsize
next_character (const char  *text,
                gsize        length,
                const char **clean,
                gsize       *clean_length)
{
  gunichar character = (guchar) text[0];
  gsize    size = 1;

  *clean = text;
  *clean_length = 1;

  if (character >= 0x80)
    {
      character = g_utf8_get_char_validated (text, MIN (length, 4));
      if (character == (gunichar) -1 || character == (gunichar) -2)
        {
          *clean = "?";
          return 1;
        }
      size = g_unichar_to_utf8 (character, NULL);
    }

  if (character < 0x20 || (character >= 0x7f && character < 0xa0))
    *clean = " ";
  else
    *clean_length = size;

  return size;
}

gsize
smtp_reply_space_length (const char *text)
{
  const char *clean;
  gsize       clean_length;
  gsize       size;

  if (*text == '\0')
    return 0;

  size = next_character (text, strlen (text), &clean, &clean_length);

  return *clean == ' ' ? size : 0;
}

gsize
smtp_status_length (const char *text)
{
  gsize length = 1;
  guint i;

  if (text == NULL || (text[0] != '2' && text[0] != '4' && text[0] != '5'))
    return 0;

  for (i = 0; i < 2; i++)
    {
      gsize digits;

      if (text[length] != '.')
        return 0;

      digits = number_length (text + length + 1);
      if (digits == 0)
        return 0;

      length += 1 + digits;
    }

  return text[length] == '\0' || smtp_reply_space_length (text + length) > 0 ? length : 0;
}

static const char *
default_text (guint code)
{
  switch (code / 100)
    {
    case 2:
      return "OK";

    case 3:
      return "Go ahead";

    case 4:
      return "Try again later";

    default:
      return "Refused";
    }
}

static void
begin_line (ReplyWriter *self)
{
  self->last_line = self->out->len;
  self->n_lines++;
  g_string_append_len (self->out, self->prefix, self->prefix_length);
}

static void
end_line (ReplyWriter *self)
{
  g_string_append_len (self->out, "\r\n", 2);
}

static gboolean
is_plain (const char *text,
          gsize       length)
{
  gsize i;

  for (i = 0; i < length; i++)
    {
      if (!g_ascii_isprint (text[i]))
        return FALSE;
    }

  return TRUE;
}

/* How many octets of @text go on the line that is begun; *skip says how many
 * behind them (the space that the line is split at) go nowhere. */
static gsize
measure_piece (const ReplyWriter *self,
               const char        *text,
               gsize              length,
               gsize             *skip)
{
  gsize used = 0;
  gsize word_end = 0;
  gsize word_skip = 0;
  gsize i = 0;

  while (i < length)
    {
      const char *clean;
      gsize       clean_length;
      gsize       size = next_character (text + i, length - i, &clean, &clean_length);

      if (*clean == ' ' && i > 0)
        {
          word_end = i;
          word_skip = size;
        }

      if (used + clean_length > self->text_max)
        {
          *skip = word_skip;
          return word_end > 0 ? word_end : i;
        }

      used += clean_length;
      i += size;
    }

  *skip = 0;
  return length;
}

static void
append_clean (GString    *out,
              const char *text,
              gsize       length)
{
  gsize i = 0;

  while (i < length)
    {
      const char *clean;
      gsize       clean_length;

      i += next_character (text + i, length - i, &clean, &clean_length);
      g_string_append_len (out, clean, clean_length);
    }
}

static void
write_text (ReplyWriter *self,
            const char  *text)
{
  gsize length = strlen (text);

  if (length <= self->text_max && is_plain (text, length))
    {
      begin_line (self);
      g_string_append_len (self->out, text, length);
      end_line (self);
      return;
    }

  do
    {
      gsize skip;
      gsize piece = measure_piece (self, text, length, &skip);

      begin_line (self);
      append_clean (self->out, text, piece);
      end_line (self);

      text += piece + skip;
      length -= piece + skip;
    }
  while (length > 0 && self->n_lines < SMTP_REPLY_LINES_MAX);
}

static void
init_prefix (ReplyWriter *self,
             guint        code,
             const char  *status,
             gsize        status_length)
{
  self->prefix[0] = (char) ('0' + code / 100);
  self->prefix[1] = (char) ('0' + code / 10 % 10);
  self->prefix[2] = (char) ('0' + code % 10);
  self->prefix[3] = '-';
  self->prefix_length = 4;

  /* RFC 2034 section 4: the status code comes first, a space behind it. */
  if (status != NULL)
    {
      memcpy (self->prefix + 4, status, status_length);
      self->prefix[4 + status_length] = ' ';
      self->prefix_length += status_length + 1;
    }

  self->text_max = SMTP_REPLY_LINE_MAX - 2 - self->prefix_length;
}

void
smtp_reply_write (GString            *out,
                  guint               code,
                  const char         *status,
                  const char * const *lines)
{
  ReplyWriter writer = { .out = out };
  gsize       status_length = smtp_status_length (status);
  gsize       i;

  g_return_if_fail (out != NULL);
  g_return_if_fail (smtp_reply_code_is_valid (code));
  g_return_if_fail (status == NULL || (status_length > 0 && status[status_length] == '\0'));

  init_prefix (&writer, code, status, status_length);

  /* There are clients that choke on a code with nothing behind it. */
  if (lines == NULL || lines[0] == NULL || (lines[0][0] == '\0' && lines[1] == NULL))
    write_text (&writer, default_text (code));
  else
    for (i = 0; lines[i] != NULL && writer.n_lines < SMTP_REPLY_LINES_MAX; i++)
      write_text (&writer, lines[i]);

  /* Only now is it known which line is the last. */
  out->str[writer.last_line + 3] = ' ';
}
