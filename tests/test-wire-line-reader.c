/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-line-reader.h"

#include <string.h>

#define LIMIT 16

/* A description of every line found, one letter for the status and the line in
 * brackets (with ~ for NUL): two ways to cut the same octets are the same if these are. */
typedef struct
{
  SmtpLineReader  reader;
  GByteArray     *buffer;
  GString        *events;
  gsize           limit;
  gsize           total_consumed;
  gboolean        over;
} Connection;

static void
connection_init (Connection *self,
                 gsize       limit)
{
  memset (self, 0, sizeof *self);
  self->buffer = g_byte_array_new ();
  self->events = g_string_new (NULL);
  self->limit = limit;
}

static char *
connection_finish (Connection *self)
{
  g_byte_array_unref (self->buffer);
  return g_string_free (self->events, FALSE);
}

static void
connection_note (Connection     *self,
                 SmtpLineStatus  status,
                 gsize           line_length)
{
  static const char letters[] = "-OLCTE";
  gsize             i;

  if (status == SMTP_LINE_TOO_LONG || status == SMTP_LINE_ENDLESS)
    g_assert_cmpuint (line_length, ==, 0);

  g_string_append_c (self->events, letters[status]);
  g_string_append_c (self->events, '[');
  for (i = 0; i < line_length; i++)
    g_string_append_c (self->events, self->buffer->data[i] != '\0' ? self->buffer->data[i] : '~');
  g_string_append_c (self->events, ']');
}

static void
connection_read (Connection *self,
                 const char *data,
                 gsize       size)
{
  if (self->over)
    return;

  g_byte_array_append (self->buffer, (const guint8 *) data, size);

  for (;;)
    {
      SmtpLineStatus  status;
      gsize           line_length;
      gsize           consumed;
      char           *exact = g_memdup2 (self->buffer->data, self->buffer->len);

      status = smtp_line_reader_next (&self->reader, exact, self->buffer->len,
                                      self->limit, &line_length, &consumed);
      g_free (exact);

      g_assert_cmpuint (consumed, <=, self->buffer->len);
      self->total_consumed += consumed;

      if (status != SMTP_LINE_NONE)
        {
          g_assert_cmpuint (line_length, <, MAX (consumed, 1));
          g_assert_cmpuint (self->reader.scanned, ==, 0);
          g_assert_cmpuint (self->reader.swallowed, ==, 0);
          connection_note (self, status, line_length);
        }

      g_byte_array_remove_range (self->buffer, 0, consumed);

      if (status == SMTP_LINE_ENDLESS)
        {
          self->over = TRUE;
          return;
        }

      if (status == SMTP_LINE_NONE)
        {
          g_assert_cmpuint (self->buffer->len, <, MAX (self->limit, 1));
          return;
        }
    }
}

static char *
read_whole (const char *data,
            gsize       size,
            gsize       limit)
{
  Connection connection;

  connection_init (&connection, limit);
  connection_read (&connection, data, size);
  return connection_finish (&connection);
}

static char *
read_in_pieces (const char *data,
                gsize       size,
                gsize       limit,
                gsize       piece)
{
  Connection connection;
  gsize      i;

  connection_init (&connection, limit);
  for (i = 0; i < size; i += piece)
    connection_read (&connection, data + i, MIN (piece, size - i));
  return connection_finish (&connection);
}

static char *
read_split (const char *data,
            gsize       size,
            gsize       limit,
            gsize       split)
{
  Connection connection;

  connection_init (&connection, limit);
  connection_read (&connection, data, split);
  connection_read (&connection, data + split, size - split);
  return connection_finish (&connection);
}

typedef struct
{
  const char *name;
  const char *data;
  gsize       size;
  const char *events;
} Case;

#define CASE(name, data, events) { name, data, sizeof data - 1, events }

