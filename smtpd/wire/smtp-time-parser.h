/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Values of parameters that say when. */

/* "2026-02-28T23:59:60Z" and the like, RFC 3339 section 5.6: seconds since 1970. A leap second is the one
 * after it; fractions are left out. */
gboolean smtp_time_parse_date_time   (const char *text,
                                      gsize       length,
                                      gint64     *seconds);

/* RFC 4865 section 3: a number of seconds of up to nine digits, the first of them not 0. */
gboolean smtp_time_parse_interval    (const char *text,
                                      gsize       length,
                                      guint      *seconds);

/* RFC 2852 section 4: "[+-]seconds;N" or "seconds;R", each perhaps with a T behind it. */
gboolean smtp_time_parse_deliver_by  (const char *text,
                                      gsize       length,
                                      int        *seconds,
                                      gboolean   *returns,
                                      gboolean   *traces);

/* RFC 7293 section 3.1: a date and time without a fraction, perhaps with ";C" or ";R". *action is 'C', 'R' or 0. */
gboolean smtp_time_parse_valid_since (const char *text,
                                      gsize       length,
                                      gint64     *seconds,
                                      char       *action);

G_END_DECLS
