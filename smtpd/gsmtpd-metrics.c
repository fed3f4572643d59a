/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-metrics.h"

#include <stdio.h>

#include <libsoup/soup.h>

#define PATH "/metrics"
#define TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Who asks for numbers is one, or two. The descriptors are for mail. */
#define MAX_CONNECTIONS 8
/* All that a connection may take, with its request and its answer. SoupServer itself waits for ever. */
#define MAX_SECONDS 10
/* When there are no descriptors left, how many milliseconds until the next try. */
#define PAUSE 100

struct _GsmtpdMetrics
{
  SmtpServer *server;         /* owned */
  SoupServer *http;
  GPtrArray *doors;
  GStrv addresses;
  GPtrArray *visits;
};

/* A socket that listens. GSocketService would try without a pause to accept whom it has no descriptor for. */
typedef struct
{
  GsmtpdMetrics *metrics;
  GSocket *socket;
  GSource *source;            /* clients, or the end of the pause */
} Door;

/* A connection. */
typedef struct
{
  GsmtpdMetrics *metrics;
  GSocketConnection *connection;  /* weak */
  guint timeout;
} Visit;

/* The page */

static void
on_request (SoupServer        *http,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           data)
{
  GsmtpdMetrics *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *method = soup_server_message_get_method (message);
  char *text;

  soup_message_headers_replace (headers, "Connection", "close");
  if (g_strcmp0 (path, PATH) != 0)
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
      return;
    }
  if (method != SOUP_METHOD_GET && method != SOUP_METHOD_HEAD)
    {
      soup_message_headers_replace (headers, "Allow", "GET, HEAD");
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
      return;
    }

  text = gsmtpd_metrics_format (self->server);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, TYPE, SOUP_MEMORY_TAKE, text, strlen (text));
}

/* Before there is a body, which is of no use, and is not to be kept. */
static void
on_early_request (SoupServer        *http,
                  SoupServerMessage *message,
                  const char        *path,
                  GHashTable        *query,
                  gpointer           data)
{
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
}

/* Connections */

static void
on_connection_gone (gpointer  data,
                    GObject  *connection)
{
  Visit *visit = data;

  visit->connection = NULL;
  g_ptr_array_remove_fast (visit->metrics->visits, visit);
}

static void
visit_free (gpointer data)
{
  Visit *visit = data;

  g_clear_handle_id (&visit->timeout, g_source_remove);
  if (visit->connection != NULL)
    g_object_weak_unref (G_OBJECT (visit->connection), on_connection_gone, visit);
  g_free (visit);
}

static gboolean
on_timeout (gpointer data)
{
  Visit *visit = data;

  visit->timeout = 0;
  g_socket_shutdown (g_socket_connection_get_socket (visit->connection), TRUE, TRUE, NULL);

  return G_SOURCE_REMOVE;
}

static void
welcome (GsmtpdMetrics *self,
         GSocket       *socket)
{
  g_autoptr (GSocketConnection) connection = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  Visit *visit;

  if (self->visits->len >= MAX_CONNECTIONS || local == NULL || remote == NULL)
    return;

  visit = g_new0 (Visit, 1);
  visit->metrics = self;
  visit->connection = connection;
  visit->timeout = g_timeout_add_seconds (MAX_SECONDS, on_timeout, visit);
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, visit);
  g_ptr_array_add (self->visits, visit);
  soup_server_accept_iostream (self->http, G_IO_STREAM (connection), local, remote, NULL);
}

/* Doors */

static void
door_watch (Door        *self,
            GSource     *source,
            GSourceFunc  func)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);

  self->source = source;
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, NULL);
}

static void door_open (Door *self);

