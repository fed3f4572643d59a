/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-parameters.h"

G_BEGIN_DECLS

/* The tail of a MAIL or RCPT line, behind the path. NULL if it does not parse, or
 * names a keyword twice. */
SmtpParameters *smtp_parameters_new_from_text (const char *text,
                                               gsize       length,
                                               gboolean    allow_utf8);

G_END_DECLS
