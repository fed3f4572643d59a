/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery status notifications. That others read them, too, is in
 * test-delivery-report-gmime.c and bindings/test_delivery_report.py. */

#include "delivery-report-fixture.h"

#define QP "Content-Transfer-Encoding: quoted-printable\r\n"

static void
test_header (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autofree char *id_line = g_strdup_printf ("Message-ID: %s", smtp_delivery_report_get_message_id (report));
  g_auto (Parts) parts = { 0 };

  add (report, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);
  set_original (report, FULL, -1);
  take_apart (report, &parts);

  g_assert_true (has_line (parts.header, "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>"));
  g_assert_true (has_line (parts.header, "To: <joe@example.org>"));
  g_assert_true (has_line (parts.header, "Subject: Your message could not be delivered"));
  g_assert_true (has_line (parts.header, id_line));
  g_assert_true (has_line (parts.header, "In-Reply-To: <1@example.org>"));
  g_assert_true (has_line (parts.header, "Auto-Submitted: auto-replied"));
  g_assert_true (has_line (parts.header, "MIME-Version: 1.0"));
  g_assert_true (has_line (parts.header, "Content-Type: multipart/report; report-type=delivery-status;"));
  g_assert_null (strstr (parts.header, "Content-Transfer-Encoding"));
  g_assert_true (g_regex_match_simple ("^Date: [A-Z][a-z]{2}, [0-9]+ [A-Z][a-z]{2} [0-9]{4} ", parts.header,
                                       G_REGEX_MULTILINE, 0));
}

static void
test_own_header (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autoptr (SmtpAddress) author = make_address ("bounces@example.org");
  g_auto (Parts) parts = { 0 };

  add (report, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);
  smtp_delivery_report_set_author (report, author);
  smtp_delivery_report_set_message_id (report, "<own@example.org>");
  smtp_delivery_report_set_subject (report, "Zur\xc3\xbc" "ck");
  smtp_delivery_report_set_text (report, "one\ntwo\rthree\r\n\tfour\x07\n");
  take_apart (report, &parts);

  g_assert_true (has_line (parts.header, "From: Mail Delivery System <bounces@example.org>"));
  g_assert_true (has_line (parts.header, "Message-ID: <own@example.org>"));
  g_assert_true (has_line (parts.header, "Subject: =?utf-8?B?WnVyw7xjaw==?="));
  g_assert_cmpstr (parts.parts[1], ==, "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                                       "one\r\ntwo\r\nthree\r\n\tfour \r\n");
}

/* Every field of RFC 3464 that there is a property for. */
static void
test_fields (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  SmtpDeliveryStatus *status = add (report, "b@example.net", SMTP_DELIVERY_ACTION_DELAYED);
  g_autoptr (GDateTime) date = g_date_time_new_utc (2026, 12, 24, 18, 0, 0);
  g_autoptr (SmtpReply) reply = smtp_reply_new (451, "4.3.0 Later");

  smtp_delivery_report_set_envelope_id (report, "QQ314159");
  smtp_delivery_report_set_received_from_mta (report, "client.example.org");
  smtp_delivery_report_set_arrival_date (report, date);
  smtp_delivery_status_set_original_recipient (status, "rfc822;louisl@example.net");
  smtp_delivery_status_set_remote_mta (status, "mx.example.net");
  smtp_delivery_status_take_reply (status, reply);
  smtp_delivery_status_set_last_attempt_date (status, date);
  smtp_delivery_status_set_will_retry_until (status, date);
  add (report, "c@example.net", SMTP_DELIVERY_ACTION_FAILED);

  assert_status (report,
                 "Content-Type: message/delivery-status\r\n"
                 "\r\n"
                 "Original-Envelope-Id: QQ314159\r\n"
                 "Reporting-MTA: dns; mx.example.org\r\n"
                 "Received-From-MTA: dns; client.example.org\r\n"
                 "Arrival-Date: Thu, 24 Dec 2026 18:00:00 +0000\r\n"
                 "\r\n"
                 "Original-Recipient: rfc822; louisl@example.net\r\n"
                 "Final-Recipient: rfc822; b@example.net\r\n"
                 "Action: delayed\r\n"
                 "Status: 4.3.0\r\n"
                 "Remote-MTA: dns; mx.example.net\r\n"
                 "Diagnostic-Code: smtp; 451 4.3.0 Later\r\n"
                 "Last-Attempt-Date: Thu, 24 Dec 2026 18:00:00 +0000\r\n"
                 "Will-Retry-Until: Thu, 24 Dec 2026 18:00:00 +0000\r\n"
                 "\r\n"
                 "Final-Recipient: rfc822; c@example.net\r\n"
                 "Action: failed\r\n"
                 "Status: 5.0.0\r\n");
}

static void
test_code (void)
{
  static const struct
  {
    SmtpDeliveryAction action;
    const char *given, *expected;
  } cases[] = {
    { SMTP_DELIVERY_ACTION_FAILED, "5.1.1", "5.1.1" },
    { SMTP_DELIVERY_ACTION_FAILED, "4.4.7", "4.4.7" },
    { SMTP_DELIVERY_ACTION_FAILED, "2.0.0", "5.0.0" },
    { SMTP_DELIVERY_ACTION_FAILED, NULL, "5.0.0" },
    { SMTP_DELIVERY_ACTION_FAILED, "5.1.1 ", "5.0.0" },
    { SMTP_DELIVERY_ACTION_FAILED, "5.1.1\r\nX: y", "5.0.0" },
    { SMTP_DELIVERY_ACTION_FAILED, "", "5.0.0" },
    { SMTP_DELIVERY_ACTION_DELAYED, "4.4.1", "4.4.1" },
    { SMTP_DELIVERY_ACTION_DELAYED, "5.4.1", "4.0.0" },
    { SMTP_DELIVERY_ACTION_DELIVERED, "2.1.5", "2.1.5" },
    { SMTP_DELIVERY_ACTION_RELAYED, "4.1.5", "2.0.0" },
    { SMTP_DELIVERY_ACTION_EXPANDED, "2.1.5", "2.1.5" },
  };
  g_autoptr (SmtpAddress) address = make_address ("b@example.org");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SmtpDeliveryStatus) status =
        smtp_delivery_status_new (address, cases[i].action, cases[i].given);

      g_assert_cmpstr (smtp_delivery_status_get_code (status), ==, cases[i].expected);
      smtp_delivery_status_set_code (status, NULL);
      smtp_delivery_status_set_code (status, cases[i].given);
      g_assert_cmpstr (smtp_delivery_status_get_code (status), ==, cases[i].expected);
    }
}

