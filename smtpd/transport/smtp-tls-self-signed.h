/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A new key, and a certificate for @host_name that it signs itself; both as PEM. */
gboolean smtp_tls_make_self_signed (const char  *host_name,
                                    GBytes     **certificate,
                                    GBytes     **key,
                                    GError     **error);

G_END_DECLS
