/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-server-private.h"

/* What a server is configured to be, one by one. */

static void
set_text (SmtpServer  *self,
          char       **field,
          const char  *text,
          const char  *property)
{
  if (strcmp (*field, text) == 0)
    return;

  g_free (*field);
  *field = g_strdup (text);
  g_object_notify (G_OBJECT (self), property);
}

/* The rest is numbers. */
#define SET_NUMBER(self, field, value, property)                              \
  G_STMT_START {                                                              \
    SmtpServerConfig *config = smtp_server_get_config (self);                 \
    if (config->field != (value))                                             \
      {                                                                       \
        config->field = (value);                                              \
        g_object_notify (G_OBJECT (self), property);                          \
      }                                                                       \
  } G_STMT_END

/**
 * smtp_server_get_hostname: (get-property hostname)
 * @self: a server
 *
 * The name by which the server calls itself, in its greeting and elsewhere. By default the
 * machine's.
 *
 * Returns: the name
 */
const char *
smtp_server_get_hostname (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return smtp_server_get_config (self)->hostname;
}

/**
 * smtp_server_set_hostname: (set-property hostname)
 * @self: a server
 * @hostname: a host name
 *
 * Sets [property@Server:hostname].
 */
void
smtp_server_set_hostname (SmtpServer *self,
                          const char *hostname)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (hostname != NULL && *hostname != '\0');

  set_text (self, &smtp_server_get_config (self)->hostname, hostname, "hostname");
}

/**
 * smtp_server_get_ident: (get-property ident)
 * @self: a server
 *
 * What the greeting says of the software; may be empty.
 *
 * Returns: the text
 */
const char *
smtp_server_get_ident (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return smtp_server_get_config (self)->ident;
}

/**
 * smtp_server_set_ident: (set-property ident)
 * @self: a server
 * @ident: a text
 *
 * Sets [property@Server:ident].
 */
void
smtp_server_set_ident (SmtpServer *self,
                       const char *ident)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (ident != NULL);

  set_text (self, &smtp_server_get_config (self)->ident, ident, "ident");
}

/**
 * smtp_server_get_data_size_limit: (get-property data-size-limit)
 * @self: a server
 *
 * The largest message that is taken, in octets (RFC 1870); 0: no limit.
 *
 * Of a larger one nothing is kept. Up to as much again is read, and the client told 552;
 * then the connection is closed.
 *
 * Returns: the limit in octets
 */
guint64
smtp_server_get_data_size_limit (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->data_size_limit;
}

/**
 * smtp_server_set_data_size_limit: (set-property data-size-limit)
 * @self: a server
 * @limit: octets
 *
 * Sets [property@Server:data-size-limit].
 */
void
smtp_server_set_data_size_limit (SmtpServer *self,
                                 guint64     limit)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, data_size_limit, limit, "data-size-limit");
}

/**
 * smtp_server_get_spool_threshold: (get-property spool-threshold)
 * @self: a server
 *
 * How much of a message is held in memory, in octets. A larger one is held in a file.
 *
 * Returns: the size in octets
 */
guint
smtp_server_get_spool_threshold (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->spool_threshold;
}

/**
 * smtp_server_set_spool_threshold: (set-property spool-threshold)
 * @self: a server
 * @size: octets
 *
 * Sets [property@Server:spool-threshold].
 */
void
smtp_server_set_spool_threshold (SmtpServer *self,
                                 guint       size)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, spool_threshold, size, "spool-threshold");
}

/**
 * smtp_server_get_spool_directory: (get-property spool-directory)
 * @self: a server
 *
 * Where files for large messages are made, without a name, so that nothing is left of them
 * when the program ends in whatever way. By default the system's for temporary files.
 *
 * Returns: the directory
 */
const char *
smtp_server_get_spool_directory (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return smtp_server_get_config (self)->spool_directory;
}

/**
 * smtp_server_set_spool_directory: (set-property spool-directory)
 * @self: a server
 * @directory: a directory
 *
 * Sets [property@Server:spool-directory].
 */
void
smtp_server_set_spool_directory (SmtpServer *self,
                                 const char *directory)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (directory != NULL);

  set_text (self, &smtp_server_get_config (self)->spool_directory, directory, "spool-directory");
}

/**
 * smtp_server_get_max_hops: (get-property max-hops)
 * @self: a server
 *
 * How many Received fields a message may have.
 *
 * Returns: the number, 0 for any
 */
