/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-transport.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <glib/gstdio.h>

#include "smtp-transport-private.h"

/* Where there is none, SIGPIPE is the program's business. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* What POSIX promises. */
#ifndef IOV_MAX
#define IOV_MAX 16
#endif

/*
 * The descriptor is registered once, edge-triggered, for all there is to know, and not
 * touched again. can_read and can_write are what the edges have told, less what reads and
 * writes found out: after a short read the kernel has no more until the next edge, so that
 * the call that would only bring EAGAIN is saved.
 */
typedef struct
{
  SmtpTransport  parent;
  int            fd;
  GObject       *owner;
  int            hangup_error;     /* what SO_ERROR told, which only tells it once */
  guint          can_read : 1;
  guint          can_write : 1;
  guint          wants_read : 1;   /* AGAIN was answered and READABLE not told since */
  guint          wants_write : 1;
  guint          read_closed : 1;  /* the end is, or will be, in the input: a short read says nothing */
  guint          urgent : 1;       /* a read may end at a mark in the input: likewise */
  guint          hung_up : 1;
} SmtpSocketTransport;

/* Takes the error from the socket. FALSE: nothing that was not told already. */
static gboolean
socket_transport_fetch_hangup (SmtpSocketTransport *self)
{
  gboolean is_news = !self->hung_up;
  int value = 0;
  socklen_t length = sizeof value;

  self->hung_up = TRUE;
  if (getsockopt (self->fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 && value != 0)
    {
      self->hangup_error = value;
      self->parent.error = value;
      is_news = TRUE;
    }

  return is_news;
}

static void
socket_transport_on_events (SmtpWatch      *watch,
                            SmtpPollEvents  events)
{
  SmtpSocketTransport *self = (SmtpSocketTransport *) SMTP_TRANSPORT_FROM_WATCH (watch);
  SmtpTransportEvents told = 0;

  if (events & (SMTP_POLL_RDHUP | SMTP_POLL_HANGUP))
    self->read_closed = TRUE;
  if (events & (SMTP_POLL_IN | SMTP_POLL_RDHUP | SMTP_POLL_HANGUP))
    self->can_read = TRUE;
  if (events & (SMTP_POLL_OUT | SMTP_POLL_HANGUP))
    self->can_write = TRUE;
  if (events & SMTP_POLL_URGENT)
    self->urgent = TRUE;

  if (events & SMTP_POLL_QUEUED)
    told |= SMTP_TRANSPORT_QUEUED;
  if ((events & SMTP_POLL_HANGUP) && socket_transport_fetch_hangup (self))
    told |= SMTP_TRANSPORT_HANGUP;

  /* An edge in one direction reports the state of the other again: only who waits is told. */
  if (self->can_read && self->wants_read)
    {
      self->wants_read = FALSE;
      told |= SMTP_TRANSPORT_READABLE;
    }
  if (self->can_write && self->wants_write)
    {
      self->wants_write = FALSE;
      told |= SMTP_TRANSPORT_WRITABLE;
    }

  smtp_transport_emit (&self->parent, told);
}

/* Once SO_ERROR was fetched the socket says "end" or EPIPE; the cause tells more. */
static gssize
socket_transport_fail (SmtpSocketTransport *self,
                       int                  errsv)
{
  self->parent.error = self->hangup_error != 0 ? self->hangup_error : errsv;

  return SMTP_TRANSPORT_ERROR;
}

static gssize
socket_transport_read (SmtpTransport *transport,
                       void          *buffer,
                       gsize          size)
{
  SmtpSocketTransport *self = (SmtpSocketTransport *) transport;
  gssize n_read = -1;

  if (self->can_read)
    {
      do
        n_read = recv (self->fd, buffer, size, 0);
      while (n_read < 0 && errno == EINTR);

      if (n_read < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return socket_transport_fail (self, errno);
    }

  if (n_read < 0)
    {
      self->can_read = FALSE;
      self->wants_read = TRUE;
      return SMTP_TRANSPORT_AGAIN;
    }

  if (n_read == 0)
    return self->hangup_error != 0 ? socket_transport_fail (self, self->hangup_error) : 0;

  /* Data and FIN may have come before this read, and with one edge. That edge told of both,
   * or it is still to come; there will be no other for the end. */
  if ((gsize) n_read < size && !self->read_closed && !self->urgent)
    self->can_read = FALSE;

  return n_read;
}

static gssize
socket_transport_writev (SmtpTransport      *transport,
                         const struct iovec *pieces,
                         guint               n_pieces)
{
  SmtpSocketTransport *self = (SmtpSocketTransport *) transport;
  struct msghdr message = { .msg_iov = (struct iovec *) pieces, .msg_iovlen = MIN (n_pieces, IOV_MAX) };
  gssize n_written = -1;

  if (self->can_write)
    {
      do
        n_written = sendmsg (self->fd, &message, MSG_NOSIGNAL);
      while (n_written < 0 && errno == EINTR);

      if (n_written < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return socket_transport_fail (self, errno);
    }

  if (n_written < 0)
    {
      self->can_write = FALSE;
      self->wants_write = TRUE;
      return SMTP_TRANSPORT_AGAIN;
    }

  /* A short write says nothing of the next one: only EAGAIN promises an edge. */
  return n_written;
}

static gssize
socket_transport_write (SmtpTransport *transport,
                        const void    *data,
                        gsize          size)
{
  const struct iovec piece = { (void *) data, size };

  return socket_transport_writev (transport, &piece, 1);
}

static void
socket_transport_shutdown_write (SmtpTransport *transport)
{
  /* It fails when the connection is gone, which is then no news. */
  shutdown (((SmtpSocketTransport *) transport)->fd, SHUT_WR);
}

static int
socket_transport_get_fd (SmtpTransport *transport)
{
  return ((SmtpSocketTransport *) transport)->fd;
}

static GSocketAddress *
socket_transport_dup_address (SmtpTransport *transport,
                              gboolean       remote)
{
  SmtpSocketTransport *self = (SmtpSocketTransport *) transport;
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  int result;

  result = remote ? getpeername (self->fd, (struct sockaddr *) &storage, &length)
                  : getsockname (self->fd, (struct sockaddr *) &storage, &length);

  return result == 0 ? g_socket_address_new_from_native (&storage, length) : NULL;
}

static void
socket_transport_free (SmtpTransport *transport)
{
  SmtpSocketTransport *self = (SmtpSocketTransport *) transport;

  smtp_transport_clear (transport);

  if (self->owner != NULL)
    {
      smtp_transport_close_owner (self->owner);
      g_object_unref (self->owner);
    }
  else
    {
      g_close (self->fd, NULL);
    }

  g_free (self);
}

static const SmtpTransportClass socket_transport_class =
{
  .read = socket_transport_read,
  .write = socket_transport_write,
  .writev = socket_transport_writev,
  .shutdown_write = socket_transport_shutdown_write,
  .get_fd = socket_transport_get_fd,
  .dup_address = socket_transport_dup_address,
  .free = socket_transport_free,
};

static gboolean
make_non_blocking (int      fd,
                   GError **error)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags >= 0 && ((flags & O_NONBLOCK) || fcntl (fd, F_SETFL, flags | O_NONBLOCK) == 0))
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Cannot make descriptor %d non-blocking: %s", fd, g_strerror (errno));
  return FALSE;
}

SmtpTransport *
smtp_transport_new_socket (SmtpPoller  *poller,
                           int          fd,
                           GObject     *owner,
                           GError     **error)
{
  g_autofree SmtpSocketTransport *self = NULL;
  int on = 1;

  g_return_val_if_fail (poller != NULL, NULL);
  g_return_val_if_fail (fd >= 0, NULL);
  g_return_val_if_fail (owner == NULL || G_IS_OBJECT (owner), NULL);

  self = g_new0 (SmtpSocketTransport, 1);
  self->fd = fd;
  self->can_read = TRUE;
  self->can_write = TRUE;

  /* First of all, since it may fail, and then the caller wants to try another kind. */
  if (!smtp_transport_init (&self->parent, &socket_transport_class, poller, fd,
                            socket_transport_on_events, error))
    return NULL;

  if (!make_non_blocking (fd, error))
    {
      smtp_transport_clear (&self->parent);
      return NULL;
    }

  /* Replies are small, and each is waited for. Other families do not know the option. */
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  g_set_object (&self->owner, owner);

  return (SmtpTransport *) g_steal_pointer (&self);
}
