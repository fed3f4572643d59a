/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-transport.h"

#include "smtp-transport-private.h"

gboolean
smtp_transport_init (SmtpTransport             *self,
                     const SmtpTransportClass  *klass,
                     SmtpPoller                *poller,
                     int                        fd,
                     SmtpWatchFunc              func,
                     GError                   **error)
{
  self->klass = klass;
  self->watch.func = func;

  if (!smtp_poller_watch (poller, &self->watch, fd,
                          SMTP_POLL_IN | SMTP_POLL_OUT | SMTP_POLL_RDHUP | SMTP_POLL_URGENT | SMTP_POLL_EDGE,
                          error))
    return FALSE;

  self->poller = smtp_poller_ref (poller);
  return TRUE;
}

void
smtp_transport_clear (SmtpTransport *self)
{
  smtp_poller_unwatch (self->poller, &self->watch);
  g_clear_pointer (&self->poller, smtp_poller_unref);
}

void
smtp_transport_emit (SmtpTransport       *self,
                     SmtpTransportEvents  events)
{
  /* Who has used up its share is called once in the next turn, not once for that and
   * once more for the input that keeps coming in. */
  if (self->watch.queued)
    {
      self->pending |= events;
      return;
    }

  if (events & SMTP_TRANSPORT_QUEUED)
    {
      events |= self->pending;
      self->pending = 0;
    }

  if (events != 0 && self->func != NULL)
    self->func (self, events, self->user_data);
}

void
smtp_transport_close_owner (GObject *owner)
{
  if (G_IS_SOCKET (owner))
    {
      g_socket_close (G_SOCKET (owner), NULL);
    }
  else if (G_IS_IO_STREAM (owner))
    {
      /* A close that is cancelled beforehand still closes, but waits for nothing. */
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();

      g_cancellable_cancel (cancellable);
      g_io_stream_close (G_IO_STREAM (owner), cancellable, NULL);
    }
}

void
smtp_transport_free (SmtpTransport *self)
{
  g_return_if_fail (self != NULL);

  self->klass->free (self);
}

void
smtp_transport_set_callback (SmtpTransport     *self,
                             SmtpTransportFunc  func,
                             gpointer           user_data)
{
  g_return_if_fail (self != NULL);

  self->func = func;
  self->user_data = user_data;
}

gssize
smtp_transport_read (SmtpTransport *self,
                     void          *buffer,
                     gsize          size)
{
  g_return_val_if_fail (self != NULL, SMTP_TRANSPORT_ERROR);
  g_return_val_if_fail (buffer != NULL, SMTP_TRANSPORT_ERROR);
  /* A read of nothing answers 0, which is the end. */
  g_return_val_if_fail (size > 0, SMTP_TRANSPORT_ERROR);

  return self->klass->read (self, buffer, size);
}

gssize
smtp_transport_read_in_place (SmtpTransport  *self,
                              void           *buffer,
                              gsize           size,
                              const void    **data)
{
  g_return_val_if_fail (data != NULL, SMTP_TRANSPORT_ERROR);

  *data = buffer;
  if (self->klass->read_in_place == NULL)
    return smtp_transport_read (self, buffer, size);

  return self->klass->read_in_place (self, buffer, size, data);
}

gssize
smtp_transport_write (SmtpTransport *self,
                      const void    *data,
                      gsize          size)
{
  g_return_val_if_fail (self != NULL, SMTP_TRANSPORT_ERROR);
  g_return_val_if_fail (data != NULL || size == 0, SMTP_TRANSPORT_ERROR);

  return size > 0 ? self->klass->write (self, data, size) : 0;
}

static gssize
write_each (SmtpTransport      *self,
            const struct iovec *pieces,
            guint               n_pieces)
{
  gssize total = 0;

  for (guint i = 0; i < n_pieces; i++)
    {
      gssize n = smtp_transport_write (self, pieces[i].iov_base, pieces[i].iov_len);

      if (n < 0)
        return total > 0 ? total : n;

      total += n;
      if ((gsize) n < pieces[i].iov_len)
        break;
    }

  return total;
}

gssize
smtp_transport_writev (SmtpTransport      *self,
                       const struct iovec *pieces,
                       guint               n_pieces)
{
  g_return_val_if_fail (self != NULL, SMTP_TRANSPORT_ERROR);

  if (n_pieces > 1 && self->klass->writev != NULL)
    return self->klass->writev (self, pieces, n_pieces);

  return write_each (self, pieces, n_pieces);
}

void
smtp_transport_shutdown_write (SmtpTransport *self)
{
  g_return_if_fail (self != NULL);

  self->klass->shutdown_write (self);
}

void
smtp_transport_requeue (SmtpTransport *self)
{
  g_return_if_fail (self != NULL);

  smtp_poller_requeue (self->poller, &self->watch);
}

int
smtp_transport_get_fd (SmtpTransport *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->klass->get_fd (self);
}

GSocketAddress *
smtp_transport_dup_local (SmtpTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->klass->dup_address (self, FALSE);
}

GSocketAddress *
smtp_transport_dup_remote (SmtpTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->klass->dup_address (self, TRUE);
}

int
smtp_transport_get_error (SmtpTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->error;
}
