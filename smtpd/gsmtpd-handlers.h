/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

/* NAME or NAME:ARG, NULL for the default. */
SmtpHandler *gsmtpd_make_handler (const char  *name,
                                  GError     **error);

/* What lets things go wrong. NULL for @seed: any. */
SmtpHandler *gsmtpd_make_chaos   (const char * const  *rules,
                                  const guint         *seed,
                                  GError             **error);

G_END_DECLS