static const Case cases[] = {
  CASE ("nothing", "", ""),
  CASE ("no-end", "NOOP", ""),
  CASE ("cr-only-at-end", "NOOP\r", ""),
  CASE ("crlf", "NOOP\r\n", "O[NOOP]"),
  CASE ("empty", "\r\n", "O[]"),
  CASE ("two", "NOOP\r\nQUIT\r\n", "O[NOOP]O[QUIT]"),
  CASE ("two-and-a-half", "NOOP\r\nQUIT\r\nRS", "O[NOOP]O[QUIT]"),
  CASE ("bare-lf", "NOOP\n", "L[NOOP]"),
  CASE ("bare-lf-empty", "\n", "L[]"),
  CASE ("bare-lf-then-crlf", "NOOP\nQUIT\r\n", "L[NOOP]O[QUIT]"),
  CASE ("lf-cr", "NOOP\n\rQUIT\r\n", "L[NOOP]C[\rQUIT]"),
  CASE ("bare-cr", "NO\rOP\r\n", "C[NO\rOP]"),
  CASE ("bare-cr-first", "\rNOOP\r\n", "C[\rNOOP]"),
  CASE ("two-cr", "NOOP\r\r\n", "C[NOOP\r]"),
  CASE ("bare-cr-and-bare-lf", "NO\rOP\n", "C[NO\rOP]"),
  CASE ("nul", "NO\0OP\r\n", "O[NO~OP]"),
  CASE ("8-bit", "\xff\xfe\r\n", "O[\xff\xfe]"),
  CASE ("limit-14-and-crlf", "12345678901234\r\n", "O[12345678901234]"),
  CASE ("limit-15-and-lf", "123456789012345\n", "L[123456789012345]"),
  CASE ("over-15-and-crlf", "123456789012345\r\n", "T[]"),
  CASE ("over-16-and-lf", "1234567890123456\n", "T[]"),
  CASE ("over-then-ok", "1234567890123456789012345678901234567890\r\nNOOP\r\n", "T[]O[NOOP]"),
  CASE ("over-twice", "1234567890123456789\r\n1234567890123456789\r\n\r\n", "T[]T[]O[]"),
  CASE ("over-with-bare-cr", "1234\r67890123456789\r\nNOOP\r\n", "T[]O[NOOP]"),
  CASE ("over-with-bare-lf", "12345678901234567890\nNOOP\r\n", "T[]O[NOOP]"),
  CASE ("over-no-end", "12345678901234567890", ""),
  CASE ("ok-over-ok", "A\r\n12345678901234567890\r\nB\r\n", "O[A]T[]O[B]"),
};

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  char       *whole = read_whole (row->data, row->size, LIMIT);
  char       *other;
  gsize       i;

  g_assert_cmpstr (whole, ==, row->events);

  for (i = 0; i <= row->size; i++)
    {
      other = read_split (row->data, row->size, LIMIT, i);
      g_assert_cmpstr (other, ==, whole);
      g_free (other);
    }

  for (i = 1; i <= 5; i++)
    {
      other = read_in_pieces (row->data, row->size, LIMIT, i);
      g_assert_cmpstr (other, ==, whole);
      g_free (other);
    }

  g_free (whole);
}

/* All limits from 0, with everything that tells one line from another. */
static void
test_all_limits (void)
{
  static const char data[] = "A\r\nBC\nD\rE\r\n\r\r\n\n\r\nFGHIJ\r\n\r\n1234567890\r\nK\r\n";
  gsize             limit;

  for (limit = 0; limit < sizeof data; limit++)
    {
      char  *whole = read_whole (data, sizeof data - 1, limit);
      gsize  i;

      for (i = 0; i < sizeof data; i++)
        {
          char *other = read_split (data, sizeof data - 1, limit, i);

          g_assert_cmpstr (other, ==, whole);
          g_free (other);
        }
      g_free (whole);
    }
}

/* An LF after @length octets, cut in several ways. */
static void
check_long_line (gsize       length,
                 gboolean    with_end,
                 const char *expected)
{
  static const gsize  pieces[] = { 1, 7, 15, 16, 17, 4096, 65536, G_MAXSIZE / 2 };
  GString            *text = g_string_new (NULL);
  gsize               i;

  g_string_set_size (text, length);
  memset (text->str, 'A', length);
  if (with_end)
    g_string_append (text, "\nNOOP\r\n");

  for (i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      char *events;

      /* The test copies what is in the buffer with every piece: little, as it
       * is not kept. */
      events = read_in_pieces (text->str, text->len, LIMIT, pieces[i]);
      g_assert_cmpstr (events, ==, expected);
      g_free (events);
    }

  g_string_free (text, TRUE);
}

static void
test_longest_line (void)
{
  check_long_line (LIMIT + SMTP_LINE_OVERREAD - 1, TRUE, "T[]O[NOOP]");
}

static void
test_line_too_long_by_one (void)
{
  check_long_line (LIMIT + SMTP_LINE_OVERREAD, TRUE, "E[]");
}

static void
test_endless_at_once (void)
{
  check_long_line (LIMIT + SMTP_LINE_OVERREAD, FALSE, "E[]");
}

static void
test_not_yet_endless (void)
{
  check_long_line (LIMIT + SMTP_LINE_OVERREAD - 1, FALSE, "");
}

static void
test_endless_consumes_window (void)
{
  SmtpLineReader  reader = { 0, 0 };
  gsize           size = LIMIT + SMTP_LINE_OVERREAD + 1000;
  char           *data = g_malloc (size);
  gsize           line_length;
  gsize           consumed;

  memset (data, 'A', size);
  g_assert_cmpint (smtp_line_reader_next (&reader, data, size, LIMIT, &line_length, &consumed), ==,
                   SMTP_LINE_ENDLESS);
  g_assert_cmpuint (consumed, ==, LIMIT + SMTP_LINE_OVERREAD);
  g_free (data);
}

