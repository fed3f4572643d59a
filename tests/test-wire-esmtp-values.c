/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of ESMTP parameters, type by type. Each text is parsed in a buffer of its exact size, so that
 * reading behind it is seen. */

#include <string.h>

#include "wire/smtp-dsn-parser.h"
#include "wire/smtp-lenient-path.h"
#include "wire/smtp-parameter-parser.h"
#include "wire/smtp-time-parser.h"
#include "wire/smtp-value-parser.h"
#include "wire/smtp-xtext.h"

static char *
exact (const char *text,
       gsize      *length)
{
  *length = strlen (text);

  return g_memdup2 (text, *length);
}

/* Which row it is, for whoever reads of a failure. */
static void
note (const char *text)
{
  g_autofree char *escaped = g_strescape (text, NULL);

  g_test_message ("%s", escaped);
}

/* xtext and RFC 6533 */

typedef struct
{
  const char *text;
  const char *decoded;  /* NULL: it is not one */
} Decoding;

static const Decoding xtexts[] =
{
  { "", "" },
  { "abc", "abc" },
  { "a+2Bb", "a+b" },
  { "a+3Db", "a=b" },
  { "a+20b", "a b" },
  { "a+2bb", "a+b" },
  { "<>;@!~", "<>;@!~" },
  { "+", NULL },
  { "a+", NULL },
  { "a+4", NULL },
  { "a+4g", NULL },
  { "a=b", NULL },
  { "a b", NULL },
  { "a+0D+0Ab", NULL },
  { "a+00b", NULL },
  { "a+7F", NULL },
  { "a+C3+BC", NULL },
  { "\xc3\xbc", NULL },
};

static const Decoding unitexts[] =
{
  { "", "" },
  { "abc@e.org", "abc@e.org" },
  { "\\x{FC}@e.org", "\xc3\xbc@e.org" },
  { "\\x{fc}", "\xc3\xbc" },
  { "\\x{00FC}", "\xc3\xbc" },
  { "\\x{20AC}", "\xe2\x82\xac" },
  { "\\x{1F600}", "\xf0\x9f\x98\x80" },
  { "\\x{10FFFF}", "\xf4\x8f\xbf\xbf" },
  { "\\x{20}a\\x{2B}b\\x{3D}c\\x{5C}", " a+b=c\\" },
  { "\xc3\xbc@\xe5\xa5\xbd.org", "\xc3\xbc@\xe5\xa5\xbd.org" },
  { "a+2Bb", "a+b" },
  { "a+FCb", NULL },
  { "+0A", NULL },
  { "\\x{0A}", NULL },
  { "\\x{0}", NULL },
  { "\\x{7F}", NULL },
  { "\\x{85}", NULL },
  { "\\x{D800}", NULL },
  { "\\x{110000}", NULL },
  { "\\x{1000000}", NULL },
  { "\\x{}", NULL },
  { "\\x{FC", NULL },
  { "\\x{G}", NULL },
  { "\\xFC", NULL },
  { "\\", NULL },
  { "a=b", NULL },
  { "a b", NULL },
  { "\xfc", NULL },
  { "\xc2\x85", NULL },
  { "\xc0\xaf", NULL },
};

static void
check_decodings (const Decoding *rows,
                 gsize           n_rows,
                 gboolean      (*decode) (const char *text, gsize length, char *decoded))
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      g_autofree char *decoded = g_malloc (length + 1);

      note (rows[i].text);
      if (rows[i].decoded == NULL)
        g_assert_false (decode (text, length, decoded));
      else
        {
          g_assert_true (decode (text, length, decoded));
          g_assert_cmpstr (decoded, ==, rows[i].decoded);
        }
    }
}

static void
test_xtext (void)
{
  check_decodings (xtexts, G_N_ELEMENTS (xtexts), smtp_xtext_decode);
}

static void
test_unitext (void)
{
  check_decodings (unitexts, G_N_ELEMENTS (unitexts), smtp_unitext_decode);
}

/* DSN */

