/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

/* What gsmtpd writes to standard error: a line for each thing, whatever a peer has put into it. */

void     gsmtpd_log_init       (void);
/* Once: connections and results. Twice: the dialogue, too. */
void     gsmtpd_log_more       (void);
/* "text", "json", or "journal". */
gboolean gsmtpd_log_set_format (const char   *name,
                                GError      **error);
void     gsmtpd_log_error      (const GError *error);
/* Logs what happens there. */
void     gsmtpd_log_server     (SmtpServer   *server);

G_END_DECLS
