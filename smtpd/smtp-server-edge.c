/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-private.h"

/* What a server is configured to be as far as its edge goes: where clients come in, how many, and
 * how long they may take. */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_FIRST = SMTP_SERVER_FIRST_EDGE_PROPERTY,
  PROP_UNIX_MODE = PROP_FIRST,
  PROP_REUSE_PORT,
  PROP_MAX_CONNECTIONS,
  PROP_MAX_CONNECTIONS_PER_CLIENT,
  PROP_MAX_CONNECTION_RATE,
  PROP_LIMIT_LOCAL,
  PROP_MAX_RECIPIENTS,
  PROP_MAX_MESSAGES,
  PROP_MIN_DATA_RATE,
  PROP_WRITE_TIMEOUT,
};

void
smtp_edge_config_init (SmtpEdgeConfig *self)
{
  self->max_connections = SMTP_DEFAULT_MAX_CONNECTIONS;
  self->max_connections_per_client = SMTP_DEFAULT_MAX_CONNECTIONS_PER_CLIENT;
  self->max_connection_rate = SMTP_DEFAULT_MAX_CONNECTION_RATE;
  self->max_recipients = SMTP_DEFAULT_MAX_RECIPIENTS;
  self->max_messages = SMTP_DEFAULT_MAX_MESSAGES;
  self->min_data_rate = SMTP_DEFAULT_MIN_DATA_RATE;
  self->write_timeout = SMTP_DEFAULT_WRITE_TIMEOUT;
}

static SmtpEdgeConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->edge;
}

#define SET(self, field, value, property)                                     \
  G_STMT_START {                                                              \
    if (get_config (self)->field != (value))                                  \
      {                                                                       \
        get_config (self)->field = (value);                                   \
        g_object_notify (G_OBJECT (self), property);                          \
      }                                                                       \
  } G_STMT_END

/**
 * smtp_server_get_unix_mode: (get-property unix-mode)
 * @self: a server
 *
 * The mode of Unix sockets.
 *
 * Returns: the number
 */
guint
smtp_server_get_unix_mode (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->unix_mode;
}

/**
 * smtp_server_set_unix_mode: (set-property unix-mode)
 * @self: a server
 * @value: an octal mode, 0 for what the umask leaves
 *
 * Sets [property@Server:unix-mode].
 */
void
smtp_server_set_unix_mode (SmtpServer *self,
                           guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (value <= 0777);

  SET (self, unix_mode, value, "unix-mode");
}

/**
 * smtp_server_get_reuse_port: (get-property reuse-port)
 * @self: a server
 *
 * Whether ports are shared.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_server_get_reuse_port (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return get_config (self)->reuse_port;
}

/**
 * smtp_server_set_reuse_port: (set-property reuse-port)
 * @self: a server
 * @reuse_port: whether they are
 *
 * Sets [property@Server:reuse-port].
 */
void
smtp_server_set_reuse_port (SmtpServer *self,
                            gboolean    reuse_port)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, reuse_port, !!reuse_port, "reuse-port");
}

/**
 * smtp_server_get_max_connections: (get-property max-connections)
 * @self: a server
 *
 * How many connections may be open at once.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_connections (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_connections;
}

/**
 * smtp_server_set_max_connections: (set-property max-connections)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-connections].
 */
void
smtp_server_set_max_connections (SmtpServer *self,
                                 guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_connections, value, "max-connections");
}

/**
 * smtp_server_get_max_connections_per_client: (get-property max-connections-per-client)
 * @self: a server
 *
 * How many connections an address may have open at once.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_connections_per_client (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_connections_per_client;
}

/**
 * smtp_server_set_max_connections_per_client: (set-property max-connections-per-client)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-connections-per-client].
 */
void
smtp_server_set_max_connections_per_client (SmtpServer *self,
                                            guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_connections_per_client, value, "max-connections-per-client");
}

/**
 * smtp_server_get_max_connection_rate: (get-property max-connection-rate)
 * @self: a server
 *
 * How many connections an address may open in a minute.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_connection_rate (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_connection_rate;
}

/**
 * smtp_server_set_max_connection_rate: (set-property max-connection-rate)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-connection-rate].
 */
void
smtp_server_set_max_connection_rate (SmtpServer *self,
                                     guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_connection_rate, value, "max-connection-rate");
}

/**
 * smtp_server_get_limit_local: (get-property limit-local)
 * @self: a server
 *
 * Whether clients on the same machine are counted.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_server_get_limit_local (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return get_config (self)->limit_local;
}

/**
 * smtp_server_set_limit_local: (set-property limit-local)
 * @self: a server
 * @limit_local: whether they are
 *
 * Sets [property@Server:limit-local].
 */
void
smtp_server_set_limit_local (SmtpServer *self,
                             gboolean    limit_local)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, limit_local, !!limit_local, "limit-local");
}

