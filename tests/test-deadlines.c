/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long clients may take: slow ones in every phase, and one that does not read. */

#include <sys/socket.h>

#include "dialogue/smtp-pace.h"
#include "edge-fixture.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define STORE (10 * SECOND)

/* The pace, with a clock of its own. */

/* How long a client is let send @octets every @interval. */
static gint64
send_until_cut (gsize  octets,
                gint64 interval,
                guint  rate,
                gint64 end)
{
  SmtpPace pace = { 0 };
  gint64 now = SECOND;

  smtp_pace_feed (&pace, 0, rate, STORE, now);
  while (now < end)
    {
      now += interval;
      if (now > pace.deadline)
        return pace.deadline - SECOND;
      smtp_pace_feed (&pace, octets, rate, STORE, now);
    }

  return end;
}

static void
test_pace_kept (void)
{
  gint64 day = 24 * 3600 * SECOND;

  g_assert_cmpint (send_until_cut (100, SECOND, 100, day), ==, day);
  g_assert_cmpint (send_until_cut (800, 8 * SECOND, 100, day), ==, day);
  g_assert_cmpint (send_until_cut (1, SECOND / 100, 100, day / 24), ==, day / 24);

  /* In pieces of any size, at any time, as long as no pause is longer than the store. */
  for (guint n = 0; n < 100; n++)
    {
      guint rate = g_test_rand_int_range (1, 1000000);
      gint64 now = SECOND, sent = 0;
      SmtpPace pace = { 0 };

      smtp_pace_feed (&pace, 0, rate, STORE, now);
      for (guint i = 0; i < 1000; i++)
        {
          gint64 due;

          now += g_test_rand_int_range (0, STORE / 2);
          due = (now - SECOND) * rate / SECOND + 1;
          g_assert_cmpint (pace.deadline, >=, now);
          smtp_pace_feed (&pace, due - sent, rate, STORE, now);
          sent = due;
        }
    }
}

static void
test_pace_slow (void)
{
  gint64 day = 24 * 3600 * SECOND;

  /* One octet in a second, when it should be 100: a little more than the store. */
  g_assert_cmpint (send_until_cut (1, SECOND, 100, day), <=, STORE + STORE / 90);
  g_assert_cmpint (send_until_cut (1, SECOND, 100, day), >=, STORE);
  g_assert_cmpint (send_until_cut (50, SECOND, 100, day), <=, 2 * STORE);
  /* Silence, after however much. */
  g_assert_cmpint (send_until_cut (G_MAXSIZE, STORE + SECOND, 100, day), ==, STORE);
  /* Without a rate only silence counts. */
  g_assert_cmpint (send_until_cut (1, STORE - SECOND, 0, day), ==, day);
  g_assert_cmpint (send_until_cut (1, STORE + SECOND, 0, day), ==, STORE);
}

static void
test_pace_pause (void)
{
  SmtpPace pace = { 0 };

  /* It is not the client who is slow. */
  smtp_pace_pause (&pace, SECOND);
  g_assert_cmpint (pace.paused, ==, 0);
  smtp_pace_feed (&pace, 0, 100, STORE, SECOND);
  smtp_pace_pause (&pace, 6 * SECOND);
  smtp_pace_pause (&pace, 7 * SECOND);
  smtp_pace_feed (&pace, 0, 100, STORE, 1006 * SECOND);
  g_assert_cmpint (pace.deadline, ==, 1011 * SECOND);
  smtp_pace_end (&pace);
  g_assert_cmpint (pace.deadline, ==, 0);
}

/* On the wire */

static gboolean
has_ended (EdgeFixture *fixture,
           guint        n_left)
{
  return smtp_server_get_n_sessions (fixture->server) == n_left;
}

static void
pause_for (gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;

  do
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  while (g_get_monotonic_time () < end);
}

static void
set_up_short (EdgeFixture   *fixture,
              gconstpointer  data)
{
  edge_set_up (fixture, data);
  smtp_server_set_min_data_rate (fixture->server, 100000);
  /* Those who are served beside say little else. */
  smtp_server_set_max_junk_commands (fixture->server, 0);
}

/* Sends @piece again and again until the server has had enough, while another client is served. */
static void
trickle (EdgeFixture *fixture,
         EdgeClient  *client,
         const char  *piece)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;
  g_autoptr (EdgeClient) other = NULL;

  smtp_server_set_timeout (fixture->server, 300);
  other = edge_greet (fixture);
  while (strstr (client->input->str, "421 4.4.2 ") == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      smtp_server_set_timeout (fixture->server, 1);
      g_socket_send (client->socket, piece, strlen (piece), NULL, NULL);
      pause_for (SECOND / 50);
      /* That one is to wait for us, however busy the machine is. */
      smtp_server_set_timeout (fixture->server, 300);
      edge_say (other, "NOOP\r\n", "250");
      edge_read (client);
    }
}

