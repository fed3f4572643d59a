/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-dot-decoder.h"

#include <string.h>

typedef struct
{
  SmtpDotDecoder  decoder;
  GString        *content;
  gboolean        ended;
  gsize           consumed;  /* of all that was fed */
  gsize           n_runs;
} Message;

static void
take_run (const guint8 *data,
          gsize         size,
          gpointer      user_data)
{
  Message *message = user_data;

  g_assert_cmpuint (size, >, 0);
  g_string_append_len (message->content, (const char *) data, size);
  message->n_runs++;
}

static void
message_init (Message *self)
{
  memset (self, 0xa5, sizeof *self);
  smtp_dot_decoder_init (&self->decoder);
  self->content = g_string_new (NULL);
  self->ended = FALSE;
  self->consumed = 0;
  self->n_runs = 0;
}

static void
message_clear (Message *self)
{
  g_string_free (self->content, TRUE);
}

/* Feeds a copy of exact size, so that a read beyond it is seen. */
static void
message_feed (Message    *self,
              const char *data,
              gsize       size)
{
  gsize   consumed = G_MAXSIZE;
  guint8 *exact;

  if (self->ended)
    return;

  exact = g_memdup2 (data, size);
  self->ended = smtp_dot_decoder_feed (&self->decoder, exact, size, &consumed, take_run, self);
  g_free (exact);

  g_assert_cmpuint (consumed, <=, size);
  if (!self->ended)
    g_assert_cmpuint (consumed, ==, size);
  self->consumed += consumed;
}

static void
assert_same (const Message *a,
             const Message *b)
{
  g_assert_cmpmem (a->content->str, a->content->len, b->content->str, b->content->len);
  g_assert_cmpint (a->ended, ==, b->ended);
  g_assert_cmpuint (a->consumed, ==, b->consumed);
  g_assert_cmpint (a->decoder.state, ==, b->decoder.state);
  g_assert_cmpint (a->decoder.bare_newline, ==, b->decoder.bare_newline);
  g_assert_cmpuint (a->decoder.line_length, ==, b->decoder.line_length);
  g_assert_cmpuint (a->decoder.longest_line, ==, b->decoder.longest_line);
}

/* Whether a line starts at @i, by looking back and not by keeping a state. */
static gboolean
is_line_start (const char *data,
               gsize       i)
{
  return i == 0 || (i >= 2 && data[i - 2] == '\r' && data[i - 1] == '\n');
}

/* The same rules, written down in the other direction. */
static void
decode_plainly (Message    *message,
                const char *data,
                gsize       size)
{
  SmtpDotDecoder *decoder = &message->decoder;
  gsize           i;

  message_init (message);

  for (i = 0; i < size; i++)
    {
      gboolean at_start = is_line_start (data, i);

      if (at_start)
        decoder->line_length = 0;

      if (at_start && data[i] == '.')
        {
          if (i + 2 < size && data[i + 1] == '\r' && data[i + 2] == '\n')
            {
              message->ended = TRUE;
              message->consumed = i + 3;
              return;
            }
          if (i + 2 == size && data[i + 1] == '\r')
            break;
          continue;
        }

      g_string_append_c (message->content, data[i]);

      if (data[i] == '\r' && (i + 1 == size || data[i + 1] == '\n'))
        continue;
      if (data[i] == '\n' && i > 0 && data[i - 1] == '\r')
        continue;
      if (data[i] == '\r' || data[i] == '\n')
        decoder->bare_newline = TRUE;

      decoder->line_length++;
      decoder->longest_line = MAX (decoder->longest_line, decoder->line_length);
    }

  message->consumed = size;
}

