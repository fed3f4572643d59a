/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is at the other end of TLS: certificates of clients and what AUTH makes of them, tickets of other
 * servers, and clients that the hook, the context or the clock does not like. */

#include "test-log.h"
#include "tls-fixture.h"

#include <errno.h>
#include <time.h>

#include <glib/gstdio.h>
#include <gnutls/x509.h>

static const char *priority;
static gnutls_datum_t ticket;

static guint n_handshakes;
static GBytes *seen_der;
static GTlsCertificate *seen_certificate;
static gboolean was_verified;
static gboolean was_resumed;
static char *seen_alpn;
static char *seen_version;

static SmtpVerdict
on_handshake (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request)
{
  SmtpTlsInfo *info = smtp_session_get_tls_info (session);
  GBytes *der = smtp_tls_info_get_peer_certificate_der (info);

  n_handshakes++;
  g_clear_pointer (&seen_der, g_bytes_unref);
  g_clear_object (&seen_certificate);
  g_free (seen_alpn);
  g_free (seen_version);
  seen_der = der != NULL ? g_bytes_ref (der) : NULL;
  seen_certificate = smtp_tls_info_dup_peer_certificate (info);
  was_verified = smtp_tls_info_get_peer_verified (info);
  was_resumed = smtp_tls_info_get_resumed (info);
  seen_alpn = g_strdup (smtp_tls_info_get_alpn (info));
  seen_version = g_strdup (smtp_tls_info_get_version (info));

  return SMTP_VERDICT_CONTINUE;
}

static void
set_up (TlsFixture    *fixture,
        gconstpointer  data)
{
  tls_fixture_set_up (fixture, data);
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_handshake), NULL);
  n_handshakes = 0;
  priority = data != NULL ? data : "NORMAL";
}

static void
tear_down (TlsFixture    *fixture,
           gconstpointer  data)
{
  g_clear_pointer (&seen_der, g_bytes_unref);
  g_clear_object (&seen_certificate);
  g_clear_pointer (&seen_alpn, g_free);
  g_clear_pointer (&seen_version, g_free);
  tls_fixture_tear_down (fixture, data);
}

/* To an answer in TLS; FALSE if it did not come to that. */
static gboolean
get_through (Client *client)
{
  client->priority = priority;
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);

  return client_shake_hands (client) == 0 && client_say (client, "NOOP\r\n") == 250;
}

/* Certificates of clients */

typedef struct
{
  char *directory;
  char *path;              /* certificate and key, PEM */
  gnutls_datum_t der;
} Own;

/* The common name of the next one; NULL: it has no subject. */
static const char *common_name = "client.example.org";

#define MANY_NAMES 1000
#define TOO_LARGE G_MAXUINT

/* DER: @tag, and @value, which it empties. */
static void
wrap (GByteArray *value,
      guint8      tag)
{
  guint8 head[] = { tag, 0x82, (guint8) (value->len >> 8), (guint8) value->len };

  g_assert_cmpuint (value->len, <, 65536);
  g_byte_array_prepend (value, head, sizeof head);
}

/* dNSName in a GeneralName, or that in a GeneralSubtree. */
static void
append_name (GByteArray *list,
             guint       number,
             gboolean    is_subtree)
{
  g_autofree char *name = g_strdup_printf ("client%u.example.org", number);
  guint8 length = (guint8) strlen (name);
  guint8 head[] = { 0x30, length + 2, 0x82, length };

  g_byte_array_append (list, is_subtree ? head : head + 2, is_subtree ? 4 : 2);
  g_byte_array_append (list, (guint8 *) name, length);
}

static void
add_extension (gnutls_x509_crt_t  crt,
               const char        *oid,
               const void        *value,
               gsize              size)
{
  g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (crt, oid, value, size, FALSE), ==, 0);
}

/* Names and, for each of them, a constraint that other names must keep; or one thing that is large. GnuTLS takes long
 * to put them together, so it gets them as they are. */
