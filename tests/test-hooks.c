/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The contract with hooks, handlers and command methods: who is asked in which order, who is
 * heard, and that whoever says nothing lets nothing through. */

#include <string.h>

#include <smtpd/smtpd.h>

/* A handler and a server whose methods the tests set. */

typedef void (*Decide) (SmtpRequest *request);

#define TEST_TYPE_HANDLER (test_handler_get_type ())
G_DECLARE_FINAL_TYPE (TestHandler, test_handler, TEST, HANDLER, SmtpHandler)

struct _TestHandler
{
  SmtpHandler parent_instance;
  Decide rcpt;
  guint n_calls;
};

G_DEFINE_FINAL_TYPE (TestHandler, test_handler, SMTP_TYPE_HANDLER)

static void
test_handler_rcpt (SmtpHandler    *handler,
                   SmtpServer     *server,
                   SmtpSession    *session,
                   SmtpEnvelope   *envelope,
                   SmtpRequest    *request,
                   SmtpAddress    *address,
                   SmtpParameters *parameters)
{
  TestHandler *self = TEST_HANDLER (handler);

  self->n_calls++;
  if (self->rcpt != NULL)
    self->rcpt (request);
}

static void
test_handler_class_init (TestHandlerClass *klass)
{
  SMTP_HANDLER_CLASS (klass)->handle_rcpt = test_handler_rcpt;
}

static void
test_handler_init (TestHandler *self)
{
}

#define TEST_TYPE_SERVER (test_server_get_type ())
G_DECLARE_FINAL_TYPE (TestServer, test_server, TEST, SERVER, SmtpServer)

struct _TestServer
{
  SmtpServer parent_instance;
  Decide rset;
  guint n_resets;
};

G_DEFINE_FINAL_TYPE (TestServer, test_server, SMTP_TYPE_SERVER)

static void
test_server_ping (SmtpServer  *server,
                  SmtpSession *session,
                  SmtpRequest *request,
                  const char  *argument)
{
  smtp_request_reply (request, 259, "OK");
}

static void
chain_up (SmtpRequest *request)
{
  SMTP_SERVER_CLASS (test_server_parent_class)->rset (smtp_request_get_server (request),
                                                      smtp_request_get_session (request), request, "");
}

static void
test_server_rset (SmtpServer  *server,
                  SmtpSession *session,
                  SmtpRequest *request,
                  const char  *argument)
{
  TestServer *self = TEST_SERVER (server);

  self->n_resets++;
  if (self->rset != NULL)
    self->rset (request);
  else
    chain_up (request);
}

static void
test_server_class_init (TestServerClass *klass)
{
  SMTP_SERVER_CLASS (klass)->rset = test_server_rset;
  smtp_server_class_install_command (SMTP_SERVER_CLASS (klass), "PING", test_server_ping);
}

static void
test_server_init (TestServer *self)
{
}

/* A client on a socket pair, in the same main loop. */

typedef struct
{
  SmtpServer *server;
  GSocketConnection *client;
} Fixture;

static guint n_warnings;

static void
connect_client (Fixture *fixture)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_auto (GStrv) addresses = smtp_server_dup_listen_addresses (fixture->server);
  g_autoptr (GError) error = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  fixture->client = g_socket_client_connect_to_host (client, addresses[0], 25, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (g_socket_connection_get_socket (fixture->client), FALSE);
}

static void
send_line (Fixture    *fixture,
           const char *line)
{
  g_autofree char *text = g_strconcat (line, "\r\n", NULL);
  GSocket *socket = g_socket_connection_get_socket (fixture->client);

  g_assert_cmpint (g_socket_send (socket, text, strlen (text), NULL, NULL), ==, strlen (text));
}

/* Without its CRLF. */
static char *
read_line (Fixture *fixture)
{
  GSocket *socket = g_socket_connection_get_socket (fixture->client);
  GString *line = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (!g_str_has_suffix (line->str, "\r\n"))
    {
      char octet;

      if (g_socket_receive (socket, &octet, 1, NULL, NULL) == 1)
        g_string_append_c (line, octet);
      else
        g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }

  return g_string_free (g_string_truncate (line, line->len - 2), FALSE);
}

