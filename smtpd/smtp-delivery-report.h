/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-delivery-status.h"
#include "smtp-envelope.h"

G_BEGIN_DECLS

#define SMTP_TYPE_DELIVERY_REPORT (smtp_delivery_report_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpDeliveryReport, smtp_delivery_report, SMTP, DELIVERY_REPORT, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpDeliveryReport *smtp_delivery_report_new                   (const char          *reporting_mta,
                                                                SmtpAddress         *reverse_path);
SMTP_AVAILABLE_IN_1_0
SmtpDeliveryReport *smtp_delivery_report_new_for_envelope      (const char          *reporting_mta,
                                                                SmtpEnvelope        *envelope);

SMTP_AVAILABLE_IN_1_0
SmtpDeliveryStatus *smtp_delivery_report_add_recipient         (SmtpDeliveryReport  *self,
                                                                SmtpAddress         *address,
                                                                SmtpDeliveryAction   action,
                                                                const char          *code);
SMTP_AVAILABLE_IN_1_0
SmtpDeliveryStatus *smtp_delivery_report_add_envelope_recipient
                                                               (SmtpDeliveryReport  *self,
                                                                SmtpRecipient       *recipient,
                                                                SmtpDeliveryAction   action,
                                                                const char          *code);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_add_status            (SmtpDeliveryReport  *self,
                                                                SmtpDeliveryStatus  *status);
SMTP_AVAILABLE_IN_1_0
GPtrArray          *smtp_delivery_report_get_statuses          (SmtpDeliveryReport  *self);

SMTP_AVAILABLE_IN_1_0
gboolean            smtp_delivery_report_is_due                (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
GBytes             *smtp_delivery_report_to_bytes              (SmtpDeliveryReport  *self,
                                                                GError             **error);
SMTP_AVAILABLE_IN_1_0
GInputStream       *smtp_delivery_report_open                  (SmtpDeliveryReport  *self,
                                                                GError             **error);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_delivery_report_write                 (SmtpDeliveryReport  *self,
                                                                GOutputStream       *stream,
                                                                GCancellable        *cancellable,
                                                                GError             **error);
SMTP_AVAILABLE_IN_1_0
SmtpEnvelope       *smtp_delivery_report_to_envelope           (SmtpDeliveryReport  *self,
                                                                GError             **error);

SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_reporting_mta     (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
SmtpAddress        *smtp_delivery_report_get_reverse_path      (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
SmtpAddress        *smtp_delivery_report_get_author            (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_author            (SmtpDeliveryReport  *self,
                                                                SmtpAddress         *author);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_message_id        (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_message_id        (SmtpDeliveryReport  *self,
                                                                const char          *message_id);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_subject           (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_subject           (SmtpDeliveryReport  *self,
                                                                const char          *subject);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_text              (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_text              (SmtpDeliveryReport  *self,
                                                                const char          *text);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_envelope_id       (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_envelope_id       (SmtpDeliveryReport  *self,
                                                                const char          *envelope_id);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_delivery_report_get_received_from_mta (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_received_from_mta (SmtpDeliveryReport  *self,
                                                                const char          *received_from_mta);
SMTP_AVAILABLE_IN_1_0
GDateTime          *smtp_delivery_report_get_arrival_date      (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_arrival_date      (SmtpDeliveryReport  *self,
                                                                GDateTime           *arrival_date);
SMTP_AVAILABLE_IN_1_0
GBytes             *smtp_delivery_report_get_original          (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_original          (SmtpDeliveryReport  *self,
                                                                GBytes              *original);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_delivery_report_get_return_full       (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_return_full       (SmtpDeliveryReport  *self,
                                                                gboolean             return_full);
SMTP_AVAILABLE_IN_1_0
guint64             smtp_delivery_report_get_max_returned_size (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_max_returned_size (SmtpDeliveryReport  *self,
                                                                guint64              max_returned_size);
SMTP_AVAILABLE_IN_1_0
gboolean            smtp_delivery_report_get_smtputf8          (SmtpDeliveryReport  *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_delivery_report_set_smtputf8          (SmtpDeliveryReport  *self,
                                                                gboolean             smtputf8);

G_END_DECLS
