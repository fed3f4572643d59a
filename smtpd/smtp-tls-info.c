/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-info.h"

#include <string.h>

#include "smtp-tls-info-private.h"

/**
 * SmtpTlsInfo:
 *
 * What client and server have agreed upon in a TLS handshake, [property@Session:tls-info].
 */

struct _SmtpTlsInfo
{
  GObject parent_instance;

  const char *version;
  char *cipher_suite;
  char *server_name;
  char *alpn;
  gboolean resumed;
  GBytes *peer_certificate_der;
  gboolean peer_verified;
  GBytes *exporter;   /* RFC 9266 */
  GBytes *unique;     /* RFC 5929 */
};

G_DEFINE_FINAL_TYPE (SmtpTlsInfo, smtp_tls_info, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_VERSION,
  PROP_CIPHER_SUITE,
  PROP_SERVER_NAME,
  PROP_ALPN,
  PROP_RESUMED,
  PROP_PEER_CERTIFICATE_DER,
  PROP_PEER_VERIFIED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_tls_info_finalize (GObject *object)
{
  SmtpTlsInfo *self = SMTP_TLS_INFO (object);

  g_free (self->cipher_suite);
  g_free (self->server_name);
  g_free (self->alpn);
  g_clear_pointer (&self->peer_certificate_der, g_bytes_unref);
  g_clear_pointer (&self->exporter, g_bytes_unref);
  g_clear_pointer (&self->unique, g_bytes_unref);

  G_OBJECT_CLASS (smtp_tls_info_parent_class)->finalize (object);
}

static void
smtp_tls_info_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  SmtpTlsInfo *self = SMTP_TLS_INFO (object);

  switch (prop_id)
    {
    case PROP_VERSION:
      g_value_set_string (value, self->version);
      break;
    case PROP_CIPHER_SUITE:
      g_value_set_string (value, self->cipher_suite);
      break;
    case PROP_SERVER_NAME:
      g_value_set_string (value, self->server_name);
      break;
    case PROP_ALPN:
      g_value_set_string (value, self->alpn);
      break;
    case PROP_RESUMED:
      g_value_set_boolean (value, self->resumed);
      break;
    case PROP_PEER_CERTIFICATE_DER:
      g_value_set_boxed (value, self->peer_certificate_der);
      break;
    case PROP_PEER_VERIFIED:
      g_value_set_boolean (value, self->peer_verified);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_tls_info_class_init (SmtpTlsInfoClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_tls_info_finalize;
  object_class->get_property = smtp_tls_info_get_property;

  /**
   * SmtpTlsInfo:version: (getter get_version)
   *
   * The version of the protocol, such as `TLS1.3`.
   */
  props[PROP_VERSION] = g_param_spec_string ("version", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsInfo:cipher-suite: (getter get_cipher_suite)
   *
   * The cipher suite in the words of IANA, such as `TLS_AES_256_GCM_SHA384`.
   */
  props[PROP_CIPHER_SUITE] = g_param_spec_string ("cipher-suite", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsInfo:server-name: (getter get_server_name)
   *
   * The name that the client asked for (SNI, RFC 6066).
   */
  props[PROP_SERVER_NAME] = g_param_spec_string ("server-name", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsInfo:alpn: (getter get_alpn)
   *
   * The application protocol that was agreed upon (RFC 7301), `smtp`.
   */
  props[PROP_ALPN] = g_param_spec_string ("alpn", NULL, NULL, NULL, flags);

  /**
   * SmtpTlsInfo:resumed: (getter get_resumed)
   *
   * Whether this goes on from a session before, by a ticket.
   */
  props[PROP_RESUMED] = g_param_spec_boolean ("resumed", NULL, NULL, FALSE, flags);

  /**
   * SmtpTlsInfo:peer-certificate-der: (getter get_peer_certificate_der)
   *
   * The certificate of the client, in DER.
   */
  props[PROP_PEER_CERTIFICATE_DER] = g_param_spec_boxed ("peer-certificate-der", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * SmtpTlsInfo:peer-verified: (getter get_peer_verified)
   *
   * Whether the certificate of the client was signed by an authority that is trusted, and is
   * valid now. Its names say who that is, which a hook has to judge.
   */
  props[PROP_PEER_VERIFIED] = g_param_spec_boolean ("peer-verified", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_tls_info_init (SmtpTlsInfo *self)
{
}

/* The name is the client's to choose: it is kept only if it can be one. */
static char *
get_server_name (gnutls_session_t session)
{
  char name[256];
  size_t size = sizeof name - 1;
  unsigned int type;

  if (gnutls_server_name_get (session, name, &size, &type, 0) < 0 || type != GNUTLS_NAME_DNS)
    return NULL;

  name[size] = '\0';
  if (size == 0 || strlen (name) != size ||
      strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != size)
    return NULL;

  return g_ascii_strdown (name, size);
}

static char *
get_alpn (gnutls_session_t session)
{
  gnutls_datum_t protocol;

  if (gnutls_alpn_get_selected_protocol (session, &protocol) < 0)
    return NULL;

  return g_strndup ((const char *) protocol.data, protocol.size);
}

static void
look_at_peer (SmtpTlsInfo      *self,
              gnutls_session_t  session)
{
  unsigned int n_certificates, status;
  const gnutls_datum_t *certificates = gnutls_certificate_get_peers (session, &n_certificates);

  if (certificates == NULL || n_certificates == 0)
    return;

  self->peer_certificate_der = g_bytes_new (certificates[0].data, certificates[0].size);
  self->peer_verified = gnutls_certificate_verify_peers2 (session, &status) >= 0 && status == 0;
}

static GBytes *
get_binding (gnutls_session_t         session,
             gnutls_channel_binding_t type)
{
  gnutls_datum_t binding;

  if (gnutls_session_channel_binding (session, type, &binding) < 0)
    return NULL;

  return g_bytes_new_with_free_func (binding.data, binding.size, gnutls_free, binding.data);
}

/* RFC 9266 section 4.2 and RFC 7627: before TLS 1.3 a binding is worth something only with an
 * extended master secret; tls-unique is not defined for TLS 1.3. */
static void
bind_channel (SmtpTlsInfo      *self,
              gnutls_session_t  session)
{
  gboolean is_new = gnutls_protocol_get_version (session) >= GNUTLS_TLS1_3;
  gboolean is_extended = (gnutls_session_get_flags (session) & GNUTLS_SFLAGS_EXT_MASTER_SECRET) != 0;

  if (is_new || is_extended)
    self->exporter = get_binding (session, GNUTLS_CB_TLS_EXPORTER);
  if (!is_new && is_extended)
    self->unique = get_binding (session, GNUTLS_CB_TLS_UNIQUE);
}

SmtpTlsInfo *
smtp_tls_info_new (gnutls_session_t session)
{
  SmtpTlsInfo *self = g_object_new (SMTP_TYPE_TLS_INFO, NULL);
  const char *suite = gnutls_ciphersuite_get (session);

  self->version = gnutls_protocol_get_name (gnutls_protocol_get_version (session));
  self->cipher_suite = g_strdup (suite);
  self->server_name = get_server_name (session);
  self->alpn = get_alpn (session);
  self->resumed = gnutls_session_is_resumed (session) != 0;
  look_at_peer (self, session);
  bind_channel (self, session);

  return self;
}

/**
 * smtp_tls_info_get_version: (get-property version)
 * @self: what was agreed upon
 *
 * The version of the protocol, such as `TLS1.3`.
 *
 * Returns: the version
 */
const char *
smtp_tls_info_get_version (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  return self->version;
}

/**
 * smtp_tls_info_get_cipher_suite: (get-property cipher-suite)
 * @self: what was agreed upon
 *
 * The cipher suite in the words of IANA, such as `TLS_AES_256_GCM_SHA384`.
 *
 * Returns: (nullable) (transfer none): the cipher suite
 */
const char *
smtp_tls_info_get_cipher_suite (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  return self->cipher_suite;
}

/**
 * smtp_tls_info_get_server_name: (get-property server-name)
 * @self: what was agreed upon
 *
 * The name that the client asked for (SNI, RFC 6066).
 *
 * Returns: (nullable) (transfer none): the name, or %NULL if it asked for none
 */
const char *
smtp_tls_info_get_server_name (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  return self->server_name;
}

/**
 * smtp_tls_info_get_alpn: (get-property alpn)
 * @self: what was agreed upon
 *
 * The application protocol that was agreed upon (RFC 7301), `smtp`.
 *
 * Returns: (nullable) (transfer none): the protocol, or %NULL if none was
 */
const char *
smtp_tls_info_get_alpn (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  return self->alpn;
}

/**
 * smtp_tls_info_get_resumed: (get-property resumed)
 * @self: what was agreed upon
 *
 * Whether this goes on from a session before, by a ticket.
 *
 * Returns: %TRUE if it does
 */
gboolean
smtp_tls_info_get_resumed (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), FALSE);

  return self->resumed;
}

/**
 * smtp_tls_info_get_peer_certificate_der: (get-property peer-certificate-der)
 * @self: what was agreed upon
 *
 * The certificate of the client, in DER.
 *
 * Returns: (nullable) (transfer none): the certificate, or %NULL if it has shown none
 */
GBytes *
smtp_tls_info_get_peer_certificate_der (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  return self->peer_certificate_der;
}

/**
 * smtp_tls_info_get_peer_verified: (get-property peer-verified)
 * @self: what was agreed upon
 *
 * Whether the certificate of the client was signed by an authority that is trusted, and is
 * valid now. Its names say who that is, which a hook has to judge.
 *
 * Returns: %TRUE if there is one, and it was
 */
gboolean
smtp_tls_info_get_peer_verified (SmtpTlsInfo *self)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), FALSE);

  return self->peer_verified;
}

/**
 * smtp_tls_info_dup_peer_certificate:
 * @self: what was agreed upon
 *
 * The certificate of the client as an object of GIO, which needs a TLS backend (glib-networking)
 * for that; [method@TlsInfo.get_peer_certificate_der] does not.
 *
 * Returns: (transfer full) (nullable): a new certificate, or %NULL if the client has shown none, or
 *   there is no backend
 */
GTlsCertificate *
smtp_tls_info_dup_peer_certificate (SmtpTlsInfo *self)
{
  g_autoptr (GByteArray) der = NULL;
  GObject *certificate;

  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);

  if (self->peer_certificate_der == NULL || !g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return NULL;

  der = g_bytes_unref_to_array (g_bytes_ref (self->peer_certificate_der));
  certificate = g_initable_new (g_tls_backend_get_certificate_type (g_tls_backend_get_default ()),
                                NULL, NULL, "certificate", der, NULL);

  return certificate != NULL ? G_TLS_CERTIFICATE (certificate) : NULL;
}

/**
 * smtp_tls_info_get_channel_binding:
 * @self: what was agreed upon
 * @type: `tls-exporter` (RFC 9266) or `tls-unique` (RFC 5929)
 *
 * Octets that nobody but the two ends of this connection knows, for authentication that is to be
 * bound to it.
 *
 * Returns: (transfer none) (nullable): the octets, or %NULL if there are none of that type that
 *   are safe to use
 */
GBytes *
smtp_tls_info_get_channel_binding (SmtpTlsInfo *self,
                                   const char  *type)
{
  g_return_val_if_fail (SMTP_IS_TLS_INFO (self), NULL);
  g_return_val_if_fail (type != NULL, NULL);

  if (strcmp (type, "tls-exporter") == 0)
    return self->exporter;
  if (strcmp (type, "tls-unique") == 0)
    return self->unique;

  return NULL;
}
