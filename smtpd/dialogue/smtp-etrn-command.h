/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

void smtp_etrn_command (SmtpServer  *server,
                        SmtpSession *session,
                        SmtpRequest *request,
                        const char  *argument);

G_END_DECLS