static void
test_notify (void)
{
  static const struct
  {
    const char *notify;
    gboolean failed, delayed, delivered;
  } cases[] = {
    { NULL, TRUE, TRUE, FALSE },
    { "NEVER", FALSE, FALSE, FALSE },
    { "never", FALSE, FALSE, FALSE },
    { "SUCCESS", FALSE, FALSE, TRUE },
    { "SUCCESS,FAILURE,DELAY", TRUE, TRUE, TRUE },
    { "failure", TRUE, FALSE, FALSE },
    { "DELAY", FALSE, TRUE, FALSE },
    { "FAILURES", FALSE, FALSE, FALSE },
    { "SUCCESS,NEVER", FALSE, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *notify = cases[i].notify;

      g_assert_true (smtp_delivery_action_is_wanted (SMTP_DELIVERY_ACTION_FAILED, notify) == cases[i].failed);
      g_assert_true (smtp_delivery_action_is_wanted (SMTP_DELIVERY_ACTION_DELAYED, notify) == cases[i].delayed);
      g_assert_true (smtp_delivery_action_is_wanted (SMTP_DELIVERY_ACTION_DELIVERED, notify) == cases[i].delivered);
      g_assert_true (smtp_delivery_action_is_wanted (SMTP_DELIVERY_ACTION_RELAYED, notify) == cases[i].delivered);
      g_assert_true (smtp_delivery_action_is_wanted (SMTP_DELIVERY_ACTION_EXPANDED, notify) == cases[i].delivered);
    }
}

static void
assert_not_due (SmtpDeliveryReport *report)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_delivery_report_is_due (report));
  g_assert_null (smtp_delivery_report_to_bytes (report, NULL));
  g_assert_null (smtp_delivery_report_open (report, NULL));
  g_assert_null (smtp_delivery_report_to_envelope (report, NULL));
  g_assert_false (smtp_delivery_report_write (report, stream, NULL, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_NOT_DUE);
}

