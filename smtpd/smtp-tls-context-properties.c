/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules of SmtpTlsContext, as properties. */

#include "smtp-tls-context-private.h"

#include "smtp-enum-types.h"

enum
{
  PROP_0,
  PROP_CLIENT_CERTIFICATES,
  PROP_CA_FILE,
  PROP_OCSP_FILE,
  PROP_PRIORITY,
  PROP_WATCH_FILES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_tls_context_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SmtpTlsContext *self = SMTP_TLS_CONTEXT (object);

  switch (prop_id)
    {
    case PROP_CLIENT_CERTIFICATES:
      g_value_set_enum (value, self->clients);
      break;
    case PROP_CA_FILE:
      g_value_set_string (value, self->ca_file);
      break;
    case PROP_OCSP_FILE:
      g_value_set_string (value, self->ocsp_file);
      break;
    case PROP_PRIORITY:
      g_value_set_string (value, self->priority);
      break;
    case PROP_WATCH_FILES:
      g_value_set_boolean (value, self->watch != NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_tls_context_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SmtpTlsContext *self = SMTP_TLS_CONTEXT (object);

  switch (prop_id)
    {
    case PROP_CLIENT_CERTIFICATES:
      smtp_tls_context_set_client_certificates (self, g_value_get_enum (value));
      break;
    case PROP_CA_FILE:
      smtp_tls_context_set_ca_file (self, g_value_get_string (value));
      break;
    case PROP_OCSP_FILE:
      smtp_tls_context_set_ocsp_file (self, g_value_get_string (value));
      break;
    case PROP_PRIORITY:
      smtp_tls_context_set_priority (self, g_value_get_string (value));
      break;
    case PROP_WATCH_FILES:
      smtp_tls_context_set_watch_files (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

void
smtp_tls_context_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = smtp_tls_context_get_property;
  object_class->set_property = smtp_tls_context_set_property;

  /**
   * SmtpTlsContext:client-certificates: (getter get_client_certificates) (setter set_client_certificates)
   *
   * Whether clients are asked for certificates.
   */
  props[PROP_CLIENT_CERTIFICATES] =
    g_param_spec_enum ("client-certificates", NULL, NULL, SMTP_TYPE_CLIENT_CERTIFICATES,
                       SMTP_CLIENT_CERTIFICATES_IGNORED, flags);

  /**
   * SmtpTlsContext:ca-file: (type filename) (getter get_ca_file) (setter set_ca_file)
   *
   * A PEM file with the authorities that client certificates are verified with. %NULL: those that
   * the system trusts.
   */
  props[PROP_CA_FILE] = g_param_spec_string ("ca-file", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsContext:ocsp-file: (type filename) (getter get_ocsp_file) (setter set_ocsp_file)
   *
   * A file with an OCSP response for the certificate, in DER, that clients are shown (RFC 6066
   * section 8). To be reloaded before it expires.
   */
  props[PROP_OCSP_FILE] = g_param_spec_string ("ocsp-file", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsContext:priority: (getter get_priority) (setter set_priority)
   *
   * A priority string of GnuTLS: versions, ciphers and so on. %NULL: TLS 1.2 and 1.3, without
   * what is known to be weak.
   */
  props[PROP_PRIORITY] = g_param_spec_string ("priority", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsContext:watch-files: (getter get_watch_files) (setter set_watch_files)
   *
   * Whether the files are read again, as by [method@TlsContext.reload], when they change. With a
   * failure goes a warning, and what was in use stays so.
   */
  props[PROP_WATCH_FILES] = g_param_spec_boolean ("watch-files", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

/* Rules. What was made by the old ones is not to be used any more. */

static void
change (SmtpTlsContext *self,
        guint           prop_id)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);
  g_mutex_unlock (&self->lock);

  if (self->watch != NULL)
    smtp_tls_context_watch (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[prop_id]);
}

static void
change_text (SmtpTlsContext  *self,
             char           **field,
             const char      *text,
             guint            prop_id)
{
  if (g_strcmp0 (*field, text) == 0)
    return;

  g_free (*field);
  *field = g_strdup (text);
  change (self, prop_id);
}

/**
 * smtp_tls_context_get_client_certificates: (get-property client-certificates)
 * @self: a context
 *
 * Whether clients are asked for certificates.
 *
 * Returns: whether, and how urgently
 */
SmtpClientCertificates
smtp_tls_context_get_client_certificates (SmtpTlsContext *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), SMTP_CLIENT_CERTIFICATES_IGNORED);

  return self->clients;
}

/**
 * smtp_tls_context_set_client_certificates: (set-property client-certificates)
 * @self: a context
 * @clients: whether they are asked for
 *
 * Sets [property@TlsContext:client-certificates].
 */
void
smtp_tls_context_set_client_certificates (SmtpTlsContext         *self,
                                          SmtpClientCertificates  clients)
{
  g_return_if_fail (SMTP_IS_TLS_CONTEXT (self));

  if (self->clients == clients)
    return;

  self->clients = clients;
  change (self, PROP_CLIENT_CERTIFICATES);
}

/**
 * smtp_tls_context_get_ca_file: (get-property ca-file)
 * @self: a context
 *
 * The authorities that client certificates are verified with.
 *
 * Returns: (type filename) (nullable): a PEM file, or %NULL for the default
 */
const char *
smtp_tls_context_get_ca_file (SmtpTlsContext *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), NULL);

  return self->ca_file;
}

/**
 * smtp_tls_context_set_ca_file: (set-property ca-file)
 * @self: a context
 * @path: (type filename) (nullable): a PEM file, or %NULL for the default
 *
 * Sets [property@TlsContext:ca-file]. A connection that begins goes by it; call
 * [method@TlsContext.reload] to learn whether it can.
 */
void
smtp_tls_context_set_ca_file (SmtpTlsContext *self,
                                const char     *path)
{
  g_return_if_fail (SMTP_IS_TLS_CONTEXT (self));

  change_text (self, &self->ca_file, path, PROP_CA_FILE);
}

/**
 * smtp_tls_context_get_ocsp_file: (get-property ocsp-file)
 * @self: a context
 *
 * The OCSP response that clients are shown.
 *
 * Returns: (type filename) (nullable): a DER file, or %NULL for the default
 */
const char *
smtp_tls_context_get_ocsp_file (SmtpTlsContext *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), NULL);

  return self->ocsp_file;
}

/**
 * smtp_tls_context_set_ocsp_file: (set-property ocsp-file)
 * @self: a context
 * @path: (type filename) (nullable): a DER file, or %NULL for the default
 *
 * Sets [property@TlsContext:ocsp-file]. A connection that begins goes by it; call
 * [method@TlsContext.reload] to learn whether it can.
 */
void
smtp_tls_context_set_ocsp_file (SmtpTlsContext *self,
                                  const char     *path)
{
  g_return_if_fail (SMTP_IS_TLS_CONTEXT (self));

  change_text (self, &self->ocsp_file, path, PROP_OCSP_FILE);
}

/**
 * smtp_tls_context_get_priority: (get-property priority)
 * @self: a context
 *
 * The priority string of GnuTLS.
 *
 * Returns: (nullable): a priority string, or %NULL for the default
 */
const char *
smtp_tls_context_get_priority (SmtpTlsContext *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), NULL);

  return self->priority;
}

