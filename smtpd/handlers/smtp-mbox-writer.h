/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpMboxWriter: a message as it stands in an mbox, behind its separator line. A CRLF
 * becomes an LF; a line that begins with "From ", or with it behind any number of ">",
 * gets one more ">" (the mboxrd format); the last line is ended, and an empty one follows.
 * All other octets stay as they are.
 *
 * Memory does not grow with the message, nor with its lines.
 */

/* What is still to be written when the buffer is full; FALSE to hear no more of it. */
typedef gboolean (*SmtpMboxSink) (const guint8 *data,
                                  gsize         size,
                                  gpointer      user_data);

#define SMTP_MBOX_WRITER_BUFFER (64 * 1024)

typedef struct
{
  SmtpMboxSink sink;
  gpointer     user_data;
  gboolean     failed;     /* the sink has said so */
  gboolean     at_start;   /* nothing of the line was seen yet */
  guint        matched;    /* octets of "From " that are held back, or that none can come */
  gboolean     held_cr;    /* a CR that perhaps is half of a CRLF */
  gsize        fill;
  guint8       buffer[SMTP_MBOX_WRITER_BUFFER];
} SmtpMboxWriter;

void     smtp_mbox_writer_init      (SmtpMboxWriter *self,
                                     SmtpMboxSink    sink,
                                     gpointer        user_data);

/* Both return FALSE as soon as the sink did. The message may come in any pieces. */
gboolean smtp_mbox_writer_write     (SmtpMboxWriter *self,
                                     const guint8   *data,
                                     gsize           size);
gboolean smtp_mbox_writer_finish    (SmtpMboxWriter *self);

/* The line that begins a message, with its LF. @sender may be empty: the null path. */
char    *smtp_mbox_separator_new    (const char     *sender,
                                     gint64          unix_time);

G_END_DECLS
