/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-reply-writer.h"
#include "wire/smtp-text.h"

#include <string.h>

static char *
write_reply (guint               code,
             const char         *status,
             const char * const *lines)
{
  GString *out = g_string_new (NULL);

  smtp_reply_write (out, code, status, lines);
  return g_string_free (out, FALSE);
}

/* Takes a reply apart as a client does, and returns its texts. */
static char **
read_reply (const char *reply,
            guint       code,
            const char *status)
{
  char  **lines = g_strsplit (reply, "\r\n", -1);
  guint   n_lines = g_strv_length (lines);
  guint   i;

  g_assert_cmpuint (n_lines, >=, 2);
  g_assert_cmpstr (lines[n_lines - 1], ==, "");
  g_clear_pointer (&lines[n_lines - 1], g_free);
  n_lines--;
  g_assert_cmpuint (n_lines, <=, SMTP_REPLY_LINES_MAX);

  for (i = 0; i < n_lines; i++)
    {
      char *front = g_strdup_printf ("%u%c%s%s", code, i + 1 < n_lines ? '-' : ' ',
                                     status != NULL ? status : "", status != NULL ? " " : "");

      g_assert_cmpuint (strlen (lines[i]), <=, SMTP_REPLY_LINE_MAX - 2);
      g_assert_true (g_str_has_prefix (lines[i], front));
      g_assert_true (g_utf8_validate (lines[i], -1, NULL));
      g_assert_null (strpbrk (lines[i], "\r\n"));
      memmove (lines[i], lines[i] + strlen (front), strlen (lines[i]) - strlen (front) + 1);
      g_free (front);
    }

  return lines;
}

typedef struct
{
  const char *name;
  guint       code;
  const char *status;
  const char *lines[4];
  const char *reply;
} Case;

static const Case cases[] = {
  { "one-line", 250, NULL, { "OK" }, "250 OK\r\n" },
  { "one-line-status", 250, "2.1.0", { "Sender OK" }, "250 2.1.0 Sender OK\r\n" },
  { "status-long", 550, "5.123.456", { "No" }, "550 5.123.456 No\r\n" },
  { "two-lines", 250, NULL, { "a", "b" }, "250-a\r\n250 b\r\n" },
  { "three-lines-status", 550, "5.7.1", { "a", "b", "c" }, "550-5.7.1 a\r\n550-5.7.1 b\r\n550 5.7.1 c\r\n" },
  { "no-lines-2", 250, NULL, { NULL }, "250 OK\r\n" },
  { "no-lines-3", 354, NULL, { NULL }, "354 Go ahead\r\n" },
  { "no-lines-4", 451, "4.3.0", { NULL }, "451 4.3.0 Try again later\r\n" },
  { "no-lines-5", 554, NULL, { NULL }, "554 Refused\r\n" },
  { "empty-line", 250, "2.0.0", { "" }, "250 2.0.0 OK\r\n" },
  { "empty-lines", 250, NULL, { "", "" }, "250-\r\n250 \r\n" },
  { "empty-line-between", 214, NULL, { "a", "", "b" }, "214-a\r\n214-\r\n214 b\r\n" },
  { "splitting", 550, NULL, { "no\r\n250 ok" }, "550 no  250 ok\r\n" },
  { "splitting-at-end", 550, NULL, { "no\r\n" }, "550 no  \r\n" },
  { "bare-cr", 250, NULL, { "a\rb" }, "250 a b\r\n" },
  { "bare-lf", 250, NULL, { "a\nb" }, "250 a b\r\n" },
  { "tab", 250, NULL, { "a\tb" }, "250 a b\r\n" },
  { "escape", 250, NULL, { "a\033[2Jb" }, "250 a [2Jb\r\n" },
  { "del", 250, NULL, { "a\177b" }, "250 a b\r\n" },
  { "c1", 250, NULL, { "a\xc2\x85""b\xc2\x9f""c" }, "250 a b c\r\n" },
  { "control-only", 250, NULL, { "\r\n" }, "250   \r\n" },
  { "utf-8", 250, NULL, { "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80" }, "250 \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\r\n" },
  { "utf-8-nbsp", 250, NULL, { "\xc2\xa0" }, "250 \xc2\xa0\r\n" },
  { "latin-1", 250, NULL, { "b\xfc""cher" }, "250 b?cher\r\n" },
  { "overlong", 250, NULL, { "\xc0\x8a" }, "250 ??\r\n" },
  { "surrogate", 250, NULL, { "\xed\xa0\x80" }, "250 ???\r\n" },
  { "cut-character", 250, NULL, { "a\xe2\x82" }, "250 a??\r\n" },
  { "c1-octet-alone", 250, NULL, { "\x85" }, "250 ?\r\n" },
  { "percent", 250, NULL, { "%n%s%p" }, "250 %n%s%p\r\n" },
  { "status-in-text", 550, NULL, { "5.7.2" }, "550 5.7.2\r\n" },
  { "number-in-text", 250, NULL, { "42" }, "250 42\r\n" },
  { "spaces", 250, NULL, { "  a  " }, "250   a  \r\n" },
};

