/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For tests of delivery reports: makes them, and takes them apart. */

#pragma once

#include <string.h>

#include <smtpd/smtpd.h>

static SmtpAddress *
make_address (const char *text)
{
  g_autoptr (GError) error = NULL;
  SmtpAddress *address = smtp_address_new (text, &error);

  g_assert_no_error (error);

  return address;
}

G_GNUC_UNUSED static SmtpDeliveryReport *
make_report (const char *sender)
{
  g_autoptr (SmtpAddress) address = make_address (sender);

  return smtp_delivery_report_new ("mx.example.org", address);
}

G_GNUC_UNUSED static SmtpDeliveryStatus *
add (SmtpDeliveryReport *report,
     const char         *recipient,
     SmtpDeliveryAction  action)
{
  g_autoptr (SmtpAddress) address = make_address (recipient);

  return smtp_delivery_report_add_recipient (report, address, action, NULL);
}

G_GNUC_UNUSED static void
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

G_GNUC_UNUSED static void
assert_status (SmtpDeliveryReport *report,
               const char         *expected)
{
  g_auto (Parts) parts = { 0 };

  take_apart (report, &parts);
  g_assert_cmpstr (parts.parts[2], ==, expected);
}

G_GNUC_UNUSED static gboolean
has_line (const char *header,
          const char *line)
{
  g_auto (GStrv) lines = g_strsplit (header, "\r\n", -1);

  return g_strv_contains ((const char * const *) lines, line);
}

#define FULL \
  "Message-ID: <1@example.org>\r\n" \
  "Subject: x\r\n" \
  "\r\n" \
  "one\r\n"
