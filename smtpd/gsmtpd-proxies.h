/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gsmtpd-options.h"

G_BEGIN_DECLS

/* Whoever speaks for clients: PROXY, XCLIENT, XFORWARD; and the DNS. */

void     gsmtpd_proxies_add_entries (GOptionContext       *context,
                                     GsmtpdProxyOptions   *self);
gboolean gsmtpd_proxies_check       (const GsmtpdProxyOptions *self,
                                     gboolean              has_tls,
                                     GError              **error);
void     gsmtpd_proxies_clear       (GsmtpdProxyOptions   *self);

void     gsmtpd_proxies_set_up      (SmtpServer           *server,
                                     const GsmtpdProxyOptions *self);

G_END_DECLS
