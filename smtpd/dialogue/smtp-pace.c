/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-pace.h"

void
smtp_pace_feed (SmtpPace *self,
                gsize     octets,
                guint     rate,
                gint64    store,
                gint64    now)
{
  gint64 full = now + store;

  if (self->deadline == 0 || (rate == 0 && octets > 0))
    {
      *self = (SmtpPace) { .deadline = full };
      return;
    }

  if (self->paused != 0)
    {
      self->deadline += now - self->paused;
      self->paused = 0;
    }

  /* So many fill it in any case, and the product cannot be too large. */
  octets = MIN (octets, G_MAXINT32);
  if (rate != 0)
    self->deadline += (gint64) octets * G_USEC_PER_SEC / rate;
  self->deadline = MIN (self->deadline, full);
}

void
smtp_pace_pause (SmtpPace *self,
                 gint64    now)
{
  if (self->deadline != 0 && self->paused == 0)
    self->paused = now;
}

void
smtp_pace_end (SmtpPace *self)
{
  *self = (SmtpPace) { 0 };
}