static gboolean
end_pause (gpointer data)
{
  door_open (data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_client (GSocket      *socket,
           GIOCondition  condition,
           gpointer      data)
{
  Door *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) client = g_socket_accept (socket, NULL, &error);

  if (client != NULL)
    {
      welcome (self->metrics, client);
      return G_SOURCE_CONTINUE;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;

  door_watch (self, g_timeout_source_new (PAUSE), end_pause);

  return G_SOURCE_REMOVE;
}

static void
door_open (Door *self)
{
  door_watch (self, g_socket_create_source (self->socket, G_IO_IN, NULL), G_SOURCE_FUNC (on_client));
}

static void
door_free (gpointer data)
{
  Door *self = data;

  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_object_unref (self->socket);
  g_free (self);
}

/* Listening */

static GList *
resolve (GNetworkAddress  *address,
         GError          **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GInetAddress) literal = g_inet_address_new_from_string (g_network_address_get_hostname (address));

  if (literal != NULL)
    return g_list_prepend (NULL, g_steal_pointer (&literal));

  return g_resolver_lookup_by_name (resolver, g_network_address_get_hostname (address), NULL, error);
}

/* A machine may know a name for a family that it does not have. */
static gboolean
is_no_such_family (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static GSocket *
make_socket (GSocketAddress  *address,
             GError         **error)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL || !g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;

  g_socket_set_blocking (socket, FALSE);

  return g_steal_pointer (&socket);
}

static gboolean
listen_on (GsmtpdMetrics  *self,
           GInetAddress   *host,
           guint16        *port,
           GStrvBuilder   *addresses,
           GError        **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (host, *port);
  g_autoptr (GSocket) socket = make_socket (address, error);
  g_autoptr (GSocketAddress) effective = socket != NULL ? g_socket_get_local_address (socket, error) : NULL;
  g_autofree char *name = NULL;
  Door *door;

  if (effective == NULL)
    return FALSE;

  door = g_new0 (Door, 1);
  door->metrics = self;
  door->socket = g_steal_pointer (&socket);
  door_open (door);
  g_ptr_array_add (self->doors, door);

  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (effective));
  g_strv_builder_add (addresses, name);

  return TRUE;
}

static gboolean
listen_on_all (GsmtpdMetrics  *self,
               GList          *hosts,
               guint16         port,
               GError        **error)
{
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  g_autoptr (GError) missing = NULL;

  for (GList *l = hosts; l != NULL; l = l->next)
    {
      g_autoptr (GError) local_error = NULL;

      if (listen_on (self, l->data, &port, addresses, &local_error))
        continue;
      if (!is_no_such_family (local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      g_clear_error (&missing);
      missing = g_steal_pointer (&local_error);
    }

  self->addresses = g_strv_builder_end (addresses);
  if (self->addresses[0] != NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&missing));

  return FALSE;
}

static gboolean
start (GsmtpdMetrics  *self,
       const char     *address,
       GError        **error)
{
  const char *colon = strrchr (address, ':');
  g_autoptr (GSocketConnectable) parsed = NULL;
  GList *hosts;
  gboolean listens;

  /* An address without a port would get a default one, without a host any. */
  if (colon != NULL && colon != address && g_ascii_isdigit (colon[1]))
    parsed = g_network_address_parse (address, 0, NULL);
  if (parsed == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "\"%s\" is no value for --metrics-listen: HOST:PORT is", address);
      return FALSE;
    }

  hosts = resolve (G_NETWORK_ADDRESS (parsed), error);
  listens = hosts != NULL &&
            listen_on_all (self, hosts, g_network_address_get_port (G_NETWORK_ADDRESS (parsed)), error);
  g_list_free_full (hosts, g_object_unref);
  if (!listens)
    g_prefix_error (error, "Cannot serve metrics on %s: ", address);

  return listens;
}

GsmtpdMetrics *
gsmtpd_metrics_new (SmtpServer  *server,
                    const char  *address,
                    GError     **error)
{
  g_autoptr (GsmtpdMetrics) self = g_new0 (GsmtpdMetrics, 1);

  self->server = g_object_ref (server);
  self->visits = g_ptr_array_new_with_free_func (visit_free);
  self->http = soup_server_new (NULL, NULL);
  soup_server_add_early_handler (self->http, NULL, on_early_request, self, NULL);
  soup_server_add_handler (self->http, NULL, on_request, self, NULL);
  self->doors = g_ptr_array_new_with_free_func (door_free);

  if (!start (self, address, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
gsmtpd_metrics_free (GsmtpdMetrics *self)
{
  g_ptr_array_unref (self->doors);
  g_ptr_array_unref (self->visits);
  soup_server_disconnect (self->http);
  g_object_unref (self->http);
  g_object_unref (self->server);
  g_strfreev (self->addresses);
  g_free (self);
}

void
gsmtpd_metrics_print_addresses (GsmtpdMetrics *self)
{
  for (guint i = 0; self->addresses[i] != NULL; i++)
    printf ("metrics on http://%s" PATH "\n", self->addresses[i]);
}
