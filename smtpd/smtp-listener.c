/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>

#include "dialogue/smtp-connection.h"
#include "dialogue/smtp-replies.h"
#include "smtp-log.h"
#include "smtp-server-private.h"

/* How many clients are let in before others get their turn. */
#define BUDGET 64

/* When there are no descriptors left, how long until the next try. */
#define PAUSE (G_USEC_PER_SEC / 10)

/* How many clients are told that a server has closed: as many as may wait. */
#define MAX_TURNED_AWAY 4096

/* Descriptors that are left for everything else. */
#define RESERVE 16

/* On the socket, for clients that come by way of GSocketService::incoming. */
#define KIND_KEY "smtp-listener-kind"

struct _SmtpListener
{
  SmtpServer *server;  /* not owned: the server frees its listeners */
  SmtpPoller *poller;
  GSocket *socket;
  char *path;          /* of a Unix socket */
  SmtpWatch watch;
  SmtpTimer pause;
  gboolean active;
  gboolean keeps_path;
  SmtpListenerKind kind;
};

static void
update (SmtpListener *self)
{
  gboolean listens = self->active && self->pause.deadline == 0;

  if (smtp_listener_is_closed (self))
    return;

  smtp_poller_rewatch (self->poller, &self->watch, listens ? SMTP_POLL_IN : 0);
}

static void
end_pause (SmtpTimer *timer)
{
  SmtpListener *self = (gpointer) ((char *) timer - G_STRUCT_OFFSET (SmtpListener, pause));

  update (self);
}

/* Clients wait in the kernel meanwhile. A level-triggered event would come again at once. */
static void
pause_accepting (SmtpListener *self)
{
  smtp_statistics_count (smtp_server_get_private (self->server)->statistics, SMTP_COUNT_ACCEPT_PAUSES);
  smtp_poller_arm (self->poller, &self->pause, g_get_monotonic_time () + PAUSE);
  update (self);
}

static gboolean
is_short_of_descriptors (int fd)
{
  struct rlimit limit;

  /* Descriptors are given out from the lowest: this one's number says how many there are. */
  return getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         (rlim_t) fd + RESERVE >= limit.rlim_cur;
}

/* Somebody who is connected to GSocketService::incoming sees every client. */
static gboolean
is_incoming_watched (SmtpServer *server)
{
  static guint incoming;

  if (incoming == 0)
    incoming = g_signal_lookup ("incoming", G_TYPE_SOCKET_SERVICE);

  return g_signal_handler_find (server, G_SIGNAL_MATCH_ID, incoming, 0, NULL, NULL, NULL) != 0;
}

static void
emit_incoming (SmtpListener *self,
               int           fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) connection = NULL;
  gboolean handled;

  if (socket == NULL)
    {
      g_warning ("A client is lost: %s", error->message);
      close (fd);
      return;
    }

  connection = g_socket_connection_factory_create_connection (socket);
  g_signal_emit_by_name (self->server, "incoming", connection, self->socket, &handled);
}

static void
log_refusal (const struct sockaddr *peer,
             socklen_t              peer_length,
             SmtpReply             *reply)
{
  g_autoptr (GSocketAddress) address = g_socket_address_new_from_native ((gpointer) peer, peer_length);
  g_autofree char *name = smtp_log_describe (address);
  g_autofree char *text = smtp_reply_to_string (reply);
  SmtpLogRecord record;

  smtp_log_begin (&record, "refuse-connection", NULL);
  smtp_log_add_address (&record, "SMTP_PEER", address);
  smtp_log_add_reply (&record, reply);
  smtp_log_send (&record, "refused %s: %s", name, text);
}

