/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server counts, each thing as a client brings it about. */

#include "edge-fixture.h"

#include "dialogue/smtp-reasons.h"
#include "numbers-fixture.h"
#include "tls-fixture.h"

#define TRANSACTION "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"

/* Leaves, and waits until the server has seen it. */
static void
leave (EdgeFixture *fixture,
       EdgeClient  *client)
{
  edge_client_free (client);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
}

static void
quit (EdgeFixture *fixture,
      EdgeClient  *client)
{
  edge_say (client, "QUIT\r\n", "221");
  leave (fixture, client);
}

/* Connections */

static void
test_connections (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  EdgeClient *client;

  numbers_assert (fixture->server, "");
  client = edge_greet (fixture);
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 1");
  g_assert_cmpuint (numbers_get (fixture->server, "octets-received"), ==, strlen ("EHLO client.example.org\r\n"));
  leave (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 1, sessions-lost 1, commands 1");
  quit (fixture, edge_greet (fixture));
  numbers_assert (fixture->server, "connections-accepted 2, sessions-lost 1, commands 3");
}

static void
expect_refusal (EdgeFixture *fixture)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);

  edge_expect (client, "421");
  edge_expect_end (client);
}

static void
test_refused (EdgeFixture   *fixture,
              gconstpointer  data)
{
  EdgeClient *client = edge_connect (fixture);

  edge_expect (client, "220");
  smtp_server_set_max_connections (fixture->server, 1);
  expect_refusal (fixture);
  expect_refusal (fixture);
  leave (fixture, client);

  smtp_server_set_max_connections (fixture->server, 0);
  smtp_server_set_limit_local (fixture->server, TRUE);
  smtp_server_set_max_connections_per_client (fixture->server, 1);
  client = edge_connect (fixture);
  edge_expect (client, "220");
  expect_refusal (fixture);
  leave (fixture, client);

  smtp_server_set_max_connection_rate (fixture->server, 2);
  expect_refusal (fixture);
  numbers_assert (fixture->server, "connections-accepted 2, connections-refused-server 2, "
                  "connections-refused-client 1, connections-refused-rate 1, sessions-lost 2");
}

static void
test_drain (EdgeFixture   *fixture,
            gconstpointer  data)
{
  EdgeClient *idle = edge_connect (fixture);
  EdgeClient *busy = edge_greet (fixture);

  edge_expect (idle, "220");
  edge_begin_message (busy);
  smtp_server_drain (fixture->server, 0);
  edge_expect (idle, "421");
  edge_expect (busy, "421");
  edge_client_free (idle);
  leave (fixture, busy);
  edge_wait_for (fixture->drained == 1);
  numbers_assert (fixture->server, "connections-accepted 2, sessions-shut-down 2, commands 4, transactions 1, "
                  "transactions-aborted 1, recipients-accepted 1, refusals-temporary 2");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "shutdown"), ==, 2);
}

/* The server goes, and somebody still has its numbers. */
static void
test_end (void)
{
  EdgeFixture fixture = { 0 };
  g_autoptr (SmtpStatistics) statistics = NULL;
  g_autoptr (EdgeClient) client = NULL;
  guint64 sessions, shut_down;

  edge_set_up (&fixture, NULL);
  statistics = g_object_ref (smtp_server_get_statistics (fixture.server));
  client = edge_greet (&fixture);
  edge_begin_message (client);
  edge_tear_down (&fixture, NULL);
  g_object_get (statistics, "sessions", &sessions, "sessions-shut-down", &shut_down, NULL);
  g_assert_cmpuint (sessions, ==, 0);
  g_assert_cmpuint (shut_down, ==, 1);
}

/* Transactions */

