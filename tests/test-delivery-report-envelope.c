/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery reports about an envelope: what its client has asked for. */

#include "delivery-report-fixture.h"

static SmtpDeliveryReport *
report_on (const char * const *options,
           const char          *sender)
{
  g_autoptr (SmtpAddress) address = make_address (sender);
  g_autoptr (SmtpParameters) parameters = smtp_parameters_new (options, NULL);
  g_autoptr (SmtpEnvelope) envelope = smtp_envelope_new ();
  g_autoptr (GBytes) content = g_bytes_new_static ("A: b\r\n\r\nbody\r\n", 14);

  smtp_envelope_set_reverse_path (envelope, address);
  smtp_envelope_set_mail_parameters (envelope, parameters);
  smtp_envelope_set_content (envelope, content);

  return smtp_delivery_report_new_for_envelope ("mx.example.org", envelope);
}

static SmtpDeliveryStatus *
add_for (SmtpDeliveryReport *report,
         const char         *notify,
         const char         *original,
         SmtpDeliveryAction  action)
{
  const char *options[] = { notify, original, NULL };
  g_autoptr (SmtpParameters) parameters = smtp_parameters_new (notify == NULL ? options + 1 : options, NULL);
  g_autoptr (SmtpAddress) address = make_address ("b@example.net");
  g_autoptr (SmtpEnvelope) envelope = smtp_envelope_new ();
  SmtpRecipient *recipient = smtp_envelope_add_recipient (envelope, address, parameters);

  return smtp_delivery_report_add_envelope_recipient (report, recipient, action, "5.1.1");
}

static void
test_for_envelope (void)
{
  static const char * const options[] = { "RET=FULL", "ENVID=a+2Bb", "BY=60;R", "HOLDFOR=30", "MT-PRIORITY=-3", NULL };
  g_autoptr (SmtpDeliveryReport) report = report_on (options, "joe@example.org");
  g_autoptr (GDateTime) date = g_date_time_new_utc (2026, 12, 24, 18, 0, 0);
  g_autoptr (SmtpEnvelope) envelope = NULL;
  g_auto (GStrv) mail_options = NULL;
  g_auto (Parts) parts = { 0 };

  g_assert_nonnull (smtp_delivery_report_get_arrival_date (report));
  g_assert_true (smtp_delivery_report_get_return_full (report));
  smtp_delivery_report_set_arrival_date (report, date);
  add_for (report, NULL, "ORCPT=rfc822;bob@example.net", SMTP_DELIVERY_ACTION_FAILED);
  take_apart (report, &parts);
  g_assert_nonnull (strstr (parts.parts[2], "Original-Envelope-Id: a+b\r\n"
                                            "Reporting-MTA: dns; mx.example.org\r\n"
                                            "Arrival-Date: Thu, 24 Dec 2026 18:00:00 +0000\r\n"
                                            "Deliver-By-Date: Thu, 24 Dec 2026 18:01:00 +0000\r\n"
                                            "Future-Release-Request: for;30\r\n\r\n"
                                            "Original-Recipient: rfc822; bob@example.net\r\n"
                                            "Final-Recipient: rfc822; b@example.net\r\n"));
  g_assert_nonnull (strstr (parts.parts[3], "\r\nbody"));

  envelope = smtp_delivery_report_to_envelope (report, NULL);
  mail_options = smtp_envelope_dup_mail_options (envelope);
  g_assert_cmpstr (mail_options[0], ==, "MT-PRIORITY=-3");
  g_assert_null (mail_options[1]);
}

