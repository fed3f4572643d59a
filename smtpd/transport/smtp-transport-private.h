/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-transport.h"

G_BEGIN_DECLS

/*
 * What the kinds of transport have in common; for them only.
 *
 * A kind embeds SmtpTransport as its first member, fills in a class, and calls
 * smtp_transport_init() and smtp_transport_clear(). It keeps the contract of the edge
 * itself: it remembers that read() or write() came back with AGAIN, and calls
 * smtp_transport_emit() from the loop once another try is worth it. A kind that holds
 * input of its own (records already decrypted) must not say AGAIN while it has some.
 *
 * The watch is in the base because every kind needs one: with the descriptor for those that
 * live in the poller's set, with -1, for requeueing only, for the others.
 */

typedef struct
{
  /* With @size > 0; set self->error before answering SMTP_TRANSPORT_ERROR. */
  gssize          (*read)           (SmtpTransport       *self,
                                     void                *buffer,
                                     gsize                size);
  /* May be NULL. Never more than @size, either. */
  gssize          (*read_in_place)  (SmtpTransport       *self,
                                     void                *buffer,
                                     gsize                size,
                                     const void         **data);
  gssize          (*write)          (SmtpTransport       *self,
                                     const void          *data,
                                     gsize                size);
  /* May be NULL. With @n_pieces > 0. */
  gssize          (*writev)         (SmtpTransport       *self,
                                     const struct iovec  *pieces,
                                     guint                n_pieces);
  void            (*shutdown_write) (SmtpTransport       *self);

  /* -1 if there is none. */
  int             (*get_fd)         (SmtpTransport       *self);
  GSocketAddress *(*dup_address)    (SmtpTransport       *self,
                                     gboolean             remote);

  /* Closes, calls smtp_transport_clear() before the descriptor is closed, frees. */
  void            (*free)           (SmtpTransport       *self);
} SmtpTransportClass;

struct _SmtpTransport
{
  const SmtpTransportClass *klass;
  SmtpPoller               *poller;
  SmtpWatch                 watch;
  SmtpTransportFunc         func;
  gpointer                  user_data;
  SmtpTransportEvents       pending;  /* told together with QUEUED */
  int                       error;
};

/* Watches @fd, edge-triggered for all there is, with @func, or nothing for -1. */
gboolean        smtp_transport_init        (SmtpTransport             *self,
                                            const SmtpTransportClass  *klass,
                                            SmtpPoller                *poller,
                                            int                        fd,
                                            SmtpWatchFunc              func,
                                            GError                   **error);
void            smtp_transport_clear       (SmtpTransport             *self);

/* From the loop only. The transport may be gone when it returns. */
void            smtp_transport_emit        (SmtpTransport             *self,
                                            SmtpTransportEvents        events);

/* Closes a socket or stream that others may hold too, without waiting. */
void            smtp_transport_close_owner (GObject                   *owner);

#define SMTP_TRANSPORT_FROM_WATCH(watch_) \
  ((SmtpTransport *) (gpointer) ((char *) (watch_) - G_STRUCT_OFFSET (SmtpTransport, watch)))

G_END_DECLS
