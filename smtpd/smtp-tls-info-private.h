/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gnutls/gnutls.h>

#include "smtp-tls-info.h"

G_BEGIN_DECLS

/* What a handshake that is done has agreed upon. */
SmtpTlsInfo *smtp_tls_info_new (gnutls_session_t session);

G_END_DECLS