static void
add_names (gnutls_x509_crt_t crt,
           guint             n)
{
  static const guint8 nothing[512 * 1024];
  g_autoptr (GByteArray) names = g_byte_array_new ();
  g_autoptr (GByteArray) constraints = g_byte_array_new ();

  if (n == TOO_LARGE)
    add_extension (crt, "1.3.6.1.4.1.99999.1", nothing, sizeof nothing);
  if (n == 0 || n == TOO_LARGE)
    return;

  for (guint i = 0; i < n; i++)
    {
      append_name (names, i, FALSE);
      append_name (constraints, i, TRUE);
    }
  wrap (names, 0x30);
  wrap (constraints, 0xa0);
  wrap (constraints, 0x30);
  add_extension (crt, "2.5.29.17", names->data, names->len);
  add_extension (crt, "2.5.29.30", constraints->data, constraints->len);
}

static void
make_own (Own   *own,
          guint  n_names)
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t crt;
  gnutls_datum_t crt_pem, key_pem;
  g_autofree char *pem = NULL;
  g_autoptr (GError) error = NULL;

  gnutls_x509_privkey_init (&key);
  gnutls_x509_crt_init (&crt);
  gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  gnutls_x509_crt_set_version (crt, 3);
  gnutls_x509_crt_set_serial (crt, "\1", 1);
  gnutls_x509_crt_set_activation_time (crt, time (NULL) - 60);
  gnutls_x509_crt_set_expiration_time (crt, time (NULL) + 86400);
  if (common_name != NULL)
    gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, common_name, strlen (common_name));
  gnutls_x509_crt_set_key (crt, key);
  add_names (crt, n_names);
  g_assert_cmpint (gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA256, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &own->der), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &crt_pem), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &key_pem), ==, 0);

  own->directory = g_dir_make_tmp ("tls-peers-XXXXXX", &error);
  g_assert_no_error (error);
  own->path = g_build_filename (own->directory, "own.pem", NULL);
  pem = g_strconcat ((const char *) crt_pem.data, (const char *) key_pem.data, NULL);
  g_file_set_contents (own->path, pem, -1, &error);
  g_assert_no_error (error);
  gnutls_free (crt_pem.data);
  gnutls_free (key_pem.data);
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_privkey_deinit (key);
}

static void
clear_own (Own *own)
{
  g_unlink (own->path);
  g_rmdir (own->directory);
  g_free (own->path);
  g_free (own->directory);
  gnutls_free (own->der.data);
}

static Own own;
static gboolean gets_through;
static gboolean shows_own;

static void
play_certificate (Client *client)
{
  if (shows_own)
    g_assert_cmpint (gnutls_certificate_set_x509_key_file (client->credentials, own.path, own.path,
                                                           GNUTLS_X509_FMT_PEM), ==, 0);
  gets_through = get_through (client);
}

static void
play_with (TlsFixture *fixture,
           gboolean    show)
{
  shows_own = show;
  n_handshakes = 0;
  tls_fixture_play (fixture, play_certificate);
}

static void
ask_for_certificates (TlsFixture             *fixture,
                      SmtpClientCertificates  clients,
                      const char             *ca_file)
{
  g_autoptr (GError) error = NULL;

  smtp_tls_context_set_client_certificates (fixture->context, clients);
  smtp_tls_context_set_ca_file (fixture->context, ca_file);
  smtp_tls_context_reload (fixture->context, &error);
  g_assert_no_error (error);
}

static void
test_certificates (TlsFixture    *fixture,
                   gconstpointer  data)
{
  make_own (&own, 0);

  play_with (fixture, TRUE);
  g_assert_true (gets_through);
  g_assert_null (seen_der);

  ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUESTED, own.path);
  play_with (fixture, FALSE);
  g_assert_true (gets_through);
  g_assert_null (seen_der);
  g_assert_false (was_verified);
  play_with (fixture, TRUE);
  g_assert_true (gets_through);
  g_assert_nonnull (seen_der);
  g_assert_cmpmem (g_bytes_get_data (seen_der, NULL), g_bytes_get_size (seen_der), own.der.data, own.der.size);
  g_assert_true (was_verified);
  /* It takes glib-networking, which not every machine has. */
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_autoptr (GByteArray) der = NULL;

      g_object_get (seen_certificate, "certificate", &der, NULL);
      g_assert_cmpmem (der->data, der->len, own.der.data, own.der.size);
    }

  ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUIRED, own.path);
  play_with (fixture, TRUE);
  g_assert_true (gets_through && was_verified);
  play_with (fixture, FALSE);
  g_assert_false (gets_through);
  g_assert_cmpuint (n_handshakes, ==, 0);

  clear_own (&own);
}