static void
test_case (gconstpointer data)
{
  const Case  *row = data;
  char        *reply = write_reply (row->code, row->status, row->lines);

  g_assert_cmpstr (reply, ==, row->reply);
  g_strfreev (read_reply (reply, row->code, row->status));
  g_free (reply);
}

static void
test_null_lines (void)
{
  char *reply = write_reply (220, NULL, NULL);

  g_assert_cmpstr (reply, ==, "220 OK\r\n");
  g_free (reply);
}

static void
test_appends (void)
{
  static const char * const  lines[] = { "a", "b", NULL };
  GString                   *out = g_string_new ("250-x\r\n");

  smtp_reply_write (out, 250, NULL, lines);
  smtp_reply_write (out, 221, NULL, NULL);
  g_assert_cmpstr (out->str, ==, "250-x\r\n250-a\r\n250 b\r\n221 OK\r\n");
  g_string_free (out, TRUE);
}

/* Every length around the limits, with and without spaces to split at. */
static void
check_split (const char *unit,
             const char *status)
{
  gsize    size;
  GString *text = g_string_new (NULL);

  for (size = 1; size < 1600; size++)
    {
      const char *lines[2] = { NULL, NULL };
      char       *reply;
      char      **parts;
      char       *joined;
      gsize       i;

      g_string_append (text, unit);
      if (size < 480)
        continue;

      lines[0] = text->str;
      reply = write_reply (250, status, lines);
      parts = read_reply (reply, 250, status);

      /* Nothing is lost but the spaces that lines were split at. */
      joined = g_strjoinv (strchr (unit, ' ') != NULL ? " " : "", parts);
      if (g_str_has_suffix (text->str, " ") && !g_str_has_suffix (joined, " "))
        g_assert_cmpuint (strlen (joined) + 1, ==, text->len);
      else
        g_assert_cmpstr (joined, ==, text->str);

      /* All lines but the last are full: a unit more would not have fitted. */
      for (i = 0; parts[i] != NULL && parts[i + 1] != NULL; i++)
        g_assert_cmpuint (strlen (parts[i]) + strlen (unit), >,
                          SMTP_REPLY_LINE_MAX - 6 - (status != NULL ? strlen (status) + 1 : 0));

      g_free (joined);
      g_strfreev (parts);
      g_free (reply);
    }

  g_string_free (text, TRUE);
}

static void
test_split (void)
{
  check_split ("a", NULL);
  check_split ("a", "2.0.0");
  check_split ("ab ", NULL);
  check_split ("abcdefghi ", "5.123.456");
  check_split ("\xc3\xbc", NULL);
  check_split ("\xe2\x82\xac", "2.0.0");
  check_split ("\xf0\x9f\x98\x80", NULL);
  check_split ("\xe2\x82\xac ", NULL);
}

