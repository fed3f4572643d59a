/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-message-facts.h"

#include <string.h>

#include "smtp-field.h"

/* RFC 5322 gives it no limit of its own. Longer ones are not worth a line. */
#define ID_MAX 250

/* The line at the start of @data: with its line end, and without. */
static gsize
line_length (const char *data,
             gsize       length,
             gsize      *text_length)
{
  const char *lf = memchr (data, '\n', length);
  gsize line = lf != NULL ? (gsize) (lf + 1 - data) : length;

  *text_length = line;
  if (lf != NULL)
    {
      (*text_length)--;
      if (*text_length > 0 && data[*text_length - 1] == '\r')
        (*text_length)--;
    }

  return line;
}

static gboolean
is_good_line (const char *data,
              gsize       line,
              gsize       text_length)
{
  gboolean has_lf = line > 0 && data[line - 1] == '\n';

  return text_length <= SMTP_LINE_MAX &&
         (!has_lf || line - text_length == 2) &&
         memchr (data, '\0', text_length) == NULL &&
         memchr (data, '\r', text_length) == NULL;
}

void
smtp_text_examine (const char    *data,
                   gsize          length,
                   SmtpTextFacts *facts)
{
  facts->length = length;
  facts->is_lines = TRUE;
  facts->is_ascii = smtp_field_is_ascii (data, length);
  /* Without a NUL, which is_lines says. */
  facts->is_utf8 = facts->is_ascii || g_utf8_validate_len (data, length, NULL);

  for (gsize i = 0; i < length && facts->is_lines;)
    {
      gsize text_length;
      gsize line = line_length (data + i, length - i, &text_length);

      facts->is_lines = is_good_line (data + i, line, text_length);
      i += line;
    }
}

gsize
smtp_message_header_length (const char *data,
                            gsize       length)
{
  gsize i = 0;

  while (i < length)
    {
      gsize text_length;
      gsize line = line_length (data + i, length - i, &text_length);

      if (text_length == 0)
        return i;
      i += line;
    }

  return length;
}

gsize
smtp_message_cut_header (const char *header,
                         gsize       length,
                         gsize       max)
{
  gsize whole = 0;

  if (length <= max)
    return length;

  for (gsize i = 0; i <= max;)
    {
      gsize text_length;

      /* A line that begins with white space goes on with the field. */
      if (header[i] != ' ' && header[i] != '\t')
        whole = i;
      i += line_length (header + i, length - i, &text_length);
    }

  return whole;
}

static gboolean
is_id (const char *text,
       gsize       length)
{
  if (length < 5 || length > ID_MAX || text[0] != '<' || text[length - 1] != '>')
    return FALSE;

  for (gsize i = 1; i < length - 1; i++)
    {
      if (!g_ascii_isgraph (text[i]) || strchr ("<>()\\\"", text[i]) != NULL)
        return FALSE;
    }

  return memchr (text, '@', length) != NULL;
}

gboolean
smtp_message_id_is_valid (const char *id)
{
  return is_id (id, strlen (id));
}

/* Also where it stands on the next line, as some put it that is long. */
static char *
read_id (const char *text,
         gsize       length)
{
  gsize start = 0, end;

  while (start < length && strchr (" \t\r\n", text[start]) != NULL && text[start] != '\0')
    start++;

  end = start;
  while (end < length && g_ascii_isgraph (text[end]))
    end++;

  return is_id (text + start, end - start) ? g_strndup (text + start, end - start) : NULL;
}

char *
smtp_message_dup_id (const char *header,
                     gsize       length)
{
  static const char name[] = "Message-ID:";

  for (gsize i = 0; i < length;)
    {
      gsize text_length;
      gsize line = line_length (header + i, length - i, &text_length);

      if (text_length >= strlen (name) && g_ascii_strncasecmp (header + i, name, strlen (name)) == 0)
        return read_id (header + i + strlen (name), MIN (length - i - strlen (name), ID_MAX * 2));
      i += line;
    }

  return NULL;
}
