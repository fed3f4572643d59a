/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handlers/smtp-mbox-writer.h"

#include <stdint.h>
#include <string.h>

/* What was written can be read back: no line of it begins a message, and without the
 * quoting it is the input with LF for CRLF. However the input is cut, the same is
 * written. The first octet says how to cut. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static gboolean
take_piece (const guint8 *data,
            gsize         size,
            gpointer      user_data)
{
  g_assert (size > 0);
  g_byte_array_append (user_data, data, size);

  return TRUE;
}

static GByteArray *
write_pieces (const uint8_t *data,
              size_t         size,
              guint          seed)
{
  SmtpMboxWriter *writer = g_new (SmtpMboxWriter, 1);
  GByteArray *output = g_byte_array_new ();
  size_t i = 0;

  smtp_mbox_writer_init (writer, take_piece, output);

  while (i < size)
    {
      gsize piece = size - i;
      guint8 *exact;

      if (seed > 0)
        {
          seed = seed * 1103515245 + 12345;
          piece = MIN (piece, (seed >> 20) % (1 << (seed >> 8) % 8));
        }

      exact = g_memdup2 (data + i, piece);
      g_assert (smtp_mbox_writer_write (writer, exact, piece));
      g_free (exact);
      i += piece;
    }

  g_assert (smtp_mbox_writer_finish (writer));
  g_free (writer);

  return output;
}

static GByteArray *
convert_line_ends (const uint8_t *data,
                   size_t         size)
{
  GByteArray *output = g_byte_array_new ();

  for (size_t i = 0; i < size; i++)
    {
      if (data[i] != '\r' || i + 1 == size || data[i + 1] != '\n')
        g_byte_array_append (output, data + i, 1);
    }

  if (output->len > 0 && output->data[output->len - 1] != '\n')
    g_byte_array_append (output, (const guint8 *) "\n", 1);
  g_byte_array_append (output, (const guint8 *) "\n", 1);

  return output;
}

static gboolean
begins_with_from (const guint8 *line,
                  gsize         length)
{
  return length >= 5 && memcmp (line, "From ", 5) == 0;
}

static GByteArray *
unquote (const GByteArray *written)
{
  GByteArray *output = g_byte_array_new ();
  gsize start = 0;

  while (start < written->len)
    {
      const guint8 *line = written->data + start;
      const guint8 *lf = memchr (line, '\n', written->len - start);
      gsize length, quotes = 0;

      g_assert (lf != NULL);
      length = lf + 1 - line;
      g_assert (!begins_with_from (line, length));

      while (line[quotes] == '>')
        quotes++;
      if (begins_with_from (line + quotes, length - quotes))
        g_byte_array_append (output, line + 1, length - 1);
      else
        g_byte_array_append (output, line, length);

      start += length;
    }

  return output;
}

static void
assert_same (const GByteArray *a,
             const GByteArray *b)
{
  g_assert (a->len == b->len);
  g_assert (memcmp (a->data, b->data, a->len) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  GByteArray *whole, *pieces, *unquoted, *converted;

  if (size < 1)
    return 0;

  whole = write_pieces (data + 1, size - 1, 0);
  pieces = write_pieces (data + 1, size - 1, 1 + data[0]);
  unquoted = unquote (whole);
  converted = convert_line_ends (data + 1, size - 1);

  assert_same (whole, pieces);
  assert_same (unquoted, converted);

  g_byte_array_unref (whole);
  g_byte_array_unref (pieces);
  g_byte_array_unref (unquoted);
  g_byte_array_unref (converted);

  return 0;
}
