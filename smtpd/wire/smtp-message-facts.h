/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How a message, or its header, may be put into another one. */
typedef struct
{
  gsize    length;
  gboolean is_ascii;
  gboolean is_utf8;    /* ASCII is, too */
  gboolean is_lines;   /* no NUL, no CR or LF but as CRLF, no line over 998 octets */
} SmtpTextFacts;

void  smtp_text_examine           (const char    *data,
                                   gsize          length,
                                   SmtpTextFacts *facts);

/* How long the header is that a message begins with: with the CRLF of its last line, without the
 * empty line. */
gsize smtp_message_header_length  (const char    *data,
                                   gsize          length);

/* How much of @header is whole fields, and no more than @max octets: 0 if its first field is longer. */
gsize smtp_message_cut_header     (const char    *header,
                                   gsize          length,
                                   gsize          max);

/* The Message-ID of a header, with its angle brackets: NULL if it has none that is fit to be
 * put into another header. */
char *smtp_message_dup_id         (const char    *header,
                                   gsize          length);

/* Whether @id is one, with its angle brackets, in the form that is fit for any header. */
gboolean smtp_message_id_is_valid (const char    *id);

G_END_DECLS
