/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_DEBUGGING_HANDLER (smtp_debugging_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpDebuggingHandler, smtp_debugging_handler, SMTP, DEBUGGING_HANDLER, SmtpHandler)

struct _SmtpDebuggingHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler   *smtp_debugging_handler_new        (GOutputStream        *stream);

SMTP_AVAILABLE_IN_1_0
GOutputStream *smtp_debugging_handler_get_stream (SmtpDebuggingHandler *self);

G_END_DECLS