/**
 * smtp_server_get_max_recipients: (get-property max-recipients)
 * @self: a server
 *
 * How many recipients a message may have.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_recipients (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_recipients;
}

/**
 * smtp_server_set_max_recipients: (set-property max-recipients)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-recipients].
 */
void
smtp_server_set_max_recipients (SmtpServer *self,
                                guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_recipients, value, "max-recipients");
}

/**
 * smtp_server_get_max_messages: (get-property max-messages)
 * @self: a server
 *
 * How many messages a client may send on one connection.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_messages (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_messages;
}

/**
 * smtp_server_set_max_messages: (set-property max-messages)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-messages].
 */
void
smtp_server_set_max_messages (SmtpServer *self,
                              guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_messages, value, "max-messages");
}

/**
 * smtp_server_get_min_data_rate: (get-property min-data-rate)
 * @self: a server
 *
 * How many octets of a message must come in a second.
 *
 * Returns: the number
 */
guint
smtp_server_get_min_data_rate (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->min_data_rate;
}

/**
 * smtp_server_set_min_data_rate: (set-property min-data-rate)
 * @self: a server
 * @value: octets, 0 for any number
 *
 * Sets [property@Server:min-data-rate].
 */
void
smtp_server_set_min_data_rate (SmtpServer *self,
                               guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, min_data_rate, value, "min-data-rate");
}

/**
 * smtp_server_get_write_timeout: (get-property write-timeout)
 * @self: a server
 *
 * How long replies may wait for a client that does not read them.
 *
 * Returns: the number
 */
guint
smtp_server_get_write_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->write_timeout;
}

/**
 * smtp_server_set_write_timeout: (set-property write-timeout)
 * @self: a server
 * @value: seconds, 0 for ever
 *
 * Sets [property@Server:write-timeout].
 */
void
smtp_server_set_write_timeout (SmtpServer *self,
                               guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, write_timeout, value, "write-timeout");
}

