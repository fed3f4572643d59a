/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"
#include "smtp-server.h"

G_BEGIN_DECLS

#define SMTP_TYPE_CONTROLLER (smtp_controller_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpController, smtp_controller, SMTP, CONTROLLER, GObject)

SMTP_AVAILABLE_IN_1_0
SmtpController *smtp_controller_new            (SmtpServer        *server);

SMTP_AVAILABLE_IN_1_0
void            smtp_controller_add_address    (SmtpController    *self,
                                                const char        *address,
                                                SmtpListenerKind   kind);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_controller_start          (SmtpController    *self,
                                                GError           **error);
SMTP_AVAILABLE_IN_1_0
void            smtp_controller_stop           (SmtpController    *self);
SMTP_AVAILABLE_IN_1_0
char          **smtp_controller_dup_addresses  (SmtpController    *self);

SMTP_AVAILABLE_IN_1_0
SmtpServer     *smtp_controller_get_server     (SmtpController    *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_controller_is_running     (SmtpController    *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_controller_get_threaded   (SmtpController    *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_controller_set_threaded   (SmtpController    *self,
                                                gboolean           threaded);
SMTP_AVAILABLE_IN_1_0
guint           smtp_controller_get_drain_time (SmtpController    *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_controller_set_drain_time (SmtpController    *self,
                                                guint              milliseconds);

G_END_DECLS
