/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Values of parameters that are small enough to share a file. */

/* RFC 6710 section 7: "-9" to "9", without a sign or a zero in front that says nothing. */
gboolean smtp_value_parse_priority (const char *text,
                                    gsize       length,
                                    int        *priority);

/* RFC 3865 section 2.2: all the words together. */
#define SMTP_SOLICITATION_MAX 1000

/* RFC 3865 section 2.2: words with commas between them, each a letter and letters, digits, ".", "-", "_" and ":" behind it. */
gboolean smtp_value_is_solicitation (const char *text,
                                     gsize       length);

/* RFC 1985 section 5: what ETRN is about, a domain, perhaps with "@" in front for its subdomains too, or
 * "#" and the name of a queue, which only the server understands. */
gboolean smtp_value_is_etrn_node   (const char *text,
                                    gsize       length);

/* RFC 4468 section 3.5: an absolute URI (RFC 3986), perhaps with "LAST" behind it. *url_length octets of
 * @text are the URI. */
gboolean smtp_value_parse_burl     (const char *text,
                                    gsize       length,
                                    gsize      *url_length,
                                    gboolean   *last);

G_END_DECLS