/* CVE-2024-12243, CVE-2025-14831: to look at a certificate may take a time that grows with the square of the names in
 * it. How many there may be is limited by the size of a handshake; whoever comes next finds a server. */
static void
test_large_certificates (TlsFixture    *fixture,
                         gconstpointer  data)
{
  for (guint i = 0; i < 2; i++)
    {
      gint64 begin;

      make_own (&own, i == 0 ? MANY_NAMES : TOO_LARGE);
      ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUESTED, own.path);
      begin = clock ();
      play_with (fixture, TRUE);
      g_assert_true (gets_through == (i == 0));
      play_with (fixture, FALSE);
      g_assert_true (gets_through);
      /* It is hundredths of a second, and some more under valgrind. */
      g_assert_cmpint (clock () - begin, <, 20 * (gint64) CLOCKS_PER_SEC);
      clear_own (&own);
    }
}

/* EXTERNAL, RFC 4422 appendix A: who it is says the certificate, and the client at most whom it acts for. */

typedef struct
{
  const char *said;
  int code;
} Attempt;

static const Attempt *attempts;   /* ended by one that says nothing */
static gboolean is_offered;
static guint n_asked;
static char *seen_id;
static char *seen_authorization_id;

/* It may act for nobody but itself and bob. */
static SmtpVerdict
on_external (SmtpServer      *server,
             SmtpSession     *session,
             SmtpEnvelope    *envelope,
             SmtpRequest     *request,
             SmtpCredentials *credentials)
{
  const char *wanted_id = smtp_credentials_get_authorization_id (credentials);

  n_asked++;
  g_assert_cmpstr (smtp_credentials_get_mechanism (credentials), ==, "EXTERNAL");
  g_assert_null (smtp_credentials_get_password (credentials));
  g_free (seen_id);
  g_free (seen_authorization_id);
  seen_id = g_strdup (smtp_credentials_get_authentication_id (credentials));
  seen_authorization_id = g_strdup (wanted_id);
  smtp_request_reply (request, wanted_id == NULL || g_str_equal (wanted_id, "bob") ? 235 : 535, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
play_external (Client *client)
{
  if (shows_own)
    g_assert_cmpint (gnutls_certificate_set_x509_key_file (client->credentials, own.path, own.path,
                                                           GNUTLS_X509_FMT_PEM), ==, 0);
  g_assert_true (get_through (client));
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  is_offered = strstr (client->lines->str, "EXTERNAL") != NULL;
  for (const Attempt *attempt = attempts; attempt->said != NULL; attempt++)
    g_assert_cmpint (client_say (client, attempt->said), ==, attempt->code);
}

static void
try_external (TlsFixture    *fixture,
              const Attempt *list,
              gboolean       show,
              guint          n_expected)
{
  attempts = list;
  shows_own = show;
  n_asked = 0;
  tls_fixture_play (fixture, play_external);
  g_assert_cmpuint (n_asked, ==, n_expected);
}

#define WANTS_AUTH { "MAIL FROM:<a@example.org>\r\n", 530 }
#define LETS_IN { "MAIL FROM:<a@example.org>\r\n", 250 }, { NULL, 0 }

/* CVE-2023-42115: NULs, a line end, and what is no text or not even base64, ask nobody. */
static const Attempt malformed[] =
{
  { "AUTH EXTERNAL YQBiAGMAZABl\r\n", 501 }, { "AUTH EXTERNAL AA==\r\n", 501 }, { "AUTH EXTERNAL Ym9iAA==\r\n", 501 },
  { "AUTH EXTERNAL AGJvYg==\r\n", 501 }, { "AUTH EXTERNAL AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", 501 },
  { "AUTH EXTERNAL YQ0KYg==\r\n", 501 }, { "AUTH EXTERNAL /w==\r\n", 501 }, { "AUTH EXTERNAL ====\r\n", 501 },
  { "AUTH EXTERNAL Ym9i=\r\n", 501 }, { "AUTH EXTERNAL\r\n", 334 }, { "YQBi\r\n", 501 }, { "AUTH EXTERNAL\r\n", 334 }, { "*\r\n", 501 },
  WANTS_AUTH, { NULL, 0 }
};

static const Attempt for_root[] = { { "AUTH EXTERNAL cm9vdA==\r\n", 535 }, WANTS_AUTH, { NULL, 0 } };
static const Attempt for_bob[] = { { "AUTH EXTERNAL Ym9i\r\n", 235 }, { "AUTH EXTERNAL =\r\n", 503 }, LETS_IN };
static const Attempt for_itself[] = { { "AUTH EXTERNAL =\r\n", 235 }, LETS_IN };
static const Attempt for_itself_later[] = { { "AUTH EXTERNAL\r\n", 334 }, { "\r\n", 235 }, LETS_IN };
static const Attempt not_there[] = { { "AUTH EXTERNAL =\r\n", 504 }, { "AUTH EXTERNAL Ym9i\r\n", 504 }, WANTS_AUTH, { NULL, 0 } };
static const Attempt nobody[] = { { "AUTH EXTERNAL =\r\n", 535 }, { "AUTH EXTERNAL Ym9i\r\n", 535 }, WANTS_AUTH, { NULL, 0 } };

static void
set_up_external (TlsFixture *fixture)
{
  smtp_server_set_auth_mechanisms (fixture->server, (const char * const []) { "EXTERNAL", NULL });
  smtp_server_set_auth_required (fixture->server, TRUE);
  smtp_server_set_auth_failure_delay (fixture->server, 0);
  smtp_server_set_max_auth_failures (fixture->server, 0);
  smtp_server_set_error_delay (fixture->server, 0);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (on_external), NULL);
  ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUESTED, own.path);
}