/* RFC 5321 section 4.5.5, RFC 3461 section 4.1. */
static void
test_not_due (void)
{
  g_autoptr (SmtpDeliveryReport) null = make_report ("");
  g_autoptr (SmtpDeliveryReport) empty = make_report ("joe@example.org");
  g_autoptr (SmtpDeliveryReport) bare = g_object_new (SMTP_TYPE_DELIVERY_REPORT, NULL);
  SmtpDeliveryStatus *status;

  add (null, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);
  assert_not_due (null);

  assert_not_due (empty);
  add (empty, "b@example.net", SMTP_DELIVERY_ACTION_DELIVERED);
  status = add (empty, "c@example.net", SMTP_DELIVERY_ACTION_FAILED);
  smtp_delivery_status_set_notify_keywords (status, "NEVER");
  assert_not_due (empty);

  add (bare, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);
  assert_not_due (bare);

  /* The others are left out. */
  status = add (empty, "d@example.net", SMTP_DELIVERY_ACTION_DELIVERED);
  smtp_delivery_status_set_notify_keywords (status, "SUCCESS");
  g_assert_true (smtp_delivery_report_is_due (empty));
  assert_status (empty, "Content-Type: message/delivery-status\r\n"
                        "\r\n"
                        "Reporting-MTA: dns; mx.example.org\r\n"
                        "\r\n"
                        "Final-Recipient: rfc822; d@example.net\r\n"
                        "Action: delivered\r\n"
                        "Status: 2.0.0\r\n");
}

static void
assert_options (SmtpDeliveryReport *report,
                const char         *expected)
{
  g_autoptr (SmtpEnvelope) envelope = smtp_delivery_report_to_envelope (report, NULL);
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);
  g_auto (GStrv) options = smtp_envelope_dup_mail_options (envelope);
  g_autofree char *joined = g_strjoinv (" ", options);
  SmtpAddress *recipient = smtp_recipient_get_address (g_ptr_array_index (recipients, 0));

  g_assert_cmpstr (joined, ==, expected);
  g_assert_true (smtp_envelope_get_smtputf8 (envelope) == (strstr (expected, "SMTPUTF8") != NULL));
  g_assert_true ((smtp_envelope_get_body_type (envelope) == SMTP_BODY_TYPE_EIGHT_BIT) == (*expected != '\0'));
  g_assert_true (smtp_address_is_null (smtp_envelope_get_reverse_path (envelope)));
  g_assert_cmpuint (recipients->len, ==, 1);
  g_assert_true (smtp_address_equal (recipient, smtp_delivery_report_get_reverse_path (report)));
  g_assert_nonnull (smtp_envelope_get_content (envelope));
}

static void
test_envelope (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autoptr (SmtpDeliveryReport) other = make_report ("\xc3\xbc@example.org");

  add (report, "b@example.org", SMTP_DELIVERY_ACTION_FAILED);
  add (other, "b@example.org", SMTP_DELIVERY_ACTION_FAILED);

  /* That the sender could read it is no reason to ask it of the next server. */
  smtp_delivery_report_set_smtputf8 (report, TRUE);
  assert_options (report, "");
  smtp_delivery_report_set_return_full (report, TRUE);
  set_original (report, "A: b\r\n\r\n\xff\r\n", -1);
  assert_options (report, "BODY=8BITMIME");
  set_original (report, "A: \xc3\xbc\r\n\r\n", -1);
  assert_options (report, "BODY=8BITMIME SMTPUTF8");
  assert_options (other, "BODY=8BITMIME SMTPUTF8");
}

