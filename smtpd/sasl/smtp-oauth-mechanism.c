/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-sasl.h"
#include "smtp-secret-private.h"

/* OAUTHBEARER (RFC 7628) and the older XOAUTH2 (Google's, Microsoft's): a user name, and a bearer
 * token (RFC 6750) that says who may be whom. The program decides. A client that is refused
 * first gets a challenge that says why, to which it has nothing to say. */

#define SEPARATOR "\001"
#define BEARER "Bearer "

/* RFC 7628 section 3.2.2, and what clients of XOAUTH2 expect. */
#define BEARER_FAILURE "{\"status\":\"invalid_token\"}"
#define XOAUTH2_FAILURE "{\"status\":\"401\",\"schemes\":\"bearer\"}"

typedef struct
{
  SmtpSaslMechanism parent_instance;
} SmtpOauthMechanism;

typedef SmtpSaslMechanismClass SmtpOauthMechanismClass;

G_DEFINE_TYPE (SmtpOauthMechanism, smtp_oauth_mechanism, SMTP_TYPE_SASL_MECHANISM)

/* The characters of a b64token, RFC 6750 section 2.1. */
static gboolean
is_token (const char *text)
{
  gsize length = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");

  return length > 0 && strspn (text + length, "=") == strlen (text + length);
}

/* The token of "auth=Bearer TOKEN"; the scheme's case does not count (RFC 7235 section 2.1). */
static const char *
find_token (char **pairs)
{
  for (guint i = 0; pairs[i] != NULL; i++)
    {
      const char *value;

      if (!g_str_has_prefix (pairs[i], "auth="))
        continue;

      value = pairs[i] + strlen ("auth=");
      if (g_ascii_strncasecmp (value, BEARER, strlen (BEARER)) != 0)
        return NULL;
      value += strlen (BEARER);
      value += strspn (value, " ");

      return is_token (value) ? value : NULL;
    }

  return NULL;
}

/* "n,a=user," or "n,,": the GS2 header of RFC 5801 section 4, without channel binding. NULL: it is
 * none; "" if there is no name. */
static char *
read_gs2_name (const char *header)
{
  const char *name, *end;
  GString *decoded;

  if (!g_str_has_prefix (header, "n,") && !g_str_has_prefix (header, "y,"))
    return NULL;

  name = header + 2;
  end = strchr (name, ',');
  if (end == NULL || end[1] != '\0')
    return NULL;
  if (name == end)
    return g_strdup ("");
  if (!g_str_has_prefix (name, "a="))
    return NULL;

  decoded = g_string_new_len (name + 2, end - name - 2);
  g_string_replace (decoded, "=2C", ",", 0);
  g_string_replace (decoded, "=3D", "=", 0);

  return g_string_free (decoded, FALSE);
}

static char *
read_name (SmtpSaslMechanism *self,
           const char        *first)
{
  if (g_str_equal (smtp_sasl_mechanism_get_name (self), "OAUTHBEARER"))
    return read_gs2_name (first);

  return g_str_has_prefix (first, "user=") ? g_strdup (first + strlen ("user=")) : NULL;
}

/* Both end in two separators. */
static SmtpCredentials *
parse (SmtpSaslMechanism  *self,
       char              **pairs)
{
  guint n = g_strv_length (pairs);
  g_autofree char *name = n >= 4 ? read_name (self, pairs[0]) : NULL;
  const char *token = n >= 4 ? find_token (pairs + 1) : NULL;
  SmtpCredentials *credentials;

  if (name == NULL || token == NULL || *pairs[n - 1] != '\0' || *pairs[n - 2] != '\0' ||
      !smtp_sasl_is_clean (name, strlen (name)))
    return NULL;

  credentials = smtp_credentials_new (smtp_sasl_mechanism_get_name (self), *name != '\0' ? name : NULL);
  smtp_credentials_set_token (credentials, token);

  return credentials;
}

static void
present (SmtpSaslMechanism *self,
         SmtpRequest       *request,
         SmtpCredentials   *credentials)
{
  const char *failure = g_str_equal (smtp_sasl_mechanism_get_name (self), "OAUTHBEARER")
                          ? BEARER_FAILURE : XOAUTH2_FAILURE;
  g_autoptr (GBytes) challenge = g_bytes_new_static (failure, strlen (failure));

  smtp_sasl_mechanism_set_failure_challenge (self, challenge);
  smtp_request_present (request, credentials);
}

static void
free_pairs (char **pairs)
{
  for (guint i = 0; pairs[i] != NULL; i++)
    smtp_secret_free_text (pairs[i]);
  g_free (pairs);
}

static void
step (SmtpSaslMechanism *mechanism,
      SmtpRequest       *request,
      GBytes            *response)
{
  g_autoptr (SmtpCredentials) credentials = NULL;
  char *text;

  if (response == NULL)
    {
      smtp_request_challenge (request, NULL);
      return;
    }

  text = smtp_sasl_dup_text (response);
  if (text != NULL)
    {
      char **pairs = g_strsplit (text, SEPARATOR, 0);

      credentials = parse (mechanism, pairs);
      free_pairs (pairs);
    }
  smtp_secret_free_text (text);

  if (credentials != NULL)
    present (mechanism, request, credentials);
  else
    smtp_sasl_refuse_malformed (request);
}

static void
smtp_oauth_mechanism_class_init (SmtpOauthMechanismClass *klass)
{
  SMTP_SASL_MECHANISM_CLASS (klass)->step = step;
}

static void
smtp_oauth_mechanism_init (SmtpOauthMechanism *self)
{
}
