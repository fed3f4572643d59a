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
smtp_session_class_init (SmtpSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_session_finalize;

  smtp_session_install_properties (object_class);
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
  g_object_notify (G_OBJECT (self), "peer");
}

void
smtp_session_replace_local_address (SmtpSession    *self,
                                    GSocketAddress *address)
{
  g_set_object (&PRIVATE (self)->local_address, address);
  g_object_notify (G_OBJECT (self), "local-address");
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
