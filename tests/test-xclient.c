/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* XCLIENT and XFORWARD: who may, what they change, and what they do not. */

#include "edge-fixture.h"
#include "smtp-forwarded-client.h"

static const char * const loopback[] = { "127.0.0.0/8", NULL };

typedef struct
{
  EdgeFixture edge;
  SmtpSession *session;
  guint connected;
  guint disconnected;
  guint refusal;        /* of clients that are none of ours */
  char *ident;          /* at the end of a message */
} Fixture;

static gboolean
is_ours (SmtpSession *session)
{
  GSocketAddress *peer = smtp_session_get_peer (session);

  return G_IS_INET_SOCKET_ADDRESS (peer) &&
         g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer)));
}

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Fixture      *self)
{
  self->connected++;
  g_set_object (&self->session, session);
  g_assert_null (smtp_session_get_host_name (session));
  if (self->refusal == 0 || is_ours (session))
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, self->refusal, "by the hook");

  return SMTP_VERDICT_HANDLED;
}

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session,
               Fixture     *self)
{
  self->disconnected++;
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         Fixture      *self)
{
  SmtpForwardedClient *client = smtp_session_get_xforward (session);

  g_free (self->ident);
  self->ident = client != NULL ? g_strdup (smtp_forwarded_client_get_ident (client)) : NULL;
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->edge.server = smtp_server_new ();
  smtp_server_set_xclient_networks (self->edge.server, loopback);
  smtp_server_set_xforward_networks (self->edge.server, loopback);
  g_signal_connect (self->edge.server, "handle-connect", G_CALLBACK (on_connect), self);
  g_signal_connect (self->edge.server, "handle-disconnect", G_CALLBACK (on_disconnect), self);
  g_signal_connect (self->edge.server, "handle-data", G_CALLBACK (on_data), self);
  edge_listen (&self->edge);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_clear_object (&self->session);
  g_clear_pointer (&self->ident, g_free);
  edge_tear_down (&self->edge, NULL);
}

static void
assert_address (GSocketAddress *address,
                const char     *expected)
{
  g_autofree char *text = address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;

  g_assert_cmpstr (text, ==, expected);
}

/* Says EHLO; the lines of the answer. */
static char *
take_keywords (EdgeClient *client)
{
  char *keywords;

  edge_send (client, "EHLO proxy.example.org\r\n");
  edge_wait_for (edge_read (client) && strstr (client->input->str, "250 ") != NULL &&
                 g_str_has_suffix (client->input->str, "\r\n"));
  keywords = g_strdup (client->input->str);
  g_string_truncate (client->input, 0);

  return keywords;
}

