/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-command.h"

#include <string.h>

#include "smtp-auth-offer.h"
#include "smtp-credentials-private.h"
#include "smtp-envelope-private.h"
#include "smtp-secret-private.h"
#include "smtp-session-private.h"
#include "smtp-stages.h"
#include "wire/smtp-base64.h"

#define NOTHING_WRONG SMTP_N_STANDARD_REPLIES

/* RFC 4422 section 3.1. */
#define MAX_NAME 20

/* RFC 4954 section 4: an empty initial response. */
#define EMPTY_RESPONSE "="
#define CANCEL "*"

/* Lines */

gboolean
smtp_auth_is_auth_line (const char *data,
                        gsize       length)
{
  return length >= strlen ("AUTH") && g_ascii_strncasecmp (data, "AUTH", strlen ("AUTH")) == 0 &&
         (length == strlen ("AUTH") || !g_ascii_isalnum (data[strlen ("AUTH")]));
}

static gsize
name_length (const char *text,
             gsize       length)
{
  gsize n = 0;

  while (n < length && n <= MAX_NAME && (g_ascii_isalnum (text[n]) || text[n] == '-' || text[n] == '_'))
    n++;

  return n <= MAX_NAME ? n : 0;
}

void
smtp_auth_redact (GString    *line,
                  const char *data,
                  gsize       length)
{
  gsize at = MIN (length, strlen ("AUTH "));
  gsize n = name_length (data + at, length - at);
  g_autofree char *name = g_strndup (data + at, n);

  g_string_append (line, "AUTH");
  if (smtp_auth_offer_is_known (name))
    g_string_append_printf (line, " %s", name);
  if (!smtp_auth_offer_is_known (name) || at + n < length)
    g_string_append (line, " ***");
}

/* The exchange */

void
smtp_auth_exchange_free (SmtpAuthExchange *self)
{
  smtp_secret_free_text (self->initial);
  g_clear_object (&self->mechanism);
  if (self->credentials != NULL)
    smtp_credentials_wipe (self->credentials);
  g_clear_object (&self->credentials);
  g_clear_pointer (&self->response, g_bytes_unref);
  g_clear_pointer (&self->secret, smtp_secret_unref);
  g_free (self);
}

gsize
smtp_auth_parse (SmtpDialogue          *self,
                 const SmtpCommandLine *line)
{
  SmtpAuthExchange *exchange = g_new0 (SmtpAuthExchange, 1);
  const char *end = line->argument + line->argument_length;
  gsize length = name_length (line->argument, line->argument_length);
  const char *response = line->argument + length;

  g_clear_pointer (&self->auth, smtp_auth_exchange_free);
  self->auth = exchange;
  self->wipe_input = TRUE;

  if (response < end && *response != ' ')
    length = 0;
  while (response < end && *response == ' ')
    response++;

  exchange->has_excess = memchr (response, ' ', end - response) != NULL;
  exchange->is_malformed = length == 0 || exchange->has_excess;
  if (length > 0 && response < end)
    exchange->initial = g_strndup (response, end - response);

  return length;
}

/* What the client sends */

/* NULL if it is no base64. */
static GBytes *
decode (const char *text,
        gsize       length)
{
  gsize room = SMTP_BASE64_DECODED_MAX (length);
  guint8 *octets = g_malloc (MAX (room, 1));
  gsize size;

  if (smtp_base64_decode (text, length, octets, &size))
    return smtp_secret_new_bytes (octets, size);

  smtp_secret_wipe (octets, room);
  g_free (octets);

  return NULL;
}

static SmtpStandardReply
take_octets (SmtpAuthExchange *exchange,
             const char       *text,
             gsize             length)
{
  if (length > SMTP_AUTH_RESPONSE_MAX)
    return SMTP_REPLY_AUTH_TOO_LONG;

  g_clear_pointer (&exchange->response, g_bytes_unref);
  exchange->response = decode (text, length);

  return exchange->response != NULL ? NOTHING_WRONG : SMTP_REPLY_AUTH_NOT_BASE64;
}

SmtpStandardReply
smtp_auth_take_response (SmtpDialogue *self,
                         const char   *line,
                         gsize         length)
{
  self->wipe_input = TRUE;

  if (length == strlen (CANCEL) && memcmp (line, CANCEL, length) == 0)
    return SMTP_REPLY_AUTH_CANCELLED;

  return take_octets (self->auth, line, length);
}

static SmtpStandardReply
take_initial (SmtpAuthExchange *exchange)
{
  if (exchange->initial == NULL)
    return NOTHING_WRONG;
  if (g_str_equal (exchange->initial, EMPTY_RESPONSE))
    return take_octets (exchange, "", 0);

  return take_octets (exchange, exchange->initial, strlen (exchange->initial));
}

/* The command */

static SmtpReply *
answer_auth (SmtpDialogue *self,
             SmtpRequest  *request)
{
  SmtpCredentials *credentials = self->auth->credentials;
  const char *authorization_id = smtp_credentials_get_authorization_id (credentials);
  const char *authentication_id = smtp_credentials_get_authentication_id (credentials);
  gboolean good = smtp_credentials_get_verified (credentials) &&
                  (authorization_id == NULL || g_strcmp0 (authorization_id, authentication_id) == 0);

  return smtp_reply_ref (smtp_reply_standard (good ? SMTP_REPLY_AUTH_OK : SMTP_REPLY_AUTH_INVALID));
}

static void
apply_auth (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_session_authenticate (self->session, self->auth->credentials);
}

