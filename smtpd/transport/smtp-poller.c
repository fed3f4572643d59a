/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-poller.h"

#include <errno.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#if defined (__linux__)
#include <sys/epoll.h>
#endif

#include "smtp-timer-heap.h"

/* How many callbacks of each kind one turn makes, before other sources of the same
 * context have theirs. */
#define BATCH 256

#define SCRATCH_SIZE (128 * 1024)

typedef struct
{
  GSource     source;
  SmtpPoller *poller;
} SmtpPollerSource;

struct _SmtpPoller
{
  gatomicrefcount     ref_count;
  GMainContext       *context;
  GSource            *source;
  SmtpTimerHeap       timers;
  GQueue              queued;     /* the links of watches that are to be called again */
  GList               turn_mark;  /* in queued during a turn; what is behind it waits for the next */
  gint64              now;        /* time of this turn, 0 outside of one */
  gboolean            destroyed;
  gboolean            shielded;   /* the set is not polled: a loop runs inside this turn */
  char               *scratch;
  gboolean            scratch_taken;

  int                 epoll_fd;   /* -1: none */
  gpointer            epoll_tag;
  guint               n_events;   /* of the batch at hand */
  guint               next_event;
#if defined (__linux__)
  struct epoll_event  events[BATCH];
#endif
  GMutex              mutex;      /* guards all below */
  SmtpTask           *first_task;
  SmtpTask           *last_task;
  guint               n_tasks;
  gboolean            closed;
  int                 awake;      /* atomic: the loop will look at the tasks before it sleeps */
};

/* To be asked before each callback of a turn. The turn has a reference of its own: when
 * there is no other any more, nobody is there to be called back. */
static gboolean
poller_goes_on (SmtpPoller *self)
{
  if (g_atomic_ref_count_compare (&self->ref_count, 1))
    smtp_poller_destroy (self);

  return !self->destroyed;
}

/* The epoll set */

#if defined (__linux__)

static void
poller_open_set (SmtpPoller *self)
{
  /* With no descriptor left there is no set, which is as where there is no epoll. */
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd >= 0)
    self->epoll_tag = g_source_add_unix_fd (self->source, self->epoll_fd, G_IO_IN);
}

/* Answers an errno, 0 when done. */
static int
poller_control_set (SmtpPoller     *self,
                    int             operation,
                    SmtpWatch      *watch,
                    SmtpPollEvents  events)
{
  struct epoll_event event = { .data.ptr = watch };

  event.events = ((events & SMTP_POLL_IN) ? EPOLLIN : 0) |
                 ((events & SMTP_POLL_OUT) ? EPOLLOUT : 0) |
                 ((events & SMTP_POLL_RDHUP) ? EPOLLRDHUP : 0) |
                 ((events & SMTP_POLL_URGENT) ? EPOLLPRI : 0) |
                 ((events & SMTP_POLL_EDGE) ? EPOLLET : 0);

  return epoll_ctl (self->epoll_fd, operation, watch->fd, &event) == 0 ? 0 : errno;
}

/* An event of @watch may be waiting in the batch at hand, and the watch be freed by then. */
static void
poller_forget_events (SmtpPoller *self,
                      SmtpWatch  *watch)
{
  for (guint i = self->next_event; i < self->n_events; i++)
    if (self->events[i].data.ptr == watch)
      self->events[i].data.ptr = NULL;
}

static void
poller_run_events (SmtpPoller *self)
{
  int n_events;

  if (self->epoll_fd < 0 || !(g_source_query_unix_fd (self->source, self->epoll_tag) & G_IO_IN))
    return;

  n_events = epoll_wait (self->epoll_fd, self->events, BATCH, 0);
  self->n_events = MAX (n_events, 0);
  self->next_event = 0;

  while (poller_goes_on (self) && self->next_event < self->n_events)
    {
      const struct epoll_event *event = &self->events[self->next_event++];
      SmtpWatch *watch = event->data.ptr;

      if (watch != NULL)
        watch->func (watch,
                     ((event->events & EPOLLIN) ? SMTP_POLL_IN : 0) |
                     ((event->events & EPOLLOUT) ? SMTP_POLL_OUT : 0) |
                     ((event->events & EPOLLRDHUP) ? SMTP_POLL_RDHUP : 0) |
                     ((event->events & EPOLLPRI) ? SMTP_POLL_URGENT : 0) |
                     ((event->events & (EPOLLERR | EPOLLHUP)) ? SMTP_POLL_HANGUP : 0));
    }

  self->n_events = 0;
}