static void
test_notify (void)
{
  static const struct
  {
    const char *text;
    gboolean valid;
    guint notify;
  } rows[] =
  {
    { "NEVER", TRUE, SMTP_NOTIFY_NEVER },
    { "never", TRUE, SMTP_NOTIFY_NEVER },
    { "SUCCESS", TRUE, SMTP_NOTIFY_SUCCESS },
    { "Failure,DELAY", TRUE, SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY },
    { "SUCCESS,FAILURE,DELAY", TRUE, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY },
    { "DELAY,DELAY", TRUE, SMTP_NOTIFY_DELAY },
    { "", FALSE, 0 },
    { ",", FALSE, 0 },
    { "SUCCESS,", FALSE, 0 },
    { ",SUCCESS", FALSE, 0 },
    { "SUCCESS,,DELAY", FALSE, 0 },
    { "NEVER,SUCCESS", FALSE, 0 },
    { "SUCCESS,NEVER", FALSE, 0 },
    { "SUCCES", FALSE, 0 },
    { "SUCCESSS", FALSE, 0 },
    { "SUCCESS;DELAY", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      guint notify = 42;

      note (rows[i].text);
      g_assert_cmpint (smtp_dsn_parse_notify (text, length, &notify), ==, rows[i].valid);
      g_assert_cmpuint (notify, ==, rows[i].notify);
    }
}

static void
test_orcpt (void)
{
  static const struct
  {
    const char *text;
    const char *address;  /* NULL: malformed */
    gsize type_length;
  } rows[] =
  {
    { "rfc822;a@e.org", "a@e.org", 6 },
    { "RFC822;a+2Bb@e.org", "a+b@e.org", 6 },
    { "utf-8;\\x{FC}@e.org", "\xc3\xbc@e.org", 5 },
    { "UTF-8;\xc3\xbc@e.org", "\xc3\xbc@e.org", 5 },
    { "x400;/S=a/", NULL, 0 },
    { "x400;/S+3Da/", "/S=a/", 4 },
    { "rfc822;a;b", "a;b", 6 },
    { "rfc822;", NULL, 0 },
    { ";a@e.org", NULL, 0 },
    { "a@e.org", NULL, 0 },
    { "rfc 822;a", NULL, 0 },
    { "rfc.822;a", NULL, 0 },
    { "rfc822;a+0D+0Ab", NULL, 0 },
    { "rfc822;\xc3\xbc", NULL, 0 },
    { "utf-8;\\x{A}", NULL, 0 },
    { "", NULL, 0 },
  };
  g_autofree char *longest = g_strnfill (SMTP_ORCPT_MAX - strlen ("rfc822;") + 1, 'a');
  g_autofree char *too_long = g_strconcat ("rfc822;", longest, NULL);
  char decoded[SMTP_ORCPT_MAX + 1];
  gsize type_length;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      g_autofree char *address = g_malloc (length + 1);

      note (rows[i].text);
      g_assert_cmpint (smtp_dsn_parse_orcpt (text, length, &type_length, address), ==, rows[i].address != NULL);
      if (rows[i].address == NULL)
        continue;
      g_assert_cmpstr (address, ==, rows[i].address);
      g_assert_cmpuint (type_length, ==, rows[i].type_length);
    }

  g_assert_true (smtp_dsn_parse_orcpt (too_long, SMTP_ORCPT_MAX, &type_length, decoded));
  g_assert_false (smtp_dsn_parse_orcpt (too_long, SMTP_ORCPT_MAX + 1, &type_length, decoded));
}

static void
test_ret_and_envid (void)
{
  g_autofree char *too_long = g_strnfill (SMTP_ENVID_MAX + 1, 'a');
  char envid[SMTP_ENVID_MAX + 1];
  gboolean headers_only;

  g_assert_true (smtp_dsn_parse_ret ("FULL", 4, &headers_only));
  g_assert_false (headers_only);
  g_assert_true (smtp_dsn_parse_ret ("hdrs", 4, &headers_only));
  g_assert_true (headers_only);
  g_assert_false (smtp_dsn_parse_ret ("X", 1, &headers_only));
  g_assert_false (smtp_dsn_parse_ret ("", 0, &headers_only));
  g_assert_false (smtp_dsn_parse_ret ("FULLX", 5, &headers_only));

  g_assert_true (smtp_dsn_parse_envid ("QQ+20x", 6, envid));
  g_assert_cmpstr (envid, ==, "QQ x");
  g_assert_true (smtp_dsn_parse_envid (too_long, SMTP_ENVID_MAX, envid));
  g_assert_false (smtp_dsn_parse_envid (too_long, SMTP_ENVID_MAX + 1, envid));
  g_assert_false (smtp_dsn_parse_envid ("", 0, envid));
  g_assert_false (smtp_dsn_parse_envid ("a+0D+0Ab", 8, envid));
}

