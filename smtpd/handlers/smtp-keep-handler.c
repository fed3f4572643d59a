/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-keep-handler.h"

#include "smtp-error.h"

struct _SmtpKeepHandler
{
  SmtpHandler parent_instance;

  GMutex     lock;
  GCond      changed;
  GPtrArray *kept;      /* SmtpEnvelope */
  guint      n_given;   /* to those who wanted the next one */
  GQueue     waiters;   /* Waiter, who came first first */
};

/* Somebody who does not block. In the queue, or done with. */
typedef struct
{
  GTask     *task;
  guint      wanted;
  guint      milliseconds;
  GSource   *end;
  GPtrArray *result;
} Waiter;

G_DEFINE_FINAL_TYPE (SmtpKeepHandler, smtp_keep_handler, SMTP_TYPE_HANDLER)

/* Under the lock. */
static GPtrArray *
take (SmtpKeepHandler *self,
      guint            wanted)
{
  guint n_needed = wanted == SMTP_KEEP_NEXT ? self->n_given + 1 : wanted;
  guint begin = wanted == SMTP_KEEP_NEXT ? self->n_given : 0;
  guint end = wanted == SMTP_KEEP_NEXT ? n_needed : self->kept->len;
  GPtrArray *result;

  if (self->kept->len < n_needed)
    return NULL;

  result = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = begin; i < end; i++)
    g_ptr_array_add (result, g_object_ref (g_ptr_array_index (self->kept, i)));
  if (wanted == SMTP_KEEP_NEXT)
    self->n_given++;

  return result;
}

/* Those who wait */

static void
waiter_finish (gpointer data)
{
  Waiter *self = data;

  g_source_destroy (self->end);
  g_source_unref (self->end);
  if (self->result != NULL)
    g_task_return_pointer (self->task, self->result, (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (self->task);
  g_free (self);
}

static gboolean
on_served (gpointer data)
{
  waiter_finish (data);

  return G_SOURCE_REMOVE;
}

/* Who is told may do anything, and wait for more: not from inside the server. */
static void
tell_waiter (gpointer data)
{
  Waiter *self = data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_served, self, NULL);
  g_source_attach (source, g_task_get_context (self->task));
}

/* Under the lock. Who has got what he wanted is taken off the queue. */
static void
serve_waiters (SmtpKeepHandler *self,
               GQueue          *served)
{
  GList *link = self->waiters.head;

  while (link != NULL)
    {
      GList *next = link->next;
      Waiter *waiter = link->data;

      waiter->result = take (self, waiter->wanted);
      if (waiter->result != NULL)
        {
          g_queue_unlink (&self->waiters, link);
          g_queue_push_tail_link (served, link);
        }
      link = next;
    }
}

static Waiter *
remove_waiter (SmtpKeepHandler *self,
               GTask           *task)
{
  Waiter *found = NULL;

  g_mutex_lock (&self->lock);
  for (GList *link = self->waiters.head; link != NULL && found == NULL; link = link->next)
    {
      if (((Waiter *) link->data)->task == task)
        {
          found = link->data;
          g_queue_delete_link (&self->waiters, link);
          break;
        }
    }
  g_mutex_unlock (&self->lock);

  return found;
}

/* The time is over, or the cancellable has fired. */
static gboolean
on_end (gpointer data)
{
  GTask *task = data;
  SmtpKeepHandler *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiter *waiter = remove_waiter (self, task);

  /* NULL: a message came first. */
  if (waiter == NULL)
    return G_SOURCE_REMOVE;

  if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The wait was cancelled");
  else
    g_task_return_error (task, smtp_keep_handler_make_error (self, waiter->wanted, waiter->milliseconds));
  waiter_finish (waiter);

  return G_SOURCE_REMOVE;
}

static GSource *
make_end (GTask *task,
          guint  milliseconds)
{
  GSource *source = g_timeout_source_new (milliseconds);

  if (g_task_get_cancellable (task) != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (g_task_get_cancellable (task));

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }

  return source;
}

/* What the catcher asks for */

GPtrArray *
smtp_keep_handler_take (SmtpKeepHandler *self,
                        guint            wanted)
{
  GPtrArray *result;

  g_mutex_lock (&self->lock);
  result = take (self, wanted);
  g_mutex_unlock (&self->lock);

  return result;
}

GPtrArray *
smtp_keep_handler_wait (SmtpKeepHandler *self,
                        guint            wanted,
                        gint64           end)
{
  gboolean in_time = TRUE;
  GPtrArray *result;

  g_mutex_lock (&self->lock);
  while ((result = take (self, wanted)) == NULL && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  g_mutex_unlock (&self->lock);

  return result;
}

void
smtp_keep_handler_wait_async (SmtpKeepHandler *self,
                              guint            wanted,
                              guint            milliseconds,
                              GTask           *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  gboolean served;

  /* What was taken must be given, whatever has happened meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_object_ref (self), g_object_unref);
  *waiter = (Waiter) { g_object_ref (task), wanted, milliseconds, make_end (task, milliseconds), NULL };

  g_mutex_lock (&self->lock);
  waiter->result = take (self, wanted);
  served = waiter->result != NULL;
  if (!served)
    {
      g_queue_push_tail (&self->waiters, waiter);
      g_task_attach_source (task, waiter->end, on_end);
    }
  g_mutex_unlock (&self->lock);

  if (served)
    tell_waiter (waiter);
}

GError *
smtp_keep_handler_make_error (SmtpKeepHandler *self,
                              guint            wanted,
                              guint            milliseconds)
{
  guint n_kept;

  g_mutex_lock (&self->lock);
  n_kept = self->kept->len;
  g_mutex_unlock (&self->lock);

  if (wanted == SMTP_KEEP_NEXT)
    return g_error_new (SMTP_ERROR, SMTP_ERROR_TIMED_OUT,
                        "No further message has come in %u ms; there are %u in all", milliseconds, n_kept);

  return g_error_new (SMTP_ERROR, SMTP_ERROR_TIMED_OUT,
                      "Of %u messages, %u have come in %u ms", wanted, n_kept, milliseconds);
}

void
smtp_keep_handler_clear (SmtpKeepHandler *self)
{
  g_autoptr (GPtrArray) old = NULL;

  g_mutex_lock (&self->lock);
  old = g_steal_pointer (&self->kept);
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->n_given = 0;
  g_mutex_unlock (&self->lock);
}

/* The handler */

static void
smtp_keep_handler_handle_data (SmtpHandler  *handler,
                               SmtpServer   *server,
                               SmtpSession  *session,
                               SmtpEnvelope *envelope,
                               SmtpRequest  *request)
{
  SmtpKeepHandler *self = SMTP_KEEP_HANDLER (handler);
  GQueue served = G_QUEUE_INIT;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->kept, g_object_ref (envelope));
  serve_waiters (self, &served);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);

  smtp_request_reply (request, 250, "2.0.0 Caught");
  g_queue_clear_full (&served, tell_waiter);
}

static void
smtp_keep_handler_finalize (GObject *object)
{
  SmtpKeepHandler *self = SMTP_KEEP_HANDLER (object);

  /* Nobody waits: tasks have a reference. */
  g_ptr_array_unref (self->kept);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (smtp_keep_handler_parent_class)->finalize (object);
}

static void
smtp_keep_handler_class_init (SmtpKeepHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_keep_handler_finalize;
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_keep_handler_handle_data;
}

static void
smtp_keep_handler_init (SmtpKeepHandler *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->waiters);
}
