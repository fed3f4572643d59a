/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply.h"
#include "wire/smtp-reply-writer.h"
#include "wire/smtp-text.h"

#include <stdint.h>
#include <string.h>

/* The first two octets choose the code and the status, the rest is the lines,
 * each with a NUL behind it. The reply must be one, and well formed, whatever
 * they are. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* Controls would be several lines, or a terminal's. */
static void
check_text (const char *text,
            gsize       length)
{
  const char *p;

  g_assert (g_utf8_validate_len (text, length, NULL));

  for (p = text; p < text + length; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_assert (c >= 0x20 && (c < 0x7f || c >= 0xa0));
    }
}

static guint
check_reply (const GString *out,
             guint          code,
             const char    *status)
{
  char       *front = g_strdup_printf ("%03u", code);
  const char *p = out->str;
  guint       n_lines = 0;

  g_assert (out->len > 0 && strlen (out->str) == out->len);

  while (*p != '\0')
    {
      const char *end = strstr (p, "\r\n");
      gboolean    is_last;

      g_assert (end != NULL);
      is_last = end[2] == '\0';

      g_assert (end + 2 - p <= SMTP_REPLY_LINE_MAX);
      g_assert (memcmp (p, front, 3) == 0);
      g_assert (p[3] == (is_last ? ' ' : '-'));
      if (status != NULL)
        g_assert (g_str_has_prefix (p + 4, status) && p[4 + strlen (status)] == ' ');
      check_text (p, end - p);

      n_lines++;
      p = end + 2;
    }

  g_assert (n_lines <= SMTP_REPLY_LINES_MAX);
  g_free (front);

  return n_lines;
}

static void
fuzz_reply (guint          code,
            const char    *status,
            const uint8_t *data,
            size_t         size)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  GString   *out = g_string_new (NULL);
  size_t     i;
  guint      n_lines;

  for (i = 0; i < size;)
    {
      char *line = g_strndup ((const char *) data + i, size - i);

      i += strlen (line) + 1;
      /* A copy, as g_strndup() has a block for all of the rest. */
      g_ptr_array_add (lines, g_strdup (line));
      g_free (line);
    }
  n_lines = lines->len;
  g_ptr_array_add (lines, NULL);

  smtp_reply_write (out, code, status, (const char * const *) lines->pdata);
  g_assert (check_reply (out, code, status) >= MIN (n_lines, SMTP_REPLY_LINES_MAX));

  g_string_free (out, TRUE);
  g_ptr_array_unref (lines);
}

static void
fuzz_escape (const uint8_t *data,
             size_t         size,
             gsize          max)
{
  GString *out = g_string_new (NULL);
  char    *exact = g_memdup2 (data, size);
  gsize    length;
  gsize    i;

  smtp_text_escape (out, exact, size, max);
  length = out->len;
  if (size > max)
    {
      g_assert (g_str_has_suffix (out->str, "…"));
      length -= strlen ("…");
    }

  g_assert (length >= MIN (size, max) && length <= 4 * MIN (size, max));
  for (i = 0; i < length; i++)
    g_assert (g_ascii_isprint (out->str[i]));

  g_free (exact);
  g_string_free (out, TRUE);
}

static void
fuzz_status (const uint8_t *data,
             size_t         size)
{
  char  *text = g_strndup ((const char *) data, size);
  char  *exact = g_strdup (text);
  gsize  length = smtp_status_length (exact);

  g_assert (length <= strlen (exact) && (length == 0 || (length >= 5 && length <= 9)));
  if (length > 0)
    {
      g_assert (exact[length] == '\0' || smtp_reply_space_length (exact + length) > 0);
      exact[length] = '\0';
      g_assert (smtp_status_length (exact) == length);
    }

  g_free (exact);
  g_free (text);
}

/* What a program may give as the text of a reply. What is read of it is a reply that reads as itself. */
static void
fuzz_parse (const uint8_t *data,
            size_t         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *exact = g_strdup (text);
  g_autofree char *wire = NULL;
  g_autofree char *again = NULL;
  g_autoptr (SmtpReply) reply = smtp_reply_parse (exact, NULL);
  g_autoptr (SmtpReply) same = NULL;

  if (reply == NULL)
    return;

  wire = smtp_reply_to_string (reply);
  same = smtp_reply_parse (wire, NULL);
  g_assert (same != NULL);
  again = smtp_reply_to_string (same);
  g_assert_cmpstr (wire, ==, again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static const char * const statuses[] = { NULL, "2.0.0", "5.7.1", "5.123.456", "4.99.0" };
  guint                     code;

  if (size < 2)
    return 0;

  code = 200 + 100 * (data[0] / 60 % 4) + data[0] % 60;
  g_assert (smtp_reply_code_is_valid (code));

  fuzz_reply (code, statuses[data[1] % G_N_ELEMENTS (statuses)], data + 2, size - 2);
  fuzz_escape (data + 2, size - 2, data[1]);
  fuzz_status (data + 2, size - 2);
  fuzz_parse (data, size);

  return 0;
}
