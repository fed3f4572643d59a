/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a report gives back of the message, and characters outside ASCII. */

#include "delivery-report-fixture.h"

#define HEADERS "Content-Type: text/rfc822-headers\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n"
#define EIGHT "Content-Transfer-Encoding: 8bit\r\n"
#define RFC822 "Content-Type: message/rfc822\r\n"

static void
assert_returned (SmtpDeliveryReport *report,
                 const char         *expected)
{
  g_auto (Parts) parts = { 0 };

  take_apart (report, &parts);
  g_assert_cmpstr (parts.parts[3], ==, expected != NULL ? expected : "--\r\n");
}

static void
test_returned (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");

  add (report, "b@example.net", SMTP_DELIVERY_ACTION_DELAYED);
  assert_returned (report, NULL);

  set_original (report, FULL, -1);
  assert_returned (report, HEADERS "\r\nMessage-ID: <1@example.org>\r\nSubject: x\r\n");

  /* Whole only if it has failed, and on request. */
  smtp_delivery_report_set_return_full (report, TRUE);
  assert_returned (report, HEADERS "\r\nMessage-ID: <1@example.org>\r\nSubject: x\r\n");
  add (report, "c@example.net", SMTP_DELIVERY_ACTION_FAILED);
  assert_returned (report, RFC822 "\r\n" FULL);
  set_original (report, "Subject: x\r\n\r\nno end", -1);
  assert_returned (report, RFC822 "\r\nSubject: x\r\n\r\nno end");
  set_original (report, "Subject: x\r\n\r\n\xff\r\n", -1);
  assert_returned (report, RFC822 EIGHT "\r\nSubject: x\r\n\r\n\xff\r\n");
  set_original (report, "\r\none\r\n", -1);
  assert_returned (report, RFC822 "\r\n\r\none\r\n");
  set_original (report, "", -1);
  assert_returned (report, NULL);

  set_original (report, FULL, -1);
  smtp_delivery_report_set_max_returned_size (report, strlen (FULL));
  assert_returned (report, RFC822 "\r\n" FULL);
  smtp_delivery_report_set_max_returned_size (report, strlen (FULL) - 1);
  assert_returned (report, HEADERS "\r\nMessage-ID: <1@example.org>\r\nSubject: x\r\n");
}

/* What may not stand in another message. */
static void
test_returned_binary (void)
{
  static const char * const bodies[] = { "a\rb\r\n", "a\nb\r\n", "a\r", NULL };
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autofree char *fits = g_strnfill (998, 'x');
  g_autofree char *too_long = g_strnfill (999, 'x');
  g_autofree char *message = g_strdup_printf ("A: b\r\n\r\n%s\r\n", fits);
  g_autofree char *long_message = g_strdup_printf ("A: b\r\n\r\n%s\r\n", too_long);
  g_autofree char *expected = g_strdup_printf (RFC822 "\r\n%s", message);

  add (report, "c@example.net", SMTP_DELIVERY_ACTION_FAILED);
  smtp_delivery_report_set_return_full (report, TRUE);
  for (guint i = 0; bodies[i] != NULL; i++)
    {
      g_autofree char *text = g_strconcat ("A: b\r\n\r\n", bodies[i], NULL);

      set_original (report, text, -1);
      assert_returned (report, HEADERS "\r\nA: b\r\n");
    }
  set_original (report, "A: b\r\n\r\n\0\r\n", 11);
  assert_returned (report, HEADERS "\r\nA: b\r\n");
  set_original (report, long_message, -1);
  assert_returned (report, HEADERS "\r\nA: b\r\n");
  set_original (report, message, -1);
  assert_returned (report, expected);

  /* Headers can be encoded, and are told to the octet. */
  set_original (report, "A: \xc3\xbc =\r\nB: c\nD: e\0 \r\n\r\nx", 26);
  assert_returned (report, HEADERS QP "\r\nA: =C3=BC =3D\r\nB: c=0AD: e=00=20\r\n");
}

