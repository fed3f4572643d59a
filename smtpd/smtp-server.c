/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server.h"

#include <string.h>

#include "dialogue/smtp-commands.h"
#include "dialogue/smtp-connection.h"
#include "dialogue/smtp-hooks.h"
#include "dialogue/smtp-plain-hooks.h"
#include "smtp-envelope-private.h"
#include "smtp-listener.h"
#include "smtp-server-private.h"

/**
 * SmtpServer:
 *
 * An SMTP server, RFC 5321, to carry inside a program.
 *
 * ```c
 * g_autoptr (SmtpServer) server = smtp_server_new ();
 * g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
 *
 * smtp_server_add_handler (server, sink);
 * if (!smtp_server_listen (server, "localhost:8025", SMTP_LISTENER_KIND_SMTP, &error))
 *   return error;
 * g_main_loop_run (loop);
 * ```
 *
 * ## Commands and hooks
 *
 * Each command is a virtual method, which a subclass may override and chain up to. The
 * library's own method parses the command, checks that it may come now, asks the hooks, and
 * does what the answer says.
 *
 * The hooks are asked in three stages: the `handle-*` signal of the command; the handlers of
 * the server in their order ([method@Server.add_handler]); the library's own answer. A hook
 * that connects to a signal returns a [enum@Verdict]: no objection, or that it answers
 * itself, through the [class@Request], now or later. If it does neither, the client gets a
 * 451: a program that fails never lets mail through by it.
 *
 * A message is taken only if some hook or handler says so: without any, the server refuses
 * every message at its end. It never relays by itself.
 *
 * ## Threads
 *
 * A server belongs to one main context: the thread-default one of who first has it listen.
 * Every signal, virtual method and handler runs there.
 *
 * As any [class@Gio.SocketService] a server accepts clients from the beginning;
 * [method@Gio.SocketService.stop] and [method@Gio.SocketService.start] pause and resume this,
 * without harm to connections that are open.
 */

G_DEFINE_TYPE_WITH_PRIVATE (SmtpServer, smtp_server, G_TYPE_SOCKET_SERVICE)

#define PRIVATE(self) ((SmtpServerPrivate *) smtp_server_get_instance_private (self))

SmtpServerPrivate *
smtp_server_get_private (SmtpServer *self)
{
  return PRIVATE (self);
}

/* Accepting

 * The poller does it, for it is cheaper, and GSocketService stands by, until somebody else gives
 * it a socket: then it accepts on all of them, and the poller leaves them alone, since two that
 * accept get in each other's way. */

static void
update_listeners (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);
  gboolean active = priv->standby != NULL && g_socket_service_is_active (G_SOCKET_SERVICE (self));

  for (guint i = 0; i < priv->listeners->len; i++)
    smtp_listener_set_active (g_ptr_array_index (priv->listeners, i), active);
}

static void
on_activation (SmtpTask *task)
{
  SmtpServerPrivate *priv = (gpointer) ((char *) task - G_STRUCT_OFFSET (SmtpServerPrivate, activation));

  /* The poller may run it as it ends. */
  if (priv->listeners->len > 0)
    update_listeners (priv->self);
}

static void
end_standby (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  if (priv->standby != NULL)
    smtp_standby_end (g_steal_pointer (&priv->standby));
}

/* The class */

static void
smtp_server_constructed (GObject *object)
{
  SmtpServerPrivate *priv = PRIVATE (SMTP_SERVER (object));

  G_OBJECT_CLASS (smtp_server_parent_class)->constructed (object);

  priv->adding = TRUE;
  priv->standby = smtp_standby_new (G_SOCKET_SERVICE (object));
  priv->adding = FALSE;
}

static void
smtp_server_dispose (GObject *object)
{
  SmtpServer *self = SMTP_SERVER (object);
  SmtpServerPrivate *priv = PRIVATE (self);

  g_socket_service_stop (G_SOCKET_SERVICE (self));
  end_standby (self);
  g_socket_listener_close (G_SOCKET_LISTENER (self));
  g_ptr_array_set_size (priv->listeners, 0);
  smtp_server_close_connections (self);
  if (priv->poller != NULL)
    {
      smtp_poller_disarm (priv->poller, &priv->drain.timer);
      smtp_poller_destroy (priv->poller);
    }
  g_clear_pointer (&priv->handlers, g_ptr_array_unref);
  g_ptr_array_set_size (priv->keywords, 0);
  g_clear_pointer (&priv->commands, smtp_command_table_free);
  smtp_esmtp_config_clear (&priv->config.esmtp);

  G_OBJECT_CLASS (smtp_server_parent_class)->dispose (object);
}

