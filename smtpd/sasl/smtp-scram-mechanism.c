/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include <gsasl.h>

#include "dialogue/smtp-auth-offer.h"
#include "smtp-sasl-decoy.h"
#include "smtp-sasl.h"
#include "smtp-secret-private.h"

/* SCRAM-SHA-1 and SCRAM-SHA-256, each with its -PLUS form: RFC 5802, RFC 7677. libgsasl speaks it. Since
 * it asks for the secret in the middle of a step, and at once, it is given everything before: the
 * name is taken from the client's first message here, the program asked, then the step made. */

#define DERIVED_ITERATIONS 10000

typedef struct
{
  SmtpSaslMechanism parent_instance;
  Gsasl_session *gsasl;
  GBytes *first;               /* the client's first message, while the secret is asked for */
  SmtpCredentials *credentials;
  gboolean is_decoy;           /* there is no such user, whatever the client shows */
  gboolean finished;           /* the client has shown that it knows the password */
} SmtpScramMechanism;

typedef SmtpSaslMechanismClass SmtpScramMechanismClass;

G_DEFINE_TYPE (SmtpScramMechanism, smtp_scram_mechanism, SMTP_TYPE_SASL_MECHANISM)

/* It is never changed, and its sessions know nothing of one another. */
static Gsasl *
get_gsasl (void)
{
  static gsize gsasl = 0;

  if (g_once_init_enter (&gsasl))
    {
      Gsasl *made;

      if (gsasl_init (&made) != GSASL_OK)
        g_error ("libgsasl cannot be used");
      g_once_init_leave (&gsasl, (gsize) made);
    }

  return (Gsasl *) gsasl;
}

static const char *
get_name (SmtpScramMechanism *self)
{
  return smtp_sasl_mechanism_get_name (SMTP_SASL_MECHANISM (self));
}

static SmtpScramHash
get_hash (SmtpScramMechanism *self)
{
  return g_str_has_prefix (get_name (self), "SCRAM-SHA-256") ? SMTP_SCRAM_HASH_SHA256 : SMTP_SCRAM_HASH_SHA1;
}

/* The client's first message */

/* "=2C" and "=3D", RFC 5802 section 5.1; NULL if there is another "=". */
static char *
decode_name (const char *text,
             gsize       length)
{
  GString *name = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] != '=')
        g_string_append_c (name, text[i]);
      else if (length - i >= 3 && memcmp (text + i, "=2C", 3) == 0)
        g_string_append_c (name, ',');
      else if (length - i >= 3 && memcmp (text + i, "=3D", 3) == 0)
        g_string_append_c (name, '=');
      else
        {
          g_string_free (name, TRUE);
          return NULL;
        }

      if (text[i] == '=')
        i += 2;
    }

  return g_string_free (name, FALSE);
}

/* The value of an attribute such as "n=" at *cursor, which moves behind its comma. NULL if it is none,
 * or does not decode. */
static char *
take_attribute (const char **cursor,
                const char  *prefix)
{
  const char *text = *cursor;
  const char *comma = strchr (text, ',');

  if (comma == NULL || !g_str_has_prefix (text, prefix))
    return NULL;

  *cursor = comma + 1;
  text += strlen (prefix);

  return decode_name (text, comma - text);
}

/* With -PLUS the client binds to the channel, by a type that there is, and without it does not. libgsasl
 * would let a binding pass that it never looks at. */
static gboolean
is_binding_flag (SmtpScramMechanism *self,
                 const char         *flag,
                 gsize               length)
{
  SmtpSession *session = smtp_sasl_mechanism_get_session (SMTP_SASL_MECHANISM (self));
  SmtpTlsInfo *info = smtp_session_get_tls_info (session);
  g_autofree char *type = NULL;

  if (!g_str_has_suffix (get_name (self), "-PLUS"))
    return length == 1 && (*flag == 'n' || *flag == 'y');
  if (info == NULL || length < strlen ("p=") || memcmp (flag, "p=", strlen ("p=")) != 0)
    return FALSE;

  type = g_strndup (flag + strlen ("p="), length - strlen ("p="));

  return smtp_tls_info_get_channel_binding (info, type) != NULL;
}

