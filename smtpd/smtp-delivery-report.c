/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report.h"

#include "smtp-delivery-report-private.h"
#include "smtp-envelope-private.h"
#include "smtp-error.h"

/**
 * SmtpDeliveryReport:
 *
 * A message that tells a sender what has become of his: a delivery status notification, RFC
 * 3464, as who has promised DSN (RFC 3461) owes it, and as who has taken a message and cannot deliver
 * it does.
 *
 * ```c
 * g_autoptr (SmtpDeliveryReport) report = smtp_delivery_report_new_for_envelope ("mx.example.org", envelope);
 * SmtpDeliveryStatus *status =
 *   smtp_delivery_report_add_envelope_recipient (report, recipient, SMTP_DELIVERY_ACTION_FAILED, "5.1.1");
 *
 * smtp_delivery_status_set_diagnostic (status, "550 5.1.1 No such user");
 * if (smtp_delivery_report_is_due (report))
 *   answer = smtp_delivery_report_to_bytes (report, &error);
 * ```
 *
 * A report is a `multipart/report` with a text for people, the statuses for programs, and the
 * message, or its header. It goes out with the null reverse path, so that no report is ever answered
 * by another one, and for the same reason there is none to a sender who is the null reverse path.
 *
 * Whatever the texts are that it is made of, the report is well-formed: lines end in CRLF, none
 * is longer than 998 octets, no text ends the field that it stands in, or the part.
 *
 * With [property@DeliveryReport:smtputf8] characters outside ASCII stay in headers (RFC
 * 6533); without, all of the report but a message that is returned is ASCII.
 *
 * See [Reports and trace fields](reports.html).
 */

G_DEFINE_FINAL_TYPE (SmtpDeliveryReport, smtp_delivery_report, G_TYPE_OBJECT)

static void
smtp_delivery_report_finalize (GObject *object)
{
  SmtpDeliveryReport *self = SMTP_DELIVERY_REPORT (object);

  g_clear_pointer (&self->reporting_mta, g_free);
  g_clear_pointer (&self->reverse_path, smtp_address_unref);
  g_clear_pointer (&self->author, smtp_address_unref);
  g_clear_pointer (&self->message_id, g_free);
  g_clear_pointer (&self->subject, g_free);
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->envelope_id, g_free);
  g_clear_pointer (&self->future_release, g_free);
  g_clear_pointer (&self->received_from_mta, g_free);
  g_clear_pointer (&self->arrival_date, g_date_time_unref);
  g_clear_pointer (&self->original, g_bytes_unref);
  g_clear_pointer (&self->statuses, g_ptr_array_unref);

  G_OBJECT_CLASS (smtp_delivery_report_parent_class)->finalize (object);
}

static void
smtp_delivery_report_class_init (SmtpDeliveryReportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_delivery_report_finalize;
  smtp_delivery_report_install_properties (object_class);
}

static void
smtp_delivery_report_init (SmtpDeliveryReport *self)
{
  self->statuses = g_ptr_array_new_with_free_func (g_object_unref);
  self->max_returned_size = SMTP_DEFAULT_MAX_RETURNED_SIZE;
}

/**
 * smtp_delivery_report_new:
 * @reporting_mta: the name of this host, as it stands in EHLO
 * @reverse_path: the sender of the message, who is told
 *
 * Makes a report without recipients.
 *
 * Returns: (transfer full): a new report
 */
SmtpDeliveryReport *
smtp_delivery_report_new (const char  *reporting_mta,
                          SmtpAddress *reverse_path)
{
  g_return_val_if_fail (reporting_mta != NULL, NULL);
  g_return_val_if_fail (reverse_path != NULL, NULL);

  return g_object_new (SMTP_TYPE_DELIVERY_REPORT,
                       "reporting-mta", reporting_mta,
                       "reverse-path", reverse_path,
                       NULL);
}

/**
 * smtp_delivery_report_add_recipient:
 * @self: a report
 * @address: a recipient of the message
 * @action: what has become of it there
 * @code: (nullable): why, by an enhanced status code such as `5.1.1`; see [property@DeliveryStatus:code]
 *
 * Adds an entry. What else is known of it is told to the entry itself.
 *
 * Returns: (transfer none): the entry
 */
SmtpDeliveryStatus *
smtp_delivery_report_add_recipient (SmtpDeliveryReport *self,
                                    SmtpAddress        *address,
                                    SmtpDeliveryAction  action,
                                    const char         *code)
{
  SmtpDeliveryStatus *status;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);
  g_return_val_if_fail (address != NULL, NULL);

  status = smtp_delivery_status_new (address, action, code);
  g_ptr_array_add (self->statuses, status);

  return status;
}