static void
test_messages (EdgeFixture   *fixture,
               gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);
  guint64 sent;

  edge_begin_message (client);
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 4, transactions 1, "
                  "transactions-open 1, recipients-accepted 1");
  /* The dot that was put before another one is none of the message's. */
  edge_say (client, "a\r\n..b\r\n.\r\n", "250");
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 4, transactions 1, "
                  "recipients-accepted 1, messages-accepted 1");
  g_assert_cmpuint (numbers_get (fixture->server, "message-octets"), ==, strlen ("a\r\n.b\r\n"));

  sent = numbers_get (fixture->server, "octets-sent");
  edge_say (client, "NOOP\r\n", "250");
  g_assert_cmpuint (numbers_get (fixture->server, "octets-sent") - sent, ==,
                    strlen ("250 2.0.0 Did nothing\r\n"));

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "BDAT 3 LAST\r\nabc", "503");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_say (client, "BDAT 3\r\nabc", "250");
  edge_say (client, "BDAT 2 LAST\r\nde", "250");
  g_assert_cmpuint (numbers_get (fixture->server, "message-octets"), ==, strlen ("a\r\n.b\r\n") + 5);
  quit (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 1, commands 12, client-errors 1, transactions 3, "
                  "recipients-accepted 2, messages-accepted 2, messages-refused 1, refusals-permanent 1");
}

static void
test_aborted (EdgeFixture   *fixture,
              gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RSET\r\n", "250");
  edge_say (client, "RSET\r\n", "250");
  edge_say (client, "MAIL FROM:<>\r\n", "250");
  edge_say (client, "EHLO again\r\n", "250");
  edge_say (client, "MAIL FROM:<>\r\n", "250");
  quit (fixture, client);
  client = edge_greet (fixture);
  edge_begin_message (client);
  leave (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 2, sessions-lost 1, commands 12, transactions 4, "
                  "transactions-aborted 4, recipients-accepted 1");
}

static SmtpVerdict
refuse_path (SmtpServer     *server,
             SmtpSession    *session,
             SmtpEnvelope   *envelope,
             SmtpRequest    *request,
             SmtpAddress    *address,
             SmtpParameters *parameters)
{
  if (!g_str_has_prefix (smtp_address_get_text (address), "no@"))
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, 450, NULL);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
refuse_message (SmtpServer   *server,
                SmtpSession  *session,
                SmtpEnvelope *envelope,
                SmtpRequest  *request)
{
  smtp_request_reply (request, 550, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
test_refused_mail (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (refuse_path), NULL);
  g_signal_connect (fixture->server, "handle-rcpt", G_CALLBACK (refuse_path), NULL);
  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  edge_say (client, "MAIL FROM:<no@example.org>\r\n", "450");
  edge_say (client, "MAIL FROM:<yes@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<no@example.org>\r\n", "450");
  edge_say (client, "RCPT TO:<yes@example.org>\r\n", "250");
  edge_say (client, "DATA\r\n", "354");
  edge_say (client, ".\r\n", "554");
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 6, transactions 1, "
                  "senders-refused 1, recipients-accepted 1, recipients-refused 1, messages-refused 1, "
                  "refusals-temporary 2, refusals-permanent 1");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "policy"), ==, 2);
  g_assert_cmpuint (numbers_get_reason (fixture->server, "no-taker"), ==, 1);

  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (refuse_message), NULL);
  edge_begin_message (client);
  edge_say (client, ".\r\n", "550");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "policy"), ==, 3);
  g_assert_cmpuint (numbers_get (fixture->server, "messages-refused"), ==, 2);
  g_assert_cmpuint (numbers_get (fixture->server, "message-octets"), ==, 0);
  quit (fixture, client);
}

/* Messages that are not even asked about. */
static void
test_spoilt (EdgeFixture   *fixture,
             gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);
  g_autofree char *much = g_strnfill (4000, 'x');

  smtp_server_set_data_size_limit (fixture->server, 1000);
  edge_begin_message (client);
  edge_say (client, "a\nb\r\n.\r\n", "550");
  edge_begin_message (client);
  edge_send (client, much + 4000 - 1500);
  edge_say (client, "\r\n.\r\n", "552");
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 7, client-errors 2, "
                  "transactions 2, recipients-accepted 2, messages-refused 2, refusals-permanent 2");

  /* By chunks, the rest of which is refused, too. */
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  edge_send (client, "BDAT 600\r\n");
  edge_say (client, much + 4000 - 600, "250");
  edge_send (client, "BDAT 600\r\n");
  edge_say (client, much + 4000 - 600, "552");
  edge_say (client, "BDAT 0 LAST\r\n", "503");
  numbers_assert (fixture->server, "connections-accepted 1, sessions 1, commands 12, client-errors 4, "
                  "transactions 3, recipients-accepted 3, messages-refused 3, refusals-permanent 4");

  /* One that is not worth listening to any more. */
  edge_begin_message (client);
  edge_say (client, much, "552");
  edge_expect_end (client);
  leave (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 1, commands 15, client-errors 4, "
                  "transactions 4, recipients-accepted 4, messages-refused 4, refusals-permanent 5");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "size"), ==, 3);
  g_assert_cmpuint (numbers_get_reason (fixture->server, "bare-newline"), ==, 1);
}

