/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever ends first, client, server or answer, and in whichever phase: nothing is used after
 * it is gone, and nothing stays behind. */

#include "lifetimes-fixture.h"

/* The phases: the hook in which it happens, and what the client sends up to it. */

#define EHLO "EHLO me\r\n"
#define MAIL EHLO "MAIL FROM:<a@e.org>\r\n"
#define RCPT MAIL "RCPT TO:<b@e.org>\r\n"
#define TEXT RCPT "DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n"
#define CHUNK RCPT "BDAT 5\r\nhelloBDAT 3 LAST\r\nabc"
/* NUL alice NUL sesame */
#define AUTH EHLO "AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n"
#define PROXY "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n"

typedef struct
{
  const char *hook;
  const char *input;
  SmtpListenerKind kind;
  guint n_before;        /* how often the hook is asked before that */
} Phase;

static const Phase phases[] =
{
  { "connect", "" }, { "helo", "HELO me\r\n" }, { "ehlo", EHLO }, { "noop", "NOOP\r\n" },
  { "vrfy", "VRFY x\r\n" }, { "expn", "EXPN x\r\n" }, { "help", "HELP\r\n" }, { "rset", MAIL "RSET\r\n" },
  { "mail", MAIL }, { "rcpt", RCPT }, { "data-begin", TEXT }, { "data", TEXT }, { "data", CHUNK },
  { "quit", "QUIT\r\n" }, { "credentials", AUTH }, { "auth", AUTH }, { "etrn", EHLO "ETRN e.org\r\n" },
  { "burl", RCPT "BURL imap://e.org/x LAST\r\n" }, { "proxy", PROXY, SMTP_LISTENER_KIND_PROXY_SMTP },
  { "connect", PROXY, SMTP_LISTENER_KIND_PROXY_SMTP }, { "connect", EHLO "XCLIENT ADDR=192.0.2.1\r\n", .n_before = 1 },
};

typedef struct _Test Test;
typedef void (*Misfortune) (Test        *test,
                            SmtpSession *session,
                            SmtpRequest *request);

/* What happens in the hook, and what later, to the request that it holds. */
typedef struct
{
  const char *name;
  Misfortune inside;
  Misfortune later;
} Case;

struct _Test
{
  const Case *what;
  SmtpServer *server;        /* NULL when it is gone */
  gpointer server_weak;
  GSocket *client;
  SmtpSession *session;
  SmtpEnvelope *envelope;
  SmtpRequest *request;
  guint n_before;
  guint n_calls;
};

static void
hook_marshal (GClosure     *closure,
              GValue       *return_value,
              guint         n_params,
              const GValue *params,
              gpointer      hint,
              gpointer      data)
{
  Test *test = closure->data;
  SmtpSession *session = g_value_get_object (&params[1]);
  SmtpRequest *request = g_value_get_object (&params[3]);

  g_value_set_enum (return_value, SMTP_VERDICT_HANDLED);
  if (test->n_before > 0 || test->n_calls++ > 0)
    {
      test->n_before -= MIN (test->n_before, 1);
      g_value_set_enum (return_value, SMTP_VERDICT_CONTINUE);
      return;
    }

  g_set_object (&test->session, session);
  g_set_object (&test->envelope, g_value_get_object (&params[2]));
  g_set_object (&test->request, request);
  smtp_request_hold (request);
  if (test->what->inside != NULL)
    test->what->inside (test, session, request);
}

/* Misfortunes */

static void
drop_server (Test        *test,
             SmtpSession *session,
             SmtpRequest *request)
{
  g_clear_object (&test->server);
}

static void
dispose_server (Test        *test,
                SmtpSession *session,
                SmtpRequest *request)
{
  g_object_run_dispose (G_OBJECT (test->server));
}

static void
close_server (Test        *test,
              SmtpSession *session,
              SmtpRequest *request)
{
  g_socket_listener_close (G_SOCKET_LISTENER (test->server));
}

static void
stop_server (Test        *test,
             SmtpSession *session,
             SmtpRequest *request)
{
  g_socket_service_stop (G_SOCKET_SERVICE (test->server));
}

static void
drain_server (Test        *test,
              SmtpSession *session,
              SmtpRequest *request)
{
  smtp_server_drain (test->server, 60 * 1000);
}

static void
drain_at_once (Test        *test,
               SmtpSession *session,
               SmtpRequest *request)
{
  smtp_server_drain (test->server, 0);
  g_clear_object (&test->server);
}

