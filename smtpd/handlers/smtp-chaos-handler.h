/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_CHAOS_HANDLER (smtp_chaos_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpChaosHandler, smtp_chaos_handler, SMTP, CHAOS_HANDLER, SmtpHandler)

SMTP_AVAILABLE_IN_1_0
SmtpHandler *smtp_chaos_handler_new         (void);

SMTP_AVAILABLE_IN_1_0
gboolean     smtp_chaos_handler_add_rule    (SmtpChaosHandler  *self,
                                             const char        *rule,
                                             GError           **error);
SMTP_AVAILABLE_IN_1_0
void         smtp_chaos_handler_clear_rules (SmtpChaosHandler  *self);

SMTP_AVAILABLE_IN_1_0
guint        smtp_chaos_handler_get_seed    (SmtpChaosHandler  *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_chaos_handler_set_seed    (SmtpChaosHandler  *self,
                                             guint              seed);

G_END_DECLS
