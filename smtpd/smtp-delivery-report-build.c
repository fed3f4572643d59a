/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report-private.h"

#include <string.h>

#include "wire/smtp-date.h"
#include "wire/smtp-field.h"
#include "wire/smtp-message-facts.h"
#include "wire/smtp-path-parser.h"
#include "wire/smtp-quoted-printable.h"

/* The part for people may be of a program's making. */
#define TEXT_MAX (64 * 1024)

typedef struct
{
  SmtpDeliveryReport *report;
  GPtrArray *statuses;
  gboolean international;  /* characters outside ASCII may stand in headers */
  SmtpFieldCharset charset;
  SmtpReportParts *parts;

  GString *header;
  GString *text;           /* each of these with its own header fields */
  GString *status;
  GString *returned_head;
} Builder;

char *
smtp_delivery_report_dup_host (SmtpDeliveryReport *self)
{
  g_autofree char *host = NULL;

  if (g_utf8_validate (self->reporting_mta, -1, NULL))
    host = g_hostname_to_ascii (self->reporting_mta);

  if (host == NULL || !smtp_helo_name_is_valid (host, strlen (host)))
    return g_strdup ("localhost");

  return g_steal_pointer (&host);
}

/* The status part */

static void
append_typed (Builder    *self,
              GString    *out,
              const char *name,
              const char *type,
              const char *value)
{
  g_autofree char *typed = NULL;

  if (value == NULL || *value == '\0')
    return;

  typed = g_strdup_printf ("%s; %s", type, value);
  smtp_field_append (out, name, typed, self->charset);
}

static void
append_date (GString    *out,
             const char *name,
             GDateTime  *date)
{
  if (date == NULL)
    return;

  g_string_append_printf (out, "%s: ", name);
  smtp_date_append (out, date);
  g_string_append (out, "\r\n");
}

/* RFC 6533 section 3: an address that is not in ASCII has a type of its own. */
static void
append_mailbox (Builder    *self,
                GString    *out,
                const char *name,
                const char *address)
{
  gboolean ascii = smtp_field_is_ascii (address, strlen (address));
  g_autofree char *xtext = ascii || self->international ? NULL : smtp_field_xtext (address);

  append_typed (self, out, name, ascii ? "rfc822" : "utf-8", xtext != NULL ? xtext : address);
}

/* The value of ORCPT is "type;address"; but a program may give the address alone. */
static void
append_original_recipient (Builder    *self,
                           GString    *out,
                           const char *original)
{
  static const char name[] = "Original-Recipient";
  const char *semicolon = original != NULL ? strchr (original, ';') : NULL;
  g_autofree char *type = NULL;

  if (original == NULL || *original == '\0')
    return;

  if (semicolon == NULL || !smtp_field_is_atom (original, semicolon - original))
    {
      append_mailbox (self, out, name, original);
      return;
    }

  type = g_strndup (original, semicolon - original);
  if (g_ascii_strcasecmp (type, "rfc822") == 0 || g_ascii_strcasecmp (type, "utf-8") == 0)
    append_mailbox (self, out, name, semicolon + 1);
  else
    append_typed (self, out, name, type, semicolon + 1);
}

static void
append_diagnostic (Builder            *self,
                   GString            *out,
                   SmtpDeliveryStatus *status)
{
  const char *type = smtp_delivery_status_get_diagnostic_type (status);

  append_typed (self, out, "Diagnostic-Code",
                smtp_field_is_atom (type, strlen (type)) && strlen (type) < 64 ? type : "smtp",
                smtp_delivery_status_get_diagnostic (status));
}

