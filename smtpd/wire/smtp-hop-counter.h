/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where a line is in "name:", RFC 5322 section 2.2; the space is what section 4.5.8 still allows. */
typedef enum
{
  SMTP_FIELD_BEGIN,
  SMTP_FIELD_NAME,
  SMTP_FIELD_SPACE,
  SMTP_FIELD_BODY
} SmtpFieldPart;

/*
 * SmtpHopCounter: how many servers a message has come through, by its Received fields (RFC 5321
 * section 6.3), and how large its header is. Reads no further than the header: up to a line that is empty, or
 * no field.
 */
typedef struct
{
  guint    n_hops;
  guint64  size;      /* of the header so far; without the line that ends it */
  guint64  line;      /* where this line began */
  SmtpFieldPart part;
  guint8   matched;   /* octets of "Received:" at the beginning of this line */
  gboolean differs;   /* this line is of another field */
  gboolean ended;     /* with the header */
} SmtpHopCounter;

void smtp_hop_counter_init (SmtpHopCounter *self);
void smtp_hop_counter_feed (SmtpHopCounter *self,
                            const guint8   *data,
                            gsize           size);

G_END_DECLS