guint
smtp_server_get_max_hops (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->max_hops;
}

/**
 * smtp_server_set_max_hops: (set-property max-hops)
 * @self: a server
 * @max_hops: a number of Received fields, 0 for any
 *
 * Sets [property@Server:max-hops].
 */
void
smtp_server_set_max_hops (SmtpServer *self,
                          guint       max_hops)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, max_hops, max_hops, "max-hops");
}

/**
 * smtp_server_get_text_line_limit: (get-property text-line-limit)
 * @self: a server
 *
 * The longest line that a message may have, in octets without its CRLF; 0: no limit. RFC 5321
 * section 4.5.3.1.6 says 998, which much mail does not keep to.
 *
 * Returns: the limit in octets
 */
guint
smtp_server_get_text_line_limit (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->text_line_limit;
}

/**
 * smtp_server_set_text_line_limit: (set-property text-line-limit)
 * @self: a server
 * @limit: octets
 *
 * Sets [property@Server:text-line-limit].
 */
void
smtp_server_set_text_line_limit (SmtpServer *self,
                                 guint       limit)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, text_line_limit, limit, "text-line-limit");
}

/**
 * smtp_server_get_bare_newlines: (get-property bare-newlines)
 * @self: a server
 *
 * What becomes of a CR or LF alone.
 *
 * Returns: the policy
 */
SmtpBareNewlines
smtp_server_get_bare_newlines (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), SMTP_BARE_NEWLINES_REJECT);

  return smtp_server_get_config (self)->bare_newlines;
}

/**
 * smtp_server_set_bare_newlines: (set-property bare-newlines)
 * @self: a server
 * @bare_newlines: a policy
 *
 * Sets [property@Server:bare-newlines].
 */
void
smtp_server_set_bare_newlines (SmtpServer       *self,
                               SmtpBareNewlines  bare_newlines)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, bare_newlines, bare_newlines, "bare-newlines");
}

/**
 * smtp_server_get_timeout: (get-property timeout)
 * @self: a server
 *
 * How long a client may be silent, in seconds; 0: for ever. Then it is told 421. RFC 5321
 * section 4.5.3.2.7 wants 300 at least.
 *
 * Returns: the time in seconds
 */
guint
smtp_server_get_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->timeout;
}

/**
 * smtp_server_set_timeout: (set-property timeout)
 * @self: a server
 * @seconds: a time
 *
 * Sets [property@Server:timeout].
 */
void
smtp_server_set_timeout (SmtpServer *self,
                         guint       seconds)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, timeout, seconds, "timeout");
}

/**
 * smtp_server_get_hook_timeout: (get-property hook-timeout)
 * @self: a server
 *
 * How long a hook may hold a command, in seconds; 0: for ever. Then the client is told 451.
 * The default is a minute less than clients wait (RFC 5321 section 4.5.3.2).
 *
 * Returns: the time in seconds
 */
guint
smtp_server_get_hook_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->hook_timeout;
}

/**
 * smtp_server_set_hook_timeout: (set-property hook-timeout)
 * @self: a server
 * @seconds: a time
 *
 * Sets [property@Server:hook-timeout].
 */
void
smtp_server_set_hook_timeout (SmtpServer *self,
                              guint       seconds)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, hook_timeout, seconds, "hook-timeout");
}

/**
 * smtp_server_get_max_errors: (get-property max-errors)
 * @self: a server
 *
 * How many commands of a connection may be wrong, by themselves and not for a hook, before
 * the client is told 421; 0: any number.
 *
 * Returns: the number of errors
 */
guint
smtp_server_get_max_errors (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->max_errors;
}

/**
 * smtp_server_set_max_errors: (set-property max-errors)
 * @self: a server
 * @max_errors: a number
 *
 * Sets [property@Server:max-errors].
 */
void
smtp_server_set_max_errors (SmtpServer *self,
                            guint       max_errors)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, max_errors, max_errors, "max-errors");
}

/**
 * smtp_server_get_log_dialogue: (get-property log-dialogue)
 * @self: a server
 *
 * Whether every command and reply is logged, at debug level, with everything escaped that is
 * not printable. Messages are not.
 *
 * Returns: %TRUE if they are
 */
