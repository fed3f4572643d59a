/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-parameters.h"

/* Parameters, and the extensions they belong to: without its extension a parameter is an error. */
static const struct
{
  const char *name;
  const char *extension;
} extensions[] =
{
  { "SIZE",     "SIZE" },      /* RFC 1870 */
  { "BODY",     "8BITMIME" },  /* RFC 6152 */
  { "SMTPUTF8", "SMTPUTF8" },  /* RFC 6531 */
  { "RET",      "DSN" },       /* RFC 3461 */
  { "ENVID",    "DSN" },
  { "NOTIFY",   "DSN" },
  { "ORCPT",    "DSN" },
};

static gboolean
is_known (SmtpUpstream *upstream,
          const char   *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    {
      if (g_ascii_strcasecmp (extensions[i].name, name) == 0)
        return smtp_upstream_offers (upstream, extensions[i].extension);
    }

  return FALSE;
}

static void
append_parameters (GString        *line,
                   SmtpUpstream   *upstream,
                   SmtpParameters *parameters)
{
  for (guint i = 0; parameters != NULL && i < smtp_parameters_get_length (parameters); i++)
    {
      const char *name = smtp_parameters_get_keyword (parameters, i);
      const char *value = smtp_parameters_get_value (parameters, i);

      if (!is_known (upstream, name))
        continue;

      g_string_append_printf (line, " %s", name);
      if (value != NULL)
        g_string_append_printf (line, "=%s", value);
    }
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
  append_parameters (line, upstream, smtp_request_get_parameters (request));
  /* A hook may have put an address in that the client did not declare. */
  if (smtp_relay_is_utf8 (request) && !is_declared_utf8 (request))
    g_string_append (line, " SMTPUTF8");

  return g_string_free (line, FALSE);
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
  append_parameters (line, upstream, smtp_request_get_parameters (request));

  return g_string_free (line, FALSE);
}
