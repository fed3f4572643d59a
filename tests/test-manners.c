/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server bears with: clients that speak too early, or another language, that make mistakes, that come
 * to nothing; and who has to authenticate. */

#include "edge-fixture.h"

#define MILLISECOND ((gint64) 1000)

/* Submission */

static SmtpVerdict
let_in (SmtpServer      *server,
        SmtpSession     *session,
        SmtpEnvelope    *envelope,
        SmtpRequest     *request,
        SmtpCredentials *credentials)
{
  smtp_request_reply (request, 235, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
allow_plain (EdgeFixture *fixture)
{
  static const char * const plain[] = { "PLAIN", NULL };

  smtp_server_set_auth_requires_tls (fixture->server, FALSE);
  smtp_server_set_auth_mechanisms (fixture->server, plain);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (let_in), NULL);
}

static void
test_submission (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  static const char * const refused[] = { "MAIL FROM:<a@example.org>\r\n", "VRFY a\r\n", "DATA\r\n",
                                          "RCPT TO:<b@example.org>\r\n" };
  g_autoptr (EdgeClient) stranger = edge_greet (fixture);
  g_autoptr (EdgeClient) client = NULL;

  allow_plain (fixture);
  edge_say (stranger, "MAIL FROM:<a@example.org>\r\n", "250");

  edge_listen_for (fixture, SMTP_LISTENER_KIND_SUBMISSION);
  client = edge_greet (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    edge_say (client, refused[i], "530 5.7.0");
  edge_say (client, "NOOP\r\n", "250");
  edge_say (client, "RSET\r\n", "250");
  edge_say (client, "AUTH PLAIN AGpvZQBzZXNhbWU=\r\n", "235");
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\n", "250");
  g_assert_cmpuint (fixture->taken, ==, 1);
  g_assert_false (smtp_server_get_auth_required (fixture->server));
}

/* Nobody can authenticate: nobody is let in. */
static void
test_submission_without_auth (EdgeFixture   *fixture,
                              gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  edge_listen_for (fixture, SMTP_LISTENER_KIND_SUBMISSION);
  client = edge_greet (fixture);
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "530 5.7.0");
  edge_say (client, "AUTH PLAIN AGpvZQBzZXNhbWU=\r\n", "500");
}

/* On a stream that the program has already. */
static void
test_submission_stream (EdgeFixture   *fixture,
                        gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_pair (fixture, SMTP_LISTENER_KIND_SUBMISSION, 0);

  edge_expect (client, "220");
  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "530 5.7.0");
}

/* The greeting */

static SmtpVerdict
count (SmtpServer   *server,
       SmtpSession  *session,
       SmtpEnvelope *envelope,
       SmtpRequest  *request,
       guint        *n)
{
  (*n)++;

  return SMTP_VERDICT_CONTINUE;
}

static void
test_greeting_delay (EdgeFixture   *fixture,
                     gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;
  guint n_connects = 0;
  gint64 begin = g_get_monotonic_time ();

  g_signal_connect (fixture->server, "handle-connect", G_CALLBACK (count), &n_connects);
  smtp_server_set_greeting_delay (fixture->server, 100);
  client = edge_connect (fixture);
  edge_expect (client, "220");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 100 * MILLISECOND);
  g_assert_cmpuint (n_connects, ==, 1);
  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\n", "250");
}

static void
test_early_talker (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  static const char * const words[] = { "EHLO client.example.org\r\n", "E", "\r\n", "QUIT\r\n", "\x16\x03\x01",
                                        "GET / HTTP/1.1\r\n\r\n" };
  guint n_connects = 0, n_disconnects = 0;

  g_signal_connect (fixture->server, "handle-connect", G_CALLBACK (count), &n_connects);
  g_signal_connect (fixture->server, "handle-disconnect", G_CALLBACK (count), &n_disconnects);
  smtp_server_set_greeting_delay (fixture->server, 60000);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (EdgeClient) client = edge_connect (fixture);

      edge_say (client, words[i], "554 5.5.1");
      edge_expect_end (client);
    }
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
  g_assert_cmpuint (n_connects, ==, 0);
  g_assert_cmpuint (n_disconnects, ==, 0);
}