/* Times */

static void
test_date_time (void)
{
  static const struct
  {
    const char *text;
    gboolean valid;
    gint64 seconds;
  } rows[] =
  {
    { "1970-01-01T00:00:00Z", TRUE, 0 },
    { "1969-12-31T23:59:59Z", TRUE, -1 },
    { "2014-04-03T23:01:00Z", TRUE, 1396566060 },
    { "2014-04-03t23:01:00z", TRUE, 1396566060 },
    { "2014-04-04T01:01:00+02:00", TRUE, 1396566060 },
    { "2014-04-03T18:31:00-04:30", TRUE, 1396566060 },
    { "2014-04-03T23:01:00.123456Z", TRUE, 1396566060 },
    { "2016-12-31T23:59:60Z", TRUE, 1483228800 },
    { "2000-02-29T00:00:00Z", TRUE, 951782400 },
    { "2024-02-29T12:00:00Z", TRUE, 1709208000 },
    { "2038-01-19T03:14:08Z", TRUE, 2147483648 },
    { "9999-12-31T23:59:59Z", TRUE, 253402300799 },
    { "0001-01-01T00:00:00Z", TRUE, -62135596800 },
    { "0000-01-01T00:00:00Z", TRUE, -62167219200 },
    { "2023-02-29T00:00:00Z", FALSE, 0 },
    { "1900-02-29T00:00:00Z", FALSE, 0 },
    { "2014-13-01T00:00:00Z", FALSE, 0 },
    { "2014-00-01T00:00:00Z", FALSE, 0 },
    { "2014-04-31T00:00:00Z", FALSE, 0 },
    { "2014-04-00T00:00:00Z", FALSE, 0 },
    { "2014-04-03T24:00:00Z", FALSE, 0 },
    { "2014-04-03T23:60:00Z", FALSE, 0 },
    { "2014-04-03T23:01:61Z", FALSE, 0 },
    { "2014-04-03T23:01:00", FALSE, 0 },
    { "2014-04-03T23:01:00.Z", FALSE, 0 },
    { "2014-04-03T23:01Z", FALSE, 0 },
    { "2014-04-03 23:01:00Z", FALSE, 0 },
    { "2014-04-03T23:01:00ZZ", FALSE, 0 },
    { "2014-04-03T23:01:00+0200", FALSE, 0 },
    { "2014-04-03T23:01:00+24:00", FALSE, 0 },
    { "14-04-03T23:01:00Z", FALSE, 0 },
    { "+014-04-03T23:01:00Z", FALSE, 0 },
    { "", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      gint64 seconds = 42;

      note (rows[i].text);
      g_assert_cmpint (smtp_time_parse_date_time (text, length, &seconds), ==, rows[i].valid);
      g_assert_cmpint (seconds, ==, rows[i].seconds);
    }
}

/* Against GLib, day by day over some hundred years. */
static void
test_calendar (void)
{
  g_autoptr (GDateTime) day = g_date_time_new_utc (1895, 1, 1, 12, 30, 15);

  for (guint i = 0; i < 220 * 365; i++)
    {
      g_autofree char *text = g_date_time_format (day, "%Y-%m-%dT%H:%M:%SZ");
      GDateTime *next = g_date_time_add_days (day, 1);
      gint64 seconds;

      g_assert_true (smtp_time_parse_date_time (text, strlen (text), &seconds));
      g_assert_cmpint (seconds, ==, g_date_time_to_unix (day));
      g_date_time_unref (day);
      day = next;
    }
}

static void
test_deliver_by (void)
{
  static const struct
  {
    const char *text;
    gboolean valid;
    int seconds;
    gboolean returns, traces;
  } rows[] =
  {
    { "120;R", TRUE, 120, TRUE, FALSE },
    { "120;rt", TRUE, 120, TRUE, TRUE },
    { "+120;N", TRUE, 120, FALSE, FALSE },
    { "-120;NT", TRUE, -120, FALSE, TRUE },
    { "0;N", TRUE, 0, FALSE, FALSE },
    { "999999999;R", TRUE, 999999999, TRUE, FALSE },
    { "0;R", FALSE }, { "-1;R", FALSE }, { "1000000000;N", FALSE }, { "120", FALSE }, { "120;", FALSE },
    { "120;X", FALSE }, { "120;RX", FALSE }, { "120;RTT", FALSE }, { ";R", FALSE }, { "+;R", FALSE },
    { "-+1;N", FALSE }, { "1 ;R", FALSE }, { "1.5;R", FALSE }, { "", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      gboolean returns, traces;
      int seconds;

      note (rows[i].text);
      g_assert_cmpint (smtp_time_parse_deliver_by (text, length, &seconds, &returns, &traces), ==, rows[i].valid);
      if (!rows[i].valid)
        continue;
      g_assert_cmpint (seconds, ==, rows[i].seconds);
      g_assert_cmpint (returns, ==, rows[i].returns);
      g_assert_cmpint (traces, ==, rows[i].traces);
    }
}

static void
test_interval (void)
{
  static const char * const bad[] = { "", "0", "000", "01", "-1", "+1", "1s", " 1", "1000000000" };
  guint seconds;

  g_assert_true (smtp_time_parse_interval ("1", 1, &seconds));
  g_assert_cmpuint (seconds, ==, 1);
  g_assert_true (smtp_time_parse_interval ("999999999", 9, &seconds));
  g_assert_cmpuint (seconds, ==, 999999999);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      gsize length;
      g_autofree char *text = exact (bad[i], &length);

      note (bad[i]);
      g_assert_false (smtp_time_parse_interval (text, length, &seconds));
      g_assert_cmpuint (seconds, ==, 0);
    }
}

static void
test_valid_since (void)
{
  static const char * const bad[] = { "", "C", ";C", "2014-04-03T23:01:00Z;", "2014-04-03T23:01:00Z;X",
                                      "2014-04-03T23:01:00Z;CC", "2014-04-03T23:01:00ZC", "2014-04-03;C",
                                      "2014-04-03T23:01:00.5Z", "2014-04-03T23:01:00.5Z;C" };
  gint64 seconds;
  char action;

  g_assert_true (smtp_time_parse_valid_since ("2014-04-03T23:01:00Z", 20, &seconds, &action));
  g_assert_cmpint (seconds, ==, 1396566060);
  g_assert_cmpint (action, ==, 0);
  g_assert_true (smtp_time_parse_valid_since ("2014-04-03T23:01:00Z;C", 22, &seconds, &action));
  g_assert_cmpint (action, ==, 'C');
  g_assert_true (smtp_time_parse_valid_since ("2014-04-03T23:01:00Z;r", 22, &seconds, &action));
  g_assert_cmpint (action, ==, 'R');
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      gsize length;
      g_autofree char *text = exact (bad[i], &length);

      note (bad[i]);
      g_assert_false (smtp_time_parse_valid_since (text, length, &seconds, &action));
    }
}

