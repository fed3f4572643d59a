/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-context.h"

#include <string.h>

#include <gnutls/gnutls.h>

#include "smtp-enum-types.h"
#include "smtp-tls-context-private.h"
#include "transport/smtp-tls-self-signed.h"

/**
 * SmtpTlsContext:
 *
 * What a server needs for TLS: certificates with their keys, and the rules.
 *
 * One context may serve several servers. What it says is read when it is made, and again by
 * [method@TlsContext.reload], which new connections go by; those that are open keep what they
 * began with. Of several certificates that one is shown whose name the client asks for (SNI, RFC
 * 6066), or the first.
 *
 * TLS 1.2 and 1.3 are spoken, unless [property@TlsContext:priority] says something else.
 * Sessions are resumed by tickets, whose keys change with time and belong to this context: a
 * ticket of another one is worth nothing here.
 */

struct _SmtpTlsContext
{
  GObject parent_instance;

  char *certificate_file;
  char *key_file;
  GBytes *certificate_pem;
  GBytes *key_pem;
  char *ca_file;
  char *ocsp_file;
  char *priority;
  SmtpClientCertificates clients;
  GPtrArray *more;
  GBytes *ticket_key;

  SmtpTlsCredentials *credentials;  /* NULL: to be made when next wanted */
};

G_DEFINE_FINAL_TYPE (SmtpTlsContext, smtp_tls_context, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_CLIENT_CERTIFICATES,
  PROP_CA_FILE,
  PROP_OCSP_FILE,
  PROP_PRIORITY,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_tls_context_finalize (GObject *object)
{
  SmtpTlsContext *self = SMTP_TLS_CONTEXT (object);

  g_free (self->certificate_file);
  g_free (self->key_file);
  g_clear_pointer (&self->certificate_pem, g_bytes_unref);
  g_clear_pointer (&self->key_pem, g_bytes_unref);
  g_free (self->ca_file);
  g_free (self->ocsp_file);
  g_free (self->priority);
  g_ptr_array_unref (self->more);
  g_clear_pointer (&self->ticket_key, g_bytes_unref);
  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);

  G_OBJECT_CLASS (smtp_tls_context_parent_class)->finalize (object);
}

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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_tls_context_class_init (SmtpTlsContextClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_tls_context_finalize;
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

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
free_pair (gpointer data)
{
  char **pair = data;

  g_free (pair[0]);
  g_free (pair[1]);
  g_free (pair);
}

/* Tickets are encrypted with keys that GnuTLS derives from this one, each for some hours. */
static void
renew_ticket_key (SmtpTlsContext *self)
{
  gnutls_datum_t key;

  g_clear_pointer (&self->ticket_key, g_bytes_unref);
  if (gnutls_session_ticket_key_generate (&key) >= 0)
    self->ticket_key = g_bytes_new_with_free_func (key.data, key.size, gnutls_free, key.data);
}

static void
smtp_tls_context_init (SmtpTlsContext *self)
{
  self->more = g_ptr_array_new_with_free_func (free_pair);
  renew_ticket_key (self);
}

static SmtpTlsContext *
load (SmtpTlsContext  *self,
      GError         **error)
{
  if (!smtp_tls_context_reload (self, error))
    g_clear_object (&self);

  return self;
}

/**
 * smtp_tls_context_new:
 * @certificate_file: (type filename): a PEM file with the certificate, and those of the authorities
 *   between it and the root behind it
 * @key_file: (type filename) (nullable): a PEM file with the key; %NULL: it is in
 *   @certificate_file
 * @error: return location for an error
 *
 * Makes a context of files. The errors are %G_IO_ERROR_NOT_FOUND for a file that cannot be read,
 * and those of %G_TLS_ERROR.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new (const char  *certificate_file,
                      const char  *key_file,
                      GError     **error)
{
  SmtpTlsContext *self;

  g_return_val_if_fail (certificate_file != NULL, NULL);

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  self->certificate_file = g_strdup (certificate_file);
  self->key_file = g_strdup (key_file);

  return load (self, error);
}

/* The chain, from the certificate up. */
static GBytes *
get_pem (GTlsCertificate *certificate)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (; certificate != NULL; certificate = g_tls_certificate_get_issuer (certificate))
    {
      g_autofree char *pem = NULL;

      g_object_get (certificate, "certificate-pem", &pem, NULL);
      g_string_append (text, pem != NULL ? pem : "");
    }

  return g_string_free_to_bytes (g_steal_pointer (&text));
}

