/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-upstream-link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define DEFAULT_PORT 25
#define READ_SIZE 4096

struct _SmtpUpstreamLink
{
  guint ref_count;
  GMainContext *context;
  const SmtpUpstreamLinkFuncs *funcs;
  gpointer owner;                  /* NULL: it was freed, and somebody still has it in hand */

  GSocketConnectable *peer;
  GCancellable *cancellable;
  GSocketConnection *connection;
  GIOStream *tls;                  /* NULL: in clear */

  GByteArray *unsent;
  GError *error;                   /* that @owner is to be told */

  GSource *reader;
  GSource *writer;
  GSource *timer;
};

static void
smtp_upstream_link_unref (SmtpUpstreamLink *self)
{
  if (--self->ref_count > 0)
    return;

  g_clear_object (&self->peer);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->tls);
  g_clear_object (&self->connection);
  g_byte_array_unref (self->unsent);
  g_clear_error (&self->error);
  g_main_context_unref (self->context);
  g_free (self);
}

static SmtpUpstreamLink *
smtp_upstream_link_ref (SmtpUpstreamLink *self)
{
  self->ref_count++;

  return self;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpUpstreamLink, smtp_upstream_link_unref)

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    {
      g_source_destroy (*source);
      g_clear_pointer (source, g_source_unref);
    }
}

static void
attach (SmtpUpstreamLink *self,
        GSource          *source,
        GSourceFunc       func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

/* The timer: for the deadline, and for what @owner is to be told from the loop. */

static gboolean
dispatch_timer (GSource     *source,
                GSourceFunc  func,
                gpointer     data)
{
  g_source_set_ready_time (source, -1);

  return func (data);
}

static void
stop (SmtpUpstreamLink *self)
{
  clear_source (&self->reader);
  clear_source (&self->writer);
}

static void
tell_failure (SmtpUpstreamLink *self,
              GError           *error)
{
  g_autoptr (GError) owned = error;

  if (self->owner != NULL)
    self->funcs->failed (self->owner, owned);
}

static gboolean
on_timer (gpointer data)
{
  g_autoptr (SmtpUpstreamLink) self = smtp_upstream_link_ref (data);

  if (self->error == NULL)
    g_set_error_literal (&self->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The server gave no answer in time");
  tell_failure (self, g_steal_pointer (&self->error));

  return G_SOURCE_CONTINUE;
}

static void
fail_later (SmtpUpstreamLink *self,
            GError           *error)
{
  stop (self);
  g_clear_error (&self->error);
  self->error = error;
  g_source_set_ready_time (self->timer, 0);
}

void
smtp_upstream_link_set_deadline (SmtpUpstreamLink *self,
                                 guint             seconds)
{
  if (self->error != NULL)
    return;

  g_source_set_ready_time (self->timer, seconds > 0 ? g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC : -1);
}

/* Its life */

SmtpUpstreamLink *
smtp_upstream_link_new (GMainContext                *context,
                        const SmtpUpstreamLinkFuncs *funcs,
                        gpointer                     owner)
{
  static GSourceFuncs timer_funcs = { .dispatch = dispatch_timer };
  SmtpUpstreamLink *self = g_new0 (SmtpUpstreamLink, 1);

  self->ref_count = 1;
  self->context = g_main_context_ref (context);
  self->funcs = funcs;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();
  self->unsent = g_byte_array_new ();
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  attach (self, self->timer, on_timer);

  return self;
}

void
smtp_upstream_link_free (SmtpUpstreamLink *self)
{
  self->owner = NULL;
  stop (self);
  clear_source (&self->timer);
  g_cancellable_cancel (self->cancellable);

  /* The socket first: TLS would want to say goodbye, and wait until it can. */
  if (self->connection != NULL)
    g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);

  smtp_upstream_link_unref (self);
}

static GIOStream *
get_stream (SmtpUpstreamLink *self)
{
  return self->tls != NULL ? self->tls : G_IO_STREAM (self->connection);
}

/* Input */

static gssize
read_some (SmtpUpstreamLink  *self,
           guint8            *buffer,
           GError           **error)
{
  GInputStream *input = g_io_stream_get_input_stream (get_stream (self));
  gssize size = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, READ_SIZE,
                                                          NULL, error);

  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The server has closed the connection");
      return -1;
    }

  return size;
}

static gboolean
on_readable (GObject  *stream,
             gpointer  data)
{
  g_autoptr (SmtpUpstreamLink) self = smtp_upstream_link_ref (data);
  g_autoptr (GError) error = NULL;
  guint8 buffer[READ_SIZE];
  gssize size = read_some (self, buffer, &error);

  if (size > 0)
    {
      self->funcs->input (self->owner, buffer, size);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      stop (self);
      tell_failure (self, g_steal_pointer (&error));
    }

  return G_SOURCE_CONTINUE;
}

