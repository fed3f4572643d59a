/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server on real sockets: in the epoll set, and by way of pollable streams. */

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dialogue/smtp-dialogue.h"
#include "smtp-error.h"
#include "smtp-server-private.h"

typedef struct
{
  SmtpServer *server;
  GPtrArray *clients;
} Fixture;

static SmtpVerdict
take (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      GBytes      **content)
{
  if (content != NULL)
    *content = g_bytes_ref (smtp_envelope_get_content (envelope));
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  stream)
{
  g_autoptr (GError) error = NULL;

  fixture->server = smtp_server_new ();
  /* Some clients here say little else. */
  smtp_server_set_max_junk_commands (fixture->server, 0);
  fixture->clients = g_ptr_array_new_with_free_func (g_object_unref);
  if (GPOINTER_TO_INT (stream))
    smtp_poller_disable_epoll (smtp_server_get_poller (fixture->server));
  else
    {
      smtp_server_listen (fixture->server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error);
      g_assert_no_error (error);
    }
}

/* Without epoll the sockets are GSocketListener's, which does not tell their addresses. */
static guint16
get_port (Fixture *fixture)
{
  g_auto (GStrv) addresses = smtp_server_dup_listen_addresses (fixture->server);
  static guint16 port;
  g_autoptr (GError) error = NULL;

  if (addresses[0] != NULL)
    return g_ascii_strtoull (strrchr (addresses[0], ':') + 1, NULL, 10);

  if (fixture->clients->len == 0)
    port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (fixture->server), NULL, &error);
  g_assert_no_error (error);

  return port;
}

static GSocket *
connect_to (Fixture *fixture,
            guint16  port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (socket, FALSE);
  g_ptr_array_add (fixture->clients, socket);

  return socket;
}

static GSocket *
add_client (Fixture *fixture)
{
  return connect_to (fixture, get_port (fixture));
}

static void
send_text (GSocket    *socket,
           const char *text)
{
  gsize sent = 0;

  while (sent < strlen (text))
    {
      gssize n = g_socket_send (socket, text + sent, strlen (text) - sent, NULL, NULL);

      if (n > 0)
        sent += n;
      g_main_context_iteration (NULL, FALSE);
    }
}

/* Counts the replies that begin with @code, until there are @n, or the connection ends. */
static guint
count_replies (GSocket    *socket,
               const char *code,
               guint       n)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint found = 0;

  while (found < n)
    {
      char octet;
      gssize size = g_socket_receive (socket, &octet, 1, NULL, NULL);

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (size == 0)
        break;
      if (size < 0)
        g_main_context_iteration (NULL, FALSE);
      else
        g_string_append_c (line, octet);
      if (g_str_has_suffix (line->str, "\r\n"))
        {
          found += g_str_has_prefix (line->str, code) && line->str[3] == ' ';
          g_string_truncate (line, 0);
        }
    }

  return found;
}

static void
wait_for_sessions (Fixture *fixture,
                   guint    n)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (smtp_server_get_n_sessions (fixture->server) != n)
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  stream)
{
  g_ptr_array_unref (fixture->clients);
  wait_for_sessions (fixture, 0);
  /* Without the first, GSocketService warns of the second. */
  g_socket_service_stop (G_SOCKET_SERVICE (fixture->server));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_socket_listener_close (G_SOCKET_LISTENER (fixture->server));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->server);
}

#define BEGIN "EHLO me\r\nMAIL FROM:<a@e.org>\r\nRCPT TO:<b@e.org>\r\n"

static void
test_message (Fixture       *fixture,
              gconstpointer  stream)
{
  GSocket *client = add_client (fixture);
  g_autoptr (GBytes) content = NULL;
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint i = 0; message->len < 10 * 1024 * 1024; i++)
    g_string_append_printf (message, "line %u of a message of ten mebibytes\r\n", i);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (take), &content);
  text = g_strconcat (BEGIN "DATA\r\n", message->str, ".\r\nNOOP\r\n", NULL);
  send_text (client, text);
  g_assert_cmpuint (count_replies (client, "354", 1), ==, 1);
  g_assert_cmpuint (count_replies (client, "250", 2), ==, 2);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), message->str, message->len);
}

