/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends @data as quoted-printable, RFC 2045 section 6.7: CRLF stays the end of a line, all else
 * that is not a line of ASCII is encoded, and no line of it is longer than 76 octets. */
void smtp_quoted_printable_append (GString    *out,
                                   const char *data,
                                   gsize       length);

G_END_DECLS
