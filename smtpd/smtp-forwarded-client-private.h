/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-forwarded-client.h"
#include "wire/smtp-wire-attributes.h"

G_BEGIN_DECLS

/* What @former, which may be NULL, says, and what @attributes say besides and in its place. */
SmtpForwardedClient *smtp_forwarded_client_new (SmtpForwardedClient  *former,
                                                const SmtpAttributes *attributes);

G_END_DECLS
