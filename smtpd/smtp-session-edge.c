/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-session-private.h"

/* What a session knows of its client besides the connection: from proxies, other servers, the DNS. */

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_PROXY_PEER = SMTP_SESSION_FIRST_EDGE_PROPERTY,
  PROP_PROXY_INFO,
  PROP_XCLIENT,
  PROP_XFORWARD,
  PROP_PEER_NAME,
};

void
smtp_session_edge_free (SmtpSessionEdge *self)
{
  g_clear_object (&self->proxy_peer);
  g_clear_object (&self->proxy_info);
  g_clear_object (&self->xclient);
  g_clear_object (&self->xforward);
  g_free (self->peer_name);
  g_free (self);
}

static SmtpSessionEdge *
ensure_edge (SmtpSession *self)
{
  SmtpSessionEdge **edge = smtp_session_get_edge (self);

  if (*edge == NULL)
    *edge = g_new0 (SmtpSessionEdge, 1);

  return *edge;
}

void
smtp_session_set_proxy (SmtpSession   *self,
                        SmtpProxyInfo *info)
{
  GSocketAddress *peer = smtp_session_get_peer (self);
  SmtpSessionEdge *edge = ensure_edge (self);

  g_set_object (&edge->proxy_peer, peer);
  g_set_object (&edge->proxy_info, info);

  if (smtp_proxy_info_get_source (info) != NULL)
    smtp_session_replace_peer (self, smtp_proxy_info_get_source (info));
  if (smtp_proxy_info_get_destination (info) != NULL)
    smtp_session_replace_local_address (self, smtp_proxy_info_get_destination (info));
}

void
smtp_session_set_xclient (SmtpSession         *self,
                          SmtpForwardedClient *client)
{
  g_set_object (&ensure_edge (self)->xclient, client);
  g_object_notify (G_OBJECT (self), "xclient");
}

void
smtp_session_set_xforward (SmtpSession         *self,
                           SmtpForwardedClient *client)
{
  if (client == NULL && smtp_session_get_xforward (self) == NULL)
    return;

  g_set_object (&ensure_edge (self)->xforward, client);
  g_object_notify (G_OBJECT (self), "xforward");
}

void
smtp_session_set_peer_name (SmtpSession *self,
                            const char  *name)
{
  char *copy;

  if (name == NULL && smtp_session_get_peer_name (self) == NULL)
    return;

  copy = g_strdup (name);
  g_free (ensure_edge (self)->peer_name);
  ensure_edge (self)->peer_name = copy;
  g_object_notify (G_OBJECT (self), "peer-name");
}

/**
 * smtp_session_get_proxy_peer: (get-property proxy-peer)
 * @self: a session
 *
 * The address of the proxy that has sent a PROXY header. [property@Session:peer] is the client's then, as far
 * as the proxy tells it.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL without a header
 */
GSocketAddress *
smtp_session_get_proxy_peer (SmtpSession *self)
{
  SmtpSessionEdge *edge;

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  edge = *smtp_session_get_edge (self);

  return edge != NULL ? edge->proxy_peer : NULL;
}

/**
 * smtp_session_get_proxy_info: (get-property proxy-info)
 * @self: a session
 *
 * What a proxy has said in its PROXY header.
 *
 * Returns: (transfer none) (nullable): what it was, or %NULL without a header
 */
SmtpProxyInfo *
smtp_session_get_proxy_info (SmtpSession *self)
{
  SmtpSessionEdge *edge;

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  edge = *smtp_session_get_edge (self);

  return edge != NULL ? edge->proxy_info : NULL;
}

/**
 * smtp_session_get_xclient: (get-property xclient)
 * @self: a session
 *
 * What was told of the client by XCLIENT. [property@Session:peer], [property@Session:peer-name] and
 * [property@Session:local-address] follow it.
 *
 * Returns: (transfer none) (nullable): what it was, or %NULL before XCLIENT
 */
SmtpForwardedClient *
smtp_session_get_xclient (SmtpSession *self)
{
  SmtpSessionEdge *edge;

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  edge = *smtp_session_get_edge (self);

  return edge != NULL ? edge->xclient : NULL;
}

