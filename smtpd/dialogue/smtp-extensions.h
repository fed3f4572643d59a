/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/* Puts the host name and the keywords of EHLO before the lines that @request has. */
void smtp_extensions_announce (SmtpServer  *server,
                               SmtpRequest *request);

G_END_DECLS
