/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The contract with hooks and handlers: who is asked in which order, who is heard, and that
 * whoever says nothing lets nothing through. */

#include <string.h>
#include <sys/socket.h>

#include <smtpd/smtpd.h>

#include "test-log.h"

/* A handler whose method the tests set. */

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

/* A client on a socket pair, in the same main loop. */

typedef struct
{
  SmtpServer *server;
  GSocket *client;
} Fixture;

static void
connect_client (Fixture *fixture)
{
  g_autoptr (GSocket) theirs = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->client = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  theirs = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (fixture->client, FALSE);

  connection = g_socket_connection_factory_create_connection (theirs);
  smtp_server_accept_stream (fixture->server, G_IO_STREAM (connection), SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
}

static void
send_line (Fixture    *fixture,
           const char *line)
{
  g_autofree char *text = g_strconcat (line, "\r\n", NULL);

  g_assert_cmpint (g_socket_send (fixture->client, text, strlen (text), NULL, NULL), ==, strlen (text));
}

/* Without its CRLF. */
static char *
read_line (Fixture *fixture)
{
  GString *line = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  while (!g_str_has_suffix (line->str, "\r\n"))
    {
      char octet;

      if (g_socket_receive (fixture->client, &octet, 1, NULL, NULL) == 1)
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
  fixture->server = g_object_new (SMTP_TYPE_SERVER, "hook-timeout", 1, "hostname", "mx", NULL);
  connect_client (fixture);
  assert_code (fixture, NULL, "220");
  assert_code (fixture, "EHLO me", "250");
  assert_code (fixture, "MAIL FROM:<a@e.org>", "250");
}

static void
drop_client (Fixture *fixture)
{
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
  log_assert_done ();
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

static gboolean
run_late (gpointer data)
{
  g_autoptr (SmtpRequest) request = g_steal_pointer (&held);

  ((Decide) data) (request);

  return G_SOURCE_REMOVE;
}

static void
hold_and (SmtpRequest *request,
          Decide       decide)
{
  hold (request);
  g_idle_add (run_late, decide);
}

static void
accept_late (SmtpRequest *request)
{
  hold_and (request, accept_it);
}

static void
refuse_twice_late (SmtpRequest *request)
{
  hold_and (request, refuse_twice);
}

static void
proceed_late (SmtpRequest *request)
{
  hold_and (request, proceed);
}

static void
proceed_twice (SmtpRequest *request)
{
  proceed (request);
  g_assert_false (smtp_request_proceed (request));
  g_assert_false (smtp_request_reply (request, 550, NULL));
}

static void
proceed_twice_late (SmtpRequest *request)
{
  hold_and (request, proceed_twice);
}

static void
fail_late (SmtpRequest *request)
{
  hold_and (request, fail);
}

static void
hold_and_proceed (SmtpRequest *request)
{
  smtp_request_hold (request);
  proceed (request);
}

static void
hold_and_fail (SmtpRequest *request)
{
  smtp_request_hold (request);
  fail (request);
}

static gpointer
run_in_thread (gpointer data)
{
  run_late (data);

  return NULL;
}

static void
proceed_in_thread (SmtpRequest *request)
{
  hold (request);
  g_thread_unref (g_thread_new ("proceed", run_in_thread, proceed));
}

static void
fail_in_thread (SmtpRequest *request)
{
  hold (request);
  g_thread_unref (g_thread_new ("fail", run_in_thread, fail));
}

static gpointer
refuse_in_thread (gpointer data)
{
  g_assert_true (smtp_request_reply (data, 550, "5.7.1 thread"));

  return NULL;
}

static void
reply_in_joined_thread (SmtpRequest *request)
{
  g_thread_join (g_thread_new ("refuse", refuse_in_thread, request));
}

static void
accept_plainly (SmtpRequest *request)
{
  smtp_request_reply (request, 250, "yes");
}

static void
refuse_plainly (SmtpRequest *request)
{
  smtp_request_reply (request, 452, "full");
}

static void
refuse_without_text (SmtpRequest *request)
{
  smtp_request_reply (request, 550, NULL);
}

static void
refuse_in_lines (SmtpRequest *request)
{
  static const char * const lines[] = { "not", "from", "you", NULL };
  g_autoptr (SmtpReply) reply = smtp_reply_new_full (550, "5.7.1", lines);

  smtp_request_send_reply (request, reply);
}

static void
reply_354 (SmtpRequest *request)
{
  smtp_request_reply (request, 354, "go on");
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
  const char *warning;
} Row;

#define ACCEPTED "250 2.1.5 Recipient OK"
#define INTERNAL "451 4.3.0 Internal error, try again later"
#define NO_TIME "451 4.3.0 No decision in time, try again later"
#define SILENT "handle-rcpt returned without an answer"

static const Row rows[] =
{
  { "continue", SMTP_VERDICT_CONTINUE, NULL, ACCEPTED, 1 },
  { "failed", SMTP_VERDICT_FAILED, NULL, INTERNAL, 0, SILENT },
  { "handled", SMTP_VERDICT_HANDLED, NULL, NO_TIME, 0 },
  { "invalid", 42, NULL, INTERNAL, 0, SILENT },
  { "accept", SMTP_VERDICT_HANDLED, accept_it, "250 2.1.5 mine", 1 },
  { "accept-and-fail", SMTP_VERDICT_FAILED, accept_it, "250 2.1.5 mine", 1 },
  { "refuse", SMTP_VERDICT_HANDLED, refuse_it, "550 5.1.1 no", 0 },
  { "refuse-and-continue", SMTP_VERDICT_CONTINUE, refuse_it, "550 5.1.1 no", 0 },
  { "refuse-twice", SMTP_VERDICT_CONTINUE, refuse_twice, "550 5.1.1 no", 0 },
  { "proceed", SMTP_VERDICT_HANDLED, proceed, ACCEPTED, 1 },
  { "fail", SMTP_VERDICT_HANDLED, fail, INTERNAL, 0 },
  { "hold-for-ever", SMTP_VERDICT_FAILED, hold, NO_TIME, 0 },
  { "hold-and-accept", SMTP_VERDICT_FAILED, hold_and_accept, "250 2.1.5 mine", 1 },
  { "thread", SMTP_VERDICT_FAILED, hold_for_thread, "250 2.1.5 later", 1 },
  { "rewrite", SMTP_VERDICT_CONTINUE, rewrite, ACCEPTED, 1 },
  { "hold-reply", SMTP_VERDICT_FAILED, accept_late, "250 2.1.5 mine", 1 },
  { "hold-refuse-twice", SMTP_VERDICT_HANDLED, refuse_twice_late, "550 5.1.1 no", 0 },
  { "hold-proceed", SMTP_VERDICT_FAILED, proceed_late, ACCEPTED, 1 },
  { "hold-proceed-twice", SMTP_VERDICT_HANDLED, proceed_twice_late, ACCEPTED, 1 },
  { "hold-fail", SMTP_VERDICT_CONTINUE, fail_late, INTERNAL, 0 },
  { "hold-proceed-at-once", SMTP_VERDICT_FAILED, hold_and_proceed, ACCEPTED, 1 },
  { "hold-fail-at-once", SMTP_VERDICT_FAILED, hold_and_fail, INTERNAL, 0 },
  { "thread-proceed", SMTP_VERDICT_HANDLED, proceed_in_thread, ACCEPTED, 1 },
  { "thread-fail", SMTP_VERDICT_HANDLED, fail_in_thread, INTERNAL, 0 },
  { "thread-wins-at-once", SMTP_VERDICT_CONTINUE, reply_in_joined_thread, "550 5.7.1 thread", 0 },
  { "no-status", SMTP_VERDICT_HANDLED, accept_plainly, "250 2.0.0 yes", 1 },
  { "no-status-refused", SMTP_VERDICT_HANDLED, refuse_plainly, "452 4.0.0 full", 0 },
  { "no-text", SMTP_VERDICT_HANDLED, refuse_without_text, NULL, 0 },
  { "lines", SMTP_VERDICT_HANDLED, refuse_in_lines, "550-5.7.1 not|550-5.7.1 from|550 5.7.1 you", 0 },
  { "intermediate", SMTP_VERDICT_HANDLED, reply_354, INTERNAL, 0, "354 is no answer to RCPT" },
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
  log_expect (row->warning, 1);
  if (row->reply != NULL)
    assert_reply (fixture, "RCPT TO:<b@e.org>", row->reply);
  else
    assert_code (fixture, "RCPT TO:<b@e.org>", "550 5.0.0 ");
  g_assert_cmpuint (hook.n_calls, ==, 1);
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
  log_expect (SILENT, 1);
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
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
  log_expect (SILENT, 4);
  log_expect ("handle-exception returned without an answer", 1);
  log_expect ("handle-exception failed", 2);
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  g_assert_cmpstr (exception.message, ==, "handle-rcpt returned without an answer");

  exception.decide = refuse_it;
  assert_reply (fixture, "RCPT TO:<b@e.org>", "550 5.1.1 no");

  exception.decide = NULL;
  exception.verdict = SMTP_VERDICT_FAILED;
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);
  exception.decide = fail;
  assert_reply (fixture, "RCPT TO:<b@e.org>", INTERNAL);

  exception.decide = refuse_it;
  hook.verdict = SMTP_VERDICT_HANDLED;
  assert_reply (fixture, "RCPT TO:<b@e.org>", "550 5.1.1 no");
  g_assert_cmpstr (exception.message, ==, "handle-rcpt gave no answer in time");
  exception.decide = accept_late;
  assert_reply (fixture, "RCPT TO:<b@e.org>", "250 2.1.5 mine");
  g_free (exception.message);
}

/* The effect of a command follows what the client is told. */

typedef struct
{
  guint code;
  const char *text;
  guint n_calls;
  char *seen;
} Answer;

static SmtpVerdict
give_answer (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             Answer       *answer)
{
  answer->n_calls++;
  smtp_request_reply (request, answer->code, answer->text);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
give_path_answer (SmtpServer     *server,
                  SmtpSession    *session,
                  SmtpEnvelope   *envelope,
                  SmtpRequest    *request,
                  SmtpAddress    *address,
                  SmtpParameters *parameters,
                  Answer         *answer)
{
  g_assert_nonnull (envelope);
  g_assert_true (smtp_request_get_envelope (request) == envelope);
  g_free (answer->seen);
  answer->seen = g_strdup (smtp_address_get_text (address));

  return answer->code != 0 ? give_answer (server, session, envelope, request, answer) : SMTP_VERDICT_CONTINUE;
}

static void
test_mail_refused (Fixture       *fixture,
                   gconstpointer  data)
{
  Answer answer = { 550, "5.7.1 no" };

  assert_code (fixture, "RSET", "250");
  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (give_path_answer), &answer);
  assert_reply (fixture, "MAIL FROM:<a@e.org>", "550 5.7.1 no");
  assert_code (fixture, "RCPT TO:<b@e.org>", "503");
  assert_code (fixture, "DATA", "503");
  answer.code = 250;
  answer.text = "2.1.0 mine";
  assert_reply (fixture, "MAIL FROM:<c@e.org>", "250 2.1.0 mine");
  g_assert_cmpstr (answer.seen, ==, "c@e.org");
  assert_code (fixture, "MAIL FROM:<c@e.org>", "503");
  assert_code (fixture, "RCPT TO:<b@e.org>", "250");
  g_free (answer.seen);
}

static void
test_data_begin (Fixture       *fixture,
                 gconstpointer  data)
{
  Answer answer = { 250, "taken" };

  assert_code (fixture, "RCPT TO:<b@e.org>", "250");
  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (give_answer), &answer);
  log_expect ("250 is no answer to DATA", 1);
  assert_code (fixture, "DATA", "451");
  answer.code = 452;
  assert_reply (fixture, "DATA", "452 4.0.0 taken");
  /* A hook may give the 354 itself. The message is then taken, and refused, for nobody wants it. */
  answer.code = 354;
  assert_code (fixture, "DATA", "354");
  assert_code (fixture, "NOOP\r\n..\r\n.", "554 5.3.5");
  assert_code (fixture, "RCPT TO:<b@e.org>", "503");
}

static void
test_421 (Fixture       *fixture,
          gconstpointer  data)
{
  Answer answer = { 421, "4.7.0 enough" };
  char octet;

  g_signal_connect (fixture->server, "handle-rset", G_CALLBACK (give_answer), &answer);
  send_line (fixture, "RSET\r\nNOOP");
  assert_reply (fixture, NULL, "421 4.7.0 enough");
  g_socket_set_blocking (fixture->client, TRUE);
  g_socket_set_timeout (fixture->client, 5);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (g_socket_receive (fixture->client, &octet, 1, NULL, NULL), ==, 0);
}

/* Later stages see what earlier ones rewrote. */
static void
see_other (SmtpRequest *request)
{
  const char *text = smtp_address_get_text (smtp_request_get_address (request));

  g_assert_cmpstr (text, ==, "other@e.org");
  proceed (request);
}

static void
rewrite_late (SmtpRequest *request)
{
  rewrite (request);
  proceed_late (request);
}

static void
test_rewritten (Fixture       *fixture,
                gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_FAILED, rewrite_late };
  TestHandler *handler = add_handler (fixture, see_other);
  g_autofree char *rcpt_tos = NULL;

  add_handler (fixture, see_other);
  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (take), &rcpt_tos);
  assert_reply (fixture, "RCPT TO:<b@e.org>", ACCEPTED);
  g_assert_cmpuint (handler->n_calls, ==, 1);
  assert_code (fixture, "DATA", "354");
  assert_code (fixture, ".", "250");
  g_assert_cmpstr (rcpt_tos, ==, "other@e.org");
}