/**
 * smtp_tls_context_new_from_certificate:
 * @certificate: a certificate with its private key
 * @error: return location for an error
 *
 * Makes a context of a certificate that the program has already.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new_from_certificate (GTlsCertificate  *certificate,
                                       GError          **error)
{
  SmtpTlsContext *self;
  char *key = NULL;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  g_object_get (certificate, "private-key-pem", &key, NULL);
  if (key == NULL)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "The certificate has no private key");
      return NULL;
    }

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  self->certificate_pem = get_pem (certificate);
  self->key_pem = g_bytes_new_take (key, strlen (key));

  return load (self, error);
}

/**
 * smtp_tls_context_new_self_signed:
 * @host_name: the name that it is for
 * @error: return location for an error
 *
 * Makes a context with a new key and a certificate that is signed with it: for tests, and for
 * clients that do not look. It is good for a year.
 *
 * Returns: (transfer full): a new context, or %NULL
 */
SmtpTlsContext *
smtp_tls_context_new_self_signed (const char  *host_name,
                                  GError     **error)
{
  g_autoptr (SmtpTlsContext) self = NULL;

  g_return_val_if_fail (host_name != NULL && *host_name != '\0', NULL);

  self = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);
  if (!smtp_tls_make_self_signed (host_name, &self->certificate_pem, &self->key_pem, error))
    return NULL;

  return load (g_steal_pointer (&self), error);
}

/**
 * smtp_tls_context_add_certificate:
 * @self: a context
 * @certificate_file: (type filename): as in [ctor@TlsContext.new]
 * @key_file: (type filename) (nullable): likewise
 * @error: return location for an error
 *
 * Adds a certificate for clients that ask for one of its names (SNI).
 *
 * Returns: %TRUE if it can be used; otherwise nothing has changed
 */
gboolean
smtp_tls_context_add_certificate (SmtpTlsContext  *self,
                                  const char      *certificate_file,
                                  const char      *key_file,
                                  GError         **error)
{
  char **pair;

  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), FALSE);
  g_return_val_if_fail (certificate_file != NULL, FALSE);

  pair = g_new0 (char *, 2);
  pair[0] = g_strdup (certificate_file);
  pair[1] = g_strdup (key_file);
  g_ptr_array_add (self->more, pair);

  if (smtp_tls_context_reload (self, error))
    return TRUE;

  g_ptr_array_set_size (self->more, self->more->len - 1);

  return FALSE;
}

/**
 * smtp_tls_context_reload:
 * @self: a context
 * @error: return location for an error
 *
 * Reads all files again. Connections that begin from now on use what they say; no connection is
 * cut.
 *
 * Returns: %TRUE if all is well; otherwise what was in use stays so
 */
gboolean
smtp_tls_context_reload (SmtpTlsContext  *self,
                         GError         **error)
{
  SmtpTlsCredentials *credentials;
  SmtpTlsSource source;

  g_return_val_if_fail (SMTP_IS_TLS_CONTEXT (self), FALSE);

  /* With a ticket goes the client's certificate, which other authorities may not vouch for. */
  if (self->clients != SMTP_CLIENT_CERTIFICATES_IGNORED)
    renew_ticket_key (self);

  source = (SmtpTlsSource) {
    .certificate_file = self->certificate_file,
    .key_file = self->key_file,
    .certificate_pem = self->certificate_pem,
    .key_pem = self->key_pem,
    .ca_file = self->ca_file,
    .ocsp_file = self->ocsp_file,
    .priority = self->priority,
    .clients = self->clients,
    .more = self->more,
    .ticket_key = self->ticket_key,
  };
  credentials = smtp_tls_credentials_new (&source, error);
  if (credentials == NULL)
    return FALSE;

  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);
  self->credentials = credentials;

  return TRUE;
}

SmtpTlsCredentials *
smtp_tls_context_ref_credentials (SmtpTlsContext *self)
{
  g_autoptr (GError) error = NULL;

  if (self->credentials == NULL && !smtp_tls_context_reload (self, &error))
    {
      g_warning ("No TLS: %s", error->message);
      return NULL;
    }

  return smtp_tls_credentials_ref (self->credentials);
}

/* Rules. What was made by the old ones is not to be used any more. */

static void
change (SmtpTlsContext *self,
        guint           prop_id)
{
  g_clear_pointer (&self->credentials, smtp_tls_credentials_unref);
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