static void
test_external (TlsFixture    *fixture,
               gconstpointer  data)
{
  make_own (&own, 0);
  set_up_external (fixture);

  try_external (fixture, malformed, TRUE, 0);
  g_assert_true (is_offered);
  try_external (fixture, for_root, TRUE, 1);
  g_assert_cmpstr (seen_authorization_id, ==, "root");
  try_external (fixture, for_bob, TRUE, 1);
  g_assert_cmpstr (seen_id, ==, "CN=client.example.org");
  g_assert_cmpstr (seen_authorization_id, ==, "bob");
  try_external (fixture, for_itself, TRUE, 1);
  g_assert_null (seen_authorization_id);
  try_external (fixture, for_itself_later, TRUE, 1);
  g_assert_cmpstr (seen_id, ==, "CN=client.example.org");
  g_assert_null (seen_authorization_id);

  try_external (fixture, not_there, FALSE, 0);
  g_assert_false (is_offered);

  g_clear_pointer (&seen_id, g_free);
  g_clear_pointer (&seen_authorization_id, g_free);
  clear_own (&own);
}

/* A certificate that nobody has signed who is believed says nothing; nor does one that names nobody, or whose name
 * is not for a log. */
static void
test_external_nobody (TlsFixture    *fixture,
                      gconstpointer  data)
{
  static const char * const names[] = { NULL, "bob\nroot", "bob\033[2J" };
  Own trusted;

  make_own (&own, 0);
  trusted = own;
  set_up_external (fixture);
  make_own (&own, 0);
  try_external (fixture, not_there, TRUE, 0);
  g_assert_false (is_offered);
  clear_own (&own);
  clear_own (&trusted);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      common_name = names[i];
      make_own (&own, 0);
      common_name = "client.example.org";
      ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUESTED, own.path);
      try_external (fixture, nobody, TRUE, 0);
      clear_own (&own);
    }
}

/* Certificates of the server's, by name */

static const char *wanted;
static gboolean shows_added;

static void
play_name (Client *client)
{
  const gnutls_datum_t *shown;
  unsigned int n;

  client->server_name = wanted;
  client->server_name_length = strlen (wanted);
  g_assert_true (get_through (client));
  shown = gnutls_certificate_get_peers (client->session, &n);
  shows_added = shown->size == own.der.size && memcmp (shown->data, own.der.data, shown->size) == 0;
}

