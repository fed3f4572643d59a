/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpStandby: keeps a GSocketService from accepting, so that the poller can.
 *
 * A GSocketService has one accept under way, for all its sockets at once, and begins no other
 * before that one returns. Its start() and stop() do not say beforehand that they come, and an
 * accept that stop() cancels may take a client with it. So it is given an accept that waits for
 * a socket to which nobody can connect, in a main context that nobody runs: start(), stop() and
 * is_active() go on as ever, and no client is touched.
 */
typedef struct _SmtpStandby SmtpStandby;

/* For a service without sockets. NULL if there are no descriptors left. */
SmtpStandby *smtp_standby_new (GSocketService *service);

/* Gives accepting back: the service begins, if it is active. To be called in the context in
 * which it shall run. */
void         smtp_standby_end (SmtpStandby    *self);

G_END_DECLS