static void
test_greeting_delay_ends (EdgeFixture   *fixture,
                          gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  smtp_server_set_greeting_delay (fixture->server, 60000);

  /* A client that leaves, */
  client = edge_connect (fixture);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 1);
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);

  /* and a server that does. */
  client = edge_connect (fixture);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 1);
  smtp_server_drain (fixture->server, 60000);
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (fixture->drained == 1);
}

/* Other protocols */

static const struct
{
  const char *name;
  const char *octets;
  gsize size;
} foreigners[] =
{
#define FOREIGN(name, octets) { name, octets, sizeof octets - 1 }
  FOREIGN ("get", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  FOREIGN ("post", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nEHLO x\r\nMAIL FROM:<a@example.org>\r\n"
           "RCPT TO:<b@example.org>\r\nDATA\r\n\r\n.\r\nQUIT\r\n"),
  FOREIGN ("connect", "CONNECT example.org:25 HTTP/1.1\r\nHost: x\r\n\r\n"),
  FOREIGN ("http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
  FOREIGN ("tls", "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03\r\n.\r\nRSET\r\nQUIT\r\n"),
  FOREIGN ("ssh", "SSH-2.0-OpenSSH_9.2\r\n\0\0\1\2"),
  FOREIGN ("nul", "\0\0\0\0\0\0\0\0"),
  FOREIGN ("binary", "\xff\xfe\x80\r\n\x01\x02\r\n\x03\r\n"),
  FOREIGN ("rdp", "\x03\x00\x00\x13\x0e\xe0\x00\x00"),
};

static void
send_octets (EdgeClient *client,
             const char *octets,
             gsize       size)
{
  for (gsize sent = 0; sent < size;)
    {
      gssize n = g_socket_send (client->socket, octets + sent, size - sent, NULL, NULL);

      /* It may have been cut off already. */
      if (n <= 0)
        return;
      sent += (gsize) n;
    }
}

static void
test_foreign (EdgeFixture   *fixture,
              gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (foreigners); i++)
    {
      g_autoptr (EdgeClient) client = edge_connect (fixture);
      g_autoptr (EdgeClient) dripping = edge_connect (fixture);

      edge_expect (client, "220");
      send_octets (client, foreigners[i].octets, foreigners[i].size);
      edge_expect (client, "554 5.5.1");
      edge_expect_end (client);

      edge_expect (dripping, "220");
      for (gsize k = 0; k < foreigners[i].size; k++)
        {
          send_octets (dripping, foreigners[i].octets + k, 1);
          g_main_context_iteration (NULL, FALSE);
        }
      edge_expect (dripping, "554 5.5.1");
      edge_expect_end (dripping);
    }
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
  g_assert_cmpuint (fixture->taken, ==, 0);
}

/* Mistakes */

static void
test_error_delay (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autoptr (EdgeClient) other = edge_greet (fixture);
  gint64 begin = g_get_monotonic_time ();

  smtp_server_set_soft_errors (fixture->server, 2);
  smtp_server_set_error_delay (fixture->server, 100);
  smtp_server_set_max_errors (fixture->server, 6);

  /* At once, or one by one: it makes no difference. Three of them are followed by a delay. */
  edge_send (client, "X\r\nX\r\nX\r\n");
  edge_say (other, "NOOP\r\n", "250");
  for (guint i = 0; i < 3; i++)
    edge_expect (client, "500");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 100 * MILLISECOND);
  edge_say (client, "MAIL FROM\r\n", "501");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 200 * MILLISECOND);
  edge_say (client, "\x01\r\n", "500");
  edge_say (client, "DATA\r\n", "354");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 300 * MILLISECOND);
  edge_say (client, "x\r\n.\r\n", "250");
  edge_say (client, "X\r\n", "421 4.7.0");
  edge_expect_end (client);
  edge_say (other, "NOOP\r\n", "250");
}

static SmtpVerdict
dawdle (SmtpServer   *server,
        SmtpSession  *session,
        SmtpEnvelope *envelope,
        SmtpRequest  *request,
        const char   *argument,
        gint64       *end)
{
  g_usleep (50 * MILLISECOND);
  *end = g_get_monotonic_time ();

  return SMTP_VERDICT_CONTINUE;
}