/* A line of exactly the limit is one line, one octet more makes two. */
static void
test_split_at_limit (void)
{
  char        text[508];
  const char *lines[2] = { text, NULL };
  char       *reply;

  memset (text, 'a', sizeof text);
  text[506] = '\0';
  reply = write_reply (250, NULL, lines);
  g_assert_cmpuint (strlen (reply), ==, SMTP_REPLY_LINE_MAX);
  g_free (reply);

  text[506] = 'a';
  text[507] = '\0';
  reply = write_reply (250, NULL, lines);
  g_assert_true (g_str_has_suffix (reply, "\r\n250 a\r\n"));
  g_free (reply);

  text[506] = '\r';
  reply = write_reply (250, NULL, lines);
  g_assert_cmpuint (strlen (reply), ==, SMTP_REPLY_LINE_MAX);
  g_free (reply);

  text[0] = ' ';
  text[506] = 'b';
  reply = write_reply (250, NULL, lines);
  g_assert_true (g_str_has_suffix (reply, "\r\n250 b\r\n"));
  g_free (reply);
}

static void
test_split_between_words (void)
{
  GString    *text = g_string_new (NULL);
  const char *lines[2] = { NULL, NULL };
  char       *reply;
  char      **parts;

  g_string_append (text, "first");
  g_string_append_c (text, ' ');
  while (text->len < 600)
    g_string_append_c (text, 'x');

  lines[0] = text->str;
  reply = write_reply (250, NULL, lines);
  parts = read_reply (reply, 250, NULL);

  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  g_assert_cmpstr (parts[0], ==, "first");
  g_assert_cmpuint (strlen (parts[1]), ==, 506);
  g_assert_cmpuint (strlen (parts[2]), ==, 600 - 6 - 506);

  g_strfreev (parts);
  g_free (reply);
  g_string_free (text, TRUE);
}

static void
test_many_lines (void)
{
  const char **lines = g_new0 (const char *, 1001);
  char        *reply;
  char       **parts;
  guint        i;

  for (i = 0; i < 1000; i++)
    lines[i] = "line";

  reply = write_reply (250, NULL, lines);
  parts = read_reply (reply, 250, NULL);
  g_assert_cmpuint (g_strv_length (parts), ==, SMTP_REPLY_LINES_MAX);

  g_strfreev (parts);
  g_free (reply);
  g_free (lines);
}

static void
check_long_text (const char *unit)
{
  gsize        length = strlen (unit);
  GString     *text = g_string_new (NULL);
  const char  *lines[3] = { NULL, "behind", NULL };
  gint64       begin;
  guint        round;

  while (text->len < 500 * 1024)
    g_string_append_len (text, unit, length);
  lines[0] = text->str;

  begin = g_get_monotonic_time ();
  for (round = 0; round < 10; round++)
    {
      char  *reply = write_reply (550, "5.7.1", lines);
      char **parts = read_reply (reply, 550, "5.7.1");

      g_assert_cmpuint (g_strv_length (parts), ==, SMTP_REPLY_LINES_MAX);
      g_strfreev (parts);
      g_free (reply);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);

  g_string_free (text, TRUE);
}

static void
test_long_text (void)
{
  check_long_text ("a");
  check_long_text (" ");
  check_long_text ("\r\n");
  check_long_text ("\xff");
  check_long_text ("\xe2\x82\xac");
  check_long_text ("a b");
}

static void
test_code (void)
{
  guint code;

  for (code = 0; code < 2000; code++)
    {
      gboolean valid = code >= 200 && code <= 599 && (code / 10) % 10 <= 5;

      g_assert_cmpint (smtp_reply_code_is_valid (code), ==, valid);
    }

  g_assert_false (smtp_reply_code_is_valid (G_MAXUINT));
}

static void
count_message (const char     *domain G_GNUC_UNUSED,
               GLogLevelFlags  level,
               const char     *message G_GNUC_UNUSED,
               gpointer        user_data)
{
  guint *count = user_data;

  if ((level & G_LOG_LEVEL_CRITICAL) != 0)
    (*count)++;
}

