/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* A server with TLS, and a client that plays its part in a thread while the loop runs. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <smtpd/smtpd.h>

#define PATIENCE_S 60

typedef struct
{
  SmtpServer *server;
  SmtpTlsContext *context;
  guint16 port;
  guint n_messages;
} TlsFixture;

typedef struct
{
  TlsFixture *fixture;
  int fd;
  gnutls_session_t session;  /* NULL: in clear */
  gnutls_certificate_credentials_t credentials;
  const char *priority;
  const char *server_name;
  gsize server_name_length;
  const gnutls_datum_t *ticket;
  GString *input;
  char reply[1024];          /* the last line of the last one */
  GString *lines;            /* all lines of it */
} Client;

typedef void (*ClientScript) (Client *client);

/* The client */

static inline void
client_connect (Client *self)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons (self->fixture->port) };
  struct timeval patience = { .tv_sec = PATIENCE_S };
  int one = 1;

  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (self->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (self->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static inline void
client_disconnect (Client *self)
{
  if (self->session != NULL)
    gnutls_deinit (g_steal_pointer (&self->session));
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_string_truncate (self->input, 0);
}

/* On the wire, whatever TLS there is. */
static inline void
client_send_clear (Client     *self,
                   const char *octets,
                   gssize      size)
{
  if (size < 0)
    size = (gssize) strlen (octets);
  /* The server may have gone, which is then seen by who reads. */
  (void) !send (self->fd, octets, (size_t) size, MSG_NOSIGNAL);
}

static inline void
client_send (Client     *self,
             const char *octets)
{
  if (self->session == NULL)
    client_send_clear (self, octets, -1);
  else
    (void) !gnutls_record_send (self->session, octets, strlen (octets));
}

static inline gboolean
client_receive (Client *self)
{
  char buffer[4096];
  gssize n;

  if (self->session == NULL)
    n = recv (self->fd, buffer, sizeof buffer, 0);
  else
    do
      n = gnutls_record_recv (self->session, buffer, sizeof buffer);
    while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN);

  if (n > 0)
    g_string_append_len (self->input, buffer, n);

  return n > 0;
}

/* The code of the next reply, 0 at the end. */
static inline int
client_read (Client *self)
{
  g_string_truncate (self->lines, 0);
  for (;;)
    {
      char *end;

      while ((end = strchr (self->input->str, '\n')) == NULL)
        {
          if (!client_receive (self))
            return 0;
        }

      g_snprintf (self->reply, sizeof self->reply, "%.*s", (int) (end + 1 - self->input->str), self->input->str);
      g_string_append (self->lines, self->reply);
      g_string_erase (self->input, 0, end + 1 - self->input->str);
      if (self->reply[3] != '-')
        return atoi (self->reply);
    }
}

static inline int
client_say (Client     *self,
            const char *octets)
{
  client_send (self, octets);

  return client_read (self);
}

/* To where hands can be shaken. */
static inline void
client_open (Client *self)
{
  g_assert_cmpuint (self->input->len, ==, 0);
  g_assert_cmpint (gnutls_init (&self->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), ==, 0);
  g_assert_cmpint (gnutls_priority_set_direct (self->session, self->priority, NULL), ==, 0);
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  if (self->server_name != NULL)
    gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, self->server_name, self->server_name_length);
  if (self->ticket != NULL)
    gnutls_session_set_data (self->session, self->ticket->data, self->ticket->size);
  gnutls_transport_set_int (self->session, self->fd);
}

/* What GnuTLS says of it. */
static inline int
client_shake_hands (Client *self)
{
  int code;

  client_open (self);
  do
    code = gnutls_handshake (self->session);
  while (code < 0 && !gnutls_error_is_fatal (code));

  return code;
}

/* To where commands may be said in TLS. */
static inline void
client_start_tls (Client *self)
{
  client_connect (self);
  g_assert_cmpint (client_read (self), ==, 220);
  g_assert_cmpint (client_say (self, "EHLO before.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (self, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (self), ==, 0);
}

/* The server */

static inline SmtpVerdict
tls_fixture_on_data (SmtpServer   *server,
                     SmtpSession  *session,
                     SmtpEnvelope *envelope,
                     SmtpRequest  *request,
                     TlsFixture   *fixture)
{
  fixture->n_messages++;
  smtp_request_reply (request, 250, "2.0.0 taken");

  return SMTP_VERDICT_HANDLED;
}

static inline void
tls_fixture_listen (TlsFixture       *self,
                    SmtpListenerKind  kind)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  smtp_server_listen (self->server, "127.0.0.1:0", kind, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (self->server);
  self->port = (guint16) atoi (strrchr (addresses[g_strv_length (addresses) - 1], ':') + 1);
}

static inline void
tls_fixture_set_up (TlsFixture    *self,
                    gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  self->context = smtp_tls_context_new_self_signed ("mx.example.org", &error);
  g_assert_no_error (error);
  self->server = smtp_server_new ();
  smtp_server_set_hostname (self->server, "mx.example.org");
  smtp_server_set_tls_context (self->server, self->context);
  g_signal_connect (self->server, "handle-data", G_CALLBACK (tls_fixture_on_data), self);
  tls_fixture_listen (self, SMTP_LISTENER_KIND_SMTP);
}

static inline void
tls_fixture_tear_down (TlsFixture    *self,
                       gconstpointer  data)
{
  g_socket_listener_close (G_SOCKET_LISTENER (self->server));
  g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->context);
}

typedef struct
{
  Client client;
  ClientScript script;
  gint done;
} Play;

static inline gpointer
play (gpointer data)
{
  Play *self = data;
  Client *client = &self->client;

  gnutls_certificate_allocate_credentials (&client->credentials);
  self->script (client);
  client_disconnect (client);
  gnutls_certificate_free_credentials (client->credentials);
  g_atomic_int_set (&self->done, TRUE);
  g_main_context_wakeup (NULL);

  return NULL;
}

/* Runs @script, and the loop until it has ended and the server has noticed. */
static inline void
tls_fixture_play (TlsFixture   *fixture,
                  ClientScript  script)
{
  Play self = { .client = { .fixture = fixture, .fd = -1, .priority = "NORMAL" }, .script = script };
  GThread *thread;

  self.client.input = g_string_new (NULL);
  self.client.lines = g_string_new (NULL);
  thread = g_thread_new ("client", play, &self);
  while (!g_atomic_int_get (&self.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_string_free (self.client.input, TRUE);
  g_string_free (self.client.lines, TRUE);
}
