/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-lenient-path.h"

#include <string.h>

#include "smtp-text.h"

/* RFC 5321 section 4.5.3.1.2. */
#define DOMAIN_MAX 255

/* How much of it is atoms and dots. */
static gsize
measure_atoms (const char *text,
               gsize       length,
               gboolean   *is_utf8)
{
  gsize i = 0;

  while (i < length)
    {
      gsize size = smtp_text_non_ascii (text + i, length - i);

      if (size > 0)
        *is_utf8 = TRUE;
      else if (g_ascii_isalnum (text[i]) || (text[i] != '\0' && strchr (".!#$%&'*+-/=?^_`{|}~", text[i]) != NULL))
        size = 1;
      else
        break;
      i += size;
    }

  return i;
}

/* The same from one octet to another; 0 if there is no end. */
static gsize
measure_quoted (const char *text,
                gsize       length,
                char        end,
                gboolean   *is_utf8)
{
  for (gsize i = 1; i < length;)
    {
      gsize size = smtp_text_non_ascii (text + i, length - i);

      if (text[i] == end)
        return i + 1;

      if (size > 0)
        *is_utf8 = TRUE;
      else if (text[i] == '\\' && i + 1 < length && g_ascii_isprint (text[i + 1]))
        size = 2;
      else if (g_ascii_isprint (text[i]) && text[i] != '\\')
        size = 1;
      else
        return 0;
      i += size;
    }

  return 0;
}

static gboolean
is_domain (const char *text,
           gsize       length,
           gboolean   *is_utf8)
{
  if (*text == '[')
    return measure_quoted (text, length, ']', is_utf8) == length;

  if (measure_atoms (text, length, is_utf8) != length || text[0] == '.' || text[length - 1] == '.')
    return FALSE;

  for (gsize i = 1; i < length; i++)
    {
      if (text[i] == '.' && text[i - 1] == '.')
        return FALSE;
    }

  return TRUE;
}

SmtpPathStatus
smtp_lenient_mailbox_parse (const char    *text,
                            gsize          length,
                            SmtpPathFlags  flags,
                            SmtpPath      *path)
{
  SmtpPath found = { .mailbox = text, .mailbox_length = length };

  memset (path, 0, sizeof *path);
  if (length == 0)
    return SMTP_PATH_SYNTAX;

  found.is_quoted = *text == '"';
  found.local_length = found.is_quoted ? measure_quoted (text, length, '"', &found.is_utf8)
                                       : measure_atoms (text, length, &found.is_utf8);
  if (found.local_length == 0)
    return SMTP_PATH_SYNTAX;

  if (found.local_length < length)
    {
      found.domain = text + found.local_length + 1;
      found.domain_length = length - found.local_length - 1;
      if (text[found.local_length] != '@' || found.domain_length == 0)
        return SMTP_PATH_SYNTAX;

      found.is_literal = *found.domain == '[';
      if (!is_domain (found.domain, found.domain_length, &found.is_utf8))
        return SMTP_PATH_SYNTAX;
      if (found.domain_length > DOMAIN_MAX)
        return SMTP_PATH_TOO_LONG;
    }

  if (found.is_utf8 && !(flags & SMTP_PATH_ALLOW_UTF8))
    return SMTP_PATH_NOT_ASCII;

  *path = found;
  return SMTP_PATH_OK;
}
