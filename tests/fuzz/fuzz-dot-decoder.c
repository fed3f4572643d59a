/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-dot-decoder.h"

#include <stdint.h>
#include <string.h>

/* The decoder must say the same however the input is cut, and the same as a
 * decoder that looks at one octet after the other. The first octet says how to
 * cut. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

typedef struct
{
  SmtpDotDecoder  decoder;
  GByteArray     *content;
  gsize           consumed;
  gboolean        ended;
  const guint8   *chunk;
  gsize           chunk_size;
} Message;

static void
take_run (const guint8 *data,
          gsize         size,
          gpointer      user_data)
{
  Message *message = user_data;

  g_assert (size > 0);
  /* Either a slice of the chunk, or the CR that was held back. */
  if (data < message->chunk || data + size > message->chunk + message->chunk_size)
    g_assert (size == 1 && data[0] == '\r');

  g_byte_array_append (message->content, data, size);
}

static void
decode (Message       *self,
        const uint8_t *data,
        size_t         size,
        guint          seed)
{
  size_t i = 0;

  memset (self, 0, sizeof *self);
  smtp_dot_decoder_init (&self->decoder);
  self->content = g_byte_array_new ();

  while (i < size && !self->ended)
    {
      gsize   piece = size - i;
      gsize   consumed;
      guint8 *exact;

      if (seed > 0)
        {
          seed = seed * 1103515245 + 12345;
          piece = MIN (piece, (seed >> 20) % (1 << (seed >> 8) % 8));
        }

      exact = g_memdup2 (data + i, piece);
      self->chunk = exact;
      self->chunk_size = piece;
      self->ended = smtp_dot_decoder_feed (&self->decoder, exact, piece, &consumed, take_run, self);
      g_free (exact);

      g_assert (self->ended ? consumed <= piece : consumed == piece);
      self->consumed += consumed;
      i += piece;
    }
}

static void
put (Message *self,
     guint8   octet)
{
  g_byte_array_append (self->content, &octet, 1);
  self->decoder.line_length++;
}

/* Keeps the octets of the line so far that might not be content. */
static void
decode_plainly (Message       *self,
                const uint8_t *data,
                size_t         size)
{
  GString *line = g_string_new (NULL);
  size_t   i;

  memset (self, 0, sizeof *self);
  self->content = g_byte_array_new ();

  for (i = 0; i < size; i++)
    {
      gboolean after_cr = i > 0 && data[i - 1] == '\r';

      if ((data[i] == '\n') != after_cr && (data[i] == '\n' || i > 0))
        self->decoder.bare_newline = TRUE;

      g_string_append_c (line, data[i]);
      if (data[i] != '\n' || !after_cr)
        continue;

      if (strcmp (line->str, ".\r\n") == 0 && line->len == 3)
        {
          self->ended = TRUE;
          self->consumed = i + 1;
          g_string_free (line, TRUE);
          return;
        }

      if (line->str[0] == '.')
        g_string_erase (line, 0, 1);
      g_byte_array_append (self->content, (guint8 *) line->str, line->len);
      self->decoder.longest_line = MAX (self->decoder.longest_line, line->len - 2);
      g_string_truncate (line, 0);
    }

  self->consumed = size;

  /* A line without its end: all that can no longer be an end is content. */
  if (line->len > 0 && line->str[0] == '.')
    {
      g_string_erase (line, 0, 1);
      if (line->len == 1 && line->str[0] == '\r')
        g_string_truncate (line, 0);
    }

  for (i = 0; i < line->len; i++)
    put (self, line->str[i]);
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    self->decoder.line_length--;
  self->decoder.longest_line = MAX (self->decoder.longest_line, self->decoder.line_length);

  g_string_free (line, TRUE);
}

static void
assert_same (const Message *a,
             const Message *b)
{
  g_assert (a->ended == b->ended);
  g_assert (a->consumed == b->consumed);
  g_assert (a->content->len == b->content->len);
  g_assert (a->content->len == 0 || memcmp (a->content->data, b->content->data, a->content->len) == 0);
  g_assert (!a->decoder.bare_newline == !b->decoder.bare_newline);
  g_assert (a->decoder.longest_line == b->decoder.longest_line);
  g_assert (a->decoder.line_length == b->decoder.line_length);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  Message whole;
  Message pieces;
  Message plain;

  if (size < 1)
    return 0;

  decode (&whole, data + 1, size - 1, 0);
  decode (&pieces, data + 1, size - 1, 1 + data[0]);
  decode_plainly (&plain, data + 1, size - 1);

  assert_same (&whole, &pieces);
  assert_same (&whole, &plain);
  g_assert (whole.decoder.state == pieces.decoder.state);

  g_byte_array_unref (plain.content);
  g_byte_array_unref (pieces.content);
  g_byte_array_unref (whole.content);

  return 0;
}