static void
append_status (Builder            *self,
               GString            *out,
               SmtpDeliveryStatus *status)
{
  static const char * const names[] = { "failed", "delayed", "delivered", "relayed", "expanded" };
  SmtpDeliveryAction action = smtp_delivery_status_get_action (status);

  g_string_append (out, "\r\n");
  append_original_recipient (self, out, smtp_delivery_status_get_original_recipient (status));
  append_mailbox (self, out, "Final-Recipient",
                  smtp_address_get_text (smtp_delivery_status_get_address (status)));
  g_string_append_printf (out, "Action: %s\r\nStatus: %s\r\n", names[action],
                          smtp_delivery_status_get_code (status));
  append_typed (self, out, "Remote-MTA", "dns", smtp_delivery_status_get_remote_mta (status));
  append_diagnostic (self, out, status);
  append_date (out, "Last-Attempt-Date", smtp_delivery_status_get_last_attempt_date (status));
  if (action == SMTP_DELIVERY_ACTION_DELAYED)
    append_date (out, "Will-Retry-Until", smtp_delivery_status_get_will_retry_until (status));
}

/* RFC 2852 section 5, RFC 4865 section 5.1.2 */
static void
append_wishes (Builder *self,
               GString *fields)
{
  SmtpDeliveryReport *report = self->report;
  g_autoptr (GDateTime) deliver_by = NULL;

  if (report->has_deliver_by && report->arrival_date != NULL)
    deliver_by = g_date_time_add_seconds (report->arrival_date, report->deliver_by_seconds);
  append_date (fields, "Deliver-By-Date", deliver_by);
  if (report->future_release != NULL)
    smtp_field_append (fields, "Future-Release-Request", report->future_release, self->charset);
}

static void
build_status (Builder *self)
{
  SmtpDeliveryReport *report = self->report;
  g_autoptr (GString) fields = g_string_new (NULL);
  g_autofree char *host = smtp_delivery_report_dup_host (report);
  gboolean global;

  if (report->envelope_id != NULL)
    smtp_field_append (fields, "Original-Envelope-Id", report->envelope_id, self->charset);
  append_typed (self, fields, "Reporting-MTA", "dns", host);
  append_typed (self, fields, "Received-From-MTA", "dns", report->received_from_mta);
  append_date (fields, "Arrival-Date", report->arrival_date);
  append_wishes (self, fields);

  for (guint i = 0; i < self->statuses->len; i++)
    append_status (self, fields, g_ptr_array_index (self->statuses, i));

  global = !smtp_field_is_ascii (fields->str, fields->len);
  g_string_append_printf (self->status, "Content-Type: message/%sdelivery-status\r\n%s\r\n",
                          global ? "global-" : "",
                          global ? "Content-Transfer-Encoding: 8bit\r\n" : "");
  g_string_append_len (self->status, fields->str, fields->len);
  self->parts->smtputf8 |= global;
}

/* The part for people */

/* Lines of any end become lines of ours. */
static char *
normalize (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, MIN (strlen (text), TEXT_MAX));
  GString *lines = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c++)
    {
      if (*c == '\n' || (*c == '\r' && c[1] != '\n'))
        g_string_append (lines, "\r\n");
      else if (*c != '\r')
        g_string_append_c (lines, g_ascii_iscntrl (*c) && *c != '\t' ? ' ' : *c);
    }

  return g_string_free (lines, FALSE);
}