/* A caller may have no limit, and the sum must not wrap. */
static void
test_no_limit (void)
{
  SmtpLineReader reader = { 0, 0 };
  gsize          line_length;
  gsize          consumed;

  g_assert_cmpint (smtp_line_reader_next (&reader, "NOOP", 4, G_MAXSIZE, &line_length, &consumed), ==,
                   SMTP_LINE_NONE);
  g_assert_cmpint (smtp_line_reader_next (&reader, "NOOP\r\n", 6, G_MAXSIZE, &line_length, &consumed), ==,
                   SMTP_LINE_OK);
  g_assert_cmpuint (line_length, ==, 4);
  g_assert_cmpuint (consumed, ==, 6);
}

static void
test_no_data (void)
{
  SmtpLineReader reader = { 0, 0 };
  gsize          line_length = 1;
  gsize          consumed = 1;

  g_assert_cmpint (smtp_line_reader_next (&reader, NULL, 0, LIMIT, &line_length, &consumed), ==, SMTP_LINE_NONE);
  g_assert_cmpuint (line_length, ==, 0);
  g_assert_cmpuint (consumed, ==, 0);
}

/* What has been looked at is not looked at again: no LF is found there. */
static void
test_scanned_is_remembered (void)
{
  SmtpLineReader reader = { 0, 0 };
  gsize          line_length;
  gsize          consumed;

  smtp_line_reader_next (&reader, "NOOP", 4, LIMIT, &line_length, &consumed);
  g_assert_cmpuint (reader.scanned, ==, 4);
  g_assert_cmpint (smtp_line_reader_next (&reader, "\n\n\n\nX", 5, LIMIT, &line_length, &consumed), ==,
                   SMTP_LINE_NONE);
}

/* AUTH may raise the limit and the dialogue lower it in the middle of a line. */
static void
test_limit_changes (void)
{
  SmtpLineReader reader = { 0, 0 };
  gsize          line_length;
  gsize          consumed;

  smtp_line_reader_next (&reader, "1234567890", 10, 8, &line_length, &consumed);
  g_assert_cmpuint (consumed, ==, 10);
  g_assert_cmpint (smtp_line_reader_next (&reader, "1\r\n", 3, 1000, &line_length, &consumed), ==,
                   SMTP_LINE_TOO_LONG);
  g_assert_cmpuint (consumed, ==, 3);

  reader.swallowed = 2 * SMTP_LINE_OVERREAD;
  g_assert_cmpint (smtp_line_reader_next (&reader, "1\r\n", 3, 8, &line_length, &consumed), ==,
                   SMTP_LINE_ENDLESS);
}

static void
test_linear (void)
{
  const gsize  size = 16 * 1024 * 1024;
  char        *data = g_malloc (size);
  gint64       begin;
  char        *events;

  memset (data, 'A', size);
  begin = g_get_monotonic_time ();

  /* With a limit above the size, only the memory of what was scanned keeps this
   * from being quadratic. */
  {
    SmtpLineReader reader = { 0, 0 };
    gsize          line_length;
    gsize          consumed;
    gsize          i;

    for (i = 64; i <= size; i += 64)
      smtp_line_reader_next (&reader, data, i, size * 2, &line_length, &consumed);
  }

  events = read_in_pieces (data, size, LIMIT, 1460);
  g_assert_cmpstr (events, ==, "E[]");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);

  g_free (events);
  g_free (data);
}

int
main (int   argc,
      char *argv[])
{
  gsize i;

  g_test_init (&argc, &argv, NULL);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/line-reader/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);
    }

  g_test_add_func ("/wire/line-reader/all-limits", test_all_limits);
  g_test_add_func ("/wire/line-reader/longest-line", test_longest_line);
  g_test_add_func ("/wire/line-reader/too-long-by-one", test_line_too_long_by_one);
  g_test_add_func ("/wire/line-reader/endless-at-once", test_endless_at_once);
  g_test_add_func ("/wire/line-reader/not-yet-endless", test_not_yet_endless);
  g_test_add_func ("/wire/line-reader/endless-consumes-window", test_endless_consumes_window);
  g_test_add_func ("/wire/line-reader/no-limit", test_no_limit);
  g_test_add_func ("/wire/line-reader/no-data", test_no_data);
  g_test_add_func ("/wire/line-reader/scanned-is-remembered", test_scanned_is_remembered);
  g_test_add_func ("/wire/line-reader/limit-changes", test_limit_changes);
  g_test_add_func ("/wire/line-reader/linear", test_linear);

  return g_test_run ();
}
