/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-sasl.h"
#include "smtp-secret-private.h"

/* PLAIN, RFC 4616: [authzid] NUL authcid NUL passwd. */

typedef struct
{
  SmtpPasswordMechanism parent_instance;
} SmtpPlainMechanism;

typedef SmtpPasswordMechanismClass SmtpPlainMechanismClass;

G_DEFINE_TYPE (SmtpPlainMechanism, smtp_plain_mechanism, SMTP_TYPE_PASSWORD_MECHANISM)

/* Parts of @message, which ends in a NUL that is not of its own. FALSE unless there are three,
 * and something in the last two. */
static gboolean
split (const char  *message,
       gsize        size,
       const char **parts)
{
  const char *end = message + size;

  for (guint i = 0; i < 3; i++)
    {
      gsize length;

      if (message > end)
        return FALSE;
      length = strlen (message);
      if (length == 0 && i > 0)
        return FALSE;

      /* Of a password all that is asked for is that it be text. */
      if (i < 2 ? !smtp_sasl_is_clean (message, length) : !g_utf8_validate_len (message, length, NULL))
        return FALSE;

      parts[i] = message;
      message += length + 1;
    }

  return message == end + 1;
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  const char *parts[3];
  const char *octets;
  char *message;
  gsize size;

  if (response == NULL)
    {
      smtp_request_challenge (request, NULL);
      return;
    }

  octets = g_bytes_get_data (response, &size);
  message = g_malloc0 (size + 1);
  if (size > 0)
    memcpy (message, octets, size);

  if (split (message, size, parts))
    smtp_password_mechanism_check (SMTP_PASSWORD_MECHANISM (mechanism), request, parts[0], parts[1], parts[2]);
  else
    smtp_sasl_refuse_malformed (request);

  smtp_secret_wipe (message, size);
  g_free (message);
}

static void
smtp_plain_mechanism_class_init (SmtpPlainMechanismClass *klass)
{
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
}

static void
smtp_plain_mechanism_init (SmtpPlainMechanism *self)
{
}