static void
smtp_server_finalize (GObject *object)
{
  SmtpServerPrivate *priv = PRIVATE (SMTP_SERVER (object));

  g_clear_pointer (&priv->buffers, smtp_buffer_pool_destroy);
  g_clear_pointer (&priv->poller, smtp_poller_unref);
  g_ptr_array_unref (priv->listeners);
  g_ptr_array_unref (priv->keywords);
  g_hash_table_unref (priv->connections);
  smtp_clients_free (priv->clients);
  g_object_unref (priv->statistics);
  g_free (priv->config.hostname);
  g_free (priv->config.ident);
  g_free (priv->config.spool_directory);
  g_clear_object (&priv->config.tls_context);
  smtp_auth_config_clear (&priv->config.auth);
  smtp_limit_config_clear (&priv->config.limits);
  smtp_proxy_config_clear (&priv->config.proxies);
  g_mutex_clear (&priv->lock);

  G_OBJECT_CLASS (smtp_server_parent_class)->finalize (object);
}

/* g_socket_service_start() and _stop() have no other way to tell. */
static void
smtp_server_notify (GObject    *object,
                    GParamSpec *pspec)
{
  SmtpServerPrivate *priv = PRIVATE (SMTP_SERVER (object));

  /* The first time it comes with the construction. */
  if (strcmp (pspec->name, "active") == 0 && priv->poller != NULL)
    {
      if (g_main_context_is_owner (smtp_poller_get_context (priv->poller)))
        update_listeners (SMTP_SERVER (object));
      else
        smtp_poller_post (priv->poller, &priv->activation);
    }

  if (G_OBJECT_CLASS (smtp_server_parent_class)->notify != NULL)
    G_OBJECT_CLASS (smtp_server_parent_class)->notify (object, pspec);
}

/* A socket was added. */
static void
smtp_server_changed (GSocketListener *listener)
{
  SmtpServer *self = SMTP_SERVER (listener);
  SmtpServerPrivate *priv = PRIVATE (self);

  if (priv->adding)
    return;

  if (priv->standby == NULL)
    {
      G_SOCKET_LISTENER_CLASS (smtp_server_parent_class)->changed (listener);
      return;
    }

  end_standby (self);
  update_listeners (self);
}

static gboolean
smtp_server_incoming (GSocketService    *service,
                      GSocketConnection *connection,
                      GObject           *source_object)
{
  g_autoptr (GError) error = NULL;

  if (!smtp_server_accept_stream (SMTP_SERVER (service), G_IO_STREAM (connection),
                                  smtp_listener_kind_of (source_object), &error))
    g_warning ("A client is lost: %s", error->message);

  return TRUE;
}

static SmtpSession *
smtp_server_real_create_session (SmtpServer *self)
{
  return g_object_new (PRIVATE (self)->config.session_type, NULL);
}

static SmtpEnvelope *
smtp_server_real_create_envelope (SmtpServer  *self,
                                  SmtpSession *session)
{
  return g_object_new (PRIVATE (self)->config.envelope_type, NULL);
}

static GOutputStream *
smtp_server_real_create_body (SmtpServer   *self,
                              SmtpSession  *session,
                              SmtpEnvelope *envelope)
{
  return NULL;
}

static void
smtp_server_class_init (SmtpServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GSocketListenerClass *listener_class = G_SOCKET_LISTENER_CLASS (klass);
  GSocketServiceClass *service_class = G_SOCKET_SERVICE_CLASS (klass);

  object_class->constructed = smtp_server_constructed;
  object_class->dispose = smtp_server_dispose;
  object_class->finalize = smtp_server_finalize;
  object_class->notify = smtp_server_notify;
  listener_class->changed = smtp_server_changed;
  service_class->incoming = smtp_server_incoming;

  klass->create_session = smtp_server_real_create_session;
  klass->create_envelope = smtp_server_real_create_envelope;
  klass->create_body = smtp_server_real_create_body;
  klass->commands = smtp_commands_get_standard ();
  smtp_commands_install_methods (klass);
  smtp_server_install_properties (object_class);
  smtp_hooks_install_signals (klass);
  smtp_plain_hooks_install_signals (klass);
  smtp_server_install_drain (klass);
}

