/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-address.h"
#include "smtp-enums.h"
#include "smtp-parameters.h"

G_BEGIN_DECLS

#define SMTP_TYPE_RECIPIENT (smtp_recipient_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpRecipient, smtp_recipient, SMTP, RECIPIENT, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpRecipient  *smtp_recipient_new            (SmtpAddress    *address,
                                               SmtpParameters *parameters);
SMTP_AVAILABLE_IN_1_0
SmtpAddress    *smtp_recipient_get_address    (SmtpRecipient  *self);
SMTP_AVAILABLE_IN_1_0
SmtpParameters *smtp_recipient_get_parameters (SmtpRecipient  *self);

/* What the parameters of RCPT say */

SMTP_AVAILABLE_IN_1_0
SmtpDsnNotify smtp_recipient_get_dsn_notify (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
char *smtp_recipient_dup_original_type (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
char *smtp_recipient_dup_original_address (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
gint64 smtp_recipient_get_valid_since (SmtpRecipient *self);
SMTP_AVAILABLE_IN_1_0
SmtpValidSinceAction smtp_recipient_get_valid_since_action (SmtpRecipient *self);

G_END_DECLS
