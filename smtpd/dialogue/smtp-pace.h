/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpPace: whether a client that sends a message keeps its rate. It has a store of time, full at the
 * beginning, that runs out by itself; each octet puts into it the time that it may take, up
 * to what it held at first. So silence is limited as well as slowness, and no credit is saved up.
 * Times are microseconds, monotonic.
 */
typedef struct
{
  gint64 deadline;  /* when the store is empty; 0: no message */
  gint64 paused;    /* since when it is not the client who is waited for; 0: it is */
} SmtpPace;

/* Begins, if that is not done, and goes on, after a pause: @octets have come at a @rate to keep, 0 for any. */
void smtp_pace_feed  (SmtpPace *self,
                      gsize     octets,
                      guint     rate,
                      gint64    store,
                      gint64    now);
void smtp_pace_pause (SmtpPace *self,
                      gint64    now);
void smtp_pace_end   (SmtpPace *self);

G_END_DECLS
