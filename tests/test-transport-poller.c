/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "transport/smtp-poller.h"
#include "transport/smtp-timer-heap.h"

typedef struct
{
  GMainContext *context;
  SmtpPoller   *poller;
} Fixture;

static void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  fixture->context = g_main_context_new ();
  fixture->poller = smtp_poller_new (fixture->context);
}

static void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_clear_pointer (&fixture->poller, smtp_poller_unref);
  /* Whatever source was left behind would keep it in being, and show as a leak. */
  g_main_context_unref (fixture->context);
}

static gboolean
on_give_up (gpointer data)
{
  g_error ("%s did not come", (const char *) data);
  return G_SOURCE_REMOVE;
}

/* Runs the loop until *@value is at least @goal. */
static void
run_until (Fixture    *fixture,
           const int  *value,
           int         goal,
           const char *what)
{
  GSource *guard = g_timeout_source_new_seconds (60);

  g_source_set_callback (guard, on_give_up, (gpointer) what, NULL);
  g_source_attach (guard, fixture->context);
  while (g_atomic_int_get (value) < goal)
    g_main_context_iteration (fixture->context, TRUE);
  g_source_destroy (guard);
  g_source_unref (guard);
}

/* Runs all that is ready, and what follows from it for some turns. */
static void
run_turns (Fixture *fixture,
           int      n_turns)
{
  for (int i = 0; i < n_turns; i++)
    g_main_context_iteration (fixture->context, FALSE);
}

/* Timers */

typedef struct
{
  SmtpTimer  timer;
  Fixture   *fixture;
  GString   *log;
  char       name;
  int        fired;
  SmtpTimer *disarms;
  gint64     rearms;   /* this much later, while fired < 3 */
} LoggingTimer;

static void
on_logging_timer (SmtpTimer *timer)
{
  LoggingTimer *self = (LoggingTimer *) timer;

  g_assert_cmpint (timer->deadline, ==, 0);
  g_assert_cmpuint (timer->index, ==, 0);

  self->fired++;
  g_string_append_c (self->log, self->name);
  if (self->disarms != NULL)
    smtp_poller_disarm (self->fixture->poller, self->disarms);
  if (self->rearms >= 0 && self->fired < 3)
    smtp_poller_arm (self->fixture->poller, timer, g_get_monotonic_time () + self->rearms);
}

static LoggingTimer
logging_timer (Fixture *fixture,
               GString *log,
               char     name)
{
  LoggingTimer timer = { .timer.func = on_logging_timer, .fixture = fixture,
                         .log = log, .name = name, .rearms = -1 };

  return timer;
}

static void
test_timer_order (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GString) log = g_string_new (NULL);
  LoggingTimer a = logging_timer (fixture, log, 'a');
  LoggingTimer b = logging_timer (fixture, log, 'b');
  LoggingTimer c = logging_timer (fixture, log, 'c');
  gint64 now = g_get_monotonic_time ();

  smtp_poller_arm (fixture->poller, &c.timer, now + 30000);
  smtp_poller_arm (fixture->poller, &a.timer, now + 10000);
  smtp_poller_arm (fixture->poller, &b.timer, now + 20000);
  run_until (fixture, &c.fired, 1, "the last timer");
  g_assert_cmpstr (log->str, ==, "abc");
  g_assert_cmpint (g_get_monotonic_time (), >=, now + 30000);
}

static void
test_timer_rearm (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GString) log = g_string_new (NULL);
  LoggingTimer later = logging_timer (fixture, log, 'l');
  LoggingTimer earlier = logging_timer (fixture, log, 'e');
  LoggingTimer other = logging_timer (fixture, log, 'o');
  gint64 now = g_get_monotonic_time ();
  gint64 scheduled;

  smtp_poller_arm (fixture->poller, &later.timer, now + 5000);
  smtp_poller_arm (fixture->poller, &earlier.timer, now + G_USEC_PER_SEC);
  smtp_poller_arm (fixture->poller, &other.timer, now + 20000);

  /* To a later time: nothing but a store. */
  scheduled = later.timer.scheduled;
  smtp_poller_arm (fixture->poller, &later.timer, now + 30000);
  g_assert_cmpint (later.timer.scheduled, ==, scheduled);
  g_assert_cmpint (later.timer.deadline, ==, now + 30000);
  g_assert_cmpuint (later.timer.index, ==, 1);

  /* To an earlier one: to the top. */
  smtp_poller_arm (fixture->poller, &earlier.timer, now + 1000);
  g_assert_cmpuint (earlier.timer.index, ==, 1);

  run_until (fixture, &later.fired, 1, "the timer that was put off");
  g_assert_cmpstr (log->str, ==, "eol");
  g_assert_cmpint (g_get_monotonic_time (), >=, now + 30000);
}

