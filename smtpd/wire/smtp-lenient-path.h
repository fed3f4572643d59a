/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-path-parser.h"

G_BEGIN_DECLS

/* A mailbox as programs of mail write it that do not look closely: any atoms and dots, or a quoted string,
 * and behind an "@" atoms with dots between them, or something in brackets, or no domain at all. Like smtp_mailbox_parse(), it must
 * be the whole of @text; of the flags only SMTP_PATH_ALLOW_UTF8 counts. */
SmtpPathStatus smtp_lenient_mailbox_parse (const char    *text,
                                           gsize          length,
                                           SmtpPathFlags  flags,
                                           SmtpPath      *path);

G_END_DECLS
