/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/* STARTTLS, RFC 3207. */
void smtp_starttls_command (SmtpServer  *server,
                            SmtpSession *session,
                            SmtpRequest *request,
                            const char  *argument);

gboolean smtp_starttls_is_on_offer (SmtpServer  *server,
                                    SmtpSession *session);

G_END_DECLS