static void
test_offer (Fixture       *self,
            gconstpointer  data)
{
  static const char * const other[] = { "192.0.2.0/24", NULL };

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (EdgeClient) client = edge_connect (&self->edge);
      g_autofree char *keywords = NULL;

      if (i > 0)
        {
          smtp_server_set_xclient_networks (self->edge.server, i == 1 ? other : NULL);
          smtp_server_set_xforward_networks (self->edge.server, i == 1 ? other : NULL);
        }
      edge_expect (client, "220");
      keywords = take_keywords (client);
      g_assert_true ((strstr (keywords, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n") != NULL) == (i == 0));
      g_assert_true ((strstr (keywords, "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n") != NULL) == (i == 0));
      g_assert_true ((strstr (keywords, "XCLIENT") != NULL) == (i == 0));

      edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", i == 0 ? "220" : "550");
      if (i > 0)
        edge_say (client, "XFORWARD ADDR=192.0.2.1\r\n", "550");
      if (i > 0)
        g_assert_true (is_ours (self->session));
    }
}

static void
test_xclient (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);
  SmtpForwardedClient *told;

  g_assert_null (smtp_session_get_xclient (self->session));
  edge_say (client, "XCLIENT NAME=client.example ADDR=192.0.2.1 PORT=1234 PROTO=SMTP HELO=+5B192.0.2.1+5D "
                    "LOGIN=a+2Bb@example.org DESTADDR=IPV6:2001:db8::2 DESTPORT=587\r\n", "220");
  g_assert_cmpuint (self->connected, ==, 2);
  assert_address (smtp_session_get_peer (self->session), "192.0.2.1:1234");
  assert_address (smtp_session_get_local_address (self->session), "[2001:db8::2]:587");
  g_assert_cmpstr (smtp_session_get_peer_name (self->session), ==, "client.example");

  told = smtp_session_get_xclient (self->session);
  assert_address (smtp_forwarded_client_get_address (told), "192.0.2.1:1234");
  assert_address (smtp_forwarded_client_get_destination (told), "[2001:db8::2]:587");
  g_assert_cmpstr (smtp_forwarded_client_get_name (told), ==, "client.example");
  g_assert_cmpstr (smtp_forwarded_client_get_host_name (told), ==, "[192.0.2.1]");
  g_assert_cmpstr (smtp_forwarded_client_get_protocol (told), ==, "SMTP");
  g_assert_cmpstr (smtp_forwarded_client_get_login (told), ==, "a+b@example.org");
  g_assert_null (smtp_forwarded_client_get_ident (told));
  g_assert_cmpstr (smtp_forwarded_client_lookup (told, "destport"), ==, "587");
  g_assert_null (smtp_forwarded_client_lookup (told, "source"));
  g_assert_null (smtp_forwarded_client_lookup (told, "nonsense"));

  /* A name of a user is none that we know. */
  g_assert_false (smtp_session_get_authenticated (self->session));
  g_assert_null (smtp_session_get_identity (self->session));

  /* It begins anew. */
  g_assert_null (smtp_session_get_host_name (self->session));
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "503");
  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\n", "250");
  edge_say (client, "QUIT\r\n", "221");
  edge_wait_for (self->disconnected == 1);
}

static void
test_login (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  smtp_server_set_auth_required (self->edge.server, TRUE);
  client = edge_greet (&self->edge);
  edge_say (client, "XCLIENT LOGIN=admin\r\n", "220");
  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "530");
}

static void
test_unavailable (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);
  SmtpForwardedClient *told;

  edge_say (client, "XCLIENT NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE]\r\n", "220");
  g_assert_null (smtp_session_get_peer (self->session));
  g_assert_null (smtp_session_get_peer_name (self->session));
  told = smtp_session_get_xclient (self->session);
  g_assert_null (smtp_forwarded_client_get_name (told));
  g_assert_null (smtp_forwarded_client_get_address (told));
  g_assert_cmpstr (smtp_forwarded_client_lookup (told, "NAME"), ==, "[TEMPUNAVAIL]");

  /* Nobody knows who that is: so it may not. */
  edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", "550");
}

/* Who is let through by a proxy must not speak for others. */
static void
test_twice (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);
  g_autofree char *keywords = NULL;

  edge_say (client, "XCLIENT NAME=a.example PORT=7\r\n", "220");
  g_assert_cmpstr (smtp_session_get_peer_name (self->session), ==, "a.example");
  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (smtp_session_get_peer (self->session))), ==, 7);
  edge_say (client, "XCLIENT ADDR=192.0.2.1 LOGIN=b\r\n", "220");
  /* The name was that of another address. */
  g_assert_null (smtp_session_get_peer_name (self->session));
  assert_address (smtp_session_get_peer (self->session), "192.0.2.1:7");
  g_assert_cmpstr (smtp_forwarded_client_get_login (smtp_session_get_xclient (self->session)), ==, "b");

  edge_say (client, "XCLIENT ADDR=127.0.0.1\r\n", "550");
  edge_say (client, "XFORWARD ADDR=127.0.0.1\r\n", "550");
  assert_address (smtp_session_get_peer (self->session), "192.0.2.1:7");
  keywords = take_keywords (client);
  g_assert_null (strstr (keywords, "XCLIENT"));
  g_assert_null (strstr (keywords, "XFORWARD"));
}

