/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers behind a proxy: the PROXY header, whose it may be, and what becomes of it. */

#include <gio/gunixsocketaddress.h>

#include "edge-fixture.h"
#include "numbers-fixture.h"
#include "proxy-header-builder.h"
#include "smtp-handler.h"
#include "test-log.h"

static const char * const loopback[] = { "127.0.0.0/8", NULL };

/* What the hooks have seen. */
typedef struct
{
  EdgeFixture edge;
  SmtpSession *session;
  SmtpProxyInfo *info;
  SmtpRequest *held;
  guint proxied;
  guint connected;
  guint disconnected;
  guint answer;           /* of handle-proxy, 0: no objection */
  gboolean fails;
  gboolean holds;
} Fixture;

static SmtpVerdict
on_proxy (SmtpServer    *server,
          SmtpSession   *session,
          SmtpEnvelope  *envelope,
          SmtpRequest   *request,
          SmtpProxyInfo *info,
          Fixture       *self)
{
  self->proxied++;
  g_assert_null (envelope);
  g_assert_true (smtp_session_get_proxy_info (session) == info);
  g_set_object (&self->session, session);
  g_set_object (&self->info, info);

  if (self->fails)
    return SMTP_VERDICT_FAILED;
  if (self->holds)
    {
      self->held = g_object_ref (request);
      smtp_request_hold (request);
      return SMTP_VERDICT_HANDLED;
    }
  if (self->answer == 0)
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, self->answer, "by the hook");

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Fixture      *self)
{
  self->connected++;

  return SMTP_VERDICT_CONTINUE;
}

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session,
               Fixture     *self)
{
  self->disconnected++;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  SmtpListenerKind kind = data != NULL ? GPOINTER_TO_INT (data) : SMTP_LISTENER_KIND_PROXY_SMTP;
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  self->edge.server = smtp_server_new ();
  smtp_server_set_proxy_networks (self->edge.server, loopback);
  g_signal_connect (self->edge.server, "handle-proxy", G_CALLBACK (on_proxy), self);
  g_signal_connect (self->edge.server, "handle-connect", G_CALLBACK (on_connect), self);
  g_signal_connect (self->edge.server, "handle-disconnect", G_CALLBACK (on_disconnect), self);
  smtp_server_listen (self->edge.server, "127.0.0.1:0", kind, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (self->edge.server);
  self->edge.port = (guint16) g_ascii_strtoull (strrchr (addresses[0], ':') + 1, NULL, 10);
}

static void
forget (Fixture *self)
{
  g_clear_object (&self->session);
  g_clear_object (&self->info);
  g_clear_object (&self->held);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  forget (self);
  edge_tear_down (&self->edge, NULL);
}

static void
send_octets (EdgeClient *client,
             const void *octets,
             gsize       size)
{
  gsize sent = 0;

  while (sent < size)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (client->socket, (const char *) octets + sent, size - sent, NULL, &error);

      /* Whoever has been cut off has said enough. */
      if (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      sent += n > 0 ? (gsize) n : 0;
      g_main_context_iteration (NULL, FALSE);
    }
}

static EdgeClient *
connect_with (Fixture    *self,
              const void *octets,
              gsize       size)
{
  EdgeClient *client = edge_connect (&self->edge);

  send_octets (client, octets, size);

  return client;
}

/* Cut off, without a word: what nobody has read may make a reset of it. */
static void
expect_cut (EdgeClient *client)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  while (g_get_monotonic_time () < deadline)
    {
      g_autoptr (GError) error = NULL;
      char buffer[100];
      gssize n = g_socket_receive (client->socket, buffer, sizeof buffer, NULL, &error);

      g_assert_cmpint (n, <=, 0);
      if (n == 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_not_reached ();
}

static void
assert_address (GSocketAddress *address,
                const char     *expected)
{
  g_autofree char *text = address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_peers (Fixture    *self,
              const char *peer,
              const char *local)
{
  GSocketAddress *own = smtp_session_get_proxy_peer (self->session);

  g_assert_true (G_IS_INET_SOCKET_ADDRESS (own));
  assert_address (smtp_session_get_peer (self->session), peer);
  assert_address (smtp_session_get_local_address (self->session), local);
}

/* Good headers */

static void
test_v1 (Fixture       *self,
         gconstpointer  data)
{
  static const char header[] = "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n";
  g_autoptr (EdgeClient) client = connect_with (self, header, strlen (header));

  edge_expect (client, "220");
  g_assert_cmpuint (self->proxied, ==, 1);
  g_assert_cmpuint (self->connected, ==, 1);
  assert_peers (self, "192.0.2.1:1234", "198.51.100.2:25");
  g_assert_cmpuint (smtp_proxy_info_get_version (self->info), ==, 1);
  g_assert_cmpint (smtp_proxy_info_get_command (self->info), ==, SMTP_PROXY_COMMAND_PROXY);
  g_assert_false (smtp_proxy_info_get_tls (self->info));

  edge_say (client, "EHLO a.example.org\r\n", "250");
  edge_say (client, "PROXY TCP4 192.0.2.9 198.51.100.2 1234 25\r\n", "500");
  g_assert_cmpuint (self->proxied, ==, 1);
  edge_say (client, "QUIT\r\n", "221");
  edge_wait_for (self->disconnected == 1);
  assert_address (smtp_session_get_peer (self->session), "192.0.2.1:1234");
}

static void
test_v1_other (Fixture       *self,
               gconstpointer  data)
{
  static const struct
  {
    const char *header;
    const char *peer;
    const char *local;
  } headers[] =
  {
    { "PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n", "[2001:db8::1]:65535", "2001:db8::2" },
    { "PROXY UNKNOWN\r\n", NULL, NULL },
    { "PROXY UNKNOWN ffff:: ffff:: 1 2\r\n", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autoptr (EdgeClient) client = connect_with (self, headers[i].header, strlen (headers[i].header));

      edge_expect (client, "220");
      if (headers[i].peer != NULL)
        assert_peers (self, headers[i].peer, headers[i].local);
      else
        {
          g_assert_null (smtp_proxy_info_get_source (self->info));
          g_assert_true (smtp_session_get_peer (self->session) == smtp_session_get_proxy_peer (self->session));
        }
    }
}

static GByteArray *
build_inet6 (void)
{
  return proxy_v2_inet ("2001:db8::1", 1234, "2001:db8::2", 25);
}

static void
test_v2 (Fixture       *self,
         gconstpointer  data)
{
  g_autoptr (GByteArray) inet = proxy_v2_inet ("192.0.2.1", 1234, "198.51.100.2", 25);
  g_autoptr (GByteArray) inet6 = build_inet6 ();
  g_autoptr (EdgeClient) first = connect_with (self, inet->data, inet->len);
  g_autoptr (EdgeClient) second = NULL;

  edge_expect (first, "220");
  assert_peers (self, "192.0.2.1:1234", "198.51.100.2:25");
  g_assert_cmpuint (smtp_proxy_info_get_version (self->info), ==, 2);
  assert_address (smtp_proxy_info_get_source (self->info), "192.0.2.1:1234");
  assert_address (smtp_proxy_info_get_destination (self->info), "198.51.100.2:25");

  second = connect_with (self, inet6->data, inet6->len);
  edge_expect (second, "220");
  assert_peers (self, "[2001:db8::1]:1234", "[2001:db8::2]:25");
}

static void
test_v2_unix (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr (GByteArray) header = proxy_v2_new (0x21, 0x31);
  g_autoptr (EdgeClient) client = NULL;
  GSocketAddress *peer;
  char paths[2][108] = { "/run/client", "/run/server" };

  proxy_v2_append (header, paths, sizeof paths);
  client = connect_with (self, header->data, header->len);
  edge_expect (client, "220");
  peer = smtp_session_get_peer (self->session);
  g_assert_true (G_IS_UNIX_SOCKET_ADDRESS (peer));
  g_assert_cmpstr (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (peer)), ==, "/run/client");
}

/* The proxy itself wants to know how we are. */
static void
test_v2_local (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (GByteArray) header = proxy_v2_new (0x20, 0x00);
  g_autoptr (EdgeClient) client = connect_with (self, header->data, header->len);

  edge_expect (client, "220");
  g_assert_cmpint (smtp_proxy_info_get_command (self->info), ==, SMTP_PROXY_COMMAND_LOCAL);
  g_assert_nonnull (smtp_session_get_peer (self->session));
  g_assert_true (smtp_session_get_peer (self->session) == smtp_session_get_proxy_peer (self->session));
}

static void
assert_bytes (GBytes     *bytes,
              const char *expected)
{
  if (expected == NULL)
    g_assert_null (bytes);
  else
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
}

static void
test_tlvs (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (GByteArray) header = build_inet6 ();
  g_autoptr (GByteArray) ssl = proxy_ssl_new (SMTP_PROXY_CLIENT_SSL | SMTP_PROXY_CLIENT_CERT_CONN, 0);
  g_autoptr (EdgeClient) client = NULL;
  g_autoptr (GBytes) own = NULL;
  g_autoptr (GBytes) all = NULL;
  g_autoptr (GBytes) none = NULL;
  g_autoptr (GBytes) key = NULL;

  proxy_append_tlv (ssl, SMTP_PROXY_SSL_VERSION, "TLSv1.3", 7);
  proxy_append_tlv (ssl, SMTP_PROXY_SSL_CIPHER, "AES", 3);
  proxy_append_tlv (ssl, SMTP_PROXY_SSL_CN, "client.example", 14);
  proxy_append_tlv (ssl, 0x25, "EC256", 5);
  proxy_v2_append_tlv (header, SMTP_PROXY_TLV_SSL, ssl->data, ssl->len);
  proxy_v2_append_tlv (header, SMTP_PROXY_TLV_AUTHORITY, "mx.example", 10);
  proxy_v2_append_tlv (header, SMTP_PROXY_TLV_ALPN, "a\nb", 3);
  proxy_v2_append_tlv (header, SMTP_PROXY_TLV_UNIQUE_ID, "id", 2);
  proxy_v2_append_tlv (header, 0xe0, "own", 3);
  proxy_v2_append_tlv (header, SMTP_PROXY_TLV_CRC32C, "\0\0\0\0", 4);
  proxy_v2_set_crc (header, header->len - 4);

  client = connect_with (self, header->data, header->len);
  edge_expect (client, "220");
  g_assert_true (smtp_proxy_info_get_tls (self->info));
  g_assert_true (smtp_proxy_info_get_peer_verified (self->info));
  g_assert_cmpstr (smtp_proxy_info_get_tls_version (self->info), ==, "TLSv1.3");
  g_assert_cmpstr (smtp_proxy_info_get_tls_cipher (self->info), ==, "AES");
  g_assert_cmpstr (smtp_proxy_info_get_peer_common_name (self->info), ==, "client.example");
  g_assert_cmpstr (smtp_proxy_info_get_authority (self->info), ==, "mx.example");
  /* It would be two lines in a log. */
  g_assert_cmpstr (smtp_proxy_info_get_alpn (self->info), ==, NULL);
  assert_bytes (smtp_proxy_info_get_unique_id (self->info), "id");
  own = smtp_proxy_info_lookup_tlv (self->info, 0xe0);
  assert_bytes (own, "own");
  key = smtp_proxy_info_lookup_tls_tlv (self->info, 0x25);
  assert_bytes (key, "EC256");
  none = smtp_proxy_info_lookup_tlv (self->info, 0xe1);
  g_assert_null (none);
  g_assert_null (smtp_proxy_info_lookup_tlv (self->info, 256));
  all = smtp_proxy_info_dup_tlvs (self->info);
  /* Behind the fixed part and two addresses of IPv6. */
  g_assert_cmpmem (g_bytes_get_data (all, NULL), g_bytes_get_size (all), header->data + 52, header->len - 52);

  /* That is between the client and the proxy. */
  g_assert_null (smtp_session_get_tls_info (self->session));
  edge_say (client, "EHLO a.example.org\r\n", "250");
  g_assert_cmpstr (smtp_session_get_protocol (self->session), ==, "ESMTP");
}

/* However it comes, and whatever comes behind it. */
static void
test_pieces (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr (GByteArray) octets = build_inet6 ();
  g_autoptr (EdgeClient) whole = NULL;
  g_autoptr (EdgeClient) pieces = NULL;
  static const char rest[] = "EHLO a.example.org\r\nQUIT\r\n";

  g_byte_array_append (octets, (const guint8 *) rest, strlen (rest));
  whole = connect_with (self, octets->data, octets->len);
  edge_expect (whole, "220");
  edge_expect (whole, "250");
  edge_expect (whole, "221");

  pieces = edge_connect (&self->edge);
  for (guint i = 0; i < octets->len; i++)
    {
      send_octets (pieces, octets->data + i, 1);
      for (guint turn = 0; turn < 3; turn++)
        g_main_context_iteration (NULL, FALSE);
    }
  edge_expect (pieces, "220");
  edge_expect (pieces, "250");
  edge_expect (pieces, "221");
}

/* Bad ones: not a word is said */

static void
expect_silence (Fixture    *self,
                const void *octets,
                gsize       size)
{
  g_autoptr (EdgeClient) client = connect_with (self, octets, size);

  expect_cut (client);
  g_assert_cmpuint (self->proxied, ==, 0);
  g_assert_cmpuint (self->connected, ==, 0);
  g_assert_cmpuint (self->disconnected, ==, 0);
  g_assert_cmpuint (smtp_server_get_n_sessions (self->edge.server), ==, 0);
}

static void
test_bad (Fixture       *self,
          gconstpointer  data)
{
  static const char * const bad[] =
  {
    "EHLO a.example.org\r\n", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\n",
    "PROXY TCP4 192.0.2.1 198.51.100.2 1234 99999\r\n", "PROXY TCP4 192.0.2.1 198.51.100.2 1234\r\n",
    "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY\r\n", "proxy UNKNOWN\r\n", " PROXY UNKNOWN\r\n",
    "\r\nPROXY UNKNOWN\r\n",
  };
  g_autoptr (GByteArray) crc = build_inet6 ();
  g_autoptr (GByteArray) too_long = proxy_v2_new (0x21, 0x11);
  g_autofree char *endless = g_strnfill (1024 * 1024, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    expect_silence (self, bad[i], strlen (bad[i]));

  proxy_v2_append_tlv (crc, SMTP_PROXY_TLV_CRC32C, "\0\0\0\1", 4);
  expect_silence (self, crc->data, crc->len);
  too_long->data[14] = too_long->data[15] = 0xff;
  expect_silence (self, too_long->data, too_long->len);
  memcpy (endless, "PROXY UNKNOWN ", strlen ("PROXY UNKNOWN "));
  expect_silence (self, endless, 1024 * 1024);
}

/* A client that leaves in the middle. */
static void
test_truncated (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr (GByteArray) octets = build_inet6 ();

  for (guint n = 0; n < octets->len; n += 7)
    {
      g_autoptr (EdgeClient) client = connect_with (self, octets->data, n);

      g_socket_shutdown (client->socket, FALSE, TRUE, NULL);
      edge_expect_end (client);
    }
  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 0);
  g_assert_cmpuint (self->proxied, ==, 0);
}

static void
test_timeout (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) silent = NULL;
  g_autoptr (EdgeClient) slow = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_cmpuint (smtp_server_get_proxy_timeout (self->edge.server), ==, 5);
  smtp_server_set_proxy_timeout (self->edge.server, 1);
  silent = edge_connect (&self->edge);
  slow = connect_with (self, "PROXY TCP4", 10);
  edge_expect_end (silent);
  edge_expect_end (slow);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, G_USEC_PER_SEC / 2);
  g_assert_cmpuint (self->connected, ==, 0);
  g_assert_cmpuint (numbers_get (self->edge.server, "timeouts-proxy"), ==, 2);
  g_assert_cmpuint (numbers_get (self->edge.server, "timeouts-command"), ==, 0);

  /* It ends with the header. */
  g_assert_cmpuint (smtp_server_get_proxy_timeout (self->edge.server), ==, 1);
}

static void
test_time_ends (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;
  gint64 end;

  smtp_server_set_proxy_timeout (self->edge.server, 1);
  client = connect_with (self, "PROXY UNKNOWN\r\n", 15);
  edge_expect (client, "220");
  end = g_get_monotonic_time () + 3 * G_USEC_PER_SEC / 2;
  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  edge_say (client, "NOOP\r\n", "250");
}

/* Who may send one */

static void
test_networks (Fixture       *self,
               gconstpointer  data)
{
  static const char * const others[] = { "192.0.2.0/24", "2001:db8::/32", "unix", "127.0.0.2", NULL };
  static const char * const mapped[] = { "127.0.0.1", NULL };
  static const char * const wrong[] = { "127.0.0.1", "10.0.0.0/33", NULL };
  g_auto (GStrv) networks = NULL;
  static const char header[] = "PROXY UNKNOWN\r\n";

  /* Nobody, as it is by default. */
  smtp_server_set_proxy_networks (self->edge.server, NULL);
  expect_silence (self, header, strlen (header));
  smtp_server_set_proxy_networks (self->edge.server, others);
  expect_silence (self, header, strlen (header));

  log_expect ("proxy-networks stays as it is", 1);
  smtp_server_set_proxy_networks (self->edge.server, wrong);
  log_assert_done ();
  networks = smtp_server_dup_proxy_networks (self->edge.server);
  g_assert_cmpstrv (networks, others);
  expect_silence (self, header, strlen (header));

  smtp_server_set_proxy_networks (self->edge.server, mapped);
  {
    g_autoptr (EdgeClient) client = connect_with (self, header, strlen (header));

    edge_expect (client, "220");
  }
}

static void
test_default (void)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();

  g_assert_null (smtp_server_dup_proxy_networks (server));
  g_assert_null (smtp_server_dup_xclient_networks (server));
  g_assert_null (smtp_server_dup_xforward_networks (server));
  g_assert_false (smtp_server_get_resolve_peers (server));
}