/* The delay begins with the mistake, however long ago the turn of the loop has begun. */
static void
test_error_delay_late (EdgeFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  gint64 dawdled = 0;

  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (dawdle), &dawdled);
  smtp_server_set_soft_errors (fixture->server, 0);
  smtp_server_set_error_delay (fixture->server, 100);
  edge_send (client, "NOOP\r\nX\r\nRSET\r\n");
  edge_expect (client, "250");
  edge_expect (client, "500");
  edge_expect (client, "250");
  g_assert_cmpint (dawdled, !=, 0);
  g_assert_cmpint (g_get_monotonic_time () - dawdled, >=, 100 * MILLISECOND);
}

/* While a client waits, it may leave; and the server may. */
static void
test_error_delay_ends (EdgeFixture   *fixture,
                       gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_soft_errors (fixture->server, 0);
  smtp_server_set_error_delay (fixture->server, 60000);
  edge_say (client, "X\r\n", "500");
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);

  client = edge_greet (fixture);
  edge_say (client, "X\r\n", "500");
  smtp_server_drain (fixture->server, 60000);
  edge_expect (client, "421 4.3.2");
  edge_expect_end (client);
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (fixture->drained == 1);
}

static void
test_error_delay_off (EdgeFixture   *fixture,
                      gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  gint64 begin = g_get_monotonic_time ();

  smtp_server_set_soft_errors (fixture->server, 0);
  smtp_server_set_error_delay (fixture->server, 0);
  smtp_server_set_max_errors (fixture->server, 0);
  for (guint i = 0; i < 200; i++)
    edge_say (client, "X\r\n", "500");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, EDGE_PATIENCE);
}

/* Commands that lead nowhere */

static const char * const junk[] =
{
  "NOOP\r\n", "RSET\r\n", "VRFY a\r\n", "EXPN a\r\n", "HELP\r\n", "EHLO client.example.org\r\n",
  "HELO client.example.org\r\n",
};

static void
test_junk (EdgeFixture   *fixture,
           gconstpointer  data)
{
  smtp_server_set_max_junk_commands (fixture->server, 3);
  smtp_server_set_max_errors (fixture->server, 2);

  for (guint i = 0; i < G_N_ELEMENTS (junk); i++)
    {
      g_autoptr (EdgeClient) client = edge_greet (fixture);

      /* EHLO was the first; the last is one mistake. */
      for (guint k = 0; k < 3; k++)
        edge_say (client, junk[i], i == 3 ? "502" : "2");
      edge_say (client, junk[i], "421 4.7.0");
      edge_expect_end (client);
    }
}

