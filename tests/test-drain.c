/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a server comes to rest, smtp_server_drain(). */

#include "edge-fixture.h"

/* Longer than any test takes. */
#define LONG 600000

static void
test_idle (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_drain (fixture->server, LONG);
  g_assert_true (smtp_server_is_draining (fixture->server));
  g_assert_null (edge_try_connect (fixture));
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  edge_wait_for (fixture->drained == 1);
  g_assert_false (smtp_server_is_draining (fixture->server));
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 0);
}

static void
test_empty (EdgeFixture   *fixture,
            gconstpointer  data)
{
  smtp_server_drain (fixture->server, LONG);
  g_assert_cmpuint (fixture->drained, ==, 0);
  edge_wait_for (fixture->drained == 1);
}

static void
test_transaction (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_begin_message (client);
  smtp_server_drain (fixture->server, LONG);
  edge_say (client, "Subject: x\r\n\r\nText\r\n.\r\n", "250");
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  g_assert_cmpuint (fixture->taken, ==, 1);
  edge_wait_for (fixture->drained == 1);
}

static void
test_time_over (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_begin_message (client);
  smtp_server_drain (fixture->server, 50);
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  edge_wait_for (fixture->drained == 1);
  g_assert_cmpuint (fixture->taken, ==, 0);
}

/* The rest of a transaction may come in one piece. */
static void
test_in_one_piece (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  smtp_server_drain (fixture->server, LONG);
  edge_send (client, "RCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nNOOP\r\nDATA\r\n");
  edge_expect (client, "250");
  edge_expect (client, "250");
  edge_expect (client, "250");
  edge_expect (client, "354");
  edge_say (client, "Subject: x\r\n\r\nText\r\n.\r\nNOOP\r\n", "250");
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  edge_wait_for (fixture->drained == 1);
}

/* Whoever asks twice does not wait. */
static void
test_twice (EdgeFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_begin_message (client);
  smtp_server_drain (fixture->server, LONG);
  smtp_server_drain (fixture->server, 0);
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  edge_wait_for (fixture->drained == 1);
}

/* A client that does not go. */
static void
test_clinging (EdgeFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_drain (fixture->server, 10);
  edge_wait_for (fixture->drained == 1);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 0);
  edge_expect (client, "421 4.3.2");
}

static SmtpVerdict
drain_when_asked (SmtpServer *server)
{
  smtp_server_drain (server, LONG);

  return SMTP_VERDICT_CONTINUE;
}

/* From a hook, in the middle of what a client has sent at once: the next transaction does not begin. */
static void
test_pipelined (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (drain_when_asked), NULL);
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n", "250");
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  g_assert_cmpuint (fixture->taken, ==, 1);
  edge_wait_for (fixture->drained == 1);
}

static void
test_held (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (edge_hold), fixture);
  edge_begin_message (client);
  edge_send (client, "x\r\n.\r\n");
  edge_wait_for (fixture->held != NULL);

  smtp_server_drain (fixture->server, LONG);
  smtp_request_reply (fixture->held, 250, NULL);
  edge_expect (client, "250");
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);

  edge_wait_for (fixture->drained == 1);
}

/* It is decided what becomes of the message: who took it may not have it sent again. */
static void
test_deciding (EdgeFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (edge_hold), fixture);
  edge_begin_message (client);
  edge_send (client, "x\r\n.\r\n");
  edge_wait_for (fixture->held != NULL);

  smtp_server_drain (fixture->server, 0);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 1);
  smtp_request_reply (fixture->held, 250, NULL);
  edge_expect (client, "250");
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (fixture->drained == 1);
}

/* But not for ever. */
static void
test_undecided (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (edge_hold), fixture);
  edge_begin_message (client);
  edge_send (client, "x\r\n.\r\n");
  edge_wait_for (fixture->held != NULL);

  smtp_server_drain (fixture->server, 0);
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  edge_wait_for (fixture->drained == 1);
  smtp_request_reply (fixture->held, 250, NULL);
}