/* A header where none is expected is a command, and none that exists. */
static void
test_uninvited (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);

  smtp_server_set_proxy_networks (fixture->server, loopback);
  edge_expect (client, "220");
  edge_say (client, "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n", "500");
}

static void
test_stream (Fixture       *self,
             gconstpointer  data)
{
  static const char * const by_unix[] = { "unix", NULL };
  static const char header[] = "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n";

  for (guint trusted = 0; trusted <= 1; trusted++)
    {
      g_autoptr (GSocket) theirs = NULL;
      g_autoptr (GSocket) ours = NULL;
      g_autoptr (GSocketConnection) connection = NULL;
      g_autoptr (GError) error = NULL;
      EdgeClient client = { NULL, g_string_new (NULL) };
      int fds[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
      ours = g_socket_new_from_fd (fds[0], &error);
      g_assert_no_error (error);
      theirs = g_socket_new_from_fd (fds[1], &error);
      g_assert_no_error (error);
      g_socket_set_blocking (theirs, FALSE);
      connection = g_socket_connection_factory_create_connection (ours);

      smtp_server_set_proxy_networks (self->edge.server, trusted ? by_unix : loopback);
      smtp_server_accept_stream (self->edge.server, G_IO_STREAM (connection), SMTP_LISTENER_KIND_PROXY_SMTP, &error);
      g_assert_no_error (error);
      client.socket = theirs;
      if (trusted)
        {
          edge_send (&client, header);
          edge_expect (&client, "220");
          assert_address (smtp_session_get_peer (self->session), "192.0.2.1:1234");
        }
      else
        edge_expect_end (&client);
      g_string_free (client.input, TRUE);
    }
}

/* The hook */

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  static const guint answers[] = { 554, 421, 451 };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *code = g_strdup_printf ("%u", answers[i]);
      g_autoptr (EdgeClient) client = NULL;

      self->answer = answers[i];
      client = connect_with (self, "PROXY UNKNOWN\r\n", 15);
      edge_expect (client, code);
      edge_expect_end (client);
    }
  g_assert_cmpuint (self->connected, ==, 0);
  g_assert_cmpuint (self->disconnected, ==, 0);
}