static void
test_timer_disarm (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GString) log = g_string_new (NULL);
  LoggingTimer a = logging_timer (fixture, log, 'a');
  LoggingTimer b = logging_timer (fixture, log, 'b');
  LoggingTimer c = logging_timer (fixture, log, 'c');
  LoggingTimer d = logging_timer (fixture, log, 'd');
  gint64 now = g_get_monotonic_time ();

  /* All are due in one turn; the first takes the second away, one is gone before. */
  a.disarms = &b.timer;
  smtp_poller_arm (fixture->poller, &a.timer, now - 4);
  smtp_poller_arm (fixture->poller, &b.timer, now - 3);
  smtp_poller_arm (fixture->poller, &c.timer, now - 2);
  smtp_poller_arm (fixture->poller, &d.timer, now - 1);
  smtp_poller_disarm (fixture->poller, &c.timer);
  smtp_poller_disarm (fixture->poller, &c.timer);

  run_until (fixture, &d.fired, 1, "the last timer");
  run_turns (fixture, 3);
  g_assert_cmpstr (log->str, ==, "ad");
}

static void
test_timer_past (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GString) log = g_string_new (NULL);
  LoggingTimer timer = logging_timer (fixture, log, 't');
  int turns = 0;

  /* One that is always due fires once in a turn. */
  timer.rearms = 0;
  smtp_poller_arm (fixture->poller, &timer.timer, 0);
  g_assert_cmpint (timer.timer.deadline, !=, 0);
  while (timer.fired < 3)
    {
      int before = timer.fired;

      g_main_context_iteration (fixture->context, TRUE);
      g_assert_cmpint (timer.fired - before, <=, 1);
      turns++;
    }
  g_assert_cmpint (turns, >=, 3);
}

#define MANY_TIMERS 10000

typedef struct
{
  SmtpTimer timer;
  gint64    expected;  /* 0: not at all */
} HeapTimer;

static int
compare_expected (gconstpointer a,
                  gconstpointer b)
{
  gint64 first = ((const HeapTimer *) a)->expected;
  gint64 second = ((const HeapTimer *) b)->expected;

  return (first > second) - (first < second);
}

/* Against a sorted array, with a clock of its own. */
static void
test_timer_heap (void)
{
  g_autofree HeapTimer *timers = g_new0 (HeapTimer, MANY_TIMERS);
  g_autofree HeapTimer *sorted = NULL;
  SmtpTimerHeap heap = { 0 };
  SmtpTimer *timer;
  gint64 now = 0;
  guint next = 0;

  for (int i = 0; i < 4 * MANY_TIMERS; i++)
    {
      HeapTimer *some = &timers[i < MANY_TIMERS ? i : g_test_rand_int_range (0, MANY_TIMERS)];
      gboolean disarms = i >= MANY_TIMERS && g_test_rand_int_range (0, 4) == 0;

      some->expected = disarms ? 0 : g_test_rand_int_range (1, 1000000);
      if (disarms)
        smtp_timer_heap_disarm (&heap, &some->timer);
      else
        smtp_timer_heap_arm (&heap, &some->timer, some->expected);
    }

  sorted = g_memdup2 (timers, MANY_TIMERS * sizeof *timers);
  qsort (sorted, MANY_TIMERS, sizeof *sorted, compare_expected);
  while (next < MANY_TIMERS && sorted[next].expected == 0)
    next++;
  g_assert_cmpuint (heap.n_timers, ==, MANY_TIMERS - next);

  while (heap.n_timers > 0)
    {
      now = MAX (now + g_test_rand_int_range (1, 200), smtp_timer_heap_peek (&heap));
      while ((timer = smtp_timer_heap_pop_due (&heap, now)) != NULL)
        {
          g_assert_cmpint (((HeapTimer *) timer)->expected, ==, sorted[next].expected);
          g_assert_cmpint (sorted[next].expected, <=, now);
          g_assert_cmpuint (timer->index, ==, 0);
          next++;
        }
      g_assert_true (next == MANY_TIMERS || sorted[next].expected > now);
    }

  g_assert_cmpuint (next, ==, MANY_TIMERS);
  smtp_timer_heap_clear (&heap);
}

