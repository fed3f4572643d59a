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

#define LIFETIMES_PATIENCE (30 * G_TIME_SPAN_SECOND)

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

/* The same by TCP. The server comes to it in the main loop. */
static inline void
lifetimes_connect_by_tcp (SmtpServer        *server,
                          SmtpListenerKind   kind,
                          GSocket          **client)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  smtp_server_listen (server, "127.0.0.1:0", kind, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (server);
  address = g_inet_socket_address_new_from_string ("127.0.0.1", (guint) g_ascii_strtoull (strrchr (addresses[0], ':') + 1, NULL, 10));
  *client = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_assert_no_error (error);
  g_socket_connect (*client, address, NULL, &error);
  g_assert_no_error (error);
}

/* Nothing else makes descriptors meanwhile; by TCP the last ones may be closed a moment later. */
static inline void
lifetimes_check_descriptors (guint n)
{
  gint64 deadline = g_get_monotonic_time () + LIFETIMES_PATIENCE;

  while (lifetimes_count_descriptors () > n && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (lifetimes_count_descriptors (), ==, n);
}

/* Waits until a weak pointer finds nothing. */
static inline void
lifetimes_check_gone (gpointer *weak)
{
  gint64 deadline = g_get_monotonic_time () + LIFETIMES_PATIENCE;

  while (*weak != NULL && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (*weak);
}

/* Who comes from here may say to be somebody else. */
static inline void
lifetimes_trust_all (SmtpServer *server)
{
  static const char * const here[] = { "unix", "127.0.0.0/8", NULL };

  smtp_server_set_proxy_networks (server, here);
  smtp_server_set_xclient_networks (server, here);
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
