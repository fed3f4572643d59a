/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For tests in which something ends too early: a client on a socket pair, and what must be as before. */

#pragma once

#include <string.h>
#include <sys/socket.h>

#include <smtpd/smtpd.h>

static inline guint
lifetimes_count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static inline void
lifetimes_run_loop (void)
{
  for (guint i = 0; i < 200; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* Sets @client before there is anything to hear of it. */
static inline void
lifetimes_connect (SmtpServer        *server,
                   SmtpListenerKind   kind,
                   GSocket          **client)
{
  g_autoptr (GSocket) theirs = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *client = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  theirs = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (*client, FALSE);
  connection = g_socket_connection_factory_create_connection (theirs);
  smtp_server_accept_stream (server, G_IO_STREAM (connection), kind, &error);
  g_assert_no_error (error);
}

/* Who comes by a socket pair may say to be somebody else. */
static inline void
lifetimes_trust_all (SmtpServer *server)
{
  static const char * const by_unix[] = { "unix", NULL };

  smtp_server_set_proxy_networks (server, by_unix);
  smtp_server_set_xclient_networks (server, by_unix);
}

/* What goes wrong is warned of, and not what is looked at here. */
static inline GLogWriterOutput
lifetimes_write_log (GLogLevelFlags   level,
                     const GLogField *fields,
                     gsize            n_fields,
                     gpointer         data)
{
  if ((level & G_LOG_LEVEL_MASK) == G_LOG_LEVEL_WARNING)
    return G_LOG_WRITER_HANDLED;

  return g_log_writer_default (level, fields, n_fields, data);
}
