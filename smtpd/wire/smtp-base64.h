/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Base64 as RFC 4954 section 4 wants it read: what is not exactly that is refused, not guessed at
 * (RFC 4648 section 3), so that no two texts stand for the same octets.
 */

/* What @length octets of base64 may decode to at most. */
#define SMTP_BASE64_DECODED_MAX(length) ((length) / 4 * 3)

/* FALSE if @text is no base64; the empty text is, of nothing. */
gboolean smtp_base64_decode (const char *text,
                             gsize       length,
                             guint8     *octets,
                             gsize      *n_octets);

G_END_DECLS