typedef struct
{
  SmtpTimer   timer;
  SmtpPoller *poller;
  gint64      deadline;
  gint64     *last;
  int        *n_fired;
} ClockTimer;

static void
on_clock_timer (SmtpTimer *timer)
{
  ClockTimer *self = (ClockTimer *) timer;

  g_assert_cmpint (self->deadline, >=, *self->last);
  g_assert_cmpint (self->deadline, <=, g_get_monotonic_time ());
  *self->last = self->deadline;
  self->deadline = G_MAXINT64;
  (*self->n_fired)++;
}

/* The same by the real clock and through the loop. */
static void
test_timer_many (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree ClockTimer *timers = g_new0 (ClockTimer, MANY_TIMERS);
  gint64 now = g_get_monotonic_time ();
  gint64 last = 0;
  int n_fired = 0;
  int n_expected = 0;

  for (int i = 0; i < MANY_TIMERS; i++)
    {
      timers[i] = (ClockTimer) { .timer.func = on_clock_timer, .poller = fixture->poller,
                                 .last = &last, .n_fired = &n_fired };
      for (int j = g_test_rand_int_range (1, 4); j > 0; j--)
        {
          timers[i].deadline = now + g_test_rand_int_range (0, 200000);
          smtp_poller_arm (fixture->poller, &timers[i].timer, timers[i].deadline);
        }

      if (i % 7 == 0)
        smtp_poller_disarm (fixture->poller, &timers[i].timer);
      else
        n_expected++;
    }

  run_until (fixture, &n_fired, n_expected, "the last of many timers");
  run_turns (fixture, 3);
  g_assert_cmpint (n_fired, ==, n_expected);
}

static void
test_scratch (Fixture       *fixture,
          gconstpointer  data G_GNUC_UNUSED)
{
  char *scratch;
  gsize size = 0;

  g_assert_true (smtp_poller_get_context (fixture->poller) == fixture->context);

  scratch = smtp_poller_get_scratch (fixture->poller, &size);
  g_assert_cmpuint (size, ==, 128 * 1024);
  memset (scratch, 'x', size);
  g_assert_true (smtp_poller_get_scratch (fixture->poller, NULL) == scratch);
}

/* Tasks */

#define POSTERS 4
#define POSTS   20000

typedef struct
{
  SmtpTask    task;
  int         poster;
  int         number;
} NumberedTask;

typedef struct
{
  SmtpPoller   *poller;
  NumberedTask *tasks;
} Poster;

static int next_number[POSTERS];
static int n_tasks_run;

static void
on_numbered_task (SmtpTask *task)
{
  NumberedTask *self = (NumberedTask *) task;

  g_assert_cmpint (next_number[self->poster]++, ==, self->number);
  n_tasks_run++;
}

static gpointer
post_many (gpointer data)
{
  Poster *poster = data;

  for (int i = 0; i < POSTS; i++)
    {
      smtp_poller_post (poster->poller, &poster->tasks[i].task);
      /* Now and then let the loop fall asleep, as a lost wake-up needs that. */
      if (i % 1000 == 0)
        g_usleep (500);
    }

  return NULL;
}

static void
test_task_threads (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree NumberedTask *tasks = g_new0 (NumberedTask, POSTERS * POSTS);
  GThread *threads[POSTERS];
  Poster posters[POSTERS];

  n_tasks_run = 0;
  for (int i = 0; i < POSTERS; i++)
    {
      next_number[i] = 0;
      posters[i] = (Poster) { .poller = fixture->poller, .tasks = tasks + i * POSTS };
      for (int j = 0; j < POSTS; j++)
        posters[i].tasks[j] = (NumberedTask) { .task.func = on_numbered_task,
                                               .poster = i, .number = j };
    }

  for (int i = 0; i < POSTERS; i++)
    threads[i] = g_thread_new ("poster", post_many, &posters[i]);
  run_until (fixture, &n_tasks_run, POSTERS * POSTS, "a task");
  for (int i = 0; i < POSTERS; i++)
    g_thread_join (threads[i]);

  run_turns (fixture, 3);
  g_assert_cmpint (n_tasks_run, ==, POSTERS * POSTS);
}

typedef struct
{
  SmtpTask    task;
  SmtpPoller *poller;
  int         n_runs;
  int         n_wanted;
} CountingTask;

static void
on_counting_task (SmtpTask *task)
{
  CountingTask *self = (CountingTask *) task;

  if (g_atomic_int_add (&self->n_runs, 1) + 1 < self->n_wanted)
    smtp_poller_post (self->poller, task);
}