static void
test_failed (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  self->fails = TRUE;
  log_expect ("handle-proxy returned without an answer; the client gets 451", 1);
  client = connect_with (self, "PROXY UNKNOWN\r\n", 15);
  edge_expect (client, "451");
  edge_expect_end (client);
  log_assert_done ();
}

static void
test_held (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;
  g_autoptr (EdgeClient) gone = NULL;

  self->holds = TRUE;
  client = connect_with (self, "PROXY UNKNOWN\r\nNOOP\r\n", 21);
  edge_wait_for (self->held != NULL);
  g_assert_cmpuint (self->connected, ==, 0);
  smtp_request_proceed (self->held);
  edge_expect (client, "220");
  edge_expect (client, "250");
  forget (self);

  /* Whoever waits for the answer leaves. */
  gone = connect_with (self, "PROXY UNKNOWN\r\n", 15);
  edge_wait_for (self->held != NULL);
  g_socket_close (gone->socket, NULL);
  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 1);
  g_assert_false (smtp_request_reply (self->held, 250, NULL));
  g_assert_cmpuint (self->connected, ==, 1);
}

/* A method of a handler */

typedef struct { SmtpHandler parent; guint asked; } ProxyHandler;
typedef struct { SmtpHandlerClass parent; } ProxyHandlerClass;

