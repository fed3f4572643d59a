/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-timer-heap.h"

static inline void
heap_place (SmtpTimerHeap *self,
            guint          place,
            SmtpTimer     *timer)
{
  self->timers[place] = timer;
  timer->index = place + 1;
}

static void
heap_sift_up (SmtpTimerHeap *self,
              guint          place,
              SmtpTimer     *timer)
{
  while (place > 0)
    {
      guint parent = (place - 1) / 2;

      if (self->timers[parent]->scheduled <= timer->scheduled)
        break;

      heap_place (self, place, self->timers[parent]);
      place = parent;
    }

  heap_place (self, place, timer);
}

static void
heap_sift_down (SmtpTimerHeap *self,
                guint          place,
                SmtpTimer     *timer)
{
  for (;;)
    {
      guint child = 2 * place + 1;

      if (child >= self->n_timers)
        break;
      if (child + 1 < self->n_timers &&
          self->timers[child + 1]->scheduled < self->timers[child]->scheduled)
        child++;
      if (timer->scheduled <= self->timers[child]->scheduled)
        break;

      heap_place (self, place, self->timers[child]);
      place = child;
    }

  heap_place (self, place, timer);
}

static void
heap_insert (SmtpTimerHeap *self,
             SmtpTimer     *timer)
{
  if (self->n_timers == self->n_allocated)
    {
      self->n_allocated = MAX (16, 2 * self->n_allocated);
      self->timers = g_renew (SmtpTimer *, self->timers, self->n_allocated);
    }

  self->n_timers++;
  heap_sift_up (self, self->n_timers - 1, timer);
}

void
smtp_timer_heap_arm (SmtpTimerHeap *self,
                     SmtpTimer     *timer,
                     gint64         deadline)
{
  /* 0 means not armed: whoever asks for it wants "at once". */
  deadline = MAX (deadline, 1);
  timer->deadline = deadline;

  if (timer->index == 0)
    {
      timer->scheduled = deadline;
      heap_insert (self, timer);
    }
  else if (deadline < timer->scheduled)
    {
      timer->scheduled = deadline;
      heap_sift_up (self, timer->index - 1, timer);
    }
}

void
smtp_timer_heap_disarm (SmtpTimerHeap *self,
                        SmtpTimer     *timer)
{
  guint place;
  SmtpTimer *last;

  timer->deadline = 0;
  if (timer->index == 0)
    return;

  place = timer->index - 1;
  timer->index = 0;

  last = self->timers[--self->n_timers];
  if (last == timer)
    return;

  /* The last one fills the gap. It comes from another branch, maybe, and so may belong
   * above it as well as below. */
  if (last->scheduled < timer->scheduled)
    heap_sift_up (self, place, last);
  else
    heap_sift_down (self, place, last);
}

gint64
smtp_timer_heap_peek (SmtpTimerHeap *self)
{
  return self->n_timers > 0 ? self->timers[0]->scheduled : 0;
}

SmtpTimer *
smtp_timer_heap_pop_due (SmtpTimerHeap *self,
                         gint64         now)
{
  while (self->n_timers > 0 && self->timers[0]->scheduled <= now)
    {
      SmtpTimer *timer = self->timers[0];

      if (timer->deadline <= timer->scheduled)
        {
          smtp_timer_heap_disarm (self, timer);
          return timer;
        }

      /* It was put off meanwhile. */
      timer->scheduled = timer->deadline;
      heap_sift_down (self, 0, timer);
    }

  return NULL;
}

void
smtp_timer_heap_clear (SmtpTimerHeap *self)
{
  for (guint i = 0; i < self->n_timers; i++)
    {
      self->timers[i]->deadline = 0;
      self->timers[i]->index = 0;
    }

  g_clear_pointer (&self->timers, g_free);
  self->n_timers = 0;
  self->n_allocated = 0;
}