static void
test_slow_command (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_timeout (fixture->server, 1);
  edge_say (client, "NOOP\r\n", "250");
  trickle (fixture, client, "X");
}

static void
test_slow_data (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_timeout (fixture->server, 1);
  edge_begin_message (client);
  trickle (fixture, client, "x");
  g_assert_cmpuint (fixture->taken, ==, 0);
}

static void
test_slow_chunk (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  smtp_server_set_timeout (fixture->server, 1);
  edge_send (client, "BDAT 1000000\r\n");
  pause_for (SECOND / 50);
  trickle (fixture, client, "x");
}

static void
test_small_chunks (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  trickle (fixture, client, "BDAT 1\r\nx");
}

/* Longer than the timeout, but at its rate. */
static void
test_steady (EdgeFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  gint64 begin, last, longest = 0;

  smtp_server_set_min_data_rate (fixture->server, 1000);
  smtp_server_set_timeout (fixture->server, 2);
  edge_begin_message (client);
  begin = last = g_get_monotonic_time ();
  while (last - begin < 4 * SECOND && smtp_server_get_n_sessions (fixture->server) > 0)
    {
      g_socket_send (client->socket, "0123456789012345678901234567890123456789\r\n", 42, NULL, NULL);
      pause_for (SECOND / 50);
      longest = MAX (longest, g_get_monotonic_time () - last);
      last = g_get_monotonic_time ();
    }

  /* That is about 2000 octets in a second, if the machine has time for us. */
  if (longest > SECOND / 30)
    {
      g_test_skip ("the machine is busy");
      return;
    }
  edge_say (client, "\r\n.\r\n", "250");
  g_assert_cmpuint (fixture->taken, ==, 1);
}

/* A client that does not read. */
static void
test_deaf (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);
  g_autoptr (EdgeClient) other = NULL;
  g_autoptr (GString) commands = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  smtp_server_set_timeout (fixture->server, 0);
  smtp_server_set_write_timeout (fixture->server, 1);
  g_socket_set_option (client->socket, SOL_SOCKET, SO_RCVBUF, 4096, NULL);
  for (guint i = 0; i < 1000; i++)
    g_string_append (commands, "NOOP\r\n");

  other = edge_greet (fixture);
  while (!has_ended (fixture, 1))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_socket_send (client->socket, commands->str, commands->len, NULL, NULL);
      edge_say (other, "NOOP\r\n", "250");
    }
}

/* Clients that stop in the middle of something. */

static SmtpVerdict
hold (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      SmtpAddress  *address,
      EdgeFixture  *fixture)
{
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
refuse (SmtpServer      *server,
        SmtpSession     *session,
        SmtpEnvelope    *envelope,
        SmtpRequest     *request,
        SmtpCredentials *credentials,
        EdgeFixture     *fixture)
{
  smtp_request_reply (request, 535, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
set_up_stalls (EdgeFixture *fixture)
{
  static const char * const plain[] = { "PLAIN", NULL };
  g_autoptr (SmtpTlsContext) context = NULL;
  g_autoptr (GError) error = NULL;

  context = smtp_tls_context_new_self_signed ("mx.example.org", &error);
  g_assert_no_error (error);
  smtp_server_set_tls_context (fixture->server, context);
  smtp_server_set_auth_requires_tls (fixture->server, FALSE);
  smtp_server_set_auth_mechanisms (fixture->server, plain);
  smtp_server_set_close_timeout (fixture->server, 1);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (refuse), fixture);
}

static void
test_slow_auth (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  set_up_stalls (fixture);
  client = edge_greet (fixture);
  smtp_server_set_timeout (fixture->server, 1);
  edge_say (client, "AUTH PLAIN\r\n", "334");
  trickle (fixture, client, "A");
}

/* What each says, the code of the last answer to it, and the last word that it gets: "" if it would not
 * understand one. It reads, and stays. */
static const struct
{
  const char *name;
  const char *said;
  const char *code;
  const char *word;
  SmtpListenerKind kind;
} stalls[] =
{
  { "silent", NULL, "220", "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "command", "EHL", NULL, "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "transaction", "EHLO x\r\nMAIL FROM:<>\r\n", "250 2.1.0", "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "auth", "EHLO x\r\nAUTH PLAIN\r\n", "334", "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "auth-line", "EHLO x\r\nAUTH PLAIN\r\nAGpv", "334", "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "data", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nx", "354", "421 4.4.2",
    SMTP_LISTENER_KIND_SMTP },
  { "chunk", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nBDAT 9\r\nx", "250 2.1.5", "421 4.4.2",
    SMTP_LISTENER_KIND_SMTP },
  { "between-chunks", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nBDAT 1\r\nx", "250 2.0.0",
    "421 4.4.2", SMTP_LISTENER_KIND_SMTP },
  { "lmtp", "LHL", NULL, "421 4.4.2", SMTP_LISTENER_KIND_LMTP },
  { "submission", "EHLO x\r\nMAIL FROM:<>\r\n", "530", "421 4.4.2", SMTP_LISTENER_KIND_SUBMISSION },
  { "tls", NULL, NULL, "", SMTP_LISTENER_KIND_SMTPS },
  { "tls-hello", "\x16\x03\x01", NULL, "", SMTP_LISTENER_KIND_SUBMISSIONS },
  { "starttls", "EHLO x\r\nSTARTTLS\r\n", "220 2.0.0", "", SMTP_LISTENER_KIND_SMTP },
  { "quit", "QUIT\r\n", NULL, "221", SMTP_LISTENER_KIND_SMTP },
  { "quit-and-more", "QUIT\r\nNOOP\r\n", NULL, "221", SMTP_LISTENER_KIND_SMTP },
};

static void
expect_until (EdgeClient *client,
              const char *code)
{
  while (strstr (client->input->str, code) == NULL)
    edge_read (client);
  g_string_erase (client->input, 0, strstr (client->input->str, code) - client->input->str);
  edge_expect (client, code);
}

typedef struct
{
  EdgeClient *client;
  GObject *session;  /* NULL when it is gone */
} Stall;

static GObject *
find_newest (SmtpServer *server)
{
  g_autoptr (GPtrArray) sessions = smtp_server_get_sessions (server);
  SmtpSession *newest = g_ptr_array_index (sessions, 0);

  for (guint i = 1; i < sessions->len; i++)
    {
      SmtpSession *session = g_ptr_array_index (sessions, i);

      if (smtp_session_get_id (session) > smtp_session_get_id (newest))
        newest = session;
    }

  return G_OBJECT (newest);
}

static void
begin_stall (EdgeFixture *fixture,
             Stall       *self,
             guint        i)
{
  guint n_sessions = smtp_server_get_n_sessions (fixture->server);

  edge_listen_for (fixture, stalls[i].kind);
  self->client = edge_connect (fixture);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) > n_sessions);
  self->session = find_newest (fixture->server);
  g_object_add_weak_pointer (self->session, (gpointer *) &self->session);
}