/* One that sends a great many commands leaves the others their turn. */
static void
test_turns (Fixture       *fixture,
            gconstpointer  stream)
{
  GSocket *busy = add_client (fixture);
  GSocket *other = add_client (fixture);
  g_autoptr (GString) noops = g_string_new (NULL);
  guint n = 20000;

  for (guint i = 0; i < n; i++)
    g_string_append (noops, "NOOP\r\n");
  wait_for_sessions (fixture, 2);
  g_socket_send (busy, noops->str, noops->len, NULL, NULL);
  send_text (other, "NOOP\r\n");
  g_assert_cmpuint (count_replies (other, "250", 1), ==, 1);
  g_assert_cmpuint (count_replies (busy, "250", 1000), ==, 1000);
}

/* One that does not read its replies waits for itself. */
static void
test_deaf (Fixture       *fixture,
           gconstpointer  stream)
{
  GSocket *deaf = add_client (fixture);
  g_autoptr (GString) noops = g_string_new (NULL);
  gsize sent = 0;
  guint idle = 0;

  for (guint i = 0; i < 200000; i++)
    g_string_append (noops, "HELP\r\n");

  while (idle < 2000)
    {
      gssize n = g_socket_send (deaf, noops->str + sent % 6, noops->len / 2, NULL, NULL);

      if (n > 0)
        sent += n;
      idle = n > 0 || g_main_context_iteration (NULL, FALSE) ? 0 : idle + 1;
      g_assert_cmpuint (sent, <, 200 * 1024 * 1024);
    }

  send_text (add_client (fixture), "NOOP\r\n");
  g_assert_cmpuint (count_replies (g_ptr_array_index (fixture->clients, 1), "250", 1), ==, 1);
}

static gpointer
close_all (gpointer server)
{
  g_autoptr (SmtpReply) reply = smtp_reply_new (421, "4.3.2 from outside");
  g_autoptr (GPtrArray) sessions = smtp_server_get_sessions (server);

  for (guint i = 0; i < sessions->len; i++)
    smtp_session_close (g_ptr_array_index (sessions, i), reply);

  return NULL;
}

static void
test_close (Fixture       *fixture,
            gconstpointer  stream)
{
  GSocket *one = add_client (fixture);
  GSocket *two = add_client (fixture);

  wait_for_sessions (fixture, 2);
  g_thread_join (g_thread_new ("close", close_all, fixture->server));
  g_assert_cmpuint (count_replies (one, "421", 2), ==, 1);
  g_assert_cmpuint (count_replies (two, "421", 2), ==, 1);
}

static void
test_timeout (Fixture       *fixture,
              gconstpointer  stream)
{
  GSocket *client = add_client (fixture);

  smtp_server_set_timeout (fixture->server, 1);
  send_text (client, "NOO");
  g_assert_cmpuint (count_replies (client, "421", 2), ==, 1);
}

/* A half-closed client has its commands done; it had said QUIT or not. */
static void
test_half_close (Fixture       *fixture,
                 gconstpointer  stream)
{
  GSocket *client = add_client (fixture);

  send_text (client, "NOOP\r\nNOOP\r\nNO");
  g_socket_shutdown (client, FALSE, TRUE, NULL);
  g_assert_cmpuint (count_replies (client, "250", 3), ==, 2);
}

static void
test_reset (Fixture       *fixture,
            gconstpointer  stream)
{
  const struct linger linger = { .l_onoff = 1 };

  for (guint i = 0; i < 20; i++)
    {
      GSocket *client = add_client (fixture);

      wait_for_sessions (fixture, 1);
      send_text (client, BEGIN "DATA\r\ntext");
      /* Closing is then a reset. */
      setsockopt (g_socket_get_fd (client), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
      g_socket_close (client, NULL);
      wait_for_sessions (fixture, 0);
    }
}

static void
test_stop (Fixture       *fixture,
           gconstpointer  stream)
{
  GSocket *first = add_client (fixture);
  GSocket *second;

  g_assert_cmpuint (count_replies (first, "220", 1), ==, 1);
  g_socket_service_stop (G_SOCKET_SERVICE (fixture->server));
  second = add_client (fixture);
  send_text (first, "NOOP\r\n");
  g_assert_cmpuint (count_replies (first, "250", 1), ==, 1);
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 1);
  g_socket_service_start (G_SOCKET_SERVICE (fixture->server));
  /* GSocketService may have accepted and dropped a client as it was stopped. */
  if (GPOINTER_TO_INT (stream))
    second = add_client (fixture);
  g_assert_cmpuint (count_replies (second, "220", 1), ==, 1);
}

static gpointer
start_and_stop (gpointer service)
{
  for (guint i = 0; i < 50; i++)
    {
      g_socket_service_start (service);
      g_usleep (g_random_int_range (0, 500));
      g_socket_service_stop (service);
    }
  g_socket_service_start (service);

  return NULL;
}

