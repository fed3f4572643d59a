/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-self-signed.h"

#include <string.h>
#include <time.h>

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "smtp-tls-credentials.h"

#define DAY (24 * 60 * 60)

static int
fill_in (gnutls_x509_crt_t  certificate,
         const char        *host_name)
{
  guint8 serial[16];
  time_t now = time (NULL);
  int code = gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial);

  /* Positive, and of this length. */
  serial[0] = (serial[0] & 0x3f) | 0x40;
  if (code >= 0)
    code = gnutls_x509_crt_set_version (certificate, 3);
  if (code >= 0)
    code = gnutls_x509_crt_set_serial (certificate, serial, sizeof serial);
  /* The clocks of others may be slow. */
  if (code >= 0)
    code = gnutls_x509_crt_set_activation_time (certificate, now - DAY);
  if (code >= 0)
    code = gnutls_x509_crt_set_expiration_time (certificate, now + 365 * DAY);
  if (code >= 0)
    code = gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, host_name,
                                          MIN (strlen (host_name), 64));
  if (code >= 0)
    code = gnutls_x509_crt_set_subject_alt_name (certificate, GNUTLS_SAN_DNSNAME, host_name,
                                                 strlen (host_name), GNUTLS_FSAN_SET);

  return code;
}

static int
sign (gnutls_x509_crt_t      certificate,
      gnutls_x509_privkey_t  key,
      const char            *host_name)
{
  int code = gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);

  if (code >= 0)
    code = gnutls_x509_crt_set_key (certificate, key);
  if (code >= 0)
    code = fill_in (certificate, host_name);
  if (code >= 0)
    code = gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0);

  return code;
}

/* Takes over the memory of @pem. */
static GBytes *
take_pem (gnutls_datum_t *pem)
{
  return g_bytes_new_with_free_func (pem->data, pem->size, gnutls_free, pem->data);
}

gboolean
smtp_tls_make_self_signed (const char  *host_name,
                           GBytes     **certificate,
                           GBytes     **key,
                           GError     **error)
{
  gnutls_x509_crt_t crt;
  gnutls_x509_privkey_t privkey;
  gnutls_datum_t crt_pem, key_pem;
  int code;

  gnutls_x509_crt_init (&crt);
  gnutls_x509_privkey_init (&privkey);

  code = sign (crt, privkey, host_name);
  if (code >= 0)
    code = gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &crt_pem);
  if (code >= 0)
    {
      *certificate = take_pem (&crt_pem);
      code = gnutls_x509_privkey_export2 (privkey, GNUTLS_X509_FMT_PEM, &key_pem);
      if (code >= 0)
        *key = take_pem (&key_pem);
      else
        g_clear_pointer (certificate, g_bytes_unref);
    }

  gnutls_x509_crt_deinit (crt);
  gnutls_x509_privkey_deinit (privkey);

  return code >= 0 || smtp_tls_fail (error, code, "make", "a certificate");
}