#else /* no epoll */

enum { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };

#define poller_open_set(self)                               ((self)->epoll_fd = -1)
#define poller_control_set(self, operation, watch, events)  ((void) operation, (void) events, ENOSYS)
#define poller_forget_events(self, watch)
#define poller_run_events(self)

#endif

/* The source is destroyed, or does not poll the descriptor any more. */
static void
poller_close_set (SmtpPoller *self)
{
  self->n_events = 0;
  self->epoll_tag = NULL;
  if (self->epoll_fd >= 0)
    g_close (self->epoll_fd, NULL);
  self->epoll_fd = -1;
}

static gboolean
poller_add_to_set (SmtpPoller      *self,
                   SmtpWatch       *watch,
                   SmtpPollEvents   events,
                   GError         **error)
{
  int errsv = self->epoll_fd < 0 ? ENOSYS : poller_control_set (self, EPOLL_CTL_ADD, watch, events);
  GIOErrorEnum code;

  if (errsv == 0)
    return TRUE;

  /* EPERM tells not of rights but of a descriptor that cannot be polled. */
  code = errsv == ENOSYS || errsv == EPERM ? G_IO_ERROR_NOT_SUPPORTED
                                           : g_io_error_from_errno (errsv);
  g_set_error (error, G_IO_ERROR, code, "Cannot watch descriptor %d: %s",
               watch->fd, g_strerror (errsv));
  return FALSE;
}

/* A descriptor that was closed before it was taken from the set is a mistake that shows
 * itself much later, if the socket lives on in a duplicate: so does its place in the set. */
static void
poller_change_set (SmtpPoller     *self,
                   int             operation,
                   SmtpWatch      *watch,
                   SmtpPollEvents  events)
{
  int errsv = self->epoll_fd < 0 ? 0 : poller_control_set (self, operation, watch, events);

  if (errsv != 0)
    g_warning ("Descriptor %d was closed while it was watched: %s", watch->fd, g_strerror (errsv));
}

/* Tasks */

/* From here to poller_end_turn() nobody who posts needs to wake the loop. */
static guint
poller_begin_turn (SmtpPoller *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  g_queue_push_tail_link (&self->queued, &self->turn_mark);
  self->now = g_source_get_time (self->source);

  g_atomic_int_set (&self->awake, TRUE);
  return self->n_tasks;
}

static void
poller_end_turn (SmtpPoller *self)
{
  if (!self->destroyed)
    g_queue_unlink (&self->queued, &self->turn_mark);
  if (self->shielded && self->epoll_tag != NULL)
    g_source_modify_unix_fd (self->source, self->epoll_tag, G_IO_IN);
  self->shielded = FALSE;
  self->now = 0;

  g_mutex_lock (&self->mutex);
  g_atomic_int_set (&self->awake, self->n_tasks > 0);
  g_mutex_unlock (&self->mutex);
}

static SmtpTask *
poller_pop_task (SmtpPoller *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  SmtpTask *task = self->first_task;

  if (task != NULL)
    {
      self->first_task = task->next;
      if (self->first_task == NULL)
        self->last_task = NULL;
      self->n_tasks--;

      /* Before it runs, so that what it misses can be posted to it again. */
      task->next = NULL;
      task->posted = FALSE;
    }

  return task;
}

static void
poller_run_tasks (SmtpPoller *self,
                  guint       n_tasks)
{
  /* One by one: a task that still waits must stay in the list, where another
   * thread that posts it again finds it posted. */
  for (n_tasks = MIN (n_tasks, BATCH); n_tasks > 0 && poller_goes_on (self); n_tasks--)
    {
      SmtpTask *task = poller_pop_task (self);

      task->func (task);
    }
}

gboolean
smtp_poller_post (SmtpPoller *self,
                  SmtpTask   *task)
{
  gboolean posted = FALSE;

  g_return_val_if_fail (self != NULL && task != NULL && task->func != NULL, FALSE);

  g_mutex_lock (&self->mutex);
  if (!task->posted && !self->closed)
    {
      task->posted = posted = TRUE;
      task->next = NULL;
      if (self->last_task != NULL)
        self->last_task->next = task;
      else
        self->first_task = task;
      self->last_task = task;
      self->n_tasks++;

      /* Inside the lock: as soon as it is released the task may run, and drop the last
       * reference to the poller. */
      if (!self->awake)
        {
          g_atomic_int_set (&self->awake, TRUE);
          g_main_context_wakeup (self->context);
        }
    }
  g_mutex_unlock (&self->mutex);

  return posted;
}

