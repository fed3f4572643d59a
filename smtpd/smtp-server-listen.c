/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dialogue/smtp-connection.h"
#include "dialogue/smtp-replies.h"
#include "smtp-error.h"
#include "smtp-listener.h"
#include "smtp-server-private.h"

/* Where a server's clients come from. */

static gboolean
check_context (SmtpServer  *self,
               GError     **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (smtp_poller_get_context (smtp_server_get_poller (self)) == context)
    return TRUE;

  g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_WRONG_CONTEXT,
                       "The server runs in another main context");

  return FALSE;
}

static gboolean
listen_on (SmtpServer        *self,
           GSocket           *socket,
           SmtpListenerKind   kind,
           gboolean           is_ours,
           GError           **error)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GObject) source = smtp_listener_new_source (kind);
  SmtpListener *listener = smtp_listener_new (self, socket, kind, &local_error);
  gboolean added;

  if (listener != NULL && !is_ours)
    smtp_listener_keep_path (listener);
  if (listener == NULL && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  /* The socket is GSocketListener's in any case, so that its close() closes it. */
  priv->adding = listener != NULL && priv->standby != NULL;
  added = g_socket_listener_add_socket (G_SOCKET_LISTENER (self), socket, source, error);
  priv->adding = FALSE;

  if (listener == NULL)
    return added;

  g_ptr_array_add (priv->listeners, listener);
  if (!added)
    g_ptr_array_remove (priv->listeners, listener);
  else
    smtp_listener_set_active (listener, priv->standby != NULL &&
                                        g_socket_service_is_active (G_SOCKET_SERVICE (self)));

  return added;
}

/**
 * smtp_server_listen:
 * @self: a server
 * @address: where to listen: `HOST:PORT`, `[V6]:PORT`, `*:PORT` or `unix:PATH`
 * @kind: what is spoken there
 * @error: return location for an error
 *
 * Listens on an address. May be called for any number of them.
 *
 * A name that has an IPv4 and an IPv6 address is listened to on both; a family that the
 * machine does not have is no error. With port 0 a free port is taken, the same for both:
 * [method@Server.dup_listen_addresses] tells which. A name is looked up without the main
 * loop running.
 *
 * The first call settles the server's main context: it is the thread-default one. A call with
 * another is an error, %SMTP_ERROR_WRONG_CONTEXT. The other errors are
 * %SMTP_ERROR_BAD_LISTEN_ADDRESS, and those of [class@Gio.Resolver] and [class@Gio.Socket]: an
 * address that is taken is %G_IO_ERROR_ADDRESS_IN_USE.
 *
 * Returns: %TRUE when clients can connect
 */
