/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever ends first while hands are shaken, or while the program looks at what that has shown: nothing is used
 * after it is gone, and nothing stays behind. */

#include "lifetimes-fixture.h"
#include "tls-fixture.h"

typedef void (*Misfortune) (TlsFixture  *fixture,
                            SmtpSession *session);

typedef struct
{
  const char *name;
  Misfortune misfortune;
  gboolean later;        /* while the request is held, not within the hook */
  gboolean vanishes;     /* the client does, behind its part of the handshake */
} Case;

static const Case *what;
static SmtpSession *kept_session;
static SmtpRequest *kept_request;
static gint asked;         /* the hook was */

/* Misfortunes */

static void
drop_server (TlsFixture  *fixture,
             SmtpSession *session)
{
  g_clear_object (&fixture->server);
}

static void
dispose_server (TlsFixture  *fixture,
                SmtpSession *session)
{
  g_object_run_dispose (G_OBJECT (fixture->server));
}

static void
close_server (TlsFixture  *fixture,
              SmtpSession *session)
{
  g_socket_listener_close (G_SOCKET_LISTENER (fixture->server));
}

static void
drain_server (TlsFixture  *fixture,
              SmtpSession *session)
{
  smtp_server_drain (fixture->server, 0);
}

static void
drop_context (TlsFixture  *fixture,
              SmtpSession *session)
{
  smtp_server_set_tls_context (fixture->server, NULL);
}

static void
close_session (TlsFixture  *fixture,
               SmtpSession *session)
{
  smtp_session_close (session, NULL);
}

static void
stop_server (TlsFixture  *fixture,
             SmtpSession *session)
{
  g_socket_service_stop (G_SOCKET_SERVICE (fixture->server));
}

/* What a hook is given is not its own, and yet it may do that. */
static void
dispose_session (TlsFixture  *fixture,
                 SmtpSession *session)
{
  g_object_run_dispose (G_OBJECT (session));
}

static void
dispose_request (TlsFixture  *fixture,
                 SmtpSession *session)
{
  g_object_run_dispose (G_OBJECT (kept_request));
}

static void
answer_twice (TlsFixture  *fixture,
              SmtpSession *session)
{
  g_assert_true (smtp_request_reply (kept_request, 550, "5.0.0 no"));
  g_assert_false (smtp_request_reply (kept_request, 250, "2.0.0 yes"));
}

static void
do_nothing (TlsFixture  *fixture,
            SmtpSession *session)
{
}

static const Case cases[] =
{
  { "drop-server", drop_server }, { "dispose-server", dispose_server }, { "close-server", close_server },
  { "drain-server", drain_server }, { "drop-context", drop_context }, { "close-session", close_session },
  { "stop-server", stop_server }, { "dispose-session", dispose_session }, { "dispose-request", dispose_request },
  { "answer-twice", answer_twice },
  { "later/drop-server", drop_server, TRUE }, { "later/dispose-server", dispose_server, TRUE },
  { "later/close-server", close_server, TRUE }, { "later/drain-server", drain_server, TRUE },
  { "later/drop-context", drop_context, TRUE }, { "later/close-session", close_session, TRUE },
  { "later/stop-server", stop_server, TRUE }, { "later/dispose-session", dispose_session, TRUE },
  { "later/dispose-request", dispose_request, TRUE }, { "later/answer-twice", answer_twice, TRUE },
  { "vanish", do_nothing, TRUE, TRUE }, { "vanish/drop-server", drop_server, TRUE, TRUE },
};

/* A run */

static SmtpVerdict
on_handshake (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              TlsFixture   *fixture)
{
  g_set_object (&kept_session, session);
  g_set_object (&kept_request, request);
  smtp_request_hold (request);
  g_atomic_int_set (&asked, TRUE);
  if (!what->later)
    what->misfortune (fixture, session);

  return SMTP_VERDICT_HANDLED;
}

static void
play_client (Client *client)
{
  client_connect (client);
  if (client_read (client) != 220 || client_say (client, "EHLO x\r\n") != 250 || client_say (client, "STARTTLS\r\n") != 220 ||
      client_shake_hands (client) != 0)
    return;

  /* Up to the end, whatever that is. */
  client_send (client, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nQUIT\r\n");
  while (!what->vanishes && client_read (client) != 0)
    ;
  /* Not sooner: the server would never get so far. */
  while (!g_atomic_int_get (&asked))
    g_usleep (1000);
}

static void
turn (guint n)
{
  for (guint i = 0; i < n; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
run_client (TlsFixture *fixture)
{
  Play self = { .client = { .fixture = fixture, .fd = -1, .priority = "NORMAL" }, .script = play_client };
  GThread *thread;

  self.client.input = g_string_new (NULL);
  self.client.lines = g_string_new (NULL);
  thread = g_thread_new ("client", play, &self);
  while (kept_request == NULL)
    g_main_context_iteration (NULL, TRUE);
  turn (20);
  if (what->later)
    what->misfortune (fixture, kept_session);
  turn (20);
  smtp_request_proceed (kept_request);
  while (!g_atomic_int_get (&self.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  g_string_free (self.client.input, TRUE);
  g_string_free (self.client.lines, TRUE);
}

static void
test_case (gconstpointer data)
{
  TlsFixture fixture = { 0 };
  gpointer server;

  what = data;
  g_atomic_int_set (&asked, FALSE);
  tls_fixture_set_up (&fixture, NULL);
  server = fixture.server;
  g_object_add_weak_pointer (G_OBJECT (server), &server);
  g_signal_connect (fixture.server, "handle-tls-handshake", G_CALLBACK (on_handshake), &fixture);

  run_client (&fixture);
  g_clear_object (&fixture.server);
  turn (20);
  smtp_request_reply (kept_request, 250, NULL);
  smtp_session_close (kept_session, NULL);
  turn (20);
  g_assert_true (smtp_session_get_closed (kept_session));
  g_assert_nonnull (smtp_session_get_tls_info (kept_session));
  g_assert_nonnull (smtp_tls_info_get_version (smtp_session_get_tls_info (kept_session)));

  g_assert_finalize_object (g_steal_pointer (&kept_request));
  g_assert_null (server);
  g_assert_finalize_object (g_steal_pointer (&kept_session));
  g_assert_finalize_object (fixture.context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (lifetimes_write_log, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/tls-lifetimes/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }

  return g_test_run ();
}
