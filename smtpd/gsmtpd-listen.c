/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-listen.h"

#include <unistd.h>

/* sd_listen_fds(3): the first descriptor, and how many there may sensibly be. */
#define FIRST_FD 3
#define MAX_FDS 1024

static gboolean
listen_on_each (SmtpServer        *server,
                char             **addresses,
                SmtpListenerKind   kind,
                GError           **error)
{
  for (guint i = 0; addresses != NULL && addresses[i] != NULL; i++)
    {
      if (!smtp_server_listen (server, addresses[i], kind, error))
        return FALSE;
    }

  return TRUE;
}

/* FileDescriptorName= in the socket unit says what is spoken there. */
static SmtpListenerKind
kind_of_name (const char *name)
{
  if (g_strcmp0 (name, "lmtp") == 0)
    return SMTP_LISTENER_KIND_LMTP;
  if (g_strcmp0 (name, "smtps") == 0)
    return SMTP_LISTENER_KIND_SMTPS;
  if (g_strcmp0 (name, "submission") == 0)
    return SMTP_LISTENER_KIND_SUBMISSION;
  if (g_strcmp0 (name, "submissions") == 0)
    return SMTP_LISTENER_KIND_SUBMISSIONS;
  if (g_strcmp0 (name, "proxy-smtp") == 0)
    return SMTP_LISTENER_KIND_PROXY_SMTP;
  if (g_strcmp0 (name, "proxy-lmtp") == 0)
    return SMTP_LISTENER_KIND_PROXY_LMTP;
  if (g_strcmp0 (name, "proxy-smtps") == 0)
    return SMTP_LISTENER_KIND_PROXY_SMTPS;

  return SMTP_LISTENER_KIND_SMTP;
}

/* What a socket that was passed needs, and only its name says. */
static gboolean
check_kind (SmtpListenerKind      kind,
            const GsmtpdOptions  *options,
            GError              **error)
{
  gboolean is_submission = kind == SMTP_LISTENER_KIND_SUBMISSION || kind == SMTP_LISTENER_KIND_SUBMISSIONS;
  gboolean is_tls = kind == SMTP_LISTENER_KIND_SMTPS || kind == SMTP_LISTENER_KIND_SUBMISSIONS ||
                    kind == SMTP_LISTENER_KIND_PROXY_SMTPS;
  gboolean has_tls = options->tls_cert != NULL || options->tls_self_signed;
  const char *complaint = NULL;

  if (is_tls && !has_tls)
    complaint = "A socket for TLS needs --tls-cert or --tls-self-signed";
  else if (is_submission && options->auth_file == NULL)
    complaint = "A socket for submission needs --auth-file";
  else if ((kind == SMTP_LISTENER_KIND_PROXY_SMTP || kind == SMTP_LISTENER_KIND_PROXY_LMTP ||
            kind == SMTP_LISTENER_KIND_PROXY_SMTPS) && options->proxies.networks == NULL)
    complaint = "A socket for proxies needs --proxy-network";

  if (complaint != NULL)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, complaint);

  return complaint == NULL;
}

static gboolean
names_addresses (const GsmtpdOptions *options)
{
  return options->listen != NULL || options->lmtp_listen != NULL || options->smtps_listen != NULL ||
         options->submission_listen != NULL || options->submissions_listen != NULL ||
         options->proxies.listen != NULL || options->proxies.lmtp_listen != NULL ||
         options->proxies.smtps_listen != NULL;
}

/* The variables are for this process alone, which may have been started by the one that they are for. */
static guint
count_passed (void)
{
  const char *pid = g_getenv ("LISTEN_PID");
  const char *n = g_getenv ("LISTEN_FDS");
  guint64 pid_number, n_number;

  if (pid == NULL || n == NULL ||
      !g_ascii_string_to_unsigned (pid, 10, 1, G_MAXINT, &pid_number, NULL) ||
      !g_ascii_string_to_unsigned (n, 10, 0, MAX_FDS, &n_number, NULL) ||
      pid_number != (guint64) getpid ())
    return 0;

  return (guint) n_number;
}

static gboolean
listen_on_passed (SmtpServer           *server,
                  const GsmtpdOptions  *options,
                  guint                 n,
                  GError              **error)
{
  g_auto (GStrv) names = g_strsplit (g_getenv ("LISTEN_FDNAMES") != NULL ? g_getenv ("LISTEN_FDNAMES") : "", ":", -1);
  guint n_names = g_strv_length (names);

  for (guint i = 0; i < n; i++)
    {
      SmtpListenerKind kind = kind_of_name (i < n_names ? names[i] : NULL);

      if (!check_kind (kind, options, error) ||
          !smtp_server_listen_fd (server, FIRST_FD + (int) i, kind, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
gsmtpd_listen (SmtpServer           *server,
               const GsmtpdOptions  *options,
               GError              **error)
{
  guint n_passed = count_passed ();
  gboolean passed = n_passed == 0 || listen_on_passed (server, options, n_passed, error);

  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
  g_unsetenv ("LISTEN_FDNAMES");
  if (!passed)
    return FALSE;

  if (n_passed == 0 && !names_addresses (options))
    return smtp_server_listen (server, GSMTPD_DEFAULT_ADDRESS, SMTP_LISTENER_KIND_SMTP, error);

  return listen_on_each (server, options->listen, SMTP_LISTENER_KIND_SMTP, error) &&
         listen_on_each (server, options->lmtp_listen, SMTP_LISTENER_KIND_LMTP, error) &&
         listen_on_each (server, options->smtps_listen, SMTP_LISTENER_KIND_SMTPS, error) &&
         listen_on_each (server, options->submission_listen, SMTP_LISTENER_KIND_SUBMISSION, error) &&
         listen_on_each (server, options->submissions_listen, SMTP_LISTENER_KIND_SUBMISSIONS, error) &&
         listen_on_each (server, options->proxies.listen, SMTP_LISTENER_KIND_PROXY_SMTP, error) &&
         listen_on_each (server, options->proxies.lmtp_listen, SMTP_LISTENER_KIND_PROXY_LMTP, error) &&
         listen_on_each (server, options->proxies.smtps_listen, SMTP_LISTENER_KIND_PROXY_SMTPS, error);
}
