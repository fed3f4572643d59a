/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-parameters.h"

#include <string.h>

/* Parameters, and the extensions they belong to: without its extension a parameter is an error. Some
 * say what must not happen, and cannot be left out; of those, some only if they end in a certain way. */
static const struct
{
  const char *name;
  const char *extension;
  const char *ending;
  const char *refusal;
} extensions[] =
{
  { "SIZE",     "SIZE" },      /* RFC 1870 */
  { "BODY",     "8BITMIME" },  /* RFC 6152 */
  { "SMTPUTF8", "SMTPUTF8" },  /* RFC 6531 */
  { "RET",      "DSN" },       /* RFC 3461 */
  { "ENVID",    "DSN" },
  { "NOTIFY",   "DSN" },
  { "ORCPT",    "DSN" },
  { "MT-PRIORITY", "MT-PRIORITY" },    /* RFC 6710 */
  { "SOLICIT",  "NO-SOLICITING" },     /* RFC 3865 */
  { "REQUIRETLS", "REQUIRETLS", "", "5.7.30 The next server does not support REQUIRETLS" },      /* RFC 8689 */
  { "BY",       "DELIVERBY", "R", "5.3.3 The next server does not support DELIVERBY" },          /* RFC 2852 */
  { "BY",       "DELIVERBY", "RT", "5.3.3 The next server does not support DELIVERBY" },
  { "BY",       "DELIVERBY" },
  { "HOLDFOR",  "FUTURERELEASE", "", "5.3.3 The next server does not support FUTURERELEASE" },   /* RFC 4865 */
  { "HOLDUNTIL", "FUTURERELEASE", "", "5.3.3 The next server does not support FUTURERELEASE" },
  { "RRVS",     "RRVS", ";C" },        /* RFC 7293; who does not say C says R */
  { "RRVS",     "RRVS", "", "5.7.19 The next server does not support RRVS" },
};

static gboolean
ends_in (const char *value,
         const char *ending)
{
  gsize length = value != NULL ? strlen (value) : 0;
  gsize ending_length = ending != NULL ? strlen (ending) : 0;

  return length >= ending_length &&
         (ending_length == 0 || g_ascii_strcasecmp (value + length - ending_length, ending) == 0);
}

/* Whether the next server knows it. If not, *refusal is why the command cannot do without it, or NULL if it
 * can. */
static gboolean
is_known (SmtpUpstream  *upstream,
          const char    *name,
          const char    *value,
          const char   **refusal)
{
  *refusal = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (g_ascii_strcasecmp (extensions[i].name, name) == 0 && ends_in (value, extensions[i].ending))
        {
          *refusal = extensions[i].refusal;
          return smtp_upstream_offers (upstream, extensions[i].extension);
        }
    }

  return FALSE;
}

/* The answer is a refusal, or NULL. @is_report: nobody is told what becomes of it. */
static const char *
append_parameters (GString        *line,
                   SmtpUpstream   *upstream,
                   SmtpParameters *parameters,
                   gboolean        is_report)
{
  for (guint i = 0; parameters != NULL && i < smtp_parameters_get_length (parameters); i++)
    {
      const char *name = smtp_parameters_get_keyword (parameters, i);
      const char *value = smtp_parameters_get_value (parameters, i);
      const char *refusal;

      if (!is_known (upstream, name, value, &refusal))
        {
          /* RFC 8689 section 5: better a report in clear than none. */
          if (refusal != NULL && !(is_report && g_ascii_strcasecmp (name, "REQUIRETLS") == 0))
            return refusal;
          continue;
        }

      g_string_append_printf (line, " %s", name);
      if (value != NULL)
        g_string_append_printf (line, "=%s", value);
    }

  return NULL;
}

/* Takes @line. The command, or NULL if it was refused. */
static char *
finish_line (GString      *line,
             SmtpUpstream *upstream,
             SmtpRequest  *request,
             const char   *last)
{
  const char *refusal = append_parameters (line, upstream, smtp_request_get_parameters (request),
                                           smtp_address_is_null (smtp_request_get_address (request)));

  if (refusal != NULL)
    smtp_request_reply (request, 550, refusal);
  g_string_append (line, last);

  return g_string_free (line, refusal != NULL);
}

static gboolean
has_body (SmtpRequest *request,
          const char  *type)
{
  SmtpParameters *parameters = smtp_request_get_parameters (request);
  const char *body = parameters != NULL ? smtp_parameters_lookup (parameters, "BODY") : NULL;

  return body != NULL && g_ascii_strcasecmp (body, type) == 0;
}

gboolean
smtp_relay_is_binary (SmtpRequest *request)
{
  return has_body (request, "BINARYMIME");
}

static gboolean
is_declared_utf8 (SmtpRequest *request)
{
  SmtpParameters *parameters = smtp_request_get_parameters (request);

  return parameters != NULL && smtp_parameters_has (parameters, "SMTPUTF8");
}

gboolean
smtp_relay_is_utf8 (SmtpRequest *request)
{
  return is_declared_utf8 (request) || smtp_address_is_utf8 (smtp_request_get_address (request));
}

char *
smtp_relay_make_mail (SmtpUpstream *upstream,
                      SmtpRequest  *request)
{
  SmtpAddress *address = smtp_request_get_address (request);
  GString *line;

  if (smtp_relay_is_utf8 (request) && !smtp_upstream_offers (upstream, "SMTPUTF8"))
    {
      smtp_request_reply (request, 550, "5.6.7 The next server does not support SMTPUTF8");
      return NULL;
    }
  if (has_body (request, "8BITMIME") && !smtp_upstream_offers (upstream, "8BITMIME"))
    {
      smtp_request_reply (request, 554, "5.6.3 The next server does not support 8BITMIME; send it in 7 bits");
      return NULL;
    }

  line = g_string_new (NULL);
  g_string_append_printf (line, "MAIL FROM:<%s>", smtp_address_get_text (address));

  /* A hook may have put an address in that the client did not declare. */
  return finish_line (line, upstream, request,
                      smtp_relay_is_utf8 (request) && !is_declared_utf8 (request) ? " SMTPUTF8" : "");
}

char *
smtp_relay_make_rcpt (SmtpUpstream *upstream,
                      SmtpRequest  *request,
                      gboolean      utf8)
{
  SmtpAddress *address = smtp_request_get_address (request);
  GString *line;

  if (smtp_address_is_utf8 (address) && !utf8)
    {
      smtp_request_reply (request, 553, "5.6.7 The recipient needs SMTPUTF8, which MAIL did not ask for");
      return NULL;
    }

  line = g_string_new (NULL);
  g_string_append_printf (line, "RCPT TO:<%s>", smtp_address_get_text (address));

  return finish_line (line, upstream, request, "");
}