/* Whoever waits to be accepted is told. */
static void
test_backlog (EdgeFixture   *fixture,
              gconstpointer  data)
{
  EdgeClient *clients[20];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = edge_connect (fixture);
  smtp_server_drain (fixture->server, LONG);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      edge_expect (clients[i], "421 4.3.2");
      edge_expect_end (clients[i]);
      edge_client_free (clients[i]);
    }
  edge_wait_for (fixture->drained == 1);
}

static SmtpVerdict
close_session (SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request,
               EdgeFixture  *fixture)
{
  smtp_server_drain (server, LONG);
  smtp_session_close (session, NULL);

  return SMTP_VERDICT_CONTINUE;
}

/* smtp_session_close() while the server drains: from outside, */
static void
test_close_session (EdgeFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autoptr (GPtrArray) sessions = smtp_server_get_sessions (fixture->server);
  g_autoptr (SmtpReply) reply = smtp_reply_new (421, "4.7.0 Enough");

  edge_begin_message (client);
  smtp_server_drain (fixture->server, LONG);
  smtp_session_close (g_ptr_array_index (sessions, 0), reply);
  smtp_session_close (g_ptr_array_index (sessions, 0), reply);
  edge_expect (client, "421 4.7.0");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (fixture->drained == 1);
  smtp_session_close (g_ptr_array_index (sessions, 0), reply);
  g_assert_cmpuint (fixture->taken, ==, 0);
}

/* and from a hook, which has its command answered. */
static void
test_close_from_hook (EdgeFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (close_session), fixture);
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_send (client, "DATA\r\n");
  edge_wait_for (smtp_server_is_draining (fixture->server));
  while (edge_read (client))
    ;
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (fixture->drained == 1);
  g_assert_cmpuint (fixture->taken, ==, 0);
}

static void
test_again (EdgeFixture   *fixture,
            gconstpointer  data)
{
  for (guint i = 1; i <= 3; i++)
    {
      EdgeClient *client = edge_greet (fixture);

      edge_begin_message (client);
      edge_say (client, "x\r\n.\r\n", "250");
      edge_client_free (client);
      smtp_server_drain (fixture->server, 0);
      edge_wait_for (fixture->drained == i);
      g_assert_cmpuint (fixture->taken, ==, i);
      edge_listen (fixture);
    }
}

static void
test_stream (EdgeFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autoptr (EdgeClient) late = edge_connect (fixture);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (late->socket);
  g_autoptr (GError) error = NULL;

  edge_begin_message (client);
  smtp_server_drain (fixture->server, LONG);
  g_assert_false (smtp_server_accept_stream (fixture->server, G_IO_STREAM (stream),
                                             SMTP_LISTENER_KIND_SMTP, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* The last reference goes in the meantime. */
static void
test_dropped (EdgeFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_begin_message (client);
  smtp_server_drain (fixture->server, 20);
  g_assert_finalize_object (g_steal_pointer (&fixture->server));
  edge_expect (client, "421 4.3.2");
  fixture->server = smtp_server_new ();
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
    { "/drain/idle", test_idle },
    { "/drain/empty", test_empty },
    { "/drain/transaction", test_transaction },
    { "/drain/time-over", test_time_over },
    { "/drain/in-one-piece", test_in_one_piece },
    { "/drain/twice", test_twice },
    { "/drain/clinging", test_clinging },
    { "/drain/pipelined", test_pipelined },
    { "/drain/held", test_held },
    { "/drain/deciding", test_deciding },
    { "/drain/undecided", test_undecided },
    { "/drain/backlog", test_backlog },
    { "/drain/close-session", test_close_session },
    { "/drain/close-from-hook", test_close_from_hook },
    { "/drain/again", test_again },
    { "/drain/stream", test_stream },
    { "/drain/dropped", test_dropped },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
