/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpHopCounter: how many servers a message has come through, by its Received fields (RFC 5321
 * section 6.3). Reads no further than the header.
 */
typedef struct
{
  guint    n_hops;
  guint8   matched;   /* octets of "Received:" at the beginning of this line */
  gboolean differs;   /* this line is of another field */
  gboolean has_text;
  gboolean ended;     /* with the header */
} SmtpHopCounter;

void smtp_hop_counter_init (SmtpHopCounter *self);
void smtp_hop_counter_feed (SmtpHopCounter *self,
                            const guint8   *data,
                            gsize           size);

G_END_DECLS