static void
test_task_repost (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  CountingTask task = { .task.func = on_counting_task, .poller = fixture->poller, .n_wanted = 10 };

  /* Posted twice before it ran is posted once. */
  smtp_poller_post (fixture->poller, &task.task);
  smtp_poller_post (fixture->poller, &task.task);

  for (int i = 1; i <= 10; i++)
    {
      g_main_context_iteration (fixture->context, TRUE);
      g_assert_cmpint (task.n_runs, ==, i);
    }
  run_turns (fixture, 3);
  g_assert_cmpint (task.n_runs, ==, 10);
}

typedef struct
{
  SmtpTask    task;
  SmtpPoller *poller;
  GAsyncQueue *echo;
} PingTask;

static void
on_ping (SmtpTask *task)
{
  g_async_queue_push (((PingTask *) task)->echo, GINT_TO_POINTER (1));
}

static gpointer
ping_many (gpointer data)
{
  PingTask *ping = data;

  /* One at a time: each finds the loop asleep, or about to be. */
  for (int i = 0; i < 5000; i++)
    {
      smtp_poller_post (ping->poller, &ping->task);
      if (g_async_queue_timeout_pop (ping->echo, 10 * G_USEC_PER_SEC) == NULL)
        g_error ("A wake-up was lost after %d", i);
    }

  return NULL;
}

static gboolean
on_quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gpointer
run_loop (gpointer loop)
{
  g_main_context_push_thread_default (g_main_loop_get_context (loop));
  g_main_loop_run (loop);
  g_main_context_pop_thread_default (g_main_loop_get_context (loop));

  return NULL;
}

/* The loop runs in a thread of its own, on a context that is not the default one. */
static void
test_task_wake (Fixture       *fixture,
                gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (fixture->context, FALSE);
  g_autoptr (GAsyncQueue) echo = g_async_queue_new ();
  PingTask ping = { .task.func = on_ping, .poller = fixture->poller, .echo = echo };
  GThread *thread = g_thread_new ("loop", run_loop, loop);

  ping_many (&ping);
  g_main_context_invoke (fixture->context, on_quit, loop);
  g_thread_join (thread);
}

static void
on_last_task (SmtpTask *task)
{
  CountingTask *self = (CountingTask *) task;

  self->n_runs++;
  smtp_poller_unref (self->poller);
}

static void
test_task_destroyed (Fixture       *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  CountingTask task = { .task.func = on_counting_task, .poller = fixture->poller, .n_wanted = 2 };
  CountingTask last = { .task.func = on_last_task, .poller = fixture->poller };

  /* Behind the one that frees the poller: it runs all the same, to let go of what it
   * holds, and cannot be posted any more. */
  g_assert_true (smtp_poller_post (fixture->poller, &last.task));
  g_assert_true (smtp_poller_post (fixture->poller, &task.task));
  g_assert_false (smtp_poller_post (fixture->poller, &task.task));
  run_until (fixture, &last.n_runs, 1, "the last task");
  run_turns (fixture, 3);
  g_assert_cmpint (task.n_runs, ==, 1);
  g_assert_false (task.task.posted);

  fixture->poller = smtp_poller_new (fixture->context);
  smtp_poller_destroy (fixture->poller);
  smtp_poller_destroy (fixture->poller);
  g_assert_false (smtp_poller_post (fixture->poller, &task.task));
  g_assert_false (task.task.posted);
}

static void
on_borrowing_task (SmtpTask *task)
{
  CountingTask *self = (CountingTask *) task;

  self->n_runs++;
  smtp_poller_unref (smtp_poller_ref (self->poller));
}

/* A task that runs because the last reference was dropped may still use the poller. */
static void
test_task_unref (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  CountingTask first = { .task.func = on_borrowing_task, .poller = fixture->poller };
  CountingTask second = { .task.func = on_borrowing_task, .poller = fixture->poller };

  smtp_poller_post (fixture->poller, &first.task);
  smtp_poller_post (fixture->poller, &second.task);
  g_clear_pointer (&fixture->poller, smtp_poller_unref);
  g_assert_cmpint (first.n_runs, ==, 1);
  g_assert_cmpint (second.n_runs, ==, 1);
  fixture->poller = smtp_poller_new (fixture->context);
}

/* Watches */

typedef struct
{
  SmtpWatch       watch;
  Fixture        *fixture;
  int             fds[2];     /* watched, peer */
  SmtpPollEvents  events;     /* all that were told */
  int             n_calls;
  int             requeues;   /* so often */
  gboolean        reads;
} Pair;

