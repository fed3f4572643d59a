/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_MBOX_HANDLER (smtp_mbox_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpMboxHandler, smtp_mbox_handler, SMTP, MBOX_HANDLER, SmtpHandler)

struct _SmtpMboxHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler *smtp_mbox_handler_new           (const char       *path);

SMTP_AVAILABLE_IN_1_0
const char  *smtp_mbox_handler_get_path      (SmtpMboxHandler  *self);

SMTP_AVAILABLE_IN_1_0
gboolean     smtp_mbox_handler_get_add_trace (SmtpMboxHandler  *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_mbox_handler_set_add_trace (SmtpMboxHandler  *self,
                                              gboolean          add_trace);

SMTP_AVAILABLE_IN_1_0
gboolean     smtp_mbox_handler_prepare       (SmtpMboxHandler  *self,
                                              GError          **error);

G_END_DECLS
