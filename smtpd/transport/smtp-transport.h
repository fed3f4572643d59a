/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <sys/uio.h>

#include <gio/gio.h>

#include "smtp-poller.h"

G_BEGIN_DECLS

/*
 * SmtpTransport: a byte stream that never blocks. Two kinds stand behind one
 * interface: a socket in the poller's epoll set, and any pollable GIOStream.
 *
 * The contract is that of an edge: after a read (write) that came back with
 * SMTP_TRANSPORT_AGAIN, READABLE (WRITABLE) is told once it is worth trying
 * again; before that call nothing is promised. A new transport is to be tried at once.
 * HANGUP may be told at any time. smtp_transport_requeue() tells QUEUED in the
 * next turn of the loop. The callback may free the transport.
 */

typedef struct _SmtpTransport SmtpTransport;

typedef enum
{
  SMTP_TRANSPORT_READABLE = 1 << 0,
  SMTP_TRANSPORT_WRITABLE = 1 << 1,
  SMTP_TRANSPORT_HANGUP   = 1 << 2,  /* reset, or closed in both directions */
  SMTP_TRANSPORT_QUEUED   = 1 << 3
} SmtpTransportEvents;

/* What smtp_transport_read() and _write() return besides a count; 0 from a read is the end. */
#define SMTP_TRANSPORT_AGAIN ((gssize) -1)
#define SMTP_TRANSPORT_ERROR ((gssize) -2)

typedef void (*SmtpTransportFunc) (SmtpTransport       *transport,
                                   SmtpTransportEvents  events,
                                   gpointer             user_data);

/* Takes @fd, which is connected; makes it non-blocking. @owner, if not NULL, is the
 * object whose descriptor it is: it is kept and closes the descriptor at its end. */
SmtpTransport  *smtp_transport_new_socket     (SmtpPoller         *poller,
                                               int                 fd,
                                               GObject            *owner,
                                               GError            **error);
/* G_IO_ERROR_NOT_SUPPORTED unless both of the stream's halves can be polled. */
SmtpTransport  *smtp_transport_new_stream     (SmtpPoller         *poller,
                                               GIOStream          *stream,
                                               GError            **error);
/* Closes it, without waiting. */
void            smtp_transport_free           (SmtpTransport      *self);

void            smtp_transport_set_callback   (SmtpTransport      *self,
                                               SmtpTransportFunc   func,
                                               gpointer            user_data);
gssize          smtp_transport_read           (SmtpTransport      *self,
                                               void               *buffer,
                                               gsize               size);
/* The same, but what has come may lie elsewhere, in memory of the transport's own, which saves
 * a copy of it: *@data is where. There it stays until the next read. */
gssize          smtp_transport_read_in_place  (SmtpTransport      *self,
                                               void               *buffer,
                                               gsize               size,
                                               const void        **data);
gssize          smtp_transport_write          (SmtpTransport      *self,
                                               const void         *data,
                                               gsize               size);
/* The same, from several places at once. */
gssize          smtp_transport_writev         (SmtpTransport      *self,
                                               const struct iovec *pieces,
                                               guint               n_pieces);
/* No more will be written: the peer sees the end (FIN), and can still be read. */
void            smtp_transport_shutdown_write (SmtpTransport      *self);
void            smtp_transport_requeue        (SmtpTransport      *self);

/* The descriptor, or -1 for a stream that has none. */
int             smtp_transport_get_fd         (SmtpTransport      *self);
/* NULL for a stream that has none; built when asked for. */
GSocketAddress *smtp_transport_dup_local      (SmtpTransport      *self);
GSocketAddress *smtp_transport_dup_remote     (SmtpTransport      *self);

/* errno of the last SMTP_TRANSPORT_ERROR or HANGUP, 0 if there was none. */
int             smtp_transport_get_error      (SmtpTransport      *self);

G_END_DECLS
