/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpDotEncoder: a message on its way out behind DATA, RFC 5321 section 4.5.2. A dot at the
 * start of a line gets a second one.
 *
 * A message with a CR without LF or an LF without CR is not encoded: to a server that takes
 * either for the end of a line, a part of it could be the end of the message and commands. What
 * came before it may be out already, so whoever gets such a message must never end it.
 */

typedef struct
{
  guint8 state;
} SmtpDotEncoder;

void     smtp_dot_encoder_init (SmtpDotEncoder *self);

/* Appends to @out. FALSE from the first bare newline on. */
gboolean smtp_dot_encoder_feed (SmtpDotEncoder *self,
                                const guint8   *data,
                                gsize           size,
                                GByteArray     *out);

/* Appends the end, and the CRLF before it if the last line has none. FALSE as above. */
gboolean smtp_dot_encoder_end  (SmtpDotEncoder *self,
                                GByteArray     *out);

G_END_DECLS
