/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-command-parser.h"

#include <string.h>

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

/* Letters, digits, and the hyphen of "M-SEARCH" and its like. */
static gsize
method_length (const char *line,
               gsize       length)
{
  gsize i = 0;

  while (i < length && (g_ascii_isalnum (line[i]) || line[i] == '-'))
    i++;

  return i;
}

static gsize
verb_length (const char *line,
             gsize       length)
{
  gsize i = 0;

  while (i < length && g_ascii_isalnum (line[i]))
    i++;

  return i;
}

/* NEL and the other C1 controls are two octets each, C2 80 to C2 9F. */
static gboolean
has_c1_control (const char *utf8,
                gsize       length)
{
  const char *end = utf8 + length;
  const char *p = utf8;

  while (p < end && (p = memchr (p, 0xc2, end - p)) != NULL)
    {
      if ((guchar) p[1] < 0xa0)
        return TRUE;
      p += 2;
    }

  return FALSE;
}

static SmtpCommandStatus
check_octets (const char *line,
              gsize       length)
{
  guchar all = 0;
  gsize  i;

  for (i = 0; i < length; i++)
    {
      guchar c = line[i];

      if ((c < 0x20 && c != '\t') || c == 0x7f)
        return SMTP_COMMAND_CONTROL;
      all |= c;
    }

  if (all < 0x80)
    return SMTP_COMMAND_OK;

  if (!g_utf8_validate_len (line, length, NULL))
    return SMTP_COMMAND_NOT_UTF8;

  return has_c1_control (line, length) ? SMTP_COMMAND_CONTROL : SMTP_COMMAND_OK;
}

SmtpCommandStatus
smtp_command_parse (const char      *line,
                    gsize            length,
                    SmtpCommandLine *command)
{
  SmtpCommandStatus status;
  gsize             size;
  gsize             i;

  command->verb[0] = '\0';
  command->argument = line;
  command->argument_length = 0;

  while (length > 0 && is_blank (line[length - 1]))
    length--;

  if (length == 0)
    return SMTP_COMMAND_EMPTY;

  status = check_octets (line, length);
  if (status != SMTP_COMMAND_OK)
    return status;

  /* A tab does not end a verb: RFC 5321 section 4.1.1.1 and on have SP. */
  size = verb_length (line, length);
  if (size == 0 || size > SMTP_VERB_MAX || (size < length && line[size] != ' '))
    return SMTP_COMMAND_BAD_VERB;

  for (i = 0; i < size; i++)
    command->verb[i] = g_ascii_toupper (line[i]);
  command->verb[size] = '\0';

  while (i < length && is_blank (line[i]))
    i++;

  command->argument = line + i;
  command->argument_length = length - i;

  return SMTP_COMMAND_OK;
}

gboolean
smtp_command_is_verb (const char *text)
{
  gsize length;

  if (text == NULL)
    return FALSE;

  length = strnlen (text, SMTP_VERB_MAX + 1);

  return length > 0 && length <= SMTP_VERB_MAX && verb_length (text, length) == length;
}

/* METHOD SP target SP "HTTP/" digit, RFC 9112 section 3. */
static gboolean
is_http_request (const char *line,
                 gsize       length)
{
  static const char  protocol[] = "HTTP/";
  const gsize        protocol_length = sizeof protocol - 1;
  const char        *space;
  gsize              i;

  i = method_length (line, length);
  if (i == 0 || i == length || line[i] != ' ')
    return FALSE;

  line += i + 1;
  length -= i + 1;

  space = length > 0 ? memchr (line, ' ', length) : NULL;
  if (space == NULL || space == line)
    return FALSE;

  length -= space + 1 - line;

  return length > protocol_length
         && memcmp (space + 1, protocol, protocol_length) == 0
         && g_ascii_isdigit (space[1 + protocol_length]);
}

gboolean
smtp_command_is_foreign (const char *line,
                         gsize       length,
                         gboolean    whole)
{
  if (length == 0)
    return FALSE;

  /* CR and LF may be an empty line that has not been taken apart yet: whether
   * it has must not matter. */
  if (!g_ascii_isprint (line[0]) && line[0] != '\t' && line[0] != '\r' && line[0] != '\n')
    return TRUE;

  if (!whole)
    return FALSE;

  /* RFC 4253 section 4.2. */
  if (length >= 4 && memcmp (line, "SSH-", 4) == 0)
    return TRUE;

  return is_http_request (line, length);
}