static gboolean
is_not_fatal (const char     *domain G_GNUC_UNUSED,
              GLogLevelFlags  level G_GNUC_UNUSED,
              const char     *message G_GNUC_UNUSED,
              gpointer        user_data G_GNUC_UNUSED)
{
  return FALSE;
}

/* What only a mistake of the program does is told, and nothing is written. The
 * handlers take every log domain, as the library is built with its own. */
static void
check_critical (guint       code,
                const char *status)
{
  GString  *out = g_string_new (NULL);
  guint     count = 0;
  GLogFunc  previous = g_log_set_default_handler (count_message, &count);

  g_test_log_set_fatal_handler (is_not_fatal, NULL);
  smtp_reply_write (out, code, status, NULL);
  g_test_log_set_fatal_handler (NULL, NULL);
  g_log_set_default_handler (previous, NULL);

  g_assert_cmpuint (count, ==, 1);
  g_assert_cmpuint (out->len, ==, 0);
  g_string_free (out, TRUE);
}

static void
test_mistakes (void)
{
  check_critical (0, NULL);
  check_critical (42, NULL);
  check_critical (199, NULL);
  check_critical (260, NULL);
  check_critical (600, NULL);
  check_critical (999, NULL);
  check_critical (550, "");
  check_critical (550, "5.7");
  check_critical (550, "5.7.1 ");
  check_critical (550, "5.7.1\r\n");
}

typedef struct
{
  const char *name;
  const char *text;
  gsize       length;
} StatusCase;

static const StatusCase status_cases[] = {
  { "plain", "2.0.0", 5 },
  { "with-text", "5.7.1 No", 5 },
  { "with-space", "4.2.2 ", 5 },
  { "long", "5.999.999", 9 },
  { "two-digits", "5.10.12 x", 7 },
  { "null", NULL, 0 },
  { "empty", "", 0 },
  { "class-1", "1.0.0", 0 },
  { "class-3", "3.0.0", 0 },
  { "class-6", "6.0.0", 0 },
  { "class-only", "5", 0 },
  { "class-and-dot", "5.", 0 },
  { "no-detail", "5.7", 0 },
  { "no-detail-dot", "5.7.", 0 },
  { "no-subject", "5..1", 0 },
  { "four-digits", "5.1000.1", 0 },
  { "four-digits-detail", "5.1.1000", 0 },
  { "leading-zero", "5.01.1", 0 },
  { "leading-zero-detail", "5.1.01", 0 },
  { "two-zeros", "5.00.1", 0 },
  { "four-parts", "5.1.1.1", 0 },
  { "letter-behind", "5.1.1x", 0 },
  /* It is sent as a space. */
  { "cr-behind", "5.1.1\r", 5 },
  { "tab-behind", "5.1.1\tx", 5 },
  { "c1-behind", "5.1.1\302\205", 5 },
  { "no-utf8-behind", "5.1.1\377", 0 },
  { "space-in-front", " 5.1.1", 0 },
  { "comma", "5,1,1", 0 },
  { "minus", "5.-1.1", 0 },
};

static void
test_status (gconstpointer data)
{
  const StatusCase *row = data;
  char             *exact = g_strdup (row->text);

  g_assert_cmpuint (smtp_status_length (exact), ==, row->length);
  g_free (exact);
}

typedef struct
{
  const char *name;
  const char *text;
  gsize       length;
  gsize       max;
  const char *escaped;
} EscapeCase;

#define ESCAPE(name, text, max, escaped) { name, text, sizeof text - 1, max, escaped }

