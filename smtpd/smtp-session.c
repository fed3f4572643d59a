/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-session.h"

#include <string.h>

#include "smtp-session-private.h"

/**
 * SmtpSession:
 *
 * One connection of a client: who it is and what it said of itself.
 *
 * A session begins when the client connects and is the same object until the connection
 * ends. A program may keep it for longer, and may attach what it likes to it.
 *
 * A program can derive a class of its own and have the server use it, by
 * [property@Server:session-type] or [vfunc@Server.create_session].
 *
 * All methods but [method@Session.close] belong to the thread of
 * [property@Session:main-context].
 */

typedef struct
{
  guint64 id;
  gint64 start_time;
  char *host_name;
  gboolean extended_smtp;
  gboolean lmtp;
  SmtpTlsInfo *tls_info;
  SmtpSessionAuth auth;
  SmtpSessionEdge *edge;
  SmtpSessionExtensions extensions;

  SmtpPoller *poller;
  SmtpSessionLink link;          /* zero after the end */

  gpointer raw_peer;
  gsize raw_peer_length;
  GSocketAddress *peer;
  GSocketAddress *local_address;
  gboolean peer_replaced;        /* peer is what it is, even if that is NULL */

  SmtpTask close_task;
  SmtpSession *closing;          /* a reference to itself while the task is posted */
  SmtpReply *close_reply;
} SmtpSessionPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpSession, smtp_session, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ID,
  PROP_START_TIME,
  PROP_PEER,
  PROP_LOCAL_ADDRESS,
  PROP_MAIN_CONTEXT,
  PROP_HOST_NAME,
  PROP_EXTENDED_SMTP,
  PROP_PROTOCOL,
  PROP_TLS_INFO,
  PROP_AUTHENTICATED,
  PROP_IDENTITY,
  PROP_AUTHENTICATION_ID,
  PROP_AUTH_MECHANISM,
  PROP_OFFERED_MECHANISMS,
  PROP_CLOSED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* Guards what smtp_session_close() shares with other threads; hardly ever taken. */
static GMutex close_lock;

#define PRIVATE(self) ((SmtpSessionPrivate *) smtp_session_get_instance_private (self))

static void
smtp_session_finalize (GObject *object)
{
  SmtpSessionPrivate *priv = PRIVATE (SMTP_SESSION (object));

  g_clear_pointer (&priv->host_name, g_free);
  g_clear_object (&priv->tls_info);
  smtp_session_auth_forget (&priv->auth);
  g_clear_pointer (&priv->auth.offered, g_strfreev);
  g_clear_pointer (&priv->edge, smtp_session_edge_free);
  smtp_session_extensions_clear (&priv->extensions);
  g_clear_pointer (&priv->raw_peer, g_free);
  g_clear_object (&priv->peer);
  g_clear_object (&priv->local_address);
  g_clear_pointer (&priv->close_reply, smtp_reply_unref);
  g_clear_pointer (&priv->poller, smtp_poller_unref);

  G_OBJECT_CLASS (smtp_session_parent_class)->finalize (object);
}

