/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SmtpReply: what a program says, and what a client sees of it. */

#include <string.h>

#include <smtpd/smtpd.h>

#include "smtp-reply-private.h"
#include "test-log.h"

typedef struct
{
  guint code;
  const char *text;
  const char *status;     /* NULL: none */
  const char *line;       /* NULL: whatever the library says */
  const char *client;     /* NULL: not looked at */
} Case;

static const Case cases[] =
{
  { 250, "OK", NULL, "OK", "250 OK" },
  { 250, "2.1.0 fine", "2.1.0", "fine", "250 2.1.0 fine" },
  { 550, "5.1.1 No such user", "5.1.1", "No such user", "550 5.1.1 No such user" },
  { 452, "4.2.2 full", "4.2.2", "full", "452 4.2.2 full" },
  /* Of another class it is text. */
  { 550, "2.1.0 fine", NULL, "2.1.0 fine", "550 2.1.0 fine" },
  { 250, "5.1.1 no", NULL, "5.1.1 no", "250 5.1.1 no" },
  { 550, "5.1 short", NULL, "5.1 short", "550 5.1 short" },
  { 550, "5.1.1.1 long", NULL, "5.1.1.1 long", "550 5.1.1.1 long" },
  { 550, "5.1234.1 wide", NULL, "5.1234.1 wide", "550 5.1234.1 wide" },
  /* A status without a text (S23). */
  { 550, "5.7.2", "5.7.2", "", NULL },
  { 550, "5.7.2 ", "5.7.2", "", NULL },
  { 550, "", NULL, NULL, NULL },
  { 550, NULL, NULL, NULL, NULL },
  { 421, NULL, NULL, NULL, NULL },
  { 259, NULL, NULL, NULL, NULL },
  /* What would split a reply (S22). */
  { 550, "no\r\n250 ok", NULL, NULL, "550 no  250 ok" },
  { 550, "no\033[2J\177\001", NULL, NULL, "550 no [2J  " },
  { 550, "%n%s%p", NULL, "%n%s%p", "550 %n%s%p" },
  { 550, "d\303\251sol\303\251", NULL, NULL, "550 d\303\251sol\303\251" },
};

static void
test_case (gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (SmtpReply) reply = smtp_reply_new (expected->code, expected->text);
  g_autofree char *client = smtp_reply_to_string (reply);
  gsize length;
  const char *wire = smtp_reply_get_wire (reply, &length);

  g_assert_cmpuint (smtp_reply_get_code (reply), ==, expected->code);
  g_assert_cmpuint (smtp_reply_get_class (reply), ==, expected->code / 100);
  g_assert_cmpstr (smtp_reply_get_status (reply), ==, expected->status);
  if (expected->line != NULL)
    g_assert_cmpstr (smtp_reply_get_lines (reply)[0], ==, expected->line);
  if (expected->client != NULL)
    g_assert_cmpstr (client, ==, expected->client);

  /* One line, whatever was said. */
  g_assert_cmpuint (length, >=, 6);
  g_assert_true (memchr (wire, '\n', length) == wire + length - 1);
  g_assert_true (wire[length - 2] == '\r' && wire[3] == ' ');
}

static void
test_codes (void)
{
  static const guint bad[] = { 0, 1, 42, 99, 100, 199, 299, 600, 999, 2500, G_MAXUINT };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (SmtpReply) reply = NULL;

      log_expect ("", 1);
      reply = smtp_reply_new (bad[i], "2.0.0 yes");
      g_assert_cmpuint (smtp_reply_get_code (reply), ==, 451);
      log_assert_done ();
    }
}

static void
test_lines (void)
{
  const char * const lines[] = { "first", "2.0.0 second", "", "third\nfourth", NULL };
  g_autoptr (SmtpReply) reply = smtp_reply_new_full (250, "2.3.4", lines);
  g_autofree char *client = smtp_reply_to_string (reply);

  g_assert_cmpstr (smtp_reply_get_status (reply), ==, "2.3.4");
  g_assert_cmpuint (g_strv_length ((char **) smtp_reply_get_lines (reply)), ==, 4);
  g_assert_cmpstr (client, ==, "250-2.3.4 first\n250-2.3.4 2.0.0 second\n250-2.3.4 \n250 2.3.4 third fourth");
}

static void
test_no_lines (void)
{
  const char * const none[] = { NULL };
  g_autoptr (SmtpReply) empty = smtp_reply_new_full (250, NULL, none);
  g_autoptr (SmtpReply) null = smtp_reply_new_full (250, NULL, NULL);
  g_autofree char *one = smtp_reply_to_string (empty);
  g_autofree char *other = smtp_reply_to_string (null);

  g_assert_true (g_str_has_prefix (one, "250 "));
  g_assert_cmpstr (one, ==, other);
}