static void
test_order (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_connect (&self->edge);

  edge_expect (client, "220");
  /* Before EHLO, too. */
  edge_say (client, "XFORWARD NAME=a.example\r\n", "250");
  edge_say (client, "EHLO a.example.org\r\n", "250");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", "503");
  edge_say (client, "XFORWARD ADDR=192.0.2.1\r\n", "503");
  edge_say (client, "RCPT TO:<a@example.org>\r\n", "250");
  edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", "503");
  edge_say (client, "RSET\r\n", "250");
  g_assert_true (is_ours (self->session));

  /* In one go. */
  edge_send (client, "XFORWARD NAME=a\r\nXCLIENT ADDR=192.0.2.1\r\nEHLO b.example.org\r\nMAIL FROM:<a@example.org>\r\n");
  edge_expect (client, "250");
  edge_expect (client, "220");
  edge_expect (client, "250");
  edge_expect (client, "250");
}

static void
test_syntax (Fixture       *self,
             gconstpointer  data)
{
  static const char * const bad[] =
  {
    "XCLIENT\r\n", "XCLIENT ADDR\r\n", "XCLIENT ADDR=\r\n", "XCLIENT ADDR=localhost\r\n", "XCLIENT IDENT=a\r\n",
    "XCLIENT NAME=a+0D+0Ab\r\n", "XCLIENT NAME=a NAME=b\r\n", "XFORWARD LOGIN=a\r\n", "XFORWARD\r\n",
    "XFORWARD SOURCE=there\r\n", "XCLIENT ADDR=192.0.2.1 FOO=bar\r\n",
  };
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);
  g_autofree char *name = g_strnfill (255, 'a');
  g_autofree char *line = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    edge_say (client, bad[i], "501");
  g_assert_true (is_ours (self->session));
  g_assert_null (smtp_session_get_xclient (self->session));
  g_assert_null (smtp_session_get_xforward (self->session));
  g_assert_cmpuint (self->connected, ==, 1);
  edge_say (client, "NOOP\r\n", "250");

  /* Longer than other lines. */
  line = g_strdup_printf ("XCLIENT HELO=%s LOGIN=%s ADDR=192.0.2.1\r\n", name, name);
  g_assert_cmpuint (strlen (line), >, 512);
  edge_say (client, line, "220");
}

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) first = edge_greet (&self->edge);
  g_autoptr (EdgeClient) second = edge_greet (&self->edge);

  self->refusal = 554;
  edge_say (first, "XCLIENT ADDR=192.0.2.1\r\n", "554");
  edge_say (first, "EHLO a.example.org\r\n", "503");
  edge_say (first, "QUIT\r\n", "221");

  self->refusal = 421;
  edge_say (second, "XCLIENT ADDR=192.0.2.1\r\n", "421");
  edge_expect_end (second);
}

static void
test_limits (Fixture       *self,
             gconstpointer  data)
{
  EdgeClient *clients[6];

  /* The proxy has as many connections as its clients need. */
  smtp_server_set_limit_local (self->edge.server, TRUE);
  smtp_server_set_max_connections_per_client (self->edge.server, 2);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *line = g_strdup_printf ("XCLIENT ADDR=192.0.2.%u\r\n", i / 2);

      clients[i] = edge_greet (&self->edge);
      edge_say (clients[i], line, "220");
    }
  {
    g_autoptr (EdgeClient) one_more = edge_greet (&self->edge);

    edge_say (one_more, "XCLIENT ADDR=192.0.2.1\r\n", "421 4.7.0");
    edge_expect_end (one_more);
  }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    edge_client_free (clients[i]);
}