/* Sends a line, if there is one, and waits for a whole reply. */
static char *
ask (Fixture    *fixture,
     const char *line)
{
  g_autoptr (GString) reply = g_string_new (NULL);
  gboolean last;

  if (line != NULL)
    send_line (fixture, line);

  do
    {
      g_autofree char *part = read_line (fixture);

      last = part[3] == ' ';
      g_string_append (reply, part);
      if (!last)
        g_string_append_c (reply, '|');
    }
  while (!last);

  return g_strdup (reply->str);
}

static void
assert_reply (Fixture    *fixture,
              const char *line,
              const char *expected)
{
  g_autofree char *reply = ask (fixture, line);

  g_assert_cmpstr (reply, ==, expected);
}

static void
assert_code (Fixture    *fixture,
             const char *line,
             const char *code)
{
  g_autofree char *reply = ask (fixture, line);

  if (!g_str_has_prefix (reply, code))
    g_error ("%s got %s, not %s", line, reply, code);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  n_warnings = 0;
  fixture->server = g_object_new (TEST_TYPE_SERVER, "hook-timeout", 1, NULL);
  smtp_server_listen (fixture->server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);

  connect_client (fixture);
  assert_code (fixture, NULL, "220");
  assert_code (fixture, "EHLO me", "250");
  assert_code (fixture, "MAIL FROM:<a@e.org>", "250");
}

static void
drop_client (Fixture *fixture)
{
  g_io_stream_close (G_IO_STREAM (fixture->client), NULL, NULL);
  g_clear_object (&fixture->client);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->client != NULL)
    drop_client (fixture);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (fixture->server);
}

/* What signal handlers do */

typedef struct
{
  SmtpVerdict verdict;
  Decide decide;
  guint n_calls;
} Hook;

static SmtpVerdict
on_rcpt (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters,
         Hook           *hook)
{
  hook->n_calls++;
  if (hook->decide != NULL)
    hook->decide (request);

  return hook->verdict;
}

static SmtpRequest *held;

static void
hold (SmtpRequest *request)
{
  smtp_request_hold (request);
  held = g_object_ref (request);
}

static void
accept_it (SmtpRequest *request)
{
  g_assert_true (smtp_request_reply (request, 250, "2.1.5 mine"));
}

static void
refuse_it (SmtpRequest *request)
{
  g_assert_true (smtp_request_reply (request, 550, "5.1.1 no"));
}

static void
refuse_twice (SmtpRequest *request)
{
  refuse_it (request);
  g_assert_false (smtp_request_reply (request, 250, NULL));
  g_assert_false (smtp_request_proceed (request));
  g_assert_false (smtp_request_fail (request, NULL));
}

static void
proceed (SmtpRequest *request)
{
  g_assert_true (smtp_request_proceed (request));
}

static void
fail (SmtpRequest *request)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "secret");

  g_assert_true (smtp_request_fail (request, error));
}

static gpointer
accept_in_thread (gpointer data)
{
  g_autoptr (SmtpRequest) request = data;

  g_usleep (20000);
  smtp_request_reply (request, 250, "2.1.5 later");

  return NULL;
}

static void
hold_for_thread (SmtpRequest *request)
{
  smtp_request_hold (request);
  g_thread_unref (g_thread_new ("answer", accept_in_thread, g_object_ref (request)));
}

static void
hold_and_accept (SmtpRequest *request)
{
  smtp_request_hold (request);
  accept_it (request);
}

static void
rewrite (SmtpRequest *request)
{
  g_autoptr (SmtpAddress) address = smtp_address_new ("other@e.org", NULL);

  smtp_request_set_address (request, address);
}

/* One signal handler: a row for each thing that it may do. */

typedef struct
{
  const char *name;
  SmtpVerdict verdict;
  Decide decide;
  const char *reply;
  guint n_recipients;
  guint n_warnings;
} Row;

#define ACCEPTED "250 2.1.5 Recipient OK"
#define INTERNAL "451 4.3.0 Internal error, try again later"

