/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-dot-decoder.h"
#include "wire/smtp-dot-encoder.h"

#include <string.h>

typedef struct
{
  SmtpDotEncoder  encoder;
  GByteArray     *out;
  gboolean        good;
} Output;

static void
output_init (Output *self)
{
  memset (&self->encoder, 0xa5, sizeof self->encoder);
  smtp_dot_encoder_init (&self->encoder);
  self->out = g_byte_array_new ();
  self->good = TRUE;
}

static void
output_clear (Output *self)
{
  g_byte_array_unref (self->out);
}

/* Feeds a copy of exact size, so that a read beyond it is seen. */
static void
output_feed (Output     *self,
             const char *data,
             gsize       size)
{
  guint8 *exact = g_memdup2 (data, size);
  gboolean good = smtp_dot_encoder_feed (&self->encoder, exact, size, self->out);

  g_assert_true (self->good || !good);
  self->good = good;
  g_free (exact);
}

static void
output_end (Output *self)
{
  gboolean good = smtp_dot_encoder_end (&self->encoder, self->out);

  g_assert_true (self->good || !good);
  self->good = good;
}

static void
append_run (const guint8 *data,
            gsize         size,
            gpointer      content)
{
  g_byte_array_append (content, data, size);
}

static gboolean
has_bare_newline (const char *data,
                  gsize       size)
{
  for (gsize i = 0; i < size; i++)
    {
      if (data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n'))
        return TRUE;
      if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
        return TRUE;
    }

  return FALSE;
}

static gboolean
ends_in_line (const char *data,
              gsize       size)
{
  return size > 0 && data[size - 1] != '\n';
}

/* What the other side reads is the message, and all of it. */
static void
check_round_trip (const Output *output,
                  const char   *data,
                  gsize         size)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  SmtpDotDecoder decoder;
  gsize consumed;

  g_byte_array_append (expected, (const guint8 *) data, size);
  if (ends_in_line (data, size))
    g_byte_array_append (expected, (const guint8 *) "\r\n", 2);

  smtp_dot_decoder_init (&decoder);
  g_assert_true (smtp_dot_decoder_feed (&decoder, output->out->data, output->out->len, &consumed,
                                        append_run, content));
  g_assert_cmpuint (consumed, ==, output->out->len);
  g_assert_false (decoder.bare_newline);
  g_assert_cmpmem (content->data, content->len, expected->data, expected->len);
}

/* However a server reads bare newlines: what got out before one was found ends nothing. */
static void
check_harmless (const Output *output)
{
  for (guint i = 0; i + 1 < output->out->len; i++)
    {
      gboolean at_start = i == 0 || output->out->data[i - 1] == '\r' || output->out->data[i - 1] == '\n';

      if (at_start && output->out->data[i] == '.')
        {
          g_assert_cmpint (output->out->data[i + 1], ==, '.');
          i++;
        }
    }
}

static void
check_all_cuts (const char *data,
                gsize       size)
{
  Output whole;

  output_init (&whole);
  output_feed (&whole, data, size);
  output_end (&whole);
  g_assert_cmpint (whole.good, ==, !has_bare_newline (data, size));
  if (whole.good)
    check_round_trip (&whole, data, size);
  else
    check_harmless (&whole);

  for (gsize i = 0; i <= size; i++)
    {
      for (gsize j = i; j <= size; j++)
        {
          Output split;

          output_init (&split);
          output_feed (&split, data, i);
          output_feed (&split, data + i, j - i);
          output_feed (&split, data + j, size - j);
          output_end (&split);
          g_assert_cmpint (split.good, ==, whole.good);
          if (whole.good)
            g_assert_cmpmem (split.out->data, split.out->len, whole.out->data, whole.out->len);
          else
            check_harmless (&split);
          output_clear (&split);
        }
    }

  output_clear (&whole);
}

typedef struct
{
  const char *name;
  const char *data;
  gsize       size;
  const char *encoded;       /* NULL: it is refused */
  gsize       encoded_size;
} Case;

#define CASE(name, data, encoded) { name, data, sizeof data - 1, encoded, sizeof encoded - 1 }
#define REFUSED(name, data) { name, data, sizeof data - 1, NULL, 0 }

