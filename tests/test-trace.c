/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The header fields Received and Return-Path. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <smtpd/smtpd.h>

#include "smtp-envelope-private.h"
#include "smtp-session-private.h"

static SmtpSession *
make_session (const char *host_name,
              const char *peer)
{
  SmtpSession *session = smtp_session_new ();
  struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons (1025) };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons (1025) };

  smtp_session_greet (session, host_name, TRUE);
  if (inet_pton (AF_INET, peer, &ipv4.sin_addr) == 1)
    smtp_session_set_peer (session, &ipv4, sizeof ipv4);
  else if (inet_pton (AF_INET6, peer, &ipv6.sin6_addr) == 1)
    smtp_session_set_peer (session, &ipv6, sizeof ipv6);

  return session;
}

static SmtpAddress *
make_address (const char *text)
{
  g_autoptr (GError) error = NULL;
  SmtpAddress *address = smtp_address_new (text, &error);

  g_assert_no_error (error);

  return address;
}

static SmtpEnvelope *
make_envelope (gboolean    smtputf8,
               const char *first,
               const char *second)
{
  g_autoptr (SmtpAddress) sender = make_address ("a@example.org");
  SmtpMailDeclaration declaration = { .smtputf8 = smtputf8 };
  SmtpEnvelope *envelope = smtp_envelope_new ();
  const char *recipients[] = { first, second };

  smtp_envelope_begin (envelope, sender, NULL, &declaration);
  for (guint i = 0; i < G_N_ELEMENTS (recipients); i++)
    {
      g_autoptr (SmtpAddress) address = recipients[i] != NULL ? make_address (recipients[i]) : NULL;

      if (address != NULL)
        smtp_envelope_add_recipient (envelope, address, NULL);
    }

  return envelope;
}

static char *
make_received (const char   *host_name,
               const char   *peer,
               SmtpEnvelope *envelope,
               const char   *by,
               const char   *id)
{
  g_autoptr (SmtpSession) session = make_session (host_name, peer);
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (-(5 * 60 + 30) * 60);
  g_autoptr (GDateTime) date = g_date_time_new (zone, 2026, 2, 3, 4, 5, 6.7);

  return smtp_trace_received (session, envelope, NULL, by, id, date);
}

#define DATE "\r\n\tTue, 3 Feb 2026 04:05:06 -0530\r\n"

static void
test_plain (void)
{
  g_autoptr (SmtpEnvelope) envelope = make_envelope (FALSE, "b@example.org", NULL);
  g_autofree char *ipv4 = make_received ("client.example.org", "192.0.2.1", envelope, "mx.example.org", "AB12");
  g_autofree char *ipv6 = make_received ("[IPv6:2001:db8::1]", "2001:db8::1", NULL, "mx.example.org", "AB12");
  g_autofree char *local = make_received ("x", "", NULL, "mx.example.org", "AB12");

  g_assert_cmpstr (ipv4, ==, "Received: from client.example.org ([192.0.2.1])\r\n"
                             "\tby mx.example.org with ESMTP id AB12\r\n"
                             "\tfor <b@example.org>;" DATE);
  g_assert_cmpstr (ipv6, ==, "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"
                             "\tby mx.example.org with ESMTP id AB12;" DATE);
  g_assert_cmpstr (local, ==, "Received: from x (local)\r\n"
                              "\tby mx.example.org with ESMTP id AB12;" DATE);
}

/* One of several is not told of the others, unless the program says whom it is for. */
static void
test_recipients (void)
{
  g_autoptr (SmtpSession) session = make_session ("x", "");
  g_autoptr (SmtpEnvelope) envelope = make_envelope (FALSE, "b@example.org", "c@example.org");
  g_autoptr (SmtpAddress) address = make_address ("c@example.org");
  g_autoptr (SmtpAddress) other = make_address ("\xc3\xbc@example.org");
  g_autofree char *nobody = smtp_trace_received (session, envelope, NULL, "mx", "1", NULL);
  g_autofree char *one = smtp_trace_received (session, envelope, address, "mx", "1", NULL);
  g_autofree char *not_ascii = smtp_trace_received (session, envelope, other, "mx", "1", NULL);

  g_assert_null (strstr (nobody, "for"));
  g_assert_nonnull (strstr (one, "\r\n\tfor <c@example.org>;\r\n"));
  g_assert_null (strstr (not_ascii, "for"));
}

/* An id is made, and no two are the same. */
static void
test_defaults (void)
{
  g_autoptr (SmtpSession) first = make_session ("x", "");
  g_autoptr (SmtpSession) second = make_session ("x", "");
  g_autofree char *one = smtp_trace_received (first, NULL, NULL, "mx", NULL, NULL);
  g_autofree char *two = smtp_trace_received (second, NULL, NULL, "mx", NULL, NULL);

  g_assert_true (g_regex_match_simple ("^Received: from x \\(local\\)\r\n\tby mx with ESMTP "
                                       "id [0-9a-f]+-[0-9a-f]+;\r\n\t[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} "
                                       "[0-9]{4} [0-9:]{8} [-+][0-9]{4}\r\n$", one, 0, 0));
  g_assert_cmpstr (one, !=, two);
}