static void
smtp_session_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  SmtpSession *self = SMTP_SESSION (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_uint64 (value, smtp_session_get_id (self));
      break;
    case PROP_START_TIME:
      g_value_set_int64 (value, smtp_session_get_start_time (self));
      break;
    case PROP_PEER:
      g_value_set_object (value, smtp_session_get_peer (self));
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_object (value, smtp_session_get_local_address (self));
      break;
    case PROP_MAIN_CONTEXT:
      g_value_set_boxed (value, smtp_session_get_main_context (self));
      break;
    case PROP_HOST_NAME:
      g_value_set_string (value, smtp_session_get_host_name (self));
      break;
    case PROP_EXTENDED_SMTP:
      g_value_set_boolean (value, smtp_session_get_extended_smtp (self));
      break;
    case PROP_PROTOCOL:
      g_value_set_string (value, smtp_session_get_protocol (self));
      break;
    case PROP_TLS_INFO:
      g_value_set_object (value, smtp_session_get_tls_info (self));
      break;
    case PROP_AUTHENTICATED:
      g_value_set_boolean (value, smtp_session_get_authenticated (self));
      break;
    case PROP_IDENTITY:
      g_value_set_string (value, smtp_session_get_identity (self));
      break;
    case PROP_AUTHENTICATION_ID:
      g_value_set_string (value, smtp_session_get_authentication_id (self));
      break;
    case PROP_AUTH_MECHANISM:
      g_value_set_string (value, smtp_session_get_auth_mechanism (self));
      break;
    case PROP_OFFERED_MECHANISMS:
      g_value_take_boxed (value, smtp_session_dup_offered_mechanisms (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, smtp_session_get_closed (self));
      break;
    default:
      if (!smtp_session_get_edge_property (self, prop_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_session_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  if (prop_id == PROP_OFFERED_MECHANISMS)
    smtp_session_set_offered_mechanisms (SMTP_SESSION (object), g_value_get_boxed (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
install_connection_properties (void)
{
  /**
   * SmtpSession:id: (getter get_id)
   *
   * A number that no other session of the process has.
   */
  props[PROP_ID] =
    g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:start-time: (getter get_start_time)
   *
   * When the client connected, in microseconds since 1970 (UTC).
   */
  props[PROP_START_TIME] =
    g_param_spec_int64 ("start-time", NULL, NULL, 0, G_MAXINT64, 0,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:peer: (getter get_peer)
   *
   * The client's address, %NULL if it has none. It is that of the connection, unless a PROXY header
   * ([property@Session:proxy-info]) or XCLIENT ([property@Session:xclient]) has told another.
   */
  props[PROP_PEER] =
    g_param_spec_object ("peer", NULL, NULL, G_TYPE_SOCKET_ADDRESS,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:local-address: (getter get_local_address)
   *
   * The address that the client connected to, %NULL if the connection is no socket.
   */
  props[PROP_LOCAL_ADDRESS] =
    g_param_spec_object ("local-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:main-context: (getter get_main_context)
   *
   * The context in whose thread everything of this session happens.
   */
  props[PROP_MAIN_CONTEXT] =
    g_param_spec_boxed ("main-context", NULL, NULL, G_TYPE_MAIN_CONTEXT,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:tls-info: (getter get_tls_info)
   *
   * What was agreed upon for TLS; %NULL without it.
   */
  props[PROP_TLS_INFO] =
    g_param_spec_object ("tls-info", NULL, NULL, SMTP_TYPE_TLS_INFO,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:closed: (getter get_closed)
   *
   * Whether the connection has ended.
   */
  props[PROP_CLOSED] =
    g_param_spec_boolean ("closed", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_dialogue_properties (void)
{
  /**
   * SmtpSession:host-name: (getter get_host_name)
   *
   * What the client called itself in HELO or EHLO, %NULL before that.
   */
  props[PROP_HOST_NAME] =
    g_param_spec_string ("host-name", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:extended-smtp: (getter get_extended_smtp)
   *
   * Whether the client said EHLO.
   */
  props[PROP_EXTENDED_SMTP] =
    g_param_spec_boolean ("extended-smtp", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:protocol: (getter get_protocol)
   *
   * The protocol in the words of RFC 3848.
   */
  props[PROP_PROTOCOL] =
    g_param_spec_string ("protocol", NULL, NULL, "SMTP",
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_auth_properties (void)
{
  /**
   * SmtpSession:authenticated: (getter get_authenticated)
   *
   * Whether the client has authenticated itself by AUTH.
   */
  props[PROP_AUTHENTICATED] =
    g_param_spec_boolean ("authenticated", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:identity: (getter get_identity)
   *
   * Whom the client acts for since AUTH.
   */
  props[PROP_IDENTITY] =
    g_param_spec_string ("identity", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:authentication-id: (getter get_authentication_id)
   *
   * Whose password or certificate it was.
   */
  props[PROP_AUTHENTICATION_ID] =
    g_param_spec_string ("authentication-id", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:auth-mechanism: (getter get_auth_mechanism)
   *
   * The mechanism of SASL by which the client has authenticated itself.
   */
  props[PROP_AUTH_MECHANISM] =
    g_param_spec_string ("auth-mechanism", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSession:offered-mechanisms: (getter dup_offered_mechanisms) (setter set_offered_mechanisms)
   *
   * The mechanisms that this client is offered in place of
   * [property@Server:auth-mechanisms].
   */
  props[PROP_OFFERED_MECHANISMS] =
    g_param_spec_boxed ("offered-mechanisms", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static void
smtp_session_class_init (SmtpSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_session_finalize;
  object_class->get_property = smtp_session_get_property;
  object_class->set_property = smtp_session_set_property;

  install_connection_properties ();
  install_dialogue_properties ();
  install_auth_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  smtp_session_install_edge_properties (object_class);
}

static void
smtp_session_init (SmtpSession *self)
{
}

/**
 * smtp_session_new:
 *
 * Makes a session that belongs to no connection yet, for [vfunc@Server.create_session].
 *
 * Returns: (transfer full): a new session
 */
SmtpSession *
smtp_session_new (void)
{
  return g_object_new (SMTP_TYPE_SESSION, NULL);
}

void
smtp_session_attach (SmtpSession           *self,
                     const SmtpSessionLink *link)
{
  SmtpSessionPrivate *priv = PRIVATE (self);
  static guint64 last_id;

  /* Servers may run in several threads. */
  priv->id = __atomic_add_fetch (&last_id, 1, __ATOMIC_RELAXED);
  priv->start_time = g_get_real_time ();
  priv->link = *link;
  priv->poller = smtp_poller_ref (link->poller);
}

void
smtp_session_detach (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  /* Worth a system call only if somebody is left to ask, besides the connection and its dialogue. */
  if (G_OBJECT (self)->ref_count > 2)
    smtp_session_get_local_address (self);

  memset (&priv->link, 0, sizeof priv->link);
}

void
smtp_session_set_peer (SmtpSession *self,
                       const void  *sockaddr,
                       gsize        length)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_clear_pointer (&priv->raw_peer, g_free);
  priv->raw_peer = g_memdup2 (sockaddr, length);
  priv->raw_peer_length = length;
}

void
smtp_session_replace_peer (SmtpSession    *self,
                           GSocketAddress *peer)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_set_object (&priv->peer, peer);
  priv->peer_replaced = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PEER]);
}

void
smtp_session_replace_local_address (SmtpSession    *self,
                                    GSocketAddress *address)
{
  g_set_object (&PRIVATE (self)->local_address, address);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCAL_ADDRESS]);
}

void
smtp_session_set_lmtp (SmtpSession *self)
{
  PRIVATE (self)->lmtp = TRUE;
}

void
smtp_session_greet (SmtpSession *self,
                    const char  *host_name,
                    gboolean     extended)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_free (priv->host_name);
  priv->host_name = g_strdup (host_name);
  priv->extended_smtp = extended;
}

void
smtp_session_begin_tls (SmtpSession *self,
                        SmtpTlsInfo *info)
{
  smtp_session_forget_client (self);
  g_set_object (&PRIVATE (self)->tls_info, info);
}

void
smtp_session_forget_client (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_clear_pointer (&priv->host_name, g_free);
  priv->extended_smtp = FALSE;
  smtp_session_auth_forget (&priv->auth);
  smtp_session_set_xforward (self, NULL);
}

SmtpSessionEdge **
smtp_session_get_edge (SmtpSession *self)
{
  return &PRIVATE (self)->edge;
}

SmtpSessionAuth *
smtp_session_get_auth (SmtpSession *self)
{
  return &PRIVATE (self)->auth;
}

SmtpSessionExtensions *
smtp_session_get_extensions (SmtpSession *self)
{
  return &PRIVATE (self)->extensions;
}

gboolean
smtp_session_is_greeted (SmtpSession *self)
{
  return PRIVATE (self)->host_name != NULL;
}

/**
 * smtp_session_get_id: (get-property id)
 * @self: a session
 *
 * A number that no other session of the process has.
 *
 * Returns: the number, 0 before the session belongs to a connection
 */
guint64
smtp_session_get_id (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), 0);

  return PRIVATE (self)->id;
}

/**
 * smtp_session_get_start_time: (get-property start-time)
 * @self: a session
 *
 * When the client connected.
 *
 * Returns: microseconds since 1970 (UTC)
 */
gint64
smtp_session_get_start_time (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), 0);

  return PRIVATE (self)->start_time;
}

/**
 * smtp_session_get_peer: (get-property peer)
 * @self: a session
 *
 * The client's address.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the connection is no
 *   socket, or a server in front of this one does not know it
 */
GSocketAddress *
smtp_session_get_peer (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  if (priv->peer_replaced)
    return priv->peer;
  if (priv->peer == NULL && priv->raw_peer != NULL)
    priv->peer = g_socket_address_new_from_native (priv->raw_peer, priv->raw_peer_length);
  if (priv->peer == NULL && priv->link.transport != NULL)
    priv->peer = smtp_transport_dup_remote (priv->link.transport);

  return priv->peer;
}

/**
 * smtp_session_get_local_address: (get-property local-address)
 * @self: a session
 *
 * The address that the client connected to.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the connection is no
 *   socket
 */
GSocketAddress *
smtp_session_get_local_address (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  if (priv->local_address == NULL && priv->link.transport != NULL)
    priv->local_address = smtp_transport_dup_local (priv->link.transport);

  return priv->local_address;
}

/**
 * smtp_session_get_main_context: (get-property main-context)
 * @self: a session
 *
 * The context in whose thread everything of this session happens.
 *
 * Returns: (transfer none) (nullable): the context, or %NULL before the session belongs
 *   to a connection
 */
GMainContext *
smtp_session_get_main_context (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return priv->poller != NULL ? smtp_poller_get_context (priv->poller) : NULL;
}

/**
 * smtp_session_get_host_name: (get-property host-name)
 * @self: a session
 *
 * What the client called itself in HELO or EHLO. Nothing vouches for it.
 *
 * Returns: (nullable): the name, or %NULL before HELO and EHLO
 */
const char *
smtp_session_get_host_name (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return PRIVATE (self)->host_name;
}

/**
 * smtp_session_get_extended_smtp: (get-property extended-smtp)
 * @self: a session
 *
 * Whether the client said EHLO, not HELO, the last time.
 *
 * Returns: %TRUE after EHLO
 */
gboolean
smtp_session_get_extended_smtp (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), FALSE);

  return PRIVATE (self)->extended_smtp;
}

/**
 * smtp_session_get_protocol: (get-property protocol)
 * @self: a session
 *
 * The protocol in the words of RFC 3848, for a Received line: `SMTP`, `ESMTP` or `LMTP`, the latter two
 * followed by `S` in TLS, and by `A` after AUTH.
 *
 * Returns: the protocol
 */
const char *
smtp_session_get_protocol (SmtpSession *self)
{
  static const char * const protocols[2][2][2] =
  {
    { { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
    { { "LMTP", "LMTPA" }, { "LMTPS", "LMTPSA" } },
  };

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  if (!PRIVATE (self)->extended_smtp && !PRIVATE (self)->lmtp)
    return "SMTP";

  return protocols[PRIVATE (self)->lmtp][PRIVATE (self)->tls_info != NULL][smtp_session_get_authenticated (self)];
}

/**
 * smtp_session_get_tls_info: (get-property tls-info)
 * @self: a session
 *
 * What was agreed upon for TLS.
 *
 * Returns: (transfer none) (nullable): what it was, or %NULL if the connection is in clear
 */
SmtpTlsInfo *
smtp_session_get_tls_info (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return PRIVATE (self)->tls_info;
}

/**
 * smtp_session_get_closed: (get-property closed)
 * @self: a session
 *
 * Whether the connection has ended.
 *
 * Returns: %TRUE if it has
 */
gboolean
smtp_session_get_closed (SmtpSession *self)
{
  SmtpSessionPrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_SESSION (self), TRUE);

  return priv->poller != NULL && priv->link.close == NULL;
}

/* Takes back what smtp_session_close() has left for the context's thread. */
static SmtpSession *
take_close (SmtpSessionPrivate  *priv,
            SmtpReply          **reply)
{
  SmtpSession *self;

  g_mutex_lock (&close_lock);
  self = g_steal_pointer (&priv->closing);
  *reply = g_steal_pointer (&priv->close_reply);
  g_mutex_unlock (&close_lock);

  return self;
}

static void
close_now (SmtpTask *task)
{
  SmtpSessionPrivate *priv = (gpointer) ((char *) task - G_STRUCT_OFFSET (SmtpSessionPrivate, close_task));
  g_autoptr (SmtpReply) reply = NULL;
  g_autoptr (SmtpSession) self = take_close (priv, &reply);

  if (priv->link.close != NULL)
    priv->link.close (priv->link.data, reply);
}

/**
 * smtp_session_close:
 * @self: a session
 * @reply: (nullable): what to tell the client, such as a 421; %NULL closes without a word
 *
 * Ends the connection from outside.
 *
 * May be called from any thread, and from within a hook: it takes effect when the
 * session's context runs next. A transaction that is under way is aborted, the
 * cancellable of a request that is waiting fires. Nothing happens to a session that has
 * ended.
 */
void
smtp_session_close (SmtpSession *self,
                    SmtpReply   *reply)
{
  SmtpSessionPrivate *priv = PRIVATE (self);
  gboolean post = FALSE;

  g_return_if_fail (SMTP_IS_SESSION (self));

  if (priv->poller == NULL)
    return;

  g_mutex_lock (&close_lock);
  if (priv->closing == NULL)
    {
      priv->closing = g_object_ref (self);
      priv->close_reply = reply != NULL ? smtp_reply_ref (reply) : NULL;
      priv->close_task.func = close_now;
      post = TRUE;
    }
  g_mutex_unlock (&close_lock);

  if (post && !smtp_poller_post (priv->poller, &priv->close_task))
    {
      /* The server has ended, and its connections with it. */
      g_autoptr (SmtpReply) unsent = NULL;
      g_autoptr (SmtpSession) kept = take_close (priv, &unsent);
    }
}
