/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-credentials.h"

#include "smtp-credentials-private.h"
#include "smtp-secret-private.h"

/**
 * SmtpCredentials:
 *
 * What a client of AUTH presents: who it says it is, and what it has to show for it.
 *
 * There are two names. The authentication identity is the one that the password or token belongs
 * to; the authorization identity, if there is one, is whom the client wants to act for (RFC 4422
 * section 2). Whether the one may act for the other is for the program to decide.
 *
 * Password and token are there while the program decides; when AUTH is over they are wiped from
 * memory, and this object has none any more.
 */

struct _SmtpCredentials
{
  GObject parent_instance;

  char *mechanism;
  char *authentication_id;
  char *authorization_id;
  char *password;
  char *token;
  gboolean verified;
};

G_DEFINE_FINAL_TYPE (SmtpCredentials, smtp_credentials, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_MECHANISM,
  PROP_AUTHENTICATION_ID,
  PROP_AUTHORIZATION_ID,
  PROP_IDENTITY,
  PROP_PASSWORD,
  PROP_TOKEN,
  PROP_VERIFIED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_credentials_finalize (GObject *object)
{
  SmtpCredentials *self = SMTP_CREDENTIALS (object);

  smtp_credentials_wipe (self);
  g_free (self->mechanism);
  g_free (self->authentication_id);
  g_free (self->authorization_id);

  G_OBJECT_CLASS (smtp_credentials_parent_class)->finalize (object);
}

static void
smtp_credentials_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SmtpCredentials *self = SMTP_CREDENTIALS (object);

  switch (prop_id)
    {
    case PROP_MECHANISM:
      g_value_set_string (value, self->mechanism);
      break;
    case PROP_AUTHENTICATION_ID:
      g_value_set_string (value, self->authentication_id);
      break;
    case PROP_AUTHORIZATION_ID:
      g_value_set_string (value, self->authorization_id);
      break;
    case PROP_IDENTITY:
      g_value_set_string (value, smtp_credentials_get_identity (self));
      break;
    case PROP_PASSWORD:
      g_value_set_string (value, self->password);
      break;
    case PROP_TOKEN:
      g_value_set_string (value, self->token);
      break;
    case PROP_VERIFIED:
      g_value_set_boolean (value, self->verified);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_credentials_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SmtpCredentials *self = SMTP_CREDENTIALS (object);

  switch (prop_id)
    {
    case PROP_MECHANISM:
      self->mechanism = g_value_dup_string (value);
      break;
    case PROP_AUTHENTICATION_ID:
      self->authentication_id = g_value_dup_string (value);
      break;
    case PROP_AUTHORIZATION_ID:
      smtp_credentials_set_authorization_id (self, g_value_get_string (value));
      break;
    case PROP_PASSWORD:
      smtp_credentials_set_password (self, g_value_get_string (value));
      break;
    case PROP_TOKEN:
      smtp_credentials_set_token (self, g_value_get_string (value));
      break;
    case PROP_VERIFIED:
      smtp_credentials_set_verified (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_identity_properties (void)
{
  /**
   * SmtpCredentials:mechanism: (getter get_mechanism)
   *
   * The SASL mechanism in capital letters, such as `PLAIN`.
   */
  props[PROP_MECHANISM] =
    g_param_spec_string ("mechanism", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCredentials:authentication-id: (getter get_authentication_id)
   *
   * Who the client says it is.
   */
  props[PROP_AUTHENTICATION_ID] =
    g_param_spec_string ("authentication-id", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCredentials:authorization-id: (getter get_authorization_id) (setter set_authorization_id)
   *
   * Whom the client wants to act for; %NULL for itself.
   */
  props[PROP_AUTHORIZATION_ID] =
    g_param_spec_string ("authorization-id", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpCredentials:identity: (getter get_identity)
   *
   * Whom the client acts for: the authorization identity if there is one, else the
   * authentication identity.
   */
  props[PROP_IDENTITY] =
    g_param_spec_string ("identity", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_proof_properties (void)
{
  /**
   * SmtpCredentials:password: (getter get_password) (setter set_password)
   *
   * The password that the client gave; %NULL if the mechanism has none, and after AUTH.
   */
  props[PROP_PASSWORD] =
    g_param_spec_string ("password", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpCredentials:token: (getter get_token) (setter set_token)
   *
   * The bearer token that the client gave (RFC 6750); %NULL if the mechanism has none, and
   * after AUTH.
   */
  props[PROP_TOKEN] =
    g_param_spec_string ("token", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpCredentials:verified: (getter get_verified) (setter set_verified)
   *
   * Whether the client has shown that it knows the secret which
   * [signal@Server::handle-credentials] gave for the authentication identity.
   */
  props[PROP_VERIFIED] =
    g_param_spec_boolean ("verified", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static void
smtp_credentials_class_init (SmtpCredentialsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_credentials_finalize;
  object_class->get_property = smtp_credentials_get_property;
  object_class->set_property = smtp_credentials_set_property;

  install_identity_properties ();
  install_proof_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_credentials_init (SmtpCredentials *self)
{
}

/**
 * smtp_credentials_new:
 * @mechanism: the name of the mechanism
 * @authentication_id: (nullable): who the client says it is
 *
 * Makes credentials, for a mechanism of a program's own.
 *
 * Returns: (transfer full): new credentials
 */
SmtpCredentials *
smtp_credentials_new (const char *mechanism,
                      const char *authentication_id)
{
  g_return_val_if_fail (mechanism != NULL, NULL);

  return g_object_new (SMTP_TYPE_CREDENTIALS,
                       "mechanism", mechanism,
                       "authentication-id", authentication_id,
                       NULL);
}

void
smtp_credentials_wipe (SmtpCredentials *self)
{
  g_clear_pointer (&self->password, smtp_secret_free_text);
  g_clear_pointer (&self->token, smtp_secret_free_text);
}

/**
 * smtp_credentials_get_mechanism: (get-property mechanism)
 * @self: credentials
 *
 * The SASL mechanism in capital letters.
 *
 * Returns: the name
 */
const char *
smtp_credentials_get_mechanism (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->mechanism;
}

/**
 * smtp_credentials_get_authentication_id: (get-property authentication-id)
 * @self: credentials
 *
 * Who the client says it is: the user name; with EXTERNAL the subject of its certificate (RFC 4514),
 * with ANONYMOUS whatever it left as a trace (RFC 4505).
 *
 * Returns: (nullable): the identity, or %NULL if the mechanism has none
 */
const char *
smtp_credentials_get_authentication_id (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->authentication_id;
}

/**
 * smtp_credentials_get_authorization_id: (get-property authorization-id)
 * @self: credentials
 *
 * Whom the client wants to act for.
 *
 * Returns: (nullable): the identity, or %NULL for itself
 */
const char *
smtp_credentials_get_authorization_id (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->authorization_id;
}

/**
 * smtp_credentials_set_authorization_id: (set-property authorization-id)
 * @self: credentials
 * @authorization_id: (nullable): an identity; the empty string is none
 *
 * Sets [property@Credentials:authorization-id].
 */
void
smtp_credentials_set_authorization_id (SmtpCredentials *self,
                                       const char      *authorization_id)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  if (authorization_id != NULL && *authorization_id == '\0')
    authorization_id = NULL;
  if (g_strcmp0 (self->authorization_id, authorization_id) == 0)
    return;

  g_free (self->authorization_id);
  self->authorization_id = g_strdup (authorization_id);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTHORIZATION_ID]);
}

/**
 * smtp_credentials_get_identity: (get-property identity)
 * @self: credentials
 *
 * Whom the client acts for: the authorization identity if there is one, else the authentication
 * identity.
 *
 * Returns: (nullable): the identity, or %NULL if there is none
 */
const char *
smtp_credentials_get_identity (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->authorization_id != NULL ? self->authorization_id : self->authentication_id;
}

/* Texts that are wiped. FALSE if nothing changes. */
static gboolean
set_secret_text (char       **field,
                 const char  *text)
{
  if (g_strcmp0 (*field, text) == 0)
    return FALSE;

  smtp_secret_free_text (*field);
  *field = g_strdup (text);

  return TRUE;
}

/**
 * smtp_credentials_get_password: (get-property password)
 * @self: credentials
 *
 * The password that the client gave.
 *
 * Returns: (nullable): the password, or %NULL if the mechanism has none, and after AUTH
 */
const char *
smtp_credentials_get_password (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->password;
}

/**
 * smtp_credentials_set_password: (set-property password)
 * @self: credentials
 * @password: (nullable): a password
 *
 * Sets [property@Credentials:password].
 */
void
smtp_credentials_set_password (SmtpCredentials *self,
                               const char      *password)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  if (set_secret_text (&self->password, password))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PASSWORD]);
}

/**
 * smtp_credentials_get_token: (get-property token)
 * @self: credentials
 *
 * The bearer token that the client gave.
 *
 * Returns: (nullable): the token, or %NULL if the mechanism has none, and after AUTH
 */
const char *
smtp_credentials_get_token (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), NULL);

  return self->token;
}

/**
 * smtp_credentials_set_token: (set-property token)
 * @self: credentials
 * @token: (nullable): a token
 *
 * Sets [property@Credentials:token].
 */
void
smtp_credentials_set_token (SmtpCredentials *self,
                            const char      *token)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  if (set_secret_text (&self->token, token))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TOKEN]);
}

/**
 * smtp_credentials_get_verified: (get-property verified)
 * @self: credentials
 *
 * Whether the client has shown that it knows the secret which the program gave for the
 * authentication identity.
 *
 * Returns: %TRUE if it has
 */
gboolean
smtp_credentials_get_verified (SmtpCredentials *self)
{
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (self), FALSE);

  return self->verified;
}

/**
 * smtp_credentials_set_verified: (set-property verified)
 * @self: credentials
 * @verified: whether the client has shown who it is
 *
 * Sets [property@Credentials:verified]. This is for mechanisms of a program's own: a client whose
 * credentials are verified is let in unless a hook objects.
 */
void
smtp_credentials_set_verified (SmtpCredentials *self,
                               gboolean         verified)
{
  g_return_if_fail (SMTP_IS_CREDENTIALS (self));

  if (self->verified == !!verified)
    return;

  self->verified = !!verified;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VERIFIED]);
}