/* What a hook is given is not its own, and yet it may do that. */
static void
dispose_session (Test        *test,
                 SmtpSession *session,
                 SmtpRequest *request)
{
  g_object_run_dispose (G_OBJECT (session));
}

static void
dispose_request (Test        *test,
                 SmtpSession *session,
                 SmtpRequest *request)
{
  g_object_run_dispose (G_OBJECT (request));
}

static void
dispose_envelope (Test        *test,
                  SmtpSession *session,
                  SmtpRequest *request)
{
  if (test->envelope != NULL)
    g_object_run_dispose (G_OBJECT (test->envelope));
}

static void
proceed (Test        *test,
         SmtpSession *session,
         SmtpRequest *request)
{
  smtp_request_proceed (request);
}

static void
close_session (Test        *test,
               SmtpSession *session,
               SmtpRequest *request)
{
  g_autoptr (SmtpReply) reply = smtp_reply_new (421, "4.3.2 Going");

  smtp_session_close (session, reply);
  smtp_session_close (session, NULL);
}

static void
answer_twice (Test        *test,
              SmtpSession *session,
              SmtpRequest *request)
{
  g_assert_true (smtp_request_reply (request, 550, "5.0.0 no"));
  g_assert_false (smtp_request_reply (request, 250, "2.0.0 yes"));
  g_assert_false (smtp_request_proceed (request));
}

static void
answer_nobody (Test        *test,
               SmtpSession *session,
               SmtpRequest *request)
{
  g_assert_false (smtp_request_reply (request, 250, "2.0.0 yes"));
  g_assert_true (g_cancellable_is_cancelled (smtp_request_get_cancellable (request)));
}

static void
answer_421 (Test        *test,
            SmtpSession *session,
            SmtpRequest *request)
{
  smtp_request_reply (request, 421, NULL);
}

static void
fail_and_drop (Test        *test,
               SmtpSession *session,
               SmtpRequest *request)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "inside");

  smtp_request_fail (request, error);
  g_clear_object (&test->server);
}

static void
reset_client (Test        *test,
              SmtpSession *session,
              SmtpRequest *request)
{
  /* What is not read makes a close on a socket pair a reset. */
  g_socket_close (test->client, NULL);
}

static void
finish_client (Test        *test,
               SmtpSession *session,
               SmtpRequest *request)
{
  g_socket_shutdown (test->client, FALSE, TRUE, NULL);
}

static gpointer
answer_in_thread (gpointer data)
{
  g_autoptr (SmtpRequest) request = data;

  g_usleep (g_random_int_range (0, 300));
  smtp_request_proceed (request);

  return NULL;
}

/* The answer and the end of the client meet anywhere. */
static void
race (Test        *test,
      SmtpSession *session,
      SmtpRequest *request)
{
  GThread *thread = g_thread_new ("answer", answer_in_thread, g_object_ref (request));

  g_usleep (g_random_int_range (0, 200));
  g_socket_close (test->client, NULL);
  g_main_context_iteration (NULL, FALSE);
  g_thread_join (thread);
}

static void
race_with_server (Test        *test,
                  SmtpSession *session,
                  SmtpRequest *request)
{
  GThread *thread = g_thread_new ("answer", answer_in_thread, g_object_ref (request));

  g_usleep (g_random_int_range (0, 200));
  g_clear_object (&test->server);
  g_thread_join (thread);
}

static const Case cases[] =
{
  { "inside/drop-server", drop_server, NULL },
  { "inside/dispose-server", dispose_server, NULL },
  { "inside/close-server", close_server, answer_twice },
  { "inside/stop-server", stop_server, proceed },
  { "inside/drain-server", drain_server, proceed },
  { "inside/drain-at-once", drain_at_once, NULL },
  { "inside/dispose-session", dispose_session, proceed },
  { "inside/dispose-request", dispose_request, proceed },
  { "inside/dispose-envelope", dispose_envelope, proceed },
  { "inside/close-session", close_session, NULL },
  { "inside/answer-twice", answer_twice, answer_421 },
  { "inside/answer-421", answer_421, NULL },
  { "inside/fail-and-drop", fail_and_drop, NULL },
  { "inside/reset-client", reset_client, answer_nobody },
  { "later/drop-server", NULL, drop_server },
  { "later/dispose-server", NULL, dispose_server },
  { "later/stop-server", NULL, stop_server },
  { "later/drain-server", NULL, drain_server },
  { "later/drain-at-once", NULL, drain_at_once },
  { "later/dispose-session", NULL, dispose_session },
  { "later/dispose-request", NULL, dispose_request },
  { "later/dispose-envelope", NULL, dispose_envelope },
  { "later/close-session", NULL, close_session },
  { "later/reset-client", NULL, reset_client },
  { "later/finish-client", NULL, finish_client },
  { "later/answer-421", NULL, answer_421 },
  { "later/race", NULL, race },
  { "later/race-with-server", NULL, race_with_server },
  { "never", NULL, NULL },
};

