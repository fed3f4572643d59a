/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-handler.h"

G_BEGIN_DECLS

/*
 * SmtpKeepHandler: takes every message, keeps its envelope, and tells those who wait for it: what a SmtpCatcher
 * catches with. Private.
 *
 * Everything may be called from any thread. Nobody is told while the lock is held.
 */

#define SMTP_TYPE_KEEP_HANDLER (smtp_keep_handler_get_type ())
G_DECLARE_FINAL_TYPE (SmtpKeepHandler, smtp_keep_handler, SMTP, KEEP_HANDLER, SmtpHandler)

/* What somebody waits for: the next message that was given to nobody, or that there are so many. */
#define SMTP_KEEP_NEXT G_MAXUINT

/* What is wanted, if it is there: an array of envelopes, one for NEXT. NULL if it is not. */
GPtrArray *smtp_keep_handler_take       (SmtpKeepHandler *self,
                                         guint            wanted);
/* The same, and blocks until g_get_monotonic_time() is @end. */
GPtrArray *smtp_keep_handler_wait       (SmtpKeepHandler *self,
                                         guint            wanted,
                                         gint64           end);
/* Completes @task with the array, or with an error when @milliseconds are over or its cancellable fires. */
void       smtp_keep_handler_wait_async (SmtpKeepHandler *self,
                                         guint            wanted,
                                         guint            milliseconds,
                                         GTask           *task);
GError    *smtp_keep_handler_make_error (SmtpKeepHandler *self,
                                         guint            wanted,
                                         guint            milliseconds);
void       smtp_keep_handler_clear      (SmtpKeepHandler *self);

G_END_DECLS
