/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtp-error.h"
#include "smtp-listener.h"

/* What smtp_server_listen() takes: HOST:PORT, [V6]:PORT, *:PORT, unix:PATH. */

/* The kernel cuts it to its own limit. */
#define BACKLOG 4096

/* With port 0 the second address must have the port that the first was given. If somebody
 * else has it there, the next try gets another one. */
#define PORT_TRIES 16

static gboolean
set_options (GSocket               *socket,
             const SmtpEdgeConfig  *config,
             GError               **error)
{
  GSocketFamily family = g_socket_get_family (socket);

  /* The kernel makes the file with the mode of the socket, less the umask: so it is never open to
   * more than it shall be. */
  if (family == G_SOCKET_FAMILY_UNIX)
    {
      if (config->unix_mode != 0)
        fchmod (g_socket_get_fd (socket), config->unix_mode);
      return TRUE;
    }

  /* Two sockets share a port, one for each family. */
  return family != G_SOCKET_FAMILY_IPV6 ||
         g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, TRUE, error);
}

/* g_socket_bind() takes SO_REUSEPORT away. */
static gboolean
bind_shared (GSocket         *socket,
             GSocketAddress  *address,
             GError         **error)
{
  struct sockaddr_storage native;
  int saved;

  if (!g_socket_set_option (socket, SOL_SOCKET, SO_REUSEADDR, TRUE, error) ||
      !g_socket_set_option (socket, SOL_SOCKET, SO_REUSEPORT, TRUE, error) ||
      !g_socket_address_to_native (address, &native, sizeof native, error))
    return FALSE;

  if (bind (g_socket_get_fd (socket), (struct sockaddr *) &native,
            g_socket_address_get_native_size (address)) == 0)
    return TRUE;

  saved = errno;
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved), g_strerror (saved));

  return FALSE;
}

static gboolean
bind_socket (GSocket               *socket,
             GSocketAddress        *address,
             const SmtpEdgeConfig  *config,
             GError               **error)
{
  if (config->reuse_port && g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return bind_shared (socket, address, error);

  return g_socket_bind (socket, address, TRUE, error);
}

static GSocket *
open_socket (GSocketAddress        *address,
             const SmtpEdgeConfig  *config,
             GError               **error)
{
  GSocketFamily family = g_socket_address_get_family (address);
  g_autoptr (GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL || !set_options (socket, config, error))
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!bind_socket (socket, address, config, error) || !g_socket_listen (socket, error))
    return NULL;

  return g_steal_pointer (&socket);
}

/* Unix sockets */

/* A socket that nobody listens on is what a server left that was killed. */
static void
remove_stale (const char     *path,
              GSocketAddress *address)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (socket != NULL && !g_socket_connect (socket, address, NULL, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    unlink (path);
}

/* What the umask has taken away. */
static gboolean
set_mode (const char  *path,
          guint        mode,
          GError     **error)
{
  int saved;

  if (mode == 0 || chmod (path, mode) == 0)
    return TRUE;

  saved = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "Cannot set the mode of %s: %s",
               path, g_strerror (saved));
  unlink (path);

  return FALSE;
}

static GPtrArray *
open_unix (const char            *path,
           const SmtpEdgeConfig  *config,
           GError               **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GPtrArray) sockets = NULL;
  GSocket *socket;

  if (*path == '\0')
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS, "A path is missing behind unix:");
      return NULL;
    }

  address = g_unix_socket_address_new (path);
  remove_stale (path, address);
  socket = open_socket (address, config, error);
  if (socket == NULL)
    return NULL;
  if (!set_mode (path, config->unix_mode, error))
    {
      g_object_unref (socket);
      return NULL;
    }

  sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (sockets, socket);

  return g_steal_pointer (&sockets);
}

/* Internet sockets */

static gboolean
split_host_port (const char  *address,
                 char       **host,
                 guint16     *port,
                 GError     **error)
{
  const char *colon = strrchr (address, ':');
  guint64 number;

  if (colon == NULL || colon == address ||
      !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL) ||
      (address[0] == '[') != (colon[-1] == ']') ||
      (address[0] != '[' && memchr (address, ':', colon - address) != NULL))
    {
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS,
                   "“%s” is not an address of the form HOST:PORT, [V6]:PORT or unix:PATH", address);
      return FALSE;
    }

  if (address[0] == '[')
    *host = g_strndup (address + 1, colon - address - 2);
  else
    *host = g_strndup (address, colon - address);
  *port = number;

  return TRUE;
}

static int
ipv4_first (gconstpointer a,
            gconstpointer b)
{
  return (g_inet_address_get_family ((GInetAddress *) a) == G_SOCKET_FAMILY_IPV6) -
         (g_inet_address_get_family ((GInetAddress *) b) == G_SOCKET_FAMILY_IPV6);
}

/* GList of GInetAddress */
static GList *
resolve (const char  *host,
         GError     **error)
{
  g_autoptr (GResolver) resolver = NULL;
  GList *addresses = NULL;

  if (g_str_equal (host, "*"))
    {
      addresses = g_list_append (addresses, g_inet_address_new_any (G_SOCKET_FAMILY_IPV4));
      return g_list_append (addresses, g_inet_address_new_any (G_SOCKET_FAMILY_IPV6));
    }

  resolver = g_resolver_get_default ();
  addresses = g_resolver_lookup_by_name (resolver, host, NULL, error);

  return g_list_sort (addresses, ipv4_first);
}

/* A machine may know a name for a family that it does not have. */
static gboolean
is_no_such_family (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
         g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EADDRNOTAVAIL)) ||
         g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EAFNOSUPPORT));
}

static guint16
get_port (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* All of @addresses on one port. Returns NULL if one of them fails that is there. */
static GPtrArray *
open_on_port (GList                 *addresses,
              guint16                port,
              const SmtpEdgeConfig  *config,
              GError               **error)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) missing = NULL;

  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new (l->data, port);
      g_autoptr (GError) local_error = NULL;
      GSocket *socket = open_socket (address, config, &local_error);

      if (socket != NULL)
        {
          g_ptr_array_add (sockets, socket);
          port = get_port (socket);
        }
      else if (!is_no_such_family (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
      else if (missing == NULL)
        missing = g_steal_pointer (&local_error);
    }

  if (sockets->len == 0)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return NULL;
    }

  return g_steal_pointer (&sockets);
}

static GPtrArray *
open_inet (const char            *text,
           const SmtpEdgeConfig  *config,
           GError               **error)
{
  g_autofree char *host = NULL;
  g_autolist (GInetAddress) addresses = NULL;
  g_autoptr (GError) local_error = NULL;
  GPtrArray *sockets = NULL;
  guint16 port;

  if (!split_host_port (text, &host, &port, error))
    return NULL;
  addresses = resolve (host, error);
  if (addresses == NULL)
    return NULL;

  for (guint i = 0; sockets == NULL && i < PORT_TRIES; i++)
    {
      g_clear_error (&local_error);
      sockets = open_on_port (addresses, port, config, &local_error);
      if (port != 0 || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        break;
    }

  if (sockets == NULL)
    g_propagate_prefixed_error (error, g_steal_pointer (&local_error), "Cannot listen on %s: ", text);

  return sockets;
}

GPtrArray *
smtp_listener_open_sockets (const char            *address,
                            const SmtpEdgeConfig  *config,
                            GError               **error)
{
  if (g_str_has_prefix (address, "unix:"))
    return open_unix (address + strlen ("unix:"), config, error);

  return open_inet (address, config, error);
}
