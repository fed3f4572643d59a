/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SECRET (smtp_secret_get_type ())

SMTP_AVAILABLE_IN_1_0
GType       smtp_secret_get_type       (void) G_GNUC_CONST;

SMTP_AVAILABLE_IN_1_0
SmtpSecret *smtp_secret_new_password   (const char     *password);
SMTP_AVAILABLE_IN_1_0
SmtpSecret *smtp_secret_new_scram      (SmtpScramHash   hash,
                                        guint           iterations,
                                        GBytes         *salt,
                                        GBytes         *stored_key,
                                        GBytes         *server_key,
                                        GError        **error);
SMTP_AVAILABLE_IN_1_0
SmtpSecret *smtp_secret_derive         (SmtpScramHash   hash,
                                        const char     *password,
                                        guint           iterations,
                                        GError        **error);
SMTP_AVAILABLE_IN_1_0
SmtpSecret *smtp_secret_parse          (const char     *text,
                                        GError        **error);
SMTP_AVAILABLE_IN_1_0
SmtpSecret *smtp_secret_ref            (SmtpSecret     *self);
SMTP_AVAILABLE_IN_1_0
void        smtp_secret_unref          (SmtpSecret     *self);

SMTP_AVAILABLE_IN_1_0
char       *smtp_secret_to_string      (SmtpSecret     *self);
SMTP_AVAILABLE_IN_1_0
gboolean    smtp_secret_check_password (SmtpSecret     *self,
                                        const char     *password);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpSecret, smtp_secret_unref)

G_END_DECLS