/* One that had no objection has had its say, even if it keeps the request. */
static void
keep (SmtpRequest *request)
{
  held = g_object_ref (request);
}

static void
hold_without_keeping (SmtpRequest *request)
{
  SmtpRequest *first = g_steal_pointer (&held);

  g_assert_true (request != first);
  g_assert_false (smtp_request_reply (first, 250, "2.1.5 too late"));
  g_assert_false (smtp_request_proceed (first));
  g_object_unref (first);
  hold (request);
}

static void
test_continued (Fixture       *fixture,
                gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_CONTINUE, keep };

  add_handler (fixture, hold_without_keeping);
  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  assert_reply (fixture, "RCPT TO:<b@e.org>", NO_TIME);
  g_clear_object (&held);
}

/* All handlers but the first are taken away while it holds: those of then are asked. */
static void
test_all_removed (Fixture       *fixture,
                  gconstpointer  data)
{
  TestHandler *handlers[3];

  handlers[0] = add_handler (fixture, hold);
  handlers[1] = add_handler (fixture, proceed);
  handlers[2] = add_handler (fixture, refuse_it);
  send_line (fixture, "RCPT TO:<b@e.org>");
  while (held == NULL)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_assert_true (smtp_server_remove_handler (fixture->server, SMTP_HANDLER (handlers[i])));
  add_handler (fixture, fail);
  g_assert_true (smtp_request_proceed (held));
  g_clear_object (&held);
  assert_reply (fixture, NULL, "550 5.1.1 no");
}