static SmtpVerdict
say_yes (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         const char   *argument)
{
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

/* Messages are what counts. */
static void
test_junk_between (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-vrfy", G_CALLBACK (say_yes), NULL);
  smtp_server_set_max_junk_commands (fixture->server, 2);
  smtp_server_set_max_errors (fixture->server, 1);
  for (guint i = 0; i < 20; i++)
    {
      edge_begin_message (client);
      edge_say (client, "x\r\n.\r\n", "250");
      edge_say (client, "NOOP\r\n", "250");
      edge_say (client, "VRFY a\r\n", "250");
    }
  edge_say (client, "RSET\r\n", "421 4.7.0");
  edge_expect_end (client);
  g_assert_cmpuint (fixture->taken, ==, 20);

  smtp_server_set_max_junk_commands (fixture->server, 0);
  g_clear_pointer (&client, edge_client_free);
  client = edge_greet (fixture);
  for (guint i = 0; i < 300; i++)
    edge_say (client, "NOOP\r\n", "250");
}

static void
on_command (SmtpServer  *server,
            SmtpSession *session,
            SmtpRequest *request,
            const char  *argument,
            gpointer     user_data)
{
  smtp_request_reply (request, 250, NULL);
}

static void
test_command_limit (EdgeFixture   *fixture,
                    gconstpointer  data)
{
  static const char * const verbs[] = { "VRFY a\r\n", "mail FROM:<a@example.org>\r\n", "OWN\r\n", "NEVER\r\n" };
  static const char * const codes[] = { "252", "250", "250", "500" };

  smtp_server_add_command (fixture->server, "OWN", on_command, NULL, NULL);
  smtp_server_set_command_limit (fixture->server, "vrfy", 2);
  smtp_server_set_command_limit (fixture->server, "MAIL", 2);
  smtp_server_set_command_limit (fixture->server, "Own", 2);
  smtp_server_set_command_limit (fixture->server, "NEVER", 2);
  g_assert_cmpuint (smtp_server_get_command_limit (fixture->server, "Vrfy"), ==, 2);
  g_assert_cmpuint (smtp_server_get_command_limit (fixture->server, "RCPT"), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autoptr (EdgeClient) client = edge_greet (fixture);

      for (guint k = 0; k < 2; k++)
        {
          edge_say (client, verbs[i], codes[i]);
          edge_say (client, "RSET\r\n", "250");
        }
      edge_say (client, verbs[i], "421 4.7.0");
      edge_expect_end (client);
    }

  for (guint max = 3; max > 0; max--)
    {
      g_autoptr (EdgeClient) client = edge_greet (fixture);

      smtp_server_set_command_limit (fixture->server, "VRFY", max % 3);
      for (guint k = 0; k < (max == 3 ? 10 : max); k++)
        edge_say (client, "VRFY a\r\n", "252");
      if (max < 3)
        edge_say (client, "VRFY a\r\n", "421 4.7.0");
    }
}

/* Headers */

#define FIELD "X-Field: 0123456789\r\n"

static void
send_message (EdgeClient *client,
              const char *header,
              const char *body,
              const char *code)
{
  g_autofree char *text = g_strconcat (header, body, "\r\n.\r\n", NULL);

  edge_begin_message (client);
  edge_say (client, text, code);
}

static void
test_header_size (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  static const char * const bodies[] = { "\r\ntext", "text is no field\r\n\r\nX: y\r\n", "no-field\r\n", ":\r\n" };
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autofree char *body = g_strnfill (5000, 'x');

  smtp_server_set_max_header_size (fixture->server, 2 * strlen (FIELD));
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *text = g_strconcat (bodies[i], body, NULL);

      send_message (client, FIELD FIELD, text, "250");
      send_message (client, FIELD " " FIELD, text, "552 5.3.4");
      send_message (client, FIELD FIELD FIELD, text, "552 5.3.4");
      send_message (client, "", text, "250");
    }
  g_assert_cmpuint (fixture->taken, ==, 2 * G_N_ELEMENTS (bodies));

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_say (client, "BDAT 42\r\n" FIELD FIELD, "250");
  edge_say (client, "BDAT 21 LAST\r\n" FIELD, "552 5.3.4");
  smtp_server_set_max_header_size (fixture->server, 0);
  send_message (client, FIELD FIELD FIELD, "\r\n", "250");
}

/* The end */

static void
test_close_timeout (EdgeFixture   *fixture,
                    gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  g_autoptr (GPtrArray) sessions = smtp_server_get_sessions (fixture->server);
  SmtpSession *session = g_ptr_array_index (sessions, 0);
  gint64 begin = g_get_monotonic_time ();

  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *) &session);
  g_ptr_array_set_size (sessions, 0);
  smtp_server_set_close_timeout (fixture->server, 1);
  smtp_server_set_max_errors (fixture->server, 1);
  /* It stays, and goes on talking. */
  edge_say (client, "X\r\n", "421 4.7.0");
  while (session != NULL)
    {
      g_assert_cmpint (g_get_monotonic_time () - begin, <, EDGE_PATIENCE);
      g_socket_send (client->socket, "NOOP\r\n", 6, NULL, NULL);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 900 * MILLISECOND);
  g_assert_cmpuint (smtp_server_get_n_sessions (fixture->server), ==, 0);
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
    { "/manners/submission/auth", test_submission },
    { "/manners/submission/without-auth", test_submission_without_auth },
    { "/manners/submission/stream", test_submission_stream },
    { "/manners/greeting/patient", test_greeting_delay },
    { "/manners/greeting/early", test_early_talker },
    { "/manners/greeting/ends", test_greeting_delay_ends },
    { "/manners/foreign", test_foreign },
    { "/manners/errors/delay", test_error_delay },
    { "/manners/errors/late", test_error_delay_late },
    { "/manners/errors/ends", test_error_delay_ends },
    { "/manners/errors/no-delay", test_error_delay_off },
    { "/manners/junk/each", test_junk },
    { "/manners/junk/between", test_junk_between },
    { "/manners/commands", test_command_limit },
    { "/manners/header", test_header_size },
    { "/manners/close", test_close_timeout },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
