/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-proxy-info.h"

#include <string.h>

#include "smtp-enum-types.h"
#include "smtp-proxy-info-private.h"

/**
 * SmtpProxyInfo:
 *
 * What a proxy has said of its client, by a header of the PROXY protocol
 * (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>).
 *
 * All of it is the proxy's word, and as good as the proxy: which ones are believed, [property@Server:proxy-networks]
 * says. That the client has TLS with the proxy says nothing of the way from the proxy to here.
 *
 * It does not change.
 */

struct _SmtpProxyInfo
{
  GObject parent_instance;

  guint version;
  SmtpProxyCommand command;
  GSocketAddress *source;
  GSocketAddress *destination;

  /* Nearly all headers have none. */
  guint8 *octets;
  SmtpProxySlice tlvs;
  SmtpProxySlice tls_tlvs;
  gboolean tls;
  gboolean peer_verified;
  GBytes *unique_id;
  char *alpn;
  char *authority;
  char *tls_version;
  char *tls_cipher;
  char *peer_common_name;
};

G_DEFINE_FINAL_TYPE (SmtpProxyInfo, smtp_proxy_info, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_VERSION,
  PROP_COMMAND,
  PROP_SOURCE,
  PROP_DESTINATION,
  PROP_ALPN,
  PROP_AUTHORITY,
  PROP_UNIQUE_ID,
  PROP_TLS,
  PROP_TLS_VERSION,
  PROP_TLS_CIPHER,
  PROP_PEER_COMMON_NAME,
  PROP_PEER_VERIFIED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_proxy_info_finalize (GObject *object)
{
  SmtpProxyInfo *self = SMTP_PROXY_INFO (object);

  g_clear_object (&self->source);
  g_clear_object (&self->destination);
  g_clear_pointer (&self->unique_id, g_bytes_unref);
  g_free (self->octets);
  g_free (self->alpn);
  g_free (self->authority);
  g_free (self->tls_version);
  g_free (self->tls_cipher);
  g_free (self->peer_common_name);

  G_OBJECT_CLASS (smtp_proxy_info_parent_class)->finalize (object);
}

static void
smtp_proxy_info_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpProxyInfo *self = SMTP_PROXY_INFO (object);

  switch (prop_id)
    {
    case PROP_VERSION:
      g_value_set_uint (value, self->version);
      break;
    case PROP_COMMAND:
      g_value_set_enum (value, self->command);
      break;
    case PROP_SOURCE:
      g_value_set_object (value, self->source);
      break;
    case PROP_DESTINATION:
      g_value_set_object (value, self->destination);
      break;
    case PROP_ALPN:
      g_value_set_string (value, self->alpn);
      break;
    case PROP_AUTHORITY:
      g_value_set_string (value, self->authority);
      break;
    case PROP_UNIQUE_ID:
      g_value_set_boxed (value, self->unique_id);
      break;
    case PROP_TLS:
      g_value_set_boolean (value, self->tls);
      break;
    case PROP_TLS_VERSION:
      g_value_set_string (value, self->tls_version);
      break;
    case PROP_TLS_CIPHER:
      g_value_set_string (value, self->tls_cipher);
      break;
    case PROP_PEER_COMMON_NAME:
      g_value_set_string (value, self->peer_common_name);
      break;
    case PROP_PEER_VERIFIED:
      g_value_set_boolean (value, self->peer_verified);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_connection_properties (void)
{
  /**
   * SmtpProxyInfo:version: (getter get_version)
   *
   * The version of the protocol, 1 or 2.
   */
  props[PROP_VERSION] = g_param_spec_uint ("version", NULL, NULL, 1, 2, 1, FLAGS);

  /**
   * SmtpProxyInfo:command: (getter get_command)
   *
   * Whom the proxy speaks for.
   */
  props[PROP_COMMAND] = g_param_spec_enum ("command", NULL, NULL, SMTP_TYPE_PROXY_COMMAND,
                                           SMTP_PROXY_COMMAND_LOCAL, FLAGS);

  /**
   * SmtpProxyInfo:source: (getter get_source)
   *
   * The client's address, %NULL if the proxy does not tell.
   */
  props[PROP_SOURCE] = g_param_spec_object ("source", NULL, NULL, G_TYPE_SOCKET_ADDRESS, FLAGS);

  /**
   * SmtpProxyInfo:destination: (getter get_destination)
   *
   * The address that the client has connected to, %NULL if the proxy does not tell.
   */
  props[PROP_DESTINATION] = g_param_spec_object ("destination", NULL, NULL, G_TYPE_SOCKET_ADDRESS, FLAGS);

  /**
   * SmtpProxyInfo:alpn: (getter get_alpn)
   *
   * The protocol that the client and the proxy have agreed upon by ALPN, %NULL if it is not told.
   */
  props[PROP_ALPN] = g_param_spec_string ("alpn", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpProxyInfo:authority: (getter get_authority)
   *
   * The host name that the client has asked the proxy for, as in SNI; %NULL if it is not told.
   */
  props[PROP_AUTHORITY] = g_param_spec_string ("authority", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpProxyInfo:unique-id: (getter get_unique_id)
   *
   * What the proxy calls this connection, %NULL if it is not told.
   */
  props[PROP_UNIQUE_ID] = g_param_spec_boxed ("unique-id", NULL, NULL, G_TYPE_BYTES, FLAGS);
}

static void
install_tls_properties (void)
{
  /**
   * SmtpProxyInfo:tls: (getter get_tls)
   *
   * Whether the client has TLS with the proxy.
   */
  props[PROP_TLS] = g_param_spec_boolean ("tls", NULL, NULL, FALSE, FLAGS);

  /**
   * SmtpProxyInfo:tls-version: (getter get_tls_version)
   *
   * Its version, in the proxy's words, such as `TLSv1.3`; %NULL if it is not told.
   */
  props[PROP_TLS_VERSION] = g_param_spec_string ("tls-version", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpProxyInfo:tls-cipher: (getter get_tls_cipher)
   *
   * Its cipher, in the proxy's words; %NULL if it is not told.
   */
  props[PROP_TLS_CIPHER] = g_param_spec_string ("tls-cipher", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpProxyInfo:peer-common-name: (getter get_peer_common_name)
   *
   * The common name in the client's certificate, %NULL if it is not told.
   */
  props[PROP_PEER_COMMON_NAME] = g_param_spec_string ("peer-common-name", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpProxyInfo:peer-verified: (getter get_peer_verified)
   *
   * Whether the client has shown a certificate to the proxy that the proxy thinks good.
   */
  props[PROP_PEER_VERIFIED] = g_param_spec_boolean ("peer-verified", NULL, NULL, FALSE, FLAGS);
}

static void
smtp_proxy_info_class_init (SmtpProxyInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_proxy_info_finalize;
  object_class->get_property = smtp_proxy_info_get_property;

  install_connection_properties ();
  install_tls_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_proxy_info_init (SmtpProxyInfo *self)
{
}

static GSocketAddress *
new_address (const SmtpProxyAddress *address)
{
  gsize length = smtp_proxy_address_get_length (address);

  return length > 0 ? g_socket_address_new_from_native ((gpointer) address, length) : NULL;
}

/* NULL for what would be no good text in a log. */
static char *
dup_text (SmtpProxySlice tlvs,
          guint8         type)
{
  SmtpProxySlice value = smtp_proxy_header_find_tlv (tlvs, type);

  if (value.size == 0 || !g_utf8_validate_len ((const char *) value.data, value.size, NULL))
    return NULL;

  for (gsize i = 0; i < value.size; i++)
    {
      if (g_ascii_iscntrl (value.data[i]))
        return NULL;
    }

  return g_strndup ((const char *) value.data, value.size);
}

static void
take_tlvs (SmtpProxyInfo         *self,
           const SmtpProxyHeader *header)
{
  guint8 certificate = SMTP_PROXY_CLIENT_CERT_CONN | SMTP_PROXY_CLIENT_CERT_SESS;
  SmtpProxySlice unique_id;

  self->octets = g_memdup2 (header->tlvs.data, header->tlvs.size);
  self->tlvs = (SmtpProxySlice) { self->octets, header->tlvs.size };
  if (header->has_ssl)
    self->tls_tlvs = (SmtpProxySlice) { self->octets + (header->ssl_tlvs.data - header->tlvs.data), header->ssl_tlvs.size };

  unique_id = smtp_proxy_header_find_tlv (self->tlvs, SMTP_PROXY_TLV_UNIQUE_ID);
  if (unique_id.data != NULL)
    self->unique_id = g_bytes_new (unique_id.data, unique_id.size);
  self->alpn = dup_text (self->tlvs, SMTP_PROXY_TLV_ALPN);
  self->authority = dup_text (self->tlvs, SMTP_PROXY_TLV_AUTHORITY);

  self->tls = header->has_ssl && (header->ssl_client & SMTP_PROXY_CLIENT_SSL) != 0;
  self->peer_verified = self->tls && (header->ssl_client & certificate) != 0 && header->ssl_verify == 0;
  self->tls_version = dup_text (self->tls_tlvs, SMTP_PROXY_SSL_VERSION);
  self->tls_cipher = dup_text (self->tls_tlvs, SMTP_PROXY_SSL_CIPHER);
  self->peer_common_name = dup_text (self->tls_tlvs, SMTP_PROXY_SSL_CN);
}

SmtpProxyInfo *
smtp_proxy_info_new (const SmtpProxyHeader *header)
{
  SmtpProxyInfo *self = g_object_new (SMTP_TYPE_PROXY_INFO, NULL);

  self->version = header->version;
  self->command = header->is_local ? SMTP_PROXY_COMMAND_LOCAL : SMTP_PROXY_COMMAND_PROXY;
  self->source = new_address (&header->source);
  self->destination = new_address (&header->destination);
  if (header->tlvs.size > 0)
    take_tlvs (self, header);

  return self;
}

/**
 * smtp_proxy_info_get_version: (get-property version)
 * @self: what a proxy has said
 *
 * The version of the protocol.
 *
 * Returns: the version, 1 or 2
 */
guint
smtp_proxy_info_get_version (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), 0);

  return self->version;
}

/**
 * smtp_proxy_info_get_command: (get-property command)
 * @self: what a proxy has said
 *
 * Whom the proxy speaks for.
 *
 * Returns: the command
 */
SmtpProxyCommand
smtp_proxy_info_get_command (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), SMTP_PROXY_COMMAND_LOCAL);

  return self->command;
}

/**
 * smtp_proxy_info_get_source: (get-property source)
 * @self: what a proxy has said
 *
 * The client's address.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the proxy does not tell
 */
GSocketAddress *
smtp_proxy_info_get_source (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->source;
}

/**
 * smtp_proxy_info_get_destination: (get-property destination)
 * @self: what a proxy has said
 *
 * The address that the client has connected to.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the proxy does not tell
 */
GSocketAddress *
smtp_proxy_info_get_destination (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->destination;
}

/**
 * smtp_proxy_info_get_alpn: (get-property alpn)
 * @self: what a proxy has said
 *
 * The protocol that the client and the proxy have agreed upon by ALPN.
 *
 * Returns: (nullable): its name, or %NULL if it is not told
 */
const char *
smtp_proxy_info_get_alpn (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->alpn;
}

/**
 * smtp_proxy_info_get_authority: (get-property authority)
 * @self: what a proxy has said
 *
 * The host name that the client has asked the proxy for, as in SNI.
 *
 * Returns: (nullable): the name, or %NULL if it is not told
 */
const char *
smtp_proxy_info_get_authority (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->authority;
}

/**
 * smtp_proxy_info_get_unique_id: (get-property unique-id)
 * @self: what a proxy has said
 *
 * What the proxy calls this connection, 128 octets at most.
 *
 * Returns: (transfer none) (nullable): the octets, or %NULL if they are not told
 */
GBytes *
smtp_proxy_info_get_unique_id (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->unique_id;
}

/**
 * smtp_proxy_info_get_tls: (get-property tls)
 * @self: what a proxy has said
 *
 * Whether the client has TLS with the proxy. [property@Session:tls-info] and
 * [property@Server:require-tls] do not know of it.
 *
 * Returns: %TRUE if it has
 */
gboolean
smtp_proxy_info_get_tls (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), FALSE);

  return self->tls;
}

/**
 * smtp_proxy_info_get_tls_version: (get-property tls-version)
 * @self: what a proxy has said
 *
 * The version of the client's TLS with the proxy, in the proxy's words.
 *
 * Returns: (nullable): the version, or %NULL if it is not told
 */
const char *
smtp_proxy_info_get_tls_version (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->tls_version;
}

/**
 * smtp_proxy_info_get_tls_cipher: (get-property tls-cipher)
 * @self: what a proxy has said
 *
 * The cipher of the client's TLS with the proxy, in the proxy's words.
 *
 * Returns: (nullable): the cipher, or %NULL if it is not told
 */
const char *
smtp_proxy_info_get_tls_cipher (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->tls_cipher;
}

/**
 * smtp_proxy_info_get_peer_common_name: (get-property peer-common-name)
 * @self: what a proxy has said
 *
 * The common name in the certificate that the client has shown to the proxy. It says something only if
 * [property@ProxyInfo:peer-verified].
 *
 * Returns: (nullable): the name, or %NULL if it is not told
 */
const char *
smtp_proxy_info_get_peer_common_name (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->peer_common_name;
}

/**
 * smtp_proxy_info_get_peer_verified: (get-property peer-verified)
 * @self: what a proxy has said
 *
 * Whether the client has shown a certificate to the proxy, in this TLS session, that the proxy thinks good.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_proxy_info_get_peer_verified (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), FALSE);

  return self->peer_verified;
}

static GBytes *
lookup (SmtpProxySlice tlvs,
        guint          type)
{
  SmtpProxySlice value = { NULL, 0 };

  if (type < SMTP_PROXY_N_TYPES)
    value = smtp_proxy_header_find_tlv (tlvs, (guint8) type);

  return value.data != NULL ? g_bytes_new (value.data, value.size) : NULL;
}

/**
 * smtp_proxy_info_lookup_tlv:
 * @self: what a proxy has said
 * @type: a type, 0 to 255
 *
 * The value of a TLV of the header, such as 0x30 for the network namespace.
 *
 * Returns: (transfer full) (nullable): the octets, or %NULL if there is none of this type
 */
GBytes *
smtp_proxy_info_lookup_tlv (SmtpProxyInfo *self,
                            guint          type)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return lookup (self->tlvs, type);
}

/**
 * smtp_proxy_info_lookup_tls_tlv:
 * @self: what a proxy has said
 * @type: a type, 0 to 255
 *
 * The value of a TLV within that of TLS (0x20), such as 0x25 for the algorithm of the proxy's key.
 *
 * Returns: (transfer full) (nullable): the octets, or %NULL if there is none of this type
 */
GBytes *
smtp_proxy_info_lookup_tls_tlv (SmtpProxyInfo *self,
                                guint          type)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return lookup (self->tls_tlvs, type);
}

/**
 * smtp_proxy_info_dup_tlvs:
 * @self: what a proxy has said
 *
 * All TLVs of the header one after another, as they came: a type, two octets of length, and the value. For programs
 * that take them apart themselves.
 *
 * Returns: (transfer full) (nullable): the octets, or %NULL if there are none
 */
GBytes *
smtp_proxy_info_dup_tlvs (SmtpProxyInfo *self)
{
  g_return_val_if_fail (SMTP_IS_PROXY_INFO (self), NULL);

  return self->tlvs.size > 0 ? g_bytes_new (self->tlvs.data, self->tlvs.size) : NULL;
}
