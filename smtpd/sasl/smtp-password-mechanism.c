/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-credentials-private.h"
#include "smtp-sasl-decoy.h"
#include "smtp-sasl.h"
#include "smtp-secret-private.h"

typedef struct
{
  SmtpCredentials *credentials;
} SmtpPasswordMechanismPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SmtpPasswordMechanism, smtp_password_mechanism, SMTP_TYPE_SASL_MECHANISM)

#define PRIVATE(self) ((SmtpPasswordMechanismPrivate *) smtp_password_mechanism_get_instance_private (self))

/* A check in a thread of its own. The password is a copy: that of the credentials may be wiped
 * meanwhile. */
typedef struct
{
  SmtpSecret *secret;
  SmtpCredentials *credentials;
  char *password;
  gboolean is_decoy;
  gboolean good;
} Check;

static void
check_free (gpointer data)
{
  g_autofree Check *check = data;

  smtp_secret_unref (check->secret);
  g_object_unref (check->credentials);
  smtp_secret_free_text (check->password);
}

static void
run_check (gpointer data)
{
  Check *check = data;

  check->good = smtp_secret_check_password (check->secret, check->password);
}

static void
end_check (SmtpRequest *request,
           gpointer     data)
{
  Check *check = data;

  if (check->is_decoy)
    smtp_request_present (request, check->credentials);
  else if (check->good)
    {
      smtp_credentials_set_verified (check->credentials, TRUE);
      smtp_request_present (request, check->credentials);
    }
  else
    smtp_sasl_refuse (request);
}

static void
take_secret (SmtpSaslMechanism *mechanism,
             SmtpRequest       *request,
             SmtpSecret        *secret)
{
  SmtpPasswordMechanismPrivate *priv = PRIVATE (SMTP_PASSWORD_MECHANISM (mechanism));
  const char *name = smtp_credentials_get_authentication_id (priv->credentials);
  g_autoptr (SmtpSecret) decoy = NULL;
  Check *check;

  if (secret != NULL)
    smtp_sasl_decoy_learn (secret);
  else
    decoy = smtp_sasl_decoy_make (SMTP_SCRAM_HASH_SHA256, name);

  /* Nobody knows secrets: it is for a hook to say. */
  if (secret == NULL && decoy == NULL)
    {
      smtp_request_present (request, priv->credentials);
      return;
    }

  check = g_new0 (Check, 1);
  check->is_decoy = secret == NULL;
  check->secret = smtp_secret_ref (secret != NULL ? secret : decoy);
  check->credentials = g_object_ref (priv->credentials);
  check->password = g_strdup (smtp_credentials_get_password (priv->credentials));
  smtp_sasl_run_work (request, run_check, end_check, check, check_free);
}

static void
smtp_password_mechanism_finalize (GObject *object)
{
  g_clear_object (&PRIVATE (SMTP_PASSWORD_MECHANISM (object))->credentials);

  G_OBJECT_CLASS (smtp_password_mechanism_parent_class)->finalize (object);
}

static void
smtp_password_mechanism_class_init (SmtpPasswordMechanismClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_password_mechanism_finalize;
  SMTP_SASL_MECHANISM_CLASS (klass)->take_secret = take_secret;
}

static void
smtp_password_mechanism_init (SmtpPasswordMechanism *self)
{
}

void
smtp_password_mechanism_check (SmtpPasswordMechanism *self,
                               SmtpRequest           *request,
                               const char            *authorization_id,
                               const char            *authentication_id,
                               const char            *password)
{
  SmtpPasswordMechanismPrivate *priv = PRIVATE (self);
  const char *name = smtp_sasl_mechanism_get_name (SMTP_SASL_MECHANISM (self));

  g_clear_object (&priv->credentials);
  priv->credentials = smtp_credentials_new (name, authentication_id);
  smtp_credentials_set_authorization_id (priv->credentials, authorization_id);
  smtp_credentials_set_password (priv->credentials, password);
  smtp_request_ask_secret (request, priv->credentials);
}
