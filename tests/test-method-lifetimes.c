/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What test-lifetimes does to hooks, done to the methods of a subclass, before and behind the library's own, and
 * within the signals that are no hooks. */

#include "lifetimes-fixture.h"

#define EHLO "EHLO me\r\n"
#define MAIL EHLO "MAIL FROM:<a@e.org>\r\n"
#define RCPT MAIL "RCPT TO:<b@e.org>\r\n"
#define TEXT RCPT "DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n"
#define CHUNK RCPT "BDAT 5\r\nhelloBDAT 3 LAST\r\nabc"

/* Each method, and what the client sends up to it. */
#define METHODS(M)                                                              \
  M (greet, "") M (helo, "HELO me\r\n") M (ehlo, EHLO) M (mail, MAIL)           \
  M (rcpt, RCPT) M (data, TEXT) M (bdat, CHUNK) M (message, TEXT)               \
  M (rset, MAIL "RSET\r\n") M (vrfy, "VRFY x\r\n") M (expn, "EXPN x\r\n")       \
  M (help, "HELP\r\n") M (noop, "NOOP\r\n") M (quit, "QUIT\r\n")                \
  M (auth, EHLO "AUTH PLAIN AGFsaWNlAHNlc2FtZQ==\r\n")                          \
  M (xclient, EHLO "XCLIENT ADDR=192.0.2.1\r\n")                                \
  M (xforward, EHLO "XFORWARD ADDR=192.0.2.1\r\n")                              \
  M (unknown_command, "XYZZY\r\n") M (etrn, EHLO "ETRN e.org\r\n")              \
  M (burl, RCPT "BURL imap://e.org/x LAST\r\n")

/* When it happens. */
typedef enum
{
  BEFORE,    /* the library's own method */
  BEHIND,
  REPLIED,   /* in SmtpRequest::replied */
  N_TIMES
} Time;

typedef struct
{
  const char *method;
  Time time;
  void (*happen) (void);

  SmtpServer *server;  /* NULL when it is gone */
  GSocket *client;
  SmtpSession *session;
  SmtpEnvelope *envelope;
  SmtpRequest *request;
  gboolean happened;
  guint n_entered;
} Test;

/* What is under way. */
static Test test;

/* Misfortunes. What a method is given is not its own, and yet it may do that. */

static void
drop_server (void)
{
  g_clear_object (&test.server);
}

static void
dispose_server (void)
{
  g_object_run_dispose (G_OBJECT (test.server));
}

static void
close_server (void)
{
  g_socket_listener_close (G_SOCKET_LISTENER (test.server));
}

static void
stop_server (void)
{
  g_socket_service_stop (G_SOCKET_SERVICE (test.server));
}

static void
drain_server (void)
{
  smtp_server_drain (test.server, 0);
}

static void
drain_and_drop_server (void)
{
  drain_server ();
  drop_server ();
}

static void
dispose_session (void)
{
  if (test.session != NULL)
    g_object_run_dispose (G_OBJECT (test.session));
}

static void
close_session (void)
{
  if (test.session != NULL)
    smtp_session_close (test.session, NULL);
}

static void
dispose_envelope (void)
{
  if (test.envelope != NULL)
    g_object_run_dispose (G_OBJECT (test.envelope));
}

static void
dispose_request (void)
{
  if (test.request != NULL)
    g_object_run_dispose (G_OBJECT (test.request));
}

static void
answer_twice (void)
{
  if (test.request == NULL)
    return;

  smtp_request_reply (test.request, 550, "5.0.0 no");
  g_assert_false (smtp_request_reply (test.request, 250, "2.0.0 yes"));
}

static void
hold (void)
{
  if (test.request != NULL)
    smtp_request_hold (test.request);
}

static void
reset_client (void)
{
  g_socket_close (test.client, NULL);
}

static const struct
{
  const char *name;
  void (*happen) (void);
} cases[] =
{
  { "drop-server", drop_server }, { "dispose-server", dispose_server }, { "close-server", close_server },
  { "stop-server", stop_server }, { "drain-server", drain_server }, { "drain-and-drop-server", drain_and_drop_server },
  { "dispose-session", dispose_session }, { "close-session", close_session }, { "dispose-envelope", dispose_envelope },
  { "dispose-request", dispose_request }, { "answer-twice", answer_twice }, { "hold", hold },
  { "reset-client", reset_client },
};

