/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpDotDecoder: the text that follows DATA, RFC 5321 section 4.5.2. Only
 * CRLF.CRLF ends it (or .CRLF right at its start). A leading dot is taken off
 * after a CRLF only. All other octets go to the sink as they came.
 */

typedef void (*SmtpDotSink) (const guint8 *data,
                             gsize         size,
                             gpointer      user_data);

typedef struct
{
  guint8   state;
  gboolean bare_newline;  /* a CR without LF or an LF without CR was seen */
  gsize    line_length;   /* octets of the current text line, without its CRLF */
  gsize    longest_line;  /* the longest text line so far, likewise */
} SmtpDotDecoder;

void     smtp_dot_decoder_init (SmtpDotDecoder *self);

/* Returns TRUE when the end was found; *consumed is then what belongs to the
 * message, its end included, and the rest is commands. Otherwise *consumed is
 * always @size. Sinks get long runs, not lines. */
gboolean smtp_dot_decoder_feed (SmtpDotDecoder *self,
                                const guint8   *data,
                                gsize           size,
                                gsize          *consumed,
                                SmtpDotSink     sink,
                                gpointer        user_data);

G_END_DECLS