/* Others */

static void
test_priority (void)
{
  static const char * const bad[] = { "", "-", "-0", "+1", "10", "-10", "01", "1 ", "x", "--1" };
  int priority;

  for (int i = -9; i <= 9; i++)
    {
      g_autofree char *text = g_strdup_printf ("%d", i);

      g_assert_true (smtp_value_parse_priority (text, strlen (text), &priority));
      g_assert_cmpint (priority, ==, i);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      gsize length;
      g_autofree char *text = exact (bad[i], &length);

      note (bad[i]);
      g_assert_false (smtp_value_parse_priority (text, length, &priority));
    }
}

typedef struct
{
  const char *text;
  gboolean valid;
} Judgement;

static void
check_judgements (const Judgement *rows,
                  gsize            n_rows,
                  gboolean       (*judge) (const char *text, gsize length))
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);

      note (rows[i].text);
      g_assert_cmpint (judge (text, length), ==, rows[i].valid);
    }
}

static void
test_solicitation (void)
{
  static const Judgement rows[] =
  {
    { "org.example:ADV:ADLT", TRUE }, { "a,b", TRUE }, { "net.example_x-y:Z9", TRUE },
    { "", FALSE }, { ",", FALSE }, { "a,", FALSE }, { ",a", FALSE }, { "a,,b", FALSE }, { "9a", FALSE },
    { ".a", FALSE }, { "a b", FALSE }, { "a;b", FALSE }, { "a,9", FALSE },
  };

  g_autofree char *longest = g_strnfill (SMTP_SOLICITATION_MAX + 1, 'a');

  check_judgements (rows, G_N_ELEMENTS (rows), smtp_value_is_solicitation);
  g_assert_true (smtp_value_is_solicitation (longest, SMTP_SOLICITATION_MAX));
  g_assert_false (smtp_value_is_solicitation (longest, SMTP_SOLICITATION_MAX + 1));
}