/* Lines of the default answer */

static SmtpVerdict
edit_lines (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            const char   *host_name,
            gpointer      data)
{
  static const char * const lines[] = { "mx greets you", "SIZE 9", NULL };
  g_auto (GStrv) old = smtp_request_dup_lines (request);

  g_assert_cmpstr (old[0], ==, "mx");
  g_assert_true (g_strv_contains ((const char * const *) old, "PIPELINING"));
  smtp_request_set_lines (request, lines);
  smtp_request_add_line (request, host_name);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
add_remark (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Answer       *answer)
{
  smtp_request_add_line (request, "remark");

  return answer->code != 0 ? give_answer (server, session, envelope, request, answer) : SMTP_VERDICT_CONTINUE;
}

static void
test_lines (Fixture       *fixture,
            gconstpointer  data)
{
  Answer answer = { 0 };

  g_signal_connect (fixture->server, "handle-ehlo", G_CALLBACK (edit_lines), NULL);
  assert_reply (fixture, "EHLO XME", "250-mx greets you|250-SIZE 9|250 XME");
  g_signal_connect (fixture->server, "handle-rset", G_CALLBACK (add_remark), &answer);
  assert_reply (fixture, "RSET", "250-2.0.0 remark|250 2.0.0 OK");
  answer.code = 250;
  assert_code (fixture, "RSET", "250 2.0.0 ");
}

/* The error text stays here, whoever asks. */
static void
test_secret (Fixture       *fixture,
             gconstpointer  data)
{
  Hook hook = { SMTP_VERDICT_HANDLED, fail_late };

  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (on_rcpt), &hook);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *reply = ask (fixture, "RCPT TO:<b@e.org>");

      g_assert_cmpstr (reply, ==, INTERNAL);
      g_assert_null (strstr (reply, "secret"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

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
  ADD ("mail-refused", test_mail_refused);
  ADD ("data-begin", test_data_begin);
  ADD ("421", test_421);
  ADD ("rewritten", test_rewritten);
  ADD ("continued", test_continued);
  ADD ("all-removed", test_all_removed);
  ADD ("lines", test_lines);
  ADD ("secret", test_secret);

  return g_test_run ();
}
