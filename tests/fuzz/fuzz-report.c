/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <string.h>

#include <smtpd/smtpd.h>

/* Whatever texts a report is made of: its lines end in CRLF and are no longer than 998 octets,
 * its header and its status have no fields but their own, and it has the parts that it should
 * have. The first octet says how the report is made, the rest is texts that end in NUL. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

#define N_TEXTS 10

enum
{
  UTF8 = 1 << 0,
  FULL = 1 << 1,
  DELAYED = 1 << 2,
  SMALL = 1 << 3
};

static const char * const names[] = {
  "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
  "Content-Type", "Content-Transfer-Encoding", "Original-Envelope-Id", "Reporting-MTA", "Received-From-MTA",
  "Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code", NULL
};

static void
check_lines (const char *text,
             gsize       size)
{
  gsize line = 0;

  for (gsize i = 0; i < size; i++)
    {
      g_assert (text[i] != '\0');
      g_assert (text[i] != '\r' || (i + 1 < size && text[i + 1] == '\n'));
      g_assert (text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
      line = text[i] == '\r' || text[i] == '\n' ? 0 : line + 1;
      g_assert (line <= 998);
    }
}

/* Lines of fields, and empty ones between them. */
static void
check_fields (const char *text,
              const char *end)
{
  while (text < end)
    {
      const char *line = text;
      const char *next = strstr (text, "\r\n");
      gboolean known = FALSE;

      g_assert (next != NULL && next < end);
      text = next + 2;
      if (next == line)
        continue;

      if (*line == ' ')
        {
          g_assert (strspn (line, " ") < (gsize) (next - line));
          continue;
        }
      for (guint i = 0; names[i] != NULL && !known; i++)
        known = g_str_has_prefix (line, names[i]) && line[strlen (names[i])] == ':';
      g_assert (known);
    }
}

static void
check (GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);
  char *text = g_strndup (g_bytes_get_data (bytes, NULL), size);
  char *delimiter, *status, *part;
  const char *end = strstr (text, "\r\n\r\n") + 2;
  /* At a line's begin: a subject may say the same. */
  const char *type = strstr (text, "\r\nContent-Type: ");
  const char *boundary = type != NULL ? strstr (type, " boundary=\"") : NULL;
  guint n = 0;

  check_lines (text, size);
  g_assert (boundary != NULL && boundary < end);
  check_fields (text, end);

  boundary += strlen (" boundary=\"");
  delimiter = g_strdup_printf ("\r\n--%.*s", (int) (strchr (boundary, '"') - boundary), boundary);
  part = strstr (text, delimiter);
  g_assert (part == end);

  status = strstr (part + 1, delimiter);
  g_assert (status != NULL);
  end = strstr (status + 1, delimiter);
  g_assert (end != NULL);
  check_fields (status + strlen (delimiter) + 2, end + 2);

  for (; part != NULL; part = strstr (part + 1, delimiter))
    n++;
  g_assert (n == 3 || n == 4);
  g_assert (g_str_has_suffix (text, "--\r\n"));

  g_free (delimiter);
  g_free (text);
}

static void
add_recipient (SmtpDeliveryReport *report,
               char              **texts,
               guint               flags)
{
  SmtpAddress *address = smtp_address_new (texts[0], NULL);
  SmtpDeliveryStatus *status;

  if (address == NULL)
    address = smtp_address_new ("b@example.org", NULL);
  status = smtp_delivery_report_add_recipient (report, address, flags & DELAYED ? SMTP_DELIVERY_ACTION_DELAYED :
                                                                                  SMTP_DELIVERY_ACTION_FAILED,
                                               texts[1]);
  smtp_delivery_status_set_original_recipient (status, texts[1]);
  smtp_delivery_status_set_diagnostic (status, texts[2]);
  smtp_delivery_status_set_diagnostic_type (status, texts[3]);
  smtp_delivery_status_set_remote_mta (status, texts[4]);
  smtp_address_unref (address);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  char *texts[N_TEXTS];
  SmtpDeliveryReport *report;
  SmtpAddress *sender;
  GBytes *original, *bytes;
  guint flags;
  gsize i = 1;

  if (size < 1)
    return 0;

  flags = data[0];
  for (guint n = 0; n < N_TEXTS; n++)
    {
      texts[n] = g_strndup ((const char *) data + i, size - i);
      i = MIN (i + strlen (texts[n]) + 1, size);
    }

  sender = smtp_address_new (texts[0], NULL);
  if (sender == NULL || smtp_address_is_null (sender))
    {
      g_clear_pointer (&sender, smtp_address_unref);
      sender = smtp_address_new ("a@example.org", NULL);
    }

  report = smtp_delivery_report_new (texts[9], sender);
  original = g_bytes_new (data + i, size - i);
  add_recipient (report, texts, flags);
  smtp_delivery_report_set_message_id (report, texts[3]);
  smtp_delivery_report_set_envelope_id (report, texts[5]);
  smtp_delivery_report_set_received_from_mta (report, texts[6]);
  smtp_delivery_report_set_subject (report, texts[7]);
  if (*texts[8] != '\0')
    smtp_delivery_report_set_text (report, texts[8]);
  smtp_delivery_report_set_original (report, original);
  smtp_delivery_report_set_smtputf8 (report, (flags & UTF8) != 0);
  smtp_delivery_report_set_return_full (report, (flags & FULL) != 0);
  if (flags & SMALL)
    smtp_delivery_report_set_max_returned_size (report, 40);

  bytes = smtp_delivery_report_to_bytes (report, NULL);
  check (bytes);

  g_bytes_unref (bytes);
  g_bytes_unref (original);
  g_object_unref (report);
  smtp_address_unref (sender);
  for (guint n = 0; n < N_TEXTS; n++)
    g_free (texts[n]);

  return 0;
}
