/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/*
 * SmtpBody: where the octets of one message go. A small message stays in memory; a larger one
 * goes on to a spool file, and one that the program wants for itself to the program's stream.
 * Streams are written to asynchronously, a piece at a time. Meanwhile the body takes another one;
 * then it is full, and whoever feeds it reads no more. It keeps nothing above the limit, but goes
 * on counting.
 */
typedef struct _SmtpBody SmtpBody;

/* The body is not full any more, or has ended. Called from the context. */
typedef void (*SmtpBodyFunc) (gpointer owner);

/* @stream is NULL for the library's own spool. */
SmtpBody     *smtp_body_new         (SmtpServer    *server,
                                     GOutputStream *stream,
                                     SmtpBodyFunc   func,
                                     gpointer       owner);
/* Lets go of it. A stream that has not ended is told that it never will: it is closed with a
 * cancellable that has fired. */
void          smtp_body_free        (SmtpBody      *self);

void          smtp_body_append      (SmtpBody      *self,
                                     const guint8  *data,
                                     gsize          size);
gboolean      smtp_body_is_full     (SmtpBody      *self);
/* No more will come. TRUE if it has ended; otherwise the function is called when it has. */
gboolean      smtp_body_end         (SmtpBody      *self);

guint64       smtp_body_get_size    (SmtpBody      *self);
gboolean      smtp_body_is_too_big  (SmtpBody      *self);
/* Over twice the limit: not worth listening to any more. */
gboolean      smtp_body_is_hopeless (SmtpBody      *self);

/* What went wrong with the stream. */
const GError *smtp_body_get_error   (SmtpBody      *self);
/* NULL if the program has it in a stream of its own. */
GBytes       *smtp_body_get_content (SmtpBody      *self);

G_END_DECLS
