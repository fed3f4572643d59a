/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-line-reader.h"

#include <stdint.h>
#include <string.h>

/* The lines of an input must be the same however it is cut. The first octet is
 * the limit, the second says how to cut. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

typedef struct
{
  SmtpLineReader  reader;
  GByteArray     *buffer;
  GByteArray     *events;
  gsize           limit;
  gboolean        over;
} Connection;

static void
connection_note (Connection     *self,
                 SmtpLineStatus  status,
                 gsize           line_length)
{
  guint8 octet = status;

  g_byte_array_append (self->events, &octet, 1);
  g_byte_array_append (self->events, (guint8 *) &line_length, sizeof line_length);
  if (line_length > 0)
    g_byte_array_append (self->events, self->buffer->data, line_length);
}

/* What a line may look like, whatever its status says. */
static void
check_line (SmtpLineStatus  status,
            const guint8   *line,
            gsize           line_length,
            gsize           consumed,
            gsize           limit)
{
  gboolean has_cr;

  if (status == SMTP_LINE_NONE || status == SMTP_LINE_TOO_LONG || status == SMTP_LINE_ENDLESS)
    {
      g_assert (line_length == 0);
      return;
    }

  has_cr = line_length > 0 && memchr (line, '\r', line_length) != NULL;

  g_assert (consumed <= limit);
  g_assert (line[consumed - 1] == '\n');
  g_assert (memchr (line, '\n', consumed) == line + consumed - 1);
  g_assert (consumed - line_length == 1 || consumed - line_length == 2);
  g_assert (has_cr == (status == SMTP_LINE_BARE_CR));
  if (status == SMTP_LINE_OK)
    g_assert (line[line_length] == '\r');
  if (status == SMTP_LINE_BARE_LF)
    g_assert (line[line_length] == '\n');
}

static void
connection_read (Connection   *self,
                 const guint8 *data,
                 gsize         size)
{
  SmtpLineStatus status;

  if (self->over)
    return;

  g_byte_array_append (self->buffer, data, size);

  do
    {
      guint8 *exact = g_memdup2 (self->buffer->data, self->buffer->len);
      gsize   line_length;
      gsize   consumed;

      status = smtp_line_reader_next (&self->reader, (char *) exact, self->buffer->len,
                                      self->limit, &line_length, &consumed);
      g_assert (consumed <= self->buffer->len);
      g_assert (status == SMTP_LINE_NONE || consumed > 0);
      check_line (status, exact, line_length, consumed, self->limit);
      g_free (exact);

      if (status != SMTP_LINE_NONE)
        connection_note (self, status, line_length);
      g_byte_array_remove_range (self->buffer, 0, consumed);
      self->over = status == SMTP_LINE_ENDLESS;
    }
  while (status != SMTP_LINE_NONE && status != SMTP_LINE_ENDLESS);

  if (!self->over)
    g_assert (self->buffer->len < self->limit);
}

static GByteArray *
read_all (const GByteArray *input,
          gsize             limit,
          guint             seed)
{
  Connection connection = { .limit = limit };
  gsize      i = 0;

  connection.buffer = g_byte_array_new ();
  connection.events = g_byte_array_new ();

  while (i < input->len && !connection.over)
    {
      gsize piece = input->len;

      /* Pieces from one octet to several thousand. */
      if (seed > 0)
        {
          seed = seed * 1103515245 + 12345;
          piece = 1 + (seed >> 20) % (1 << (seed >> 8) % 13);
        }
      piece = MIN (piece, input->len - i);

      connection_read (&connection, input->data + i, piece);
      i += piece;
    }

  g_byte_array_unref (connection.buffer);
  return connection.events;
}

/* So that long lines are within reach of short inputs: FF is many octets. */
static GByteArray *
expand (const uint8_t *data,
        size_t         size)
{
  static guint8  many[16400];
  GByteArray    *input = g_byte_array_new ();
  guint          left = 6;
  size_t         i;

  memset (many, 'A', sizeof many);

  for (i = 0; i < size; i++)
    {
      if (data[i] == 0xff && left > 0)
        {
          g_byte_array_append (input, many, sizeof many);
          left--;
        }
      else
        {
          g_byte_array_append (input, data + i, 1);
        }
    }

  return input;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  GByteArray *input;
  GByteArray *whole;
  GByteArray *pieces;
  gsize       limit;

  if (size < 2)
    return 0;

  limit = 1 + data[0];
  input = expand (data + 2, size - 2);
  whole = read_all (input, limit, 0);
  pieces = read_all (input, limit, 1 + data[1]);

  g_assert (whole->len == pieces->len);
  g_assert (whole->len == 0 || memcmp (whole->data, pieces->data, whole->len) == 0);

  g_byte_array_unref (pieces);
  g_byte_array_unref (whole);
  g_byte_array_unref (input);

  return 0;
}