/* RFC 6710 section 7 */
static void
test_priority (void)
{
  static const char * const options[] = { "MT-PRIORITY=-3", NULL };
  g_autoptr (SmtpParameters) parameters = smtp_parameters_new (options, NULL);
  g_autoptr (SmtpEnvelope) envelope = make_envelope (FALSE, "b@example.org", NULL);
  g_autofree char *received = NULL;

  smtp_envelope_set_mail_parameters (envelope, parameters);
  received = make_received ("x", "", envelope, "mx", "1");
  g_assert_cmpstr (received, ==, "Received: from x (local)\r\n\tby mx with ESMTP id 1\r\n"
                                 "\tfor <b@example.org>\r\n\tPRIORITY -3;" DATE);
}

static void
test_utf8 (void)
{
  g_autoptr (SmtpEnvelope) envelope = make_envelope (TRUE, "\xc3\xbc@example.org", NULL);
  g_autofree char *utf8 = make_received ("x", "", envelope, "m\xc3\xbc.example", "\xc3\xbc");
  g_autofree char *ascii = make_received ("x", "", NULL, "m\xc3\xbc.example", "1");

  g_assert_cmpstr (utf8, ==, "Received: from x (local)\r\n"
                             "\tby m\xc3\xbc.example with UTF8SMTP id ??\r\n"
                             "\tfor <\xc3\xbc@example.org>;" DATE);
  g_assert_cmpstr (ascii, ==, "Received: from x (local)\r\n\tby m??.example with ESMTP id 1;" DATE);
}

static void
assert_one_field (const char *field)
{
  g_auto (GStrv) lines = g_strsplit (field, "\r\n", -1);
  guint n = g_strv_length (lines);

  g_assert_cmpuint (n, >, 1);
  g_assert_cmpstr (lines[n - 1], ==, "");
  for (guint i = 0; i < n - 1; i++)
    {
      g_assert_cmpuint (strlen (lines[i]), <=, 998);
      g_assert_null (strpbrk (lines[i], "\r\n"));
      g_assert_true (i == 0 || lines[i][0] == '\t');
    }
}

static void
test_hostile (void)
{
  static const char * const texts[] = {
    "", "a\r\nX-Evil: y", "a\nb", "a\rb", "a (comment", "a;b", "a\\", "a\tb c", "a\x1b[2J", "a\"b",
    "\xff\xfe", "a\xc2\x85", "\xc3", "<a>"
  };
  g_autoptr (SmtpEnvelope) envelope = make_envelope (TRUE, "b@example.org", NULL);
  g_autofree char *longest = g_strnfill (5000, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *field = make_received ("x", "", envelope, texts[i], texts[i]);
      const char *bad = strpbrk (strstr (field, "\tby ") + 1, "(\\\"<");

      assert_one_field (field);
      g_assert_true (bad == NULL || g_str_has_prefix (bad, "<b@example.org>"));
      g_assert_true (g_utf8_validate (field, -1, NULL));
    }

  {
    g_autofree char *field = make_received (longest, "", envelope, longest, longest);

    assert_one_field (field);
  }
}

static void
test_long_recipient (void)
{
  g_autofree char *local = g_strnfill (990, 'x');
  g_autofree char *text = g_strconcat (local, "@example.org", NULL);
  g_autoptr (SmtpEnvelope) envelope = make_envelope (FALSE, text, NULL);
  g_autofree char *field = make_received ("x", "", envelope, "mx", "1");

  g_assert_null (strstr (field, "for"));
  assert_one_field (field);
}

static void
test_return_path (void)
{
  g_autoptr (SmtpAddress) address = make_address ("\"a b\"@example.org");
  g_autoptr (SmtpAddress) null = make_address ("");
  g_autofree char *field = smtp_trace_return_path (address);
  g_autofree char *empty = smtp_trace_return_path (null);

  g_assert_cmpstr (field, ==, "Return-Path: <\"a b\"@example.org>\r\n");
  g_assert_cmpstr (empty, ==, "Return-Path: <>\r\n");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/trace/plain", test_plain);
  g_test_add_func ("/trace/recipients", test_recipients);
  g_test_add_func ("/trace/defaults", test_defaults);
  g_test_add_func ("/trace/priority", test_priority);
  g_test_add_func ("/trace/utf8", test_utf8);
  g_test_add_func ("/trace/hostile", test_hostile);
  g_test_add_func ("/trace/long-recipient", test_long_recipient);
  g_test_add_func ("/trace/return-path", test_return_path);

  return g_test_run ();
}
