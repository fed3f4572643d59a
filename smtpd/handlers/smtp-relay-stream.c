/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-stream.h"

#include "wire/smtp-dot-encoder.h"

struct _SmtpRelayStream
{
  GOutputStream parent_instance;

  SmtpUpstream *upstream;    /* NULL: what is written goes nowhere */
  GMainContext *context;
  SmtpDotEncoder encoder;

  GTask *writing;            /* NULL: nothing is */
  GSource *cancelled;        /* fires if it is to be given up */

  gboolean complete;
  gboolean spoilt;
};

G_DEFINE_FINAL_TYPE (SmtpRelayStream, smtp_relay_stream, G_TYPE_OUTPUT_STREAM)

static GTask *
take_writing (SmtpRelayStream *self)
{
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);

  return g_steal_pointer (&self->writing);
}

static void
return_written (GTask *task)
{
  g_task_return_int (task, GPOINTER_TO_SIZE (g_task_get_task_data (task)));
  g_object_unref (task);
}

void
smtp_relay_stream_detach (SmtpRelayStream *self)
{
  GTask *task = take_writing (self);

  g_clear_pointer (&self->upstream, smtp_upstream_unref);
  if (task != NULL)
    return_written (task);
}

/* Without its end, the message is none. */
static void
cut_off (SmtpRelayStream *self)
{
  if (self->upstream != NULL)
    smtp_upstream_close (self->upstream);
  smtp_relay_stream_detach (self);
}

/* Writing */

static void
on_taken (SmtpUpstream *upstream,
          gpointer      data)
{
  return_written (take_writing (data));
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  g_autoptr (SmtpRelayStream) self = g_object_ref (data);
  g_autoptr (GTask) task = take_writing (self);

  cut_off (self);
  g_task_return_error_if_cancelled (task);

  return G_SOURCE_REMOVE;
}

static void
wait_until_taken (SmtpRelayStream *self,
                  GTask           *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->writing = task;
  if (cancellable == NULL)
    return;

  self->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancelled, self->context);
}

/* TRUE if there is nothing to wait for. */
static gboolean
put (SmtpRelayStream *self,
     const guint8    *data,
     gsize            size)
{
  g_autoptr (GByteArray) text = NULL;

  if (self->upstream == NULL)
    return TRUE;

  text = g_byte_array_sized_new (size + size / 64);
  if (smtp_dot_encoder_feed (&self->encoder, data, size, text))
    return smtp_upstream_write (self->upstream, text, on_taken, self);

  self->spoilt = TRUE;
  cut_off (self);

  return TRUE;
}

static void
smtp_relay_stream_write_async (GOutputStream       *stream,
                               const void          *buffer,
                               gsize                count,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  SmtpRelayStream *self = SMTP_RELAY_STREAM (stream);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  count = MIN (count, G_MAXSSIZE);
  g_task_set_source_tag (task, smtp_relay_stream_write_async);
  g_task_set_task_data (task, GSIZE_TO_POINTER (count), NULL);

  if (put (self, buffer, count))
    return_written (task);
  else
    wait_until_taken (self, task);
}

static gssize
smtp_relay_stream_write_finish (GOutputStream  *stream,
                                GAsyncResult   *result,
                                GError        **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

/* The end */

static void
smtp_relay_stream_close_async (GOutputStream       *stream,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  SmtpRelayStream *self = SMTP_RELAY_STREAM (stream);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, smtp_relay_stream_close_async);
  if (g_task_return_error_if_cancelled (task))
    {
      cut_off (self);
      return;
    }

  self->complete = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gboolean
smtp_relay_stream_close_finish (GOutputStream  *stream,
                                GAsyncResult   *result,
                                GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
smtp_relay_stream_finalize (GObject *object)
{
  SmtpRelayStream *self = SMTP_RELAY_STREAM (object);

  smtp_relay_stream_detach (self);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (smtp_relay_stream_parent_class)->finalize (object);
}

static void
smtp_relay_stream_class_init (SmtpRelayStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = smtp_relay_stream_finalize;
  stream_class->write_async = smtp_relay_stream_write_async;
  stream_class->write_finish = smtp_relay_stream_write_finish;
  stream_class->close_async = smtp_relay_stream_close_async;
  stream_class->close_finish = smtp_relay_stream_close_finish;
}

static void
smtp_relay_stream_init (SmtpRelayStream *self)
{
  smtp_dot_encoder_init (&self->encoder);
}

SmtpRelayStream *
smtp_relay_stream_new (SmtpUpstream *upstream,
                       GMainContext *context,
                       GBytes       *front)
{
  SmtpRelayStream *self = g_object_new (SMTP_TYPE_RELAY_STREAM, NULL);
  g_autoptr (GByteArray) text = g_byte_array_new ();
  gsize size = 0;
  const guint8 *data = front != NULL ? g_bytes_get_data (front, &size) : NULL;

  self->upstream = smtp_upstream_ref (upstream);
  self->context = g_main_context_ref (context);
  if (smtp_dot_encoder_feed (&self->encoder, data, size, text))
    smtp_upstream_write (upstream, text, NULL, NULL);

  return self;
}

gboolean
smtp_relay_stream_is_complete (SmtpRelayStream *self)
{
  return self->complete;
}

gboolean
smtp_relay_stream_is_spoilt (SmtpRelayStream *self)
{
  return self->spoilt;
}

gboolean
smtp_relay_stream_finish (SmtpRelayStream  *self,
                          SmtpUpstreamFunc  func,
                          gpointer          data)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();

  if (self->spoilt || !smtp_dot_encoder_end (&self->encoder, text))
    {
      self->spoilt = TRUE;
      cut_off (self);
      return FALSE;
    }

  smtp_upstream_finish (self->upstream, text, func, data);

  return TRUE;
}