static void
happen (void)
{
  if (test.happened)
    return;

  test.happened = TRUE;
  test.happen ();
}

/* A server with all of the methods */

#define TEST_TYPE_SERVER (test_server_get_type ())
G_DECLARE_FINAL_TYPE (TestServer, test_server, TEST, SERVER, SmtpServer)

struct _TestServer
{
  SmtpServer parent_instance;
};

G_DEFINE_FINAL_TYPE (TestServer, test_server, SMTP_TYPE_SERVER)

#define PARENT SMTP_SERVER_CLASS (test_server_parent_class)

/* TRUE if it is this one's turn. */
static gboolean
enter (const char   *method,
       SmtpSession  *session,
       SmtpEnvelope *envelope,
       SmtpRequest  *request)
{
  if (strcmp (test.method, method) != 0 || test.n_entered++ > 0)
    return FALSE;

  g_set_object (&test.session, session);
  g_set_object (&test.envelope, envelope);
  g_set_object (&test.request, request);
  if (test.time == REPLIED && request != NULL)
    g_signal_connect (request, "replied", G_CALLBACK (happen), NULL);
  if (test.time == BEFORE)
    happen ();

  return TRUE;
}

#define DEFINE(method, input)                                                          \
  static void                                                                          \
  test_server_##method (SmtpServer  *server,                                           \
                        SmtpSession *session,                                          \
                        SmtpRequest *request,                                          \
                        const char  *argument)                                         \
  {                                                                                    \
    gboolean entered = enter (#method, session, smtp_request_get_envelope (request), request); \
                                                                                       \
    PARENT->method (server, session, request, argument);                               \
    if (entered && test.time == BEHIND)                                                \
      happen ();                                                                       \
  }

METHODS (DEFINE)

static SmtpSession *
test_server_create_session (SmtpServer *server)
{
  gboolean entered = enter ("create_session", NULL, NULL, NULL);
  SmtpSession *session = PARENT->create_session (server);

  g_set_object (&test.session, session);
  if (entered && test.time == BEHIND)
    happen ();

  return session;
}

static SmtpEnvelope *
test_server_create_envelope (SmtpServer  *server,
                             SmtpSession *session)
{
  gboolean entered = enter ("create_envelope", session, NULL, NULL);
  SmtpEnvelope *envelope = PARENT->create_envelope (server, session);

  if (entered && test.time == BEHIND)
    {
      g_set_object (&test.envelope, envelope);
      happen ();
    }

  return envelope;
}

static GOutputStream *
test_server_create_body (SmtpServer   *server,
                         SmtpSession  *session,
                         SmtpEnvelope *envelope)
{
  gboolean entered = enter ("create_body", session, envelope, NULL);
  GOutputStream *body = PARENT->create_body (server, session, envelope);

  if (entered && test.time == BEHIND)
    happen ();

  return body;
}

static void
test_server_class_init (TestServerClass *klass)
{
  SmtpServerClass *server_class = SMTP_SERVER_CLASS (klass);

#define SET(method, input) server_class->method = test_server_##method;
  METHODS (SET)
  server_class->create_session = test_server_create_session;
  server_class->create_envelope = test_server_create_envelope;
  server_class->create_body = test_server_create_body;
}

static void
test_server_init (TestServer *self)
{
}

/* A run */

static SmtpVerdict
take (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request)
{
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static SmtpServer *
make_server (void)
{
  SmtpServer *server = g_object_new (TEST_TYPE_SERVER, NULL);

  smtp_server_set_auth_requires_tls (server, FALSE);
  smtp_server_set_auth_mechanisms (server, (const char * const []) { "PLAIN", NULL });
  lifetimes_trust_all (server);
  g_signal_connect (server, "handle-data", G_CALLBACK (take), NULL);
  g_signal_connect (server, "handle-etrn", G_CALLBACK (take), NULL);
  g_signal_connect (server, "handle-burl", G_CALLBACK (take), NULL);

  return server;
}

static gboolean
has_request (void)
{
  return !g_str_has_prefix (test.method, "create");
}

/* What the program kept is still good for something. */
static void
let_go (gpointer *server)
{
  g_clear_object (&test.server);
  g_clear_object (&test.client);
  lifetimes_run_loop ();

  if (test.request != NULL)
    {
      smtp_request_reply (test.request, 250, NULL);
      g_assert_true (smtp_request_get_session (test.request) == test.session);
      lifetimes_run_loop ();
      g_assert_finalize_object (g_steal_pointer (&test.request));
    }
  lifetimes_check_gone (server);
  if (test.envelope != NULL)
    g_assert_finalize_object (g_steal_pointer (&test.envelope));
  if (test.session != NULL)
    {
      g_assert_true (smtp_session_get_closed (test.session));
      g_assert_finalize_object (g_steal_pointer (&test.session));
    }
}

static gboolean is_first_run = TRUE;

static void
check_descriptors (guint n_before)
{
  /* In the first run GLib makes threads and contexts that it keeps. */
  if (!is_first_run)
    lifetimes_check_descriptors (n_before);

  is_first_run = FALSE;
}

static void
run_method (const char *method,
            const char *input,
            Time        time,
            void      (*happen_there) (void))
{
  guint n_descriptors = lifetimes_count_descriptors ();
  gpointer server;

  test = (Test) { .method = method, .time = time, .happen = happen_there, .server = make_server () };
  server = test.server;
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  lifetimes_connect (test.server, SMTP_LISTENER_KIND_SMTP, &test.client);
  g_socket_send (test.client, input, strlen (input), NULL, NULL);
  for (guint i = 0; i < 10000 && test.n_entered == 0; i++)
    g_main_context_iteration (NULL, FALSE);
  lifetimes_run_loop ();

  g_assert_cmpuint (test.n_entered, >, 0);
  g_assert_true (test.happened || time == REPLIED);
  let_go (&server);
  check_descriptors (n_descriptors);
}

static void
test_methods (gconstpointer data)
{
  static const struct { const char *name, *input; } methods[] =
  {
#define LIST(method, input) { #method, input },
    METHODS (LIST)
    { "create_session", "" }, { "create_envelope", MAIL }, { "create_body", TEXT },
  };

  guint n_replied = 0;

  for (Time time = BEFORE; time < N_TIMES; time++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
        {
          test.method = methods[i].name;
          if (time == REPLIED && !has_request ())
            continue;

          run_method (methods[i].name, methods[i].input, time, cases[GPOINTER_TO_UINT (data)].happen);
          if (time == REPLIED && test.happened)
            n_replied++;
        }
    }
  /* All but those whose answer nobody hears. */
  g_assert_cmpuint (n_replied, >=, G_N_ELEMENTS (methods) - 5);
}

/* A handler that takes itself away, with the last reference to it, while it is asked */

#define TEST_TYPE_HANDLER (test_handler_get_type ())
G_DECLARE_FINAL_TYPE (TestHandler, test_handler, TEST, HANDLER, SmtpHandler)

struct _TestHandler
{
  SmtpHandler parent_instance;
};

G_DEFINE_FINAL_TYPE (TestHandler, test_handler, SMTP_TYPE_HANDLER)

static gpointer handler_weak;

static void
leave (const char  *method,
       SmtpHandler *self,
       SmtpServer  *server)
{
  if (strcmp (test.method, method) != 0 || test.happened)
    return;

  g_assert_true (smtp_server_remove_handler (server, self));
  happen ();
}

static void
test_handler_handle_connect (SmtpHandler  *self,
                             SmtpServer   *server,
                             SmtpSession  *session,
                             SmtpEnvelope *envelope,
                             SmtpRequest  *request)
{
  leave ("connect", self, server);
  smtp_request_proceed (request);
}

static GOutputStream *
test_handler_handle_body (SmtpHandler  *self,
                          SmtpServer   *server,
                          SmtpSession  *session,
                          SmtpEnvelope *envelope)
{
  leave ("body", self, server);

  return g_memory_output_stream_new_resizable ();
}

static void
test_handler_handle_data (SmtpHandler  *self,
                          SmtpServer   *server,
                          SmtpSession  *session,
                          SmtpEnvelope *envelope,
                          SmtpRequest  *request)
{
  leave ("data", self, server);
  smtp_request_reply (request, 250, NULL);
}

static void
test_handler_handle_disconnect (SmtpHandler *self,
                                SmtpServer  *server,
                                SmtpSession *session)
{
  leave ("disconnect", self, server);
}

static void
test_handler_class_init (TestHandlerClass *klass)
{
  SmtpHandlerClass *handler_class = SMTP_HANDLER_CLASS (klass);

  handler_class->handle_connect = test_handler_handle_connect;
  handler_class->handle_body = test_handler_handle_body;
  handler_class->handle_data = test_handler_handle_data;
  handler_class->handle_disconnect = test_handler_handle_disconnect;
}

static void
test_handler_init (TestHandler *self)
{
}

static void
test_handlers (gconstpointer data)
{
  static const char * const methods[] = { "connect", "body", "data", "disconnect" };
  static const char input[] = TEXT "QUIT\r\n";

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (SmtpHandler) handler = g_object_new (TEST_TYPE_HANDLER, NULL);
      gpointer server;

      test = (Test) { .method = methods[i], .happen = cases[GPOINTER_TO_UINT (data)].happen, .server = make_server () };
      server = test.server;
      g_object_add_weak_pointer (G_OBJECT (server), &server);
      handler_weak = handler;
      g_object_add_weak_pointer (G_OBJECT (handler), &handler_weak);
      g_signal_handlers_disconnect_by_func (test.server, take, NULL);
      smtp_server_add_handler (test.server, handler);
      g_clear_object (&handler);
      lifetimes_connect (test.server, SMTP_LISTENER_KIND_SMTP, &test.client);
      g_socket_send (test.client, input, strlen (input), NULL, NULL);
      for (guint j = 0; j < 10000 && !test.happened; j++)
        g_main_context_iteration (NULL, FALSE);
      g_assert_true (test.happened);
      lifetimes_run_loop ();

      let_go (&server);
      g_assert_null (handler_weak);
    }
}

/* The server's own signals */

static gboolean
on_incoming (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source)
{
  g_set_object (&test.client, g_socket_connection_get_socket (connection));
  happen ();

  return FALSE;
}

static void
test_incoming (gconstpointer data)
{
  guint n_descriptors = lifetimes_count_descriptors ();
  g_autoptr (GSocket) client = NULL;
  gpointer server;

  test = (Test) { .method = "", .happen = cases[GPOINTER_TO_UINT (data)].happen, .server = make_server () };
  server = test.server;
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  g_signal_connect (test.server, "incoming", G_CALLBACK (on_incoming), NULL);
  lifetimes_connect_by_tcp (test.server, SMTP_LISTENER_KIND_SMTP, &client);
  while (!test.happened)
    g_main_context_iteration (NULL, TRUE);
  lifetimes_run_loop ();

  g_clear_object (&client);
  let_go (&server);
  check_descriptors (n_descriptors);
}

static void
test_drained (gconstpointer data)
{
  guint n_descriptors = lifetimes_count_descriptors ();
  gpointer server;

  test = (Test) { .method = "", .happen = cases[GPOINTER_TO_UINT (data)].happen, .server = make_server () };
  server = test.server;
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  g_signal_connect (test.server, "drained", G_CALLBACK (happen), NULL);
  lifetimes_connect_by_tcp (test.server, SMTP_LISTENER_KIND_SMTP, &test.client);
  while (smtp_server_get_n_sessions (test.server) == 0)
    g_main_context_iteration (NULL, TRUE);
  smtp_server_drain (test.server, 0);
  g_socket_close (test.client, NULL);
  while (!test.happened)
    g_main_context_iteration (NULL, TRUE);
  lifetimes_run_loop ();

  let_go (&server);
  check_descriptors (n_descriptors);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (lifetimes_write_log, NULL, NULL);

  run_method ("noop", "NOOP\r\n", BEFORE, drop_server);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      static const struct { const char *name; GTestDataFunc func; } tests[] =
      {
        { "methods", test_methods }, { "handlers", test_handlers }, { "incoming", test_incoming }, { "drained", test_drained },
      };

      for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
        {
          g_autofree char *path = g_strdup_printf ("/method-lifetimes/%s/%s", tests[j].name, cases[i].name);

          g_test_add_data_func (path, GUINT_TO_POINTER (i), tests[j].func);
        }
    }

  return g_test_run ();
}
