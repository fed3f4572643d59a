/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

/* What --limit says: NAME=VALUE, where NAME is one of the server's properties, or VERB=N. NULL is none. */
gboolean gsmtpd_limits_apply (SmtpServer          *server,
                              const char * const  *limits,
                              GError             **error);

G_END_DECLS
