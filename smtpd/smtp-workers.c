/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-workers.h"

/* Enough for a disk to have something to choose from; few enough for a burst of
 * messages to cost neither memory nor fairness. */
#define MAX_THREADS 4

/* When there can be no thread, how many milliseconds until the next try. */
#define PAUSE 100

typedef struct
{
  SmtpWorkerFunc func;
  gpointer data;
} Work;

static void
run_work (gpointer data,
          gpointer user_data)
{
  g_autofree Work *work = data;

  work->func (work->data);
}

/* Not exclusive: GLib lends its threads, and ends those that are idle for long. */
static GThreadPool *
get_pool (void)
{
  static gsize pool = 0;

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool, (gsize) g_thread_pool_new (run_work, NULL, MAX_THREADS, FALSE, NULL));

  return (GThreadPool *) pool;
}

/* To set what is set already makes threads for all that is in the queue. */
static gboolean
try_again (gpointer data)
{
  return g_thread_pool_set_max_threads (get_pool (), MAX_THREADS, NULL) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* While others are at work they come to it. */
static void
try_again_later (void)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GSource) source = g_timeout_source_new (PAUSE);

  g_source_set_callback (source, try_again, NULL, NULL);
  g_source_attach (source, context);
}

void
smtp_workers_run (SmtpWorkerFunc func,
                  gpointer       data)
{
  g_autoptr (GError) error = NULL;
  Work *work = g_new (Work, 1);

  work->func = func;
  work->data = data;

  /* It is in the queue in any case. */
  if (g_thread_pool_push (get_pool (), work, &error))
    return;

  g_warning ("No new worker thread: %s", error->message);
  if (g_thread_pool_get_num_threads (get_pool ()) == 0)
    try_again_later ();
}

static gboolean
release (gpointer data)
{
  return G_SOURCE_REMOVE;
}

void
smtp_workers_release (SmtpRequest *request)
{
  SmtpSession *session = smtp_request_get_session (request);
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, release, request, g_object_unref);
  g_source_attach (source, smtp_session_get_main_context (session));
}