/* "gs2-cbind-flag,[a=authzid],n=name,r=nonce…", RFC 5802 section 7. The rest is libgsasl's to check. */
static SmtpCredentials *
parse_first (SmtpScramMechanism *self,
             const char         *message)
{
  const char *cursor = strchr (message, ',');
  g_autofree char *authorization_id = NULL;
  g_autofree char *name = NULL;
  SmtpCredentials *credentials;

  if (cursor == NULL || !is_binding_flag (self, message, cursor - message))
    return NULL;
  cursor++;

  if (*cursor == ',')
    cursor++;
  else if ((authorization_id = take_attribute (&cursor, "a=")) == NULL)
    return NULL;

  name = take_attribute (&cursor, "n=");
  if (name == NULL || *name == '\0' || !smtp_sasl_is_clean (name, strlen (name)))
    return NULL;
  if (authorization_id != NULL && !smtp_sasl_is_clean (authorization_id, strlen (authorization_id)))
    return NULL;

  credentials = smtp_credentials_new (get_name (self), name);
  smtp_credentials_set_authorization_id (credentials, authorization_id);

  return credentials;
}

static void
take_first (SmtpScramMechanism *self,
            SmtpRequest        *request,
            GBytes             *response)
{
  g_autofree char *message = smtp_sasl_dup_text (response);

  if (message != NULL)
    self->credentials = parse_first (self, message);
  if (self->credentials == NULL)
    {
      smtp_sasl_refuse_malformed (request);
      return;
    }

  self->first = g_bytes_ref (response);
  smtp_request_ask_secret (request, self->credentials);
}

/* The secret */

static void
set_base64 (SmtpScramMechanism *self,
            Gsasl_property      property,
            GBytes             *bytes)
{
  gsize size;
  const guint8 *octets = g_bytes_get_data (bytes, &size);
  char *base64 = g_base64_encode (octets, size);

  gsasl_property_set (self->gsasl, property, base64);
  smtp_secret_free_text (base64);
}

static void
set_keys (SmtpScramMechanism  *self,
          const SmtpScramKeys *keys)
{
  g_autofree char *iterations = g_strdup_printf ("%u", keys->iterations);

  gsasl_property_set (self->gsasl, GSASL_SCRAM_ITER, iterations);
  set_base64 (self, GSASL_SCRAM_SALT, keys->salt);
  set_base64 (self, GSASL_SCRAM_STOREDKEY, keys->stored_key);
  set_base64 (self, GSASL_SCRAM_SERVERKEY, keys->server_key);
}

/* Only where -PLUS is on offer to this client: then one that says that it could bind to the channel,
 * but that the server could not, was lied to by somebody in between, and fails (RFC 5802 section 6). */
static void
bind_channel (SmtpScramMechanism *self,
              SmtpServer         *server)
{
  static const struct
  {
    const char *type;
    Gsasl_property property;
  } bindings[] =
  {
    { "tls-exporter", GSASL_CB_TLS_EXPORTER },
    { "tls-unique", GSASL_CB_TLS_UNIQUE },
  };
  SmtpSession *session = smtp_sasl_mechanism_get_session (SMTP_SASL_MECHANISM (self));
  SmtpTlsInfo *info = smtp_session_get_tls_info (session);
  const char *plus = get_hash (self) == SMTP_SCRAM_HASH_SHA256 ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-1-PLUS";

  if (info == NULL || smtp_auth_offer_lookup (server, session, plus) == G_TYPE_INVALID)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (bindings); i++)
    {
      GBytes *binding = smtp_tls_info_get_channel_binding (info, bindings[i].type);

      if (binding != NULL)
        set_base64 (self, bindings[i].property, binding);
    }
}

/* libgsasl */

static void
step_gsasl (SmtpScramMechanism *self,
            SmtpRequest        *request,
            GBytes             *response)
{
  g_autoptr (GBytes) challenge = NULL;
  gsize size, out_size = 0;
  const char *octets = g_bytes_get_data (response, &size);
  char *out = NULL;
  int code;

  code = gsasl_step (self->gsasl, octets != NULL ? octets : "", size, &out, &out_size);
  challenge = g_bytes_new (out, out_size);
  gsasl_free (out);

  /* With the last message of the server the client is asked for nothing, but has to say that it
   * got it (RFC 4954 section 4). */
  self->finished = code == GSASL_OK && !self->is_decoy;
  if (self->finished || code == GSASL_NEEDS_MORE)
    smtp_request_challenge (request, challenge);
  else if (code == GSASL_MECHANISM_PARSE_ERROR)
    smtp_sasl_refuse_malformed (request);
  else
    smtp_sasl_refuse (request);
}

