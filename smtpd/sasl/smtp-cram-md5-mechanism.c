/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "smtp-sasl.h"
#include "smtp-secret-private.h"
#include "smtp-server.h"

/* CRAM-MD5, RFC 2195: the server sends a text that it never sent before, the client answers with its
 * name and the HMAC of that text. The server must know the password itself. */

#define MD5_SIZE 16
#define HEX_SIZE (2 * MD5_SIZE)
#define NONCE_SIZE 16

typedef struct
{
  SmtpSaslMechanism parent_instance;
  char *challenge;
  char *digest;  /* of the client, NULL before it has spoken */
  SmtpCredentials *credentials;
} SmtpCramMd5Mechanism;

typedef SmtpSaslMechanismClass SmtpCramMd5MechanismClass;

G_DEFINE_TYPE (SmtpCramMd5Mechanism, smtp_cram_md5_mechanism, SMTP_TYPE_SASL_MECHANISM)

/* In the form of a Message-ID, as the RFC has it. The random part alone makes it unlike all others. */
static char *
make_challenge (SmtpRequest *request)
{
  const char *host_name = smtp_server_get_hostname (smtp_request_get_server (request));
  guint8 nonce[NONCE_SIZE];
  GString *challenge;

  if (gnutls_rnd (GNUTLS_RND_NONCE, nonce, sizeof nonce) < 0)
    return NULL;

  challenge = g_string_new ("<");
  for (guint i = 0; i < sizeof nonce; i++)
    g_string_append_printf (challenge, "%02x", nonce[i]);
  g_string_append_printf (challenge, ".%" G_GINT64_FORMAT "@%s>", g_get_real_time () / G_USEC_PER_SEC, host_name);

  return g_string_free (challenge, FALSE);
}

static void
begin (SmtpCramMd5Mechanism *self,
       SmtpRequest          *request)
{
  g_autoptr (GBytes) challenge = NULL;

  self->challenge = make_challenge (request);
  if (self->challenge == NULL)
    {
      smtp_request_fail (request, NULL);
      return;
    }

  challenge = g_bytes_new (self->challenge, strlen (self->challenge));
  smtp_request_challenge (request, challenge);
}

/* "name digest": the digest has no space in it, the name may have. */
static void
take_response (SmtpCramMd5Mechanism *self,
               SmtpRequest          *request,
               GBytes               *response)
{
  g_autofree char *text = smtp_sasl_dup_text (response);
  char *space = text != NULL ? strrchr (text, ' ') : NULL;

  if (space == NULL || space == text || strlen (space + 1) != HEX_SIZE || !smtp_sasl_is_clean (text, space - text))
    {
      smtp_sasl_refuse_malformed (request);
      return;
    }

  *space = '\0';
  self->digest = g_ascii_strdown (space + 1, -1);
  self->credentials = smtp_credentials_new ("CRAM-MD5", text);
  smtp_request_ask_secret (request, self->credentials);
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  SmtpCramMd5Mechanism *self = (SmtpCramMd5Mechanism *) mechanism;

  if (self->challenge != NULL)
    take_response (self, request, response);
  else if (response == NULL)
    begin (self, request);
  else
    smtp_sasl_refuse_malformed (request);
}

/* The one who is not there costs as much time as the one who is. */
static gboolean
is_right (SmtpCramMd5Mechanism *self,
          const char           *password)
{
  const char *key = password != NULL ? password : "";
  guint8 digest[MD5_SIZE];
  char hex[HEX_SIZE + 1];

  if (gnutls_hmac_fast (GNUTLS_MAC_MD5, key, strlen (key), self->challenge, strlen (self->challenge), digest) < 0)
    return FALSE;

  for (guint i = 0; i < MD5_SIZE; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", digest[i]);

  return gnutls_memcmp (hex, self->digest, HEX_SIZE) == 0 && password != NULL;
}

static void
take_secret (SmtpSaslMechanism *mechanism,
             SmtpRequest       *request,
             SmtpSecret        *secret)
{
  SmtpCramMd5Mechanism *self = (SmtpCramMd5Mechanism *) mechanism;

  if (is_right (self, secret != NULL ? smtp_secret_peek_password (secret) : NULL))
    {
      smtp_credentials_set_verified (self->credentials, TRUE);
      smtp_request_present (request, self->credentials);
    }
  else
    smtp_sasl_refuse (request);
}

static void
smtp_cram_md5_mechanism_finalize (GObject *object)
{
  SmtpCramMd5Mechanism *self = (SmtpCramMd5Mechanism *) object;

  g_free (self->challenge);
  g_free (self->digest);
  g_clear_object (&self->credentials);

  G_OBJECT_CLASS (smtp_cram_md5_mechanism_parent_class)->finalize (object);
}

static void
smtp_cram_md5_mechanism_class_init (SmtpCramMd5MechanismClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_cram_md5_mechanism_finalize;
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
  SMTP_SASL_MECHANISM_CLASS (klass)->take_secret = take_secret;
}

static void
smtp_cram_md5_mechanism_init (SmtpCramMd5Mechanism *self)
{
}
