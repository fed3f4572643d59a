/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery status notifications. That others read them, too, is in
 * test-delivery-report-gmime.c and bindings/test_delivery_report.py. */

#include <string.h>

#include <smtpd/smtpd.h>

#define FULL \
  "Message-ID: <1@example.org>\r\n" \
  "Subject: x\r\n" \
  "\r\n" \
  "one\r\n"

static SmtpAddress *
make_address (const char *text)
{
  g_autoptr (GError) error = NULL;
  SmtpAddress *address = smtp_address_new (text, &error);

  g_assert_no_error (error);

  return address;
}

static SmtpDeliveryReport *
make_report (const char *sender)
{
  g_autoptr (SmtpAddress) address = make_address (sender);

  return smtp_delivery_report_new ("mx.example.org", address);
}

static SmtpDeliveryStatus *
add (SmtpDeliveryReport *report,
     const char         *recipient,
     SmtpDeliveryAction  action)
{
  g_autoptr (SmtpAddress) address = make_address (recipient);

  return smtp_delivery_report_add_recipient (report, address, action, NULL);
}

static void
set_original (SmtpDeliveryReport *report,
              const char         *text,
              gssize              length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length < 0 ? strlen (text) : (gsize) length);

  smtp_delivery_report_set_original (report, bytes);
}

/* A report, taken apart. */
typedef struct
{
  char  *text;
  char  *header;
  char **parts;  /* the first octet behind "--boundary CRLF" up to the CRLF before the next */
} Parts;

static void
parts_clear (Parts *parts)
{
  g_free (parts->text);
  g_free (parts->header);
  g_strfreev (parts->parts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static void
assert_lines (const char *text,
              gsize       size)
{
  gsize line = 0;

  g_assert_null (memchr (text, '\0', size));
  for (gsize i = 0; i < size; i++)
    {
      g_assert_true (text[i] != '\r' || (i + 1 < size && text[i + 1] == '\n'));
      g_assert_true (text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
      line = text[i] == '\r' || text[i] == '\n' ? 0 : line + 1;
      g_assert_cmpuint (line, <=, 998);
    }
  g_assert_true (g_str_has_suffix (text, "\r\n"));
}

static void
take_apart (SmtpDeliveryReport *report,
            Parts              *parts)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = smtp_delivery_report_to_bytes (report, &error);
  g_autofree char *delimiter = NULL;
  char *boundary, *end;
  gsize size, last;

  g_assert_no_error (error);
  parts->text = g_strndup (g_bytes_get_data (bytes, &size), g_bytes_get_size (bytes));
  assert_lines (parts->text, size);

  end = strstr (parts->text, "\r\n\r\n");
  parts->header = g_strndup (parts->text, end + 2 - parts->text);
  boundary = strstr (parts->header, " boundary=\"");
  g_assert_nonnull (boundary);
  boundary += strlen (" boundary=\"");
  delimiter = g_strdup_printf ("\r\n--%.*s", (int) (strchr (boundary, '"') - boundary), boundary);

  parts->parts = g_strsplit (end + 2, delimiter, -1);
  last = g_strv_length (parts->parts) - 1;
  g_assert_cmpuint (last, >=, 3);
  g_assert_cmpstr (parts->parts[0], ==, "");
  g_assert_cmpstr (parts->parts[last], ==, "--\r\n");
  for (gsize i = 1; i < last; i++)
    {
      g_assert_true (g_str_has_prefix (parts->parts[i], "\r\n"));
      memmove (parts->parts[i], parts->parts[i] + 2, strlen (parts->parts[i]) - 1);
    }
}

static void
assert_status (SmtpDeliveryReport *report,
               const char         *expected)
{
  g_auto (Parts) parts = { 0 };

  take_apart (report, &parts);
  g_assert_cmpstr (parts.parts[2], ==, expected);
}

static void
assert_returned (SmtpDeliveryReport *report,
                 const char         *expected)
{
  g_auto (Parts) parts = { 0 };

  take_apart (report, &parts);
  g_assert_cmpstr (parts.parts[3], ==, expected != NULL ? expected : "--\r\n");
}

static gboolean
has_line (const char *header,
          const char *line)
{
  g_auto (GStrv) lines = g_strsplit (header, "\r\n", -1);

  return g_strv_contains ((const char * const *) lines, line);
}

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

#define HEADERS "Content-Type: text/rfc822-headers\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n"
#define EIGHT "Content-Transfer-Encoding: 8bit\r\n"
#define RFC822 "Content-Type: message/rfc822\r\n"

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
  g_test_add_func ("/delivery-report/returned", test_returned);
  g_test_add_func ("/delivery-report/returned-binary", test_returned_binary);
  g_test_add_func ("/delivery-report/returned-cut", test_returned_cut);
  g_test_add_func ("/delivery-report/ascii", test_ascii);
  g_test_add_func ("/delivery-report/utf8", test_utf8);
  g_test_add_func ("/delivery-report/envelope", test_envelope);
  g_test_add_func ("/delivery-report/ways", test_ways);
  g_test_add_func ("/delivery-report/hostile", test_hostile);
  g_test_add_func ("/delivery-report/folding", test_folding);
  g_test_add_func ("/delivery-report/text", test_text);
  g_test_add_func ("/delivery-report/many", test_many);

  return g_test_run ();
}
