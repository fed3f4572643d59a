/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-limits.h"

#include <string.h>

/* Those of the server's properties that are limits and times, all of them numbers or switches. */
static const char * const names[] =
{
  "auth-failure-delay",
  "close-timeout",
  "error-delay",
  "greeting-delay",
  "handshake-timeout",
  "hook-timeout",
  "limit-local",
  "max-auth-failures",
  "max-connection-rate",
  "max-connections",
  "max-connections-per-client",
  "max-header-size",
  "max-hops",
  "max-junk-commands",
  "max-messages",
  "max-recipient-domains",
  "max-recipients",
  "min-data-rate",
  "proxy-timeout",
  "resolve-timeout",
  "soft-errors",
  "text-line-limit",
  "write-timeout",
  NULL
};

/* What smtp_server_set_command_limit() takes, in capital letters, so that no property looks like one. */
static gboolean
is_verb (const char *name)
{
  for (const char *p = name; *p != '\0'; p++)
    {
      if (!g_ascii_isupper (*p) && !g_ascii_isdigit (*p))
        return FALSE;
    }

  return *name != '\0' && strlen (name) <= 31;
}

/* The largest value that it takes. */
static guint64
get_maximum (GParamSpec *pspec)
{
  if (pspec == NULL)
    return G_MAXUINT;
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    return 1;

  return G_PARAM_SPEC_UINT (pspec)->maximum;
}

static gboolean
apply (SmtpServer  *server,
       const char  *name,
       const char  *value,
       GError     **error)
{
  GParamSpec *pspec = NULL;
  guint64 number;

  if (g_strv_contains (names, name))
    pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (server), name);
  else if (!is_verb (name))
    {
      g_autofree char *list = g_strjoinv (", ", (char **) names);

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no limit: %s and verbs in capital letters are", name, list);
      return FALSE;
    }

  if (!g_ascii_string_to_unsigned (value, 10, 0, get_maximum (pspec), &number, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no value for --limit %s: a number from 0 to %" G_GUINT64_FORMAT " is",
                   value, name, get_maximum (pspec));
      return FALSE;
    }

  if (pspec == NULL)
    smtp_server_set_command_limit (server, name, (guint) number);
  else if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_object_set (server, name, (gboolean) number, NULL);
  else
    g_object_set (server, name, (guint) number, NULL);

  return TRUE;
}

gboolean
gsmtpd_limits_apply (SmtpServer          *server,
                     const char * const  *limits,
                     GError             **error)
{
  for (guint i = 0; limits != NULL && limits[i] != NULL; i++)
    {
      const char *equals = strchr (limits[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "\"%s\" is no value for --limit: NAME=N is", limits[i]);
          return FALSE;
        }

      name = g_strndup (limits[i], equals - limits[i]);
      if (!apply (server, name, equals + 1, error))
        return FALSE;
    }

  return TRUE;
}
