/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-command-parser.h"

#include <stdint.h>
#include <string.h>

/* The input is a command line without its end. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static void
check_ok (const SmtpCommandLine *command,
          const char            *line,
          gsize                  length)
{
  const char *argument = command->argument;
  gsize       verb_length = strlen (command->verb);
  gsize       i;

  g_assert (smtp_command_is_verb (command->verb));
  g_assert (length >= verb_length);
  g_assert (g_ascii_strncasecmp (line, command->verb, verb_length) == 0);
  for (i = 0; i < verb_length; i++)
    g_assert (!g_ascii_islower (command->verb[i]));

  /* Between verb and argument, and behind it, is white space only. */
  for (i = verb_length; i < (gsize) (argument - line); i++)
    g_assert (is_blank (line[i]));
  for (i = argument - line + command->argument_length; i < length; i++)
    g_assert (is_blank (line[i]));

  g_assert (g_utf8_validate_len (argument, command->argument_length, NULL));
  for (i = 0; i < command->argument_length; i++)
    g_assert ((guchar) argument[i] >= 0x80 || g_ascii_isprint (argument[i]) || argument[i] == '\t');

  if (command->argument_length > 0)
    {
      g_assert (argument > line + verb_length);
      g_assert (line[verb_length] == ' ');
      g_assert (!is_blank (argument[0]));
      g_assert (!is_blank (argument[command->argument_length - 1]));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  char              *line;
  char              *text;
  SmtpCommandLine    command;
  SmtpCommandStatus  status;
  gboolean           foreign;

  if (size == 0)
    return 0;

  line = g_memdup2 (data, size);
  text = g_strndup ((const char *) data, size);

  memset (&command, 0xa5, sizeof command);
  status = smtp_command_parse (line, size, &command);

  g_assert (command.argument >= line);
  g_assert (command.argument + command.argument_length <= line + size);
  g_assert (strnlen (command.verb, sizeof command.verb) <= SMTP_VERB_MAX);

  if (status == SMTP_COMMAND_OK)
    check_ok (&command, line, size);
  else
    g_assert (command.verb[0] == '\0' && command.argument_length == 0);

  if (status == SMTP_COMMAND_NOT_UTF8)
    g_assert (!g_utf8_validate_len (line, size, NULL));

  /* What is foreign at the first octet stays so. */
  foreign = smtp_command_is_foreign (line, size, FALSE);
  if (foreign)
    g_assert (smtp_command_is_foreign (line, size, TRUE) && status != SMTP_COMMAND_OK);
  g_assert (smtp_command_is_foreign (line, 1, FALSE) == foreign);
  smtp_command_is_foreign (line, size, TRUE);
  smtp_command_is_verb (text);

  g_free (text);
  g_free (line);

  return 0;
}