static void
smtp_server_init (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  priv->self = self;
  priv->activation.func = on_activation;
  g_mutex_init (&priv->lock);
  priv->connections = g_hash_table_new (NULL, NULL);
  priv->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) smtp_listener_free);
  priv->keywords = smtp_server_new_keywords ();
  smtp_server_init_config (self);
  smtp_server_init_drain (self);
  priv->clients = smtp_clients_new ();
  priv->statistics = smtp_statistics_new ();
}

/**
 * smtp_server_new:
 *
 * Makes a server that listens nowhere yet.
 *
 * Returns: (transfer full): a new server
 */
SmtpServer *
smtp_server_new (void)
{
  return g_object_new (SMTP_TYPE_SERVER, NULL);
}

/* What the rest of the library asks */

SmtpServerConfig *
smtp_server_get_config (SmtpServer *self)
{
  return &PRIVATE (self)->config;
}

SmtpPoller *
smtp_server_get_poller (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  if (priv->poller == NULL)
    {
      g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

      priv->poller = smtp_poller_new (context);
    }

  return priv->poller;
}

SmtpBufferPool *
smtp_server_get_buffers (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  if (priv->buffers == NULL)
    priv->buffers = smtp_buffer_pool_new (smtp_poller_get_context (smtp_server_get_poller (self)));

  return priv->buffers;
}

SmtpSession *
smtp_server_make_session (SmtpServer *self)
{
  SmtpSession *session = SMTP_SERVER_GET_CLASS (self)->create_session (self);

  if (session != NULL && smtp_session_get_id (session) == 0)
    return session;

  g_warning ("create_session() must return a new session");
  g_clear_object (&session);

  return smtp_server_real_create_session (self);
}

SmtpEnvelope *
smtp_server_make_envelope (SmtpServer  *self,
                           SmtpSession *session)
{
  SmtpEnvelope *envelope = SMTP_SERVER_GET_CLASS (self)->create_envelope (self, session);

  if (envelope != NULL && !smtp_envelope_is_begun (envelope))
    return envelope;

  g_warning ("create_envelope() must return a new envelope");
  g_clear_object (&envelope);

  return smtp_server_real_create_envelope (self, session);
}

GOutputStream *
smtp_server_open_body (SmtpServer   *self,
                       SmtpSession  *session,
                       SmtpEnvelope *envelope)
{
  GOutputStream *stream = smtp_plain_hooks_ask_body (self, session, envelope);

  if (stream == NULL)
    stream = SMTP_SERVER_GET_CLASS (self)->create_body (self, session, envelope);

  return stream;
}

void
smtp_server_add_connection (SmtpServer     *self,
                            SmtpConnection *connection)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  g_mutex_lock (&priv->lock);
  g_hash_table_add (priv->connections, connection);
  g_mutex_unlock (&priv->lock);
  smtp_statistics_count (priv->statistics, SMTP_COUNT_SESSIONS);
}

void
smtp_server_remove_connection (SmtpServer     *self,
                               SmtpConnection *connection)
{
  SmtpServerPrivate *priv = PRIVATE (self);

  g_mutex_lock (&priv->lock);
  g_hash_table_remove (priv->connections, connection);
  g_mutex_unlock (&priv->lock);
  smtp_statistics_uncount (priv->statistics, SMTP_COUNT_SESSIONS);
  smtp_server_check_drain (self);
}

/* What goes on */

/**
 * smtp_server_get_sessions:
 * @self: a server
 *
 * The connections that are open at this moment, in no order. May be called from any thread.
 *
 * Returns: (transfer container) (element-type SmtpSession): a new list
 */
GPtrArray *
smtp_server_get_sessions (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);
  GPtrArray *sessions;
  GHashTableIter iter;
  gpointer connection;

  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  sessions = g_ptr_array_new_with_free_func (g_object_unref);
  g_mutex_lock (&priv->lock);
  g_hash_table_iter_init (&iter, priv->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    g_ptr_array_add (sessions, g_object_ref (smtp_connection_get_session (connection)));
  g_mutex_unlock (&priv->lock);

  return sessions;
}