static void
on_pair (SmtpWatch      *watch,
         SmtpPollEvents  events)
{
  Pair *self = (Pair *) watch;
  char buffer[64];

  self->events |= events;
  self->n_calls++;
  if (self->reads)
    (void) !recv (self->fds[0], buffer, sizeof buffer, MSG_DONTWAIT);
  if (self->requeues > 0)
    {
      self->requeues--;
      smtp_poller_requeue (self->fixture->poller, watch);
    }
}

static void
pair_open (Pair           *self,
           Fixture        *fixture,
           SmtpPollEvents  events)
{
  g_autoptr (GError) error = NULL;

  if (self->watch.func == NULL)
    self->watch.func = on_pair;
  self->fixture = fixture;
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->fds));
  smtp_poller_watch (fixture->poller, &self->watch, self->fds[0], events, &error);
  g_assert_no_error (error);
}

static void
pair_close (Pair *self)
{
  smtp_poller_unwatch (self->fixture->poller, &self->watch);
  close (self->fds[0]);
  if (self->fds[1] >= 0)
    close (self->fds[1]);
}

static void
pair_poke (Pair *self)
{
  g_assert_cmpint (send (self->fds[1], "x", 1, MSG_NOSIGNAL), ==, 1);
}

static void
test_watch_level (Fixture       *fixture,
                  gconstpointer  data G_GNUC_UNUSED)
{
  Pair pair = { 0 };

  pair_open (&pair, fixture, SMTP_POLL_IN);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 0);

  /* Told until it is read. */
  pair_poke (&pair);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 3);
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_IN);

  smtp_poller_rewatch (fixture->poller, &pair.watch, 0);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 3);

  smtp_poller_rewatch (fixture->poller, &pair.watch, SMTP_POLL_IN | SMTP_POLL_OUT);
  pair.reads = TRUE;
  run_turns (fixture, 1);
  g_assert_cmpint (pair.n_calls, ==, 4);
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_IN | SMTP_POLL_OUT);

  smtp_poller_unwatch (fixture->poller, &pair.watch);
  smtp_poller_unwatch (fixture->poller, &pair.watch);
  pair_poke (&pair);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 4);
  pair_close (&pair);
}

static void
test_watch_edge (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  Pair pair = { 0 };

  pair_open (&pair, fixture, SMTP_POLL_IN | SMTP_POLL_OUT | SMTP_POLL_RDHUP | SMTP_POLL_EDGE);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 1);
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_OUT);

  pair_poke (&pair);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 2);
  pair_poke (&pair);
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 3);
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_IN | SMTP_POLL_OUT);

  g_assert_no_errno (shutdown (pair.fds[1], SHUT_WR));
  run_turns (fixture, 3);
  g_assert_cmpint (pair.n_calls, ==, 4);
  g_assert_true (pair.events & SMTP_POLL_RDHUP);
  g_assert_false (pair.events & SMTP_POLL_HANGUP);

  close (pair.fds[1]);
  pair.fds[1] = -1;
  run_turns (fixture, 3);
  g_assert_true (pair.events & SMTP_POLL_HANGUP);
  pair_close (&pair);
}