static void
check_all_cuts (const char *data,
                gsize       size)
{
  Message whole;
  Message plain;
  gsize   i;
  gsize   piece;

  message_init (&whole);
  message_feed (&whole, data, size);

  decode_plainly (&plain, data, size);
  g_assert_cmpmem (whole.content->str, whole.content->len, plain.content->str, plain.content->len);
  g_assert_cmpint (whole.ended, ==, plain.ended);
  g_assert_cmpuint (whole.consumed, ==, plain.consumed);
  g_assert_cmpint (whole.decoder.bare_newline, ==, plain.decoder.bare_newline);
  g_assert_cmpuint (whole.decoder.longest_line, ==, plain.decoder.longest_line);

  for (i = 0; i <= size; i++)
    {
      gsize j;

      for (j = i; j <= size; j++)
        {
          Message split;

          message_init (&split);
          message_feed (&split, data, i);
          message_feed (&split, data + i, j - i);
          message_feed (&split, data + j, size - j);
          assert_same (&split, &whole);
          message_clear (&split);
        }
    }

  for (piece = 1; piece <= 4; piece++)
    {
      Message pieces;

      message_init (&pieces);
      for (i = 0; i < size; i += piece)
        message_feed (&pieces, data + i, MIN (piece, size - i));
      assert_same (&pieces, &whole);
      message_clear (&pieces);
    }

  message_clear (&plain);
  message_clear (&whole);
}

typedef struct
{
  const char *name;
  const char *data;
  gsize       size;
  const char *content;
  gsize       content_size;
  gboolean    ended;
  gsize       rest;          /* octets behind the end */
  gboolean    bare_newline;
  gsize       longest_line;
} Case;

#define CASE(name, data, content, ended, rest, bare, longest) \
  { name, data, sizeof data - 1, content, sizeof content - 1, ended, rest, bare, longest }

static const Case cases[] = {
  CASE ("nothing", "", "", FALSE, 0, FALSE, 0),
  CASE ("empty-message", ".\r\n", "", TRUE, 0, FALSE, 0),
  CASE ("empty-message-and-more", ".\r\nQUIT\r\n", "", TRUE, 6, FALSE, 0),
  CASE ("one-line", "hello\r\n.\r\n", "hello\r\n", TRUE, 0, FALSE, 5),
  CASE ("two-lines", "hello\r\nyou!!!\r\n.\r\nRSET\r\n", "hello\r\nyou!!!\r\n", TRUE, 6, FALSE, 6),
  CASE ("empty-lines", "\r\n\r\n\r\n.\r\n", "\r\n\r\n\r\n", TRUE, 0, FALSE, 0),
  CASE ("stuffed", "..\r\n..a\r\n.\r\n", ".\r\n.a\r\n", TRUE, 0, FALSE, 2),
  CASE ("stuffed-three", "...\r\n.\r\n", "..\r\n", TRUE, 0, FALSE, 2),
  CASE ("not-stuffed", ".a\r\n.\r\n", "a\r\n", TRUE, 0, FALSE, 1),
  CASE ("dot-inside", "a.\r\na.b\r\n.\r\n", "a.\r\na.b\r\n", TRUE, 0, FALSE, 3),
  CASE ("dot-at-end-of-line", "a\r\n.b.\r\n.\r\n", "a\r\nb.\r\n", TRUE, 0, FALSE, 2),
  CASE ("dots-only", "....\r\n....\r\n", "...\r\n...\r\n", FALSE, 0, FALSE, 3),
  CASE ("two-ends", ".\r\n.\r\n", "", TRUE, 3, FALSE, 0),
  CASE ("nul", "a\0b\r\n\0.\r\n.\r\n", "a\0b\r\n\0.\r\n", TRUE, 0, FALSE, 3),
  CASE ("8-bit", "\xff\xc3\r\n.\r\n", "\xff\xc3\r\n", TRUE, 0, FALSE, 2),
  CASE ("no-end", "hello", "hello", FALSE, 0, FALSE, 5),
  CASE ("cr-at-end", "hello\r", "hello\r", FALSE, 0, FALSE, 5),
  CASE ("crlf-at-end", "hello\r\n", "hello\r\n", FALSE, 0, FALSE, 5),
  CASE ("dot-at-end", "hello\r\n.", "hello\r\n", FALSE, 0, FALSE, 5),
  CASE ("dot-cr-at-end", "hello\r\n.\r", "hello\r\n", FALSE, 0, FALSE, 5),
  CASE ("start-dot-cr", ".\r", "", FALSE, 0, FALSE, 0),
  CASE ("start-dot-lf", ".\n.\r\n", "\n.\r\n", FALSE, 0, TRUE, 2),
  CASE ("start-lf", "\n.\r\n.\r\n", "\n.\r\n", TRUE, 0, TRUE, 2),
  CASE ("dot-cr-x", "\r\n.\rx\r\n.\r\n", "\r\n\rx\r\n", TRUE, 0, TRUE, 2),
  CASE ("dot-cr-dot", "\r\n.\r.\r\n.\r\n", "\r\n\r.\r\n", TRUE, 0, TRUE, 2),
  CASE ("dot-cr-crlf", "\r\n.\r\r\n.\r\n", "\r\n\r\r\n", TRUE, 0, TRUE, 1),
  CASE ("dot-cr-cr-cr", ".\r\r\r", "\r\r\r", FALSE, 0, TRUE, 2),
  CASE ("bare-cr", "a\rb\r\n.\r\n", "a\rb\r\n", TRUE, 0, TRUE, 3),
  CASE ("bare-cr-first", "\ra\r\n.\r\n", "\ra\r\n", TRUE, 0, TRUE, 2),
  CASE ("bare-lf", "a\nb\r\n.\r\n", "a\nb\r\n", TRUE, 0, TRUE, 3),
  CASE ("crlf-lf", "a\r\n\n.\r\n.\r\n", "a\r\n\n.\r\n", TRUE, 0, TRUE, 2),
  CASE ("two-cr-lf", "a\r\r\n.\r\n", "a\r\r\n", TRUE, 0, TRUE, 2),
  CASE ("longest-is-last", "a\r\nbbbbb", "a\r\nbbbbb", FALSE, 0, FALSE, 5),
  CASE ("longest-not-counting-dot", "a\r\n..bbb\r\n.\r\n", "a\r\n.bbb\r\n", TRUE, 0, FALSE, 4),
};

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  Message     message;

  message_init (&message);
  message_feed (&message, row->data, row->size);

  g_assert_cmpmem (message.content->str, message.content->len, row->content, row->content_size);
  g_assert_cmpint (message.ended, ==, row->ended);
  g_assert_cmpuint (row->size - message.consumed, ==, row->rest);
  g_assert_cmpint (message.decoder.bare_newline, ==, row->bare_newline);
  g_assert_cmpuint (message.decoder.longest_line, ==, row->longest_line);
  message_clear (&message);

  check_all_cuts (row->data, row->size);
}

