/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-proxy-info.h"
#include "transport/smtp-proxy-header.h"

G_BEGIN_DECLS

SmtpProxyInfo *smtp_proxy_info_new (const SmtpProxyHeader *header);

G_END_DECLS
