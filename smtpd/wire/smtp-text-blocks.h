/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines of mail are short: to look for the end of each is dear. This runs over as much of text as
 * has nothing to be looked at more closely, up to a line before one that begins with a dot, and
 * returns where it stopped; perhaps at once. @p is no LF, and is not where such a dot could be.
 *
 * @length is that of the line that @p is in, so far and without its CRLF, and becomes that of the
 * line where it stopped. @longest grows with the lines that ended. */
const guint8 *smtp_text_blocks_skip (const guint8 *p,
                                     const guint8 *end,
                                     gsize        *length,
                                     gsize        *longest);

G_END_DECLS
