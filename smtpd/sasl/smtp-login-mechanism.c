/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dialogue/smtp-dialogue.h"
#include "smtp-request-private.h"
#include "smtp-sasl.h"
#include "smtp-secret-private.h"

/* LOGIN, which no RFC defines (draft-murchison-sasl-login): the server asks for the name, then for
 * the password. Many clients send the name along with AUTH. */

typedef struct
{
  SmtpPasswordMechanism parent_instance;
  char *name;
} SmtpLoginMechanism;

typedef SmtpPasswordMechanismClass SmtpLoginMechanismClass;

G_DEFINE_TYPE (SmtpLoginMechanism, smtp_login_mechanism, SMTP_TYPE_PASSWORD_MECHANISM)

typedef struct
{
  const char *octets;
  gsize size;
} Prompt;

#define PROMPT(text) { text, sizeof text - 1 }

/* What clients expect, and what the draft says, which is what aiosmtpd asks. */
static const Prompt name_prompts[] = { PROMPT ("Username:"), PROMPT ("User Name\0") };
static const Prompt password_prompts[] = { PROMPT ("Password:"), PROMPT ("Password\0") };

static void
ask (SmtpRequest  *request,
     const Prompt *prompts)
{
  SmtpDialogue *dialogue = smtp_request_get_dialogue (request);
  const Prompt *prompt = &prompts[dialogue != NULL && smtp_dialogue_is_foreign (dialogue) ? 1 : 0];
  g_autoptr (GBytes) challenge = g_bytes_new_static (prompt->octets, prompt->size);

  smtp_request_challenge (request, challenge);
}

static void
take_name (SmtpLoginMechanism *self,
           SmtpRequest        *request,
           GBytes             *response)
{
  g_autofree char *name = smtp_sasl_dup_text (response);

  if (name == NULL || *name == '\0' || !smtp_sasl_is_clean (name, strlen (name)))
    {
      smtp_sasl_refuse_malformed (request);
      return;
    }

  self->name = g_steal_pointer (&name);
  ask (request, password_prompts);
}

static void
take_password (SmtpLoginMechanism *self,
               SmtpRequest        *request,
               GBytes             *response)
{
  char *password = smtp_sasl_dup_text (response);

  if (password == NULL || *password == '\0' || !g_utf8_validate (password, -1, NULL))
    smtp_sasl_refuse_malformed (request);
  else
    smtp_password_mechanism_check (SMTP_PASSWORD_MECHANISM (self), request, NULL, self->name, password);

  smtp_secret_free_text (password);
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  SmtpLoginMechanism *self = (SmtpLoginMechanism *) mechanism;

  if (response == NULL)
    ask (request, name_prompts);
  else if (self->name == NULL)
    take_name (self, request, response);
  else
    take_password (self, request, response);
}

static void
smtp_login_mechanism_finalize (GObject *object)
{
  g_free (((SmtpLoginMechanism *) object)->name);

  G_OBJECT_CLASS (smtp_login_mechanism_parent_class)->finalize (object);
}

static void
smtp_login_mechanism_class_init (SmtpLoginMechanismClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_login_mechanism_finalize;
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
}

static void
smtp_login_mechanism_init (SmtpLoginMechanism *self)
{
}
