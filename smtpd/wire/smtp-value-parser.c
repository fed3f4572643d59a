/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-value-parser.h"

#include <string.h>

#include "smtp-path-parser.h"

gboolean
smtp_value_parse_priority (const char *text,
                           gsize       length,
                           int        *priority)
{
  gboolean negative = length == 2 && text[0] == '-';

  *priority = 0;
  if ((length != 1 && !negative) || !g_ascii_isdigit (text[length - 1]) || (negative && text[1] == '0'))
    return FALSE;

  *priority = g_ascii_digit_value (text[length - 1]) * (negative ? -1 : 1);
  return TRUE;
}

gboolean
smtp_value_is_solicitation (const char *text,
                            gsize       length)
{
  gboolean begins = TRUE;

  if (length > SMTP_SOLICITATION_MAX)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (c == ',' && !begins)
        begins = TRUE;
      else if (g_ascii_isalpha (c))
        begins = FALSE;
      else if (begins || !(g_ascii_isdigit (c) || c == '.' || c == '-' || c == '_' || c == ':'))
        return FALSE;
    }

  return !begins;
}

/* Which names there are is the server's own business; they cannot have spaces. */
static gboolean
is_queue_name (const char *text,
               gsize       length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isgraph (text[i]))
        return FALSE;
    }

  return length > 0;
}

gboolean
smtp_value_is_etrn_node (const char *text,
                         gsize       length)
{
  if (length > 0 && text[0] == '#')
    return is_queue_name (text + 1, length - 1);

  if (length > 0 && text[0] == '@')
    {
      text++;
      length--;
    }

  return smtp_helo_name_is_valid (text, length);
}

/* scheme ":" and what else a URI may consist of, RFC 3986 section 2. */
static gboolean
is_absolute_uri (const char *text,
                 gsize       length)
{
  const char *colon = length > 0 ? memchr (text, ':', length) : NULL;

  if (colon == NULL || !g_ascii_isalpha (text[0]) || colon + 1 == text + length)
    return FALSE;

  for (const char *p = text; p < colon; p++)
    {
      if (!g_ascii_isalnum (*p) && *p != '+' && *p != '-' && *p != '.')
        return FALSE;
    }

  for (const char *p = colon + 1; p < text + length; p++)
    {
      if (!g_ascii_isgraph (*p) || strchr ("\"<>\\^`{|}", *p) != NULL)
        return FALSE;
    }

  return TRUE;
}

gboolean
smtp_value_parse_burl (const char *text,
                       gsize       length,
                       gsize      *url_length,
                       gboolean   *last)
{
  const char *space = length > 0 ? memchr (text, ' ', length) : NULL;
  const char *rest = space;
  gsize rest_length;

  *url_length = space != NULL ? (gsize) (space - text) : length;
  *last = FALSE;
  if (!is_absolute_uri (text, *url_length))
    return FALSE;
  if (space == NULL)
    return TRUE;

  while (rest < text + length && *rest == ' ')
    rest++;
  rest_length = text + length - rest;
  *last = rest_length == strlen ("LAST") && g_ascii_strncasecmp (rest, "LAST", rest_length) == 0;

  return *last;
}
