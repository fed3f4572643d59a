/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-dsn-parser.h"
#include "wire/smtp-parameter-parser.h"
#include "wire/smtp-time-parser.h"
#include "wire/smtp-value-parser.h"
#include "wire/smtp-xtext.h"

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

static void
check_text (const char *text,
            gsize       length)
{
  g_assert (strlen (text) <= length);
  g_assert (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_assert (!g_unichar_iscntrl (g_utf8_get_char (p)));
}

/* Whatever comes out of the decoders may stand in a header field, and is no longer than what went in. */
static void
fuzz_texts (const char *text,
            gsize       length)
{
  char *decoded = g_malloc (length + 1);
  gsize part;

  if (smtp_xtext_decode (text, length, decoded))
    {
      check_text (decoded, length);
      g_assert (g_str_is_ascii (decoded));
    }
  if (smtp_unitext_decode (text, length, decoded))
    check_text (decoded, length);
  if (smtp_dsn_parse_envid (text, length, decoded))
    check_text (decoded, length);
  if (smtp_dsn_parse_orcpt (text, length, &part, decoded))
    {
      check_text (decoded, length);
      g_assert (part > 0 && part < length && text[part] == ';');
    }
  g_free (decoded);
}

/* What was understood, written down again, is understood again, and the same. */
static void
fuzz_words (const char *text,
            gsize       length)
{
  guint notify, other;
  gboolean last, headers_only;
  gsize part;
  int priority;
  char written[64];

  if (smtp_dsn_parse_notify (text, length, &notify))
    {
      g_assert (notify == SMTP_NOTIFY_NEVER || (notify != 0 && !(notify & SMTP_NOTIFY_NEVER)));
      g_snprintf (written, sizeof written, "%s%s%s%s%s%s", notify & SMTP_NOTIFY_NEVER ? "NEVER" : "",
                  notify & SMTP_NOTIFY_SUCCESS ? "SUCCESS" : "",
                  notify & SMTP_NOTIFY_SUCCESS && notify > SMTP_NOTIFY_FAILURE ? "," : "",
                  notify & SMTP_NOTIFY_FAILURE ? "FAILURE" : "",
                  notify & SMTP_NOTIFY_FAILURE && notify & SMTP_NOTIFY_DELAY ? "," : "",
                  notify & SMTP_NOTIFY_DELAY ? "DELAY" : "");
      if (notify != (SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE))
        g_assert (smtp_dsn_parse_notify (written, strlen (written), &other) && other == notify);
    }
  if (smtp_value_parse_priority (text, length, &priority))
    {
      g_assert (priority >= -9 && priority <= 9);
      g_snprintf (written, sizeof written, "%d", priority);
      g_assert (strlen (written) == length && memcmp (written, text, length) == 0);
    }
  if (smtp_value_parse_burl (text, length, &part, &last))
    {
      g_assert (part > 0 && (last ? part < length : part == length));
      g_assert (memchr (text, ' ', part) == NULL);
    }
  if (smtp_dsn_parse_ret (text, length, &headers_only))
    g_assert (length == 4 && (g_ascii_toupper (text[0]) == 'H') == headers_only);
  if (smtp_value_is_solicitation (text, length))
    g_assert (text[length - 1] != ',' && g_ascii_isalpha (text[0]) && length <= SMTP_SOLICITATION_MAX);
  if (smtp_value_is_etrn_node (text, length))
    g_assert (memchr (text, ' ', length) == NULL);
}

static void
check_date_time (gint64 seconds)
{
  GDateTime *time = g_date_time_new_from_unix_utc (seconds);
  char *written;
  gint64 other;

  /* GLib knows no year 0, into which an offset may lead. */
  if (time == NULL)
    return;

  written = g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
  if (strlen (written) == strlen ("1970-01-01T00:00:00Z"))
    g_assert (smtp_time_parse_date_time (written, strlen (written), &other) && other == seconds);
  g_free (written);
  g_date_time_unref (time);
}

static void
fuzz_times (const char *text,
            gsize       length)
{
  gint64 seconds;
  gboolean returns, traces;
  guint interval;
  char action;
  int by;

  if (smtp_time_parse_date_time (text, length, &seconds))
    check_date_time (seconds);
  if (smtp_time_parse_valid_since (text, length, &seconds, &action))
    {
      g_assert (action == '\0' || action == 'C' || action == 'R');
      g_assert (memchr (text, '.', length) == NULL);
      check_date_time (seconds);
    }
  if (smtp_time_parse_interval (text, length, &interval))
    g_assert (interval > 0 && interval <= 999999999 && text[0] != '0');
  if (smtp_time_parse_deliver_by (text, length, &by, &returns, &traces))
    g_assert (ABS (by) <= 999999999 && !(returns && by <= 0));
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
  fuzz_texts (text, size);
  fuzz_words (text, size);
  fuzz_times (text, size);
  g_free (text);

  return 0;
}