/* Reasons */

static void
test_reason_table (void)
{
  for (guint i = 0; i < SMTP_N_STANDARD_REPLIES; i++)
    {
      SmtpReply *reply = smtp_reply_standard (i);
      gboolean is_refusal = smtp_reply_get_code (reply) >= 400;

      if ((smtp_reason_of (reply) != SMTP_REASON_POLICY) != is_refusal)
        g_error ("%s", smtp_reply_get_wire (reply, &(gsize) { 0 }));
    }
  for (guint i = 0; i < SMTP_N_REASONS; i++)
    g_assert_nonnull (smtp_reason_get_name (i));
}

static void
set_up_reasons (SmtpServer *server)
{
  smtp_server_set_data_size_limit (server, 10);
  smtp_server_set_max_recipients (server, 1);
  smtp_server_set_max_errors (server, 1000);
}

static void
test_reasons (EdgeFixture   *fixture,
              gconstpointer  data)
{
  static const struct
  {
    const char *say;
    const char *code;
    const char *reason;
  } steps[] =
  {
    { "MAIL FROM:<a@b\r\n", "501", "syntax" },
    { "HELO\r\n", "501", "syntax" },
    { "DATA\r\n", "503", "sequence" },
    { "ABRACADABRA\r\n", "500", "unknown-command" },
    { "NOOP\n", "500", "bare-newline" },
    { "MAIL FROM:<> SIZE=11\r\n", "552", "size" },
    { "AUTH PLAIN\r\n", "500", "unknown-command" },
    { "STARTTLS\r\n", "500", "unknown-command" },
    { "MAIL FROM:<>\r\n", "250", NULL },
    { "RCPT TO:<b@example.org>\r\n", "250", NULL },
    { "RCPT TO:<b@example.org>\r\n", "452", "limit" },
    { "DATA\r\n", "354", NULL },
    { "a\nb\r\n.\r\n", "550", "bare-newline" },
    { "GET / HTTP/1.1\r\n", "554", "foreign" },
  };
  EdgeClient *client = edge_greet (fixture);
  g_autofree char *too_long = g_strnfill (4000, 'x');

  set_up_reasons (fixture->server);
  too_long[3998] = '\r';
  too_long[3999] = '\n';
  edge_say (client, too_long, "500");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "line-too-long"), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      guint64 before = steps[i].reason != NULL ? numbers_get_reason (fixture->server, steps[i].reason) : 0;
      guint64 errors = numbers_get (fixture->server, "client-errors");

      edge_say (client, steps[i].say, steps[i].code);
      if (steps[i].reason != NULL)
        g_assert_cmpuint (numbers_get_reason (fixture->server, steps[i].reason), ==, before + 1);
      else
        g_assert_cmpuint (numbers_get (fixture->server, "client-errors"), ==, errors);
    }
  leave (fixture, client);
  g_assert_cmpuint (numbers_get (fixture->server, "sessions-lost"), ==, 0);
}

static void
test_errors (EdgeFixture   *fixture,
             gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);

  smtp_server_set_max_errors (fixture->server, 3);
  edge_say (client, "A\r\n", "500");
  edge_say (client, "B\r\n", "500");
  edge_say (client, "C\r\n", "421");
  edge_expect_end (client);
  leave (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 1, commands 4, client-errors 3, "
                  "refusals-temporary 1, refusals-permanent 2");
  g_assert_cmpuint (numbers_get_reason (fixture->server, "errors"), ==, 1);
}

/* LMTP: one taker is enough. */

