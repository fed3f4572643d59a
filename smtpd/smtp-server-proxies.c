/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-private.h"

/* What a server is configured to be as far as those go that speak for its clients: proxies, other servers,
 * the DNS. */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

#define MAX_RESOLVE_TIMEOUT 60000

enum
{
  PROP_PROXY_NETWORKS = SMTP_SERVER_FIRST_PROXY_PROPERTY,
  PROP_PROXY_TIMEOUT,
  PROP_XCLIENT_NETWORKS,
  PROP_XFORWARD_NETWORKS,
  PROP_RESOLVE_PEERS,
  PROP_RESOLVE_TIMEOUT,
};

void
smtp_proxy_config_init (SmtpProxyConfig *self)
{
  self->proxy_timeout = SMTP_DEFAULT_PROXY_TIMEOUT;
  self->resolve_timeout = SMTP_DEFAULT_RESOLVE_TIMEOUT;
}

void
smtp_proxy_config_clear (SmtpProxyConfig *self)
{
  g_clear_pointer (&self->proxy_networks, smtp_networks_free);
  g_clear_pointer (&self->xclient_networks, smtp_networks_free);
  g_clear_pointer (&self->xforward_networks, smtp_networks_free);
}

static SmtpProxyConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->proxies;
}

static gboolean
is_same (const char * const *a,
         const char * const *b)
{
  if (a == NULL || b == NULL)
    return a == b;

  return g_strv_equal (a, b);
}

/* A list that is not quite one is no list: it must not let in more than was meant. */
static void
set_networks (SmtpServer         *self,
              SmtpNetworks      **field,
              const char * const *networks,
              const char         *property)
{
  g_autoptr (GError) error = NULL;
  SmtpNetworks *parsed;

  if (is_same (smtp_networks_peek (*field), networks))
    return;

  parsed = smtp_networks_new (networks, &error);
  if (error != NULL)
    {
      g_critical ("%s stays as it is: %s", property, error->message);
      return;
    }

  smtp_networks_free (*field);
  *field = parsed;
  g_object_notify (G_OBJECT (self), property);
}

/* The virtual methods, for the reference. */

/**
 * SmtpServerClass::xclient:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * XCLIENT: a server in [property@Server:xclient-networks] says who its client is.
 */

/**
 * SmtpServerClass::xforward:
 * @self: a server
 * @session: the connection
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * XFORWARD: a server in [property@Server:xforward-networks] says where the next message has come from.
 */

#define SET(self, field, value, property)                                     \
  G_STMT_START {                                                              \
    if (get_config (self)->field != (value))                                  \
      {                                                                       \
        get_config (self)->field = (value);                                   \
        g_object_notify (G_OBJECT (self), property);                          \
      }                                                                       \
  } G_STMT_END

/**
 * smtp_server_dup_proxy_networks: (get-property proxy-networks)
 * @self: a server
 *
 * Whose PROXY headers are believed.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the networks, or %NULL for nobody
 */
char **
smtp_server_dup_proxy_networks (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return g_strdupv ((char **) smtp_networks_peek (get_config (self)->proxy_networks));
}

/**
 * smtp_server_set_proxy_networks: (set-property proxy-networks)
 * @self: a server
 * @networks: (nullable) (array zero-terminated=1): networks, %NULL for nobody
 *
 * Sets [property@Server:proxy-networks]. A list with something in it that is no network is a mistake of the
 * program, and changes nothing.
 */
void
smtp_server_set_proxy_networks (SmtpServer         *self,
                     const char * const *networks)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_networks (self, &get_config (self)->proxy_networks, networks, "proxy-networks");
}

/**
 * smtp_server_dup_xclient_networks: (get-property xclient-networks)
 * @self: a server
 *
 * Who may use XCLIENT.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the networks, or %NULL for nobody
 */
char **
smtp_server_dup_xclient_networks (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return g_strdupv ((char **) smtp_networks_peek (get_config (self)->xclient_networks));
}

/**
 * smtp_server_set_xclient_networks: (set-property xclient-networks)
 * @self: a server
 * @networks: (nullable) (array zero-terminated=1): networks, %NULL for nobody
 *
 * Sets [property@Server:xclient-networks]. A list with something in it that is no network is a mistake of the
 * program, and changes nothing.
 */
