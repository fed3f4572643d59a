/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_ADDRESS (smtp_address_get_type ())

SMTP_AVAILABLE_IN_1_0
GType        smtp_address_get_type       (void) G_GNUC_CONST;

SMTP_AVAILABLE_IN_1_0
SmtpAddress *smtp_address_new            (const char         *text,
                                          GError            **error);
SMTP_AVAILABLE_IN_1_0
SmtpAddress *smtp_address_ref            (SmtpAddress        *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_address_unref          (SmtpAddress        *self);

SMTP_AVAILABLE_IN_1_0
const char  *smtp_address_get_text       (const SmtpAddress  *self);
SMTP_AVAILABLE_IN_1_0
char        *smtp_address_dup_local_part (const SmtpAddress  *self);
SMTP_AVAILABLE_IN_1_0
const char  *smtp_address_get_domain     (const SmtpAddress  *self);

SMTP_AVAILABLE_IN_1_0
gboolean     smtp_address_is_null        (const SmtpAddress  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_address_is_utf8        (const SmtpAddress  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_address_is_literal     (const SmtpAddress  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_address_equal          (const SmtpAddress  *self,
                                          const SmtpAddress  *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpAddress, smtp_address_unref)

G_END_DECLS