static void
test_etrn_node (void)
{
  static const Judgement rows[] =
  {
    { "example.org", TRUE }, { "@example.org", TRUE }, { "#queue", TRUE }, { "[192.0.2.1]", TRUE },
    { "", FALSE }, { "@", FALSE }, { "#", FALSE }, { "@@e.org", FALSE }, { "a b", FALSE }, { "a;b", FALSE },
    { "example.org x", FALSE },
    { "#uucp/to:e.org", TRUE }, { "##", TRUE }, { "#a b", FALSE }, { "#\xC3\xBC", FALSE }, { "#\t", FALSE },
  };

  check_judgements (rows, G_N_ELEMENTS (rows), smtp_value_is_etrn_node);
}

static void
test_burl (void)
{
  static const struct
  {
    const char *text;
    gsize url_length;  /* 0: malformed */
    gboolean last;
  } rows[] =
  {
    { "imap://a@e.org/b;uid=1", 22, FALSE },
    { "imap://a@e.org/b;uid=1 LAST", 22, TRUE },
    { "imap://a@e.org/b;uid=1  last", 22, TRUE },
    { "x-y.z+1:a", 9, FALSE },
    { "", 0 }, { "LAST", 0 }, { "imap:", 0 }, { ":a", 0 }, { "1map:a", 0 }, { "im ap:a", 0 },
    { "imap:a LASTT", 0 }, { "imap:a X", 0 }, { "imap:a LAST LAST", 0 }, { "imap:\"", 0 }, { "imap:<a>", 0 },
    { "imap:\xc3\xbc", 0 }, { "imap:a\tLAST", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length, url_length;
      g_autofree char *text = exact (rows[i].text, &length);
      gboolean last;

      note (rows[i].text);
      g_assert_cmpint (smtp_value_parse_burl (text, length, &url_length, &last), ==, rows[i].url_length != 0);
      if (rows[i].url_length == 0)
        continue;
      g_assert_cmpuint (url_length, ==, rows[i].url_length);
      g_assert_cmpint (last, ==, rows[i].last);
    }
}

static void
test_keyword (void)
{
  g_autofree char *longest = g_strnfill (63, 'A');
  g_autofree char *too_long = g_strnfill (64, 'A');

  g_assert_true (smtp_parameter_is_keyword ("XFOO"));
  g_assert_true (smtp_parameter_is_keyword ("8BIT-X"));
  g_assert_true (smtp_parameter_is_keyword (longest));
  g_assert_false (smtp_parameter_is_keyword (too_long));
  g_assert_false (smtp_parameter_is_keyword (""));
  g_assert_false (smtp_parameter_is_keyword ("-X"));
  g_assert_false (smtp_parameter_is_keyword ("X Y"));
  g_assert_false (smtp_parameter_is_keyword ("X=Y"));
  g_assert_false (smtp_parameter_is_keyword ("X\r\nY"));
}

static void
test_lenient_mailbox (void)
{
  static const struct
  {
    const char *text;
    SmtpPathStatus status;  /* without SMTPUTF8 */
    const char *domain;
  } rows[] =
  {
    { "a@e.org", SMTP_PATH_OK, "e.org" },
    { "a", SMTP_PATH_OK, NULL },
    { "a..b@e.org", SMTP_PATH_OK, "e.org" },
    { "a@e..org", SMTP_PATH_SYNTAX, NULL },
    { "a@.e.org", SMTP_PATH_SYNTAX, NULL },
    { "a@e.org.", SMTP_PATH_SYNTAX, NULL },
    { ".a@-e.org", SMTP_PATH_OK, "-e.org" },
    { "\"a b\\\"c\"@e.org", SMTP_PATH_OK, "e.org" },
    { "a@[192.0.2.1]", SMTP_PATH_OK, "[192.0.2.1]" },
    { "\xc3\xbc@e.org", SMTP_PATH_NOT_ASCII, NULL },
    { "", SMTP_PATH_SYNTAX, NULL },
    { "a@", SMTP_PATH_SYNTAX, NULL },
    { "@e.org", SMTP_PATH_SYNTAX, NULL },
    { "a b@e.org", SMTP_PATH_SYNTAX, NULL },
    { "a@b@c", SMTP_PATH_SYNTAX, NULL },
    { "\"a@e.org", SMTP_PATH_SYNTAX, NULL },
    { "\"a\\", SMTP_PATH_SYNTAX, NULL },
    { "\"a\"b@e.org", SMTP_PATH_SYNTAX, NULL },
    { "a@[1", SMTP_PATH_SYNTAX, NULL },
    { "a@[1]x", SMTP_PATH_SYNTAX, NULL },
    { "a\x01@e.org", SMTP_PATH_SYNTAX, NULL },
    { "<a@e.org>", SMTP_PATH_SYNTAX, NULL },
    { "\xfc@e.org", SMTP_PATH_SYNTAX, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length;
      g_autofree char *text = exact (rows[i].text, &length);
      SmtpPath path;

      note (rows[i].text);
      g_assert_cmpint (smtp_lenient_mailbox_parse (text, length, SMTP_PATH_DEFAULT, &path), ==, rows[i].status);
      if (rows[i].status == SMTP_PATH_NOT_ASCII)
        g_assert_cmpint (smtp_lenient_mailbox_parse (text, length, SMTP_PATH_ALLOW_UTF8, &path), ==, SMTP_PATH_OK);
      if (rows[i].domain != NULL)
        {
          g_assert_cmpuint (path.domain_length, ==, strlen (rows[i].domain));
          g_assert_cmpmem (path.domain, path.domain_length, rows[i].domain, strlen (rows[i].domain));
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/esmtp-values/xtext", test_xtext);
  g_test_add_func ("/wire/esmtp-values/unitext", test_unitext);
  g_test_add_func ("/wire/esmtp-values/notify", test_notify);
  g_test_add_func ("/wire/esmtp-values/orcpt", test_orcpt);
  g_test_add_func ("/wire/esmtp-values/ret-and-envid", test_ret_and_envid);
  g_test_add_func ("/wire/esmtp-values/date-time", test_date_time);
  g_test_add_func ("/wire/esmtp-values/calendar", test_calendar);
  g_test_add_func ("/wire/esmtp-values/deliver-by", test_deliver_by);
  g_test_add_func ("/wire/esmtp-values/interval", test_interval);
  g_test_add_func ("/wire/esmtp-values/valid-since", test_valid_since);
  g_test_add_func ("/wire/esmtp-values/priority", test_priority);
  g_test_add_func ("/wire/esmtp-values/solicitation", test_solicitation);
  g_test_add_func ("/wire/esmtp-values/etrn-node", test_etrn_node);
  g_test_add_func ("/wire/esmtp-values/burl", test_burl);
  g_test_add_func ("/wire/esmtp-values/keyword", test_keyword);
  g_test_add_func ("/wire/esmtp-values/lenient-mailbox", test_lenient_mailbox);

  return g_test_run ();
}
