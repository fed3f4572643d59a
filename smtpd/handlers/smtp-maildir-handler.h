/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_MAILDIR_HANDLER (smtp_maildir_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpMaildirHandler, smtp_maildir_handler, SMTP, MAILDIR_HANDLER, SmtpHandler)

struct _SmtpMaildirHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler *smtp_maildir_handler_new           (const char          *path);

SMTP_AVAILABLE_IN_1_0
const char  *smtp_maildir_handler_get_path      (SmtpMaildirHandler  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_maildir_handler_get_add_trace (SmtpMaildirHandler  *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_maildir_handler_set_add_trace (SmtpMaildirHandler  *self,
                                                 gboolean             add_trace);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_maildir_handler_prepare       (SmtpMaildirHandler  *self,
                                                 GError             **error);

G_END_DECLS
