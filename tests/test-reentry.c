/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a hook may do to the server that calls it, where that was not called by a client's octets: end it,
 * close the session, run a main loop of its own. */

#include "edge-fixture.h"

#include <unistd.h>

#include "smtp-tls-context.h"

/* What the body hook does. */
typedef void (*Deed) (EdgeFixture *fixture,
                      SmtpSession *session);

static EdgeFixture *current;

static void
dispose_server (EdgeFixture *fixture,
                SmtpSession *session)
{
  g_object_run_dispose (G_OBJECT (fixture->server));
}

static void
drop_server (EdgeFixture *fixture,
             SmtpSession *session)
{
  g_clear_object (&fixture->server);
}

static void
close_session (EdgeFixture *fixture,
               SmtpSession *session)
{
  smtp_session_close (session, NULL);
}

static GOutputStream *
on_body (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         Deed          deed)
{
  deed (current, session);

  return NULL;
}

static void
end_without_server (EdgeFixture *fixture)
{
  /* A task that comes too late keeps its request until it has run. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&fixture->held);
  if (fixture->server != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->server));
}

/* Whether it is told 421 depends on who ends first. */
static void
expect_some_end (EdgeClient *client)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  while (edge_read (client))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_true (client->input->len == 0 || g_str_has_prefix (client->input->str, "421 "));
}

/* The body is opened when the answer comes, long after the command was read. */
static void
test_late_body (EdgeFixture   *fixture,
                gconstpointer  deed)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  current = fixture;
  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (edge_hold), fixture);
  g_signal_connect (fixture->server, "handle-body", G_CALLBACK (on_body), (gpointer) deed);
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_send (client, "DATA\r\n");
  edge_wait_for (fixture->held != NULL);

  smtp_request_proceed (fixture->held);
  g_clear_object (&fixture->held);
  edge_expect (client, "354");
  expect_some_end (client);
  end_without_server (fixture);
}

static SmtpVerdict
take_and_drop (SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request,
               EdgeFixture  *fixture)
{
  smtp_request_reply (request, 250, NULL);
  drop_server (fixture, session);

  return SMTP_VERDICT_HANDLED;
}

/* The end of a message that is in a file is told by the thread that wrote it. */
static void
test_spooled (EdgeFixture   *fixture,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (take_and_drop), fixture);
  smtp_server_set_spool_threshold (fixture->server, 0);
  edge_begin_message (client);
  edge_say (client, "Subject: x\r\n\r\nText\r\n.\r\n", "250");
  expect_some_end (client);
  g_assert_null (fixture->server);
}

static SmtpVerdict
answer_and_dispose (SmtpServer   *server,
                    SmtpSession  *session,
                    SmtpEnvelope *envelope,
                    SmtpRequest  *request,
                    const char   *argument,
                    EdgeFixture  *fixture)
{
  smtp_request_reply (request, 250, NULL);
  dispose_server (fixture, session);

  return SMTP_VERDICT_HANDLED;
}

/* What stands behind the command in which the server has ended is not served any more. */
static void
test_pipelined (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTlsContext) context = smtp_tls_context_new_self_signed ("mx.example", &error);
  g_autoptr (EdgeClient) client = NULL;

  g_assert_no_error (error);
  smtp_server_set_tls_context (fixture->server, context);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (answer_and_dispose), fixture);
  client = edge_greet (fixture);
  edge_say (client, "NOOP\r\nSTARTTLS\r\n", "250");
  edge_expect_end (client);
  end_without_server (fixture);
}

/* Long enough for every time that may be over meanwhile. */
static SmtpVerdict
run_loop_and_take (SmtpServer   *server,
                   SmtpSession  *session,
                   SmtpEnvelope *envelope,
                   SmtpRequest  *request,
                   EdgeFixture  *fixture)
{
  gint64 end = g_get_monotonic_time () + 1500 * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  smtp_request_reply (request, 250, "2.0.0 At last");

  return SMTP_VERDICT_HANDLED;
}

/* Times that are over inside a hook's own loop do not have others asked in the middle of it. */
static void
test_times (EdgeFixture   *fixture,
            gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (run_loop_and_take), fixture);
  smtp_server_set_spool_threshold (fixture->server, 0);
  smtp_server_set_hook_timeout (fixture->server, 1);
  client = edge_greet (fixture);
  edge_begin_message (client);
  smtp_server_set_timeout (fixture->server, 1);
  edge_say (client, "Subject: x\r\n\r\nText\r\n.\r\nNOOP\r\n", "250 2.0.0 At last");
  edge_expect (client, "250");
  g_clear_pointer (&client, edge_client_free);
  end_without_server (fixture);
}

