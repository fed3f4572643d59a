/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends a date-time of RFC 5322 section 3.3: "Fri, 27 Nov 2026 18:47:54 +0100". In English,
 * whatever the locale. NULL: now, in local time. */
void smtp_date_append (GString   *out,
                       GDateTime *date);

G_END_DECLS