static void
test_names (TlsFixture    *fixture,
            gconstpointer  data)
{
  static const char *names[] = { "client.example.org", "CLIENT.Example.org", "mx.example.org", "other.example.org" };
  g_autoptr (GError) error = NULL;

  make_own (&own, 0);
  smtp_tls_context_add_certificate (fixture->context, own.path, NULL, &error);
  g_assert_no_error (error);
  ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUESTED, own.path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      wanted = names[i];
      tls_fixture_play (fixture, play_name);
      g_assert_cmpint (shows_added, ==, i < 2);
    }
  clear_own (&own);
}

/* S9: what one server gave is worth nothing at another one, nor at the same one once it asks for
 * certificates that it did not ask for before. */

static void
play_for_ticket (Client *client)
{
  g_assert_true (get_through (client));
  g_assert_cmpint (gnutls_session_get_data2 (client->session, &ticket), ==, 0);
}

static void
play_ticket (Client *client)
{
  client->ticket = &ticket;
  gets_through = get_through (client);
  if (gets_through)
    g_assert_cmpint (gnutls_session_is_resumed (client->session), ==, was_resumed);
}

static void
test_tickets (TlsFixture    *fixture,
              gconstpointer  data)
{
  TlsFixture second = { NULL };

  make_own (&own, 0);
  tls_fixture_set_up (&second, NULL);
  g_signal_connect (second.server, "handle-tls-handshake", G_CALLBACK (on_handshake), NULL);

  tls_fixture_play (fixture, play_for_ticket);
  tls_fixture_play (fixture, play_ticket);
  g_assert_true (gets_through && was_resumed);
  tls_fixture_play (&second, play_ticket);
  g_assert_true (gets_through && !was_resumed);
  ask_for_certificates (&second, SMTP_CLIENT_CERTIFICATES_REQUIRED, own.path);
  tls_fixture_play (&second, play_ticket);
  g_assert_false (gets_through);

  ask_for_certificates (fixture, SMTP_CLIENT_CERTIFICATES_REQUIRED, own.path);
  tls_fixture_play (fixture, play_ticket);
  g_assert_false (gets_through);

  gnutls_free (ticket.data);
  ticket.data = NULL;
  tls_fixture_tear_down (&second, NULL);
  clear_own (&own);
}

/* S8 */

static void
play_renegotiation (Client *client)
{
  int code;

  g_assert_true (get_through (client));
  do
    code = gnutls_handshake (client->session);
  while (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED);
  g_assert_cmpint (code, <, 0);
  client_send (client, "NOOP\r\n");
  g_assert_cmpint (client_read (client), ==, 0);
}

static void
test_renegotiation (TlsFixture    *fixture,
                    gconstpointer  data)
{
  tls_fixture_play (fixture, play_renegotiation);
  g_assert_cmpuint (n_handshakes, ==, 1);
}

/* The hook says no */

static SmtpVerdict
on_unwanted (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request)
{
  smtp_request_reply (request, 550, "no");

  return SMTP_VERDICT_HANDLED;
}

static void
play_unwanted (Client *client)
{
  g_assert_false (get_through (client));
  g_assert_true (g_str_has_prefix (client->reply, "554 "));
  for (const char **line = (const char *[]) { "EHLO a\r\n", "MAIL FROM:<>\r\n", "STARTTLS\r\n", "XYZ\r\n", NULL };
       *line != NULL; line++)
    g_assert_cmpint (client_say (client, *line), ==, 554);
  g_assert_cmpint (client_say (client, "QUIT\r\n"), ==, 221);
}

static void
test_unwanted (TlsFixture    *fixture,
               gconstpointer  data)
{
  g_signal_handlers_disconnect_by_func (fixture->server, (gpointer) on_handshake, NULL);
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_unwanted), NULL);
  tls_fixture_play (fixture, play_unwanted);
}

/* A context that has no certificate */

static void
play_unavailable (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 454);
  g_assert_cmpint (client_say (client, "MAIL FROM:<>\r\n"), ==, 250);
}

