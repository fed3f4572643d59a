/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-reply-reader.h"

#include <stdint.h>
#include <string.h>

/* The replies of an input must be the same however it is cut, and never larger than the
 * limits. The first octet says how to cut; FF in the rest is many octets. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
note_reply (SmtpReplyReader *reader,
            GByteArray      *events)
{
  const char * const *lines = smtp_reply_reader_get_lines (reader);
  guint code = smtp_reply_reader_get_code (reader);
  gsize total = 0;
  guint n;

  g_assert (code >= 200 && code <= 599);
  g_byte_array_append (events, (guint8 *) &code, sizeof code);

  for (n = 0; lines[n] != NULL; n++)
    {
      gsize length = strlen (lines[n]);

      g_assert (length + strlen ("250\r\n") <= SMTP_REPLY_READER_LINE_MAX);
      g_assert (strpbrk (lines[n], "\r\n") == NULL);
      total += length + strlen ("250\r\n");
      g_byte_array_append (events, (const guint8 *) lines[n], length + 1);
    }

  g_assert (n > 0 && n <= SMTP_REPLY_READER_LINES_MAX);
  g_assert (total <= SMTP_REPLY_READER_SIZE_MAX);
}

/* FALSE after an error. */
static gboolean
feed (SmtpReplyReader *reader,
      const guint8    *data,
      gsize            size,
      GByteArray      *events)
{
  guint8 *exact = g_memdup2 (data, size);
  SmtpReplyReadStatus status = SMTP_REPLY_READ_MORE;
  gsize at = 0;

  while (at < size && status != SMTP_REPLY_READ_ERROR)
    {
      gsize consumed;

      status = smtp_reply_reader_feed (reader, exact + at, size - at, &consumed);
      g_assert (consumed > 0 && consumed <= size - at);
      g_assert (status != SMTP_REPLY_READ_MORE || consumed == size - at);
      if (status == SMTP_REPLY_READ_DONE)
        note_reply (reader, events);
      at += consumed;
    }

  g_free (exact);
  g_assert (reader->line->len <= SMTP_REPLY_READER_LINE_MAX);

  return status != SMTP_REPLY_READ_ERROR;
}

static GByteArray *
read_all (const GByteArray *input,
          guint             seed)
{
  GByteArray *events = g_byte_array_new ();
  SmtpReplyReader reader;
  gsize piece;

  smtp_reply_reader_init (&reader);
  for (gsize i = 0; i < input->len; i += piece)
    {
      piece = input->len - i;
      if (seed > 0)
        {
          seed = seed * 1103515245 + 12345;
          piece = MIN (piece, 1 + (seed >> 20) % (1 << (seed >> 8) % 13));
        }
      if (!feed (&reader, input->data + i, piece, events))
        {
          g_byte_array_append (events, (const guint8 *) "!", 1);
          break;
        }
    }
  smtp_reply_reader_clear (&reader);

  return events;
}

static GByteArray *
expand (const uint8_t *data,
        size_t         size)
{
  static guint8 many[2030];
  GByteArray *input = g_byte_array_new ();
  guint left = 64;

  memset (many, 'A', sizeof many);
  for (size_t i = 0; i < size; i++)
    {
      if (data[i] == 0xff && left-- > 0)
        g_byte_array_append (input, many, sizeof many);
      else
        g_byte_array_append (input, data + i, 1);
    }

  return input;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  GByteArray *input, *whole, *pieces;

  if (size < 1)
    return 0;

  input = expand (data + 1, size - 1);
  whole = read_all (input, 0);
  pieces = read_all (input, 1 + data[0]);
  g_assert (whole->len == pieces->len);
  g_assert (whole->len == 0 || memcmp (whole->data, pieces->data, whole->len) == 0);

  g_byte_array_unref (pieces);
  g_byte_array_unref (whole);
  g_byte_array_unref (input);

  return 0;
}
