/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report-private.h"

#include "wire/smtp-message-facts.h"

static char *
make_message_id (SmtpDeliveryReport *self)
{
  g_autofree char *unique = g_uuid_string_random ();
  g_autofree char *host = smtp_delivery_report_dup_host (self);

  return g_strdup_printf ("<%s@%s>", unique, host);
}

/**
 * smtp_delivery_report_get_reporting_mta: (get-property reporting-mta)
 * @self: a report
 *
 * The name of this host.
 *
 * Returns: the name
 */
const char *
smtp_delivery_report_get_reporting_mta (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->reporting_mta;
}

/**
 * smtp_delivery_report_get_reverse_path: (get-property reverse-path)
 * @self: a report
 *
 * The sender of the message, who is told.
 *
 * Returns: (transfer none): the address
 */
SmtpAddress *
smtp_delivery_report_get_reverse_path (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->reverse_path;
}

/**
 * smtp_delivery_report_get_author: (get-property author)
 * @self: a report
 *
 * Whom the report comes from.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL
 */
SmtpAddress *
smtp_delivery_report_get_author (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->author;
}

/**
 * smtp_delivery_report_set_author: (set-property author)
 * @self: a report
 * @author: (nullable): whom the report comes from
 *
 * Says whom the report comes from.
 */
void
smtp_delivery_report_set_author (SmtpDeliveryReport *self,
                                 SmtpAddress        *author)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (self->author == author)
    return;

  g_clear_pointer (&self->author, smtp_address_unref);
  self->author = author != NULL ? smtp_address_ref (author) : NULL;
  g_object_notify (G_OBJECT (self), "author");
}

/**
 * smtp_delivery_report_get_message_id: (get-property message-id)
 * @self: a report
 *
 * The Message-ID of the report.
 *
 * Returns: the Message-ID
 */
const char *
smtp_delivery_report_get_message_id (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  if (self->message_id == NULL)
    self->message_id = make_message_id (self);

  return self->message_id;
}

/**
 * smtp_delivery_report_set_message_id: (set-property message-id)
 * @self: a report
 * @message_id: (nullable): the Message-ID of the report
 *
 * Says the Message-ID of the report.
 */
void
smtp_delivery_report_set_message_id (SmtpDeliveryReport *self,
                                     const char         *message_id)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (message_id != NULL && !smtp_message_id_is_valid (message_id))
    message_id = NULL;
  if (g_strcmp0 (self->message_id, message_id) == 0)
    return;

  g_free (self->message_id);
  self->message_id = g_strdup (message_id);
  g_object_notify (G_OBJECT (self), "message-id");
}

/**
 * smtp_delivery_report_get_subject: (get-property subject)
 * @self: a report
 *
 * The subject of the report.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_report_get_subject (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->subject;
}

/**
 * smtp_delivery_report_set_subject: (set-property subject)
 * @self: a report
 * @subject: (nullable): the subject of the report
 *
 * Says the subject of the report.
 */
void
smtp_delivery_report_set_subject (SmtpDeliveryReport *self,
                                  const char         *subject)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (g_strcmp0 (self->subject, subject) == 0)
    return;

  g_free (self->subject);
  self->subject = g_strdup (subject);
  g_object_notify (G_OBJECT (self), "subject");
}

/**
 * smtp_delivery_report_get_text: (get-property text)
 * @self: a report
 *
 * What a person reads.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_report_get_text (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->text;
}

/**
 * smtp_delivery_report_set_text: (set-property text)
 * @self: a report
 * @text: (nullable): what a person reads
 *
 * Says what a person reads.
 */
void
smtp_delivery_report_set_text (SmtpDeliveryReport *self,
                               const char         *text)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (g_strcmp0 (self->text, text) == 0)
    return;

  g_free (self->text);
  self->text = g_strdup (text);
  g_object_notify (G_OBJECT (self), "text");
}

/**
 * smtp_delivery_report_get_envelope_id: (get-property envelope-id)
 * @self: a report
 *
 * What the sender called the message.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_report_get_envelope_id (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->envelope_id;
}

/**
 * smtp_delivery_report_set_envelope_id: (set-property envelope-id)
 * @self: a report
 * @envelope_id: (nullable): what the sender called the message
 *
 * Says what the sender called the message.
 */
void
smtp_delivery_report_set_envelope_id (SmtpDeliveryReport *self,
                                      const char         *envelope_id)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (g_strcmp0 (self->envelope_id, envelope_id) == 0)
    return;

  g_free (self->envelope_id);
  self->envelope_id = g_strdup (envelope_id);
  g_object_notify (G_OBJECT (self), "envelope-id");
}

/**
 * smtp_delivery_report_get_received_from_mta: (get-property received-from-mta)
 * @self: a report
 *
 * The host that the message came from.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_report_get_received_from_mta (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->received_from_mta;
}

/**
 * smtp_delivery_report_set_received_from_mta: (set-property received-from-mta)
 * @self: a report
 * @received_from_mta: (nullable): the host that the message came from
 *
 * Says the host that the message came from.
 */
