/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-credentials.h"

#include <string.h>

#include <gnutls/x509.h>

/* TLS 1.2 and 1.3, forward secrecy and authenticated encryption: what RFC 9325 recommends. A
 * client that can do no better would otherwise send its mail in the clear, so CBC suites of
 * TLS 1.2 stay. Renegotiation is refused in any case. */
#define DEFAULT_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SHA1:%SERVER_PRECEDENCE"

/* One certificate of several, with those beside it that are for the same name, such as one with a
 * key of another kind: GnuTLS chooses from these. */
typedef struct
{
  gnutls_x509_crt_t leaf;
  gnutls_certificate_credentials_t certificates;
} Named;

struct _SmtpTlsCredentials
{
  gatomicrefcount ref_count;
  gnutls_certificate_credentials_t certificates;
  GArray *named;   /* NULL where there is one certificate */
  gnutls_priority_t priority;
  gnutls_datum_t ticket_key;
  SmtpClientCertificates clients;
};

gboolean
smtp_tls_fail (GError     **error,
               int          code,
               const char  *what,
               const char  *path)
{
  GTlsError tls_error = code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH || code == GNUTLS_E_BASE64_DECODING_ERROR
                          ? G_TLS_ERROR_BAD_CERTIFICATE : G_TLS_ERROR_MISC;

  if (code == GNUTLS_E_FILE_ERROR)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Cannot %s %s: it cannot be read", what, path);
  else
    g_set_error (error, G_TLS_ERROR, tls_error, "Cannot %s %s: %s", what, path, gnutls_strerror (code));

  return FALSE;
}

static gboolean
add_files (SmtpTlsCredentials  *self,
           const char          *certificate,
           const char          *key,
           GError             **error)
{
  int code = gnutls_certificate_set_x509_key_file (self->certificates, certificate,
                                                   key != NULL ? key : certificate, GNUTLS_X509_FMT_PEM);

  return code >= 0 || smtp_tls_fail (error, code, "use the certificate", certificate);
}

static gnutls_datum_t
get_datum (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return (gnutls_datum_t) { (unsigned char *) data, size };
}

static gboolean
add_pem (SmtpTlsCredentials  *self,
         GBytes              *certificate,
         GBytes              *key,
         GError             **error)
{
  gnutls_datum_t certificate_datum = get_datum (certificate);
  gnutls_datum_t key_datum = get_datum (key != NULL ? key : certificate);
  int code = gnutls_certificate_set_x509_key_mem (self->certificates, &certificate_datum, &key_datum,
                                                  GNUTLS_X509_FMT_PEM);

  return code >= 0 || smtp_tls_fail (error, code, "use", "the certificate");
}

