/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-poller.h"

G_BEGIN_DECLS

/*
 * SmtpTimerHeap: a binary heap of timers, the earliest on top. A timer that is armed
 * to a later time keeps its place, with the old time as its key; it is moved when it
 * gets to the top. So the timer of a busy connection, which is put off with every
 * command, costs a store each time.
 */

typedef struct
{
  SmtpTimer **timers;
  guint       n_timers;
  guint       n_allocated;
} SmtpTimerHeap;

void       smtp_timer_heap_arm     (SmtpTimerHeap *self,
                                    SmtpTimer     *timer,
                                    gint64         deadline);
void       smtp_timer_heap_disarm  (SmtpTimerHeap *self,
                                    SmtpTimer     *timer);

/* When to look again, not later than the earliest deadline; 0: no timer is armed. */
gint64     smtp_timer_heap_peek    (SmtpTimerHeap *self);

/* Takes out, disarmed, the earliest timer whose deadline is not after @now, or NULL. */
SmtpTimer *smtp_timer_heap_pop_due (SmtpTimerHeap *self,
                                    gint64         now);

/* Disarms all. */
void       smtp_timer_heap_clear   (SmtpTimerHeap *self);

G_END_DECLS
