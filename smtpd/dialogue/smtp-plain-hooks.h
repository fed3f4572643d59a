/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/* The hooks that have no request: what they say, they say at once, or they only listen. */

void           smtp_plain_hooks_install_signals (SmtpServerClass *klass);

/* Who wants the next message in a stream of its own? NULL: nobody. */
GOutputStream *smtp_plain_hooks_ask_body        (SmtpServer      *server,
                                                 SmtpSession     *session,
                                                 SmtpEnvelope    *envelope);

/* Whether somebody knows a parameter of MAIL or RCPT that no extension claims: HANDLED if so. */
SmtpVerdict    smtp_plain_hooks_ask_parameter   (SmtpServer      *server,
                                                 SmtpSession     *session,
                                                 SmtpEnvelope    *envelope,
                                                 const char      *verb,
                                                 const char      *keyword,
                                                 const char      *value);

/* The end of a connection, which nobody answers. */
void           smtp_plain_hooks_tell_disconnect (SmtpServer      *server,
                                                 SmtpSession     *session);

G_END_DECLS