GType proxy_handler_get_type (void);
G_DEFINE_TYPE (ProxyHandler, proxy_handler, SMTP_TYPE_HANDLER)

static void
proxy_handler_handle_proxy (SmtpHandler   *handler,
                            SmtpServer    *server,
                            SmtpSession   *session,
                            SmtpEnvelope  *envelope,
                            SmtpRequest   *request,
                            SmtpProxyInfo *info)
{
  ((ProxyHandler *) handler)->asked++;
  g_assert_nonnull (smtp_proxy_info_get_source (info));
  smtp_request_reply (request, 554, "5.7.1 by the handler");
}

static void
proxy_handler_class_init (ProxyHandlerClass *klass)
{
  SMTP_HANDLER_CLASS (klass)->handle_proxy = proxy_handler_handle_proxy;
}

static void
proxy_handler_init (ProxyHandler *self)
{
}

static void
test_handler (Fixture       *self,
              gconstpointer  data)
{
  static const char header[] = "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n";
  g_autoptr (SmtpHandler) handler = g_object_new (proxy_handler_get_type (), NULL);
  g_autoptr (EdgeClient) client = NULL;

  smtp_server_add_handler (self->edge.server, handler);
  client = connect_with (self, header, strlen (header));
  edge_expect (client, "554 5.7.1 by the handler");
  edge_expect_end (client);
  g_assert_cmpuint (((ProxyHandler *) handler)->asked, ==, 1);
  g_assert_cmpuint (self->connected, ==, 0);
}