static void
test_unavailable (TlsFixture    *fixture,
                  gconstpointer  data)
{
  g_autoptr (SmtpTlsContext) empty = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);

  smtp_server_set_tls_context (fixture->server, empty);
  log_expect ("No TLS: There is no certificate", 1);
  tls_fixture_play (fixture, play_unavailable);
  log_assert_done ();
}

/* S11: an octet now and then does not put the end off. */

static void
play_dripping (Client *client)
{
  gint64 start = g_get_monotonic_time ();
  guint n_sent = 0;
  char octet;

  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  client_send_clear (client, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  while (recv (client->fd, &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
    {
      client_send_clear (client, "\1", 1);
      g_usleep (G_USEC_PER_SEC / 10);
      n_sent++;
      g_assert_cmpint (g_get_monotonic_time () - start, <, PATIENCE_S * G_USEC_PER_SEC);
    }
  /* Before it was a whole ClientHello. */
  g_assert_cmpuint (n_sent, <, 500);
}

static void
test_dripping (TlsFixture    *fixture,
               gconstpointer  data)
{
  smtp_server_set_handshake_timeout (fixture->server, 1);
  tls_fixture_play (fixture, play_dripping);
  g_assert_cmpuint (n_handshakes, ==, 0);
}

/* ALPN, and what the context allows */

static const char *protocol;

static void
play_protocol (Client *client)
{
  const gnutls_datum_t offered = { (unsigned char *) protocol, (unsigned int) strlen (protocol) };
  int code;

  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  client_open (client);
  gnutls_alpn_set_protocols (client->session, &offered, 1, 0);
  do
    code = gnutls_handshake (client->session);
  while (code < 0 && !gnutls_error_is_fatal (code));
  g_assert_cmpint (code, ==, 0);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
}

static void
test_protocols (TlsFixture    *fixture,
                gconstpointer  data)
{
  protocol = "smtp";
  tls_fixture_play (fixture, play_protocol);
  g_assert_cmpstr (seen_alpn, ==, "smtp");
  protocol = "h2";
  tls_fixture_play (fixture, play_protocol);
  g_assert_null (seen_alpn);
}

static void
play_any (Client *client)
{
  gets_through = get_through (client);
}

static void
test_priority (TlsFixture    *fixture,
               gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  tls_fixture_play (fixture, play_any);
  g_assert_cmpstr (seen_version, ==, "TLS1.3");
  smtp_tls_context_set_priority (fixture->context, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
  smtp_tls_context_reload (fixture->context, &error);
  g_assert_no_error (error);
  tls_fixture_play (fixture, play_any);
  g_assert_cmpstr (seen_version, ==, "TLS1.2");
  priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
  tls_fixture_play (fixture, play_any);
  g_assert_false (gets_through);
}

#define ADD(path, data, function) \
  g_test_add ("/tls-peers/" path, TlsFixture, data, set_up, function, tear_down)

#define ONLY(version) "NORMAL:-VERS-ALL:+VERS-" version

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  ADD ("certificates/1.2", ONLY ("TLS1.2"), test_certificates);
  ADD ("certificates/1.3", ONLY ("TLS1.3"), test_certificates);
  ADD ("certificates/large", NULL, test_large_certificates);
  ADD ("external/1.2", ONLY ("TLS1.2"), test_external);
  ADD ("external/1.3", ONLY ("TLS1.3"), test_external);
  ADD ("external/nobody", NULL, test_external_nobody);
  ADD ("names/1.2", ONLY ("TLS1.2"), test_names);
  ADD ("names/1.3", ONLY ("TLS1.3"), test_names);
  ADD ("tickets/1.2", ONLY ("TLS1.2"), test_tickets);
  ADD ("tickets/1.3", ONLY ("TLS1.3"), test_tickets);
  ADD ("renegotiation", ONLY ("TLS1.2"), test_renegotiation);
  ADD ("unwanted", NULL, test_unwanted);
  ADD ("unavailable", NULL, test_unavailable);
  ADD ("dripping", NULL, test_dripping);
  ADD ("protocols", NULL, test_protocols);
  ADD ("priority", NULL, test_priority);

  return g_test_run ();
}
