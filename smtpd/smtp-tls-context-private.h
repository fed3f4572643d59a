/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-tls-context.h"
#include "transport/smtp-tls-credentials.h"

G_BEGIN_DECLS

/* What new connections are to use: NULL, and a warning, if it cannot be had. */
SmtpTlsCredentials *smtp_tls_context_ref_credentials (SmtpTlsContext *self);

G_END_DECLS
