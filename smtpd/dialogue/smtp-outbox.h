/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "transport/smtp-transport.h"

G_BEGIN_DECLS

/*
 * SmtpOutbox: what is to go to the client, until the transport takes it. Replies that come one after
 * another go out together. A client that does not read has some time to take what waits, or as
 * much as may ever wait.
 *
 * It is embedded in its owner; without output it has no memory.
 */
typedef struct
{
  /*< private >*/
  SmtpPoller *poller;
  char       *data;
  gsize       size;
  gsize       room;
  gsize       sent;
  SmtpTimer   timer;    /* armed while something waits */
  gsize       taken;    /* since then */
} SmtpOutbox;

/* @func is called when the client has had its time. */
void     smtp_outbox_init     (SmtpOutbox    *self,
                               SmtpPoller    *poller,
                               SmtpTimerFunc  func);
void     smtp_outbox_clear    (SmtpOutbox    *self);

void     smtp_outbox_add      (SmtpOutbox    *self,
                               const char    *octets,
                               gsize          size);
/* Gives the transport what it takes, and says how much that was. The client gets @seconds for the
 * rest; 0 for any time. FALSE: nothing gets through any more. */
gboolean smtp_outbox_flush    (SmtpOutbox    *self,
                               SmtpTransport *transport,
                               guint          seconds,
                               gsize         *n_sent);

gboolean smtp_outbox_is_empty (SmtpOutbox    *self);
/* So much waits that no more commands are to be done. */
gboolean smtp_outbox_is_full  (SmtpOutbox    *self);

G_END_DECLS
