/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What came from the wire, made fit for one line of a log: everything but
 * printable ASCII as \r, \n, \t, \\ or \xHH; no more than @max octets of the
 * input, then "…". Appends to @out. */
void  smtp_text_escape    (GString    *out,
                           const char *text,
                           gsize       length,
                           gsize       max);

/* How many octets the character outside ASCII takes up that @text begins with; 0
 * if there is none, if it is not UTF-8, or if it is a C1 control (U+0080 to U+009F). */
gsize smtp_text_non_ascii (const char *text,
                           gsize       length);

G_END_DECLS