/* A pause, from whichever thread, loses nobody. */
static void
test_pauses (Fixture       *fixture,
             gconstpointer  stream)
{
  GThread *thread;

  for (guint i = 0; i < 20; i++)
    {
      g_socket_service_stop (G_SOCKET_SERVICE (fixture->server));
      add_client (fixture);
      g_main_context_iteration (NULL, FALSE);
      g_socket_service_start (G_SOCKET_SERVICE (fixture->server));
      g_main_context_iteration (NULL, FALSE);
    }

  thread = g_thread_new ("pauses", start_and_stop, fixture->server);
  for (guint i = 0; i < 100; i++)
    {
      add_client (fixture);
      g_main_context_iteration (NULL, FALSE);
    }
  g_thread_join (thread);

  for (guint i = 0; i < fixture->clients->len; i++)
    g_assert_cmpuint (count_replies (g_ptr_array_index (fixture->clients, i), "220", 1), ==, 1);
}

static gboolean
take_away (GSocketService    *service,
           GSocketConnection *connection,
           GObject           *source,
           guint             *n_clients)
{
  (*n_clients)++;

  return TRUE;
}

static void
test_incoming (Fixture       *fixture,
               gconstpointer  stream)
{
  guint n_clients = 0;
  gulong id = g_signal_connect (fixture->server, "incoming", G_CALLBACK (take_away), &n_clients);

  g_assert_cmpuint (count_replies (add_client (fixture), "220", 1), ==, 0);
  g_assert_cmpuint (n_clients, ==, 1);
  g_signal_handler_disconnect (fixture->server, id);
  g_assert_cmpuint (count_replies (add_client (fixture), "220", 1), ==, 1);
}

static void
test_sessions_outlive (Fixture       *fixture,
                       gconstpointer  stream)
{
  g_autoptr (GPtrArray) sessions = NULL;
  SmtpSession *session;

  count_replies (add_client (fixture), "220", 1);
  sessions = smtp_server_get_sessions (fixture->server);
  session = g_ptr_array_index (sessions, 0);
  g_assert_false (smtp_session_get_closed (session));
  g_object_unref (fixture->server);
  g_assert_true (smtp_session_get_closed (session));
  g_assert_true (G_IS_INET_SOCKET_ADDRESS (smtp_session_get_peer (session)));
  smtp_session_close (session, NULL);
  g_assert_cmpuint (count_replies (g_ptr_array_index (fixture->clients, 0), "421", 2), ==, 1);
  g_ptr_array_unref (fixture->clients);
  set_up (fixture, stream);
}

/* Listening */

static void
check_error (const char *address,
             GQuark      domain,
             int         code)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_server_listen (server, address, SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_error (error, domain, code);
}