/* Limits are for the client, not for the proxy */

static EdgeClient *
connect_from (Fixture    *self,
              const char *address)
{
  g_autofree char *header = g_strdup_printf ("PROXY TCP4 %s 198.51.100.2 1234 25\r\n", address);

  return connect_with (self, header, strlen (header));
}

static void
test_limits (Fixture       *self,
             gconstpointer  data)
{
  EdgeClient *clients[6];

  smtp_server_set_limit_local (self->edge.server, TRUE);
  smtp_server_set_max_connections_per_client (self->edge.server, 2);

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i / 2);

      clients[i] = connect_from (self, address);
      edge_expect (clients[i], "220");
    }
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i);
      g_autoptr (EdgeClient) client = connect_from (self, address);

      edge_expect (client, "421 4.7.0");
      edge_expect_end (client);
    }

  /* Room for one more. */
  edge_client_free (clients[0]);
  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 5);
  clients[0] = connect_from (self, "192.0.2.0");
  edge_expect (clients[0], "220");

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    edge_client_free (clients[i]);
}

static void
test_lmtp (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = connect_with (self, "PROXY UNKNOWN\r\n", 15);

  edge_expect (client, "220");
  edge_say (client, "EHLO a.example.org\r\n", "500");
  edge_say (client, "LHLO a.example.org\r\n", "250");
  g_assert_cmpstr (smtp_session_get_protocol (self->session), ==, "LMTP");
}

