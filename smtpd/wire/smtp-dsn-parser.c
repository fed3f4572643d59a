/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-dsn-parser.h"

#include <string.h>

#include "smtp-xtext.h"

static gboolean
is_word (const char *text,
         gsize       length,
         const char *word)
{
  return length == strlen (word) && g_ascii_strncasecmp (text, word, length) == 0;
}

static guint
parse_condition (const char *text,
                 gsize       length)
{
  if (is_word (text, length, "SUCCESS"))
    return SMTP_NOTIFY_SUCCESS;
  if (is_word (text, length, "FAILURE"))
    return SMTP_NOTIFY_FAILURE;
  if (is_word (text, length, "DELAY"))
    return SMTP_NOTIFY_DELAY;

  return 0;
}

gboolean
smtp_dsn_parse_notify (const char *text,
                       gsize       length,
                       guint      *notify)
{
  const char *end = text + length;
  guint found = 0;

  *notify = 0;
  if (is_word (text, length, "NEVER"))
    {
      *notify = SMTP_NOTIFY_NEVER;
      return TRUE;
    }

  for (;;)
    {
      const char *comma = text < end ? memchr (text, ',', end - text) : NULL;
      guint condition = parse_condition (text, (comma != NULL ? comma : end) - text);

      if (condition == 0)
        return FALSE;

      found |= condition;
      if (comma == NULL)
        break;
      text = comma + 1;
    }

  *notify = found;
  return TRUE;
}

static gboolean
is_atom (const char *text,
         gsize       length)
{
  gsize i = 0;

  while (i < length && (g_ascii_isalnum (text[i]) || (text[i] != '\0' && strchr ("!#$%&'*+-/?^_`{|}~", text[i]) != NULL)))
    i++;

  return length > 0 && i == length;
}

gboolean
smtp_dsn_parse_orcpt (const char *text,
                      gsize       length,
                      gsize      *type_length,
                      char       *address)
{
  const char *semicolon = length > 0 ? memchr (text, ';', length) : NULL;
  gsize rest;

  *type_length = 0;
  if (semicolon == NULL || length > SMTP_ORCPT_MAX || !is_atom (text, semicolon - text))
    return FALSE;

  rest = text + length - (semicolon + 1);
  if (rest == 0)
    return FALSE;

  *type_length = semicolon - text;
  if (is_word (text, *type_length, "utf-8"))
    return smtp_unitext_decode (semicolon + 1, rest, address);

  return smtp_xtext_decode (semicolon + 1, rest, address);
}

gboolean
smtp_dsn_parse_ret (const char *text,
                    gsize       length,
                    gboolean   *headers_only)
{
  *headers_only = is_word (text, length, "HDRS");

  return *headers_only || is_word (text, length, "FULL");
}

gboolean
smtp_dsn_parse_envid (const char *text,
                      gsize       length,
                      char       *envid)
{
  return length > 0 && length <= SMTP_ENVID_MAX && smtp_xtext_decode (text, length, envid);
}
