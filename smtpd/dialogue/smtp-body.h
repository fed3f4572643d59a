/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpBody: where the octets of a message go. It keeps nothing above the limit, but
 * goes on counting.
 */
typedef struct
{
  GByteArray *octets;
  guint64     size;    /* what arrived, kept or not */
  guint64     limit;
} SmtpBody;

/* @limit in octets; 0: none but what memory allows. */
void     smtp_body_begin       (SmtpBody      *self,
                                guint64        limit);
void     smtp_body_append      (SmtpBody      *self,
                                const guint8  *data,
                                gsize          size);
gboolean smtp_body_is_too_big  (SmtpBody      *self);
/* Over twice the limit: not worth listening to any more. */
gboolean smtp_body_is_hopeless (SmtpBody      *self);
GBytes  *smtp_body_finish      (SmtpBody      *self);
void     smtp_body_abort       (SmtpBody      *self);

G_END_DECLS
