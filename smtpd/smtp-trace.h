/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-envelope.h"
#include "smtp-session.h"

G_BEGIN_DECLS

SMTP_AVAILABLE_IN_1_0
char *smtp_trace_received    (SmtpSession       *session,
                              SmtpEnvelope      *envelope,
                              const SmtpAddress *recipient,
                              const char        *by,
                              const char        *id,
                              GDateTime         *date);
SMTP_AVAILABLE_IN_1_0
char *smtp_trace_return_path (const SmtpAddress *reverse_path);

G_END_DECLS
