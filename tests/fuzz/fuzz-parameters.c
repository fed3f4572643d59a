/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-parameter-parser.h"

#include <stdint.h>
#include <string.h>

/* The input is what stands behind a path. What is found is written down again
 * with single spaces, and must be found there too. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
check_keyword (const SmtpParameter *parameter)
{
  gsize i;

  g_assert (parameter->keyword_length > 0);
  g_assert (g_ascii_isalnum (parameter->keyword[0]));
  for (i = 0; i < parameter->keyword_length; i++)
    g_assert (g_ascii_isalnum (parameter->keyword[i]) || parameter->keyword[i] == '-');
}

static void
check_value (const SmtpParameter *parameter,
             gboolean             allow_utf8)
{
  gsize   i;
  guint64 number;

  if (parameter->value == NULL)
    {
      g_assert (parameter->value_length == 0);
      return;
    }

  g_assert (parameter->value == parameter->keyword + parameter->keyword_length + 1);
  g_assert (parameter->value[-1] == '=');
  g_assert (parameter->value_length > 0);
  g_assert (g_utf8_validate_len (parameter->value, parameter->value_length, NULL));

  for (i = 0; i < parameter->value_length; i++)
    {
      if ((guchar) parameter->value[i] >= 0x80)
        g_assert (allow_utf8);
      else
        g_assert (g_ascii_isgraph (parameter->value[i]) && parameter->value[i] != '=');
    }

  if (smtp_parameter_parse_size (parameter->value, parameter->value_length, &number))
    g_assert (parameter->value_length <= 20);
  else
    g_assert (number == 0);
}

/* Returns all that was found in a normal form. */
static GString *
parse_all (const char *text,
           gsize       length,
           gboolean    allow_utf8,
           gboolean   *valid)
{
  GString             *normal = g_string_new (NULL);
  const char          *cursor = text;
  const char          *end = text + length;
  SmtpParameterStatus  status;

  do
    {
      SmtpParameter  parameter;
      const char    *before = cursor;

      status = smtp_parameter_next (&cursor, end, allow_utf8, &parameter);
      if (status != SMTP_PARAMETER_OK)
        {
          g_assert (cursor == (status == SMTP_PARAMETER_END ? end : before));
          break;
        }

      g_assert (cursor > before && cursor <= end);
      g_assert (parameter.keyword > before && parameter.keyword[-1] == ' ');
      g_assert (parameter.keyword + parameter.keyword_length <= cursor);
      check_keyword (&parameter);
      check_value (&parameter, allow_utf8);
      g_assert (cursor == end || *cursor == ' ' || *cursor == '\t');

      g_string_append_c (normal, ' ');
      g_string_append_len (normal, parameter.keyword, cursor - parameter.keyword);
    }
  while (TRUE);

  *valid = status == SMTP_PARAMETER_END;
  return normal;
}

static void
fuzz (const char *text,
      gsize       length,
      gboolean    allow_utf8)
{
  gboolean  valid;
  GString  *once = parse_all (text, length, allow_utf8, &valid);
  GString  *twice = parse_all (once->str, once->len, allow_utf8, &valid);

  g_assert (valid);
  g_assert (g_string_equal (once, twice));

  g_string_free (twice, TRUE);
  g_string_free (once, TRUE);
}

/* Against GLib, which wants a string and takes less. */
static void
fuzz_size (const char *text,
           gsize       length)
{
  guint64   size;
  guint64   other;
  gboolean  valid = smtp_parameter_parse_size (text, length, &size);
  char     *string;

  if (!valid)
    return;

  string = g_strndup (text, length);
  if (g_ascii_string_to_unsigned (string, 10, 0, G_MAXUINT64, &other, NULL))
    g_assert (other == size);
  else
    g_assert (size == G_MAXUINT64);
  g_free (string);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  char *text;

  if (size == 0)
    return 0;

  text = g_memdup2 (data, size);
  fuzz (text, size, FALSE);
  fuzz (text, size, TRUE);
  fuzz_size (text, size);
  g_free (text);

  return 0;
}
