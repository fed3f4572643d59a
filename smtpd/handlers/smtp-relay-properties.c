/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-handler-private.h"
#include "smtp-enum-types.h"
#include "smtp-secret-private.h"

/* The properties of SmtpRelayHandler. */

#define DEFAULT_TIMEOUT 60
#define DEFAULT_IDLE_TIMEOUT 30
#define DEFAULT_MAX_IDLE 4

#define PRIVATE(self) smtp_relay_handler_get_private (SMTP_RELAY_HANDLER (self))

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_ADD_TRACE,
  PROP_TLS,
  PROP_USER_NAME,
  PROP_PASSWORD,
  PROP_TIMEOUT,
  PROP_IDLE_TIMEOUT,
  PROP_MAX_IDLE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_relay_handler_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  SmtpRelayHandlerPrivate *priv = PRIVATE (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, priv->config.address);
      break;
    case PROP_ADD_TRACE:
      g_value_set_boolean (value, priv->add_trace);
      break;
    case PROP_TLS:
      g_value_set_enum (value, priv->config.tls);
      break;
    case PROP_USER_NAME:
      g_value_set_string (value, priv->config.user_name);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, priv->config.timeout);
      break;
    case PROP_IDLE_TIMEOUT:
      g_value_set_uint (value, priv->pool.idle_timeout);
      break;
    case PROP_MAX_IDLE:
      g_value_set_uint (value, priv->pool.max_idle);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_relay_handler_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  SmtpRelayHandler *self = SMTP_RELAY_HANDLER (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      PRIVATE (self)->config.address = g_value_dup_string (value);
      break;
    case PROP_ADD_TRACE:
      smtp_relay_handler_set_add_trace (self, g_value_get_boolean (value));
      break;
    case PROP_TLS:
      smtp_relay_handler_set_tls (self, g_value_get_enum (value));
      break;
    case PROP_USER_NAME:
      smtp_relay_handler_set_user_name (self, g_value_get_string (value));
      break;
    case PROP_PASSWORD:
      smtp_relay_handler_set_password (self, g_value_get_string (value));
      break;
    case PROP_TIMEOUT:
      smtp_relay_handler_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_IDLE_TIMEOUT:
      smtp_relay_handler_set_idle_timeout (self, g_value_get_uint (value));
      break;
    case PROP_MAX_IDLE:
      smtp_relay_handler_set_max_idle (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

static void
install_connection_properties (void)
{
  /**
   * SmtpRelayHandler:address: (getter get_address)
   *
   * The next server: `HOST:PORT`, or a host alone, for port 25. An IPv6 address with a port stands
   * in brackets.
   */
  props[PROP_ADDRESS] =
    g_param_spec_string ("address", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRelayHandler:tls: (getter get_tls) (setter set_tls)
   *
   * When STARTTLS is used. With a [property@RelayHandler:user-name] it is required in any case.
   * It needs a TLS backend of GIO (glib-networking).
   */
  props[PROP_TLS] =
    g_param_spec_enum ("tls", NULL, NULL, SMTP_TYPE_RELAY_TLS, SMTP_RELAY_TLS_OPPORTUNISTIC, FLAGS);

  /**
   * SmtpRelayHandler:user-name: (getter get_user_name) (setter set_user_name)
   *
   * Who to authenticate as, by AUTH PLAIN and inside TLS alone, or %NULL. With it the certificate of
   * the next server must be valid, so that nobody else gets the password.
   */
  props[PROP_USER_NAME] = g_param_spec_string ("user-name", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpRelayHandler:password: (setter set_password)
   *
   * The password that belongs to [property@RelayHandler:user-name].
   */
  props[PROP_PASSWORD] =
    g_param_spec_string ("password", NULL, NULL, NULL,
                         G_PARAM_WRITABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_other_properties (void)
{
  /**
   * SmtpRelayHandler:add-trace: (getter get_add_trace) (setter set_add_trace)
   *
   * Whether messages get a `Received` field, as RFC 5321 section 4.4 wants it.
   */
  props[PROP_ADD_TRACE] = g_param_spec_boolean ("add-trace", NULL, NULL, TRUE, FLAGS);

  /**
   * SmtpRelayHandler:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How many seconds the next server may take for an answer, or for a piece of text; at the end of a
   * message it may take ten times as long, because a message that was given up too early is delivered
   * twice. 0 means for ever. [property@Server:hook-timeout] counts for the client in any case.
   */
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_TIMEOUT, FLAGS);

  /**
   * SmtpRelayHandler:idle-timeout: (getter get_idle_timeout) (setter set_idle_timeout)
   *
   * How many seconds a connection is kept that nobody needs. 0: not at all.
   */
  props[PROP_IDLE_TIMEOUT] =
    g_param_spec_uint ("idle-timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_IDLE_TIMEOUT, FLAGS);

  /**
   * SmtpRelayHandler:max-idle: (getter get_max_idle) (setter set_max_idle)
   *
   * How many connections are kept that nobody needs.
   */
  props[PROP_MAX_IDLE] = g_param_spec_uint ("max-idle", NULL, NULL, 0, G_MAXUINT, DEFAULT_MAX_IDLE, FLAGS);
}

void
smtp_relay_handler_install_properties (GObjectClass *klass)
{
  klass->get_property = smtp_relay_handler_get_property;
  klass->set_property = smtp_relay_handler_set_property;

  install_connection_properties ();
  install_other_properties ();
  g_object_class_install_properties (klass, N_PROPS, props);
}

void
smtp_relay_handler_init_properties (SmtpRelayHandlerPrivate *priv)
{
  priv->add_trace = TRUE;
  priv->config.tls = SMTP_RELAY_TLS_OPPORTUNISTIC;
  priv->config.timeout = DEFAULT_TIMEOUT;
  priv->pool.idle_timeout = DEFAULT_IDLE_TIMEOUT;
  priv->pool.max_idle = DEFAULT_MAX_IDLE;
}

/**
 * smtp_relay_handler_get_address: (get-property address)
 * @self: a relay handler
 *
 * The next server.
 *
 * Returns: (nullable): `HOST:PORT`
 */
const char *
smtp_relay_handler_get_address (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), NULL);

  return PRIVATE (self)->config.address;
}

/**
 * smtp_relay_handler_get_add_trace: (get-property add-trace)
 * @self: a relay handler
 *
 * Whether messages get a `Received` field.
 *
 * Returns: %TRUE if they do
 */
gboolean
smtp_relay_handler_get_add_trace (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), FALSE);

  return PRIVATE (self)->add_trace;
}

/**
 * smtp_relay_handler_set_add_trace: (set-property add-trace)
 * @self: a relay handler
 * @add_trace: whether messages get a `Received` field
 *
 * Sets [property@RelayHandler:add-trace].
 */
void
smtp_relay_handler_set_add_trace (SmtpRelayHandler *self,
                                  gboolean          add_trace)
{
  SmtpRelayHandlerPrivate *priv;

  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  priv = PRIVATE (self);
  add_trace = add_trace != FALSE;
  if (priv->add_trace == add_trace)
    return;

  priv->add_trace = add_trace;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ADD_TRACE]);
}

