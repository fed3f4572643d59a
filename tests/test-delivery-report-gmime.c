/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delivery status notifications, as GMime reads them. */

#include <gmime/gmime.h>
#include <smtpd/smtpd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeStream, g_object_unref)

static void
count_warning (gint64              offset,
               GMimeParserWarning  error,
               const gchar        *item,
               gpointer            n_warnings)
{
  g_test_message ("warning %d at %" G_GINT64_FORMAT ": %s", error, offset, item);
  (*(guint *) n_warnings)++;
}

static GMimeMessage *
parse (GBytes *bytes)
{
  g_autoptr (GMimeStream) stream = g_mime_stream_mem_new_with_buffer (g_bytes_get_data (bytes, NULL),
                                                                      g_bytes_get_size (bytes));
  g_autoptr (GMimeParser) parser = g_mime_parser_new_with_stream (stream);
  GMimeParserOptions *options = g_mime_parser_options_new ();
  GMimeMessage *message;
  guint n_warnings = 0;

  g_mime_parser_options_set_warning_callback (options, count_warning, &n_warnings);
  message = g_mime_parser_construct_message (parser, options);
  g_mime_parser_options_free (options);
  g_assert_nonnull (message);
  g_assert_cmpuint (n_warnings, ==, 0);

  return message;
}

static GMimeMessage *
make (const char *text,
      const char *original,
      gboolean    smtputf8,
      gboolean    full)
{
  g_autoptr (SmtpAddress) sender = smtp_address_new ("joe@example.org", NULL);
  g_autoptr (SmtpAddress) recipient = smtp_address_new ("b@example.net", NULL);
  g_autoptr (SmtpDeliveryReport) report = smtp_delivery_report_new ("mx.example.org", sender);
  g_autoptr (GBytes) content = g_bytes_new (original, strlen (original));
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      SmtpDeliveryStatus *status =
        smtp_delivery_report_add_recipient (report, recipient, SMTP_DELIVERY_ACTION_FAILED, "5.1.1");

      smtp_delivery_status_set_diagnostic (status, text);
    }
  smtp_delivery_report_set_subject (report, text);
  smtp_delivery_report_set_original (report, content);
  smtp_delivery_report_set_smtputf8 (report, smtputf8);
  smtp_delivery_report_set_return_full (report, full);
  bytes = smtp_delivery_report_to_bytes (report, &error);
  g_assert_no_error (error);

  return parse (bytes);
}

static GMimeObject *
get_part (GMimeMessage *message,
          int           index,
          const char   *type)
{
  GMimeObject *body = g_mime_message_get_mime_part (message);
  GMimeObject *part;
  g_autofree char *is = NULL;

  g_assert_true (GMIME_IS_MULTIPART (body));
  g_assert_cmpint (g_mime_multipart_get_count (GMIME_MULTIPART (body)), ==, 3);
  g_assert_cmpstr (g_mime_object_get_content_type_parameter (body, "report-type"), ==, "delivery-status");

  part = g_mime_multipart_get_part (GMIME_MULTIPART (body), index);
  is = g_mime_content_type_get_mime_type (g_mime_object_get_content_type (part));
  g_assert_cmpstr (is, ==, type);

  return part;
}

static char *
get_content (GMimeObject *part)
{
  g_autoptr (GMimeStream) stream = g_mime_stream_mem_new ();
  GByteArray *array = g_mime_stream_mem_get_byte_array (GMIME_STREAM_MEM (stream));

  g_mime_data_wrapper_write_to_stream (g_mime_part_get_content (GMIME_PART (part)), stream);

  return g_strndup ((const char *) array->data, array->len);
}

static void
test_full (void)
{
  g_autoptr (GMimeMessage) message = make ("550 No", "Subject: x\r\n\r\none\r\n", FALSE, TRUE);
  GMimeObject *returned = get_part (message, 2, "message/rfc822");
  g_autofree char *status = get_content (get_part (message, 1, "message/delivery-status"));

  get_part (message, 0, "text/plain");
  g_assert_true (GMIME_IS_MESSAGE_PART (returned));
  g_assert_cmpstr (g_mime_message_get_subject (g_mime_message_part_get_message (GMIME_MESSAGE_PART (returned))),
                   ==, "x");
  g_assert_nonnull (g_strstr_len (status, -1, "Diagnostic-Code: smtp; 550 No\r\n"));
}

static void
test_header (void)
{
  g_autoptr (GMimeMessage) ascii = make ("gr\xc3\xbcn", "Subject: \xc3\xbc\r\n\r\none\r\n", FALSE, TRUE);
  g_autoptr (GMimeMessage) utf8 = make ("gr\xc3\xbcn", "Subject: \xc3\xbc\r\n\r\none\r\n", TRUE, FALSE);
  g_autofree char *encoded = get_content (get_part (ascii, 2, "text/rfc822-headers"));
  g_autofree char *plain = get_content (get_part (utf8, 2, "message/global-headers"));

  g_assert_cmpstr (g_mime_message_get_subject (ascii), ==, "gr\xc3\xbcn");
  g_assert_cmpstr (encoded, ==, "Subject: \xc3\xbc\r\n");
  g_assert_cmpstr (plain, ==, "Subject: \xc3\xbc\r\n");
  get_part (ascii, 1, "message/delivery-status");
  get_part (utf8, 1, "message/global-delivery-status");
}

static void
test_hostile (void)
{
  static const char * const texts[] = {
    "a\r\nX-Evil: y", "a\r\n\r\nX-Evil: y", "a\nX-Evil: y", "a\rX-Evil: y", "\r\n--=_\r\n", "\xff", "\"", "(", "=?utf-8?q?=0D=0A?=",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GMimeMessage) message = make (texts[i], "Subject: x\r\n\r\none\r\n", FALSE, TRUE);
      g_autofree char *status = get_content (get_part (message, 1, "message/delivery-status"));
      g_auto (GStrv) groups = g_strsplit (status, "\r\n\r\n", -1);

      g_assert_null (g_mime_object_get_header (GMIME_OBJECT (message), "X-Evil"));
      g_assert_cmpuint (g_strv_length (groups), ==, 4);
      g_assert_null (g_strstr_len (status, -1, "\nX-Evil"));
      get_part (message, 2, "message/rfc822");
    }
}

int
main (int    argc,
      char **argv)
{
  g_mime_init ();
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/delivery-report/gmime/full", test_full);
  g_test_add_func ("/delivery-report/gmime/header", test_header);
  g_test_add_func ("/delivery-report/gmime/hostile", test_hostile);

  return g_test_run ();
}