gboolean
smtp_server_get_edge_property (SmtpServer *self,
                               guint       prop_id,
                               GValue     *value)
{
  SmtpEdgeConfig *config = get_config (self);

  switch (prop_id)
    {
    case PROP_UNIX_MODE:
      g_value_set_uint (value, config->unix_mode);
      return TRUE;
    case PROP_REUSE_PORT:
      g_value_set_boolean (value, config->reuse_port);
      return TRUE;
    case PROP_MAX_CONNECTIONS:
      g_value_set_uint (value, config->max_connections);
      return TRUE;
    case PROP_MAX_CONNECTIONS_PER_CLIENT:
      g_value_set_uint (value, config->max_connections_per_client);
      return TRUE;
    case PROP_MAX_CONNECTION_RATE:
      g_value_set_uint (value, config->max_connection_rate);
      return TRUE;
    case PROP_LIMIT_LOCAL:
      g_value_set_boolean (value, config->limit_local);
      return TRUE;
    case PROP_MAX_RECIPIENTS:
      g_value_set_uint (value, config->max_recipients);
      return TRUE;
    case PROP_MAX_MESSAGES:
      g_value_set_uint (value, config->max_messages);
      return TRUE;
    case PROP_MIN_DATA_RATE:
      g_value_set_uint (value, config->min_data_rate);
      return TRUE;
    case PROP_WRITE_TIMEOUT:
      g_value_set_uint (value, config->write_timeout);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
smtp_server_set_edge_property (SmtpServer   *self,
                               guint         prop_id,
                               const GValue *value)
{
  switch (prop_id)
    {
    case PROP_UNIX_MODE:
      smtp_server_set_unix_mode (self, g_value_get_uint (value));
      return TRUE;
    case PROP_REUSE_PORT:
      smtp_server_set_reuse_port (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_MAX_CONNECTIONS:
      smtp_server_set_max_connections (self, g_value_get_uint (value));
      return TRUE;
    case PROP_MAX_CONNECTIONS_PER_CLIENT:
      smtp_server_set_max_connections_per_client (self, g_value_get_uint (value));
      return TRUE;
    case PROP_MAX_CONNECTION_RATE:
      smtp_server_set_max_connection_rate (self, g_value_get_uint (value));
      return TRUE;
    case PROP_LIMIT_LOCAL:
      smtp_server_set_limit_local (self, g_value_get_boolean (value));
      return TRUE;
    case PROP_MAX_RECIPIENTS:
      smtp_server_set_max_recipients (self, g_value_get_uint (value));
      return TRUE;
    case PROP_MAX_MESSAGES:
      smtp_server_set_max_messages (self, g_value_get_uint (value));
      return TRUE;
    case PROP_MIN_DATA_RATE:
      smtp_server_set_min_data_rate (self, g_value_get_uint (value));
      return TRUE;
    case PROP_WRITE_TIMEOUT:
      smtp_server_set_write_timeout (self, g_value_get_uint (value));
      return TRUE;
    default:
      return FALSE;
    }
}

static void
install_listening_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:unix-mode: (getter get_unix_mode) (setter set_unix_mode)
   *
   * The mode of the Unix sockets that [method@Server.listen] makes, such as 0660; 0: what the umask leaves. It is
   * for the next address.
   */
  g_object_class_install_property (klass, PROP_UNIX_MODE,
                                   g_param_spec_uint ("unix-mode", NULL, NULL, 0, 0777, 0, FLAGS));

  /**
   * SmtpServer:reuse-port: (getter get_reuse_port) (setter set_reuse_port)
   *
   * Whether other processes of the same user may listen on the same port (`SO_REUSEPORT`): the kernel
   * deals the clients out. It is for the next address.
   */
  g_object_class_install_property (klass, PROP_REUSE_PORT,
                                   g_param_spec_boolean ("reuse-port", NULL, NULL, FALSE, FLAGS));
}

static void
install_connection_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:max-connections: (getter get_max_connections) (setter set_max_connections)
   *
   * How many connections may be open at once; 0: any number. Beyond it clients are told 421 4.3.2.
   */
  g_object_class_install_property (klass, PROP_MAX_CONNECTIONS,
                                   g_param_spec_uint ("max-connections", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MAX_CONNECTIONS, FLAGS));

  /**
   * SmtpServer:max-connections-per-client: (getter get_max_connections_per_client) (setter set_max_connections_per_client)
   *
   * How many connections an address may have open at once, an IPv6 network of 64 bits counting as one; 0: any
   * number. Beyond it the client is told 421 4.7.0.
   */
  g_object_class_install_property (klass, PROP_MAX_CONNECTIONS_PER_CLIENT,
                                   g_param_spec_uint ("max-connections-per-client", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MAX_CONNECTIONS_PER_CLIENT, FLAGS));

  /**
   * SmtpServer:max-connection-rate: (getter get_max_connection_rate) (setter set_max_connection_rate)
   *
   * How many connections an address may open in a minute, those that are refused included; 0: any number.
   * Beyond it the client is told 421 4.7.0.
   */
  g_object_class_install_property (klass, PROP_MAX_CONNECTION_RATE,
                                   g_param_spec_uint ("max-connection-rate", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MAX_CONNECTION_RATE, FLAGS));

  /**
   * SmtpServer:limit-local: (getter get_limit_local) (setter set_limit_local)
   *
   * Whether [property@Server:max-connections-per-client] and [property@Server:max-connection-rate] are for
   * clients on the same machine, too. Those of Unix sockets have no address, and are never counted.
   */
  g_object_class_install_property (klass, PROP_LIMIT_LOCAL,
                                   g_param_spec_boolean ("limit-local", NULL, NULL, FALSE, FLAGS));
}

static void
install_message_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:max-recipients: (getter get_max_recipients) (setter set_max_recipients)
   *
   * How many recipients a message may have; 0: any number. Further ones are refused with 452 4.5.3, and the
   * client can send to them in another transaction. RFC 5321 section 4.5.3.1.8 wants 100 at least.
   */
  g_object_class_install_property (klass, PROP_MAX_RECIPIENTS,
                                   g_param_spec_uint ("max-recipients", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MAX_RECIPIENTS, FLAGS));

  /**
   * SmtpServer:max-messages: (getter get_max_messages) (setter set_max_messages)
   *
   * How many messages a client may send on one connection; 0: any number. The next MAIL is told 421 4.7.0.
   */
  g_object_class_install_property (klass, PROP_MAX_MESSAGES,
                                   g_param_spec_uint ("max-messages", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MAX_MESSAGES, FLAGS));
}

static void
install_deadline_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:min-data-rate: (getter get_min_data_rate) (setter set_min_data_rate)
   *
   * How many octets of a message must come in a second, on average; 0: any number.
   *
   * Who is slower uses up [property@Server:timeout], and is then told 421 4.4.2. Who keeps the rate is never cut off.
   */
  g_object_class_install_property (klass, PROP_MIN_DATA_RATE,
                                   g_param_spec_uint ("min-data-rate", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_MIN_DATA_RATE, FLAGS));

  /**
   * SmtpServer:write-timeout: (getter get_write_timeout) (setter set_write_timeout)
   *
   * How long replies may wait for a client that does not read them, in seconds; 0: for ever. Then the
   * connection ends.
   */
  g_object_class_install_property (klass, PROP_WRITE_TIMEOUT,
                                   g_param_spec_uint ("write-timeout", NULL, NULL, 0, G_MAXUINT, SMTP_DEFAULT_WRITE_TIMEOUT, FLAGS));
}

void
smtp_server_install_edge_properties (GObjectClass *klass)
{
  install_listening_properties (klass);
  install_connection_properties (klass);
  install_message_properties (klass);
  install_deadline_properties (klass);
}