static gboolean
add_certificates (SmtpTlsCredentials   *self,
                  const SmtpTlsSource  *source,
                  GError              **error)
{
  if (source->certificate_pem != NULL)
    {
      if (!add_pem (self, source->certificate_pem, source->key_pem, error))
        return FALSE;
    }
  else if (source->certificate_file == NULL)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "There is no certificate");
      return FALSE;
    }
  else if (!add_files (self, source->certificate_file, source->key_file, error))
    {
      return FALSE;
    }

  for (guint i = 0; source->more != NULL && i < source->more->len; i++)
    {
      char **pair = g_ptr_array_index (source->more, i);

      if (!add_files (self, pair[0], pair[1], error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
add_staple (gnutls_certificate_credentials_t   certificates,
            const char                        *path,
            GError                           **error)
{
  int code;

  if (path == NULL)
    return TRUE;

  code = gnutls_certificate_set_ocsp_status_request_file (certificates, path, 0);

  return code >= 0 || smtp_tls_fail (error, code, "use the OCSP response", path);
}

static gboolean
add_authorities (gnutls_certificate_credentials_t   certificates,
                 const SmtpTlsSource               *source,
                 GError                           **error)
{
  int code;

  /* Loading them takes time and memory: only for who asks for certificates. */
  if (source->clients == SMTP_CLIENT_CERTIFICATES_IGNORED)
    return TRUE;

  if (source->ca_file == NULL)
    code = gnutls_certificate_set_x509_system_trust (certificates);
  else
    code = gnutls_certificate_set_x509_trust_file (certificates, source->ca_file, GNUTLS_X509_FMT_PEM);

  return code >= 0 || smtp_tls_fail (error, code, "use the authorities in",
                                     source->ca_file != NULL ? source->ca_file : "the system");
}

static gnutls_certificate_credentials_t
make_certificates (void)
{
  gnutls_certificate_credentials_t certificates;

  gnutls_certificate_allocate_credentials (&certificates);
  gnutls_certificate_set_known_dh_params (certificates, GNUTLS_SEC_PARAM_MEDIUM);

  return certificates;
}

/* Names */

static gboolean
is_for (gnutls_x509_crt_t leaf,
        const char       *name,
        unsigned int      flags)
{
  return gnutls_x509_crt_check_hostname2 (leaf, name, flags | GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES) != 0;
}

static void
clear_named (gpointer data)
{
  Named *named = data;

  gnutls_x509_crt_deinit (named->leaf);
  gnutls_certificate_free_credentials (named->certificates);
}

/* Whether @other is for the first name of @leaf. */
static gboolean
is_alike (gnutls_x509_crt_t leaf,
          gnutls_x509_crt_t other)
{
  char name[256];
  size_t size = sizeof name;

  if (gnutls_x509_crt_get_subject_alt_name (leaf, 0, name, &size, NULL) != GNUTLS_SAN_DNSNAME)
    return FALSE;

  /* Any name that the wildcard is for. */
  if (name[0] == '*')
    name[0] = 'a';

  return is_for (other, name, 0);
}

static int
copy_certificate (gnutls_certificate_credentials_t from,
                  guint                            index,
                  gnutls_certificate_credentials_t to)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t *chain;
  unsigned int n = 0;
  int code = gnutls_certificate_get_x509_crt (from, index, &chain, &n);

  if (code < 0)
    return code;

  code = gnutls_certificate_get_x509_key (from, index, &key);
  if (code >= 0)
    {
      code = gnutls_certificate_set_x509_key (to, chain, (int) n, key);
      gnutls_x509_privkey_deinit (key);
    }
  for (unsigned int i = 0; i < n; i++)
    gnutls_x509_crt_deinit (chain[i]);
  gnutls_free (chain);

  return code;
}

static int
read_leaves (SmtpTlsCredentials *self,
             guint               n)
{
  self->named = g_array_new (FALSE, FALSE, sizeof (Named));
  g_array_set_clear_func (self->named, clear_named);

  for (guint i = 0; i < n; i++)
    {
      gnutls_datum_t der;
      Named named;
      int code = gnutls_certificate_get_crt_raw (self->certificates, i, 0, &der);

      if (code < 0)
        return code;

      named.certificates = make_certificates ();
      gnutls_x509_crt_init (&named.leaf);
      g_array_append_val (self->named, named);
      code = gnutls_x509_crt_import (named.leaf, &der, GNUTLS_X509_FMT_DER);
      if (code < 0)
        return code;
    }

  return 0;
}

/* GnuTLS finds a certificate by a name that stands in it letter by letter: none by a wildcard, and
 * none by another case. With more than one certificate, we look. */
static gboolean
add_names (SmtpTlsCredentials   *self,
           const SmtpTlsSource  *source,
           GError              **error)
{
  guint n = 1 + (source->more != NULL ? source->more->len : 0);
  int code = n > 1 ? read_leaves (self, n) : 0;

  for (guint i = 0; self->named != NULL && i < n && code >= 0; i++)
    {
      Named *named = &g_array_index (self->named, Named, i);

      /* The first one that a client can use is taken. */
      code = copy_certificate (self->certificates, i, named->certificates);
      for (guint j = 0; j < n && code >= 0; j++)
        {
          if (j != i && is_alike (named->leaf, g_array_index (self->named, Named, j).leaf))
            code = copy_certificate (self->certificates, j, named->certificates);
        }
      if (code >= 0 && !add_authorities (named->certificates, source, error))
        return FALSE;
      /* The staple is that of the first certificate. */
      if (code >= 0 && i == 0 && !add_staple (named->certificates, source->ocsp_file, error))
        return FALSE;
    }

  return code >= 0 || smtp_tls_fail (error, code, "use", "the certificates");
}

static int
choose_certificates (gnutls_session_t session)
{
  SmtpTlsCredentials *self = gnutls_session_get_ptr (session);
  char name[256];
  size_t size = sizeof name;
  unsigned int type;

  if (gnutls_server_name_get (session, name, &size, &type, 0) < 0 || type != GNUTLS_NAME_DNS)
    return 0;

  /* One that names it comes before a wildcard. */
  for (guint i = 0; i < 2 * self->named->len; i++)
    {
      /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): without one there is no turn of the loop. */
      Named *named = &g_array_index (self->named, Named, i % self->named->len);

      if (is_for (named->leaf, name, i < self->named->len ? GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS : 0))
        return gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, named->certificates);
    }

  return 0;
}