/* The source */

static void
poller_run_timers (SmtpPoller *self)
{
  SmtpTimer *timer;

  for (guint i = 0; i < BATCH && poller_goes_on (self) &&
                    (timer = smtp_timer_heap_pop_due (&self->timers, self->now)) != NULL; i++)
    timer->func (timer);
}

static void
poller_run_queued (SmtpPoller *self)
{
  for (guint i = 0; i < BATCH && poller_goes_on (self); i++)
    {
      GList *link = self->queued.head;
      SmtpWatch *watch = link->data;

      if (link == &self->turn_mark)
        break;

      g_queue_unlink (&self->queued, link);
      watch->queued = FALSE;
      watch->func (watch, SMTP_POLL_QUEUED);
    }
}

/* Somebody runs a loop inside a callback. Callbacks are not called inside one another, so it
 * is not to see the set: it would find it readable for ever. GLib does that by itself for
 * a source that may not recurse, but in every turn and with three system calls. */
static void
poller_shield (SmtpPoller *self)
{
  if (!self->shielded && self->epoll_tag != NULL)
    g_source_modify_unix_fd (self->source, self->epoll_tag, 0);
  self->shielded = TRUE;
}

/* Tasks, timers and requeued watches do not go through the source's ready time: to set
 * that outside of dispatch writes to the context's wake-up descriptor even in its own
 * thread. It is enough to be asked, as every source is in every turn. */
static gboolean
poller_prepare (GSource *source,
                int     *timeout)
{
  SmtpPoller *self = ((SmtpPollerSource *) source)->poller;
  gint64 next, wait;

  *timeout = -1;
  if (self->now != 0)
    {
      poller_shield (self);
      return FALSE;
    }

  *timeout = 0;
  if (self->queued.length > 0 || g_atomic_int_get (&self->awake))
    return TRUE;

  *timeout = -1;
  next = smtp_timer_heap_peek (&self->timers);
  if (next == 0)
    return FALSE;

  /* Rounded up, so as not to come early and spin. */
  wait = next - g_source_get_time (source);
  *timeout = wait <= 0 ? 0 : (int) MIN (wait / 1000 + (wait % 1000 != 0), G_MAXINT);
  return wait <= 0;
}

static gboolean
poller_check (GSource *source)
{
  int timeout;

  return poller_prepare (source, &timeout);  /* GLib itself looks at the descriptor */
}

