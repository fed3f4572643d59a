/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/*
 * XCLIENT, by which a server in front of this one says who its client is, and XFORWARD, by which it says where
 * a message has come from: <https://www.postfix.org/XCLIENT_README.html> and XFORWARD_README.html.
 */

/* Methods of SmtpServerClass. */
void     smtp_xclient_command     (SmtpServer  *server,
                                   SmtpSession *session,
                                   SmtpRequest *request,
                                   const char  *argument);
void     smtp_xforward_command    (SmtpServer  *server,
                                   SmtpSession *session,
                                   SmtpRequest *request,
                                   const char  *argument);

/* Whether this client may use them. */
gboolean smtp_xclient_is_allowed  (SmtpServer  *server,
                                   SmtpSession *session);
gboolean smtp_xforward_is_allowed (SmtpServer  *server,
                                   SmtpSession *session);

/* The lines of EHLO. */
void     smtp_xclient_announce    (SmtpServer  *server,
                                   SmtpSession *session,
                                   GPtrArray   *lines);

G_END_DECLS