typedef struct
{
  const char *name;
  const char *data;
  gsize       size;
  const char *content;
  gsize       content_size;
  gboolean    bare_newline;
} Terminator;

#define TERMINATOR(name, data, content, bare) \
  { name, data, sizeof data - 1, content, sizeof content - 1, bare }

/* What other servers have taken for the end of a message. */
static const Terminator terminators[] = {
  TERMINATOR ("lf-dot-lf", "\n.\n", "\n.\n", TRUE),
  TERMINATOR ("lf-dot-cr", "\n.\r", "\n.\r", TRUE),
  TERMINATOR ("cr-dot-lf", "\r.\n", "\r.\n", TRUE),
  TERMINATOR ("cr-dot-cr", "\r.\r", "\r.\r", TRUE),
  TERMINATOR ("lf-dot-crlf", "\n.\r\n", "\n.\r\n", TRUE),
  TERMINATOR ("cr-dot-crlf", "\r.\r\n", "\r.\r\n", TRUE),
  TERMINATOR ("crlf-dot-lf", "\r\n.\n", "\r\n\n", TRUE),
  TERMINATOR ("crlf-dot-cr", "\r\n.\r", "\r\n\r", TRUE),
  TERMINATOR ("crlf-dot-crcrlf", "\r\n.\r\r\n", "\r\n\r\r\n", TRUE),
  TERMINATOR ("crcrlf-dot-crcrlf", "\r\r\n.\r\r\n", "\r\r\n\r\r\n", TRUE),
  TERMINATOR ("crlf-nul-dot-crlf", "\r\n\0.\r\n", "\r\n\0.\r\n", FALSE),
  TERMINATOR ("crlf-dot-nul-crlf", "\r\n.\0\r\n", "\r\n\0\r\n", FALSE),
  TERMINATOR ("crlf-dot-space-crlf", "\r\n. \r\n", "\r\n \r\n", FALSE),
};