/**
 * smtp_session_get_xforward: (get-property xforward)
 * @self: a session
 *
 * What was told by XFORWARD of the client from which the next message, or that which is under way, has come
 * to the other server. Nothing else follows it, and it is forgotten at the end of the transaction.
 *
 * Returns: (transfer none) (nullable): what it was, or %NULL if nothing was told
 */
SmtpForwardedClient *
smtp_session_get_xforward (SmtpSession *self)
{
  SmtpSessionEdge *edge;

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  edge = *smtp_session_get_edge (self);

  return edge != NULL ? edge->xforward : NULL;
}

/**
 * smtp_session_get_peer_name: (get-property peer-name)
 * @self: a session
 *
 * The client's host name as the DNS has it: with [property@Server:resolve-peers] the name of its address (PTR),
 * if one of the addresses of that name is the client's; after XCLIENT, what was told.
 *
 * Returns: (nullable): the name, without a dot at its end, or %NULL if there is none, or it could not be
 *   found out in time
 */
const char *
smtp_session_get_peer_name (SmtpSession *self)
{
  SmtpSessionEdge *edge;

  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  edge = *smtp_session_get_edge (self);

  return edge != NULL ? edge->peer_name : NULL;
}

gboolean
smtp_session_get_edge_property (SmtpSession *self,
                                guint        prop_id,
                                GValue      *value)
{
  switch (prop_id)
    {
    case PROP_PROXY_PEER:
      g_value_set_object (value, smtp_session_get_proxy_peer (self));
      return TRUE;
    case PROP_PROXY_INFO:
      g_value_set_object (value, smtp_session_get_proxy_info (self));
      return TRUE;
    case PROP_XCLIENT:
      g_value_set_object (value, smtp_session_get_xclient (self));
      return TRUE;
    case PROP_XFORWARD:
      g_value_set_object (value, smtp_session_get_xforward (self));
      return TRUE;
    case PROP_PEER_NAME:
      g_value_set_string (value, smtp_session_get_peer_name (self));
      return TRUE;
    default:
      return FALSE;
    }
}

void
smtp_session_install_edge_properties (GObjectClass *klass)
{
  /**
   * SmtpSession:proxy-peer: (getter get_proxy_peer)
   *
   * The address of the proxy that has sent a PROXY header, %NULL without one.
   */
  g_object_class_install_property (klass, PROP_PROXY_PEER,
                                   g_param_spec_object ("proxy-peer", NULL, NULL, G_TYPE_SOCKET_ADDRESS, FLAGS));

  /**
   * SmtpSession:proxy-info: (getter get_proxy_info)
   *
   * What a proxy has said in its PROXY header, %NULL without one.
   */
  g_object_class_install_property (klass, PROP_PROXY_INFO,
                                   g_param_spec_object ("proxy-info", NULL, NULL, SMTP_TYPE_PROXY_INFO, FLAGS));

  /**
   * SmtpSession:xclient: (getter get_xclient)
   *
   * What was told of the client by XCLIENT, %NULL before it.
   */
  g_object_class_install_property (klass, PROP_XCLIENT,
                                   g_param_spec_object ("xclient", NULL, NULL, SMTP_TYPE_FORWARDED_CLIENT, FLAGS));

  /**
   * SmtpSession:xforward: (getter get_xforward)
   *
   * What was told by XFORWARD of where the message has come from, %NULL if nothing was.
   */
  g_object_class_install_property (klass, PROP_XFORWARD,
                                   g_param_spec_object ("xforward", NULL, NULL, SMTP_TYPE_FORWARDED_CLIENT, FLAGS));

  /**
   * SmtpSession:peer-name: (getter get_peer_name)
   *
   * The client's host name as the DNS has it, %NULL if there is none, or nobody has looked.
   */
  g_object_class_install_property (klass, PROP_PEER_NAME,
                                   g_param_spec_string ("peer-name", NULL, NULL, NULL, FLAGS));
}
