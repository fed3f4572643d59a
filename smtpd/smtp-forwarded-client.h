/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_FORWARDED_CLIENT (smtp_forwarded_client_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpForwardedClient, smtp_forwarded_client, SMTP, FORWARDED_CLIENT, GObject)

SMTP_AVAILABLE_IN_1_0
GSocketAddress *smtp_forwarded_client_get_address     (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
GSocketAddress *smtp_forwarded_client_get_destination (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_get_name        (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_get_host_name   (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_get_protocol    (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_get_login       (SmtpForwardedClient *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_get_ident       (SmtpForwardedClient *self);

SMTP_AVAILABLE_IN_1_0
const char     *smtp_forwarded_client_lookup          (SmtpForwardedClient *self,
                                                       const char          *attribute);

G_END_DECLS
