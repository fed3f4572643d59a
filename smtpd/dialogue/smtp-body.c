/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-body.h"

#include "smtp-buffer-pool.h"
#include "smtp-mapped-stream.h"
#include "smtp-server-private.h"
#include "smtp-spool-stream.h"

/* A stream is given so much at a time: handing it to another thread costs, too. */
#define WRITE_SIZE (256 * 1024)

struct _SmtpBody
{
  gatomicrefcount ref_count;   /* the owner's, and that of a write or close under way */

  SmtpBodyFunc func;
  gpointer owner;              /* NULL: nobody cares any more */
  GMainContext *context;

  guint64 size;                /* what arrived, kept or not */
  guint64 limit;               /* 0: none */
  gsize threshold;             /* what memory may hold */
  char *directory;

  SmtpBuffer *pending;         /* what has arrived since the last write */
  SmtpBuffer *writing;         /* what the stream is given now */
  SmtpBuffer *spare;           /* the memory of the write before, perhaps NULL */
  GOutputStream *stream;
  GCancellable *cancellable;
  GBytes *content;
  GError *error;

  guint busy : 1;
  guint ending : 1;
  guint closed : 1;            /* the stream knows how it ended */
};

static void write_pending (SmtpBody *self);

SmtpBody *
smtp_body_new (SmtpServer    *server,
               GOutputStream *stream,
               SmtpBodyFunc   func,
               gpointer       owner)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);
  SmtpBody *self = g_new0 (SmtpBody, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->owner = owner;
  self->context = g_main_context_ref (smtp_poller_get_context (smtp_server_get_poller (server)));
  self->limit = config->data_size_limit;
  self->threshold = config->spool_threshold;
  self->directory = g_strdup (config->spool_directory);
  g_set_object (&self->stream, stream);
  self->pending = smtp_buffer_new (smtp_server_get_buffers (server));

  return self;
}

static void
smtp_body_unref (SmtpBody *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->pending, smtp_buffer_free);
  g_clear_pointer (&self->writing, smtp_buffer_free);
  g_clear_pointer (&self->spare, smtp_buffer_free);
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_error (&self->error);
  g_main_context_unref (self->context);
  g_free (self->directory);
  g_free (self);
}

/* Answers come to the thread-default context, which must be that of the dialogue. */
static SmtpBody *
begin_async (SmtpBody *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  self->busy = TRUE;
  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static void
end_async (SmtpBody *self)
{
  g_main_context_pop_thread_default (self->context);
}

/* The end of a stream */

static void
on_aborted (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, NULL);
  smtp_body_unref (data);
}

/* Closing with a cancellable that has fired is how GIO says "leave it undone": a file that was
 * to be replaced stays as it was. */
static void
abort_stream (SmtpBody *self)
{
  if (self->stream == NULL || self->closed)
    return;

  self->closed = TRUE;
  begin_async (self);
  g_cancellable_cancel (self->cancellable);
  g_output_stream_close_async (self->stream, G_PRIORITY_DEFAULT, self->cancellable, on_aborted, self);
  end_async (self);
  self->busy = FALSE;
}

static void
fail (SmtpBody *self,
      GError   *error)
{
  self->error = error;
  g_clear_pointer (&self->pending, smtp_buffer_free);
  abort_stream (self);
}

static void
tell_owner (SmtpBody *self)
{
  if (self->owner != NULL)
    self->func (self->owner);
}

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  SmtpBody *self = data;
  GError *error = NULL;

  if (g_output_stream_close_finish (self->stream, result, &error) && SMTP_IS_MAPPED_STREAM (self->stream))
    self->content = smtp_mapped_stream_map (SMTP_MAPPED_STREAM (self->stream), &error);
  self->error = error;

  self->busy = FALSE;
  tell_owner (self);
  smtp_body_unref (self);
}

static void
close_stream (SmtpBody *self)
{
  self->closed = TRUE;
  begin_async (self);
  g_output_stream_close_async (self->stream, G_PRIORITY_DEFAULT, self->cancellable, on_closed, self);
  end_async (self);
}

/* Writing */

static gboolean
is_due (SmtpBody *self)
{
  if (self->pending == NULL)
    return FALSE;

  if (self->stream == NULL)
    return self->pending->length > self->threshold;

  return self->pending->length >= WRITE_SIZE;
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  SmtpBody *self = data;
  GError *error = NULL;

  self->spare = g_steal_pointer (&self->writing);
  smtp_buffer_clear (self->spare);
  self->busy = FALSE;

  if (!g_output_stream_write_all_finish (self->stream, result, NULL, &error))
    fail (self, error);
  else if (self->owner == NULL)
    abort_stream (self);
  else if (self->ending || is_due (self))
    write_pending (self);

  /* At the end it waits for the stream to be closed. */
  if (!self->busy || !self->ending)
    tell_owner (self);
  smtp_body_unref (self);
}

/* What is pending goes to the stream; when all is there, and no more will come, it is closed. */
static void
write_pending (SmtpBody *self)
{
  if (self->pending->length == 0)
    {
      close_stream (self);
      return;
    }

  self->writing = g_steal_pointer (&self->pending);
  self->pending = self->spare != NULL ? g_steal_pointer (&self->spare) : smtp_buffer_new (self->writing->pool);
  begin_async (self);
  g_output_stream_write_all_async (self->stream, self->writing->data, self->writing->length,
                                   G_PRIORITY_DEFAULT, self->cancellable, on_written, self);
  end_async (self);
}

void
smtp_body_append (SmtpBody     *self,
                  const guint8 *data,
                  gsize         size)
{
  self->size += size;

  if (smtp_body_is_too_big (self))
    {
      g_clear_pointer (&self->pending, smtp_buffer_free);
      if (!self->busy)
        abort_stream (self);
    }

  if (self->pending == NULL)
    return;

  smtp_buffer_append (self->pending, data, size);
  if (self->busy || !is_due (self))
    return;

  if (self->stream == NULL)
    self->stream = smtp_spool_stream_new (self->directory);
  write_pending (self);
}

gboolean
smtp_body_is_full (SmtpBody *self)
{
  return self->busy && is_due (self);
}

gboolean
smtp_body_end (SmtpBody *self)
{
  self->ending = TRUE;

  if (self->pending == NULL)
    return !self->busy;

  if (self->stream == NULL)
    {
      self->content = smtp_buffer_free_to_bytes (g_steal_pointer (&self->pending));
      return TRUE;
    }

  if (!self->busy)
    write_pending (self);

  return !self->busy;
}

void
smtp_body_free (SmtpBody *self)
{
  self->owner = NULL;
  g_clear_pointer (&self->pending, smtp_buffer_free);

  if (self->cancellable != NULL && self->busy)
    g_cancellable_cancel (self->cancellable);
  else
    abort_stream (self);

  smtp_body_unref (self);
}

guint64
smtp_body_get_size (SmtpBody *self)
{
  return self->size;
}

gboolean
smtp_body_is_too_big (SmtpBody *self)
{
  return self->limit != 0 && self->size > self->limit;
}

gboolean
smtp_body_is_hopeless (SmtpBody *self)
{
  return smtp_body_is_too_big (self) && self->size - self->limit > self->limit;
}

const GError *
smtp_body_get_error (SmtpBody *self)
{
  return self->error;
}

GBytes *
smtp_body_get_content (SmtpBody *self)
{
  return self->content;
}
