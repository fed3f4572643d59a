/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a server may listen: Unix sockets with a mode, shared ports, descriptors handed in. */

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge-fixture.h"
#include "smtp-error.h"

typedef struct
{
  char *directory;
  char *path;
  char *address;
} Socket;

static void
socket_init (Socket *self)
{
  self->directory = g_dir_make_tmp (NULL, NULL);
  self->path = g_build_filename (self->directory, "s", NULL);
  self->address = g_strconcat ("unix:", self->path, NULL);
}

static void
socket_clear (Socket *self)
{
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->directory), ==, 0);
  g_free (self->directory);
  g_free (self->path);
  g_free (self->address);
}

static void
test_unix_mode (EdgeFixture   *fixture,
                gconstpointer  data)
{
  static const guint modes[] = { 0600, 0660, 0666, 0777 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      Socket path;
      GStatBuf buffer;
      g_autoptr (GError) error = NULL;

      socket_init (&path);
      smtp_server_set_unix_mode (fixture->server, modes[i]);
      smtp_server_listen (fixture->server, path.address, SMTP_LISTENER_KIND_SMTP, &error);
      g_assert_no_error (error);
      g_assert_cmpint (g_stat (path.path, &buffer), ==, 0);
      g_assert_cmphex (buffer.st_mode & 07777, ==, modes[i]);

      smtp_server_drain (fixture->server, 0);
      edge_wait_for (fixture->drained == i + 1);
      g_assert_cmpint (g_stat (path.path, &buffer), ==, -1);
      socket_clear (&path);
    }
}

static void
test_unix_umask (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  Socket path;
  GStatBuf buffer;
  mode_t mask = umask (0027);
  g_autoptr (GError) error = NULL;

  socket_init (&path);
  smtp_server_listen (fixture->server, path.address, SMTP_LISTENER_KIND_SMTP, &error);
  umask (mask);
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path.path, &buffer), ==, 0);
  g_assert_cmphex (buffer.st_mode & 0777, ==, 0750);

  smtp_server_drain (fixture->server, 0);
  socket_clear (&path);
}

static void
test_reuse_port (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr (SmtpServer) first = smtp_server_new ();
  g_autoptr (SmtpServer) second = smtp_server_new ();
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  smtp_server_set_reuse_port (first, TRUE);
  smtp_server_listen (first, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (first);

  g_assert_false (smtp_server_listen (second, addresses[0], SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);

  smtp_server_set_reuse_port (second, TRUE);
  smtp_server_listen (second, addresses[0], SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
}

static GSocket *
try_connect (const char *host,
             guint16     port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

  if (socket != NULL && g_socket_connect (socket, address, NULL, NULL))
    return g_steal_pointer (&socket);

  return NULL;
}

/* Both families on one port, and each client has the address of its own. */
static void
test_both_families (EdgeFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GSocket) ipv4 = NULL;
  g_autoptr (GSocket) ipv6 = NULL;
  g_autoptr (GPtrArray) sessions = NULL;
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ipv6 = 0;
  guint16 port;

  smtp_server_listen (server, "*:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (server);
  port = g_ascii_strtoull (strrchr (addresses[0], ':') + 1, NULL, 10);
  ipv4 = try_connect ("127.0.0.1", port);
  g_assert_nonnull (ipv4);
  ipv6 = try_connect ("::1", port);
  if (g_strv_length (addresses) < 2 || ipv6 == NULL)
    {
      g_test_skip ("there is no IPv6");
      return;
    }

  edge_wait_for (smtp_server_get_n_sessions (server) == 2);
  sessions = smtp_server_get_sessions (server);
  for (guint i = 0; i < 2; i++)
    n_ipv6 += g_socket_address_get_family (smtp_session_get_peer (g_ptr_array_index (sessions, i))) == G_SOCKET_FAMILY_IPV6;
  g_assert_cmpuint (n_ipv6, ==, 1);
}

/* A socket of somebody else's: its descriptor is handed on. */
static int
open_socket (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, address, TRUE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));

  return dup (g_socket_get_fd (socket));
}

static void
test_fd (EdgeFixture   *fixture,
         gconstpointer  data)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (EdgeClient) client = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;
  int fd = open_socket (address);

  smtp_server_listen_fd (fixture->server, fd, SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);

  addresses = smtp_server_dup_listen_addresses (fixture->server);
  g_assert_cmpuint (g_strv_length (addresses), ==, 2);
  fixture->port = g_ascii_strtoull (strrchr (addresses[1], ':') + 1, NULL, 10);
  client = edge_greet (fixture);
}

/* Its path, and its descriptor elsewhere, outlive the server. */
static void
test_fd_unix (EdgeFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  Socket path;
  int fd, kept;

  socket_init (&path);
  address = g_unix_socket_address_new (path.path);
  fd = open_socket (address);
  kept = dup (fd);
  smtp_server_listen_fd (fixture->server, fd, SMTP_LISTENER_KIND_LMTP, &error);
  g_assert_no_error (error);

  smtp_server_drain (fixture->server, 0);
  edge_wait_for (fixture->drained == 1);
  g_assert_true (g_file_test (path.path, G_FILE_TEST_EXISTS));
  smtp_server_listen_fd (fixture->server, kept, SMTP_LISTENER_KIND_LMTP, &error);
  g_assert_no_error (error);
  smtp_server_drain (fixture->server, 0);
  socket_clear (&path);
}

static void
test_fd_wrong (EdgeFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);
  int fds[] = { g_socket_get_fd (client->socket), open ("/dev/null", O_RDWR), 1 << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (smtp_server_listen_fd (fixture->server, fds[i], SMTP_LISTENER_KIND_SMTP, &error));
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS);
    }

  /* They are still whoever's they were. */
  g_assert_cmpint (fcntl (fds[0], F_GETFD), !=, -1);
  g_assert_cmpint (close (fds[1]), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void      (*func) (EdgeFixture *fixture, gconstpointer data);
  } tests[] =
  {
    { "/listen/unix/mode", test_unix_mode },
    { "/listen/unix/umask", test_unix_umask },
    { "/listen/both-families", test_both_families },
    { "/listen/reuse-port", test_reuse_port },
    { "/listen/fd/inet", test_fd },
    { "/listen/fd/unix", test_fd_unix },
    { "/listen/fd/wrong", test_fd_wrong },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
