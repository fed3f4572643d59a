/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-parameter-parser.h"

#include <string.h>

#include "smtp-text.h"

/* RFC 1870 section 3: size-value = 1*20DIGIT. */
#define SIZE_DIGITS_MAX 20

/* Longer ones are no use to anybody, and would be in the way in EHLO. */
#define KEYWORD_MAX 63

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static const char *
skip_blanks (const char *p,
             const char *end)
{
  while (p < end && is_blank (*p))
    p++;

  return p;
}

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static const char *
skip_keyword (const char *p,
              const char *end)
{
  if (p == end || !g_ascii_isalnum (*p))
    return p;

  while (p < end && (g_ascii_isalnum (*p) || *p == '-'))
    p++;

  return p;
}

/* esmtp-value = 1*(%d33-60 / %d62-126) */
static const char *
skip_value (const char *p,
            const char *end,
            gboolean    allow_utf8)
{
  while (p < end)
    {
      gsize length = 0;

      if (g_ascii_isgraph (*p))
        length = *p != '=' ? 1 : 0;
      else if (allow_utf8)
        length = smtp_text_non_ascii (p, end - p);

      if (length == 0)
        break;
      p += length;
    }

  return p;
}

SmtpParameterStatus
smtp_parameter_next (const char    **cursor,
                     const char     *end,
                     gboolean        allow_utf8,
                     SmtpParameter  *parameter)
{
  const char    *p = *cursor;
  SmtpParameter  found = { .keyword = NULL };

  *parameter = found;

  while (p < end && *p == ' ')
    p++;

  if (skip_blanks (p, end) == end)
    {
      *cursor = end;
      return SMTP_PARAMETER_END;
    }

  if (p == *cursor)
    return SMTP_PARAMETER_SYNTAX;

  found.keyword = p;
  p = skip_keyword (p, end);
  found.keyword_length = p - found.keyword;
  if (found.keyword_length == 0)
    return SMTP_PARAMETER_SYNTAX;

  if (p < end && *p == '=')
    {
      found.value = ++p;
      p = skip_value (p, end, allow_utf8);
      found.value_length = p - found.value;
      if (found.value_length == 0)
        return SMTP_PARAMETER_SYNTAX;
    }

  /* A tab is fine if nothing follows it, which the next call finds out. */
  if (p < end && !is_blank (*p))
    return SMTP_PARAMETER_SYNTAX;

  *cursor = p;
  *parameter = found;
  return SMTP_PARAMETER_OK;
}

gboolean
smtp_parameter_is_keyword (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= KEYWORD_MAX && skip_keyword (text, text + length) == text + length;
}

gboolean
smtp_parameter_parse_size (const char *text,
                           gsize       length,
                           guint64    *size)
{
  guint64 value = 0;
  gsize   i;

  *size = 0;

  if (length == 0 || length > SIZE_DIGITS_MAX)
    return FALSE;

  for (i = 0; i < length; i++)
    {
      guint64 digit;

      if (!g_ascii_isdigit (text[i]))
        return FALSE;

      digit = g_ascii_digit_value (text[i]);
      if (value > (G_MAXUINT64 - digit) / 10)
        value = G_MAXUINT64;
      else
        value = value * 10 + digit;
    }

  *size = value;
  return TRUE;
}
