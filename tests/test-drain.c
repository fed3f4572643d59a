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

static SmtpVerdict
hold_message (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              EdgeFixture  *fixture)
{
  g_set_object (&fixture->held, request);
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

static void
test_held (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (hold_message), fixture);
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
    { "/drain/twice", test_twice },
    { "/drain/clinging", test_clinging },
    { "/drain/pipelined", test_pipelined },
    { "/drain/held", test_held },
    { "/drain/again", test_again },
    { "/drain/stream", test_stream },
    { "/drain/dropped", test_dropped },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
