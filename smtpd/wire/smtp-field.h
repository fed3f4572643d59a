/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RFC 5322 section 2.1.1, without the CRLF. */
#define SMTP_LINE_MAX 998

/* What becomes of a character outside ASCII. */
typedef enum
{
  SMTP_FIELD_ESCAPE,   /* "\x{E4}", as addresses are written in RFC 6533 section 3 */
  SMTP_FIELD_UTF8,     /* it stays, RFC 6532 */
  SMTP_FIELD_ENCODE    /* the whole value becomes encoded words, RFC 2047: for a Subject */
} SmtpFieldCharset;

/*
 * Appends "Name: value" with its CRLF to @out, folded between words. Whatever @value is, it does
 * not end the field, nor is a line longer than SMTP_LINE_MAX: control characters and line
 * separators become spaces, octets that are no UTF-8 '?', what is longer than 4,000 octets
 * is cut off. Without a value there is no field.
 */
void  smtp_field_append      (GString          *out,
                              const char       *name,
                              const char       *value,
                              SmtpFieldCharset  charset);

/* What smtp_field_append() makes of a value before it folds it, but for encoded words. */
char *smtp_field_clean       (const char       *value,
                              gsize             max,
                              gboolean          utf8);

/* An address as "utf-8-addr-xtext" of RFC 6533 section 3: all of it is ASCII. */
char *smtp_field_xtext       (const char       *address);

/* Whether @text, which ends at @length or at a NUL, is an atom of RFC 5322 section 3.2.3. */
gboolean smtp_field_is_atom  (const char       *text,
                              gsize             length);

gboolean smtp_field_is_ascii (const char       *text,
                              gsize             length);

G_END_DECLS