/* RFC 5321 section 4.5.3.1.5: 512 octets a line. Octets are split between characters. */
static void
test_long (void)
{
  g_autoptr (GString) text = g_string_new ("5.7.1 ");
  g_autoptr (SmtpReply) reply = NULL;
  g_autofree char *client = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 2000; i++)
    g_string_append (text, "\303\274");
  reply = smtp_reply_new (550, text->str);
  client = smtp_reply_to_string (reply);
  g_assert_true (g_utf8_validate (client, -1, NULL));
  lines = g_strsplit (client, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >=, 8);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_assert_cmpuint (strlen (lines[i]), <=, 510);
      g_assert_true (g_str_has_prefix (lines[i], lines[i + 1] != NULL ? "550-5.7.1 " : "550 5.7.1 "));
    }
}

static void
test_not_utf8 (void)
{
  g_autoptr (SmtpReply) reply = smtp_reply_new (550, "a\377b\300\200c");
  g_autofree char *client = smtp_reply_to_string (reply);

  g_assert_true (g_utf8_validate (client, -1, NULL));
}

static void
test_status (void)
{
  const char * const before[] = { "first", NULL };
  g_autoptr (SmtpReply) bare = smtp_reply_new (550, "no");
  g_autoptr (SmtpReply) full = smtp_reply_with_status (bare);
  g_autoptr (SmtpReply) same = smtp_reply_with_status (full);
  g_autoptr (SmtpReply) longer = smtp_reply_prepend (full, before);
  g_autofree char *client = smtp_reply_to_string (longer);

  g_assert_cmpstr (smtp_reply_get_status (full), ==, "5.0.0");
  g_assert_true (same == full);
  g_assert_null (smtp_reply_get_status (bare));
  g_assert_cmpstr (client, ==, "550-5.0.0 first\n550 5.0.0 no");
}

static void
test_boxed (void)
{
  SmtpReply *reply = smtp_reply_new (250, "OK");
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, SMTP_TYPE_REPLY);
  g_value_take_boxed (&value, smtp_reply_ref (reply));
  smtp_reply_unref (reply);
  g_assert_cmpuint (smtp_reply_get_code (g_value_get_boxed (&value)), ==, 250);
}

static void
test_parse (void)
{
  static const struct
  {
    const char *text;
    const char *expected;   /* NULL: not a reply */
  } texts[] = {
    { "250 OK", "250 OK" },
    { "550 5.1.1 No such user", "550 5.1.1 No such user" },
    { "250 2.0.0 OK\r\n", "250 2.0.0 OK" },
    { "250-one\r\n250 two\r\n", "250-one\n250 two" },
    { "250-one\n250 two", "250-one\n250 two" },
    { "250-2.0.0 one\n250 2.0.0 two", "250-2.0.0 one\n250 2.0.0 two" },
    /* What becomes a space is one when it is read again. */
    { "250-on\x13\r\n250 two ", "250-on \n250 two " },
    { "250 \r\r\n", "250  " },
    /* A status with nothing behind it gets a text. */
    { "550 5.7.1", "550 5.7.1 Refused" },
    { "550 5.7.1 ", "550 5.7.1 Refused" },
    { "550 5.7.1\x1f", "550 5.7.1 Refused" },
    { "550 5.7.1\302\205", "550 5.7.1 Refused" },
    { "550 5.7.1\tNo", "550 5.7.1 No" },
    { "550 5.7.1\377No", "550 5.7.1?No" },
    { "550-5.7.1\x1f\n550 5.7.1\x1fNo", "550-5.7.1 \n550 5.7.1 No" },
    { "", NULL },
    { "250", "250" },
    { "\n", NULL },
    { "yes", NULL },
    { "a", NULL },
    { "25", NULL },
    { "yes\nno", NULL },
    { "250OK", NULL },
    { "25 OK", NULL },
    { "100 OK", NULL },
    { "600 OK", NULL },
    { "250-more", NULL },
    { "250 one\n250 two", NULL },
    { "250-one\n550 two", NULL },
    { "250-one\n\n250 two", NULL },
    { " 250 OK", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SmtpReply) reply = smtp_reply_parse (texts[i].text, &error);
      g_autoptr (SmtpReply) same = NULL;
      g_autofree char *text = NULL;
      g_autofree char *again = NULL;

      if (texts[i].expected == NULL)
        {
          g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
          g_assert_null (reply);
          continue;
        }
      g_assert_no_error (error);
      text = smtp_reply_to_string (reply);
      g_assert_true (g_str_has_prefix (text, texts[i].expected));
      same = smtp_reply_parse (text, &error);
      g_assert_no_error (error);
      again = smtp_reply_to_string (same);
      g_assert_cmpstr (again, ==, text);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/reply/case/%u", i);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/reply/codes", test_codes);
  g_test_add_func ("/reply/lines", test_lines);
  g_test_add_func ("/reply/no-lines", test_no_lines);
  g_test_add_func ("/reply/long", test_long);
  g_test_add_func ("/reply/not-utf8", test_not_utf8);
  g_test_add_func ("/reply/status", test_status);
  g_test_add_func ("/reply/boxed", test_boxed);
  g_test_add_func ("/reply/parse", test_parse);

  return g_test_run ();
}
