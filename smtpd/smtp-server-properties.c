/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-enum-types.h"
#include "smtp-server-private.h"

/* The properties of SmtpServer, as GObject sees them; smtp-server-config.c gets and sets them. */

#define DEFAULT_IDENT "libsmtpd"
#define DEFAULT_DATA_SIZE_LIMIT 33554432
#define DEFAULT_SPOOL_THRESHOLD 262144
#define DEFAULT_TIMEOUT 300
#define DEFAULT_HOOK_TIMEOUT 240
#define DEFAULT_MAX_ERRORS 20
#define DEFAULT_HANDSHAKE_TIMEOUT 30

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_0,
  PROP_HOSTNAME,
  PROP_IDENT,
  PROP_DATA_SIZE_LIMIT,
  PROP_SPOOL_THRESHOLD,
  PROP_SPOOL_DIRECTORY,
  PROP_TEXT_LINE_LIMIT,
  PROP_MAX_HOPS,
  PROP_SMTPUTF8,
  PROP_BARE_NEWLINES,
  PROP_TIMEOUT,
  PROP_HOOK_TIMEOUT,
  PROP_MAX_ERRORS,
  PROP_TLS_CONTEXT,
  PROP_REQUIRE_TLS,
  PROP_HANDSHAKE_TIMEOUT,
  PROP_AUTH_MECHANISMS,
  PROP_AUTH_EXCLUDED,
  PROP_AUTH_REQUIRED,
  PROP_AUTH_REQUIRES_TLS,
  PROP_MAX_AUTH_FAILURES,
  PROP_AUTH_FAILURE_DELAY,
  PROP_LOG_DIALOGUE,
  PROP_SESSION_TYPE,
  PROP_ENVELOPE_TYPE,
  PROP_N_SESSIONS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_server_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  SmtpServer *self = SMTP_SERVER (object);
  SmtpServerConfig *config = smtp_server_get_config (self);

  switch (prop_id)
    {
    case PROP_HOSTNAME:
      g_value_set_string (value, config->hostname);
      break;
    case PROP_IDENT:
      g_value_set_string (value, config->ident);
      break;
    case PROP_DATA_SIZE_LIMIT:
      g_value_set_uint64 (value, config->data_size_limit);
      break;
    case PROP_SPOOL_THRESHOLD:
      g_value_set_uint (value, config->spool_threshold);
      break;
    case PROP_SPOOL_DIRECTORY:
      g_value_set_string (value, config->spool_directory);
      break;
    case PROP_TEXT_LINE_LIMIT:
      g_value_set_uint (value, config->text_line_limit);
      break;
    case PROP_MAX_HOPS:
      g_value_set_uint (value, config->max_hops);
      break;
    case PROP_SMTPUTF8:
      g_value_set_boolean (value, smtp_server_get_smtputf8 (self));
      break;
    case PROP_BARE_NEWLINES:
      g_value_set_enum (value, config->bare_newlines);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, config->timeout);
      break;
    case PROP_HOOK_TIMEOUT:
      g_value_set_uint (value, config->hook_timeout);
      break;
    case PROP_MAX_ERRORS:
      g_value_set_uint (value, config->max_errors);
      break;
    case PROP_TLS_CONTEXT:
      g_value_set_object (value, config->tls_context);
      break;
    case PROP_REQUIRE_TLS:
      g_value_set_boolean (value, config->require_tls);
      break;
    case PROP_HANDSHAKE_TIMEOUT:
      g_value_set_uint (value, config->handshake_timeout);
      break;
    case PROP_AUTH_MECHANISMS:
      g_value_set_boxed (value, config->auth.mechanisms);
      break;
    case PROP_AUTH_EXCLUDED:
      g_value_set_boxed (value, config->auth.excluded);
      break;
    case PROP_AUTH_REQUIRED:
      g_value_set_boolean (value, config->auth.required);
      break;
    case PROP_AUTH_REQUIRES_TLS:
      g_value_set_boolean (value, config->auth.requires_tls);
      break;
    case PROP_MAX_AUTH_FAILURES:
      g_value_set_uint (value, config->auth.max_failures);
      break;
    case PROP_AUTH_FAILURE_DELAY:
      g_value_set_uint (value, config->auth.failure_delay);
      break;
    case PROP_LOG_DIALOGUE:
      g_value_set_boolean (value, config->log_dialogue);
      break;
    case PROP_SESSION_TYPE:
      g_value_set_gtype (value, config->session_type);
      break;
    case PROP_ENVELOPE_TYPE:
      g_value_set_gtype (value, config->envelope_type);
      break;
    case PROP_N_SESSIONS:
      g_value_set_uint (value, smtp_server_get_n_sessions (self));
      break;
    default:
      if (!smtp_server_get_edge_property (self, prop_id, value) &&
          !smtp_server_get_limit_property (self, prop_id, value) &&
          !smtp_server_get_proxy_property (self, prop_id, value) &&
          !smtp_server_get_numbers_property (self, prop_id, value) &&
          !smtp_server_get_esmtp_property (self, prop_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_server_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  SmtpServer *self = SMTP_SERVER (object);

  switch (prop_id)
    {
    case PROP_HOSTNAME:
      smtp_server_set_hostname (self, g_value_get_string (value));
      break;
    case PROP_IDENT:
      smtp_server_set_ident (self, g_value_get_string (value));
      break;
    case PROP_DATA_SIZE_LIMIT:
      smtp_server_set_data_size_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_SPOOL_THRESHOLD:
      smtp_server_set_spool_threshold (self, g_value_get_uint (value));
      break;
    case PROP_SPOOL_DIRECTORY:
      smtp_server_set_spool_directory (self, g_value_get_string (value));
      break;
    case PROP_TEXT_LINE_LIMIT:
      smtp_server_set_text_line_limit (self, g_value_get_uint (value));
      break;
    case PROP_MAX_HOPS:
      smtp_server_set_max_hops (self, g_value_get_uint (value));
      break;
    case PROP_SMTPUTF8:
      smtp_server_set_smtputf8 (self, g_value_get_boolean (value));
      break;
    case PROP_BARE_NEWLINES:
      smtp_server_set_bare_newlines (self, g_value_get_enum (value));
      break;
    case PROP_TIMEOUT:
      smtp_server_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_HOOK_TIMEOUT:
      smtp_server_set_hook_timeout (self, g_value_get_uint (value));
      break;
    case PROP_MAX_ERRORS:
      smtp_server_set_max_errors (self, g_value_get_uint (value));
      break;
    case PROP_TLS_CONTEXT:
      smtp_server_set_tls_context (self, g_value_get_object (value));
      break;
    case PROP_REQUIRE_TLS:
      smtp_server_set_require_tls (self, g_value_get_boolean (value));
      break;
    case PROP_HANDSHAKE_TIMEOUT:
      smtp_server_set_handshake_timeout (self, g_value_get_uint (value));
      break;
    case PROP_AUTH_MECHANISMS:
      smtp_server_set_auth_mechanisms (self, g_value_get_boxed (value));
      break;
    case PROP_AUTH_EXCLUDED:
      smtp_server_set_auth_excluded (self, g_value_get_boxed (value));
      break;
    case PROP_AUTH_REQUIRED:
      smtp_server_set_auth_required (self, g_value_get_boolean (value));
      break;
    case PROP_AUTH_REQUIRES_TLS:
      smtp_server_set_auth_requires_tls (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_AUTH_FAILURES:
      smtp_server_set_max_auth_failures (self, g_value_get_uint (value));
      break;
    case PROP_AUTH_FAILURE_DELAY:
      smtp_server_set_auth_failure_delay (self, g_value_get_uint (value));
      break;
    case PROP_LOG_DIALOGUE:
      smtp_server_set_log_dialogue (self, g_value_get_boolean (value));
      break;
    case PROP_SESSION_TYPE:
      smtp_server_set_session_type (self, g_value_get_gtype (value));
      break;
    case PROP_ENVELOPE_TYPE:
      smtp_server_set_envelope_type (self, g_value_get_gtype (value));
      break;
    default:
      if (!smtp_server_set_edge_property (self, prop_id, value) &&
          !smtp_server_set_limit_property (self, prop_id, value, pspec) &&
          !smtp_server_set_proxy_property (self, prop_id, value) &&
          !smtp_server_set_numbers_property (self, prop_id, value) &&
          !smtp_server_set_esmtp_property (self, prop_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_name_properties (void)
{
  /**
   * SmtpServer:hostname: (getter get_hostname) (setter set_hostname)
   *
   * The name by which the server calls itself, in its greeting and elsewhere. By default the
   * machine's.
   */
  props[PROP_HOSTNAME] = g_param_spec_string ("hostname", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpServer:ident: (getter get_ident) (setter set_ident)
   *
   * What the greeting says of the software; may be empty.
   */
  props[PROP_IDENT] = g_param_spec_string ("ident", NULL, NULL, DEFAULT_IDENT, FLAGS);

  /**
   * SmtpServer:session-type: (getter get_session_type) (setter set_session_type)
   *
   * The class of which a session is made for each connection, [class@Session] or one derived
   * from it.
   */
  props[PROP_SESSION_TYPE] = g_param_spec_gtype ("session-type", NULL, NULL, SMTP_TYPE_SESSION, FLAGS);

  /**
   * SmtpServer:envelope-type: (getter get_envelope_type) (setter set_envelope_type)
   *
   * The class of which an envelope is made for each transaction, [class@Envelope] or one derived
   * from it.
   */
  props[PROP_ENVELOPE_TYPE] = g_param_spec_gtype ("envelope-type", NULL, NULL, SMTP_TYPE_ENVELOPE, FLAGS);
}

static void
install_limit_properties (void)
{
  /**
   * SmtpServer:data-size-limit: (getter get_data_size_limit) (setter set_data_size_limit)
   *
   * The largest message that is taken, in octets (RFC 1870); 0: no limit.
   *
   * Of a larger one nothing is kept. Up to as much again is read, and the client told 552;
   * then the connection is closed.
   */
  props[PROP_DATA_SIZE_LIMIT] = g_param_spec_uint64 ("data-size-limit", NULL, NULL, 0, G_MAXUINT64, DEFAULT_DATA_SIZE_LIMIT, FLAGS);

  /**
   * SmtpServer:spool-threshold: (getter get_spool_threshold) (setter set_spool_threshold)
   *
   * How much of a message is held in memory, in octets. A larger one is held in a file.
   */
  props[PROP_SPOOL_THRESHOLD] = g_param_spec_uint ("spool-threshold", NULL, NULL, 0, G_MAXINT, DEFAULT_SPOOL_THRESHOLD, FLAGS);

  /**
   * SmtpServer:spool-directory: (getter get_spool_directory) (setter set_spool_directory)
   *
   * Where files for large messages are made, without a name, so that nothing is left of them
   * when the program ends in whatever way. By default the system's for temporary files.
   */
  props[PROP_SPOOL_DIRECTORY] = g_param_spec_string ("spool-directory", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpServer:text-line-limit: (getter get_text_line_limit) (setter set_text_line_limit)
   *
   * The longest line that a message may have, in octets without its CRLF; 0: no limit. RFC 5321
   * section 4.5.3.1.6 says 998, which much mail does not keep to.
   */
  props[PROP_TEXT_LINE_LIMIT] = g_param_spec_uint ("text-line-limit", NULL, NULL, 0, G_MAXUINT, 0, FLAGS);

  /**
   * SmtpServer:max-hops: (getter get_max_hops) (setter set_max_hops)
   *
   * How many Received fields a message may have; 0: any number. One with more is refused with
   * 554: it goes in circles. RFC 5321 section 6.3 wants 100 at least to be let through.
   */
  props[PROP_MAX_HOPS] = g_param_spec_uint ("max-hops", NULL, NULL, 0, G_MAXUINT, 0, FLAGS);

  /**
   * SmtpServer:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long a client may be silent, in seconds; 0: for ever. Then it is told 421. RFC 5321
   * section 4.5.3.2.7 wants 300 at least.
   */
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_TIMEOUT, FLAGS);

  /**
   * SmtpServer:hook-timeout: (getter get_hook_timeout) (setter set_hook_timeout)
   *
   * How long a hook may hold a command, in seconds; 0: for ever. Then the client is told 451.
   * The default is a minute less than clients wait (RFC 5321 section 4.5.3.2).
   */
  props[PROP_HOOK_TIMEOUT] = g_param_spec_uint ("hook-timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_HOOK_TIMEOUT, FLAGS);

  /**
   * SmtpServer:max-errors: (getter get_max_errors) (setter set_max_errors)
   *
   * How many commands of a connection may be wrong, by themselves and not for a hook, before
   * the client is told 421; 0: any number.
   */
  props[PROP_MAX_ERRORS] = g_param_spec_uint ("max-errors", NULL, NULL, 0, G_MAXUINT, DEFAULT_MAX_ERRORS, FLAGS);
}

static void
install_tls_properties (void)
{
  /**
   * SmtpServer:tls-context: (getter get_tls_context) (setter set_tls_context)
   *
   * The certificates for TLS. With a context STARTTLS is offered (RFC 3207), and addresses of
   * %SMTP_LISTENER_KIND_SMTPS can be served.
   */
  props[PROP_TLS_CONTEXT] = g_param_spec_object ("tls-context", NULL, NULL, SMTP_TYPE_TLS_CONTEXT, FLAGS);

  /**
   * SmtpServer:require-tls: (getter get_require_tls) (setter set_require_tls)
   *
   * Whether clients must use TLS: in clear all commands but EHLO, LHLO, NOOP, STARTTLS and QUIT are
   * refused with 530 (RFC 3207 section 4).
   */
  props[PROP_REQUIRE_TLS] = g_param_spec_boolean ("require-tls", NULL, NULL, FALSE, FLAGS);

  /**
   * SmtpServer:handshake-timeout: (getter get_handshake_timeout) (setter set_handshake_timeout)
   *
   * How long a TLS handshake may take in all, in seconds; 0: for ever. Then the connection ends.
   */
  props[PROP_HANDSHAKE_TIMEOUT] = g_param_spec_uint ("handshake-timeout", NULL, NULL, 0, G_MAXUINT,
                                                     DEFAULT_HANDSHAKE_TIMEOUT, FLAGS);
}

static void
install_auth_properties (void)
{
  /**
   * SmtpServer:auth-mechanisms: (getter dup_auth_mechanisms) (setter set_auth_mechanisms)
   *
   * The mechanisms of SASL that are offered (RFC 4954), in any order and case; %NULL: those
   * that suit the hooks.
   *
   * By default these are the SCRAM mechanisms where somebody gives secrets
   * ([signal@Server::handle-credentials]), and PLAIN and LOGIN where somebody gives secrets or
   * decides ([signal@Server::handle-auth]); the latter two never in clear, since they send
   * the password itself. A list names all that are wanted: CRAM-MD5, EXTERNAL, OAUTHBEARER,
   * XOAUTH2 and ANONYMOUS are offered only so. Nothing is offered that nobody could answer.
   */
  props[PROP_AUTH_MECHANISMS] = g_param_spec_boxed ("auth-mechanisms", NULL, NULL, G_TYPE_STRV, FLAGS);

  /**
   * SmtpServer:auth-excluded: (getter dup_auth_excluded) (setter set_auth_excluded)
   *
   * The mechanisms of SASL that are not offered, whatever else is said.
   */
  props[PROP_AUTH_EXCLUDED] = g_param_spec_boxed ("auth-excluded", NULL, NULL, G_TYPE_STRV, FLAGS);

  /**
   * SmtpServer:auth-required: (getter get_auth_required) (setter set_auth_required)
   *
   * Whether clients must authenticate: until then all commands but HELO, EHLO, LHLO, STARTTLS, AUTH,
   * NOOP, RSET, HELP and QUIT are refused with 530 (RFC 4954 section 6).
   */
  props[PROP_AUTH_REQUIRED] = g_param_spec_boolean ("auth-required", NULL, NULL, FALSE, FLAGS);

  /**
   * SmtpServer:auth-requires-tls: (getter get_auth_requires_tls) (setter set_auth_requires_tls)
   *
   * Whether AUTH is for TLS alone: in clear it is not offered, and refused with 538.
   */
  props[PROP_AUTH_REQUIRES_TLS] = g_param_spec_boolean ("auth-requires-tls", NULL, NULL, TRUE, FLAGS);

  /**
   * SmtpServer:max-auth-failures: (getter get_max_auth_failures) (setter set_max_auth_failures)
   *
   * How many attempts of AUTH may fail on a connection before the client is told 421; 0: any
   * number.
   */
  props[PROP_MAX_AUTH_FAILURES] = g_param_spec_uint ("max-auth-failures", NULL, NULL, 0, G_MAXUINT,
                                                     SMTP_DEFAULT_MAX_AUTH_FAILURES, FLAGS);

  /**
   * SmtpServer:auth-failure-delay: (getter get_auth_failure_delay) (setter set_auth_failure_delay)
   *
   * How long a client waits at most to hear that AUTH failed, in milliseconds; half of it is up to
   * chance. Others do not wait for it.
   */
  props[PROP_AUTH_FAILURE_DELAY] = g_param_spec_uint ("auth-failure-delay", NULL, NULL, 0, 60000,
                                                      SMTP_DEFAULT_AUTH_FAILURE_DELAY, FLAGS);
}

static void
install_policy_properties (void)
{
  /**
   * SmtpServer:smtputf8: (getter get_smtputf8) (setter set_smtputf8)
   *
   * Whether SMTPUTF8 (RFC 6531) is offered.
   */
  props[PROP_SMTPUTF8] = g_param_spec_boolean ("smtputf8", NULL, NULL, FALSE, FLAGS);

  /**
   * SmtpServer:bare-newlines: (getter get_bare_newlines) (setter set_bare_newlines)
   *
   * What becomes of a CR or LF alone.
   */
  props[PROP_BARE_NEWLINES] = g_param_spec_enum ("bare-newlines", NULL, NULL, SMTP_TYPE_BARE_NEWLINES,
                                                SMTP_BARE_NEWLINES_REJECT, FLAGS);

  /**
   * SmtpServer:log-dialogue: (getter get_log_dialogue) (setter set_log_dialogue)
   *
   * Whether every command and reply is logged, at debug level, with everything escaped that is
   * not printable. Messages are not.
   */
  props[PROP_LOG_DIALOGUE] = g_param_spec_boolean ("log-dialogue", NULL, NULL, FALSE, FLAGS);
}

void
smtp_server_install_properties (GObjectClass *klass)
{
  klass->get_property = smtp_server_get_property;
  klass->set_property = smtp_server_set_property;

  install_name_properties ();
  install_limit_properties ();
  install_policy_properties ();
  install_tls_properties ();
  install_auth_properties ();

  /**
   * SmtpServer:n-sessions: (getter get_n_sessions)
   *
   * How many connections are open.
   */
  props[PROP_N_SESSIONS] = g_param_spec_uint ("n-sessions", NULL, NULL, 0, G_MAXUINT, 0,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (klass, N_PROPS, props);
  smtp_server_install_edge_properties (klass);
  smtp_server_install_limit_properties (klass);
  smtp_server_install_proxy_properties (klass);
  smtp_server_install_numbers_properties (klass);
  smtp_server_install_esmtp_properties (klass);
}

void
smtp_server_init_config (SmtpServer *self)
{
  SmtpServerConfig *config = smtp_server_get_config (self);

  config->hostname = g_strdup (g_get_host_name ());
  config->ident = g_strdup (DEFAULT_IDENT);
  config->data_size_limit = DEFAULT_DATA_SIZE_LIMIT;
  config->spool_threshold = DEFAULT_SPOOL_THRESHOLD;
  config->spool_directory = g_strdup (g_get_tmp_dir ());
  config->timeout = DEFAULT_TIMEOUT;
  config->hook_timeout = DEFAULT_HOOK_TIMEOUT;
  config->max_errors = DEFAULT_MAX_ERRORS;
  config->handshake_timeout = DEFAULT_HANDSHAKE_TIMEOUT;
  smtp_auth_config_init (&config->auth);
  smtp_edge_config_init (&config->edge);
  smtp_limit_config_init (&config->limits);
  smtp_proxy_config_init (&config->proxies);
  smtp_esmtp_config_init (&config->esmtp);
  config->session_type = SMTP_TYPE_SESSION;
  config->envelope_type = SMTP_TYPE_ENVELOPE;
}