static void
end_stall (Stall *self,
           guint  i)
{
  g_test_message ("%s", stalls[i].name);
  if (stalls[i].code != NULL)
    expect_until (self->client, stalls[i].code);
  if (*stalls[i].word != '\0')
    expect_until (self->client, stalls[i].word);
  else
    g_string_truncate (self->client->input, 0);
  edge_expect_end (self->client);
  edge_client_free (self->client);
}

/* Their sessions are gone, and all the memory that goes with them, while another client is served. */
static void
test_stalls (EdgeFixture   *fixture,
             gconstpointer  data)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;
  g_autoptr (EdgeClient) other = edge_greet (fixture);
  Stall all[G_N_ELEMENTS (stalls)] = { 0 };
  guint n_left = G_N_ELEMENTS (stalls);

  set_up_stalls (fixture);
  smtp_server_set_timeout (fixture->server, 2);
  smtp_server_set_handshake_timeout (fixture->server, 2);
  for (guint i = 0; i < G_N_ELEMENTS (stalls); i++)
    begin_stall (fixture, &all[i], i);
  for (guint i = 0; i < G_N_ELEMENTS (stalls); i++)
    edge_send (all[i].client, stalls[i].said != NULL ? stalls[i].said : "");
  while (n_left > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      edge_say (other, "NOOP\r\n", "250");
      n_left = 0;
      for (guint i = 0; i < G_N_ELEMENTS (stalls); i++)
        n_left += all[i].session != NULL;
    }
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (stalls); i++)
    end_stall (&all[i], i);
  g_assert_cmpuint (fixture->taken, ==, 0);
  edge_begin_message (other);
  edge_say (other, "x\r\n.\r\n", "250");
}

/* It is the hook that is late: the client may go on. */
static void
test_late_hook (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autoptr (EdgeClient) other = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (hold), fixture);
  smtp_server_set_hook_timeout (fixture->server, 1);
  edge_send (client, "MAIL FROM:<a@example.org>\r\n");
  edge_say (other, "NOOP\r\n", "250");
  edge_expect (client, "451 4.3.0");
  edge_say (client, "NOOP\r\n", "250");
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
    { "/deadlines/slow/command", test_slow_command },
    { "/deadlines/slow/auth", test_slow_auth },
    { "/deadlines/slow/data", test_slow_data },
    { "/deadlines/slow/chunk", test_slow_chunk },
    { "/deadlines/slow/chunks", test_small_chunks },
    { "/deadlines/steady", test_steady },
    { "/deadlines/deaf", test_deaf },
    { "/deadlines/stalls", test_stalls },
    { "/deadlines/hook", test_late_hook },
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/deadlines/pace/kept", test_pace_kept);
  g_test_add_func ("/deadlines/pace/slow", test_pace_slow);
  g_test_add_func ("/deadlines/pace/pause", test_pace_pause);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, set_up_short, tests[i].func, edge_tear_down);

  return g_test_run ();
}
