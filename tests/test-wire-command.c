/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-command-parser.h"

#include <string.h>

typedef struct
{
  const char        *name;
  const char        *line;
  gsize              length;
  SmtpCommandStatus  status;
  const char        *verb;
  const char        *argument;
} Case;

#define CASE(name, line, status, verb, argument) \
  { name, line, sizeof line - 1, SMTP_COMMAND_##status, verb, argument }

static const Case cases[] = {
  CASE ("verb", "NOOP", OK, "NOOP", ""),
  CASE ("lower-case", "noop", OK, "NOOP", ""),
  CASE ("mixed-case", "eHlO x", OK, "EHLO", "x"),
  CASE ("argument", "EHLO example.org", OK, "EHLO", "example.org"),
  CASE ("argument-keeps-case", "EHLO Example.ORG", OK, "EHLO", "Example.ORG"),
  CASE ("argument-with-spaces", "MAIL FROM:<a@b>  SIZE=1", OK, "MAIL", "FROM:<a@b>  SIZE=1"),
  CASE ("many-spaces", "EHLO    x", OK, "EHLO", "x"),
  CASE ("space-and-tab", "EHLO \t x", OK, "EHLO", "x"),
  CASE ("tab-in-argument", "EHLO x\ty", OK, "EHLO", "x\ty"),
  CASE ("trailing-space", "NOOP ", OK, "NOOP", ""),
  CASE ("trailing-spaces-and-tabs", "NOOP \t \t", OK, "NOOP", ""),
  CASE ("trailing-tab", "NOOP\t", OK, "NOOP", ""),
  CASE ("trailing-space-of-argument", "EHLO x  \t", OK, "EHLO", "x"),
  CASE ("digits", "X1 2", OK, "X1", "2"),
  CASE ("digits-first", "1X", OK, "1X", ""),
  CASE ("one-letter", "A", OK, "A", ""),
  CASE ("verb-31", "ABCDEFGHIJKLMNOPQRSTUVWXYZ12345 x", OK, "ABCDEFGHIJKLMNOPQRSTUVWXYZ12345", "x"),
  CASE ("utf-8-argument", "RCPT TO:<\xc3\xbc@e.org>", OK, "RCPT", "TO:<\xc3\xbc@e.org>"),
  CASE ("nbsp-argument", "EHLO \xc2\xa0", OK, "EHLO", "\xc2\xa0"),
  CASE ("property-name", "__PROTO__", BAD_VERB, "", ""),
  CASE ("constructor", "CONSTRUCTOR", OK, "CONSTRUCTOR", ""),
  CASE ("percent", "NOOP %n%s%p", OK, "NOOP", "%n%s%p"),
  CASE ("empty", "", EMPTY, "", ""),
  CASE ("space", " ", EMPTY, "", ""),
  CASE ("spaces-and-tabs", " \t  \t", EMPTY, "", ""),
  CASE ("leading-space", " NOOP", BAD_VERB, "", ""),
  CASE ("leading-tab", "\tNOOP", BAD_VERB, "", ""),
  CASE ("tab-behind-verb", "AUTH\tPLAIN", BAD_VERB, "", ""),
  CASE ("verb-32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456", BAD_VERB, "", ""),
  CASE ("verb-32-and-argument", "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456 x", BAD_VERB, "", ""),
  CASE ("hyphen", "NO-OP", BAD_VERB, "", ""),
  CASE ("colon", "Subject: x", BAD_VERB, "", ""),
  CASE ("dot", ".", BAD_VERB, "", ""),
  CASE ("utf-8-verb", "N\xc3\x96P", BAD_VERB, "", ""),
  CASE ("utf-8-no-folding", "N\xc5\xbfP", BAD_VERB, "", ""),
  CASE ("utf-8-behind-verb", "NOOP\xc2\xa0", BAD_VERB, "", ""),
  CASE ("nul", "NO\0OP", CONTROL, "", ""),
  CASE ("nul-at-end", "NOOP\0", CONTROL, "", ""),
  CASE ("nul-only", "\0", CONTROL, "", ""),
  CASE ("nul-in-argument", "EHLO a\0b", CONTROL, "", ""),
  CASE ("cr", "EHLO a\rb", CONTROL, "", ""),
  CASE ("lf", "EHLO a\nb", CONTROL, "", ""),
  CASE ("escape", "EHLO \033[2J", CONTROL, "", ""),
  CASE ("del", "EHLO a\177", CONTROL, "", ""),
  CASE ("c1-nel", "EHLO a\xc2\x85""b", CONTROL, "", ""),
  CASE ("c1-first", "EHLO \xc2\x80", CONTROL, "", ""),
  CASE ("c1-last", "EHLO \xc2\x9f", CONTROL, "", ""),
  CASE ("control-before-bad-verb", " \001", CONTROL, "", ""),
  CASE ("control-before-not-utf-8", "EHLO \xff\001", CONTROL, "", ""),
  CASE ("not-utf-8", "EHLO \xff", NOT_UTF8, "", ""),
  CASE ("not-utf-8-before-bad-verb", "\xff", NOT_UTF8, "", ""),
  CASE ("latin-1", "RCPT TO:<\xfc@e.org>", NOT_UTF8, "", ""),
  CASE ("overlong", "EHLO \xc0\xaf", NOT_UTF8, "", ""),
  CASE ("overlong-nul", "EHLO \xc0\x80", NOT_UTF8, "", ""),
  CASE ("surrogate", "EHLO \xed\xa0\x80", NOT_UTF8, "", ""),
  CASE ("above-unicode", "EHLO \xf4\x90\x80\x80", NOT_UTF8, "", ""),
  CASE ("cut-character", "EHLO \xe2\x82", NOT_UTF8, "", ""),
  CASE ("c1-octet-alone", "EHLO \x85", NOT_UTF8, "", ""),
};

static void
test_case (gconstpointer data)
{
  const Case      *row = data;
  char            *exact = g_memdup2 (row->line, row->length);
  SmtpCommandLine  command;

  memset (&command, 0xa5, sizeof command);
  g_assert_cmpint (smtp_command_parse (exact, row->length, &command), ==, row->status);
  g_assert_cmpstr (command.verb, ==, row->verb);
  g_assert_cmpmem (command.argument, command.argument_length, row->argument, strlen (row->argument));
  g_assert_true (command.argument >= exact);
  g_assert_true (command.argument + command.argument_length <= exact + row->length);
  g_free (exact);
}

static void
test_is_verb (void)
{
  g_assert_true (smtp_command_is_verb ("NOOP"));
  g_assert_true (smtp_command_is_verb ("xclient"));
  g_assert_true (smtp_command_is_verb ("X"));
  g_assert_true (smtp_command_is_verb ("1"));
  g_assert_true (smtp_command_is_verb ("ABCDEFGHIJKLMNOPQRSTUVWXYZ12345"));
  g_assert_false (smtp_command_is_verb ("ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"));
  g_assert_false (smtp_command_is_verb (NULL));
  g_assert_false (smtp_command_is_verb (""));
  g_assert_false (smtp_command_is_verb ("A B"));
  g_assert_false (smtp_command_is_verb (" A"));
  g_assert_false (smtp_command_is_verb ("A "));
  g_assert_false (smtp_command_is_verb ("A-B"));
  g_assert_false (smtp_command_is_verb ("A\r\n"));
  g_assert_false (smtp_command_is_verb ("\xc3\x96"));
}

typedef struct
{
  const char *name;
  const char *line;
  gsize       length;
  gboolean    first;  /* what the first octet alone says */
  gboolean    whole;
} Foreign;

#define FOREIGN(name, line, first, whole) { name, line, sizeof line - 1, first, whole }

static const Foreign foreigners[] = {
  FOREIGN ("nothing", "", FALSE, FALSE),
  FOREIGN ("tls-client-hello", "\x16\x03\x01\x02", TRUE, TRUE),
  FOREIGN ("ssl2-client-hello", "\x80\x2e\x01", TRUE, TRUE),
  FOREIGN ("nul", "\0\0\0", TRUE, TRUE),
  FOREIGN ("del", "\177", TRUE, TRUE),
  FOREIGN ("8-bit", "\xff", TRUE, TRUE),
  FOREIGN ("proxy-v2", "\r\n\r\n\0\r\nQUIT\n", FALSE, FALSE),
  FOREIGN ("crlf", "\r\n", FALSE, FALSE),
  FOREIGN ("cr", "\r", FALSE, FALSE),
  FOREIGN ("lf", "\n", FALSE, FALSE),
  FOREIGN ("tab", "\tNOOP", FALSE, FALSE),
  FOREIGN ("space", " NOOP", FALSE, FALSE),
  FOREIGN ("ehlo", "EHLO x", FALSE, FALSE),
  FOREIGN ("mail", "MAIL FROM:<a@b> SIZE=1", FALSE, FALSE),
  FOREIGN ("ssh", "SSH-2.0-OpenSSH_9.2", FALSE, TRUE),
  FOREIGN ("ssh-short", "SSH-", FALSE, TRUE),
  FOREIGN ("ssh-verb", "SSH", FALSE, FALSE),
  FOREIGN ("http-post", "POST / HTTP/1.1", FALSE, TRUE),
  FOREIGN ("http-get", "GET /a?b HTTP/1.0", FALSE, TRUE),
  FOREIGN ("http-connect", "CONNECT mail.example.org:25 HTTP/1.1", FALSE, TRUE),
  FOREIGN ("http-2", "PRI * HTTP/2.0", FALSE, TRUE),
  FOREIGN ("http-hyphen", "M-SEARCH * HTTP/1.1", FALSE, TRUE),
  FOREIGN ("http-no-version", "GET / HTTP/", FALSE, FALSE),
  FOREIGN ("http-not-a-digit", "GET / HTTP/x", FALSE, FALSE),
  FOREIGN ("http-no-target", "GET  HTTP/1.1", FALSE, FALSE),
  FOREIGN ("http-no-method", " / HTTP/1.1", FALSE, FALSE),
  FOREIGN ("http-two-words", "GET HTTP/1.1", FALSE, FALSE),
  FOREIGN ("http-method-only", "GET", FALSE, FALSE),
  FOREIGN ("http-method-and-space", "GET ", FALSE, FALSE),
  FOREIGN ("http-short", "GET / HTT", FALSE, FALSE),
  FOREIGN ("http-0.9", "GET /", FALSE, FALSE),
  FOREIGN ("http-four-words", "GET / x HTTP/1.1", FALSE, FALSE),
  FOREIGN ("http-header", "Host: example.org", FALSE, FALSE),
};

static void
test_foreign (gconstpointer data)
{
  const Foreign *row = data;
  gsize          i;

  for (i = 0; i <= row->length; i++)
    {
      char *exact = g_memdup2 (row->line, i);

      g_assert_cmpint (smtp_command_is_foreign (exact, i, FALSE), ==, i > 0 && row->first);
      if (i == row->length)
        g_assert_cmpint (smtp_command_is_foreign (exact, i, TRUE), ==, row->whole);
      else
        smtp_command_is_foreign (exact, i, TRUE);
      g_free (exact);
    }
}

static void
test_no_line (void)
{
  SmtpCommandLine command;

  g_assert_cmpint (smtp_command_parse (NULL, 0, &command), ==, SMTP_COMMAND_EMPTY);
  g_assert_cmpuint (command.argument_length, ==, 0);
  g_assert_false (smtp_command_is_foreign (NULL, 0, TRUE));
}

/* 500 KiB of one pattern, again and again for some time to measure. */
static void
test_linear (void)
{
  static const char * const patterns[] = { "A", "A ", " ", "\t", "\xc2\xa0", "\xf0\x9f\x98\x80", "<", "(" };
  const gsize               size = 500 * 1024;
  char                     *line = g_malloc (size);
  gsize                     i;

  for (i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      gsize  length = strlen (patterns[i]);
      gint64 begin;
      gsize  j;
      guint  round;

      for (j = 0; j < size; j++)
        line[j] = patterns[i][j % length];

      begin = g_get_monotonic_time ();
      for (round = 0; round < 10; round++)
        {
          SmtpCommandLine command;

          smtp_command_parse (line, size, &command);
          smtp_command_is_foreign (line, size, TRUE);
        }
      g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
    }

  g_free (line);
}

int
main (int   argc,
      char *argv[])
{
  gsize i;

  g_test_init (&argc, &argv, NULL);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/command/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (foreigners); i++)
    {
      char *path = g_strconcat ("/wire/command/foreign/", foreigners[i].name, NULL);

      g_test_add_data_func (path, &foreigners[i], test_foreign);
      g_free (path);
    }

  g_test_add_func ("/wire/command/is-verb", test_is_verb);
  g_test_add_func ("/wire/command/no-line", test_no_line);
  g_test_add_func ("/wire/command/linear", test_linear);

  return g_test_run ();
}
