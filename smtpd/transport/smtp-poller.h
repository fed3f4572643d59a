/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * SmtpPoller: all descriptors, timers and cross-thread tasks of one server behind
 * one GSource. GMainContext polls every descriptor of every source on every turn,
 * so a source per connection makes each turn as dear as there are open connections;
 * an epoll set in one source does not. Where there is no epoll, smtp_poller_watch()
 * answers FALSE with G_IO_ERROR_NOT_SUPPORTED, and timers and tasks still work.
 *
 * Watches, timers and tasks are embedded in the caller's own structures: the poller
 * allocates nothing for them. Everything but smtp_poller_post() belongs to the thread
 * that runs the context. A dispatched callback may remove, and free, any watch or timer.
 * A watch is removed before its descriptor is closed.
 */

typedef struct _SmtpPoller SmtpPoller;
typedef struct _SmtpWatch SmtpWatch;
typedef struct _SmtpTimer SmtpTimer;
typedef struct _SmtpTask SmtpTask;

typedef enum
{
  SMTP_POLL_IN     = 1 << 0,
  SMTP_POLL_OUT    = 1 << 1,
  SMTP_POLL_HANGUP = 1 << 2,  /* error, or closed in both directions */
  SMTP_POLL_RDHUP  = 1 << 3,  /* the peer will send no more */
  SMTP_POLL_QUEUED = 1 << 4,  /* smtp_poller_requeue() was called */
  SMTP_POLL_EDGE   = 1 << 5,  /* to smtp_poller_watch() only: edge-triggered */
  SMTP_POLL_URGENT = 1 << 6   /* urgent data of TCP, RFC 9293 section 3.8.5 */
} SmtpPollEvents;

typedef void (*SmtpWatchFunc) (SmtpWatch      *watch,
                               SmtpPollEvents  events);
typedef void (*SmtpTimerFunc) (SmtpTimer      *timer);
typedef void (*SmtpTaskFunc)  (SmtpTask       *task);

/* Zero it, set func; the other members are the poller's. */
struct _SmtpWatch
{
  SmtpWatchFunc func;
  int           fd;
  guint         watched : 1;
  guint         queued : 1;
  GList         link;
};

/* Zero it, set func. Re-arming to a later time costs a store. */
struct _SmtpTimer
{
  SmtpTimerFunc func;
  gint64        deadline;   /* g_get_monotonic_time() scale, 0: not armed */
  gint64        scheduled;  /* the key in the heap, never later than deadline */
  guint         index;      /* place in the heap + 1, 0: not in it */
};

/* Zero it, set func. May be posted again from its own func. */
struct _SmtpTask
{
  SmtpTaskFunc  func;
  SmtpTask     *next;
  gboolean      posted;
};

SmtpPoller   *smtp_poller_new         (GMainContext    *context);
SmtpPoller   *smtp_poller_ref         (SmtpPoller      *self);
void          smtp_poller_unref       (SmtpPoller      *self);

/* Detaches the source; later posts are refused, timers never fire. For the owner. */
void          smtp_poller_destroy     (SmtpPoller      *self);

GMainContext *smtp_poller_get_context (SmtpPoller      *self);

/* Starts watching @fd (which stays the caller's) for @events: SMTP_POLL_IN and so
 * on; HANGUP always comes. With EDGE an event comes once per change, so ask for all
 * at the start. fd -1: only for smtp_poller_requeue(). */
gboolean      smtp_poller_watch       (SmtpPoller      *self,
                                       SmtpWatch       *watch,
                                       int              fd,
                                       SmtpPollEvents   events,
                                       GError         **error);
/* Changes @events of a watch that is not EDGE (a paused listener: 0). */
void          smtp_poller_rewatch     (SmtpPoller      *self,
                                       SmtpWatch       *watch,
                                       SmtpPollEvents   events);
void          smtp_poller_unwatch     (SmtpPoller      *self,
                                       SmtpWatch       *watch);

/* Calls the watch once more with SMTP_POLL_QUEUED in the next turn of the loop,
 * after others had theirs: for who has used up its share of this one. */
void          smtp_poller_requeue     (SmtpPoller      *self,
                                       SmtpWatch       *watch);

void          smtp_poller_arm         (SmtpPoller      *self,
                                       SmtpTimer       *timer,
                                       gint64           deadline);
void          smtp_poller_disarm      (SmtpPoller      *self,
                                       SmtpTimer       *timer);

/* From any thread: runs @task on the context, in the order of posting. FALSE if it is posted
 * already, or the poller destroyed. Whatever was posted does run, if need be from within
 * smtp_poller_destroy(), so that a task can let go of what it holds. */
gboolean      smtp_poller_post        (SmtpPoller      *self,
                                       SmtpTask        *task);

/* Whether a callback is being run: until it returns there are no others, even in a loop of its own. */
gboolean      smtp_poller_is_dispatching (SmtpPoller  *self);

/* A buffer that anybody may use inside one callback and that nobody keeps. */
char         *smtp_poller_get_scratch (SmtpPoller      *self,
                                       gsize           *size);

/* A callback that calls a program, which may make another one be called, has taken the buffer meanwhile. FALSE: it
 * is taken already. */
gboolean      smtp_poller_take_scratch (SmtpPoller     *self);
void          smtp_poller_give_scratch_back (SmtpPoller *self);

/* For tests, before the first watch: as where there is no epoll. */
void          smtp_poller_disable_epoll (SmtpPoller    *self);

G_END_DECLS