/* A run */

/* What the program kept is still good for something, and knows that it is over. */
static void
use_leftovers (Test *test)
{
  smtp_request_reply (test->request, 250, NULL);
  smtp_request_proceed (test->request);
  g_assert_nonnull (smtp_request_get_verb (test->request));
  g_assert_true (smtp_request_get_session (test->request) == test->session);
  g_assert_nonnull (smtp_request_get_cancellable (test->request));
  smtp_session_close (test->session, NULL);
  g_assert_nonnull (smtp_session_get_protocol (test->session));
  if (test->envelope != NULL)
    smtp_envelope_get_n_recipients (test->envelope);
}

static gboolean is_first_run = TRUE;

static void
make_server (Test        *test,
             const Phase *phase)
{
  g_autofree char *signal = g_strconcat ("handle-", phase->hook, NULL);
  GClosure *closure = g_closure_new_simple (sizeof (GClosure), test);

  test->server = test->server_weak = smtp_server_new ();
  g_object_add_weak_pointer (G_OBJECT (test->server), &test->server_weak);
  g_closure_set_marshal (closure, hook_marshal);
  g_signal_connect_closure (test->server, signal, closure, FALSE);
  smtp_server_set_auth_requires_tls (test->server, FALSE);
  smtp_server_set_auth_mechanisms (test->server, (const char * const []) { "PLAIN", NULL });
  lifetimes_trust_all (test->server);
}

static void
check_end (Test  *test,
           guint  n_descriptors)
{
  g_clear_object (&test->server);
  g_clear_object (&test->client);
  lifetimes_run_loop ();
  use_leftovers (test);
  lifetimes_run_loop ();
  g_assert_true (smtp_session_get_closed (test->session));

  /* A request keeps its server, which somebody may ask it for. */
  g_assert_finalize_object (test->request);
  g_assert_null (test->server_weak);
  if (test->envelope != NULL)
    g_assert_finalize_object (test->envelope);
  g_assert_finalize_object (test->session);
  /* In the first run GLib makes threads and contexts that it keeps. */
  if (is_first_run)
    is_first_run = FALSE;
  else
    lifetimes_check_descriptors (n_descriptors);
}

static void
run_phase (const Case  *what,
           const Phase *phase)
{
  guint n_descriptors = lifetimes_count_descriptors ();
  Test test = { .what = what, .n_before = phase->n_before };

  make_server (&test, phase);
  lifetimes_connect (test.server, phase->kind, &test.client);
  g_socket_send (test.client, phase->input, strlen (phase->input), NULL, NULL);

  for (guint i = 0; i < 10000 && test.n_calls == 0; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (test.n_calls, >, 0);
  lifetimes_run_loop ();
  if (what->later != NULL)
    what->later (&test, test.session, test.request);
  lifetimes_run_loop ();
  check_end (&test, n_descriptors);
}

static void
test_case (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    run_phase (data, &phases[i]);
}

/* By TCP, with a reset that is sent at once, while a request is held. */
static void
test_reset (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      guint n_descriptors = lifetimes_count_descriptors ();
      Test test = { .what = &cases[G_N_ELEMENTS (cases) - 1], .n_before = phases[i].n_before };
      struct linger at_once = { 1, 0 };

      make_server (&test, &phases[i]);
      lifetimes_connect_by_tcp (test.server, phases[i].kind, &test.client);
      g_socket_send (test.client, phases[i].input, strlen (phases[i].input), NULL, NULL);
      while (test.n_calls == 0)
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (setsockopt (g_socket_get_fd (test.client), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), ==, 0);
      g_socket_close (test.client, NULL);
      while (!g_cancellable_is_cancelled (smtp_request_get_cancellable (test.request)))
        g_main_context_iteration (NULL, TRUE);

      answer_nobody (&test, test.session, test.request);
      check_end (&test, n_descriptors);
    }
}

/* The hooks that nobody answers */

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session,
               Test        *test)
{
  g_set_object (&test->session, session);
  test->n_calls++;
  test->what->inside (test, session, NULL);
}

static GOutputStream *
on_body (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         Test         *test)
{
  g_set_object (&test->session, session);
  g_set_object (&test->envelope, envelope);
  test->n_calls++;
  test->what->inside (test, session, NULL);

  return g_memory_output_stream_new_resizable ();
}

