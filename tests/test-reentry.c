/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a hook may do to the server that calls it, where that was not called by a client's octets: end it,
 * close the session, run a main loop of its own. */

#include "edge-fixture.h"

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

static SmtpVerdict
hold (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      EdgeFixture  *fixture)
{
  g_set_object (&fixture->held, request);
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
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
  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (hold), fixture);
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
  ADD ("pipelined", NULL, test_pipelined);

  return g_test_run ();
}
