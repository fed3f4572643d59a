/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_AUTH_FILE_HANDLER (smtp_auth_file_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpAuthFileHandler, smtp_auth_file_handler, SMTP, AUTH_FILE_HANDLER, SmtpHandler)

struct _SmtpAuthFileHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler *smtp_auth_file_handler_new                      (const char           *path,
                                                              GError              **error);

SMTP_AVAILABLE_IN_1_0
const char  *smtp_auth_file_handler_get_path                 (SmtpAuthFileHandler  *self);
SMTP_AVAILABLE_IN_1_0
gboolean     smtp_auth_file_handler_get_allow_world_readable (SmtpAuthFileHandler  *self);
SMTP_AVAILABLE_IN_1_0
void         smtp_auth_file_handler_set_allow_world_readable (SmtpAuthFileHandler  *self,
                                                              gboolean              allow_world_readable);
SMTP_AVAILABLE_IN_1_0
guint        smtp_auth_file_handler_get_n_users              (SmtpAuthFileHandler  *self);

SMTP_AVAILABLE_IN_1_0
gboolean     smtp_auth_file_handler_reload                   (SmtpAuthFileHandler  *self,
                                                              GError              **error);

G_END_DECLS
