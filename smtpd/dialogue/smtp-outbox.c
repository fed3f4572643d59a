/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-outbox.h"

#include <string.h>

/* Room for most replies, and for a few of those that go out together. */
#define FIRST_ROOM 512

#define FULL_SIZE 16384

void
smtp_outbox_init (SmtpOutbox    *self,
                  SmtpPoller    *poller,
                  SmtpTimerFunc  func)
{
  *self = (SmtpOutbox) { .poller = poller, .timer.func = func };
}

static void
end_wait (SmtpOutbox *self)
{
  self->taken = 0;
  if (self->timer.deadline != 0)
    smtp_poller_disarm (self->poller, &self->timer);
}

static void
begin_wait (SmtpOutbox *self,
            guint       seconds)
{
  if (seconds != 0 && self->timer.deadline == 0)
    smtp_poller_arm (self->poller, &self->timer,
                     g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC);
}

void
smtp_outbox_clear (SmtpOutbox *self)
{
  g_clear_pointer (&self->data, g_free);
  self->size = self->sent = self->room = 0;
  end_wait (self);
}

/* A client may read for ever and never all there is: what it has read makes room. Not for less than half
 * of the memory, or the rest would be moved again and again. */
static void
drop_sent (SmtpOutbox *self)
{
  if (self->sent < self->size - self->sent)
    return;

  memmove (self->data, self->data + self->sent, self->size - self->sent);
  self->size -= self->sent;
  self->sent = 0;
}

void
smtp_outbox_add (SmtpOutbox *self,
                 const char *octets,
                 gsize       size)
{
  if (self->room - self->size < size && self->sent > 0)
    drop_sent (self);
  if (self->room - self->size < size)
    {
      self->room = MAX (MAX (FIRST_ROOM, 2 * self->room), self->size + size);
      self->data = g_realloc (self->data, self->room);
    }
  memcpy (self->data + self->size, octets, size);
  self->size += size;
}

gboolean
smtp_outbox_flush (SmtpOutbox    *self,
                   SmtpTransport *transport,
                   guint          seconds,
                   gsize         *n_sent)
{
  gsize before = self->sent;
  gssize n = 0;

  while (self->sent < self->size && n >= 0)
    {
      n = smtp_transport_write (transport, self->data + self->sent, self->size - self->sent);
      if (n < 0)
        break;

      self->sent += n;
      self->taken += n;
      if (self->taken >= FULL_SIZE)
        end_wait (self);
    }

  *n_sent = self->sent - before;
  if (n == SMTP_TRANSPORT_AGAIN)
    begin_wait (self, seconds);
  else
    smtp_outbox_clear (self);

  return n != SMTP_TRANSPORT_ERROR;
}

gboolean
smtp_outbox_is_empty (SmtpOutbox *self)
{
  return self->sent == self->size;
}

gboolean
smtp_outbox_is_full (SmtpOutbox *self)
{
  return self->size - self->sent > FULL_SIZE;
}
