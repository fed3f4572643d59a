/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-chaos-rule.h"

#include <string.h>

#include "smtp-error.h"

/* A day: what is longer is a slip of the fingers. */
#define MAX_DELAY (24 * 60 * 60 * 1000)

static const char * const phases[SMTP_CHAOS_N_PHASES + 1] =
{
  [SMTP_CHAOS_CONNECT]       = "connect",
  [SMTP_CHAOS_TLS_HANDSHAKE] = "tls-handshake",
  [SMTP_CHAOS_HELO]          = "helo",
  [SMTP_CHAOS_EHLO]          = "ehlo",
  [SMTP_CHAOS_AUTH]          = "auth",
  [SMTP_CHAOS_MAIL]          = "mail",
  [SMTP_CHAOS_RCPT]          = "rcpt",
  [SMTP_CHAOS_DATA_BEGIN]    = "data-begin",
  [SMTP_CHAOS_DATA]          = "data",
  [SMTP_CHAOS_RSET]          = "rset",
  [SMTP_CHAOS_NOOP]          = "noop",
  [SMTP_CHAOS_VRFY]          = "vrfy",
  [SMTP_CHAOS_HELP]          = "help",
  [SMTP_CHAOS_QUIT]          = "quit",
};

static gboolean
parse_phase (const char      *name,
             SmtpChaosPhase  *phase,
             GError         **error)
{
  g_autofree char *known = NULL;

  for (*phase = 0; *phase < SMTP_CHAOS_N_PHASES; (*phase)++)
    {
      if (strcmp (name, phases[*phase]) == 0)
        return TRUE;
    }

  known = g_strjoinv (", ", (char **) phases);
  g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "“%s” is no phase: %s are", name, known);

  return FALSE;
}

static gboolean
parse_probability (const char  *text,
                   double      *probability,
                   GError     **error)
{
  char *end;

  *probability = g_ascii_strtod (text, &end);
  if (g_ascii_isdigit (*text) && *end == '\0' && *probability >= 0 && *probability <= 1)
    return TRUE;

  g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
               "“%s” is no probability: a number from 0 to 1 is", text);

  return FALSE;
}

static gboolean
parse_delay (const char  *text,
             guint       *delay,
             GError     **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 0, MAX_DELAY, &number, NULL))
    {
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                   "“%s” is no delay: a number of milliseconds up to %d is", text, MAX_DELAY);
      return FALSE;
    }
  *delay = (guint) number;

  return TRUE;
}

static gboolean
parse_action (const char     *text,
              SmtpChaosRule  *rule,
              GError        **error)
{
  if (strcmp (text, "close") == 0)
    {
      rule->action = SMTP_CHAOS_CLOSE;
      return TRUE;
    }

  if (g_str_has_prefix (text, "delay "))
    {
      rule->action = SMTP_CHAOS_DELAY;
      return parse_delay (text + strlen ("delay "), &rule->delay, error);
    }

  rule->action = SMTP_CHAOS_REPLY;
  rule->reply = smtp_reply_parse (text, NULL);
  if (rule->reply != NULL && smtp_reply_get_code (rule->reply) >= 400)
    return TRUE;

  g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
               "“%s” is nothing that goes wrong: a reply from 400 to 599, “close” and “delay MILLISECONDS” are", text);

  return FALSE;
}

SmtpChaosRule *
smtp_chaos_rule_parse (const char  *text,
                       GError     **error)
{
  g_autoptr (SmtpChaosRule) self = g_new0 (SmtpChaosRule, 1);
  g_auto (GStrv) sides = g_strsplit (text, "=", 2);
  g_auto (GStrv) words = NULL;

  if (g_strv_length (sides) != 2)
    {
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX,
                   "“%s” is no rule: PHASE=ACTION or PHASE:PROBABILITY=ACTION is", text);
      return NULL;
    }

  words = g_strsplit (sides[0], ":", 2);
  self->probability = 1;
  if (!parse_phase (words[0] != NULL ? words[0] : "", &self->phase, error) ||
      (words[0] != NULL && words[1] != NULL && !parse_probability (words[1], &self->probability, error)) ||
      !parse_action (sides[1], self, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
smtp_chaos_rule_free (SmtpChaosRule *self)
{
  g_clear_pointer (&self->reply, smtp_reply_unref);
  g_free (self);
}
