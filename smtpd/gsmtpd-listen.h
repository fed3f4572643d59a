/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "gsmtpd-options.h"

G_BEGIN_DECLS

/* On all that the command line names, and on the sockets that whoever started the program has opened. */
gboolean gsmtpd_listen (SmtpServer           *server,
                        const GsmtpdOptions  *options,
                        GError              **error);

G_END_DECLS