static const Row rows[] =
{
  { "continue", SMTP_VERDICT_CONTINUE, NULL, ACCEPTED, 1, 0 },
  { "failed", SMTP_VERDICT_FAILED, NULL, INTERNAL, 0, 1 },
  { "handled", SMTP_VERDICT_HANDLED, NULL, "451 4.3.0 No decision in time, try again later", 0, 0 },
  { "invalid", 42, NULL, INTERNAL, 0, 1 },
  { "accept", SMTP_VERDICT_HANDLED, accept_it, "250 2.1.5 mine", 1, 0 },
  { "accept-and-fail", SMTP_VERDICT_FAILED, accept_it, "250 2.1.5 mine", 1, 0 },
  { "refuse", SMTP_VERDICT_HANDLED, refuse_it, "550 5.1.1 no", 0, 0 },
  { "refuse-and-continue", SMTP_VERDICT_CONTINUE, refuse_it, "550 5.1.1 no", 0, 0 },
  { "refuse-twice", SMTP_VERDICT_CONTINUE, refuse_twice, "550 5.1.1 no", 0, 0 },
  { "proceed", SMTP_VERDICT_HANDLED, proceed, ACCEPTED, 1, 0 },
  { "fail", SMTP_VERDICT_HANDLED, fail, INTERNAL, 0, 0 },
  { "hold-for-ever", SMTP_VERDICT_FAILED, hold, "451 4.3.0 No decision in time, try again later", 0, 0 },
  { "hold-and-accept", SMTP_VERDICT_FAILED, hold_and_accept, "250 2.1.5 mine", 1, 0 },
  { "thread", SMTP_VERDICT_FAILED, hold_for_thread, "250 2.1.5 later", 1, 0 },
  { "rewrite", SMTP_VERDICT_CONTINUE, rewrite, ACCEPTED, 1, 0 },
};

static SmtpVerdict
take (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      char        **rcpt_tos)
{
  g_auto (GStrv) strv = smtp_envelope_dup_rcpt_tos (envelope);

  *rcpt_tos = g_strjoinv (",", strv);
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;
  Hook hook = { row->verdict, row->decide, 0 };
  g_autofree char *rcpt_tos = NULL;

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (take), &rcpt_tos);
  assert_reply (fixture, "RCPT TO:<b@e.org>", row->reply);
  g_assert_cmpuint (hook.n_calls, ==, 1);
  g_assert_cmpuint (n_warnings, ==, row->n_warnings);
  g_clear_object (&held);

  if (row->n_recipients == 0)
    {
      assert_code (fixture, "DATA", "554");
      return;
    }

  assert_code (fixture, "DATA", "354");
  assert_code (fixture, ".", "250");
  g_assert_cmpstr (rcpt_tos, ==, row->decide == rewrite ? "other@e.org" : "b@e.org");
}

/* Stages */

static TestHandler *
add_handler (Fixture *fixture,
             Decide   decide)
{
  TestHandler *handler = g_object_new (TEST_TYPE_HANDLER, NULL);

  handler->rcpt = decide;
  smtp_server_add_handler (fixture->server, SMTP_HANDLER (handler));
  g_object_unref (handler);

  return handler;
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  Hook first = { SMTP_VERDICT_CONTINUE }, second = { SMTP_VERDICT_CONTINUE };
  TestHandler *one = add_handler (fixture, proceed);
  TestHandler *two = add_handler (fixture, refuse_it);
  TestHandler *three = add_handler (fixture, accept_it);
  gulong id;

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &first);
  id = g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &second);
  assert_code (fixture, "RCPT TO:<b@e.org>", "550");
  g_assert_cmpuint (first.n_calls + second.n_calls, ==, 2);
  g_assert_cmpuint (one->n_calls, ==, 1);
  g_assert_cmpuint (two->n_calls, ==, 1);
  g_assert_cmpuint (three->n_calls, ==, 0);

  second.verdict = SMTP_VERDICT_FAILED;
  g_signal_handler_block (fixture->server, id);
  assert_code (fixture, "RCPT TO:<b@e.org>", "550");
  g_assert_cmpuint (second.n_calls, ==, 1);
  g_signal_handlers_block_matched (fixture->server, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, on_rcpt, NULL);
  assert_code (fixture, "RCPT TO:<b@e.org>", "550");
  g_assert_cmpuint (first.n_calls, ==, 2);

  g_assert_true (smtp_server_remove_handler (fixture->server, SMTP_HANDLER (two)));
  assert_code (fixture, "RCPT TO:<b@e.org>", "250");
}

