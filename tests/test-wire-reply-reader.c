/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-reply-reader.h"

#include <string.h>

/* What a reader made of its input: the replies one behind the other, as text. */
typedef struct
{
  SmtpReplyReader      reader;
  GString             *seen;
  gsize                consumed;
  SmtpReplyReadStatus  status;
} Input;

static void
input_init (Input *self)
{
  memset (self, 0xa5, sizeof *self);
  smtp_reply_reader_init (&self->reader);
  self->seen = g_string_new (NULL);
  self->consumed = 0;
  self->status = SMTP_REPLY_READ_MORE;
}

static void
input_clear (Input *self)
{
  smtp_reply_reader_clear (&self->reader);
  g_string_free (self->seen, TRUE);
}

static void
input_note (Input *self)
{
  const char * const *lines = smtp_reply_reader_get_lines (&self->reader);

  g_string_append_printf (self->seen, "%u", smtp_reply_reader_get_code (&self->reader));
  g_assert_nonnull (lines[0]);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_assert_null (strpbrk (lines[i], "\r\n"));
      g_string_append_printf (self->seen, "[%s]", lines[i]);
    }
}

/* Feeds a copy of exact size, so that a read beyond it is seen. */
static void
input_feed (Input      *self,
            const char *data,
            gsize       size)
{
  guint8 *exact = g_memdup2 (data, size);
  gsize at = 0;

  while (at < size && self->status != SMTP_REPLY_READ_ERROR)
    {
      gsize consumed = G_MAXSIZE;

      self->status = smtp_reply_reader_feed (&self->reader, exact + at, size - at, &consumed);
      g_assert_cmpuint (consumed, >, 0);
      g_assert_cmpuint (consumed, <=, size - at);
      if (self->status == SMTP_REPLY_READ_MORE)
        g_assert_cmpuint (consumed, ==, size - at);
      if (self->status == SMTP_REPLY_READ_DONE)
        input_note (self);
      if (self->status == SMTP_REPLY_READ_ERROR)
        g_string_append_c (self->seen, '!');
      at += consumed;
      self->consumed += consumed;
    }

  g_free (exact);
}

static void
check_all_cuts (const char *data,
                gsize       size,
                const char *expected)
{
  Input whole;

  input_init (&whole);
  input_feed (&whole, data, size);
  g_assert_cmpstr (whole.seen->str, ==, expected);

  for (gsize i = 0; i <= size; i++)
    {
      for (gsize j = i; j <= size; j++)
        {
          Input split;

          input_init (&split);
          input_feed (&split, data, i);
          input_feed (&split, data + i, j - i);
          input_feed (&split, data + j, size - j);
          g_assert_cmpstr (split.seen->str, ==, expected);
          g_assert_cmpint (split.status, ==, whole.status);
          g_assert_cmpuint (split.consumed, ==, whole.consumed);
          input_clear (&split);
        }
    }

  input_clear (&whole);
}

typedef struct
{
  const char *name;
  const char *data;
  gsize       size;
  const char *expected;
} Case;

#define CASE(name, data, expected) { name, data, sizeof data - 1, expected }

static const Case cases[] = {
  CASE ("nothing", "", ""),
  CASE ("one-line", "250 2.0.0 OK\r\n", "250[2.0.0 OK]"),
  CASE ("two-lines", "250-a.example\r\n250 SIZE 10\r\n", "250[a.example][SIZE 10]"),
  CASE ("two-replies", "250 a\r\n550-b\r\n550 c\r\n", "250[a]550[b][c]"),
  CASE ("no-text", "250 \r\n", "250[]"),
  CASE ("no-space", "250\r\n", "250[]"),
  CASE ("no-text-and-more", "250-\r\n250\r\n", "250[][]"),
  CASE ("354", "354 go\r\n", "354[go]"),
  CASE ("599", "599 x\r\n", "599[x]"),
  CASE ("200", "200 x\r\n", "200[x]"),
  CASE ("spaces", "250   x \r\n", "250[  x ]"),
  CASE ("hyphen-text", "250 -x\r\n", "250[-x]"),
  CASE ("8-bit", "250 \xff\xc3\r\n", "250[\xff\xc3]"),
  CASE ("escape", "250 \x1b[0m\x07\r\n", "250[\x1b[0m\x07]"),
  CASE ("begun", "250", ""),
  CASE ("begun-cr", "250 x\r", ""),
  CASE ("begun-more", "250-x\r\n", ""),
  CASE ("begun-more-code", "250-x\r\n250", ""),
  CASE ("bare-lf", "250 x\n", "!"),
  CASE ("bare-lf-second", "250-x\r\n250 y\n", "!"),
  CASE ("lf-only", "\n", "!"),
  CASE ("empty-line", "\r\n", "!"),
  CASE ("bare-cr", "250 x\ry\r\n", "!"),
  CASE ("two-cr", "250 x\r\r\n", "!"),
  CASE ("cr-first", "\r250 x\r\n", "!"),
  CASE ("nul", "250 x\0y\r\n", "!"),
  CASE ("nul-code", "25\0 x\r\n", "!"),
  CASE ("other-code", "250-x\r\n251 y\r\n", "!"),
  CASE ("no-code", "250-x\r\ny\r\n", "!"),
  CASE ("two-digits", "25\r\n", "!"),
  CASE ("two-digits-space", "25 x\r\n", "!"),
  CASE ("four-digits", "2500 x\r\n", "!"),
  CASE ("letters", "2x0 x\r\n", "!"),
  CASE ("no-separator", "250x\r\n", "!"),
  CASE ("tab", "250\tx\r\n", "!"),
  CASE ("100", "100 x\r\n", "!"),
  CASE ("600", "600 x\r\n", "!"),
  CASE ("space-first", " 250 x\r\n", "!"),
  CASE ("http", "HTTP/1.1 400 Bad Request\r\n", "!"),
  CASE ("ssh", "SSH-2.0-OpenSSH\r\n", "!"),
  CASE ("error-after-reply", "250 x\r\n\r\n", "250[x]!"),
};

