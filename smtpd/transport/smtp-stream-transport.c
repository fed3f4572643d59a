/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "smtp-transport-private.h"

/*
 * The fall-back: any GIOStream whose halves can be polled. There is a GSource only
 * between an AGAIN and the event for it, so that a stream costs the loop nothing while
 * nobody waits for it.
 */
typedef struct
{
  SmtpTransport          parent;
  GIOStream             *stream;
  GPollableInputStream  *input;         /* of the stream */
  GPollableOutputStream *output;
  GSource               *read_source;
  GSource               *write_source;
  gboolean               write_closed;
} SmtpStreamTransport;

/* CONNECTION_CLOSED is another name of BROKEN_PIPE: GIO does not tell ECONNRESET from EPIPE. */
static int
errno_from_error (const GError *error,
                  int           broken)
{
  static const struct { GIOErrorEnum code; int value; } map[] =
  {
    { G_IO_ERROR_TIMED_OUT, ETIMEDOUT },
    { G_IO_ERROR_HOST_UNREACHABLE, EHOSTUNREACH },
    { G_IO_ERROR_NETWORK_UNREACHABLE, ENETUNREACH },
    { G_IO_ERROR_CONNECTION_REFUSED, ECONNREFUSED },
    { G_IO_ERROR_NOT_CONNECTED, ENOTCONN },
    { G_IO_ERROR_CLOSED, EBADF },
    { G_IO_ERROR_PENDING, EBUSY },
    { G_IO_ERROR_CANCELLED, ECANCELED },
    { G_IO_ERROR_PERMISSION_DENIED, EACCES },
    { G_IO_ERROR_NO_SPACE, ENOSPC },
    { G_IO_ERROR_INVALID_ARGUMENT, EINVAL },
    { G_IO_ERROR_NOT_SUPPORTED, EOPNOTSUPP },
  };

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
      g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    return broken;

  for (gsize i = 0; i < G_N_ELEMENTS (map); i++)
    {
      if (g_error_matches (error, G_IO_ERROR, map[i].code))
        return map[i].value;
    }

  return error->domain == G_TLS_ERROR ? EPROTO : EIO;
}

static void
stream_transport_drop_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static gboolean
stream_transport_on_readable (GObject  *input G_GNUC_UNUSED,
                              gpointer  user_data)
{
  SmtpStreamTransport *self = user_data;

  stream_transport_drop_source (&self->read_source);
  smtp_transport_emit (&self->parent, SMTP_TRANSPORT_READABLE);

  return G_SOURCE_REMOVE;
}

static gboolean
stream_transport_on_writable (GObject  *output G_GNUC_UNUSED,
                              gpointer  user_data)
{
  SmtpStreamTransport *self = user_data;

  stream_transport_drop_source (&self->write_source);
  smtp_transport_emit (&self->parent, SMTP_TRANSPORT_WRITABLE);

  return G_SOURCE_REMOVE;
}

static void
stream_transport_on_queued (SmtpWatch      *watch,
                            SmtpPollEvents  events G_GNUC_UNUSED)
{
  smtp_transport_emit (SMTP_TRANSPORT_FROM_WATCH (watch), SMTP_TRANSPORT_QUEUED);
}

static void
stream_transport_wait (SmtpStreamTransport *self,
                       GSource             *source,
                       GPollableSourceFunc  func)
{
  g_source_set_callback (source, G_SOURCE_FUNC (func), self, NULL);
  g_source_attach (source, smtp_poller_get_context (self->parent.poller));
}

static gssize
stream_transport_read (SmtpTransport *transport,
                       void          *buffer,
                       gsize          size)
{
  SmtpStreamTransport *self = (SmtpStreamTransport *) transport;
  g_autoptr (GError) error = NULL;
  gssize n_read;

  n_read = g_pollable_input_stream_read_nonblocking (self->input, buffer, size, NULL, &error);
  if (n_read >= 0)
    return n_read;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      transport->error = errno_from_error (error, ECONNRESET);
      return SMTP_TRANSPORT_ERROR;
    }

  if (self->read_source == NULL)
    {
      self->read_source = g_pollable_input_stream_create_source (self->input, NULL);
      stream_transport_wait (self, self->read_source, stream_transport_on_readable);
    }

  return SMTP_TRANSPORT_AGAIN;
}