/**
 * smtp_relay_handler_get_tls: (get-property tls)
 * @self: a relay handler
 *
 * When STARTTLS is used.
 *
 * Returns: the policy
 */
SmtpRelayTls
smtp_relay_handler_get_tls (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), SMTP_RELAY_TLS_OPPORTUNISTIC);

  return PRIVATE (self)->config.tls;
}

/**
 * smtp_relay_handler_set_tls: (set-property tls)
 * @self: a relay handler
 * @tls: the policy
 *
 * Sets [property@RelayHandler:tls].
 */
void
smtp_relay_handler_set_tls (SmtpRelayHandler *self,
                            SmtpRelayTls      tls)
{
  SmtpRelayHandlerPrivate *priv;

  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  priv = PRIVATE (self);
  if (priv->config.tls == tls)
    return;

  priv->config.tls = tls;
  smtp_upstream_pool_clear (&priv->pool);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TLS]);
}

/**
 * smtp_relay_handler_get_user_name: (get-property user-name)
 * @self: a relay handler
 *
 * Who to authenticate as.
 *
 * Returns: (nullable): the name, or %NULL for nobody
 */
const char *
smtp_relay_handler_get_user_name (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), NULL);

  return PRIVATE (self)->config.user_name;
}

/* Those that are connected have said who they are. */
static void
set_text (SmtpRelayHandler *self,
          char            **place,
          const char       *text,
          guint             prop_id)
{
  if (g_strcmp0 (*place, text) == 0)
    return;

  /* It may be the password. */
  smtp_secret_free_text (*place);
  *place = g_strdup (text);
  smtp_upstream_pool_clear (&PRIVATE (self)->pool);
  g_object_notify_by_pspec (G_OBJECT (self), props[prop_id]);
}

