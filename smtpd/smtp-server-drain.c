/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dialogue/smtp-connection.h"
#include "dialogue/smtp-replies.h"
#include "smtp-listener.h"
#include "smtp-server-private.h"

/* How a server comes to rest. */

/* When the time is over, clients have so long to take their 421. */
#define GRACE G_USEC_PER_SEC

typedef void (*ConnectionFunc) (SmtpConnection *connection);

static guint drained_signal;

static gboolean
is_open (SmtpServerPrivate *priv,
         gpointer           connection)
{
  gboolean open;

  g_mutex_lock (&priv->lock);
  open = g_hash_table_contains (priv->connections, connection);
  g_mutex_unlock (&priv->lock);

  return open;
}

/* What @func calls may end connections, this one and others. */
static void
for_each_connection (SmtpServer     *self,
                     ConnectionFunc  func)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  g_autofree gpointer *connections = NULL;
  guint n;

  g_mutex_lock (&priv->lock);
  connections = g_hash_table_get_keys_as_array (priv->connections, &n);
  g_mutex_unlock (&priv->lock);

  for (guint i = 0; i < n; i++)
    {
      if (is_open (priv, connections[i]))
        func (connections[i]);
    }
}

void
smtp_server_close_connections (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  GHashTableIter iter;
  gpointer connection;

  g_mutex_lock (&priv->lock);
  g_hash_table_iter_init (&iter, priv->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_mutex_unlock (&priv->lock);
      smtp_statistics_uncount (priv->statistics, SMTP_COUNT_SESSIONS);
      smtp_connection_destroy (connection);
      g_mutex_lock (&priv->lock);
      g_hash_table_iter_init (&iter, priv->connections);
    }
  g_mutex_unlock (&priv->lock);
}

/* A GSocketListener cannot be opened again, and lets go of no socket. So what smtp_server_listen() has
 * opened is closed one by one: the server may listen again. */
void
smtp_server_stop_listening (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  for (guint i = 0; i < priv->listeners->len; i++)
    {
      SmtpListener *listener = g_ptr_array_index (priv->listeners, i);

      smtp_listener_turn_away (listener, smtp_reply_standard (SMTP_REPLY_SHUTDOWN));
      smtp_listener_close (listener);
    }
  g_ptr_array_set_size (priv->listeners, 0);

  if (priv->standby == NULL)
    {
      g_socket_service_stop (G_SOCKET_SERVICE (self));
      g_socket_listener_close (G_SOCKET_LISTENER (self));
    }
}

static void
set_deadline (SmtpServerPrivate *priv,
              gint64             microseconds)
{
  smtp_poller_arm (smtp_server_get_poller (priv->self), &priv->drain.timer,
                   g_get_monotonic_time () + microseconds);
}

static void
finish (SmtpServerPrivate *priv)
{
  g_autoptr (SmtpServer) self = g_object_ref (priv->self);

  priv->drain.active = FALSE;
  g_signal_emit (self, drained_signal, 0);
}

static void
on_timer (SmtpTimer *timer)
{
  SmtpServerPrivate *priv = (gpointer) ((char *) timer - G_STRUCT_OFFSET (SmtpServerPrivate, drain.timer));
  g_autoptr (SmtpServer) self = g_object_ref (priv->self);

  if (smtp_server_get_n_sessions (self) > 0 && !priv->drain.over_time)
    {
      priv->drain.over_time = TRUE;
      set_deadline (priv, GRACE);
      for_each_connection (self, smtp_connection_shut);
      smtp_server_check_drain (self);
      return;
    }

  smtp_server_close_connections (self);
  if (priv->drain.active)
    finish (priv);
}

/* A connection has ended. The loop says so, not whoever ends it. */
void
smtp_server_check_drain (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  if (priv->drain.active && smtp_server_get_n_sessions (self) == 0)
    set_deadline (priv, 0);
}

void
smtp_server_init_drain (SmtpServer *self)
{
  smtp_server_get_private (self)->drain.timer.func = on_timer;
}

/**
 * smtp_server_drain:
 * @self: a server
 * @milliseconds: how long transactions may take to come to their end
 *
 * Brings the server to rest. To be called in its main context.
 *
 * From now on there are no new connections: the addresses of [method@Server.listen] are closed.
 * Clients without a transaction are told 421 and disconnected. Who is in the middle of one may finish
 * it, and is then told 421, too; when the time is over, so is everybody who is left, but that a message
 * which is being decided on has one second more. A message that was answered 250 is in the hands of whoever
 * took it; one that a hook is about to take when it is given up may be sent again. Clients have a second to
 * take their 421 and to go. When all connections are closed [signal@Server::drained] is emitted, in any case from the main loop.
 *
 * Called again before that it sets the time anew: with 0 nobody is waited for any more.
 *
 * Afterwards the server may listen again, unless it has sockets of
 * [method@Gio.SocketListener.add_address] and its like, which cannot be opened a second time.
 */
void
smtp_server_drain (SmtpServer *self,
                   guint       milliseconds)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  g_autoptr (SmtpServer) kept = NULL;

  g_return_if_fail (SMTP_IS_SERVER (self));

  kept = g_object_ref (self);
  priv->drain.active = TRUE;
  priv->drain.over_time = FALSE;
  set_deadline (priv, milliseconds * (gint64) 1000);

  smtp_server_stop_listening (self);
  for_each_connection (self, smtp_connection_drain);
  smtp_server_check_drain (self);
}

/**
 * smtp_server_is_draining:
 * @self: a server
 *
 * Tells whether [method@Server.drain] is under way.
 *
 * Returns: %TRUE until [signal@Server::drained]
 */
gboolean
smtp_server_is_draining (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return smtp_server_get_private (self)->drain.active;
}

void
smtp_server_install_drain (SmtpServerClass *klass)
{
  /**
   * SmtpServer::drained:
   * @self: the server
   *
   * What [method@Server.drain] began has ended: there are no connections any more.
   */
  drained_signal = g_signal_new ("drained", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}