static void
begin (SmtpScramMechanism *self,
       SmtpRequest        *request,
       SmtpSecret         *secret)
{
  g_autoptr (GBytes) first = g_steal_pointer (&self->first);
  const SmtpScramKeys *keys = secret != NULL ? smtp_secret_peek_scram (secret, get_hash (self)) : NULL;

  if (keys == NULL || gsasl_server_start (get_gsasl (), get_name (self), &self->gsasl) != GSASL_OK)
    {
      smtp_request_fail (request, NULL);
      return;
    }

  set_keys (self, keys);
  bind_channel (self, smtp_request_get_server (request));
  step_gsasl (self, request, first);
}

/* To make keys of a password takes a while. */
typedef struct
{
  SmtpScramMechanism *self;
  SmtpSecret *secret;
  SmtpSecret *derived;
  SmtpScramHash hash;
} Derivation;

static void
derivation_free (gpointer data)
{
  g_autofree Derivation *derivation = data;

  g_object_unref (derivation->self);
  smtp_secret_unref (derivation->secret);
  g_clear_pointer (&derivation->derived, smtp_secret_unref);
}

static void
run_derivation (gpointer data)
{
  Derivation *derivation = data;

  derivation->derived = smtp_secret_derive (derivation->hash, smtp_secret_peek_password (derivation->secret),
                                            DERIVED_ITERATIONS, NULL);
}

static void
end_derivation (SmtpRequest *request,
                gpointer     data)
{
  Derivation *derivation = data;

  begin (derivation->self, request, derivation->derived);
}

static void
derive (SmtpScramMechanism *self,
        SmtpRequest        *request,
        SmtpSecret         *secret)
{
  Derivation *derivation = g_new0 (Derivation, 1);

  derivation->self = g_object_ref (self);
  derivation->secret = smtp_secret_ref (secret);
  derivation->hash = get_hash (self);
  smtp_sasl_run_work (request, run_derivation, end_derivation, derivation, derivation_free);
}

/* The mechanism */

/* A program with passwords has keys derived from them; so it must seem to be with the decoy. */
static SmtpSecret *
make_decoy (SmtpScramMechanism *self)
{
  SmtpSecret *decoy = smtp_sasl_decoy_make (get_hash (self),
                                            smtp_credentials_get_authentication_id (self->credentials));

  return decoy != NULL ? decoy : smtp_secret_new_password ("nobody's");
}

static gboolean
is_of_use (SmtpScramMechanism *self,
           SmtpSecret         *secret)
{
  return secret != NULL && (smtp_secret_peek_password (secret) != NULL ||
                            smtp_secret_peek_scram (secret, get_hash (self)) != NULL);
}

static void
take_secret (SmtpSaslMechanism *mechanism,
             SmtpRequest       *request,
             SmtpSecret        *secret)
{
  SmtpScramMechanism *self = (SmtpScramMechanism *) mechanism;
  g_autoptr (SmtpSecret) used = NULL;

  if (secret != NULL)
    smtp_sasl_decoy_learn (secret);
  self->is_decoy = !is_of_use (self, secret);
  used = self->is_decoy ? make_decoy (self) : smtp_secret_ref (secret);

  if (smtp_secret_peek_password (used) != NULL)
    derive (self, request, used);
  else
    begin (self, request, used);
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  SmtpScramMechanism *self = (SmtpScramMechanism *) mechanism;

  if (response == NULL)
    smtp_request_challenge (request, NULL);
  else if (self->credentials == NULL)
    take_first (self, request, response);
  else if (!self->finished)
    step_gsasl (self, request, response);
  else if (g_bytes_get_size (response) > 0)
    smtp_sasl_refuse_malformed (request);
  else
    {
      smtp_credentials_set_verified (self->credentials, TRUE);
      smtp_request_present (request, self->credentials);
    }
}

static void
smtp_scram_mechanism_finalize (GObject *object)
{
  SmtpScramMechanism *self = (SmtpScramMechanism *) object;

  g_clear_pointer (&self->gsasl, gsasl_finish);
  g_clear_pointer (&self->first, g_bytes_unref);
  g_clear_object (&self->credentials);

  G_OBJECT_CLASS (smtp_scram_mechanism_parent_class)->finalize (object);
}

static void
smtp_scram_mechanism_class_init (SmtpScramMechanismClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_scram_mechanism_finalize;
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
  SMTP_SASL_MECHANISM_CLASS (klass)->take_secret = take_secret;
}

static void
smtp_scram_mechanism_init (SmtpScramMechanism *self)
{
}
