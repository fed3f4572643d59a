/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/* The default methods of MAIL and RCPT. */
void smtp_mail_command (SmtpServer  *server,
                        SmtpSession *session,
                        SmtpRequest *request,
                        const char  *argument);
void smtp_rcpt_command (SmtpServer  *server,
                        SmtpSession *session,
                        SmtpRequest *request,
                        const char  *argument);

G_END_DECLS