static void
test_addresses (void)
{
  static const char * const bad[] = { "", "localhost", ":25", "localhost:", "localhost:x", "localhost:65536",
                                      "[::1:25", "::1:25", "unix:" };
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("%s/smtpd-test-%d", g_get_tmp_dir (), getpid ());
  g_autofree char *address = g_strconcat ("unix:", path, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    check_error (bad[i], SMTP_ERROR, SMTP_ERROR_BAD_LISTEN_ADDRESS);

  smtp_server_listen (server, "localhost:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (server);
  if (addresses[1] != NULL)
    g_assert_cmpstr (strrchr (addresses[0], ':'), ==, strrchr (addresses[1], ':'));
  check_error (addresses[0], G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  smtp_server_listen (server, address, SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_socket_listener_close (G_SOCKET_LISTENER (server));
  g_strfreev (addresses);
  addresses = smtp_server_dup_listen_addresses (server);
  g_assert_cmpuint (g_strv_length (addresses), ==, 0);
  g_assert_false (smtp_server_listen (server, "localhost:0", SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_object (&server);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_context (void)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_server_listen (server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error));
  g_main_context_push_thread_default (context);
  g_assert_false (smtp_server_listen (server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_WRONG_CONTEXT);
  g_main_context_pop_thread_default (context);
}

/* A server that was made inactive waits for its start. */
static void
test_inactive (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;
  GSocket *client;

  fixture.server = g_object_new (SMTP_TYPE_SERVER, "active", FALSE, NULL);
  fixture.clients = g_ptr_array_new_with_free_func (g_object_unref);
  g_assert_true (smtp_server_listen (fixture.server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error));
  client = add_client (&fixture);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture.server), ==, 0);
  g_socket_service_start (G_SOCKET_SERVICE (fixture.server));
  g_assert_cmpuint (count_replies (client, "220", 1), ==, 1);
  tear_down (&fixture, NULL);
}

/* A socket that somebody else adds is served beside those of listen(). */
static void
test_other_socket (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;
  guint16 port;

  set_up (&fixture, NULL);
  g_assert_cmpuint (count_replies (add_client (&fixture), "220", 1), ==, 1);
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (fixture.server), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_replies (connect_to (&fixture, port), "220", 1), ==, 1);
  g_assert_cmpuint (count_replies (add_client (&fixture), "220", 1), ==, 1);
  tear_down (&fixture, NULL);
}

/* Nobody needs to stop or close a server: its last reference ends it, and frees its port. */
static void
test_dropped (void)
{
  Fixture fixture = { 0 };
  g_auto (GStrv) addresses = NULL;
  g_autoptr (SmtpServer) next = smtp_server_new ();
  g_autoptr (GError) error = NULL;

  set_up (&fixture, NULL);
  g_assert_cmpuint (count_replies (add_client (&fixture), "220", 1), ==, 1);
  addresses = smtp_server_dup_listen_addresses (fixture.server);
  g_assert_finalize_object (fixture.server);
  g_ptr_array_unref (fixture.clients);
  g_assert_true (smtp_server_listen (next, addresses[0], SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_no_error (error);
  /* close() frees it at once, too. */
  g_socket_listener_close (G_SOCKET_LISTENER (next));
  g_clear_object (&next);
  next = smtp_server_new ();
  g_assert_true (smtp_server_listen (next, addresses[0], SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_no_error (error);
}

static void
set_descriptor_limit (rlim_t n)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = MIN (n, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

/* How often the loop wakes up in half a second. */
static guint
count_turns (void)
{
  gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC / 2;
  guint n = 0;

  while (g_get_monotonic_time () < end)
    {
      n += g_main_context_iteration (NULL, FALSE);
      g_usleep (100);
    }

  return n;
}

/* A server without descriptors leaves its clients where they are, and does not spin. */
static void
test_descriptors (gconstpointer data)
{
  rlim_t spare = GPOINTER_TO_UINT (data);
  struct rlimit before;
  Fixture fixture = { 0 };
  int fd;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  set_up (&fixture, NULL);
  for (guint i = 0; i < 40; i++)
    add_client (&fixture);

  fd = dup (0);
  close (fd);
  set_descriptor_limit (fd + spare);
  g_assert_cmpuint (count_turns (), <, 100);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture.server), <=, spare);

  /* Who leaves makes room for others. */
  for (guint i = 0; i < 20; i++)
    g_socket_close (g_ptr_array_index (fixture.clients, i), NULL);
  g_ptr_array_remove_range (fixture.clients, 0, 20);
  for (guint i = 0; i < fixture.clients->len; i++)
    g_assert_cmpuint (count_replies (g_ptr_array_index (fixture.clients, i), "220", 1), ==, 1);

  set_descriptor_limit (before.rlim_cur);
  tear_down (&fixture, NULL);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
  } tests[] =
  {
    { "message", test_message }, { "turns", test_turns }, { "deaf", test_deaf }, { "close", test_close },
    { "timeout", test_timeout }, { "half-close", test_half_close }, { "reset", test_reset },
    { "stop", test_stop }, { "pauses", test_pauses }, { "incoming", test_incoming }, { "sessions-outlive", test_sessions_outlive },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint stream = 0; stream < 2; stream++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
        {
          g_autofree char *path = NULL;

          /* GSocketService keeps itself alive while it waits for clients, and loses some when it
           * is stopped. */
          if (stream && (tests[i].func == test_sessions_outlive || tests[i].func == test_pauses))
            continue;

          path = g_strconcat ("/server/", stream ? "stream/" : "epoll/", tests[i].name, NULL);

          g_test_add (path, Fixture, GINT_TO_POINTER (stream), set_up, tests[i].func, tear_down);
        }
    }
  g_test_add_func ("/server/addresses", test_addresses);
  g_test_add_func ("/server/context", test_context);
  g_test_add_func ("/server/inactive", test_inactive);
  g_test_add_func ("/server/other-socket", test_other_socket);
  g_test_add_func ("/server/dropped", test_dropped);
  g_test_add_data_func ("/server/descriptors/none", GUINT_TO_POINTER (0), test_descriptors);
  g_test_add_data_func ("/server/descriptors/few", GUINT_TO_POINTER (20), test_descriptors);

  return g_test_run ();
}
