/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS behind a PROXY header: not an octet of it is taken for the header. */

#include "tls-fixture.h"

#define HEADER "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n"

typedef struct
{
  TlsFixture tls;
  guint proxied;
  guint answer;
  gboolean holds;
  char *peer;         /* at handle-connect */
  gboolean has_tls;
} Fixture;

static gboolean
proceed (gpointer data)
{
  smtp_request_proceed (data);

  return G_SOURCE_REMOVE;
}

static SmtpVerdict
on_proxy (SmtpServer    *server,
          SmtpSession   *session,
          SmtpEnvelope  *envelope,
          SmtpRequest   *request,
          SmtpProxyInfo *info,
          Fixture       *self)
{
  self->proxied++;
  g_assert_null (smtp_session_get_tls_info (session));

  if (self->holds)
    {
      smtp_request_hold (request);
      g_timeout_add_full (G_PRIORITY_DEFAULT, 100, proceed, g_object_ref (request), g_object_unref);
      return SMTP_VERDICT_HANDLED;
    }
  if (self->answer == 0)
    return SMTP_VERDICT_CONTINUE;
  smtp_request_reply (request, self->answer, NULL);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Fixture      *self)
{
  g_free (self->peer);
  self->peer = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (smtp_session_get_peer (session)));
  self->has_tls = smtp_session_get_tls_info (session) != NULL;

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_mail (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters,
         Fixture        *self)
{
  g_autofree char *peer = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (smtp_session_get_peer (session)));

  g_assert_nonnull (smtp_session_get_tls_info (session));
  g_assert_nonnull (smtp_session_get_proxy_info (session));
  g_assert_cmpstr (peer, ==, "192.0.2.1:1234");

  return SMTP_VERDICT_CONTINUE;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  static const char * const networks[] = { "127.0.0.1", NULL };

  tls_fixture_set_up (&self->tls, NULL);
  smtp_server_set_proxy_networks (self->tls.server, networks);
  g_signal_connect (self->tls.server, "handle-proxy", G_CALLBACK (on_proxy), self);
  g_signal_connect (self->tls.server, "handle-connect", G_CALLBACK (on_connect), self);
  g_signal_connect (self->tls.server, "handle-mail", G_CALLBACK (on_mail), self);
  tls_fixture_listen (&self->tls, GPOINTER_TO_INT (data));
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_free (self->peer);
  tls_fixture_tear_down (&self->tls, NULL);
}

static void
greet (Client *client)
{
  g_assert_cmpint (client_shake_hands (client), ==, 0);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_null (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
}

/* The header in a segment of its own. */
static void
play_apart (Client *client)
{
  client_connect (client);
  client_send_clear (client, HEADER, -1);
  g_usleep (50000);
  greet (client);
}

/* The kernel keeps what is short of a segment until there is more. */
static void
play_together (Client *client)
{
  int one = 1;

  client_connect (client);
  setsockopt (client->fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
  client_send_clear (client, HEADER, -1);
  greet (client);
}

static void
play_v2 (Client *client)
{
  static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\2\1\xc6\x33\x64\2\x04\xd2\0\x19\xe0\0\0";
  int one = 1;

  client_connect (client);
  setsockopt (client->fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
  client_send_clear (client, header, sizeof header - 1);
  greet (client);
}

static void
play_slowly (Client *client)
{
  client_connect (client);
  for (const char *p = HEADER; *p != '\0'; p++)
    {
      client_send_clear (client, p, 1);
      g_usleep (1000);
    }
  greet (client);
}

static void
test_header (Fixture       *self,
             gconstpointer  data)
{
  static const ClientScript scripts[] = { play_apart, play_together, play_v2, play_slowly };

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      tls_fixture_play (&self->tls, scripts[i]);
      g_assert_cmpstr (self->peer, ==, "192.0.2.1:1234");
      g_assert_true (self->has_tls);
      g_assert_cmpuint (self->proxied, ==, i + 1);
    }

  /* What comes meanwhile stays where it is. */
  self->holds = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    tls_fixture_play (&self->tls, scripts[i]);
}

/* In clear it would not be understood, and without a header there is no TLS. */
static void
play_refused (Client *client)
{
  client_connect (client);
  client_send_clear (client, HEADER, -1);
  g_assert_cmpint (client_read (client), ==, 0);
  g_assert_cmpuint (client->input->len, ==, 0);
}

static void
play_no_header (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_shake_hands (client), !=, 0);
}

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  static const guint answers[] = { 554, 421, 451 };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      self->answer = answers[i];
      tls_fixture_play (&self->tls, play_refused);
    }
  tls_fixture_play (&self->tls, play_no_header);
  g_assert_null (self->peer);
}

/* STARTTLS forgets what the client has said, not what the proxy has. */
static void
play_starttls (Client *client)
{
  client_connect (client);
  client_send_clear (client, HEADER, -1);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);
  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
}

/* TLS with the proxy is none with us. */
static void
play_without_tls (Client *client)
{
  static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14\xc0\0\2\1\xc6\x33\x64\2\x04\xd2\0\x19"
                               "\x20\0\5\1\0\0\0\0";

  client_connect (client);
  client_send_clear (client, header, sizeof header - 1);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_nonnull (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 530);
}

static void
test_starttls (Fixture       *self,
               gconstpointer  data)
{
  smtp_server_set_require_tls (self->tls.server, TRUE);
  tls_fixture_play (&self->tls, play_starttls);
  tls_fixture_play (&self->tls, play_without_tls);
  g_assert_cmpuint (self->proxied, ==, 2);
}

#define ADD(path, kind, func) \
  g_test_add ("/proxy-tls/" path, Fixture, GINT_TO_POINTER (kind), set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("header", SMTP_LISTENER_KIND_PROXY_SMTPS, test_header);
  ADD ("refused", SMTP_LISTENER_KIND_PROXY_SMTPS, test_refused);
  ADD ("starttls", SMTP_LISTENER_KIND_PROXY_SMTP, test_starttls);

  return g_test_run ();
}
