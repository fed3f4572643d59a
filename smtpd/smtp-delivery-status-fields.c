/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What else is known of a delivery. */

#include "smtp-delivery-status-private.h"

static void
set_text (SmtpDeliveryStatus  *self,
          char               **field,
          const char          *text,
          const char          *property)
{
  if (g_strcmp0 (*field, text) == 0)
    return;

  g_free (*field);
  *field = g_strdup (text);
  g_object_notify (G_OBJECT (self), property);
}

static void
set_date (SmtpDeliveryStatus  *self,
          GDateTime          **field,
          GDateTime           *date,
          const char          *property)
{
  if (*field == date)
    return;

  g_clear_pointer (field, g_date_time_unref);
  *field = date != NULL ? g_date_time_ref (date) : NULL;
  g_object_notify (G_OBJECT (self), property);
}

/**
 * smtp_delivery_status_get_original_recipient: (get-property original-recipient)
 * @self: what has become of a message
 *
 * Where the sender wanted the message to go.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_status_get_original_recipient (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->original_recipient;
}

/**
 * smtp_delivery_status_set_original_recipient: (set-property original-recipient)
 * @self: what has become of a message
 * @original_recipient: (nullable): where the sender wanted the message to go
 *
 * Says where the sender wanted the message to go.
 */
void
smtp_delivery_status_set_original_recipient (SmtpDeliveryStatus *self,
                                             const char         *original_recipient)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_text (self, &self->original_recipient, original_recipient, "original-recipient");
}

/**
 * smtp_delivery_status_get_notify_keywords: (get-property notify-keywords)
 * @self: what has become of a message
 *
 * What the sender wants to be told of.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_status_get_notify_keywords (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->notify_keywords;
}

/**
 * smtp_delivery_status_set_notify_keywords: (set-property notify-keywords)
 * @self: what has become of a message
 * @notify_keywords: (nullable): what the sender wants to be told of
 *
 * Says what the sender wants to be told of.
 */
void
smtp_delivery_status_set_notify_keywords (SmtpDeliveryStatus *self,
                                          const char         *notify_keywords)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_text (self, &self->notify_keywords, notify_keywords, "notify-keywords");
}

/**
 * smtp_delivery_status_get_diagnostic: (get-property diagnostic)
 * @self: what has become of a message
 *
 * What the server that was asked has said.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_status_get_diagnostic (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->diagnostic;
}

/**
 * smtp_delivery_status_set_diagnostic: (set-property diagnostic)
 * @self: what has become of a message
 * @diagnostic: (nullable): what the server that was asked has said
 *
 * Says what the server that was asked has said.
 */
void
smtp_delivery_status_set_diagnostic (SmtpDeliveryStatus *self,
                                     const char         *diagnostic)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_text (self, &self->diagnostic, diagnostic, "diagnostic");
}

/**
 * smtp_delivery_status_get_diagnostic_type: (get-property diagnostic-type)
 * @self: what has become of a message
 *
 * What kind of diagnostic it is.
 *
 * Returns: the word
 */
const char *
smtp_delivery_status_get_diagnostic_type (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->diagnostic_type;
}

/**
 * smtp_delivery_status_set_diagnostic_type: (set-property diagnostic-type)
 * @self: what has become of a message
 * @diagnostic_type: what kind of diagnostic it is
 *
 * Says what kind of diagnostic it is.
 */
void
smtp_delivery_status_set_diagnostic_type (SmtpDeliveryStatus *self,
                                          const char         *diagnostic_type)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));
  g_return_if_fail (diagnostic_type != NULL);

  set_text (self, &self->diagnostic_type, diagnostic_type, "diagnostic-type");
}

/**
 * smtp_delivery_status_get_remote_mta: (get-property remote-mta)
 * @self: what has become of a message
 *
 * The server that was asked.
 *
 * Returns: (nullable): the text, or %NULL
 */
const char *
smtp_delivery_status_get_remote_mta (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->remote_mta;
}

/**
 * smtp_delivery_status_set_remote_mta: (set-property remote-mta)
 * @self: what has become of a message
 * @remote_mta: (nullable): the server that was asked
 *
 * Says the server that was asked.
 */
void
smtp_delivery_status_set_remote_mta (SmtpDeliveryStatus *self,
                                     const char         *remote_mta)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_text (self, &self->remote_mta, remote_mta, "remote-mta");
}

/**
 * smtp_delivery_status_get_last_attempt_date: (get-property last-attempt-date)
 * @self: what has become of a message
 *
 * When delivery was tried for the last time.
 *
 * Returns: (transfer none) (nullable): the time, or %NULL
 */
GDateTime *
smtp_delivery_status_get_last_attempt_date (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->last_attempt_date;
}

/**
 * smtp_delivery_status_set_last_attempt_date: (set-property last-attempt-date)
 * @self: what has become of a message
 * @last_attempt_date: (nullable): when delivery was tried for the last time
 *
 * Says when delivery was tried for the last time.
 */
void
smtp_delivery_status_set_last_attempt_date (SmtpDeliveryStatus *self,
                                            GDateTime          *last_attempt_date)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_date (self, &self->last_attempt_date, last_attempt_date, "last-attempt-date");
}

/**
 * smtp_delivery_status_get_will_retry_until: (get-property will-retry-until)
 * @self: what has become of a message
 *
 * Until when delivery is tried.
 *
 * Returns: (transfer none) (nullable): the time, or %NULL
 */
GDateTime *
smtp_delivery_status_get_will_retry_until (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->will_retry_until;
}

/**
 * smtp_delivery_status_set_will_retry_until: (set-property will-retry-until)
 * @self: what has become of a message
 * @will_retry_until: (nullable): until when delivery is tried
 *
 * Says until when delivery is tried.
 */
void
smtp_delivery_status_set_will_retry_until (SmtpDeliveryStatus *self,
                                           GDateTime          *will_retry_until)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  set_date (self, &self->will_retry_until, will_retry_until, "will-retry-until");
}