/* XFORWARD tells of a message, and changes nothing. */
static void
test_xforward (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);
  SmtpForwardedClient *told;

  edge_say (client, "XFORWARD NAME=client.example ADDR=IPV6:2001:db8::1 PORT=1234\r\n", "250");
  edge_say (client, "XFORWARD PROTO=ESMTP HELO=client IDENT=4Hxy SOURCE=REMOTE\r\n", "250");
  g_assert_true (is_ours (self->session));
  g_assert_null (smtp_session_get_peer_name (self->session));
  g_assert_null (smtp_session_get_xclient (self->session));
  told = smtp_session_get_xforward (self->session);
  assert_address (smtp_forwarded_client_get_address (told), "[2001:db8::1]:1234");
  g_assert_cmpstr (smtp_forwarded_client_get_name (told), ==, "client.example");
  g_assert_cmpstr (smtp_forwarded_client_get_host_name (told), ==, "client");
  g_assert_cmpstr (smtp_forwarded_client_get_protocol (told), ==, "ESMTP");
  g_assert_cmpstr (smtp_forwarded_client_get_ident (told), ==, "4Hxy");
  g_assert_cmpstr (smtp_forwarded_client_lookup (told, "SOURCE"), ==, "REMOTE");

  /* For one message, not for a MAIL that comes to nothing. */
  edge_say (client, "MAIL FROM:<a@\r\n", "501");
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\n", "250");
  g_assert_cmpstr (self->ident, ==, "4Hxy");
  g_assert_null (smtp_session_get_xforward (self->session));
  edge_begin_message (client);
  edge_say (client, "x\r\n.\r\n", "250");
  g_assert_null (self->ident);

  edge_say (client, "XFORWARD IDENT=a\r\n", "250");
  edge_say (client, "RSET\r\n", "250");
  g_assert_null (smtp_session_get_xforward (self->session));
  edge_say (client, "XFORWARD IDENT=a\r\n", "250");
  edge_say (client, "EHLO a.example.org\r\n", "250");
  g_assert_null (smtp_session_get_xforward (self->session));
}

/* What was told in clear does not count in TLS, and a client let through must not become the proxy. */
static void
test_starttls (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpTlsContext) context = smtp_tls_context_new_self_signed ("mx.example.org", &error);
  g_autoptr (EdgeClient) client = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_assert_no_error (error);
  smtp_server_set_tls_context (self->edge.server, context);
  client = edge_connect (&self->edge);
  edge_expect (client, "220");
  before = take_keywords (client);
  g_assert_nonnull (strstr (before, "STARTTLS"));
  edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", "220");
  after = take_keywords (client);
  g_assert_null (strstr (after, "STARTTLS"));
  edge_say (client, "STARTTLS\r\n", "503");
  edge_say (client, "NOOP\r\n", "250");
}

static void
test_help (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (&self->edge);

  edge_send (client, "HELP\r\n");
  edge_wait_for (edge_read (client) && g_str_has_suffix (client->input->str, "\r\n"));
  g_assert_nonnull (strstr (client->input->str, "XCLIENT"));
  g_string_truncate (client->input, 0);
  edge_say (client, "XCLIENT ADDR=192.0.2.1\r\n", "220");
  edge_send (client, "HELP\r\n");
  edge_wait_for (edge_read (client) && g_str_has_suffix (client->input->str, "\r\n"));
  g_assert_null (strstr (client->input->str, "XCLIENT"));
}

#define ADD(path, func) g_test_add ("/xclient/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("offer", test_offer);
  ADD ("xclient", test_xclient);
  ADD ("login", test_login);
  ADD ("unavailable", test_unavailable);
  ADD ("twice", test_twice);
  ADD ("order", test_order);
  ADD ("syntax", test_syntax);
  ADD ("refused", test_refused);
  ADD ("limits", test_limits);
  ADD ("xforward", test_xforward);
  ADD ("starttls", test_starttls);
  ADD ("help", test_help);

  return g_test_run ();
}
