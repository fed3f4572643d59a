/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a message stands in an mbox. */

#include "handlers/smtp-mbox-writer.h"

#include <string.h>

static gboolean
append_piece (const guint8 *data,
              gsize         size,
              gpointer      user_data)
{
  g_assert_cmpuint (size, >, 0);
  g_string_append_len (user_data, (const char *) data, size);

  return TRUE;
}

/* Copies of exact size, so that a read beyond them is seen. */
static void
write_exact (SmtpMboxWriter *writer,
             const char     *data,
             gsize           size)
{
  g_autofree guint8 *exact = g_memdup2 (data, size);

  g_assert_true (smtp_mbox_writer_write (writer, exact, size));
}

static void
check_written_in_pieces (const char *input,
                         gsize       length,
                         gsize       first,
                         gsize       second,
                         const char *expected,
                         gsize       expected_length)
{
  g_autofree SmtpMboxWriter *writer = g_new (SmtpMboxWriter, 1);
  g_autoptr (GString) output = g_string_new (NULL);

  memset (writer, 0xa5, sizeof *writer);
  smtp_mbox_writer_init (writer, append_piece, output);
  write_exact (writer, input, first);
  write_exact (writer, input + first, second - first);
  write_exact (writer, input + second, length - second);
  g_assert_true (smtp_mbox_writer_finish (writer));

  g_assert_cmpmem (output->str, output->len, expected, expected_length);
}

static void
check_written (const char *input,
               gsize       length,
               const char *expected,
               gsize       expected_length)
{
  for (gsize first = 0; first <= length; first++)
    {
      for (gsize second = first; second <= length; second++)
        check_written_in_pieces (input, length, first, second, expected, expected_length);
    }
}

#define CHECK(input, expected) check_written (input, sizeof input - 1, expected, sizeof expected - 1)

static void
test_mbox_writer_lines (void)
{
  CHECK ("", "\n");
  CHECK ("\r\n", "\n\n");
  CHECK ("a", "a\n\n");
  CHECK ("a\r\nb\r\n", "a\nb\n\n");
  CHECK ("a\r\n\r\nb", "a\n\nb\n\n");
  CHECK ("\r\n\r\n", "\n\n\n");
  CHECK ("a\nb\n", "a\nb\n\n");
  CHECK ("a\rb\r\n", "a\rb\n\n");
  CHECK ("a\r\r\nb\r\n", "a\r\nb\n\n");
  CHECK ("a\r", "a\r\n\n");
  CHECK ("\r", "\r\n\n");
  CHECK ("\r\r", "\r\r\n\n");
  CHECK ("a\n\rb", "a\n\rb\n\n");
  CHECK ("a\0b\r\n\0\r\n\0", "a\0b\n\0\n\0\n\n");
  CHECK ("\r\0\n", "\r\0\n\n");
  CHECK ("\xff\xfe\x80\r\n", "\xff\xfe\x80\n\n");
}

static void
test_mbox_writer_from (void)
{
  CHECK ("From x", ">From x\n\n");
  CHECK ("From ", ">From \n\n");
  CHECK ("x\r\nFrom y\r\n", "x\n>From y\n\n");
  CHECK ("x\nFrom y\n", "x\n>From y\n\n");
  CHECK ("x\r\n>From y\r\n", "x\n>>From y\n\n");
  CHECK (">>>From y\r\nz", ">>>>From y\nz\n\n");
  CHECK ("From x\r\nFrom y\r\n", ">From x\n>From y\n\n");
  CHECK ("From From x\r\n", ">From From x\n\n");

  CHECK ("From", "From\n\n");
  CHECK ("F", "F\n\n");
  CHECK (">", ">\n\n");
  CHECK (">>Fro", ">>Fro\n\n");
  CHECK ("From\r\n x\r\n", "From\n x\n\n");
  CHECK ("Fro\r", "Fro\r\n\n");
  CHECK ("From:\r\nfrom x\r\n", "From:\nfrom x\n\n");
  CHECK (" From x\r\nx From x\r\n", " From x\nx From x\n\n");
  CHECK ("F>From x\r\n> From x\r\n", "F>From x\n> From x\n\n");
  CHECK ("FFrom x\r\nFr>From \r\n", "FFrom x\nFr>From \n\n");
  CHECK ("x\rFrom y\r\n", "x\rFrom y\n\n");
  CHECK ("\rFrom y\r\n", "\rFrom y\n\n");
  CHECK ("Fr\0om \r\n\0From x\r\n", "Fr\0om \n\0From x\n\n");
}

/* The sink is called at the borders of a buffer that lines have nothing to do with. */
static void
test_mbox_writer_long (void)
{
  for (gsize length = SMTP_MBOX_WRITER_BUFFER - 12; length < SMTP_MBOX_WRITER_BUFFER + 4; length++)
    {
      g_autofree SmtpMboxWriter *writer = g_new (SmtpMboxWriter, 1);
      g_autofree char *line = g_strnfill (length, '>');
      g_autofree char *input = g_strconcat (line, "From x\r\nFrom y\r\n", NULL);
      g_autofree char *expected = g_strconcat (line, ">From x\n>From y\n\n", NULL);
      g_autoptr (GString) output = g_string_new (NULL);

      smtp_mbox_writer_init (writer, append_piece, output);
      write_exact (writer, input, strlen (input));
      g_assert_true (smtp_mbox_writer_finish (writer));
      g_assert_cmpstr (output->str, ==, expected);
    }
}

static gboolean
fail_piece (const guint8 *data,
            gsize         size,
            gpointer      user_data)
{
  guint *left = user_data;

  g_assert_cmpuint (*left, >, 0);

  return --*left > 0;
}

static void
test_mbox_writer_fails (void)
{
  g_autofree char *line = g_strnfill (SMTP_MBOX_WRITER_BUFFER, 'x');

  for (guint n = 1; n < 4; n++)
    {
      g_autofree SmtpMboxWriter *writer = g_new (SmtpMboxWriter, 1);
      guint left = n;

      smtp_mbox_writer_init (writer, fail_piece, &left);
      for (guint i = 1; i <= 5; i++)
        g_assert_cmpint (smtp_mbox_writer_write (writer, (guint8 *) line, SMTP_MBOX_WRITER_BUFFER), ==, i < n);
      g_assert_false (smtp_mbox_writer_finish (writer));
      g_assert_cmpuint (left, ==, 0);
    }
}

static void
check_separator (const char *sender,
                 gint64      seconds,
                 const char *expected)
{
  g_autofree char *line = smtp_mbox_separator_new (sender, seconds);

  g_assert_cmpstr (line, ==, expected);
}

static void
test_mbox_writer_separator (void)
{
  check_separator ("", 0, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n");
  check_separator ("a@example.org", 1709251199, "From a@example.org Thu Feb 29 23:59:59 2024\n");
  check_separator ("\"a b\\\tc\"@x", 1764547200, "From \"a?b\\?c\"@x Mon Dec  1 00:00:00 2025\n");
  check_separator ("\xc3\xbc@x\n", 0, "From ??@x? Thu Jan  1 00:00:00 1970\n");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/mbox-writer/lines", test_mbox_writer_lines);
  g_test_add_func ("/mbox-writer/from", test_mbox_writer_from);
  g_test_add_func ("/mbox-writer/long", test_mbox_writer_long);
  g_test_add_func ("/mbox-writer/fails", test_mbox_writer_fails);
  g_test_add_func ("/mbox-writer/separator", test_mbox_writer_separator);

  return g_test_run ();
}
