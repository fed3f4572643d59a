/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Decodes xtext, RFC 3461 section 4. @decoded has room for @length octets and a NUL, and may be
 * @text itself. FALSE if it is no xtext, or stands for a control character or an octet beyond
 * ASCII, which have no place in what SMTP carries this way.
 */
gboolean smtp_xtext_decode   (const char *text,
                              gsize       length,
                              char       *decoded);

/*
 * Decodes an address of type utf-8, RFC 6533 section 3: characters as they are, or as "\x{HEX}".
 * What xtext makes of an octet is understood too. Not more octets come out than went in. FALSE if it
 * is none of this, or stands for a control character.
 */
gboolean smtp_unitext_decode (const char *text,
                              gsize       length,
                              char       *decoded);

G_END_DECLS
