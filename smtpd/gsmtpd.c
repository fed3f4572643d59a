/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* gsmtpd: an SMTP server for the command line. It shows what the library's public API
 * can do, and uses nothing else of it. */

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <smtpd/smtpd.h>

#include "gsmtpd-auth.h"
#include "gsmtpd-handlers.h"
#include "gsmtpd-limits.h"
#include "gsmtpd-listen.h"
#include "gsmtpd-log.h"
#include "gsmtpd-metrics.h"
#include "gsmtpd-options.h"
#include "gsmtpd-privileges.h"

/* RFC 5321 section 6.3: a relay that was pointed at itself must not go on for ever. */
#define MAX_HOPS 100
#include "gsmtpd-proxies.h"

typedef struct
{
  SmtpServer *server;
  SmtpHandler *users;  /* NULL without --auth-file */
  GMainLoop *loop;
  guint drain_time;  /* milliseconds */
  gboolean stopping;
} Program;

/* The server */

/* Who started this program may be waiting for these lines. */
static gboolean
print_addresses (SmtpServer  *server,
                 GError     **error)
{
  g_auto (GStrv) addresses = smtp_server_dup_listen_addresses (server);

  for (guint i = 0; addresses[i] != NULL; i++)
    printf ("listening on %s\n", addresses[i]);

  if (fflush (stdout) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot write to standard output: %s", g_strerror (errno));

  return FALSE;
}

/* Whoever renews the certificate need not know of us. */
static SmtpTlsContext *
make_tls_context (const GsmtpdOptions  *options,
                  GError              **error)
{
  SmtpTlsContext *context = smtp_tls_context_new (options->tls_cert, options->tls_key, error);

  if (context != NULL)
    smtp_tls_context_set_watch_files (context, TRUE);

  return context;
}

static gboolean
set_up_tls (SmtpServer           *server,
            const GsmtpdOptions  *options,
            GError              **error)
{
  g_autoptr (SmtpTlsContext) context = NULL;

  if (options->tls_cert != NULL)
    context = make_tls_context (options, error);
  else if (options->tls_self_signed)
    context = smtp_tls_context_new_self_signed (smtp_server_get_hostname (server), error);
  else
    return TRUE;

  smtp_server_set_tls_context (server, context);
  smtp_server_set_require_tls (server, options->require_tls);

  return context != NULL;
}

/* Ports and keys may be for root alone; what is written and read from then on is not. */
static gboolean
open_up (SmtpServer           *server,
         const GsmtpdOptions  *options,
         GError              **error)
{
  g_auto (GsmtpdPrivileges) privileges = { 0 };
  g_autoptr (SmtpHandler) handler = NULL;

  if (!gsmtpd_privileges_init (&privileges, options->user, options->chroot, error) ||
      !set_up_tls (server, options, error) ||
      !gsmtpd_listen (server, options, error) ||
      !gsmtpd_privileges_drop (&privileges, error))
    return FALSE;

  handler = gsmtpd_make_handler (options->handler, error);
  if (handler != NULL)
    smtp_server_add_handler (server, handler);

  return handler != NULL;
}

/* What the keyword of an extension names; the promise that most of them are is whose command line it is. */
static gboolean
set_up_extension (SmtpServer  *server,
                  const char  *text,
                  GError     **error)
{
  gboolean enabled = g_ascii_strncasecmp (text, "no-", strlen ("no-")) != 0 ||
                     g_ascii_strcasecmp (text, "no-soliciting") == 0 ||
                     g_ascii_strncasecmp (text, "no-soliciting:", strlen ("no-soliciting:")) == 0;
  g_auto (GStrv) words = g_strsplit (text + (enabled ? 0 : strlen ("no-")), ":", 2);
  SmtpExtension *extension = words[0] != NULL ? smtp_server_lookup_extension (server, words[0]) : NULL;

  if (extension == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "There is no extension \"%s\"", text);
      return FALSE;
    }

  smtp_server_set_extension_enabled (server, words[0], enabled);
  if (words[1] != NULL)
    smtp_extension_set_value (extension, words[1]);

  return TRUE;
}

/* In front of all other handlers, so that it can disturb them. */
static gboolean
set_up_chaos (SmtpServer           *server,
              const GsmtpdOptions  *options,
              GError              **error)
{
  g_autoptr (SmtpHandler) chaos = NULL;
  guint seed = (guint) options->chaos_seed_number;

  if (options->chaos == NULL)
    return TRUE;

  chaos = gsmtpd_make_chaos ((const char * const *) options->chaos, options->chaos_seed != NULL ? &seed : NULL, error);
  if (chaos != NULL)
    smtp_server_add_handler (server, chaos);

  return chaos != NULL;
}