/**
 * smtp_relay_handler_set_user_name: (set-property user-name)
 * @self: a relay handler
 * @user_name: (nullable): the name, or %NULL for nobody
 *
 * Sets [property@RelayHandler:user-name].
 */
void
smtp_relay_handler_set_user_name (SmtpRelayHandler *self,
                                  const char       *user_name)
{
  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  set_text (self, &PRIVATE (self)->config.user_name, user_name, PROP_USER_NAME);
}

/**
 * smtp_relay_handler_set_password: (set-property password)
 * @self: a relay handler
 * @password: (nullable): the password
 *
 * Sets [property@RelayHandler:password].
 */
void
smtp_relay_handler_set_password (SmtpRelayHandler *self,
                                 const char       *password)
{
  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  set_text (self, &PRIVATE (self)->config.password, password, PROP_PASSWORD);
}

/**
 * smtp_relay_handler_get_timeout: (get-property timeout)
 * @self: a relay handler
 *
 * How long the next server may take for an answer.
 *
 * Returns: the time in seconds, 0 for ever
 */
guint
smtp_relay_handler_get_timeout (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), 0);

  return PRIVATE (self)->config.timeout;
}

/**
 * smtp_relay_handler_set_timeout: (set-property timeout)
 * @self: a relay handler
 * @seconds: the time, 0 for ever
 *
 * Sets [property@RelayHandler:timeout].
 */
void
smtp_relay_handler_set_timeout (SmtpRelayHandler *self,
                                guint             seconds)
{
  SmtpRelayHandlerPrivate *priv;

  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  priv = PRIVATE (self);
  if (priv->config.timeout == seconds)
    return;

  priv->config.timeout = seconds;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMEOUT]);
}

/**
 * smtp_relay_handler_get_idle_timeout: (get-property idle-timeout)
 * @self: a relay handler
 *
 * How long a connection is kept that nobody needs.
 *
 * Returns: the time in seconds
 */
guint
smtp_relay_handler_get_idle_timeout (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), 0);

  return PRIVATE (self)->pool.idle_timeout;
}

/**
 * smtp_relay_handler_set_idle_timeout: (set-property idle-timeout)
 * @self: a relay handler
 * @seconds: the time, 0 for not at all
 *
 * Sets [property@RelayHandler:idle-timeout].
 */
void
smtp_relay_handler_set_idle_timeout (SmtpRelayHandler *self,
                                     guint             seconds)
{
  SmtpRelayHandlerPrivate *priv;

  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  priv = PRIVATE (self);
  if (priv->pool.idle_timeout == seconds)
    return;

  priv->pool.idle_timeout = seconds;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_IDLE_TIMEOUT]);
}

/**
 * smtp_relay_handler_get_max_idle: (get-property max-idle)
 * @self: a relay handler
 *
 * How many connections are kept that nobody needs.
 *
 * Returns: their number
 */
guint
smtp_relay_handler_get_max_idle (SmtpRelayHandler *self)
{
  g_return_val_if_fail (SMTP_IS_RELAY_HANDLER (self), 0);

  return PRIVATE (self)->pool.max_idle;
}

/**
 * smtp_relay_handler_set_max_idle: (set-property max-idle)
 * @self: a relay handler
 * @n: their number
 *
 * Sets [property@RelayHandler:max-idle].
 */
void
smtp_relay_handler_set_max_idle (SmtpRelayHandler *self,
                                 guint             n)
{
  SmtpRelayHandlerPrivate *priv;

  g_return_if_fail (SMTP_IS_RELAY_HANDLER (self));

  priv = PRIVATE (self);
  if (priv->pool.max_idle == n)
    return;

  priv->pool.max_idle = n;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAX_IDLE]);
}