static void
test_silent_handler (Fixture       *fixture,
                     gconstpointer  data)
{
  add_handler (fixture, NULL);
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  g_assert_cmpuint (n_warnings, ==, 1);
}

/* Who held and has proceeded does not speak for the next one. */
static void
test_spent (Fixture       *fixture,
            gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_HANDLED, hold };
  SmtpRequest *first;
  TestHandler *handler = add_handler (fixture, hold);

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  send_line (fixture, "RCPT TO:<b@e.org>");
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  first = g_steal_pointer (&held);
  g_assert_true (smtp_request_proceed (first));
  g_assert_false (smtp_request_proceed (first));
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpuint (handler->n_calls, ==, 1);
  g_assert_true (held != first);
  g_assert_false (smtp_request_proceed (first));
  g_assert_false (smtp_request_reply (first, 250, NULL));
  g_assert_true (smtp_request_reply (held, 550, "5.7.1 second"));
  assert_reply (fixture, NULL, "550 5.7.1 second");
  g_assert_cmpuint (smtp_reply_get_code (smtp_request_get_final_reply (first)), ==, 550);
  g_object_unref (first);
  g_clear_object (&held);
}

/* A handler that is taken away meanwhile does not make the next one be skipped. */
static void
test_removed (Fixture       *fixture,
              gconstpointer  data)
{
  TestHandler *one = add_handler (fixture, hold);

  add_handler (fixture, refuse_it);
  send_line (fixture, "RCPT TO:<b@e.org>");
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (smtp_server_remove_handler (fixture->server, SMTP_HANDLER (one)));
  g_assert_true (smtp_request_proceed (held));
  g_clear_object (&held);
  assert_reply (fixture, NULL, "550 5.1.1 no");
}

static void
count_call (GCancellable *cancellable,
            guint        *n_calls)
{
  (*n_calls)++;
}

static void
test_client_leaves (Fixture       *fixture,
                    gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_HANDLED, hold };
  guint n_calls = 0;

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  send_line (fixture, "RCPT TO:<b@e.org>");
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_signal_connect (smtp_request_get_cancellable (held), "cancelled", G_CALLBACK (count_call), &n_calls);
  drop_client (fixture);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpuint (n_calls, ==, 1);
  g_assert_false (smtp_request_reply (held, 250, NULL));
  g_assert_true (smtp_session_get_closed (smtp_request_get_session (held)));
  g_clear_object (&held);
}

static void
test_time_over (Fixture       *fixture,
                gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_HANDLED, hold };
  guint n_calls = 0;

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  send_line (fixture, "RCPT TO:<b@e.org>");
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_signal_connect (smtp_request_get_cancellable (held), "cancelled", G_CALLBACK (count_call), &n_calls);
  assert_code (fixture, NULL, "451");
  g_assert_cmpuint (n_calls, ==, 1);
  g_assert_false (smtp_request_reply (held, 250, NULL));
  g_clear_object (&held);
  assert_code (fixture, "NOOP", "250");
}

/* Exceptions */

typedef struct
{
  char *message;
  Decide decide;
  SmtpVerdict verdict;
} Exception;

static SmtpVerdict
on_exception (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const GError *error,
              Exception    *exception)
{
  g_free (exception->message);
  exception->message = g_strdup (error->message);
  if (exception->decide != NULL)
    exception->decide (request);

  return exception->verdict;
}

static void
test_exception (Fixture       *fixture,
                gconstpointer  data)
{
  Exception exception = { NULL, NULL, SMTP_VERDICT_CONTINUE };
  Hook hook = { SMTP_VERDICT_FAILED, fail };

  g_signal_connect (fixture->server, "handle-exception", G_CALLBACK (on_exception), &exception);
  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  g_assert_cmpstr (exception.message, ==, "secret");

  hook.decide = NULL;
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  g_assert_cmpstr (exception.message, ==, "handle-rcpt returned without an answer");

  exception.decide = refuse_it;
  assert_reply (fixture, "RCPT TO:<b@e.org>", "550 5.1.1 no");

  exception.decide = NULL;
  exception.verdict = SMTP_VERDICT_FAILED;
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  exception.decide = fail;
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  g_free (exception.message);
}

/* Command methods */

static guint n_replied;

static void
on_replied (SmtpRequest *request,
            SmtpReply   *reply)
{
  g_assert_true (smtp_request_get_final_reply (request) == reply);
  n_replied++;
}

