/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <gnutls/x509.h>

#include "smtp-sasl.h"

/* EXTERNAL, RFC 4422 appendix A: the client has shown who it is by its certificate, and says at most
 * whom it wants to act for. Whom a certificate stands for is for the program to say. */

typedef struct
{
  SmtpSaslMechanism parent_instance;
} SmtpExternalMechanism;

typedef SmtpSaslMechanismClass SmtpExternalMechanismClass;

G_DEFINE_TYPE (SmtpExternalMechanism, smtp_external_mechanism, SMTP_TYPE_SASL_MECHANISM)

static char *
get_subject (gnutls_x509_crt_t certificate)
{
  gnutls_datum_t dn;
  char *subject;

  if (gnutls_x509_crt_get_dn3 (certificate, &dn, 0) < 0)
    return NULL;

  subject = g_strndup ((const char *) dn.data, dn.size);
  gnutls_free (dn.data);

  return subject;
}

/* RFC 4514; NULL if there is no certificate that was verified, or none that has a subject. */
static char *
read_subject (SmtpTlsInfo *info)
{
  GBytes *der = info != NULL ? smtp_tls_info_get_peer_certificate_der (info) : NULL;
  g_autofree char *subject = NULL;
  gnutls_x509_crt_t certificate;
  gnutls_datum_t datum;
  gsize size;

  if (der == NULL || !smtp_tls_info_get_peer_verified (info) || gnutls_x509_crt_init (&certificate) < 0)
    return NULL;

  datum.data = (unsigned char *) g_bytes_get_data (der, &size);
  datum.size = (unsigned int) size;
  if (gnutls_x509_crt_import (certificate, &datum, GNUTLS_X509_FMT_DER) >= 0)
    subject = get_subject (certificate);
  gnutls_x509_crt_deinit (certificate);

  if (subject == NULL || *subject == '\0' || !smtp_sasl_is_clean (subject, strlen (subject)))
    return NULL;

  return g_steal_pointer (&subject);
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  SmtpSession *session = smtp_sasl_mechanism_get_session (mechanism);
  g_autoptr (SmtpCredentials) credentials = NULL;
  g_autofree char *authorization_id = NULL;
  g_autofree char *subject = NULL;

  if (response == NULL)
    {
      smtp_request_challenge (request, NULL);
      return;
    }

  authorization_id = smtp_sasl_dup_text (response);
  if (authorization_id == NULL || !smtp_sasl_is_clean (authorization_id, strlen (authorization_id)))
    {
      smtp_sasl_refuse_malformed (request);
      return;
    }

  subject = read_subject (smtp_session_get_tls_info (session));
  if (subject == NULL)
    {
      smtp_sasl_refuse (request);
      return;
    }

  credentials = smtp_credentials_new ("EXTERNAL", subject);
  smtp_credentials_set_authorization_id (credentials, authorization_id);
  smtp_request_present (request, credentials);
}

static void
smtp_external_mechanism_class_init (SmtpExternalMechanismClass *klass)
{
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
}

static void
smtp_external_mechanism_init (SmtpExternalMechanism *self)
{
}
