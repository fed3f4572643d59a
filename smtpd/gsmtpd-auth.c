/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-auth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gsmtpd-log.h"
#include "gsmtpd-password.h"

#define MAX_USER 255

char **
gsmtpd_auth_parse_mechanisms (const char  *list,
                              GError     **error)
{
  /* Those that a file of secrets is enough for. */
  static const char * const known[] =
  {
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5",
  };
  g_auto (GStrv) names = g_strsplit (list, ",", 0);
  gboolean good = *names != NULL;

  for (guint i = 0; good && names[i] != NULL; i++)
    {
      good = FALSE;
      for (guint k = 0; k < G_N_ELEMENTS (known); k++)
        good = good || g_ascii_strcasecmp (names[i], known[k]) == 0;
    }

  if (good)
    return g_steal_pointer (&names);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "\"%s\" is no value for --auth-mechanisms: SCRAM-SHA-256-PLUS, SCRAM-SHA-256, SCRAM-SHA-1-PLUS, "
               "SCRAM-SHA-1, PLAIN, LOGIN and CRAM-MD5 are, with commas between them", list);

  return NULL;
}

SmtpHandler *
gsmtpd_auth_make_handler (const GsmtpdOptions  *options,
                          GError              **error)
{
  g_autoptr (SmtpHandler) handler =
    g_object_new (SMTP_TYPE_AUTH_FILE_HANDLER,
                  "path", options->auth_file,
                  "allow-world-readable", options->auth_file_world_readable,
                  NULL);

  if (!smtp_auth_file_handler_reload (SMTP_AUTH_FILE_HANDLER (handler), error))
    return NULL;

  return g_steal_pointer (&handler);
}

void
gsmtpd_auth_set_up (SmtpServer          *server,
                    SmtpHandler         *handler,
                    const GsmtpdOptions *options)
{
  smtp_server_add_handler (server, handler);
  smtp_server_set_auth_required (server, options->auth_required);
  smtp_server_set_auth_requires_tls (server, !options->auth_without_tls);
  if (options->auth_mechanism_names != NULL)
    smtp_server_set_auth_mechanisms (server, (const char * const *) options->auth_mechanism_names);
}

/* Lines of the file */

/* What the file's parser would take for a name. */
static gboolean
is_user (const char *user)
{
  if (*user == '\0' || *user == '#' || strlen (user) > MAX_USER || !g_utf8_validate (user, -1, NULL))
    return FALSE;

  for (const char *p = user; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (*p == ':' || g_unichar_iscntrl (g_utf8_get_char (p)))
        return FALSE;
    }

  return TRUE;
}

gboolean
gsmtpd_auth_print_line (const char  *user,
                        GError     **error)
{
  g_autoptr (SmtpSecret) secret = NULL;
  g_autofree char *text = NULL;

  if (!is_user (user))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no name for a user: it has a colon or a control character in it, begins with "
                   "#, is empty, longer than %d octets, or not UTF-8", user, MAX_USER);
      return FALSE;
    }

  secret = gsmtpd_password_derive (user, error);
  if (secret == NULL)
    return FALSE;

  text = smtp_secret_to_string (secret);
  printf ("%s:%s\n", user, text);
  if (fflush (stdout) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot write to standard output: %s", g_strerror (errno));

  return FALSE;
}