/* RFC 8689 section 5 */
static void
test_require_tls (void)
{
  static const char * const options[] = { "RET=FULL", "REQUIRETLS", "HOLDUNTIL=2026-12-24T18:00:00Z", NULL };
  g_autoptr (SmtpDeliveryReport) report = report_on (options, "joe@example.org");
  g_autoptr (SmtpEnvelope) envelope = NULL;
  g_auto (GStrv) mail_options = NULL;
  g_auto (Parts) parts = { 0 };

  add_for (report, NULL, NULL, SMTP_DELIVERY_ACTION_FAILED);
  smtp_delivery_report_set_return_full (report, TRUE);
  take_apart (report, &parts);
  g_assert_nonnull (strstr (parts.parts[2], "\r\nFuture-Release-Request: until;2026-12-24T18:00:00Z\r\n"));
  g_assert_null (strstr (parts.parts[2], "Deliver-By-Date"));
  g_assert_nonnull (strstr (parts.parts[3], "A: b"));
  g_assert_null (strstr (parts.parts[3], "body"));

  envelope = smtp_delivery_report_to_envelope (report, NULL);
  mail_options = smtp_envelope_dup_mail_options (envelope);
  g_assert_cmpstr (mail_options[0], ==, "REQUIRETLS");
  g_assert_null (mail_options[1]);
  g_assert_true (smtp_envelope_get_require_tls (envelope));
}

static void
test_notify_of_envelope (void)
{
  static const char * const nothing[] = { NULL };
  static const char * const traced[] = { "BY=60;NT", NULL };
  static const struct
  {
    const char * const *options;
    const char *notify;
    SmtpDeliveryAction action;
    gboolean is_due;
  } rows[] =
  {
    { nothing, NULL, SMTP_DELIVERY_ACTION_FAILED, TRUE },
    { nothing, NULL, SMTP_DELIVERY_ACTION_DELIVERED, FALSE },
    { nothing, "NOTIFY=NEVER", SMTP_DELIVERY_ACTION_FAILED, FALSE },
    { nothing, "NOTIFY=success,delay", SMTP_DELIVERY_ACTION_FAILED, FALSE },
    { nothing, "NOTIFY=success,delay", SMTP_DELIVERY_ACTION_DELIVERED, TRUE },
    { nothing, "NOTIFY=FAILURE", SMTP_DELIVERY_ACTION_RELAYED, FALSE },
    { traced, "NOTIFY=FAILURE", SMTP_DELIVERY_ACTION_RELAYED, TRUE },
    { traced, NULL, SMTP_DELIVERY_ACTION_RELAYED, TRUE },
    { traced, "NOTIFY=NEVER", SMTP_DELIVERY_ACTION_RELAYED, FALSE },
    { traced, NULL, SMTP_DELIVERY_ACTION_DELIVERED, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SmtpDeliveryReport) report = report_on (rows[i].options, "joe@example.org");
      g_autoptr (SmtpDeliveryReport) to_nobody = report_on (rows[i].options, "");

      add_for (report, rows[i].notify, NULL, rows[i].action);
      g_assert_cmpint (smtp_delivery_report_is_due (report), ==, rows[i].is_due);
      add_for (to_nobody, rows[i].notify, NULL, rows[i].action);
      g_assert_false (smtp_delivery_report_is_due (to_nobody));
    }
}

/* An envelope that nobody has begun tells of nothing, and to nobody. */
static void
test_empty_envelope (void)
{
  g_autoptr (SmtpEnvelope) envelope = smtp_envelope_new ();
  g_autoptr (SmtpDeliveryReport) report = smtp_delivery_report_new_for_envelope ("mx.example.org", envelope);

  add_for (report, NULL, NULL, SMTP_DELIVERY_ACTION_FAILED);
  g_assert_false (smtp_delivery_report_is_due (report));
  g_assert_null (smtp_delivery_report_get_original (report));
  g_assert_null (smtp_delivery_report_get_envelope_id (report));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/delivery-report-envelope/wishes", test_for_envelope);
  g_test_add_func ("/delivery-report-envelope/require-tls", test_require_tls);
  g_test_add_func ("/delivery-report-envelope/notify", test_notify_of_envelope);
  g_test_add_func ("/delivery-report-envelope/empty", test_empty_envelope);

  return g_test_run ();
}