/**
 * smtp_delivery_report_add_status:
 * @self: a report
 * @status: what has become of the message for a recipient
 *
 * Adds an entry that is there already.
 */
void
smtp_delivery_report_add_status (SmtpDeliveryReport *self,
                                 SmtpDeliveryStatus *status)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (status));

  g_ptr_array_add (self->statuses, g_object_ref (status));
}

/**
 * smtp_delivery_report_get_statuses:
 * @self: a report
 *
 * The entries, in the order in which they were added.
 *
 * Returns: (transfer container) (element-type SmtpDeliveryStatus): the entries
 */
GPtrArray *
smtp_delivery_report_get_statuses (SmtpDeliveryReport *self)
{
  GPtrArray *statuses;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  statuses = g_ptr_array_new_full (self->statuses->len, g_object_unref);
  for (guint i = 0; i < self->statuses->len; i++)
    g_ptr_array_add (statuses, g_object_ref (g_ptr_array_index (self->statuses, i)));

  return statuses;
}

/* Building it */

static GPtrArray *
get_wanted (SmtpDeliveryReport *self)
{
  GPtrArray *wanted = g_ptr_array_new ();

  for (guint i = 0; i < self->statuses->len; i++)
    {
      SmtpDeliveryStatus *status = g_ptr_array_index (self->statuses, i);

      if (smtp_delivery_action_is_wanted (smtp_delivery_status_get_action (status),
                                          smtp_delivery_status_get_notify_keywords (status)))
        g_ptr_array_add (wanted, status);
    }

  return wanted;
}

static gboolean
build (SmtpDeliveryReport  *self,
       SmtpReportParts     *parts,
       GError             **error)
{
  g_autoptr (GPtrArray) wanted = get_wanted (self);

  if (smtp_address_is_null (self->reverse_path))
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_NOT_DUE,
                           "A message with the null reverse path is not answered");
      return FALSE;
    }

  if (wanted->len == 0)
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_NOT_DUE,
                           "The sender does not want to be told of any recipient");
      return FALSE;
    }

  smtp_delivery_report_build (self, wanted, parts);

  return TRUE;
}

void
smtp_report_parts_clear (SmtpReportParts *self)
{
  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->returned, g_bytes_unref);
  g_clear_pointer (&self->tail, g_bytes_unref);
}

static void
append_bytes (GByteArray *array,
              GBytes     *bytes)
{
  gsize size;
  const guint8 *data;

  if (bytes == NULL)
    return;

  data = g_bytes_get_data (bytes, &size);
  g_byte_array_append (array, data, size);
}

static GBytes *
join (const SmtpReportParts *parts)
{
  GByteArray *array = g_byte_array_new ();

  append_bytes (array, parts->head);
  append_bytes (array, parts->returned);
  append_bytes (array, parts->tail);

  return g_byte_array_free_to_bytes (array);
}

/**
 * smtp_delivery_report_is_due:
 * @self: a report
 *
 * Whether there is somebody to be told, and something that he wants to be told of. No report is
 * due to the null reverse path (RFC 5321 section 4.5.5), and none of recipients about which the
 * sender wants to hear nothing: see [property@DeliveryStatus:notify-keywords].
 *
 * Returns: %TRUE if the report is to be sent
 */
gboolean
smtp_delivery_report_is_due (SmtpDeliveryReport *self)
{
  g_autoptr (GPtrArray) wanted = NULL;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), FALSE);

  wanted = get_wanted (self);

  return wanted->len > 0 && !smtp_address_is_null (self->reverse_path);
}

/**
 * smtp_delivery_report_to_bytes:
 * @self: a report
 * @error: return location for an error
 *
 * The report as a message, in one piece. Entries that the sender does not want to be told of are
 * left out.
 *
 * The error is %SMTP_ERROR_NOT_DUE, where [method@DeliveryReport.is_due] is %FALSE.
 *
 * Returns: (transfer full): the message, or %NULL
 */
GBytes *
smtp_delivery_report_to_bytes (SmtpDeliveryReport  *self,
                               GError             **error)
{
  g_auto (SmtpReportParts) parts = { 0 };

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return build (self, &parts, error) ? join (&parts) : NULL;
}