static SmtpServer *
make_server (const GsmtpdOptions  *options,
             SmtpHandler          *users,
             GError              **error)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();

  smtp_server_set_data_size_limit (server, options->size_number);
  smtp_server_set_max_hops (server, MAX_HOPS);
  smtp_server_set_smtputf8 (server, options->smtputf8);
  for (guint i = 0; options->extensions != NULL && options->extensions[i] != NULL; i++)
    {
      if (!set_up_extension (server, options->extensions[i], error))
        return NULL;
    }
  if (options->hostname != NULL)
    smtp_server_set_hostname (server, options->hostname);
  if (options->timeout != NULL)
    smtp_server_set_timeout (server, (guint) options->timeout_number);
  if (options->max_errors != NULL)
    smtp_server_set_max_errors (server, (guint) options->max_errors_number);
  if (!gsmtpd_limits_apply (server, (const char * const *) options->limits, error))
    return NULL;
  smtp_server_set_unix_mode (server, options->unix_mode_number);
  smtp_server_set_reuse_port (server, options->reuse_port);
  gsmtpd_proxies_set_up (server, &options->proxies);
  gsmtpd_log_server (server);
  if (!set_up_chaos (server, options, error))
    return NULL;
  if (users != NULL)
    gsmtpd_auth_set_up (server, users, options);

  if (!open_up (server, options, error))
    {
      g_socket_listener_close (G_SOCKET_LISTENER (server));
      return NULL;
    }

  return g_steal_pointer (&server);
}

/* Files that have changed */

/* One that is bad must not stop who is at work: it keeps what it has. */
static gboolean
reread_files (gpointer data)
{
  Program *self = data;
  SmtpTlsContext *context = self->server != NULL ? smtp_server_get_tls_context (self->server) : NULL;
  g_autoptr (GError) tls_error = NULL;
  g_autoptr (GError) users_error = NULL;

  if (context != NULL && !smtp_tls_context_reload (context, &tls_error))
    g_warning ("The certificate stays as it was: %s", tls_error->message);

  if (self->users == NULL)
    return G_SOURCE_CONTINUE;

  if (smtp_auth_file_handler_reload (SMTP_AUTH_FILE_HANDLER (self->users), &users_error))
    g_debug ("%u users read", smtp_auth_file_handler_get_n_users (SMTP_AUTH_FILE_HANDLER (self->users)));
  else
    g_warning ("The users stay as they were: %s", users_error->message);

  return G_SOURCE_CONTINUE;
}

/* Signals */

static gboolean
on_terminate (gpointer data)
{
  Program *self = data;

  /* Whoever asks twice will not wait. */
  if (self->stopping)
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_CONTINUE;
    }

  self->stopping = TRUE;
  g_signal_connect_swapped (self->server, "drained", G_CALLBACK (g_main_loop_quit), self->loop);
  smtp_server_drain (self->server, self->drain_time);

  return G_SOURCE_CONTINUE;
}

static gboolean
run (const GsmtpdOptions  *options,
     GError              **error)
{
  g_autoptr (SmtpServer) server = NULL;
  g_autoptr (SmtpHandler) users = NULL;
  g_autoptr (GsmtpdMetrics) metrics = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { .loop = loop, .drain_time = (guint) options->drain_time_number * 1000 };

  /* Before listening, so that no signal finds the program unprepared. */
  g_unix_signal_add (SIGTERM, on_terminate, &program);
  g_unix_signal_add (SIGINT, on_terminate, &program);
  /* Without such files it means what it says: the terminal is gone. */
  if (options->auth_file != NULL || options->tls_cert != NULL)
    g_unix_signal_add (SIGHUP, reread_files, &program);

  if (options->auth_file != NULL)
    {
      users = gsmtpd_auth_make_handler (options, error);
      if (users == NULL)
        return FALSE;
    }
  program.users = users;

  server = make_server (options, users, error);
  if (server == NULL)
    return FALSE;
  program.server = server;

  if (options->metrics_listen != NULL)
    {
      metrics = gsmtpd_metrics_new (server, options->metrics_listen, error);
      if (metrics == NULL)
        return FALSE;
      gsmtpd_metrics_print_addresses (metrics);
    }

  if (!print_addresses (server, error))
    return FALSE;

  g_main_loop_run (loop);

  return TRUE;
}

/* Without the three standard files, a socket could become one of them, and a client be
 * sent what was meant for a terminal. */
static void
open_standard_files (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);

  if (fd >= 0)
    close (fd);
}

int
main (int    argc,
      char **argv)
{
  g_auto (GsmtpdOptions) options = { 0 };
  g_autoptr (GError) error = NULL;

  open_standard_files ();
  signal (SIGPIPE, SIG_IGN);
  /* A file that may not grow any more is an error of writing, not the end. */
  signal (SIGXFSZ, SIG_IGN);
  gsmtpd_log_init ();

  if (!gsmtpd_options_parse (&options, &argc, &argv, &error))
    {
      gsmtpd_log_error (error);
      return EXIT_FAILURE;
    }

  if (options.version)
    {
      printf ("gsmtpd %d.%d.%d\n", SMTPD_MAJOR_VERSION, SMTPD_MINOR_VERSION, SMTPD_MICRO_VERSION);
      return fflush (stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }

  if (options.make_auth != NULL ? gsmtpd_auth_print_line (options.make_auth, &error) : run (&options, &error))
    return EXIT_SUCCESS;

  gsmtpd_log_error (error);

  return EXIT_FAILURE;
}