static void
test_case (gconstpointer data)
{
  const Case *row = data;

  check_all_cuts (row->data, row->size, row->expected);
}

/* After an error nothing is read any more. */
static void
test_error_stays (void)
{
  Input input;
  gsize consumed;

  input_init (&input);
  input_feed (&input, "x\r\n", 3);
  g_assert_cmpint (smtp_reply_reader_feed (&input.reader, (const guint8 *) "250 x\r\n", 7, &consumed),
                   ==, SMTP_REPLY_READ_ERROR);
  g_assert_cmpuint (consumed, ==, 0);
  input_clear (&input);
}

static GString *
make_line (const char *front,
           gsize       length)
{
  GString *line = g_string_new (front);

  while (line->len < length - 2)
    g_string_append_c (line, 'x');

  return g_string_append (line, "\r\n");
}

static SmtpReplyReadStatus
read_in_pieces (const GString *text,
                gsize          piece)
{
  SmtpReplyReadStatus status;
  Input input;

  input_init (&input);
  for (gsize i = 0; i < text->len; i += piece)
    input_feed (&input, text->str + i, MIN (piece, text->len - i));
  status = input.status;
  input_clear (&input);

  return status;
}

static void
check_status (const GString       *text,
              SmtpReplyReadStatus  expected)
{
  g_assert_cmpint (read_in_pieces (text, text->len), ==, expected);
  g_assert_cmpint (read_in_pieces (text, 1), ==, expected);
  g_assert_cmpint (read_in_pieces (text, 1000), ==, expected);
}

static void
test_line_limit (void)
{
  g_autoptr (GString) fits = make_line ("250 ", SMTP_REPLY_READER_LINE_MAX);
  g_autoptr (GString) too_long = make_line ("250 ", SMTP_REPLY_READER_LINE_MAX + 1);
  g_autoptr (GString) endless = make_line ("250 ", 10 * SMTP_REPLY_READER_LINE_MAX);

  check_status (fits, SMTP_REPLY_READ_DONE);
  check_status (too_long, SMTP_REPLY_READ_ERROR);
  check_status (endless, SMTP_REPLY_READ_ERROR);
}

static GString *
make_reply (guint n_lines)
{
  GString *text = g_string_new (NULL);

  for (guint i = 1; i < n_lines; i++)
    g_string_append (text, "250-x\r\n");

  return g_string_append (text, "250 x\r\n");
}

static void
test_lines_limit (void)
{
  g_autoptr (GString) fits = make_reply (SMTP_REPLY_READER_LINES_MAX);
  g_autoptr (GString) too_many = make_reply (SMTP_REPLY_READER_LINES_MAX + 1);

  check_status (fits, SMTP_REPLY_READ_DONE);
  check_status (too_many, SMTP_REPLY_READ_ERROR);
}

static void
test_size_limit (void)
{
  g_autoptr (GString) begun = make_line ("250-", 2048);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) last = make_line ("250 ", 2048);

  while (text->len < SMTP_REPLY_READER_SIZE_MAX - 2048)
    g_string_append_len (text, begun->str, begun->len);
  check_status (text, SMTP_REPLY_READ_MORE);
  g_string_append_len (text, last->str, last->len);
  g_assert_cmpuint (text->len, ==, SMTP_REPLY_READER_SIZE_MAX);
  check_status (text, SMTP_REPLY_READ_DONE);

  g_string_insert (text, 2048, "250-\r\n");
  check_status (text, SMTP_REPLY_READ_ERROR);
}

/* The limits are those of a reply, not of a connection. */
static void
test_many_replies (void)
{
  Input input;

  input_init (&input);
  for (guint i = 0; i < 50000; i++)
    input_feed (&input, "250 x\r\n", 7);
  g_assert_cmpint (input.status, ==, SMTP_REPLY_READ_DONE);
  g_assert_cmpuint (input.consumed, ==, 350000);
  input_clear (&input);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/wire/reply-reader/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }

  g_test_add_func ("/wire/reply-reader/error-stays", test_error_stays);
  g_test_add_func ("/wire/reply-reader/line-limit", test_line_limit);
  g_test_add_func ("/wire/reply-reader/lines-limit", test_lines_limit);
  g_test_add_func ("/wire/reply-reader/size-limit", test_size_limit);
  g_test_add_func ("/wire/reply-reader/many-replies", test_many_replies);

  return g_test_run ();
}