/* The same octets, by whichever way: only the boundaries differ. */
static void
test_ways (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) bytes = NULL, written = NULL;
  g_autofree char *body = g_strnfill (60000, 'x');
  g_autoptr (GError) error = NULL;
  GString *message = g_string_new ("A: b\r\n\r\n");

  for (guint i = 0; i < 60000; i += 500)
    g_string_append_printf (message, "%.500s\r\n", body + i);
  set_original (report, message->str, message->len);
  smtp_delivery_report_set_return_full (report, TRUE);
  add (report, "b@example.org", SMTP_DELIVERY_ACTION_FAILED);

  bytes = smtp_delivery_report_to_bytes (report, NULL);
  g_assert_true (smtp_delivery_report_write (report, stream, NULL, NULL));
  g_assert_false (g_output_stream_is_closed (stream));
  g_output_stream_close (stream, NULL, NULL);
  written = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (stream));
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, g_bytes_get_size (written));
  g_assert_nonnull (memmem (g_bytes_get_data (written, NULL), g_bytes_get_size (written),
                            message->str, message->len));
  g_string_free (message, TRUE);

  g_assert_false (smtp_delivery_report_write (report, stream, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
set_all (SmtpDeliveryReport *report,
         SmtpDeliveryStatus *status,
         const char         *text)
{
  smtp_delivery_report_set_message_id (report, text);
  smtp_delivery_report_set_subject (report, text);
  smtp_delivery_report_set_envelope_id (report, text);
  smtp_delivery_report_set_received_from_mta (report, text);
  smtp_delivery_status_set_original_recipient (status, text);
  smtp_delivery_status_set_diagnostic (status, text);
  smtp_delivery_status_set_diagnostic_type (status, text);
  smtp_delivery_status_set_remote_mta (status, text);
  smtp_delivery_status_set_code (status, text);
}

static void
assert_field_names (const char *fields)
{
  g_auto (GStrv) lines = g_strsplit (fields, "\r\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_assert_false (g_str_has_prefix (lines[i], "X-"));
      g_assert_true (*lines[i] == '\0' || *lines[i] == ' ' || strchr (lines[i], ':') != NULL);
      /* A line of nothing but spaces might end the header somewhere. */
      g_assert_true (*lines[i] == '\0' || lines[i][strspn (lines[i], " \t")] != '\0');
    }
}

/* Whoever said it, nothing becomes a field, a part, or a line that is too long. */
static void
test_hostile (void)
{
  g_autofree char *words = g_strnfill (20000, ' ');
  g_autofree char *longest = g_strnfill (20000, 'x');
  g_autofree char *quoted = g_strnfill (20000, '\\');
  const char *texts[] = {
    "a\r\nX-Evil: y", "a\nX-Evil: y", "a\rX-Evil: y", "a\r\n\r\nX-Evil: y", "\r\n--=_\r\n", "rfc822;a\r\nX-Evil: y",
    "x-\r\nX-Evil;y", "<a@b>\r\nX-Evil: y", "\xff\xfe", "\xe2\x80\xa8X-Evil: y", "\xc2\x85X-Evil: y", "=?utf-8?q?=0d=0aX-Evil:_y?=",
    "", " ", "\t", ";", ":", longest, words, quoted
  };

  for (gsize i = 1; i < 20000; i += 2)
    quoted[i] = ' ';
  for (gsize i = 0; i < 20000; i += 300)
    words[i] = 'x';

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SmtpAddress) sender = make_address ("joe@example.org");
      g_autoptr (SmtpDeliveryReport) report = smtp_delivery_report_new (texts[i], sender);
      SmtpDeliveryStatus *status = add (report, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);

      for (guint utf8 = 0; utf8 < 2; utf8++)
        {
          g_auto (Parts) parts = { 0 };

          smtp_delivery_report_set_smtputf8 (report, utf8);
          set_all (report, status, texts[i]);
          take_apart (report, &parts);
          g_assert_cmpuint (g_strv_length (parts.parts), ==, 4);
          assert_field_names (parts.header);
          assert_field_names (parts.parts[2]);
          g_assert_nonnull (strstr (parts.header, "@localhost>"));
        }
    }
}