/* Without a session, and without waiting: it is to cost as little as can be. */
static void
refuse (SmtpListener *self,
        int           fd,
        SmtpReply    *reply)
{
  gsize length;
  const char *wire = smtp_reply_get_wire (reply, &length);

  /* In clear it would not be understood there. */
  if (!smtp_listener_kind_has_tls (self->kind))
    send (fd, wire, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown (fd, SHUT_WR);
  close (fd);
}

static void
welcome (SmtpListener          *self,
         int                    fd,
         const struct sockaddr *peer,
         socklen_t              peer_length)
{
  g_autoptr (GError) error = NULL;
  SmtpTransport *transport;
  SmtpClient *client = NULL;
  gboolean has_proxy = smtp_listener_kind_has_proxy (self->kind);
  SmtpReply *refusal = smtp_server_admit (self->server, has_proxy ? NULL : peer, &client);

  if (refusal != NULL)
    {
      refuse (self, fd, refusal);
      if (smtp_server_get_config (self->server)->log_events)
        log_refusal (peer, peer_length, refusal);
      return;
    }

  if (is_incoming_watched (self->server))
    {
      smtp_server_release_client (self->server, client);
      emit_incoming (self, fd);
      return;
    }

  transport = smtp_transport_new_socket (self->poller, fd, NULL, &error);
  if (transport == NULL)
    {
      g_warning ("A client is lost: %s", error->message);
      smtp_server_release_client (self->server, client);
      close (fd);
      return;
    }

  smtp_connection_start (self->server, transport, self->kind, peer, peer_length, client);
}

/* FALSE if there is no client for now, or no room for one. */
static gboolean
accept_one (SmtpListener *self)
{
  struct sockaddr_storage peer;
  socklen_t peer_length = sizeof peer;
  int fd;

  fd = accept4 (g_socket_get_fd (self->socket), (struct sockaddr *) &peer, &peer_length,
                SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0)
    {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        pause_accepting (self);
      /* All others are the misfortune of one client, accept(2). */
      return errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
    }

  if (is_short_of_descriptors (fd))
    pause_accepting (self);
  welcome (self, fd, (struct sockaddr *) &peer, peer_length);

  return TRUE;
}

/* The service knows at once when it was stopped in another thread. */
static gboolean
may_accept (SmtpListener *self)
{
  return self->active && self->pause.deadline == 0 && !smtp_listener_is_closed (self) &&
         g_socket_service_is_active (G_SOCKET_SERVICE (self->server));
}

static void
on_clients (SmtpWatch      *watch,
            SmtpPollEvents  events)
{
  SmtpListener *self = (gpointer) ((char *) watch - G_STRUCT_OFFSET (SmtpListener, watch));
  g_autoptr (SmtpServer) server = g_object_ref (self->server);

  /* A hook may stop the server, or close it and with it this listener. */
  for (guint i = 0; i < BUDGET && smtp_server_has_listener (server, self) && may_accept (self); i++)
    {
      if (!accept_one (self))
        break;
    }
}

SmtpListener *
smtp_listener_new (SmtpServer        *server,
                   GSocket           *socket,
                   SmtpListenerKind   kind,
                   GError           **error)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  SmtpListener *self = g_new0 (SmtpListener, 1);

  self->server = server;
  self->poller = smtp_poller_ref (smtp_server_get_poller (server));
  self->socket = g_object_ref (socket);
  self->watch.func = on_clients;
  self->pause.func = end_pause;
  self->active = TRUE;
  self->kind = kind;
  g_object_set_data (G_OBJECT (socket), KIND_KEY, GINT_TO_POINTER (kind));

  if (!smtp_poller_watch (self->poller, &self->watch, g_socket_get_fd (socket), SMTP_POLL_IN, error))
    {
      smtp_poller_unref (self->poller);
      g_object_unref (self->socket);
      g_free (self);
      return NULL;
    }

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    self->path = g_strdup (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));

  return self;
}

GObject *
smtp_listener_new_source (SmtpListenerKind kind)
{
  GObject *source = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_set_data (source, KIND_KEY, GINT_TO_POINTER (kind));

  return source;
}

SmtpListenerKind
smtp_listener_kind_of (GObject *source_object)
{
  if (source_object == NULL)
    return SMTP_LISTENER_KIND_SMTP;

  return GPOINTER_TO_INT (g_object_get_data (source_object, KIND_KEY));
}

/* Whoever else has the socket has the clients, too. */
void
smtp_listener_turn_away (SmtpListener *self,
                         SmtpReply    *reply)
{
  if (smtp_listener_is_closed (self) || self->keeps_path)
    return;

  for (guint i = 0; i < MAX_TURNED_AWAY; i++)
    {
      int fd = accept4 (g_socket_get_fd (self->socket), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

      if (fd >= 0)
        refuse (self, fd, reply);
      else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)
        break;
    }
}

/* The epoll set holds on to a descriptor that somebody else has, too. */
void
smtp_listener_close (SmtpListener *self)
{
  if (smtp_listener_is_closed (self))
    return;

  smtp_poller_unwatch (self->poller, &self->watch);
  g_socket_close (self->socket, NULL);
}

void
smtp_listener_keep_path (SmtpListener *self)
{
  self->keeps_path = TRUE;
}

void
smtp_listener_free (SmtpListener *self)
{
  smtp_poller_disarm (self->poller, &self->pause);
  /* The descriptor may be somebody else's by now; the epoll set has let go of it by itself. */
  if (smtp_listener_is_closed (self))
    self->watch.fd = -1;
  smtp_poller_unwatch (self->poller, &self->watch);
  if (self->path != NULL && !self->keeps_path)
    unlink (self->path);

  g_object_unref (self->socket);
  smtp_poller_unref (self->poller);
  g_free (self->path);
  g_free (self);
}

gboolean
smtp_listener_is_closed (SmtpListener *self)
{
  return g_socket_is_closed (self->socket);
}

void
smtp_listener_set_active (SmtpListener *self,
                          gboolean      active)
{
  self->active = active;
  update (self);
}

char *
smtp_listener_dup_address (SmtpListener *self)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (self->path != NULL)
    return g_strconcat ("unix:", self->path, NULL);

  address = g_socket_get_local_address (self->socket, NULL);

  /* "127.0.0.1:25", "[::1]:25" */
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}