static SmtpStandardReply
check_state (SmtpDialogue *self)
{
  if (!smtp_auth_offer_is_possible (self->server, self->session))
    return SMTP_REPLY_UNKNOWN_COMMAND;
  if (!smtp_session_get_extended_smtp (self->session))
    return SMTP_REPLY_EHLO_FIRST;
  if (smtp_session_get_authenticated (self->session))
    return SMTP_REPLY_AUTH_ALREADY;
  if (smtp_auth_offer_lacks_tls (self->server, self->session))
    return SMTP_REPLY_AUTH_NEEDS_TLS;
  if (self->envelope != NULL)
    return SMTP_REPLY_NESTED_MAIL;

  return self->auth->is_malformed ? SMTP_REPLY_AUTH_SYNTAX : NOTHING_WRONG;
}

/* Each attempt has a mechanism of its own: nothing of one that failed is left to the next. */
static SmtpStandardReply
make_mechanism (SmtpDialogue *self,
                const char   *argument)
{
  g_autofree char *name = g_ascii_strup (argument, -1);
  GType type = smtp_auth_offer_lookup (self->server, self->session, name);
  SmtpStandardReply wrong;

  if (type == G_TYPE_INVALID)
    return SMTP_REPLY_AUTH_UNKNOWN;

  wrong = take_initial (self->auth);
  if (wrong == NOTHING_WRONG)
    self->auth->mechanism = g_object_new (type, "name", name, "session", self->session, NULL);

  return wrong;
}

void
smtp_auth_command (SmtpServer  *server,
                   SmtpSession *session,
                   SmtpRequest *request,
                   const char  *argument)
{
  static const SmtpEffect effect = { answer_auth, apply_auth };
  SmtpDialogue *self = smtp_request_get_dialogue (request);
  SmtpStandardReply wrong;

  /* Chained up to a second time, or after the end. */
  if (self == NULL || self->auth == NULL || self->auth->mechanism != NULL)
    return;

  wrong = check_state (self);
  if (wrong == NOTHING_WRONG)
    wrong = make_mechanism (self, smtp_request_get_argument (request));

  if (wrong == NOTHING_WRONG)
    smtp_stages_run_mechanism (request, &effect);
  else
    smtp_dialogue_refuse_request (self, request, wrong);
}

/* The stages */

void
smtp_auth_run_mechanism (SmtpDialogue *self)
{
  SmtpAuthExchange *exchange = self->auth;
  SmtpSaslMechanismClass *klass = SMTP_SASL_MECHANISM_GET_CLASS (exchange->mechanism);
  g_autoptr (GBytes) response = g_steal_pointer (&exchange->response);
  g_autoptr (SmtpSecret) secret = g_steal_pointer (&exchange->secret);
  gboolean gives_secret = exchange->gives_secret;

  exchange->gives_secret = FALSE;
  if (gives_secret)
    klass->take_secret (exchange->mechanism, self->request, secret);
  else if (klass->step != NULL)
    klass->step (exchange->mechanism, self->request, response);
}

static void
say_challenge (SmtpDialogue *self,
               GBytes       *challenge)
{
  g_autofree char *base64 = NULL;
  g_autoptr (SmtpReply) reply = NULL;
  gsize size = 0;
  gconstpointer octets = challenge != NULL ? g_bytes_get_data (challenge, &size) : NULL;

  base64 = size > 0 ? g_base64_encode (octets, size) : g_strdup ("");
  self->phase = SMTP_PHASE_AUTH;
  smtp_dialogue_say_challenge (self, base64);
}

void
smtp_auth_challenge (SmtpDialogue *self,
                     GBytes       *challenge)
{
  say_challenge (self, challenge);
}

void
smtp_auth_set_credentials (SmtpDialogue    *self,
                           SmtpCredentials *credentials)
{
  g_set_object (&self->auth->credentials, credentials);
}

void
smtp_auth_set_secret (SmtpDialogue *self,
                      SmtpSecret   *secret)
{
  SmtpAuthExchange *exchange = self->auth;

  g_clear_pointer (&exchange->secret, smtp_secret_unref);
  exchange->secret = secret != NULL ? smtp_secret_ref (secret) : NULL;
  exchange->gives_secret = TRUE;
}

/* Failures */

/* Half of the time is up to chance, so that it tells nothing of what was found wrong. */
static gint64
choose_delay (guint milliseconds)
{
  gint64 half = milliseconds * G_GINT64_CONSTANT (500);

  return half + (gint64) (g_random_double () * (double) half);
}

/* RFC 7628 section 3.2.3. */
static gboolean
asks_last_word (SmtpDialogue *self)
{
  SmtpAuthExchange *exchange = self->auth;
  g_autoptr (GBytes) challenge = NULL;

  if (exchange->refused || smtp_sasl_mechanism_get_failure_challenge (exchange->mechanism) == NULL)
    return FALSE;

  exchange->refused = TRUE;
  challenge = g_bytes_ref (smtp_sasl_mechanism_get_failure_challenge (exchange->mechanism));
  say_challenge (self, challenge);

  return TRUE;
}

gboolean
smtp_auth_holds_back (SmtpDialogue  *self,
                      SmtpReply    **reply)
{
  const SmtpAuthConfig *config = &self->config->auth;
  SmtpAuthExchange *exchange = self->auth;

  if (exchange->mechanism == NULL || smtp_reply_get_class (*reply) != 5)
    return FALSE;
  if (asks_last_word (self))
    return TRUE;

  if (!exchange->counted)
    {
      exchange->counted = TRUE;
      self->auth_failures++;
      if (config->failure_delay > 0)
        {
          self->phase = SMTP_PHASE_PENALTY;
          self->penalty_end = g_get_monotonic_time () + choose_delay (config->failure_delay);
          return TRUE;
        }
    }

  if (config->max_failures > 0 && self->auth_failures >= config->max_failures)
    {
      smtp_reply_unref (*reply);
      *reply = smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_TOO_MANY_AUTH_FAILURES));
    }

  return FALSE;
}