gboolean
smtp_server_get_log_dialogue (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return smtp_server_get_config (self)->log_dialogue;
}

/**
 * smtp_server_set_log_dialogue: (set-property log-dialogue)
 * @self: a server
 * @log_dialogue: whether to log
 *
 * Sets [property@Server:log-dialogue].
 */
void
smtp_server_set_log_dialogue (SmtpServer *self,
                              gboolean    log_dialogue)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, log_dialogue, !!log_dialogue, "log-dialogue");
}

/**
 * smtp_server_get_session_type: (get-property session-type)
 * @self: a server
 *
 * The class of which a session is made for each connection, [class@Session] or one derived
 * from it.
 *
 * Returns: the type
 */
GType
smtp_server_get_session_type (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), G_TYPE_INVALID);

  return smtp_server_get_config (self)->session_type;
}

/**
 * smtp_server_set_session_type: (set-property session-type)
 * @self: a server
 * @session_type: a type
 *
 * Sets [property@Server:session-type].
 */
void
smtp_server_set_session_type (SmtpServer *self,
                              GType       session_type)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (g_type_is_a (session_type, SMTP_TYPE_SESSION));

  SET_NUMBER (self, session_type, session_type, "session-type");
}

/**
 * smtp_server_get_envelope_type: (get-property envelope-type)
 * @self: a server
 *
 * The class of which an envelope is made for each transaction, [class@Envelope] or one derived
 * from it.
 *
 * Returns: the type
 */
GType
smtp_server_get_envelope_type (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), G_TYPE_INVALID);

  return smtp_server_get_config (self)->envelope_type;
}

/**
 * smtp_server_set_envelope_type: (set-property envelope-type)
 * @self: a server
 * @envelope_type: a type
 *
 * Sets [property@Server:envelope-type].
 */
void
smtp_server_set_envelope_type (SmtpServer *self,
                               GType       envelope_type)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (g_type_is_a (envelope_type, SMTP_TYPE_ENVELOPE));

  SET_NUMBER (self, envelope_type, envelope_type, "envelope-type");
}

/**
 * smtp_server_get_tls_context: (get-property tls-context)
 * @self: a server
 *
 * The certificates for TLS.
 *
 * Returns: (transfer none) (nullable): the context, or %NULL if there is no TLS
 */
SmtpTlsContext *
smtp_server_get_tls_context (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return smtp_server_get_config (self)->tls_context;
}

/**
 * smtp_server_set_tls_context: (set-property tls-context)
 * @self: a server
 * @context: (nullable): a context, or %NULL for no TLS
 *
 * Sets [property@Server:tls-context], for handshakes that begin from now on.
 */
void
smtp_server_set_tls_context (SmtpServer     *self,
                             SmtpTlsContext *context)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (context == NULL || SMTP_IS_TLS_CONTEXT (context));

  if (g_set_object (&smtp_server_get_config (self)->tls_context, context))
    g_object_notify (G_OBJECT (self), "tls-context");
}

/**
 * smtp_server_get_require_tls: (get-property require-tls)
 * @self: a server
 *
 * Whether clients must use TLS.
 *
 * Returns: %TRUE if they must
 */
gboolean
smtp_server_get_require_tls (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return smtp_server_get_config (self)->require_tls;
}

/**
 * smtp_server_set_require_tls: (set-property require-tls)
 * @self: a server
 * @require_tls: whether they must
 *
 * Sets [property@Server:require-tls].
 */
void
smtp_server_set_require_tls (SmtpServer *self,
                             gboolean    require_tls)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  require_tls = !!require_tls;
  SET_NUMBER (self, require_tls, require_tls, "require-tls");
}

/**
 * smtp_server_get_handshake_timeout: (get-property handshake-timeout)
 * @self: a server
 *
 * How long a TLS handshake may take, in seconds.
 *
 * Returns: the time, 0 for ever
 */
guint
smtp_server_get_handshake_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return smtp_server_get_config (self)->handshake_timeout;
}

/**
 * smtp_server_set_handshake_timeout: (set-property handshake-timeout)
 * @self: a server
 * @seconds: a time in seconds, 0 for ever
 *
 * Sets [property@Server:handshake-timeout].
 */
void
smtp_server_set_handshake_timeout (SmtpServer *self,
                                   guint       seconds)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET_NUMBER (self, handshake_timeout, seconds, "handshake-timeout");
}