static SmtpVerdict
answer_each (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             gpointer      data)
{
  for (guint i = 0; i < 2; i++)
    smtp_request_reply_recipient (request, i, GPOINTER_TO_INT (data) && i == 1 ? 250 : 550, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
test_lmtp (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  g_signal_handlers_disconnect_by_func (fixture->server, edge_take, fixture);
  smtp_server_listen (fixture->server, "127.0.0.1:0", SMTP_LISTENER_KIND_LMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (fixture->server);
  fixture->port = g_ascii_strtoull (strrchr (addresses[1], ':') + 1, NULL, 10);

  for (guint i = 0; i < 2; i++)
    {
      gulong handler = g_signal_connect (fixture->server, "handle-data", G_CALLBACK (answer_each), GINT_TO_POINTER (i));
      EdgeClient *client = edge_connect (fixture);

      edge_expect (client, "220");
      edge_say (client, "LHLO client.example.org\r\n", "250");
      edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
      edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
      edge_say (client, "RCPT TO:<c@example.org>\r\n", "250");
      edge_say (client, "DATA\r\n", "354");
      edge_say (client, "x\r\n.\r\n", "550");
      edge_expect (client, i == 1 ? "250" : "550");
      quit (fixture, client);
      g_signal_handler_disconnect (fixture->server, handler);
    }
  numbers_assert (fixture->server, "connections-accepted 2, commands 12, transactions 2, recipients-accepted 4, "
                  "messages-accepted 1, messages-refused 1, refusals-permanent 3");
}

/* Deadlines */

static SmtpVerdict
hold (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request)
{
  return SMTP_VERDICT_HANDLED;
}

static void
test_timeouts (EdgeFixture   *fixture,
               gconstpointer  data)
{
  EdgeClient *idle = edge_greet (fixture);
  EdgeClient *sending = edge_greet (fixture);
  EdgeClient *waiting = edge_greet (fixture);

  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (hold), NULL);
  smtp_server_set_timeout (fixture->server, 1);
  smtp_server_set_hook_timeout (fixture->server, 1);
  edge_say (idle, "RSET\r\n", "250");
  edge_begin_message (sending);
  edge_send (waiting, "NOOP\r\n");
  edge_expect (idle, "421");
  edge_expect (sending, "421");
  edge_expect (waiting, "451");
  edge_say (waiting, "QUIT\r\n", "221");
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-command"), ==, 1);
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-data"), ==, 1);
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-hook"), ==, 1);
  g_assert_cmpuint (numbers_get_reason (fixture->server, "timeout"), ==, 3);

  /* Who does not close is no longer waited for. */
  edge_client_free (sending);
  edge_client_free (waiting);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-close"), ==, 1);
  g_assert_cmpuint (numbers_get (fixture->server, "sessions-lost"), ==, 0);
  edge_client_free (idle);
}

static void
test_deaf (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;
  g_autoptr (GString) commands = g_string_new (NULL);

  smtp_server_set_write_timeout (fixture->server, 1);
  smtp_server_set_max_junk_commands (fixture->server, 0);
  for (guint i = 0; i < 1000; i++)
    g_string_append (commands, "NOOP\r\n");
  /* There is little room, which is filled at once. */
  client = edge_pair (fixture, SMTP_LISTENER_KIND_SMTP, 4096);
  g_assert_cmpint (g_socket_send (client->socket, commands->str, commands->len, NULL, NULL), >, 0);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-write"), ==, 1);
  g_assert_cmpuint (numbers_get (fixture->server, "sessions-lost"), ==, 0);
}

/* TLS and AUTH */

static void
play_tls (Client *client)
{
  gnutls_datum_t ticket;

  client_start_tls (client);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_cmpint (gnutls_session_get_data2 (client->session, &ticket), ==, 0);
  client->ticket = &ticket;
  g_assert_cmpint (client_say (client, "QUIT\r\n"), ==, 221);
  client_disconnect (client);

  client_start_tls (client);
  g_assert_true (gnutls_session_is_resumed (client->session));
  g_assert_cmpint (client_say (client, "QUIT\r\n"), ==, 221);
  client_disconnect (client);
  client->ticket = NULL;
  gnutls_free (ticket.data);
}

static void
play_no_tls (Client *client)
{
  static const char * const ends[] = { "no hello\r\n\r\n\r\n", "" };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      client_connect (client);
      g_assert_cmpint (client_read (client), ==, 220);
      g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
      g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
      client_send (client, ends[i]);
      client_disconnect (client);
    }
}

static void
play_slow_tls (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_read (client), ==, 0);
}

