/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RFC 5321 section 4.5.3.1.5: a reply line, with code and CRLF. */
#define SMTP_REPLY_LINE_MAX 512

/* More lines than this of one reply are not sent. */
#define SMTP_REPLY_LINES_MAX 256

/* Appends a whole reply to @out: "250-2.0.0 text CRLF", a line for each of @lines
 * (NULL-terminated; NULL, empty or one empty line: then a text that fits the class
 * of the code). Control characters (C0, DEL, C1) become spaces, octets that
 * are not UTF-8 become '?', lines that are too long are split, between words where
 * that is possible, never inside a character. @status is NULL, or "2.0.0" without
 * a space: it goes on every line. @code must be a valid one. */
void     smtp_reply_write         (GString            *out,
                                   guint               code,
                                   const char         *status,
                                   const char * const *lines);

/* TRUE for %x32-35 %x30-35 %x30-39, RFC 5321 section 4.2. */
gboolean smtp_reply_code_is_valid (guint               code);

/* Length of a well-formed enhanced status code (RFC 3463: class "." subject "."
 * detail, class 2, 4 or 5, subject and detail 0 to 999 with no leading zeros) at
 * the start of @text, followed by what is sent as a space, or the end; 0 if there is none. */
gsize    smtp_status_length       (const char         *text);

/* Length of the character that @text begins with, if it is sent as a space; 0 if not. */
gsize    smtp_reply_space_length  (const char         *text);

G_END_DECLS
