/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-sasl.h"

/* ANONYMOUS, RFC 4505: all that the client says is a trace of itself, up to 255 characters, or
 * nothing. */

#define MAX_TRACE_CHARACTERS 255

typedef struct
{
  SmtpSaslMechanism parent_instance;
} SmtpAnonymousMechanism;

typedef SmtpSaslMechanismClass SmtpAnonymousMechanismClass;

G_DEFINE_TYPE (SmtpAnonymousMechanism, smtp_anonymous_mechanism, SMTP_TYPE_SASL_MECHANISM)

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  g_autofree char *trace = NULL;
  g_autoptr (SmtpCredentials) credentials = NULL;

  if (response == NULL)
    {
      smtp_request_challenge (request, NULL);
      return;
    }

  trace = smtp_sasl_dup_text (response);
  if (trace == NULL || !smtp_sasl_is_clean (trace, strlen (trace)) ||
      g_utf8_strlen (trace, -1) > MAX_TRACE_CHARACTERS)
    {
      smtp_sasl_refuse_malformed (request);
      return;
    }

  credentials = smtp_credentials_new ("ANONYMOUS", *trace != '\0' ? trace : NULL);
  smtp_request_present (request, credentials);
}

static void
smtp_anonymous_mechanism_class_init (SmtpAnonymousMechanismClass *klass)
{
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
}

static void
smtp_anonymous_mechanism_init (SmtpAnonymousMechanism *self)
{
}