static void
test_returned_cut (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");

  add (report, "c@example.net", SMTP_DELIVERY_ACTION_FAILED);
  set_original (report, "A: b\r\n c\r\nD: e\r\n\r\n", -1);
  smtp_delivery_report_set_max_returned_size (report, 15);
  assert_returned (report, HEADERS "\r\nA: b\r\n c\r\n");
  smtp_delivery_report_set_max_returned_size (report, 16);
  assert_returned (report, HEADERS "\r\nA: b\r\n c\r\nD: e\r\n");
  smtp_delivery_report_set_max_returned_size (report, 9);
  assert_returned (report, NULL);
  smtp_delivery_report_set_max_returned_size (report, 0);
  assert_returned (report, NULL);
}

/* RFC 6533: in ASCII unless the sender can read more. */
static void
test_ascii (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  SmtpDeliveryStatus *status = add (report, "\"a+ \xc3\xbc\"@m\xc3\xbc.example", SMTP_DELIVERY_ACTION_FAILED);
  g_autoptr (SmtpEnvelope) envelope = NULL;

  smtp_delivery_status_set_original_recipient (status, "utf-8;\xe2\x82\xac@example.org");
  smtp_delivery_status_set_diagnostic (status, "550 \xc3\xbc");
  set_original (report, "A: \xc3\xbc\r\n\r\n\xc3\xbc", -1);
  smtp_delivery_report_set_return_full (report, TRUE);

  assert_status (report, "Content-Type: message/delivery-status\r\n"
                         "\r\n"
                         "Reporting-MTA: dns; mx.example.org\r\n"
                         "\r\n"
                         "Original-Recipient: utf-8; \\x{20AC}@example.org\r\n"
                         "Final-Recipient: utf-8; \"a\\x{2B}\\x{20}\\x{FC}\"@m\\x{FC}.example\r\n"
                         "Action: failed\r\n"
                         "Status: 5.0.0\r\n"
                         "Diagnostic-Code: smtp; 550 \\x{FC}\r\n");
  assert_returned (report, HEADERS QP "\r\nA: =C3=BC\r\n");

  envelope = smtp_delivery_report_to_envelope (report, NULL);
  g_assert_cmpuint (smtp_parameters_get_length (smtp_envelope_get_mail_parameters (envelope)), ==, 0);
}

static void
test_utf8 (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  SmtpDeliveryStatus *status = add (report, "\xc3\xbc@m\xc3\xbc.example", SMTP_DELIVERY_ACTION_FAILED);
  g_auto (Parts) parts = { 0 };

  smtp_delivery_status_set_original_recipient (status, "utf-8;\xe2\x82\xac@example.org");
  smtp_delivery_status_set_diagnostic (status, "550 \xc3\xbc\xe2\x80\xa8\xc3");
  smtp_delivery_report_set_smtputf8 (report, TRUE);
  smtp_delivery_report_set_subject (report, "\xc3\xbc");
  set_original (report, "A: \xc3\xbc\r\n\r\nb", -1);

  assert_status (report, "Content-Type: message/global-delivery-status\r\n"
                         EIGHT
                         "\r\n"
                         "Reporting-MTA: dns; mx.example.org\r\n"
                         "\r\n"
                         "Original-Recipient: utf-8; \xe2\x82\xac@example.org\r\n"
                         "Final-Recipient: utf-8; \xc3\xbc@m\xc3\xbc.example\r\n"
                         "Action: failed\r\n"
                         "Status: 5.0.0\r\n"
                         "Diagnostic-Code: smtp; 550 \xc3\xbc ?\r\n");
  assert_returned (report, "Content-Type: message/global-headers\r\n" EIGHT "\r\nA: \xc3\xbc\r\n");
  smtp_delivery_report_set_return_full (report, TRUE);
  assert_returned (report, "Content-Type: message/global\r\n" EIGHT "\r\nA: \xc3\xbc\r\n\r\nb");
  set_original (report, "A: \xff\r\n\r\nb", -1);
  assert_returned (report, HEADERS QP "\r\nA: =FF\r\n");

  take_apart (report, &parts);
  g_assert_true (has_line (parts.header, "Subject: \xc3\xbc"));
  g_assert_true (has_line (parts.header, "Content-Transfer-Encoding: 8bit"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/delivery-report/returned", test_returned);
  g_test_add_func ("/delivery-report/returned/binary", test_returned_binary);
  g_test_add_func ("/delivery-report/returned/cut", test_returned_cut);
  g_test_add_func ("/delivery-report/ascii", test_ascii);
  g_test_add_func ("/delivery-report/utf8", test_utf8);

  return g_test_run ();
}