static void
test_terminator (gconstpointer data)
{
  static const char   before[] = "body";
  static const char   after[] = "MAIL FROM:<evil@e.org>\r\nDATA\r\nx\r\n";
  const Terminator   *row = data;
  GString            *input = g_string_new (before);
  GString            *expected = g_string_new (before);
  Message             message;

  g_string_append_len (input, row->data, row->size);
  g_string_append (input, after);
  g_string_append (input, ".\r\nNOOP\r\n");
  g_string_append_len (expected, row->content, row->content_size);
  g_string_append (expected, after);

  message_init (&message);
  message_feed (&message, input->str, input->len);
  g_assert_cmpmem (message.content->str, message.content->len, expected->str, expected->len);
  g_assert_true (message.ended);
  g_assert_cmpuint (message.consumed, ==, input->len - strlen ("NOOP\r\n"));
  g_assert_cmpint (message.decoder.bare_newline, ==, row->bare_newline);
  message_clear (&message);

  check_all_cuts (input->str, input->len);

  g_string_free (expected, TRUE);
  g_string_free (input, TRUE);
}

/* Everything that five octets can be which matter, behind all beginnings. */
static void
test_exhaustive (void)
{
  static const char octets[] = { '\r', '\n', '.', 'a', '\0' };
  enum { LENGTH = 6 };
  char  data[LENGTH];
  guint number;
  guint count = 1;
  guint i;

  for (i = 0; i < LENGTH; i++)
    count *= G_N_ELEMENTS (octets);

  for (number = 0; number < count; number++)
    {
      guint left = number;

      for (i = 0; i < LENGTH; i++)
        {
          data[i] = octets[left % G_N_ELEMENTS (octets)];
          left /= G_N_ELEMENTS (octets);
        }

      check_all_cuts (data, LENGTH);
    }
}

/* Text of random lines, at random cuts. */
static void
test_random (void)
{
  static const char alphabet[] = "\r\n.ab\r\n\r\n.";
  guint             round;

  for (round = 0; round < 200; round++)
    {
      Message  whole;
      Message  pieces;
      gsize    size = g_test_rand_int_range (0, 4096);
      char    *data = g_malloc (size + 1);
      gsize    i;

      for (i = 0; i < size; i++)
        data[i] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      /* Mostly no end, so that it goes on for a while. */
      for (i = 0; i + 2 < size; i++)
        if (data[i] == '.' && data[i + 1] == '\r' && data[i + 2] == '\n' && g_test_rand_int_range (0, 50) > 0)
          data[i] = 'x';

      decode_plainly (&whole, data, size);
      message_init (&pieces);
      for (i = 0; i < size && !pieces.ended;)
        {
          gsize piece = g_test_rand_int_range (1, 100);

          message_feed (&pieces, data + i, MIN (piece, size - i));
          i += MIN (piece, size - i);
        }

      g_assert_cmpmem (pieces.content->str, pieces.content->len, whole.content->str, whole.content->len);
      g_assert_cmpint (pieces.ended, ==, whole.ended);
      g_assert_cmpuint (pieces.consumed, ==, whole.consumed);
      g_assert_cmpint (pieces.decoder.bare_newline, ==, whole.decoder.bare_newline);
      g_assert_cmpuint (pieces.decoder.longest_line, ==, whole.decoder.longest_line);

      message_clear (&pieces);
      message_clear (&whole);
      g_free (data);
    }
}

/* What is looked at in blocks: each oddity at each place of them, in long lines and short ones. */
static void
test_blocks (void)
{
  enum { SIZE = 3 * 64 + 5, ODD = 4 };
  static const char octets[] = { '\r', '\n', '.', 'a' };
  static const gsize line_lengths[] = { 2, 3, 20, 62, 63, 64, 65, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (line_lengths) << (2 * ODD); i++)
    for (gsize at = 0; at + ODD < SIZE; at++)
      {
        gsize length = line_lengths[i >> (2 * ODD)];
        char data[SIZE];
        Message whole, plain;

        for (gsize j = 0; j < SIZE; j++)
          data[j] = j % length == length - 2 ? '\r' : j % length == length - 1 ? '\n' : 'x';
        for (gsize j = 0; j < ODD; j++)
          data[at + j] = octets[(i >> (2 * j)) % G_N_ELEMENTS (octets)];

        message_init (&whole);
        message_feed (&whole, data, SIZE);
        decode_plainly (&plain, data, SIZE);
        g_assert_cmpmem (whole.content->str, whole.content->len, plain.content->str, plain.content->len);
        g_assert_cmpint (whole.ended, ==, plain.ended);
        g_assert_cmpuint (whole.consumed, ==, plain.consumed);
        g_assert_cmpint (whole.decoder.bare_newline, ==, plain.decoder.bare_newline);
        g_assert_cmpuint (whole.decoder.longest_line, ==, plain.decoder.longest_line);
        message_clear (&plain);
        message_clear (&whole);
      }
}