gboolean
smtp_server_listen (SmtpServer        *self,
                    const char        *address,
                    SmtpListenerKind   kind,
                    GError           **error)
{
  g_autoptr (GPtrArray) sockets = NULL;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (address != NULL, FALSE);

  if (!check_context (self, error))
    return FALSE;

  sockets = smtp_listener_open_sockets (address, &smtp_server_get_config (self)->edge, error);
  if (sockets == NULL)
    return FALSE;

  for (guint i = 0; i < sockets->len; i++)
    {
      if (!listen_on (self, g_ptr_array_index (sockets, i), kind, TRUE, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
is_listening (GSocket *socket)
{
  int listening;

  return g_socket_get_socket_type (socket) == G_SOCKET_TYPE_STREAM &&
         g_socket_get_option (socket, SOL_SOCKET, SO_ACCEPTCONN, &listening, NULL) && listening;
}

/**
 * smtp_server_listen_fd:
 * @self: a server
 * @fd: the descriptor of a socket that listens
 * @kind: what is spoken there
 * @error: return location for an error
 *
 * Listens on a socket that somebody else has opened, such as systemd, see
 * sd_listen_fds(3). Everything else is as in [method@Server.listen], but that the path
 * of a Unix socket is not removed at the end.
 *
 * The descriptor becomes the server's, but not in the case of an error. What is no socket that listens is
 * %SMTP_ERROR_BAD_LISTEN_ADDRESS.
 *
 * Returns: %TRUE when clients can connect
 */
gboolean
smtp_server_listen_fd (SmtpServer        *self,
                       int                fd,
                       SmtpListenerKind   kind,
                       GError           **error)
{
  g_autoptr (GSocket) socket = NULL;
  int copy;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (fd >= 0, FALSE);

  if (!check_context (self, error))
    return FALSE;

  /* A GSocket closes what it has, even if nothing comes of it. */
  copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0)
    socket = g_socket_new_from_fd (copy, NULL);
  if (socket == NULL || !is_listening (socket))
    {
      if (socket == NULL && copy >= 0)
        close (copy);
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS,
                   "Descriptor %d is not a socket that listens", fd);
      return FALSE;
    }

  g_socket_set_blocking (socket, FALSE);
  if (!listen_on (self, socket, kind, FALSE, error))
    return FALSE;

  close (fd);

  return TRUE;
}

/**
 * smtp_server_dup_listen_addresses:
 * @self: a server
 *
 * Where [method@Server.listen] has the server listen, in the form that it takes, with the
 * ports that were really given.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_server_dup_listen_addresses (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  char **addresses;
  guint n = 0;

  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  addresses = g_new0 (char *, priv->listeners->len + 1);
  for (guint i = 0; i < priv->listeners->len; i++)
    {
      SmtpListener *listener = g_ptr_array_index (priv->listeners, i);

      if (!smtp_listener_is_closed (listener))
        addresses[n++] = smtp_listener_dup_address (listener);
    }

  return addresses;
}

static SmtpReply *
refuse (SmtpServerPrivate *priv,
        SmtpCount          count,
        SmtpStandardReply  reply)
{
  smtp_statistics_count (priv->statistics, count);

  return smtp_reply_standard (reply);
}

static SmtpReply *
admit_address (SmtpServer             *self,
               const struct sockaddr  *peer,
               SmtpClient            **client)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  const SmtpEdgeConfig *config = &priv->config.edge;
  SmtpClient *counted = smtp_clients_count (priv->clients, peer, config->limit_local, g_get_monotonic_time ());

  *client = counted;
  if (counted == NULL)
    return NULL;

  if (config->max_connection_rate != 0 && counted->n_new > config->max_connection_rate)
    return refuse (priv, SMTP_COUNT_CONNECTIONS_REFUSED_RATE, SMTP_REPLY_TOO_FAST);
  if (config->max_connections_per_client != 0 && counted->n_open >= config->max_connections_per_client)
    return refuse (priv, SMTP_COUNT_CONNECTIONS_REFUSED_CLIENT, SMTP_REPLY_TOO_MANY_OF_CLIENT);

  return NULL;
}

static gboolean
speaks_for_others (SmtpServer            *self,
                   const struct sockaddr *peer)
{
  SmtpNetworks *networks = smtp_server_get_config (self)->proxies.xclient_networks;

  return peer == NULL || (networks != NULL && smtp_networks_match_native (networks, peer));
}

SmtpReply *
smtp_server_admit (SmtpServer             *self,
                   const struct sockaddr  *peer,
                   SmtpClient            **client)
{
  guint max_connections = smtp_server_get_config (self)->edge.max_connections;
  SmtpClient *counted = NULL;
  SmtpReply *refusal = speaks_for_others (self, peer) ? NULL : admit_address (self, peer, &counted);

  if (refusal == NULL && max_connections != 0 && smtp_server_get_n_sessions (self) >= max_connections)
    refusal = refuse (smtp_server_get_private (self), SMTP_COUNT_CONNECTIONS_REFUSED_SERVER,
                      SMTP_REPLY_TOO_MANY_CONNECTIONS);
  if (refusal != NULL)
    return refusal;

  if (counted != NULL)
    smtp_clients_open (smtp_server_get_private (self)->clients, counted);
  *client = counted;

  return NULL;
}

SmtpReply *
smtp_server_admit_spoken_for (SmtpServer      *self,
                              GSocketAddress  *peer,
                              SmtpClient     **client)
{
  struct sockaddr_storage native;
  SmtpClient *counted = NULL;
  SmtpReply *refusal;

  *client = NULL;
  if (!G_IS_INET_SOCKET_ADDRESS (peer) || !g_socket_address_to_native (peer, &native, sizeof native, NULL))
    return NULL;

  refusal = admit_address (self, (struct sockaddr *) &native, &counted);
  if (refusal != NULL)
    return refusal;

  if (counted != NULL)
    smtp_clients_open (smtp_server_get_private (self)->clients, counted);
  *client = counted;

  return NULL;
}

void
smtp_server_release_client (SmtpServer *self,
                            SmtpClient *client)
{
  if (client != NULL)
    smtp_clients_close (smtp_server_get_private (self)->clients, client);
}

/* As one may be that a handler of GSocketService::incoming has closed, and lets through nevertheless. */
static gboolean
is_closed (GIOStream *stream)
{
  if (g_io_stream_is_closed (stream))
    return TRUE;

  return G_IS_SOCKET_CONNECTION (stream) &&
         g_socket_is_closed (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
}

static SmtpTransport *
make_transport (SmtpServer  *self,
                GIOStream   *stream,
                GError     **error)
{
  SmtpPoller *poller = smtp_server_get_poller (self);

  /* A wrapper has a socket below another stream, such as TLS, that must not be passed over. */
  if (G_IS_SOCKET_CONNECTION (stream) && !G_IS_TCP_WRAPPER_CONNECTION (stream))
    {
      GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
      SmtpTransport *transport;

      transport = smtp_transport_new_socket (poller, g_socket_get_fd (socket), G_OBJECT (stream), NULL);
      if (transport != NULL)
        return transport;
    }

  return smtp_transport_new_stream (poller, stream, error);
}

/**
 * smtp_server_accept_stream:
 * @self: a server
 * @stream: a stream to a client
 * @kind: what is spoken there
 * @error: return location for an error
 *
 * Serves a client on a stream that the program has already. Both halves of it must be
 * pollable; %G_IO_ERROR_NOT_SUPPORTED is the error if they are not. The limits on connections do not
 * apply. While [method@Server.drain] is
 * under way, or if the stream is closed, it is %G_IO_ERROR_CLOSED.
 *
 * Returns: %TRUE if the stream is served now
 */
gboolean
smtp_server_accept_stream (SmtpServer        *self,
                           GIOStream         *stream,
                           SmtpListenerKind   kind,
                           GError           **error)
{
  SmtpTransport *transport;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), FALSE);

  if (smtp_server_is_draining (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The server takes no clients any more");
      return FALSE;
    }
  if (is_closed (stream))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The stream is closed already");
      return FALSE;
    }
  if (!check_context (self, error))
    return FALSE;

  transport = make_transport (self, stream, error);
  if (transport == NULL)
    return FALSE;

  smtp_connection_start (self, transport, kind, NULL, 0, NULL);

  return TRUE;
}

gboolean
smtp_server_has_listener (SmtpServer   *self,
                          SmtpListener *listener)
{
  return g_ptr_array_find (smtp_server_get_private (self)->listeners, listener, NULL);
}
