/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-hop-counter.h"

#include <string.h>

static const char field[] = "received:";

void
smtp_hop_counter_init (SmtpHopCounter *self)
{
  memset (self, 0, sizeof *self);
}

static void
end_line (SmtpHopCounter *self)
{
  self->ended = !self->has_text;
  self->has_text = self->differs = FALSE;
  self->matched = 0;
}

static void
take_octet (SmtpHopCounter *self,
            guint8          octet)
{
  self->has_text |= octet != '\r';

  if (self->differs)
    return;

  if (g_ascii_tolower (octet) != field[self->matched])
    self->differs = TRUE;
  else if (++self->matched == strlen (field))
    {
      self->differs = TRUE;
      self->n_hops++;
    }
}

void
smtp_hop_counter_feed (SmtpHopCounter *self,
                       const guint8   *data,
                       gsize           size)
{
  const guint8 *end = data + size;

  while (data < end && !self->ended)
    {
      if (*data == '\n')
        end_line (self);
      else
        take_octet (self, *data);
      data++;

      /* Of a line that is another field only the end matters. */
      if (self->differs && self->has_text && data < end)
        {
          data = memchr (data, '\n', (gsize) (end - data));
          if (data == NULL)
            return;
        }
    }
}
