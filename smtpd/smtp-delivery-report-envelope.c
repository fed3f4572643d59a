/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report-private.h"

/* What the extensions that a client has used ask of the report about its message. */

/* RFC 4865 section 5.1.2, the value as the client gave it. */
static char *
describe_release (SmtpEnvelope *envelope)
{
  SmtpParameters *parameters = smtp_envelope_get_mail_parameters (envelope);

  if (smtp_envelope_get_hold_for (envelope) != 0)
    return g_strdup_printf ("for;%u", smtp_envelope_get_hold_for (envelope));
  if (smtp_envelope_get_hold_until (envelope) != 0)
    return g_strdup_printf ("until;%s", smtp_parameters_lookup (parameters, "HOLDUNTIL"));

  return NULL;
}

static void
take_wishes (SmtpDeliveryReport *self,
             SmtpEnvelope       *envelope)
{
  SmtpParameters *parameters = smtp_envelope_get_mail_parameters (envelope);

  self->envelope_id = smtp_envelope_dup_envelope_id (envelope);
  self->return_full = smtp_envelope_get_dsn_return (envelope) == SMTP_DSN_RETURN_FULL;
  self->smtputf8 = smtp_envelope_get_smtputf8 (envelope);
  self->require_tls = smtp_envelope_get_require_tls (envelope);
  self->has_priority = parameters != NULL && smtp_parameters_has (parameters, "MT-PRIORITY");
  self->priority = smtp_envelope_get_priority (envelope);
  self->has_deliver_by = smtp_envelope_get_deliver_by (envelope) != SMTP_DELIVER_BY_NONE;
  self->deliver_by_seconds = smtp_envelope_get_deliver_by_seconds (envelope);
  self->traces = smtp_envelope_get_deliver_by_trace (envelope);
  self->future_release = describe_release (envelope);
}

/**
 * smtp_delivery_report_new_for_envelope:
 * @reporting_mta: the name of this host, as it stands in EHLO
 * @envelope: the envelope of the message
 *
 * Makes a report without recipients about a message, and takes over all that its envelope knows: the
 * reverse path, the content, and what the parameters of MAIL ask for.
 *
 * - `RET`, `ENVID` (RFC 3461) and `SMTPUTF8` set [property@DeliveryReport:return-full],
 *   [property@DeliveryReport:envelope-id] and [property@DeliveryReport:smtputf8].
 * - With `REQUIRETLS` the message never goes back whole, and the report must travel in TLS, too (RFC 8689 section 5).
 * - `MT-PRIORITY` is the priority of the report as well (RFC 6710 section 4.6).
 * - `BY` and `HOLDFOR` or `HOLDUNTIL` are named in the report (RFC 2852 section 5, RFC 4865 section 5.1.2).
 *
 * [property@DeliveryReport:arrival-date] is the time of the call: whoever reports later sets it to when the message came.
 * [property@DeliveryReport:original] is %NULL where the body went to a stream of the program's. Recipients are
 * added by [method@DeliveryReport.add_envelope_recipient].
 *
 * Returns: (transfer full): a new report
 */
SmtpDeliveryReport *
smtp_delivery_report_new_for_envelope (const char   *reporting_mta,
                                       SmtpEnvelope *envelope)
{
  g_autoptr (GDateTime) now = NULL;
  SmtpDeliveryReport *self;

  g_return_val_if_fail (reporting_mta != NULL, NULL);
  g_return_val_if_fail (SMTP_IS_ENVELOPE (envelope), NULL);

  now = g_date_time_new_now_local ();
  self = g_object_new (SMTP_TYPE_DELIVERY_REPORT,
                       "reporting-mta", reporting_mta,
                       "reverse-path", smtp_envelope_get_reverse_path (envelope),
                       "original", smtp_envelope_get_content (envelope),
                       "arrival-date", now,
                       NULL);
  take_wishes (self, envelope);

  return self;
}

static char *
describe_original (SmtpRecipient *recipient)
{
  g_autofree char *type = smtp_recipient_dup_original_type (recipient);
  g_autofree char *address = smtp_recipient_dup_original_address (recipient);

  return type != NULL ? g_strdup_printf ("%s;%s", type, address) : NULL;
}

/* RFC 2852 section 4.1.4: who follows a message by the T of BY is told wherever it goes on, whether he wants to
 * hear of success or not. */
static const char *
get_notify (SmtpDeliveryReport *self,
            SmtpRecipient      *recipient,
            SmtpDeliveryAction  action)
{
  if (self->traces && action == SMTP_DELIVERY_ACTION_RELAYED &&
      smtp_recipient_get_dsn_notify (recipient) != SMTP_DSN_NOTIFY_NEVER)
    return "SUCCESS";

  return smtp_parameters_lookup (smtp_recipient_get_parameters (recipient), "NOTIFY");
}

/**
 * smtp_delivery_report_add_envelope_recipient:
 * @self: a report
 * @recipient: a recipient of the message, as it stands in its envelope
 * @action: what has become of the message there
 * @code: (nullable): why, by an enhanced status code such as `5.1.1`; see [property@DeliveryStatus:code]
 *
 * Adds an entry, with what the parameters of RCPT ask for: `NOTIFY` sets [property@DeliveryStatus:notify-keywords],
 * `ORCPT` [property@DeliveryStatus:original-recipient] (RFC 3461). Where the sender follows the message by the `T` of
 * `BY` (RFC 2852 section 4.1.4), %SMTP_DELIVERY_ACTION_RELAYED is wanted unless he has said `NOTIFY=NEVER`.
 *
 * So it may be called for each recipient, whatever has become of the message: entries that the sender does not
 * want to hear of are left out.
 *
 * Returns: (transfer none): the entry
 */
SmtpDeliveryStatus *
smtp_delivery_report_add_envelope_recipient (SmtpDeliveryReport *self,
                                             SmtpRecipient      *recipient,
                                             SmtpDeliveryAction  action,
                                             const char         *code)
{
  g_autofree char *original = NULL;
  SmtpDeliveryStatus *status;

  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);
  g_return_val_if_fail (SMTP_IS_RECIPIENT (recipient), NULL);

  status = smtp_delivery_report_add_recipient (self, smtp_recipient_get_address (recipient), action, code);
  original = describe_original (recipient);
  smtp_delivery_status_set_original_recipient (status, original);
  smtp_delivery_status_set_notify_keywords (status, get_notify (self, recipient, action));

  return status;
}