/* To unfold is to take the line ends away. */
static void
test_folding (void)
{
  static const char diagnostic[] =
    "550 5.7.1 This message was refused,  for a reason that takes some lines to be explained in full, as "
    "reasons do; see https://example.org/a-rather-long-address-that-cannot-be-cut/in-two-pieces-at-all-by-folding";
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_auto (Parts) parts = { 0 };
  char *field, *end;

  smtp_delivery_status_set_diagnostic (add (report, "b@example.net", SMTP_DELIVERY_ACTION_FAILED), diagnostic);
  take_apart (report, &parts);
  field = strstr (parts.parts[2], "Diagnostic-Code: smtp; ");
  end = field + strlen (field);
  g_assert_cmpuint (strcspn (field, "\r"), <=, 78);

  {
    g_auto (GStrv) lines = g_strsplit (field, "\r\n", -1);
    g_autofree char *unfolded = g_strjoinv ("", lines);

    g_assert_cmpuint (g_strv_length (lines), >, 3);
    g_assert_cmpstr (unfolded + strlen ("Diagnostic-Code: smtp; "), ==, diagnostic);
  }
  g_assert_true (*end == '\0');
}

static void
test_text (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autofree char *long_line = g_strnfill (999, 'x');
  SmtpDeliveryStatus *status = add (report, "b@example.net", SMTP_DELIVERY_ACTION_FAILED);
  g_auto (Parts) standard = { 0 }, own = { 0 }, long_one = { 0 };

  smtp_delivery_status_set_remote_mta (status, "mx.example.net");
  smtp_delivery_status_set_diagnostic (status, "550 no\r\nsuch user");
  add (report, "c@example.net", SMTP_DELIVERY_ACTION_DELAYED);
  take_apart (report, &standard);
  g_assert_nonnull (strstr (standard.parts[1], "  b@example.net\r\n"
                                               "    said by mx.example.net\r\n"
                                               "    550 no  such user\r\n"));
  g_assert_nonnull (strstr (standard.parts[1], "not be delivered yet to:\r\n\r\n  c@example.net\r\n"));
  g_assert_true (has_line (standard.header, "Subject: What has become of your message"));

  smtp_delivery_report_set_text (report, "na\xc3\xaf" "ve \xff = \n\n.\n");
  take_apart (report, &own);
  g_assert_cmpstr (own.parts[1], ==, "Content-Type: text/plain; charset=utf-8\r\n" QP
                                     "\r\nna=C3=AFve =EF=BF=BD =3D=20\r\n\r\n.\r\n");

  smtp_delivery_report_set_text (report, long_line);
  take_apart (report, &long_one);
  g_assert_true (g_str_has_prefix (long_one.parts[1], "Content-Type: text/plain; charset=us-ascii\r\n" QP "\r\nxxx"));
}

static void
test_many (void)
{
  g_autoptr (SmtpDeliveryReport) report = make_report ("joe@example.org");
  g_autoptr (GPtrArray) statuses = NULL;
  g_auto (Parts) parts = { 0 };

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *address = g_strdup_printf ("u%u@example.net", i);

      add (report, address, SMTP_DELIVERY_ACTION_FAILED);
    }
  statuses = smtp_delivery_report_get_statuses (report);
  g_assert_cmpuint (statuses->len, ==, 1000);

  take_apart (report, &parts);
  g_assert_nonnull (strstr (parts.parts[1], "  and 900 more\r\n"));
  g_assert_nonnull (strstr (parts.parts[2], "Final-Recipient: rfc822; u999@example.net\r\n"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/delivery-report/header", test_header);
  g_test_add_func ("/delivery-report/own-header", test_own_header);
  g_test_add_func ("/delivery-report/fields", test_fields);
  g_test_add_func ("/delivery-report/code", test_code);
  g_test_add_func ("/delivery-report/notify", test_notify);
  g_test_add_func ("/delivery-report/not-due", test_not_due);
  g_test_add_func ("/delivery-report/envelope", test_envelope);
  g_test_add_func ("/delivery-report/ways", test_ways);
  g_test_add_func ("/delivery-report/hostile", test_hostile);
  g_test_add_func ("/delivery-report/folding", test_folding);
  g_test_add_func ("/delivery-report/text", test_text);
  g_test_add_func ("/delivery-report/many", test_many);

  return g_test_run ();
}