/* The server ends meanwhile. */
static void
test_end (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr (EdgeClient) silent = edge_connect (&self->edge);
  g_autoptr (EdgeClient) waiting = connect_with (self, "PROXY", 5);

  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 2);
  g_clear_object (&self->edge.server);
  expect_cut (silent);
  expect_cut (waiting);
  self->edge.server = smtp_server_new ();
}

#define ADD(path, kind, func) \
  g_test_add ("/proxy/" path, Fixture, GINT_TO_POINTER (kind), set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  ADD ("v1", 0, test_v1);
  ADD ("v1-other", 0, test_v1_other);
  ADD ("v2", 0, test_v2);
  ADD ("v2-unix", 0, test_v2_unix);
  ADD ("v2-local", 0, test_v2_local);
  ADD ("tlvs", 0, test_tlvs);
  ADD ("pieces", 0, test_pieces);
  ADD ("bad", 0, test_bad);
  ADD ("bad-before-tls", SMTP_LISTENER_KIND_PROXY_SMTPS, test_bad);
  ADD ("truncated", 0, test_truncated);
  ADD ("timeout", 0, test_timeout);
  ADD ("timeout-before-tls", SMTP_LISTENER_KIND_PROXY_SMTPS, test_timeout);
  ADD ("time-ends", 0, test_time_ends);
  ADD ("networks", 0, test_networks);
  g_test_add_func ("/proxy/default", test_default);
  g_test_add ("/proxy/uninvited", EdgeFixture, NULL, edge_set_up, test_uninvited, edge_tear_down);
  ADD ("stream", 0, test_stream);
  ADD ("refused", 0, test_refused);
  ADD ("failed", 0, test_failed);
  ADD ("held", 0, test_held);
  ADD ("handler", 0, test_handler);
  ADD ("limits", 0, test_limits);
  ADD ("lmtp", SMTP_LISTENER_KIND_PROXY_LMTP, test_lmtp);
  ADD ("end", 0, test_end);

  return g_test_run ();
}
