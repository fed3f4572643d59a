/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_SINK_HANDLER (smtp_sink_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpSinkHandler, smtp_sink_handler, SMTP, SINK_HANDLER, SmtpHandler)

struct _SmtpSinkHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler *smtp_sink_handler_new (void);

G_END_DECLS
