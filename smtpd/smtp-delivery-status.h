/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-address.h"
#include "smtp-delivery-action.h"
#include "smtp-reply.h"

G_BEGIN_DECLS

#define SMTP_TYPE_DELIVERY_STATUS (smtp_delivery_status_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpDeliveryStatus, smtp_delivery_status, SMTP, DELIVERY_STATUS, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpDeliveryStatus *smtp_delivery_status_new                        (SmtpAddress         *address,
                                                                     SmtpDeliveryAction   action,
                                                                     const char          *code);

SMTP_AVAILABLE_IN_1_0
SmtpAddress        *smtp_delivery_status_get_address                (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
SmtpDeliveryAction  smtp_delivery_status_get_action                 (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_code                   (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_code                   (SmtpDeliveryStatus  *self,
                                                                     const char          *code);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_original_recipient     (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_original_recipient     (SmtpDeliveryStatus  *self,
                                                                     const char          *original_recipient);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_notify_keywords        (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_notify_keywords        (SmtpDeliveryStatus  *self,
                                                                     const char          *notify_keywords);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_diagnostic             (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_diagnostic             (SmtpDeliveryStatus  *self,
                                                                     const char          *diagnostic);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_diagnostic_type        (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_diagnostic_type        (SmtpDeliveryStatus  *self,
                                                                     const char          *diagnostic_type);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_take_reply                 (SmtpDeliveryStatus  *self,
                                                                     const SmtpReply     *reply);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_status_get_remote_mta             (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_remote_mta             (SmtpDeliveryStatus  *self,
                                                                     const char          *remote_mta);
SMTP_AVAILABLE_IN_1_0
GDateTime          *smtp_delivery_status_get_last_attempt_date      (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_last_attempt_date      (SmtpDeliveryStatus  *self,
                                                                     GDateTime           *last_attempt_date);
SMTP_AVAILABLE_IN_1_0
GDateTime          *smtp_delivery_status_get_will_retry_until       (SmtpDeliveryStatus  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_status_set_will_retry_until       (SmtpDeliveryStatus  *self,
                                                                     GDateTime           *will_retry_until);

G_END_DECLS