/**
 * smtp_tls_context_set_priority: (set-property priority)
 * @self: a context
 * @priority: (nullable): a priority string, or %NULL for the default
 *
 * Sets [property@TlsContext:priority]. A connection that begins goes by it; call
 * [method@TlsContext.reload] to learn whether it can.
 */
void
smtp_tls_context_set_priority (SmtpTlsContext *self,
                                 const char     *priority)
{
  g_return_if_fail (SMTP_IS_TLS_CONTEXT (self));

  change_text (self, &self->priority, priority, PROP_PRIORITY);
}

/**
 * smtp_tls_context_get_watch_files: (get-property watch-files)
 * @self: a context
 *
 * Whether the files are watched.
 *
 * Returns: %TRUE if they are read again when they change
 */
gboolean
smtp_tls_context_get_watch_files (SmtpTlsContext *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), FALSE);

  return self->watch != NULL;
}

/**
 * smtp_tls_context_set_watch_files: (set-property watch-files)
 * @self: a context
 * @watch_files: whether the files are read again when they change
 *
 * Sets [property@TlsContext:watch-files]. That happens in the main context that is now the
 * thread's default, which somebody must run.
 */
void
smtp_tls_context_set_watch_files (SmtpTlsContext *self,
                                  gboolean        watch_files)
{
  g_return_if_fail (SMTP_IS_TLS_CONTEXT (self));

  if (!watch_files == (self->watch == NULL))
    return;

  if (watch_files)
    smtp_tls_context_watch (self);
  else
    g_clear_pointer (&self->watch, smtp_tls_watch_free);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WATCH_FILES]);
}