static void
test_tls (TlsFixture    *fixture,
          gconstpointer  data)
{
  tls_fixture_play (fixture, play_tls);
  numbers_assert (fixture->server, "connections-accepted 2, commands 7, tls-handshakes 2, tls-handshakes-resumed 1");
  tls_fixture_play (fixture, play_no_tls);
  g_assert_cmpuint (numbers_get (fixture->server, "tls-handshakes"), ==, 2);
  g_assert_cmpuint (numbers_get (fixture->server, "tls-handshakes-failed"), ==, 2);

  smtp_server_set_handshake_timeout (fixture->server, 1);
  tls_fixture_play (fixture, play_slow_tls);
  g_assert_cmpuint (numbers_get (fixture->server, "tls-handshakes-failed"), ==, 3);
  g_assert_cmpuint (numbers_get (fixture->server, "timeouts-handshake"), ==, 1);
}

static SmtpVerdict
judge (SmtpServer      *server,
       SmtpSession     *session,
       SmtpEnvelope    *envelope,
       SmtpRequest     *request,
       SmtpCredentials *credentials)
{
  const char *user = smtp_credentials_get_authentication_id (credentials);

  smtp_request_reply (request, g_str_equal (user, "good") ? 235 : g_str_equal (user, "bad") ? 535 : 454, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
authenticate (EdgeClient *client,
              const char *user,
              const char *code)
{
  g_autofree char *plain = g_strdup_printf ("x%s%cpassword", user, 'x');
  gsize length = strlen (plain);
  g_autofree char *base64 = NULL;
  g_autofree char *line = NULL;

  plain[0] = '\0';
  plain[strlen (user) + 1] = '\0';
  base64 = g_base64_encode ((guchar *) plain, length);
  line = g_strdup_printf ("AUTH PLAIN %s\r\n", base64);
  edge_say (client, line, code);
}

static void
test_auth (EdgeFixture   *fixture,
           gconstpointer  data)
{
  static const char * const mechanisms[] = { "PLAIN", NULL };
  EdgeClient *client;

  smtp_server_set_auth_requires_tls (fixture->server, FALSE);
  smtp_server_set_auth_mechanisms (fixture->server, mechanisms);
  smtp_server_set_auth_failure_delay (fixture->server, 0);
  smtp_server_set_max_auth_failures (fixture->server, 3);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (judge), NULL);

  client = edge_greet (fixture);
  edge_say (client, "AUTH NONE\r\n", "504");
  authenticate (client, "bad", "535");
  authenticate (client, "unsure", "454");
  edge_say (client, "AUTH PLAIN\r\n", "334");
  edge_say (client, "*\r\n", "501");
  quit (fixture, client);
  numbers_assert (fixture->server, "connections-accepted 1, commands 6, client-errors 1, auth-failed 1, "
                  "auth-cancelled 1, auth-undecided 1, refusals-temporary 1, refusals-permanent 3");

  client = edge_greet (fixture);
  edge_say (client, "AUTH PLAIN\r\n", "334");
  leave (fixture, client);
  g_assert_cmpuint (numbers_get (fixture->server, "auth-cancelled"), ==, 2);

  client = edge_greet (fixture);
  authenticate (client, "good", "235");
  quit (fixture, client);
  g_assert_cmpuint (numbers_get (fixture->server, "auth-succeeded"), ==, 1);

  smtp_server_set_max_auth_failures (fixture->server, 1);
  client = edge_greet (fixture);
  authenticate (client, "bad", "421");
  leave (fixture, client);
  g_assert_cmpuint (numbers_get (fixture->server, "auth-failed"), ==, 2);
  g_assert_cmpuint (numbers_get (fixture->server, "sessions-lost"), ==, 1);
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
    { "/statistics/connections", test_connections },
    { "/statistics/refused", test_refused },
    { "/statistics/drain", test_drain },
    { "/statistics/messages", test_messages },
    { "/statistics/aborted", test_aborted },
    { "/statistics/refused-mail", test_refused_mail },
    { "/statistics/spoilt", test_spoilt },
    { "/statistics/reasons", test_reasons },
    { "/statistics/errors", test_errors },
    { "/statistics/lmtp", test_lmtp },
    { "/statistics/timeouts", test_timeouts },
    { "/statistics/deaf", test_deaf },
    { "/statistics/auth", test_auth },
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/statistics/reason-table", test_reason_table);
  g_test_add_func ("/statistics/end", test_end);
  g_test_add ("/statistics/tls", TlsFixture, NULL, tls_fixture_set_up, test_tls, tls_fixture_tear_down);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