static gboolean
set_priority (SmtpTlsCredentials  *self,
              const char          *priority,
              GError             **error)
{
  int code = gnutls_priority_init (&self->priority, priority != NULL ? priority : DEFAULT_PRIORITY, NULL);

  return code >= 0 || smtp_tls_fail (error, code, "use the priorities", priority);
}

SmtpTlsCredentials *
smtp_tls_credentials_new (const SmtpTlsSource  *source,
                          GError              **error)
{
  g_autoptr (SmtpTlsCredentials) self = g_new0 (SmtpTlsCredentials, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->clients = source->clients;
  self->certificates = make_certificates ();
  if (source->ticket_key != NULL)
    {
      gnutls_datum_t key = get_datum (source->ticket_key);

      self->ticket_key.data = gnutls_malloc (key.size);
      self->ticket_key.size = key.size;
      memcpy (self->ticket_key.data, key.data, key.size);
    }

  if (!add_certificates (self, source, error) ||
      !add_staple (self->certificates, source->ocsp_file, error) ||
      !add_authorities (self->certificates, source, error) ||
      !add_names (self, source, error) ||
      !set_priority (self, source->priority, error))
    return NULL;

  return g_steal_pointer (&self);
}

SmtpTlsCredentials *
smtp_tls_credentials_ref (SmtpTlsCredentials *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
smtp_tls_credentials_unref (SmtpTlsCredentials *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->named, g_array_unref);
  gnutls_certificate_free_credentials (self->certificates);
  if (self->priority != NULL)
    gnutls_priority_deinit (self->priority);
  if (self->ticket_key.data != NULL)
    {
      gnutls_memset (self->ticket_key.data, 0, self->ticket_key.size);
      gnutls_free (self->ticket_key.data);
    }
  g_free (self);
}

/* Nobody else looks when the program has said "required". */
static int
verify_client (gnutls_session_t session)
{
  unsigned int status;

  if (gnutls_certificate_verify_peers2 (session, &status) < 0 || status != 0)
    return GNUTLS_E_CERTIFICATE_ERROR;

  return 0;
}

static int
request_certificates (SmtpTlsCredentials *self,
                      gnutls_session_t    session)
{
  if (self->clients != SMTP_CLIENT_CERTIFICATES_IGNORED)
    gnutls_certificate_server_set_request (session, self->clients == SMTP_CLIENT_CERTIFICATES_REQUIRED
                                                      ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
  if (self->clients == SMTP_CLIENT_CERTIFICATES_REQUIRED)
    gnutls_session_set_verify_function (session, verify_client);

  return 0;
}

/* RFC 8461 section 4.2 and IANA know "smtp"; a client that offers only others is served as well. */
static void
offer_protocol (gnutls_session_t session)
{
  static const gnutls_datum_t smtp = { (unsigned char *) "smtp", 4 };

  gnutls_alpn_set_protocols (session, &smtp, 1, 0);
}

gnutls_session_t
smtp_tls_credentials_open (SmtpTlsCredentials  *self,
                           GError             **error)
{
  gnutls_session_t session = NULL;
  int code = gnutls_init (&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

  if (code >= 0)
    code = gnutls_priority_set (session, self->priority);
  if (code >= 0)
    code = gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, self->certificates);
  if (code >= 0)
    code = request_certificates (self, session);
  if (code >= 0 && self->ticket_key.data != NULL)
    code = gnutls_session_ticket_enable_server (session, &self->ticket_key);

  if (code < 0)
    {
      smtp_tls_fail (error, code, "begin", "TLS");
      if (session != NULL)
        gnutls_deinit (session);
      return NULL;
    }

  offer_protocol (session);
  if (self->named != NULL)
    {
      gnutls_session_set_ptr (session, self);
      gnutls_handshake_set_post_client_hello_function (session, choose_certificates);
    }
  /* The dialogue has deadlines of its own. */
  gnutls_handshake_set_timeout (session, GNUTLS_INDEFINITE_TIMEOUT);

  return session;
}
