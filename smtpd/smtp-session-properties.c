/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-session-private.h"

/* The properties of a session; those of its place at the edge are in smtp-session-edge.c. */

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

void
smtp_session_install_properties (GObjectClass *klass)
{
  klass->get_property = smtp_session_get_property;
  klass->set_property = smtp_session_set_property;

  install_connection_properties ();
  install_dialogue_properties ();
  install_auth_properties ();
  g_object_class_install_properties (klass, N_PROPS, props);
}