static SmtpVerdict
on_parameter (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              const char   *verb,
              const char   *keyword,
              const char   *value,
              Test         *test)
{
  g_set_object (&test->session, session);
  g_set_object (&test->envelope, envelope);
  test->n_calls++;
  test->what->inside (test, session, NULL);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_exception (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const GError *error,
              Test         *test)
{
  g_set_object (&test->session, session);
  test->n_calls++;
  test->what->inside (test, session, request);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
fail (void)
{
  return SMTP_VERDICT_FAILED;
}

static void
run_unanswered (const Case *what,
                const char *signal,
                GCallback   callback,
                const char *input)
{
  guint n_descriptors = lifetimes_count_descriptors ();
  Test test = { .what = what, .server = smtp_server_new () };

  test.server_weak = test.server;
  g_object_add_weak_pointer (G_OBJECT (test.server), &test.server_weak);
  g_signal_connect (test.server, signal, callback, &test);
  g_signal_connect (test.server, "handle-noop", G_CALLBACK (fail), NULL);
  lifetimes_connect (test.server, SMTP_LISTENER_KIND_SMTP, &test.client);
  g_socket_send (test.client, input, strlen (input), NULL, NULL);
  for (guint i = 0; i < 10000 && test.n_calls == 0; i++)
    g_main_context_iteration (NULL, FALSE);
  lifetimes_run_loop ();

  g_clear_object (&test.server);
  g_clear_object (&test.client);
  lifetimes_run_loop ();
  g_assert_cmpuint (test.n_calls, ==, 1);
  g_assert_null (test.server_weak);
  g_assert_true (smtp_session_get_closed (test.session));
  g_clear_object (&test.envelope);
  g_assert_finalize_object (test.session);
  lifetimes_check_descriptors (n_descriptors);
}

static void
test_unanswered (gconstpointer data)
{
  const Case *what = data;

  /* There is no request there. */
  if (what->inside == NULL || g_strrstr (what->name, "request") != NULL ||
      g_strrstr (what->name, "answer") != NULL || g_strrstr (what->name, "fail") != NULL)
    return;

  run_unanswered (what, "handle-disconnect", G_CALLBACK (on_disconnect), "QUIT\r\n");
  run_unanswered (what, "handle-body", G_CALLBACK (on_body), TEXT);
  run_unanswered (what, "handle-body", G_CALLBACK (on_body), CHUNK);
  run_unanswered (what, "handle-parameter", G_CALLBACK (on_parameter), EHLO "MAIL FROM:<a@e.org> X=y\r\n");
  run_unanswered (what, "handle-parameter", G_CALLBACK (on_parameter), MAIL "RCPT TO:<a@e.org> X=y\r\n");
  run_unanswered (what, "handle-exception", G_CALLBACK (on_exception), "NOOP\r\n");
}

/* Sessions outlive their server, and requests their session, in any order. */
static void
test_orders (void)
{
  static const char * const orders[] = { "csr", "crs", "scr", "src", "rcs", "rsc" };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      Test test = { .what = &cases[G_N_ELEMENTS (cases) - 1], .server = smtp_server_new () };
      GClosure *closure = g_closure_new_simple (sizeof (GClosure), &test);

      g_closure_set_marshal (closure, hook_marshal);
      g_signal_connect_closure (test.server, "handle-rcpt", closure, FALSE);
      lifetimes_connect (test.server, SMTP_LISTENER_KIND_SMTP, &test.client);
      g_socket_send (test.client, RCPT, strlen (RCPT), NULL, NULL);
      while (test.n_calls == 0)
        g_main_context_iteration (NULL, FALSE);
      g_clear_object (&test.envelope);

      for (const char *what = orders[i]; *what != '\0'; what++)
        {
          if (*what == 'c')
            g_clear_object (&test.client);
          else if (*what == 's')
            g_clear_object (&test.server);
          else
            g_clear_object (&test.request);
          lifetimes_run_loop ();
        }
      g_assert_true (smtp_session_get_closed (test.session));
      g_assert_finalize_object (test.session);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (lifetimes_write_log, NULL, NULL);

  run_phase (&cases[G_N_ELEMENTS (cases) - 1], &phases[0]);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/lifetimes/", cases[i].name, NULL);

      g_autofree char *unanswered = g_strconcat ("/lifetimes/unanswered/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_test_add_data_func (unanswered, &cases[i], test_unanswered);
    }
  g_test_add_func ("/lifetimes/reset", test_reset);
  g_test_add_func ("/lifetimes/orders", test_orders);

  return g_test_run ();
}