void
smtp_delivery_report_set_received_from_mta (SmtpDeliveryReport *self,
                                            const char         *received_from_mta)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (g_strcmp0 (self->received_from_mta, received_from_mta) == 0)
    return;

  g_free (self->received_from_mta);
  self->received_from_mta = g_strdup (received_from_mta);
  g_object_notify (G_OBJECT (self), "received-from-mta");
}

/**
 * smtp_delivery_report_get_arrival_date: (get-property arrival-date)
 * @self: a report
 *
 * When the message came.
 *
 * Returns: (transfer none) (nullable): the time, or %NULL
 */
GDateTime *
smtp_delivery_report_get_arrival_date (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->arrival_date;
}

/**
 * smtp_delivery_report_set_arrival_date: (set-property arrival-date)
 * @self: a report
 * @arrival_date: (nullable): when the message came
 *
 * Says when the message came.
 */
void
smtp_delivery_report_set_arrival_date (SmtpDeliveryReport *self,
                                       GDateTime          *arrival_date)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (self->arrival_date == arrival_date)
    return;

  g_clear_pointer (&self->arrival_date, g_date_time_unref);
  self->arrival_date = arrival_date != NULL ? g_date_time_ref (arrival_date) : NULL;
  g_object_notify (G_OBJECT (self), "arrival-date");
}

/**
 * smtp_delivery_report_get_original: (get-property original)
 * @self: a report
 *
 * The message.
 *
 * Returns: (transfer none) (nullable): the message, or %NULL
 */
GBytes *
smtp_delivery_report_get_original (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), NULL);

  return self->original;
}

/**
 * smtp_delivery_report_set_original: (set-property original)
 * @self: a report
 * @original: (nullable): the message
 *
 * Says the message.
 */
void
smtp_delivery_report_set_original (SmtpDeliveryReport *self,
                                   GBytes             *original)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (self->original == original)
    return;

  g_clear_pointer (&self->original, g_bytes_unref);
  self->original = original != NULL ? g_bytes_ref (original) : NULL;
  g_object_notify (G_OBJECT (self), "original");
}

/**
 * smtp_delivery_report_get_return_full: (get-property return-full)
 * @self: a report
 *
 * Whether the whole message goes back.
 *
 * Returns: %TRUE if it does
 */
gboolean
smtp_delivery_report_get_return_full (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), FALSE);

  return self->return_full;
}

/**
 * smtp_delivery_report_set_return_full: (set-property return-full)
 * @self: a report
 * @return_full: whether the whole message goes back
 *
 * Says whether the whole message goes back.
 */
void
smtp_delivery_report_set_return_full (SmtpDeliveryReport *self,
                                      gboolean            return_full)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  return_full = !!return_full;
  if (self->return_full == return_full)
    return;

  self->return_full = return_full;
  g_object_notify (G_OBJECT (self), "return-full");
}

/**
 * smtp_delivery_report_get_max_returned_size: (get-property max-returned-size)
 * @self: a report
 *
 * How many octets of the message go back at most.
 *
 * Returns: a number of octets
 */
guint64
smtp_delivery_report_get_max_returned_size (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), 0);

  return self->max_returned_size;
}

/**
 * smtp_delivery_report_set_max_returned_size: (set-property max-returned-size)
 * @self: a report
 * @max_returned_size: how many octets of the message go back at most
 *
 * Says how many octets of the message go back at most.
 */
void
smtp_delivery_report_set_max_returned_size (SmtpDeliveryReport *self,
                                            guint64             max_returned_size)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  if (self->max_returned_size == max_returned_size)
    return;

  self->max_returned_size = max_returned_size;
  g_object_notify (G_OBJECT (self), "max-returned-size");
}

/**
 * smtp_delivery_report_get_smtputf8: (get-property smtputf8)
 * @self: a report
 *
 * Whether the sender can read headers with characters outside ASCII.
 *
 * Returns: %TRUE if he can
 */
gboolean
smtp_delivery_report_get_smtputf8 (SmtpDeliveryReport *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_REPORT (self), FALSE);

  return self->smtputf8;
}

/**
 * smtp_delivery_report_set_smtputf8: (set-property smtputf8)
 * @self: a report
 * @smtputf8: whether the sender can read headers with characters outside ASCII
 *
 * Says whether the sender can read headers with characters outside ASCII.
 */
void
smtp_delivery_report_set_smtputf8 (SmtpDeliveryReport *self,
                                   gboolean            smtputf8)
{
  g_return_if_fail (SMTP_IS_DELIVERY_REPORT (self));

  smtputf8 = !!smtputf8;
  if (self->smtputf8 == smtputf8)
    return;

  self->smtputf8 = smtputf8;
  g_object_notify (G_OBJECT (self), "smtputf8");
}