/**
 * smtp_server_get_n_sessions: (get-property n-sessions)
 * @self: a server
 *
 * Counts the connections that are open. May be called from any thread.
 *
 * Returns: how many there are
 */
guint
smtp_server_get_n_sessions (SmtpServer *self)
{
  SmtpServerPrivate *priv = PRIVATE (self);
  guint n;

  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  g_mutex_lock (&priv->lock);
  n = g_hash_table_size (priv->connections);
  g_mutex_unlock (&priv->lock);

  return n;
}

/* The virtual methods, for the reference. */

/**
 * SmtpServerClass::create_session:
 * @self: a server
 *
 * Makes the session of a new connection. The default is an object of
 * [property@Server:session-type].
 *
 * Returns: (transfer full): a new session
 */

/**
 * SmtpServerClass::create_envelope:
 * @self: a server
 * @session: the connection
 *
 * Makes the envelope of a new transaction. The default is an object of
 * [property@Server:envelope-type].
 *
 * Returns: (transfer full): a new envelope
 */

/**
 * SmtpServerClass::greet:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * Greets a client that has connected, RFC 5321 section 3.1.
 */

/**
 * SmtpServerClass::helo:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * HELO, RFC 5321 section 4.1.1.1.
 */

/**
 * SmtpServerClass::ehlo:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * EHLO, RFC 5321 section 4.1.1.1.
 */

/**
 * SmtpServerClass::mail:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * MAIL, RFC 5321 section 4.1.1.2.
 */

/**
 * SmtpServerClass::rcpt:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * RCPT, RFC 5321 section 4.1.1.3.
 */

/**
 * SmtpServerClass::data:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * DATA, RFC 5321 section 4.1.1.4, up to the 354 that lets the message come.
 */

/**
 * SmtpServerClass::message:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * The end of the message, whose answer says whether it was taken.
 */

/**
 * SmtpServerClass::rset:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * RSET, RFC 5321 section 4.1.1.5.
 */

/**
 * SmtpServerClass::vrfy:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * VRFY, RFC 5321 section 4.1.1.6.
 */

/**
 * SmtpServerClass::expn:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * EXPN, RFC 5321 section 4.1.1.7.
 */

/**
 * SmtpServerClass::help:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * HELP, RFC 5321 section 4.1.1.8.
 */

/**
 * SmtpServerClass::noop:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * NOOP, RFC 5321 section 4.1.1.9.
 */

/**
 * SmtpServerClass::quit:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * QUIT, RFC 5321 section 4.1.1.10.
 */

/**
 * SmtpServerClass::starttls:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * STARTTLS, RFC 3207. The handshake follows an answer of 220.
 */

/**
 * SmtpServerClass::auth:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: the name of the mechanism; what the client sent behind it is not for others to see
 *
 * AUTH, RFC 4954.
 */

/**
 * SmtpServerClass::unknown_command:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * Any other verb, [property@Request:verb].
 */

/**
 * SmtpServerClass::create_body:
 * @self: a server
 * @session: the connection
 * @envelope: the transaction
 *
 * Makes the stream that a message is written to, when neither [signal@Server::handle-body] nor a
 * handler has one. The default is %NULL: the library's own spool, from which
 * [property@Envelope:content] comes.
 *
 * See [signal@Server::handle-body] for what becomes of the stream.
 *
 * Returns: (transfer full) (nullable): a stream, or %NULL
 */

/**
 * SmtpServerClass::bdat:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb
 *
 * BDAT, RFC 3030 section 2, before its octets, which follow whatever the answer.
 */

/**
 * SmtpServerClass::etrn:
 * @self: a server
 * @session: the connection that the command came from
 * @request: the command; the answer goes through it
 * @argument: what stands behind the verb
 *
 * ETRN, RFC 1985. One that is overridden puts the extension on offer.
 */

/**
 * SmtpServerClass::burl:
 * @self: a server
 * @session: the connection that the command came from
 * @request: the command; the answer goes through it
 * @argument: what stands behind the verb
 *
 * BURL, RFC 4468. One that is overridden puts the extension on offer. Who answers without chaining up
 * cannot make a success of it.
 */