static const EscapeCase escape_cases[] = {
  ESCAPE ("nothing", "", 10, ""),
  ESCAPE ("plain", "EHLO example.org", 100, "EHLO example.org"),
  ESCAPE ("all-marks", " !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", 100, " !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"),
  ESCAPE ("cr-lf-tab", "a\r\n\tb", 100, "a\\r\\n\\tb"),
  ESCAPE ("backslash", "a\\b\\", 100, "a\\\\b\\\\"),
  ESCAPE ("nul", "a\0b", 100, "a\\x00b"),
  ESCAPE ("escape", "\033[31m", 100, "\\x1B[31m"),
  ESCAPE ("del", "\177", 100, "\\x7F"),
  ESCAPE ("utf-8", "\xc3\xbc", 100, "\\xC3\\xBC"),
  ESCAPE ("right-to-left", "\xe2\x80\xae", 100, "\\xE2\\x80\\xAE"),
  ESCAPE ("8-bit", "\xff\x80", 100, "\\xFF\\x80"),
  ESCAPE ("at-max", "abc", 3, "abc"),
  ESCAPE ("over-max", "abcd", 3, "abc…"),
  ESCAPE ("over-max-escaped", "\r\n\r\n", 2, "\\r\\n…"),
  ESCAPE ("max-0", "a", 0, "…"),
  ESCAPE ("max-0-nothing", "", 0, ""),
  ESCAPE ("percent", "%n%s", 10, "%n%s"),
};

static void
test_escape (gconstpointer data)
{
  const EscapeCase *row = data;
  GString          *out = g_string_new ("x");
  char             *exact = g_memdup2 (row->text, row->length);

  smtp_text_escape (out, exact, row->length, row->max);
  g_assert_cmpstr (out->str + 1, ==, row->escaped);

  g_free (exact);
  g_string_free (out, TRUE);
}

static void
test_non_ascii (void)
{
  gunichar c;

  for (c = 0; c <= 0x110000; c++)
    {
      char  text[6];
      gsize length = g_unichar_to_utf8 (c, text);
      gsize cut;

      g_assert_cmpuint (smtp_text_non_ascii (text, length), ==,
                        c >= 0xa0 && g_unichar_validate (c) ? length : 0);
      for (cut = 0; cut < length; cut++)
        g_assert_cmpuint (smtp_text_non_ascii (text, cut), ==, 0);
    }

  g_assert_cmpuint (smtp_text_non_ascii ("\x80", 1), ==, 0);
  g_assert_cmpuint (smtp_text_non_ascii ("\xff", 1), ==, 0);
  g_assert_cmpuint (smtp_text_non_ascii ("\xc0\x80", 2), ==, 0);
  g_assert_cmpuint (smtp_text_non_ascii ("\xe0\x80\x80", 3), ==, 0);
  g_assert_cmpuint (smtp_text_non_ascii ("\xc3" "a", 2), ==, 0);
  g_assert_cmpuint (smtp_text_non_ascii ("\xc3\xbc\xc3\xbc", 4), ==, 2);
  g_assert_cmpuint (smtp_text_non_ascii (NULL, 0), ==, 0);
}

static void
add_cases (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/reply/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (status_cases); i++)
    {
      char *path = g_strconcat ("/wire/reply/status/", status_cases[i].name, NULL);

      g_test_add_data_func (path, &status_cases[i], test_status);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (escape_cases); i++)
    {
      char *path = g_strconcat ("/wire/text/escape/", escape_cases[i].name, NULL);

      g_test_add_data_func (path, &escape_cases[i], test_escape);
      g_free (path);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_cases ();
  g_test_add_func ("/wire/reply/null-lines", test_null_lines);
  g_test_add_func ("/wire/reply/appends", test_appends);
  g_test_add_func ("/wire/reply/split", test_split);
  g_test_add_func ("/wire/reply/split-at-limit", test_split_at_limit);
  g_test_add_func ("/wire/reply/split-between-words", test_split_between_words);
  g_test_add_func ("/wire/reply/many-lines", test_many_lines);
  g_test_add_func ("/wire/reply/long-text", test_long_text);
  g_test_add_func ("/wire/reply/code", test_code);
  g_test_add_func ("/wire/reply/mistakes", test_mistakes);
  g_test_add_func ("/wire/text/non-ascii", test_non_ascii);

  return g_test_run ();
}