void
smtp_server_set_xclient_networks (SmtpServer         *self,
                     const char * const *networks)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_networks (self, &get_config (self)->xclient_networks, networks, "xclient-networks");
}

/**
 * smtp_server_dup_xforward_networks: (get-property xforward-networks)
 * @self: a server
 *
 * Who may use XFORWARD.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the networks, or %NULL for nobody
 */
char **
smtp_server_dup_xforward_networks (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return g_strdupv ((char **) smtp_networks_peek (get_config (self)->xforward_networks));
}

/**
 * smtp_server_set_xforward_networks: (set-property xforward-networks)
 * @self: a server
 * @networks: (nullable) (array zero-terminated=1): networks, %NULL for nobody
 *
 * Sets [property@Server:xforward-networks]. A list with something in it that is no network is a mistake of the
 * program, and changes nothing.
 */
void
smtp_server_set_xforward_networks (SmtpServer         *self,
                     const char * const *networks)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_networks (self, &get_config (self)->xforward_networks, networks, "xforward-networks");
}

/**
 * smtp_server_get_proxy_timeout: (get-property proxy-timeout)
 * @self: a server
 *
 * How long a PROXY header may take to come.
 *
 * Returns: seconds, 0 for ever
 */
guint
smtp_server_get_proxy_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->proxy_timeout;
}

/**
 * smtp_server_set_proxy_timeout: (set-property proxy-timeout)
 * @self: a server
 * @value: seconds, 0 for ever
 *
 * Sets [property@Server:proxy-timeout].
 */
void
smtp_server_set_proxy_timeout (SmtpServer *self,
                               guint      value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, proxy_timeout, value, "proxy-timeout");
}

/**
 * smtp_server_get_resolve_peers: (get-property resolve-peers)
 * @self: a server
 *
 * Whether the names of clients are looked up.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_server_get_resolve_peers (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return get_config (self)->resolve_peers;
}

/**
 * smtp_server_set_resolve_peers: (set-property resolve-peers)
 * @self: a server
 * @value: whether they are
 *
 * Sets [property@Server:resolve-peers].
 */
void
smtp_server_set_resolve_peers (SmtpServer *self,
                               gboolean   value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, resolve_peers, !!value, "resolve-peers");
}

/**
 * smtp_server_get_resolve_timeout: (get-property resolve-timeout)
 * @self: a server
 *
 * How long that may take.
 *
 * Returns: milliseconds
 */
guint
smtp_server_get_resolve_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->resolve_timeout;
}

/**
 * smtp_server_set_resolve_timeout: (set-property resolve-timeout)
 * @self: a server
 * @milliseconds: a time, up to a minute
 *
 * Sets [property@Server:resolve-timeout].
 */
void
smtp_server_set_resolve_timeout (SmtpServer *self,
                                 guint      milliseconds)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (milliseconds <= MAX_RESOLVE_TIMEOUT);

  SET (self, resolve_timeout, milliseconds, "resolve-timeout");
}