static void
test_watch_errors (Fixture       *fixture,
                   gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  Pair pair = { .watch.func = on_pair };
  int fd = g_file_open_tmp (NULL, &name, NULL);

  g_assert_false (smtp_poller_watch (fixture->poller, &pair.watch, fd, SMTP_POLL_IN, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (pair.watch.watched);
  g_clear_error (&error);
  close (fd);
  unlink (name);

  g_assert_false (smtp_poller_watch (fixture->poller, &pair.watch, fd, SMTP_POLL_IN, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  smtp_poller_destroy (fixture->poller);
  g_assert_false (smtp_poller_watch (fixture->poller, &pair.watch, -1, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_watch_no_epoll (Fixture       *fixture,
                     gconstpointer  data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) log = g_string_new (NULL);
  LoggingTimer timer = logging_timer (fixture, log, 't');
  CountingTask task = { .task.func = on_counting_task, .poller = fixture->poller, .n_wanted = 1 };
  Pair pair = { .watch.func = on_pair, .fixture = fixture };

  smtp_poller_disable_epoll (fixture->poller);
  smtp_poller_disable_epoll (fixture->poller);
  g_assert_false (smtp_poller_watch (fixture->poller, &pair.watch, 0, SMTP_POLL_IN, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  /* All the rest works. */
  g_assert_true (smtp_poller_watch (fixture->poller, &pair.watch, -1, 0, NULL));
  smtp_poller_requeue (fixture->poller, &pair.watch);
  smtp_poller_post (fixture->poller, &task.task);
  smtp_poller_arm (fixture->poller, &timer.timer, g_get_monotonic_time () + 1000);
  run_until (fixture, &timer.fired, 1, "the timer");
  g_assert_cmpint (task.n_runs, ==, 1);
  g_assert_cmpint (pair.n_calls, ==, 1);
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_QUEUED);
  smtp_poller_unwatch (fixture->poller, &pair.watch);
}

#define MANY_PAIRS 300

/* More than one batch: all are told, in more than one turn. */
static void
test_watch_many (Fixture       *fixture,
                 gconstpointer  data G_GNUC_UNUSED)
{
  g_autofree Pair *pairs = g_new0 (Pair, MANY_PAIRS);
  int n_told = 0;

  for (int i = 0; i < MANY_PAIRS; i++)
    {
      pair_open (&pairs[i], fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
      pair_poke (&pairs[i]);
    }

  run_turns (fixture, 1);
  for (int i = 0; i < MANY_PAIRS; i++)
    n_told += pairs[i].n_calls;
  g_assert_cmpint (n_told, >, 0);
  g_assert_cmpint (n_told, <, MANY_PAIRS);

  run_turns (fixture, 2);
  for (int i = 0; i < MANY_PAIRS; i++)
    {
      g_assert_cmpint (pairs[i].n_calls, ==, 1);
      pair_close (&pairs[i]);
    }
}

#define BATCH_PAIRS 20

static Pair *batch[BATCH_PAIRS];
static int n_batch_calls;

/* Frees all there are, itself too. */
static void
on_freeing_pair (SmtpWatch      *watch G_GNUC_UNUSED,
                 SmtpPollEvents  events G_GNUC_UNUSED)
{
  n_batch_calls++;
  for (int i = 0; i < BATCH_PAIRS; i++)
    {
      pair_close (batch[i]);
      g_clear_pointer (&batch[i], g_free);
    }
}

static void
batch_open (Fixture  *fixture,
            gboolean  queued)
{
  n_batch_calls = 0;
  for (int i = 0; i < BATCH_PAIRS; i++)
    {
      batch[i] = g_new0 (Pair, 1);
      batch[i]->watch.func = on_freeing_pair;
      pair_open (batch[i], fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
      if (queued)
        smtp_poller_requeue (fixture->poller, &batch[i]->watch);
      else
        pair_poke (batch[i]);
    }
}

static void
test_watch_free_in_batch (Fixture       *fixture,
                          gconstpointer  data G_GNUC_UNUSED)
{
  batch_open (fixture, FALSE);
  run_turns (fixture, 4);
  g_assert_cmpint (n_batch_calls, ==, 1);

  batch_open (fixture, TRUE);
  run_turns (fixture, 4);
  g_assert_cmpint (n_batch_calls, ==, 1);
}

typedef struct
{
  Pair  pair;
  Pair *other;
} RemovingPair;

static void
on_removing_pair (SmtpWatch      *watch,
                  SmtpPollEvents  events)
{
  RemovingPair *self = (RemovingPair *) watch;

  on_pair (watch, events);

  /* Gone, and back with the same address: the old event is not told to the new one. */
  smtp_poller_unwatch (self->pair.fixture->poller, &self->other->watch);
  smtp_poller_watch (self->pair.fixture->poller, &self->other->watch, -1, 0, NULL);
}

static void
test_watch_remove_in_batch (Fixture       *fixture,
                            gconstpointer  data G_GNUC_UNUSED)
{
  RemovingPair a = { .pair.watch.func = on_removing_pair };
  RemovingPair b = { .pair.watch.func = on_removing_pair };

  a.other = &b.pair;
  b.other = &a.pair;
  pair_open (&a.pair, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_open (&b.pair, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_poke (&a.pair);
  pair_poke (&b.pair);
  run_turns (fixture, 4);
  g_assert_cmpint (a.pair.n_calls + b.pair.n_calls, ==, 1);
  pair_close (&a.pair);
  pair_close (&b.pair);
}

/* Requeueing */

static gboolean
on_other_source (gpointer data)
{
  (*(int *) data)++;
  return G_SOURCE_CONTINUE;
}

static void
test_requeue_fairness (Fixture       *fixture,
                       gconstpointer  data G_GNUC_UNUSED)
{
  GSource *other = g_idle_source_new ();
  Pair busy = { .requeues = 1000 };
  Pair also = { .requeues = 1000 };
  Pair quiet = { .reads = TRUE };
  int n_other = 0;

  g_source_set_priority (other, G_PRIORITY_DEFAULT);
  g_source_set_callback (other, on_other_source, &n_other, NULL);
  g_source_attach (other, fixture->context);

  pair_open (&busy, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_open (&also, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_open (&quiet, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  smtp_poller_requeue (fixture->poller, &busy.watch);
  smtp_poller_requeue (fixture->poller, &also.watch);
  smtp_poller_requeue (fixture->poller, &also.watch);

  for (int i = 1; i <= 1000; i++)
    {
      pair_poke (&quiet);
      g_main_context_iteration (fixture->context, TRUE);
      /* Once each in every turn, and nobody in the way of anybody. */
      g_assert_cmpint (busy.n_calls, ==, i);
      g_assert_cmpint (also.n_calls, ==, i);
      g_assert_cmpint (quiet.n_calls, ==, i);
      g_assert_cmpint (n_other, ==, i);
    }

  g_source_destroy (other);
  g_source_unref (other);
  pair_close (&busy);
  pair_close (&also);
  pair_close (&quiet);
}

/* With nothing else that is ready the loop does not sleep over a requeued watch. */
static void
test_requeue_at_once (Fixture       *fixture,
                      gconstpointer  data G_GNUC_UNUSED)
{
  Pair pair = { .requeues = 10 };
  Pair gone = { 0 };

  pair_open (&pair, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_open (&gone, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  smtp_poller_requeue (fixture->poller, &gone.watch);
  smtp_poller_unwatch (fixture->poller, &gone.watch);
  smtp_poller_requeue (fixture->poller, &pair.watch);
  run_until (fixture, &pair.n_calls, 11, "a requeued watch");
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_QUEUED);
  g_assert_cmpint (gone.n_calls, ==, 0);
  pair_close (&pair);
  pair_close (&gone);
}

/* A loop inside a callback */

typedef struct
{
  SmtpTask  task;
  Fixture  *fixture;
  Pair     *pair;
  int       n_runs;
  guint     n_turns;
  int       n_calls;   /* of the pair, when the inner loop was over */
} NestingTask;

static gboolean
on_time_over (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_nested_again (SmtpTask *task)
{
  ((NestingTask *) task)->n_runs++;
}

static void
on_nesting_task (SmtpTask *task)
{
  NestingTask *self = (NestingTask *) task;
  GSource *source = g_timeout_source_new (50);
  gboolean over = FALSE;

  g_source_set_callback (source, on_time_over, &over, NULL);
  g_source_attach (source, self->fixture->context);

  pair_poke (self->pair);
  smtp_poller_requeue (self->fixture->poller, &self->pair->watch);
  smtp_poller_post (self->fixture->poller, task);
  while (!over)
    {
      g_main_context_iteration (self->fixture->context, TRUE);
      self->n_turns++;
    }

  self->n_calls = self->pair->n_calls;
  self->n_runs++;
  task->func = on_nested_again;
  g_source_unref (source);
}

static void
test_nested (Fixture       *fixture,
             gconstpointer  data G_GNUC_UNUSED)
{
  Pair pair = { .reads = TRUE };
  NestingTask task = { .task.func = on_nesting_task, .fixture = fixture, .pair = &pair };
  CountingTask after = { .task.func = on_counting_task, .poller = fixture->poller, .n_wanted = 1 };

  pair_open (&pair, fixture, SMTP_POLL_IN);
  smtp_poller_post (fixture->poller, &task.task);
  run_until (fixture, &task.n_runs, 1, "the end of the inner loop");

  /* Nothing was called inside it, and it slept all the same. */
  g_assert_cmpint (task.n_calls, ==, 0);
  g_assert_cmpuint (task.n_turns, <, 10);

  /* Nor was anything lost. */
  smtp_poller_post (fixture->poller, &after.task);
  run_until (fixture, &after.n_runs, 1, "a task");
  g_assert_cmpint (task.n_runs, ==, 2);
  run_until (fixture, &pair.n_calls, 2, "event and requeueing");
  g_assert_cmpuint (pair.events, ==, SMTP_POLL_IN | SMTP_POLL_QUEUED);
  pair_poke (&pair);
  run_until (fixture, &pair.n_calls, 3, "another event");
  pair_close (&pair);
}

/* Destroying */

typedef struct
{
  SmtpTimer   timer;
  SmtpTask    task;
  Pair        event;
  Pair        queued;
  SmtpPoller *poller;   /* NULL: gone */
  gboolean    last;     /* drops the last reference instead */
  int         n_calls;
} Doom;

static Doom doom;

static void
doom_call (void)
{
  doom.n_calls++;
  g_assert_nonnull (doom.poller);
  if (!doom.last)
    smtp_poller_destroy (doom.poller);
  else
    smtp_poller_unref (doom.poller);
  doom.poller = NULL;
}

static void
on_doom_timer (SmtpTimer *timer G_GNUC_UNUSED)
{
  doom_call ();
}

static void
on_doom_task (SmtpTask *task G_GNUC_UNUSED)
{
  doom_call ();
}

static void
on_doom_watch (SmtpWatch      *watch G_GNUC_UNUSED,
               SmtpPollEvents  events G_GNUC_UNUSED)
{
  doom_call ();
}

/* In each kind of callback in turn (that is the first one in its turn of the loop), while
 * all the later kinds are waiting. */
static void
doom_run (Fixture *fixture,
          int      first,
          gboolean last)
{
  doom = (Doom) { .poller = fixture->poller, .last = last };

  doom.timer.func = on_doom_timer;
  doom.task.func = on_doom_task;
  doom.event.watch.func = on_doom_watch;
  doom.queued.watch.func = on_doom_watch;
  pair_open (&doom.event, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);
  pair_open (&doom.queued, fixture, SMTP_POLL_IN | SMTP_POLL_EDGE);

  if (first <= 0)
    smtp_poller_post (doom.poller, &doom.task);
  if (first <= 1)
    smtp_poller_arm (doom.poller, &doom.timer, 1);
  if (first <= 2)
    pair_poke (&doom.event);
  if (first <= 3)
    smtp_poller_requeue (doom.poller, &doom.queued.watch);

  run_turns (fixture, 4);
  g_assert_cmpint (doom.n_calls, ==, 1);
  g_assert_cmpuint (doom.timer.index, ==, 0);
  g_assert_false (doom.queued.watch.queued);
}

static void
test_destroy (Fixture       *fixture,
              gconstpointer  data)
{
  gboolean last = GPOINTER_TO_INT (data);

  for (int first = 0; first <= 3; first++)
    {
      doom_run (fixture, first, last);
      if (last)
        {
          /* Its watches went with it. */
          fixture->poller = smtp_poller_new (fixture->context);
          doom.event.watch.watched = FALSE;
          doom.queued.watch.watched = FALSE;
        }

      pair_close (&doom.event);
      pair_close (&doom.queued);
      if (!last)
        {
          smtp_poller_arm (fixture->poller, &doom.timer, 1);
          g_assert_cmpuint (doom.timer.index, ==, 0);
          smtp_poller_unref (fixture->poller);
          fixture->poller = smtp_poller_new (fixture->context);
        }
    }
}

#define add(path, func) \
  g_test_add ("/transport/poller/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/poller/timer/heap", test_timer_heap);
  add ("timer/order", test_timer_order);
  add ("timer/rearm", test_timer_rearm);
  add ("timer/disarm", test_timer_disarm);
  add ("timer/past", test_timer_past);
  add ("timer/many", test_timer_many);
  add ("scratch", test_scratch);
  add ("task/threads", test_task_threads);
  add ("task/repost", test_task_repost);
  add ("task/wake", test_task_wake);
  add ("task/destroyed", test_task_destroyed);
  add ("task/unref", test_task_unref);
  add ("watch/level", test_watch_level);
  add ("watch/edge", test_watch_edge);
  add ("watch/errors", test_watch_errors);
  add ("watch/no-epoll", test_watch_no_epoll);
  add ("watch/many", test_watch_many);
  add ("watch/free-in-batch", test_watch_free_in_batch);
  add ("watch/remove-in-batch", test_watch_remove_in_batch);
  add ("requeue/fairness", test_requeue_fairness);
  add ("requeue/at-once", test_requeue_at_once);
  add ("nested", test_nested);
  g_test_add ("/transport/poller/destroy/in-callback", Fixture, GINT_TO_POINTER (FALSE),
              fixture_set_up, test_destroy, fixture_tear_down);
  g_test_add ("/transport/poller/destroy/last-reference", Fixture, GINT_TO_POINTER (TRUE),
              fixture_set_up, test_destroy, fixture_tear_down);

  return g_test_run ();
}