static void
test_empty_chunks (void)
{
  static const char data[] = "a\r\n.\r\n";
  Message           message;
  gsize             i;

  message_init (&message);
  for (i = 0; i < sizeof data - 1; i++)
    {
      message_feed (&message, NULL, 0);
      message_feed (&message, data + i, 1);
    }

  g_assert_true (message.ended);
  g_assert_cmpstr (message.content->str, ==, "a\r\n");
  message_clear (&message);
}

static void
test_long_runs (void)
{
  GString *text = g_string_new (NULL);
  Message  message;
  guint    i;

  for (i = 0; i < 1000; i++)
    g_string_append (text, "A line of text that has no dot in front.\r\n");

  message_init (&message);
  message_feed (&message, text->str, text->len);
  g_assert_cmpuint (message.n_runs, ==, 1);
  message_clear (&message);

  g_string_append (text, "..\r\n.\r\n");
  message_init (&message);
  message_feed (&message, text->str, text->len);
  g_assert_true (message.ended);
  g_assert_cmpuint (message.n_runs, ==, 2);
  message_clear (&message);

  g_string_free (text, TRUE);
}

/* What was learnt of a message stays readable after its end. */
static void
test_init_again (void)
{
  Message message;

  message_init (&message);
  message_feed (&message, "a\rbc\r\n.\r\n", 9);
  g_assert_true (message.ended);
  g_assert_true (message.decoder.bare_newline);
  g_assert_cmpuint (message.decoder.longest_line, ==, 4);

  smtp_dot_decoder_init (&message.decoder);
  g_assert_false (message.decoder.bare_newline);
  g_assert_cmpuint (message.decoder.longest_line, ==, 0);
  g_assert_cmpuint (message.decoder.line_length, ==, 0);
  message_clear (&message);
}

static void
drop_run (const guint8 *data G_GNUC_UNUSED,
          gsize         size G_GNUC_UNUSED,
          gpointer      user_data G_GNUC_UNUSED)
{
}

/* Seconds for 4 MiB of @pattern again and again, in chunks as they are read. */
static void
check_speed (const char *pattern)
{
  const gsize     size = 4 * 1024 * 1024;
  const gsize     length = strlen (pattern);
  guint8         *data = g_malloc (size);
  SmtpDotDecoder  decoder;
  gint64          begin;
  gsize           consumed;
  gsize           i;

  for (i = 0; i < size; i++)
    data[i] = pattern[i % length];

  smtp_dot_decoder_init (&decoder);
  begin = g_get_monotonic_time ();
  for (i = 0; i < size; i += 16384)
    if (smtp_dot_decoder_feed (&decoder, data + i, 16384, &consumed, drop_run, NULL))
      smtp_dot_decoder_init (&decoder);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);

  g_free (data);
}

static void
test_linear (void)
{
  static const char * const patterns[] = {
    "a", "\r", "\n", ".", "\r\n", "\r\n.", "\r\n.\r", ".\r", "\n\r", "a\r", "\r\n..", "\r\na",
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (patterns); i++)
    check_speed (patterns[i]);
}

int
main (int   argc,
      char *argv[])
{
  gsize i;

  g_test_init (&argc, &argv, NULL);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/dot-decoder/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (terminators); i++)
    {
      char *path = g_strconcat ("/wire/dot-decoder/smuggling/", terminators[i].name, NULL);

      g_test_add_data_func (path, &terminators[i], test_terminator);
      g_free (path);
    }

  g_test_add_func ("/wire/dot-decoder/exhaustive", test_exhaustive);
  g_test_add_func ("/wire/dot-decoder/random", test_random);
  g_test_add_func ("/wire/dot-decoder/blocks", test_blocks);
  g_test_add_func ("/wire/dot-decoder/empty-chunks", test_empty_chunks);
  g_test_add_func ("/wire/dot-decoder/long-runs", test_long_runs);
  g_test_add_func ("/wire/dot-decoder/init-again", test_init_again);
  g_test_add_func ("/wire/dot-decoder/linear", test_linear);

  return g_test_run ();
}