/* Whoever asks has had all answers: whatever comes now, or has come, is the end. */
gboolean
smtp_upstream_link_is_silent (SmtpUpstreamLink *self)
{
  g_autoptr (GError) error = NULL;
  guint8 buffer[READ_SIZE];

  return self->error == NULL && self->connection != NULL &&
         read_some (self, buffer, &error) < 0 &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
start_reading (SmtpUpstreamLink *self)
{
  GInputStream *input = g_io_stream_get_input_stream (get_stream (self));

  self->reader = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);
  attach (self, self->reader, G_SOURCE_FUNC (on_readable));
}

/* Output */

/* Returns how much of it the system took; -1 if the connection is broken. */
static gssize
write_some (SmtpUpstreamLink *self,
            const guint8     *data,
            gsize             size,
            GError          **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (get_stream (self));
  gsize sent = 0;

  while (sent < size)
    {
      g_autoptr (GError) local_error = NULL;
      gssize written = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                                   data + sent, size - sent, NULL, &local_error);

      if (written >= 0)
        {
          sent += written;
        }
      else if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          break;
        }
      else
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return -1;
        }
    }

  return sent;
}

static gboolean
on_writable (GObject  *stream,
             gpointer  data)
{
  g_autoptr (SmtpUpstreamLink) self = smtp_upstream_link_ref (data);
  g_autoptr (GError) error = NULL;
  gssize sent = write_some (self, self->unsent->data, self->unsent->len, &error);

  if (sent < 0)
    {
      stop (self);
      tell_failure (self, g_steal_pointer (&error));
      return G_SOURCE_REMOVE;
    }

  g_byte_array_remove_range (self->unsent, 0, sent);
  if (self->unsent->len > 0)
    return G_SOURCE_CONTINUE;

  clear_source (&self->writer);
  self->funcs->drained (self->owner);

  return G_SOURCE_REMOVE;
}

static void
start_writing (SmtpUpstreamLink *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (get_stream (self));

  self->writer = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output), NULL);
  attach (self, self->writer, G_SOURCE_FUNC (on_writable));
}

void
smtp_upstream_link_write (SmtpUpstreamLink *self,
                          const guint8     *data,
                          gsize             size)
{
  g_autoptr (GError) error = NULL;
  gssize sent = 0;

  if (self->error != NULL)
    return;

  if (self->unsent->len == 0)
    sent = write_some (self, data, size, &error);
  if (sent < 0)
    {
      fail_later (self, g_steal_pointer (&error));
      return;
    }

  if ((gsize) sent < size)
    g_byte_array_append (self->unsent, data + sent, size - sent);
  if (self->unsent->len > 0 && self->writer == NULL)
    start_writing (self);
}

gsize
smtp_upstream_link_get_unsent (SmtpUpstreamLink *self)
{
  return self->unsent->len;
}

/* Connecting */

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr (SmtpUpstreamLink) self = data;
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (connection == NULL || self->owner == NULL)
    {
      g_clear_object (&connection);
      tell_failure (self, g_steal_pointer (&error));
      return;
    }

  self->connection = connection;
  /* A message and its end are written apart, and the end must not wait for an acknowledgement. */
  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  start_reading (self);
  self->funcs->opened (self->owner);
}

void
smtp_upstream_link_connect (SmtpUpstreamLink *self,
                            const char       *address)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  self->peer = g_network_address_parse (address, DEFAULT_PORT, &error);
  if (self->peer == NULL)
    {
      fail_later (self, g_steal_pointer (&error));
      return;
    }

  g_socket_client_set_enable_proxy (client, FALSE);
  g_main_context_push_thread_default (self->context);
  g_socket_client_connect_async (client, self->peer, self->cancellable, on_connected,
                                 smtp_upstream_link_ref (self));
  g_main_context_pop_thread_default (self->context);
}

/* TLS */

static gboolean
accept_any_certificate (GTlsConnection       *tls,
                        GTlsCertificate      *certificate,
                        GTlsCertificateFlags  errors)
{
  return TRUE;
}

static void
on_secured (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr (SmtpUpstreamLink) self = data;
  g_autoptr (GError) error = NULL;

  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    {
      tell_failure (self, g_steal_pointer (&error));
      return;
    }
  if (self->owner == NULL)
    return;

  start_reading (self);
  self->funcs->opened (self->owner);
}

void
smtp_upstream_link_secure (SmtpUpstreamLink *self,
                           gboolean          verify)
{
  g_autoptr (GError) error = NULL;

  stop (self);
  self->tls = g_tls_client_connection_new (G_IO_STREAM (self->connection), self->peer, &error);
  if (self->tls == NULL)
    {
      fail_later (self, g_steal_pointer (&error));
      return;
    }

  if (!verify)
    g_signal_connect (self->tls, "accept-certificate", G_CALLBACK (accept_any_certificate), NULL);

  g_main_context_push_thread_default (self->context);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT, self->cancellable,
                                    on_secured, smtp_upstream_link_ref (self));
  g_main_context_pop_thread_default (self->context);
}