static const Case cases[] = {
  CASE ("empty", "", ".\r\n"),
  CASE ("one-line", "a\r\n", "a\r\n.\r\n"),
  CASE ("no-end", "a", "a\r\n.\r\n"),
  CASE ("no-end-second", "a\r\nb", "a\r\nb\r\n.\r\n"),
  CASE ("empty-line", "\r\n", "\r\n.\r\n"),
  CASE ("empty-lines", "\r\n\r\n", "\r\n\r\n.\r\n"),
  CASE ("dot", ".", "..\r\n.\r\n"),
  CASE ("dot-line", ".\r\n", "..\r\n.\r\n"),
  CASE ("dot-lines", ".\r\n.\r\n", "..\r\n..\r\n.\r\n"),
  CASE ("dots", "..\r\n...", "...\r\n....\r\n.\r\n"),
  CASE ("dot-text", ".a\r\n.b", "..a\r\n..b\r\n.\r\n"),
  CASE ("dot-inside", "a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n"),
  CASE ("end-inside", "a\r\n.\r\nMAIL FROM:<b>\r\n", "a\r\n..\r\nMAIL FROM:<b>\r\n.\r\n"),
  CASE ("nul", "\0.\r\n\0", "\0.\r\n\0\r\n.\r\n"),
  CASE ("8-bit", "\xff\x85\r\n", "\xff\x85\r\n.\r\n"),
  REFUSED ("bare-lf", "a\nb\r\n"),
  REFUSED ("bare-cr", "a\rb\r\n"),
  REFUSED ("lf-first", "\na\r\n"),
  REFUSED ("cr-last", "a\r"),
  REFUSED ("lf-last", "a\n"),
  REFUSED ("two-cr", "a\r\r\n"),
  REFUSED ("crlf-lf", "a\r\n\n"),
  REFUSED ("lf-dot-lf", "a\n.\nMAIL FROM:<b>\r\n"),
  REFUSED ("lf-dot-crlf", "a\n.\r\nMAIL FROM:<b>\r\n"),
  REFUSED ("cr-dot-crlf", "a\r.\r\nMAIL FROM:<b>\r\n"),
  REFUSED ("crlf-dot-lf", "a\r\n.\nMAIL FROM:<b>\r\n"),
  REFUSED ("crlf-dot-cr", "a\r\n.\rMAIL FROM:<b>\r\n"),
};

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  Output output;

  output_init (&output);
  output_feed (&output, row->data, row->size);
  output_end (&output);
  g_assert_cmpint (output.good, ==, row->encoded != NULL);
  if (row->encoded != NULL)
    g_assert_cmpmem (output.out->data, output.out->len, row->encoded, row->encoded_size);
  output_clear (&output);

  check_all_cuts (row->data, row->size);
}

/* Everything that six octets can be which matter. */
static void
test_exhaustive (void)
{
  static const char octets[] = { '\r', '\n', '.', 'a', '\0' };
  char data[6];
  guint count = 1;

  for (guint i = 0; i < G_N_ELEMENTS (data); i++)
    count *= G_N_ELEMENTS (octets);

  for (guint number = 0; number < count; number++)
    {
      guint left = number;

      for (guint i = 0; i < G_N_ELEMENTS (data); i++)
        {
          data[i] = octets[left % G_N_ELEMENTS (octets)];
          left /= G_N_ELEMENTS (octets);
        }
      check_all_cuts (data, G_N_ELEMENTS (data));
    }
}

/* A message that was refused stays so, whatever follows. */
static void
test_refused_stays (void)
{
  Output output;
  guint length;

  output_init (&output);
  output_feed (&output, "a\r\nb\nc", 6);
  g_assert_false (output.good);
  length = output.out->len;
  output_feed (&output, "d\r\n", 3);
  output_end (&output);
  g_assert_false (output.good);
  g_assert_cmpuint (output.out->len, ==, length);
  output_clear (&output);
}

static void
test_linear (void)
{
  static const char * const patterns[] = { "a", ".", "\r\n", "\r\n.", "..\r\n", "a\r\n" };
  const gsize size = 4 * 1024 * 1024;
  g_autofree char *data = g_malloc (size);

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      gint64 begin = g_get_monotonic_time ();
      Output output;

      for (gsize j = 0; j < size; j++)
        data[j] = patterns[i][j % strlen (patterns[i])];
      output_init (&output);
      for (gsize j = 0; j < size; j += 128 * 1024)
        output_feed (&output, data + j, 128 * 1024);
      g_assert_true (output.good);
      output_clear (&output);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/wire/dot-encoder/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }

  g_test_add_func ("/wire/dot-encoder/exhaustive", test_exhaustive);
  g_test_add_func ("/wire/dot-encoder/refused-stays", test_refused_stays);
  g_test_add_func ("/wire/dot-encoder/linear", test_linear);

  return g_test_run ();
}