static gboolean
poller_dispatch (GSource     *source,
                 GSourceFunc  callback G_GNUC_UNUSED,
                 gpointer     user_data G_GNUC_UNUSED)
{
  SmtpPoller *self = ((SmtpPollerSource *) source)->poller;

  if (self->now != 0)
    return G_SOURCE_CONTINUE;

  smtp_poller_ref (self);
  poller_run_tasks (self, poller_begin_turn (self));
  poller_run_timers (self);
  poller_run_events (self);
  poller_run_queued (self);
  poller_end_turn (self);

  smtp_poller_unref (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs poller_source_funcs =
{
  .prepare = poller_prepare,
  .check = poller_check,
  .dispatch = poller_dispatch,
};

/* The poller itself */

SmtpPoller *
smtp_poller_new (GMainContext *context)
{
  SmtpPoller *self = g_new0 (SmtpPoller, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->queued);
  self->scratch = g_malloc (SCRATCH_SIZE);
  self->context = context != NULL ? g_main_context_ref (context)
                                  : g_main_context_ref_thread_default ();

  self->source = g_source_new (&poller_source_funcs, sizeof (SmtpPollerSource));
  ((SmtpPollerSource *) self->source)->poller = self;
  g_source_set_static_name (self->source, "SmtpPoller");
  g_source_set_can_recurse (self->source, TRUE);  /* it does not: see poller_shield() */
  poller_open_set (self);
  g_source_attach (self->source, self->context);
  return self;
}

SmtpPoller *
smtp_poller_ref (SmtpPoller *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
smtp_poller_unref (SmtpPoller *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  /* The tasks that run now may take a reference and drop it: let there be one to return to. */
  g_atomic_ref_count_init (&self->ref_count);
  smtp_poller_destroy (self);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_source_unref (self->source);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self->scratch);
  g_free (self);
}

void
smtp_poller_destroy (SmtpPoller *self)
{
  SmtpTask *task;
  GList *link;

  g_return_if_fail (self != NULL);

  if (self->destroyed)
    return;
  self->destroyed = TRUE;

  g_source_destroy (self->source);
  poller_close_set (self);
  smtp_timer_heap_clear (&self->timers);

  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  g_mutex_unlock (&self->mutex);
  while ((task = poller_pop_task (self)) != NULL)
    task->func (task);

  while ((link = g_queue_pop_head_link (&self->queued)) != NULL)
    {
      if (link != &self->turn_mark)
        ((SmtpWatch *) link->data)->queued = FALSE;
    }
}

GMainContext *
smtp_poller_get_context (SmtpPoller *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->context;
}

gboolean
smtp_poller_watch (SmtpPoller      *self,
                   SmtpWatch       *watch,
                   int              fd,
                   SmtpPollEvents   events,
                   GError         **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (watch != NULL && watch->func != NULL && !watch->watched, FALSE);

  if (self->destroyed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The poller was destroyed");
      return FALSE;
    }

  watch->fd = fd;
  watch->link.data = watch;
  if (fd >= 0 && !poller_add_to_set (self, watch, events, error))
    return FALSE;

  watch->watched = TRUE;
  return TRUE;
}

void
smtp_poller_rewatch (SmtpPoller     *self,
                     SmtpWatch      *watch,
                     SmtpPollEvents  events)
{
  g_return_if_fail (self != NULL && watch != NULL && watch->watched);
  g_return_if_fail (!(events & SMTP_POLL_EDGE));

  if (watch->fd >= 0)
    poller_change_set (self, EPOLL_CTL_MOD, watch, events);
}

void
smtp_poller_unwatch (SmtpPoller *self,
                     SmtpWatch  *watch)
{
  g_return_if_fail (self != NULL && watch != NULL);

  if (!watch->watched)
    return;
  watch->watched = FALSE;

  if (watch->queued)
    g_queue_unlink (&self->queued, &watch->link);
  watch->queued = FALSE;

  if (watch->fd >= 0)
    {
      poller_forget_events (self, watch);
      poller_change_set (self, EPOLL_CTL_DEL, watch, 0);
    }
}

void
smtp_poller_requeue (SmtpPoller *self,
                     SmtpWatch  *watch)
{
  g_return_if_fail (self != NULL && watch != NULL && watch->watched);

  if (watch->queued || self->destroyed)
    return;

  watch->queued = TRUE;
  g_queue_push_tail_link (&self->queued, &watch->link);
}

void
smtp_poller_arm (SmtpPoller *self,
                 SmtpTimer  *timer,
                 gint64      deadline)
{
  g_return_if_fail (self != NULL && timer != NULL && timer->func != NULL);

  if (self->destroyed)
    return;

  /* Due at once is due in the next turn: a timer that arms itself so must not keep this
   * one from ending. */
  if (self->now != 0)
    deadline = MAX (deadline, self->now + 1);

  smtp_timer_heap_arm (&self->timers, timer, deadline);
}

void
smtp_poller_disarm (SmtpPoller *self,
                    SmtpTimer  *timer)
{
  g_return_if_fail (self != NULL && timer != NULL);

  smtp_timer_heap_disarm (&self->timers, timer);
}

gboolean
smtp_poller_is_dispatching (SmtpPoller *self)
{
  return self->now != 0;
}

char *
smtp_poller_get_scratch (SmtpPoller *self,
                         gsize      *size)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (size != NULL)
    *size = SCRATCH_SIZE;
  return self->scratch;
}

gboolean
smtp_poller_take_scratch (SmtpPoller *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->scratch_taken)
    return FALSE;
  self->scratch_taken = TRUE;

  return TRUE;
}

void
smtp_poller_give_scratch_back (SmtpPoller *self)
{
  g_return_if_fail (self != NULL && self->scratch_taken);

  self->scratch_taken = FALSE;
}

void
smtp_poller_disable_epoll (SmtpPoller *self)
{
  g_return_if_fail (self != NULL);

  if (self->epoll_tag != NULL)
    g_source_remove_unix_fd (self->source, self->epoll_tag);
  poller_close_set (self);
}