static void
build_text (Builder *self)
{
  g_autofree char *text = NULL;
  SmtpTextFacts facts;

  if (self->report->text != NULL)
    {
      text = normalize (self->report->text);
    }
  else
    {
      g_autofree char *standard = smtp_delivery_report_make_text (self->report, self->statuses);

      text = normalize (standard);
    }

  smtp_text_examine (text, strlen (text), &facts);
  g_string_append_printf (self->text, "Content-Type: text/plain; charset=%s\r\n",
                          facts.is_ascii ? "us-ascii" : "utf-8");
  if (facts.is_ascii && facts.is_lines)
    {
      g_string_append_printf (self->text, "\r\n%s", text);
    }
  else
    {
      g_string_append (self->text, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
      smtp_quoted_printable_append (self->text, text, strlen (text));
    }
}

/* What goes back */

static const char *
get_original (SmtpDeliveryReport *report,
              gsize              *size)
{
  const char *data = NULL;

  *size = 0;
  if (report->original != NULL)
    data = g_bytes_get_data (report->original, size);

  return *size > 0 ? data : "";
}

static gboolean
has_failed (GPtrArray *statuses)
{
  for (guint i = 0; i < statuses->len; i++)
    {
      if (smtp_delivery_status_get_action (g_ptr_array_index (statuses, i)) == SMTP_DELIVERY_ACTION_FAILED)
        return TRUE;
    }

  return FALSE;
}

/* RFC 2046 section 5.2.1: a message in another one may not be encoded. Only one that may go
 * back is looked at as a whole. */
static gboolean
goes_back_whole (Builder             *self,
                 const SmtpTextFacts *header,
                 SmtpTextFacts       *all)
{
  SmtpDeliveryReport *report = self->report;
  gsize size;
  const char *data = get_original (report, &size);

  if (!report->return_full || report->require_tls || size == 0 || size > report->max_returned_size ||
      !has_failed (self->statuses) ||
      !(header->is_ascii || (self->international && header->is_utf8)))
    return FALSE;

  smtp_text_examine (data, size, all);

  return all->is_lines;
}

static void
return_message (Builder             *self,
                const SmtpTextFacts *header,
                const SmtpTextFacts *all)
{
  gboolean global = !header->is_ascii;

  g_string_append_printf (self->returned_head, "Content-Type: message/%s\r\n%s\r\n",
                          global ? "global" : "rfc822",
                          all->is_ascii ? "" : "Content-Transfer-Encoding: 8bit\r\n");
  self->parts->returned = g_bytes_ref (self->report->original);
  self->parts->smtputf8 |= global;
  self->parts->eight_bit |= !all->is_ascii;
}

/* RFC 6522 section 4; RFC 6533 section 4 where it is in UTF-8. */
static void
return_header (Builder    *self,
               const char *header,
               gsize       length)
{
  GString *encoded;
  SmtpTextFacts facts;
  gboolean global;

  smtp_text_examine (header, length, &facts);
  global = !facts.is_ascii && facts.is_lines && facts.is_utf8 && self->international;

  g_string_append_printf (self->returned_head, "Content-Type: %s\r\n",
                          global ? "message/global-headers" : "text/rfc822-headers");
  self->parts->smtputf8 |= global;

  if (facts.is_lines && (facts.is_ascii || global))
    {
      g_string_append_printf (self->returned_head, "%s\r\n",
                              global ? "Content-Transfer-Encoding: 8bit\r\n" : "");
      self->parts->returned = g_bytes_new (header, length);
      return;
    }

  g_string_append (self->returned_head, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
  encoded = g_string_new (NULL);
  smtp_quoted_printable_append (encoded, header, length);
  self->parts->returned = g_string_free_to_bytes (encoded);
}

static void
build_returned (Builder *self,
                gsize    header_length)
{
  gsize size, length;
  const char *data = get_original (self->report, &size);
  SmtpTextFacts header, all;

  smtp_text_examine (data, header_length, &header);
  if (goes_back_whole (self, &header, &all))
    {
      return_message (self, &header, &all);
      return;
    }

  length = smtp_message_cut_header (data, header_length,
                                    (gsize) MIN (self->report->max_returned_size, G_MAXSIZE));
  if (length > 0)
    return_header (self, data, length);
}

/* The header */

/* RFC 5322 wants a domain there, and without SMTPUTF8 it must be ASCII. */
static gboolean
is_author (Builder           *self,
           const SmtpAddress *author)
{
  return author != NULL && smtp_address_get_domain (author) != NULL &&
         (self->international || !smtp_address_is_utf8 (author));
}

static void
append_from (Builder *self)
{
  SmtpAddress *author = self->report->author;
  g_autofree char *host = smtp_delivery_report_dup_host (self->report);
  g_autofree char *from = NULL;

  if (is_author (self, author))
    from = g_strdup_printf ("Mail Delivery System <%s>", smtp_address_get_text (author));
  else
    from = g_strdup_printf ("Mail Delivery System <MAILER-DAEMON@%s>", host);

  smtp_field_append (self->header, "From", from, self->charset);
}

static void
build_header (Builder *self,
              gsize    header_length)
{
  SmtpDeliveryReport *report = self->report;
  const char *subject = report->subject;
  g_autofree char *to = g_strdup_printf ("<%s>", smtp_address_get_text (report->reverse_path));
  g_autofree char *original_id = NULL;
  gsize size;

  if (subject == NULL)
    subject = smtp_delivery_report_subject_for (self->statuses);

  append_from (self);
  smtp_field_append (self->header, "To", to, self->charset);
  smtp_field_append (self->header, "Subject", subject,
                     self->international ? SMTP_FIELD_UTF8 : SMTP_FIELD_ENCODE);
  g_string_append (self->header, "Date: ");
  smtp_date_append (self->header, NULL);
  g_string_append (self->header, "\r\n");
  smtp_field_append (self->header, "Message-ID", smtp_delivery_report_get_message_id (report), self->charset);

  original_id = smtp_message_dup_id (get_original (report, &size), header_length);
  if (original_id != NULL)
    {
      smtp_field_append (self->header, "In-Reply-To", original_id, self->charset);
      smtp_field_append (self->header, "References", original_id, self->charset);
    }

  /* RFC 3834 section 5. */
  g_string_append (self->header, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
  self->parts->smtputf8 |= !smtp_field_is_ascii (self->header->str, self->header->len);
}

/* Putting it together */

static gboolean
contains (GString    *text,
          const char *boundary)
{
  return memmem (text->str, text->len, boundary, strlen (boundary)) != NULL;
}

/* By chance, and looked for: whoever wrote a text cannot have known it. */
static char *
make_boundary (Builder *self)
{
  gsize size = 0;
  const char *returned = self->parts->returned != NULL ? g_bytes_get_data (self->parts->returned, &size) : "";

  while (TRUE)
    {
      g_autofree char *unique = g_uuid_string_random ();
      g_autofree char *boundary = g_strdup_printf ("=_%s", unique);

      if (!contains (self->text, boundary) && !contains (self->status, boundary) &&
          memmem (returned, size, boundary, strlen (boundary)) == NULL)
        return g_steal_pointer (&boundary);
    }
}

static void
append_part (GString    *message,
             const char *boundary,
             GString    *part)
{
  g_string_append_printf (message, "\r\n--%s\r\n", boundary);
  g_string_append_len (message, part->str, part->len);
}

static void
assemble (Builder *self)
{
  g_autofree char *boundary = make_boundary (self);
  GString *message = g_string_new_len (self->header->str, self->header->len);
  GString *tail = g_string_new (NULL);

  g_string_append_printf (message,
                          "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                          " boundary=\"%s\"\r\n%s", boundary,
                          self->parts->eight_bit || self->parts->smtputf8 ?
                            "Content-Transfer-Encoding: 8bit\r\n" : "");
  append_part (message, boundary, self->text);
  append_part (message, boundary, self->status);
  if (self->parts->returned != NULL)
    append_part (message, boundary, self->returned_head);

  g_string_append_printf (tail, "\r\n--%s--\r\n", boundary);
  self->parts->head = g_string_free_to_bytes (message);
  self->parts->tail = g_string_free_to_bytes (tail);
}

static void
builder_clear (Builder *self)
{
  g_string_free (self->header, TRUE);
  g_string_free (self->text, TRUE);
  g_string_free (self->status, TRUE);
  g_string_free (self->returned_head, TRUE);
}

void
smtp_delivery_report_build (SmtpDeliveryReport *self,
                            GPtrArray          *statuses,
                            SmtpReportParts    *parts)
{
  gboolean international = self->smtputf8 || smtp_address_is_utf8 (self->reverse_path);
  Builder builder = {
    .report = self,
    .statuses = statuses,
    .international = international,
    .charset = international ? SMTP_FIELD_UTF8 : SMTP_FIELD_ESCAPE,
    .parts = parts,
    .header = g_string_new (NULL),
    .text = g_string_new (NULL),
    .status = g_string_new (NULL),
    .returned_head = g_string_new (NULL),
  };
  gsize size;
  const char *data = get_original (self, &size);
  gsize header_length = smtp_message_header_length (data, size);

  build_header (&builder, header_length);
  build_text (&builder);
  build_status (&builder);
  build_returned (&builder, header_length);
  assemble (&builder);
  builder_clear (&builder);
}
