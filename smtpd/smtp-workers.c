/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-workers.h"

/* Enough for a disk to have something to choose from; few enough for a burst of
 * messages to cost neither memory nor fairness. */
#define MAX_THREADS 4

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

void
smtp_workers_run (SmtpWorkerFunc func,
                  gpointer       data)
{
  g_autoptr (GError) error = NULL;
  Work *work = g_new (Work, 1);

  work->func = func;
  work->data = data;

  /* It is in the queue in any case: without a new thread it waits for one that is
   * there, or for the next try. */
  if (!g_thread_pool_push (get_pool (), work, &error))
    g_warning ("No new worker thread: %s", error->message);
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