static gssize
stream_transport_write (SmtpTransport *transport,
                        const void    *data,
                        gsize          size)
{
  SmtpStreamTransport *self = (SmtpStreamTransport *) transport;
  g_autoptr (GError) error = NULL;
  gssize n_written;

  if (self->write_closed)
    {
      transport->error = EPIPE;
      return SMTP_TRANSPORT_ERROR;
    }

  n_written = g_pollable_output_stream_write_nonblocking (self->output, data, size, NULL, &error);
  if (n_written >= 0)
    return n_written;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      transport->error = errno_from_error (error, EPIPE);
      return SMTP_TRANSPORT_ERROR;
    }

  if (self->write_source == NULL)
    {
      self->write_source = g_pollable_output_stream_create_source (self->output, NULL);
      stream_transport_wait (self, self->write_source, stream_transport_on_writable);
    }

  return SMTP_TRANSPORT_AGAIN;
}

static GSocket *
stream_transport_get_socket (SmtpStreamTransport *self)
{
  if (!G_IS_SOCKET_CONNECTION (self->stream))
    return NULL;

  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream));
}

static void
stream_transport_shutdown_write (SmtpTransport *transport)
{
  SmtpStreamTransport *self = (SmtpStreamTransport *) transport;
  GSocket *socket = stream_transport_get_socket (self);

  if (self->write_closed)
    return;
  self->write_closed = TRUE;
  stream_transport_drop_source (&self->write_source);

  /* To close the output of a socket connection does nothing: the socket is one. Other
   * streams may have something to write still, and are not waited for. */
  if (socket != NULL)
    {
      g_socket_shutdown (socket, FALSE, TRUE, NULL);
    }
  else
    {
      GMainContext *context = smtp_poller_get_context (transport->poller);

      g_main_context_push_thread_default (context);
      g_output_stream_close_async (G_OUTPUT_STREAM (self->output), G_PRIORITY_DEFAULT,
                                   NULL, NULL, NULL);
      g_main_context_pop_thread_default (context);
    }
}

static int
stream_transport_get_fd (SmtpTransport *transport)
{
  GSocket *socket = stream_transport_get_socket ((SmtpStreamTransport *) transport);

  return socket != NULL ? g_socket_get_fd (socket) : -1;
}

static GSocketAddress *
stream_transport_dup_address (SmtpTransport *transport,
                              gboolean       remote)
{
  SmtpStreamTransport *self = (SmtpStreamTransport *) transport;

  if (!G_IS_SOCKET_CONNECTION (self->stream))
    return NULL;

  return remote ? g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (self->stream), NULL)
                : g_socket_connection_get_local_address (G_SOCKET_CONNECTION (self->stream), NULL);
}

static void
stream_transport_free (SmtpTransport *transport)
{
  SmtpStreamTransport *self = (SmtpStreamTransport *) transport;

  stream_transport_drop_source (&self->read_source);
  stream_transport_drop_source (&self->write_source);
  smtp_transport_clear (transport);

  smtp_transport_close_owner (G_OBJECT (self->stream));
  g_object_unref (self->stream);
  g_free (self);
}

static const SmtpTransportClass stream_transport_class =
{
  .read = stream_transport_read,
  .write = stream_transport_write,
  .shutdown_write = stream_transport_shutdown_write,
  .get_fd = stream_transport_get_fd,
  .dup_address = stream_transport_dup_address,
  .free = stream_transport_free,
};

static gboolean
stream_can_poll (GIOStream *stream)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  GOutputStream *output = g_io_stream_get_output_stream (stream);

  return G_IS_POLLABLE_INPUT_STREAM (input) &&
         G_IS_POLLABLE_OUTPUT_STREAM (output) &&
         g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (input)) &&
         g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (output));
}

SmtpTransport *
smtp_transport_new_stream (SmtpPoller  *poller,
                           GIOStream   *stream,
                           GError     **error)
{
  g_autofree SmtpStreamTransport *self = NULL;
  GSocket *socket;

  g_return_val_if_fail (poller != NULL, NULL);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);

  if (!stream_can_poll (stream))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "A %s cannot be polled in both directions", G_OBJECT_TYPE_NAME (stream));
      return NULL;
    }

  self = g_new0 (SmtpStreamTransport, 1);
  if (!smtp_transport_init (&self->parent, &stream_transport_class, poller, -1,
                            stream_transport_on_queued, error))
    return NULL;

  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));

  /* Replies are small, and each is waited for. Other families do not know the option. */
  socket = stream_transport_get_socket (self);
  if (socket != NULL)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);

  return (SmtpTransport *) g_steal_pointer (&self);
}