static SmtpRequest *held[2];

static SmtpVerdict
hold_each (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope,
           SmtpRequest  *request)
{
  held[held[0] != NULL ? 1 : 0] = g_object_ref (request);
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

static void
answer_other (SmtpRequest *request)
{
  g_assert_true (smtp_request_reply (held[0], 250, "2.0.0 Heard"));
}

/* Both times are over when the loop turns again; the answer to one brings about that to the other. */
static void
test_heard_in_time (EdgeFixture   *fixture,
                    gconstpointer  data)
{
  EdgeClient *first = edge_greet (fixture);
  EdgeClient *second = edge_greet (fixture);

  smtp_server_set_hook_timeout (fixture->server, 2);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (hold_each), NULL);
  edge_send (first, "NOOP\r\n");
  edge_wait_for (held[0] != NULL);
  edge_send (second, "NOOP\r\n");
  edge_wait_for (held[1] != NULL);
  g_signal_connect (held[1], "replied", G_CALLBACK (answer_other), NULL);
  g_usleep (2200 * 1000);
  g_assert_true (smtp_request_reply (held[1], 250, NULL));
  edge_expect (second, "250");
  edge_expect (first, "250 2.0.0 Heard");

  g_clear_object (&held[0]);
  g_clear_object (&held[1]);
  edge_client_free (first);
  edge_client_free (second);
  end_without_server (fixture);
}

static SmtpVerdict
show_argument (SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request,
               const char   *argument)
{
  smtp_request_reply (request, 252, argument);

  return SMTP_VERDICT_HANDLED;
}

/* One that has said something already. */
static SmtpVerdict
accept_another (SmtpServer   *server,
                SmtpSession  *session,
                SmtpEnvelope *envelope,
                SmtpRequest  *request,
                const char   *argument,
                EdgeClient   *other)
{
  static const char text[] = "HELO other\r\nVRFY theirs\r\nVRFY theirs\r\nVRFY theirs\r\n";
  int pair[2];
  g_autoptr (GSocket) ours = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (write (pair[0], text, strlen (text)), ==, strlen (text));
  other->socket = g_socket_new_from_fd (pair[0], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (other->socket, FALSE);
  ours = g_socket_new_from_fd (pair[1], &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (ours);
  smtp_server_accept_stream (server, G_IO_STREAM (stream), SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);

  return SMTP_VERDICT_CONTINUE;
}

/* What one client has sent is never taken for what another has. */
static void
test_other_input (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  EdgeClient *other = g_new0 (EdgeClient, 1);
  EdgeClient *client = edge_greet (fixture);

  other->input = g_string_new (NULL);
  g_signal_connect (fixture->server, "handle-vrfy", G_CALLBACK (show_argument), NULL);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (accept_another), other);
  edge_send (client, "NOOP\r\nVRFY ours\r\nVRFY ours\r\nVRFY ours\r\n");
  edge_expect (client, "250");
  edge_expect (client, "252 2.0.0 ours");
  edge_expect (client, "252 2.0.0 ours");
  edge_expect (client, "252 2.0.0 ours");

  edge_expect (other, "220");
  edge_expect (other, "250");
  edge_expect (other, "252 2.0.0 theirs");
  edge_expect (other, "252 2.0.0 theirs");
  edge_expect (other, "252 2.0.0 theirs");
  edge_client_free (other);
  edge_client_free (client);
  end_without_server (fixture);
}

static void
tear_down (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_assert_null (fixture->server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func) \
  g_test_add ("/reentry/" name, EdgeFixture, data, edge_set_up, func, tear_down)

  ADD ("late-body/dispose-server", dispose_server, test_late_body);
  ADD ("late-body/drop-server", drop_server, test_late_body);
  ADD ("late-body/close-session", close_session, test_late_body);
  ADD ("spooled", NULL, test_spooled);
  ADD ("times", NULL, test_times);
  ADD ("heard-in-time", NULL, test_heard_in_time);
  ADD ("other-input", NULL, test_other_input);
  ADD ("pipelined", NULL, test_pipelined);

  return g_test_run ();
}