/**
 * smtp_delivery_report_open:
 * @self: a report
 * @error: return location for an error
 *
 * The report as a message, to be read. A message that is returned in it is not copied, so this
 * is for large ones: `g_output_stream_splice_async()` sends them on.
 *
 * The error is %SMTP_ERROR_NOT_DUE, where [method@DeliveryReport.is_due] is %FALSE.
 *
 * Returns: (transfer full): a stream, or %NULL
 */
GInputStream *
smtp_delivery_report_open (SmtpDeliveryReport  *self,
                           GError             **error)
{
  g_auto (SmtpReportParts) parts = { 0 };
  GInputStream *stream;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  if (!build (self, &parts, error))
    return NULL;

  stream = g_memory_input_stream_new_from_bytes (parts.head);
  if (parts.returned != NULL)
    g_memory_input_stream_add_bytes (G_MEMORY_INPUT_STREAM (stream), parts.returned);
  g_memory_input_stream_add_bytes (G_MEMORY_INPUT_STREAM (stream), parts.tail);

  return stream;
}

/**
 * smtp_delivery_report_write:
 * @self: a report
 * @stream: where to write it
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Writes the report as a message to @stream, which stays open. This blocks.
 *
 * The errors are %SMTP_ERROR_NOT_DUE, where [method@DeliveryReport.is_due] is %FALSE, and
 * those of the stream.
 *
 * Returns: %TRUE if all of it was written
 */
gboolean
smtp_delivery_report_write (SmtpDeliveryReport  *self,
                            GOutputStream       *stream,
                            GCancellable        *cancellable,
                            GError             **error)
{
  g_autoptr (GInputStream) report = NULL;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), FALSE);
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (stream), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  report = smtp_delivery_report_open (self, error);

  return report != NULL &&
         g_output_stream_splice (stream, report, G_OUTPUT_STREAM_SPLICE_NONE, cancellable, error) >= 0;
}

/* What MAIL has to declare for it. */
static SmtpParameters *
make_parameters (SmtpDeliveryReport    *self,
                 const SmtpReportParts *parts)
{
  g_autofree char *priority = g_strdup_printf ("MT-PRIORITY=%d", self->priority);
  const char *options[5] = { NULL };
  guint n = 0;

  if (parts->eight_bit || parts->smtputf8)
    options[n++] = "BODY=8BITMIME";
  if (parts->smtputf8)
    options[n++] = "SMTPUTF8";
  if (self->require_tls)
    options[n++] = "REQUIRETLS";
  if (self->has_priority)
    options[n++] = priority;

  return smtp_parameters_new (options, NULL);
}

/**
 * smtp_delivery_report_to_envelope:
 * @self: a report
 * @error: return location for an error
 *
 * The report with all that is needed to send it: the null reverse path, the sender of the message
 * as its one recipient, the parameters of MAIL that it needs (`BODY=8BITMIME`, `SMTPUTF8`), and
 * the report as content. One of [ctor@DeliveryReport.new_for_envelope] has `REQUIRETLS` and `MT-PRIORITY` where the
 * message had; whoever sends it leaves out what the next server does not offer (RFC 8689 section 5 allows that here).
 *
 * The error is %SMTP_ERROR_NOT_DUE, where [method@DeliveryReport.is_due] is %FALSE.
 *
 * Returns: (transfer full): a new envelope, or %NULL
 */
SmtpEnvelope *
smtp_delivery_report_to_envelope (SmtpDeliveryReport  *self,
                                  GError             **error)
{
  g_auto (SmtpReportParts) parts = { 0 };
  g_autoptr (SmtpAddress) nobody = NULL;
  g_autoptr (SmtpParameters) parameters = NULL;
  g_autoptr (GBytes) content = NULL;
  SmtpMailDeclaration declaration = { 0 };
  SmtpEnvelope *envelope;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  if (!build (self, &parts, error))
    return NULL;

  nobody = smtp_address_new ("", NULL);
  parameters = make_parameters (self, &parts);
  content = join (&parts);
  declaration.body_type = parts.eight_bit || parts.smtputf8 ? SMTP_BODY_TYPE_EIGHT_BIT : SMTP_BODY_TYPE_SEVEN_BIT;
  declaration.smtputf8 = parts.smtputf8;

  envelope = smtp_envelope_new ();
  smtp_envelope_begin (envelope, nobody, parameters, &declaration);
  smtp_envelope_add_recipient (envelope, self->reverse_path, NULL);
  smtp_envelope_set_content (envelope, content);

  return envelope;
}
