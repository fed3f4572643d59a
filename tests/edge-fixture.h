/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>

#include "smtp-server.h"

/* A server and clients of it, all in one thread: whoever waits runs the main loop. */

/* No test waits longer, however busy the machine is. */
#define EDGE_PATIENCE (30 * G_USEC_PER_SEC)

typedef struct
{
  SmtpServer *server;
  guint16 port;
  guint taken;          /* messages */
  guint drained;
  SmtpRequest *held;    /* the end of a message, if edge_hold() is connected */
} EdgeFixture;

typedef struct
{
  GSocket *socket;
  GString *input;
} EdgeClient;

/* Lets a command wait, to be answered later. */
static inline SmtpVerdict
edge_hold (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope,
           SmtpRequest  *request,
           EdgeFixture  *fixture)
{
  g_set_object (&fixture->held, request);
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

static inline SmtpVerdict
edge_take (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope,
           SmtpRequest  *request,
           EdgeFixture  *fixture)
{
  fixture->taken++;
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static inline void
edge_on_drained (SmtpServer  *server,
                 EdgeFixture *fixture)
{
  fixture->drained++;
}

/* A client on a pair of sockets that the program has; with @room in the server's, 0: as much as there is. */
static inline EdgeClient *
edge_pair (EdgeFixture      *fixture,
           SmtpListenerKind  kind,
           int               room)
{
  int pair[2];
  g_autoptr (GSocket) ours = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GError) error = NULL;
  EdgeClient *client = g_new0 (EdgeClient, 1);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  client->input = g_string_new (NULL);
  client->socket = g_socket_new_from_fd (pair[0], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (client->socket, FALSE);
  ours = g_socket_new_from_fd (pair[1], &error);
  g_assert_no_error (error);
  if (room > 0)
    g_socket_set_option (ours, SOL_SOCKET, SO_SNDBUF, room, NULL);
  stream = g_socket_connection_factory_create_connection (ours);
  smtp_server_accept_stream (fixture->server, G_IO_STREAM (stream), kind, &error);
  g_assert_no_error (error);

  return client;
}

/* From now on clients connect there. */
static inline void
edge_listen_for (EdgeFixture      *fixture,
                 SmtpListenerKind  kind)
{
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  smtp_server_listen (fixture->server, "127.0.0.1:0", kind, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (fixture->server);
  fixture->port = g_ascii_strtoull (strrchr (addresses[g_strv_length (addresses) - 1], ':') + 1, NULL, 10);
}

static inline void
edge_listen (EdgeFixture *fixture)
{
  edge_listen_for (fixture, SMTP_LISTENER_KIND_SMTP);
}

static inline void
edge_set_up (EdgeFixture   *fixture,
             gconstpointer  data)
{
  fixture->server = smtp_server_new ();
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (edge_take), fixture);
  g_signal_connect (fixture->server, "drained", G_CALLBACK (edge_on_drained), fixture);
  edge_listen (fixture);
}

static inline void
edge_tear_down (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_clear_object (&fixture->held);
  g_assert_finalize_object (fixture->server);
}

/* NULL if nobody listens. */
static inline EdgeClient *
edge_try_connect (EdgeFixture *fixture)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, &error);
  EdgeClient *client;

  g_assert_no_error (error);
  if (!g_socket_connect (socket, address, NULL, NULL))
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  client = g_new0 (EdgeClient, 1);
  client->socket = g_steal_pointer (&socket);
  client->input = g_string_new (NULL);

  return client;
}

static inline EdgeClient *
edge_connect (EdgeFixture *fixture)
{
  EdgeClient *client = edge_try_connect (fixture);

  g_assert_nonnull (client);

  return client;
}

static inline void
edge_client_free (EdgeClient *client)
{
  g_object_unref (client->socket);
  g_string_free (client->input, TRUE);
  g_free (client);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeClient, edge_client_free)

static inline void
edge_send (EdgeClient *client,
           const char *text)
{
  gsize sent = 0;

  while (sent < strlen (text))
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (client->socket, text + sent, strlen (text) - sent, NULL, &error);

      if (n > 0)
        sent += n;
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_main_context_iteration (NULL, FALSE);
    }
}

/* FALSE at the end. */
static inline gboolean
edge_read (EdgeClient *client)
{
  char buffer[4096];
  gssize n = g_socket_receive (client->socket, buffer, sizeof buffer, NULL, NULL);

  if (n > 0)
    g_string_append_len (client->input, buffer, n);
  else if (n < 0)
    g_main_context_iteration (NULL, FALSE);

  return n != 0;
}

/* Reads until the last line of a reply begins with @code, and forgets what came up to there. */
static inline void
edge_expect (EdgeClient *client,
             const char *code)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  while (TRUE)
    {
      char *end = strstr (client->input->str, "\r\n");

      if (end != NULL)
        {
          g_autofree char *line = g_strndup (client->input->str, end - client->input->str);

          g_string_erase (client->input, 0, end + 2 - client->input->str);
          if (strlen (line) > 3 && line[3] == '-')
            continue;
          g_assert_cmpstr (line, !=, "");
          if (!g_str_has_prefix (line, code))
            g_error ("“%s”, not %s", line, code);
          return;
        }

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!edge_read (client))
        g_error ("The connection has ended, no %s", code);
    }
}

static inline void
edge_expect_end (EdgeClient *client)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  while (edge_read (client))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_cmpstr (client->input->str, ==, "");
}

static inline void
edge_say (EdgeClient *client,
          const char *text,
          const char *code)
{
  edge_send (client, text);
  edge_expect (client, code);
}

/* Up to where the message is to be sent. */
static inline void
edge_begin_message (EdgeClient *client)
{
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_say (client, "DATA\r\n", "354");
}

static inline EdgeClient *
edge_greet (EdgeFixture *fixture)
{
  EdgeClient *client = edge_connect (fixture);

  edge_expect (client, "220");
  edge_say (client, "EHLO client.example.org\r\n", "250");

  return client;
}

#define edge_wait_for(condition)                                                     \
  G_STMT_START {                                                                     \
    gint64 edge_deadline = g_get_monotonic_time () + EDGE_PATIENCE;                  \
    while (!(condition))                                                             \
      {                                                                              \
        g_assert_cmpint (g_get_monotonic_time (), <, edge_deadline);                 \
        g_main_context_iteration (NULL, FALSE);                                      \
      }                                                                              \
  } G_STMT_END