static void
reset_with_line (SmtpRequest *request)
{
  g_signal_connect (request, "replied", G_CALLBACK (on_replied), NULL);
  smtp_request_add_line (request, "so much for that");
  chain_up (request);
  chain_up (request);
}

static void
reset_nothing (SmtpRequest *request)
{
}

static gboolean
chain_up_late (gpointer data)
{
  chain_up (held);
  chain_up (held);
  g_clear_object (&held);

  return G_SOURCE_REMOVE;
}

static void
reset_late (SmtpRequest *request)
{
  hold (request);
  g_signal_connect (request, "replied", G_CALLBACK (on_replied), NULL);
  g_timeout_add (10, chain_up_late, NULL);
}

static void
test_methods (Fixture       *fixture,
              gconstpointer  data)
{
  TestServer *server = TEST_SERVER (fixture->server);

  n_replied = 0;
  assert_reply (fixture, "PING", "259 OK");
  assert_reply (fixture, "RSET", "250 2.0.0 OK");
  server->rset = reset_with_line;
  assert_reply (fixture, "RSET", "250-2.0.0 so much for that|250 2.0.0 OK");
  g_assert_cmpuint (n_replied, ==, 1);
  server->rset = reset_late;
  assert_reply (fixture, "RSET", "250 2.0.0 OK");
  g_assert_cmpuint (n_replied, ==, 2);
  server->rset = proceed;
  assert_reply (fixture, "RSET", "250 2.0.0 OK");
  server->rset = reset_nothing;
  assert_reply (fixture, "RSET", INTERNAL);
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_cmpuint (server->n_resets, ==, 5);
}

static void
on_hello (SmtpServer  *server,
          SmtpSession *session,
          SmtpRequest *request,
          const char  *argument,
          gpointer     data)
{
  g_assert_cmpstr (argument, ==, "you there");
  g_assert_true (smtp_server_remove_command (server, "hello"));
  smtp_request_reply (request, 250, data);
}

static void
test_commands (Fixture       *fixture,
               gconstpointer  data)
{
  smtp_server_add_command (fixture->server, "hello", on_hello, g_strdup ("well"), g_free);
  assert_reply (fixture, "HELLO you there", "250 well");
  assert_code (fixture, "HELLO you there", "500");
  g_assert_false (smtp_server_remove_command (fixture->server, "HELLO"));
  g_assert_true (smtp_server_remove_command (fixture->server, "ping"));
  assert_code (fixture, "PING", "500");
  g_assert_true (smtp_server_remove_command (fixture->server, "VRFY"));
  assert_code (fixture, "VRFY x", "500");
}

static void
test_keywords (Fixture       *fixture,
               gconstpointer  data)
{
  smtp_server_set_hostname (fixture->server, "mx");
  smtp_server_add_keyword (fixture->server, "XFOO", NULL);
  smtp_server_add_keyword (fixture->server, "xfoo", "1 2");
  smtp_server_remove_keyword (fixture->server, "pipelining");
  smtp_server_remove_keyword (fixture->server, "HELP");
  smtp_server_remove_keyword (fixture->server, "SIZE");
  smtp_server_remove_keyword (fixture->server, "ENHANCEDSTATUSCODES");
  assert_reply (fixture, "EHLO me", "250-mx|250-8BITMIME|250-BINARYMIME|250-CHUNKING|250 xfoo 1 2");
}

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  if ((level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, data);

  n_warnings++;

  return G_LOG_WRITER_HANDLED;
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/hooks/signal/", rows[i].name, NULL);

      g_test_add (path, Fixture, &rows[i], set_up, test_row, tear_down);
    }

#define ADD(name, func) g_test_add ("/hooks/" name, Fixture, NULL, set_up, func, tear_down)

  ADD ("order", test_order);
  ADD ("silent-handler", test_silent_handler);
  ADD ("spent", test_spent);
  ADD ("removed", test_removed);
  ADD ("client-leaves", test_client_leaves);
  ADD ("time-over", test_time_over);
  ADD ("exception", test_exception);
  ADD ("methods", test_methods);
  ADD ("commands", test_commands);
  ADD ("keywords", test_keywords);

  return g_test_run ();
}