gboolean
smtp_server_get_proxy_property (SmtpServer *self,
                                guint       prop_id,
                                GValue     *value)
{
  SmtpProxyConfig *config = get_config (self);

  switch (prop_id)
    {
    case PROP_PROXY_NETWORKS:
      g_value_set_boxed (value, smtp_networks_peek (config->proxy_networks));
      return TRUE;
    case PROP_PROXY_TIMEOUT:
      g_value_set_uint (value, config->proxy_timeout);
      return TRUE;
    case PROP_XCLIENT_NETWORKS:
      g_value_set_boxed (value, smtp_networks_peek (config->xclient_networks));
      return TRUE;
    case PROP_XFORWARD_NETWORKS:
      g_value_set_boxed (value, smtp_networks_peek (config->xforward_networks));
      return TRUE;
    case PROP_RESOLVE_PEERS:
      g_value_set_boolean (value, config->resolve_peers);
      return TRUE;
    case PROP_RESOLVE_TIMEOUT:
      g_value_set_uint (value, config->resolve_timeout);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
smtp_server_set_proxy_property (SmtpServer   *self,
                                guint         prop_id,
                                const GValue *value)
{
  switch (prop_id)
    {
    case PROP_PROXY_NETWORKS:
      smtp_server_set_proxy_networks (self, g_value_get_boxed (value));
      return TRUE;
    case PROP_PROXY_TIMEOUT:
      smtp_server_set_proxy_timeout (self, g_value_get_uint (value));
      return TRUE;
    case PROP_XCLIENT_NETWORKS:
      smtp_server_set_xclient_networks (self, g_value_get_boxed (value));
      return TRUE;
    case PROP_XFORWARD_NETWORKS:
      smtp_server_set_xforward_networks (self, g_value_get_boxed (value));
      return TRUE;
    case PROP_RESOLVE_PEERS:
      smtp_server_set_resolve_peers (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_RESOLVE_TIMEOUT:
      smtp_server_set_resolve_timeout (self, g_value_get_uint (value));
      return TRUE;
    default:
      return FALSE;
    }
}

static void
install_network_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:proxy-networks: (getter dup_proxy_networks) (setter set_proxy_networks)
   *
   * The networks from which proxies may connect to addresses of the kinds that expect a PROXY header, such as
   * `192.0.2.0/24`, `2001:db8::/32` or `192.0.2.7`; `unix` stands for whoever comes by a Unix socket. %NULL, the
   * default: nobody. The connection of anybody else ends at once, without a word.
   *
   * Who may send a header can claim any address: name the proxies, and nothing else.
   */
  g_object_class_install_property (klass, PROP_PROXY_NETWORKS,
                                   g_param_spec_boxed ("proxy-networks", NULL, NULL, G_TYPE_STRV, FLAGS));

  /**
   * SmtpServer:xclient-networks: (getter dup_xclient_networks) (setter set_xclient_networks)
   *
   * The networks from which XCLIENT may be used, in the form of [property@Server:proxy-networks]; %NULL, the
   * default: nobody. Others are not offered it, and are told 550.
   *
   * Who may use it can claim any address. Those who may are not counted for
   * [property@Server:max-connections-per-client] and [property@Server:max-connection-rate]; whom they speak
   * for is.
   */
  g_object_class_install_property (klass, PROP_XCLIENT_NETWORKS,
                                   g_param_spec_boxed ("xclient-networks", NULL, NULL, G_TYPE_STRV, FLAGS));

  /**
   * SmtpServer:xforward-networks: (getter dup_xforward_networks) (setter set_xforward_networks)
   *
   * The networks from which XFORWARD may be used, in the form of [property@Server:proxy-networks]; %NULL, the
   * default: nobody. Others are not offered it, and are told 550.
   */
  g_object_class_install_property (klass, PROP_XFORWARD_NETWORKS,
                                   g_param_spec_boxed ("xforward-networks", NULL, NULL, G_TYPE_STRV, FLAGS));
}

void
smtp_server_install_proxy_properties (GObjectClass *klass)
{
  install_network_properties (klass);

  /**
   * SmtpServer:proxy-timeout: (getter get_proxy_timeout) (setter set_proxy_timeout)
   *
   * How long a PROXY header may take to come, in seconds; 0: for ever. Then the connection ends, without a
   * word.
   */
  g_object_class_install_property (klass, PROP_PROXY_TIMEOUT,
                                   g_param_spec_uint ("proxy-timeout", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_PROXY_TIMEOUT, FLAGS));

  /**
   * SmtpServer:resolve-peers: (getter get_resolve_peers) (setter set_resolve_peers)
   *
   * Whether the name of each client is looked up in the DNS before anything else, for
   * [property@Session:peer-name]: the name of its address (PTR), which counts only if one of the addresses of
   * that name is the client's, because anybody can give their own addresses any name.
   *
   * Only the client whose name it is waits for it, up to [property@Server:resolve-timeout]; then, and when
   * very many are being looked up at once, it has no name. [class@Gio.Resolver] does it.
   */
  g_object_class_install_property (klass, PROP_RESOLVE_PEERS,
                                   g_param_spec_boolean ("resolve-peers", NULL, NULL, FALSE, FLAGS));

  /**
   * SmtpServer:resolve-timeout: (getter get_resolve_timeout) (setter set_resolve_timeout)
   *
   * How long a client may wait for its name, in milliseconds; 0: for ever.
   */
  g_object_class_install_property (klass, PROP_RESOLVE_TIMEOUT,
                                   g_param_spec_uint ("resolve-timeout", NULL, NULL, 0, MAX_RESOLVE_TIMEOUT,
                                                      SMTP_DEFAULT_RESOLVE_TIMEOUT, FLAGS));
}
