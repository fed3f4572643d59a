/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* STARTTLS and AUTH on the way to the next server. Needs a TLS backend of GIO. */

#include "relay-fixture.h"

#include "test-log.h"

/* Made for this test, valid until 2120: an authority, and a server at localhost and 127.0.0.1. */

static const char authority[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBajCCARCgAwIBAgIUY7IsTfPTkGZ5KGmdSsKEILUpykwwCgYIKoZIzj0EAwIw\n"
  "EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw\n"
  "MDAwMFowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
  "A0IABJECeZqjcN4Dq2uFWKWRHPkpd9ClvZonAHudAX7lEDRmFWzD14De1khww9Ef\n"
  "HEU5D44RurekY3uvt8bNsBTlkQKjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0P\n"
  "AQH/BAQDAgIEMB0GA1UdDgQWBBROBeYBP0F6b578XezGVauuQ02iqTAKBggqhkjO\n"
  "PQQDAgNIADBFAiEAj5ykgOOn81RACnZKyQBLPQGk2JCjnUZ6CIlSK7bQoC0CIA6f\n"
  "KE1Lue9sBhiG4iv4lIhK87I/FotuV/pQYtSOMP3I\n"
  "-----END CERTIFICATE-----\n";

static const char server[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBqjCCAVGgAwIBAgIUGHiQp6atJRUDYfR7amUPVpQPu2gwCgYIKoZIzj0EAwIw\n"
  "EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAw\n"
  "MDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
  "AQcDQgAE8ZOm2nAd48wT/BsFprAPlMpM42VxYv2+uCL8kb5MwzQs7P0zg5ItC3+a\n"
  "cDCyZcSrKkMi02IRCHkr00J9gXmgX6OBgDB+MBoGA1UdEQQTMBGCCWxvY2FsaG9z\n"
  "dIcEfwAAATALBgNVHQ8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0O\n"
  "BBYEFOUdng3odW+jDagCzAP7+UXx1QefMB8GA1UdIwQYMBaAFE4F5gE/QXpvnvxd\n"
  "7MZVq65DTaKpMAoGCCqGSM49BAMCA0cAMEQCIBtzO4cOr4alIOMea+QDubpImyr4\n"
  "mbPiZtkd6Fkp/f4gAiB5JNk1wtUGPOBiLXOkmLjRhrGbrbmSkl3Htze7jjiaLw==\n"
  "-----END CERTIFICATE-----\n"
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF4F9n7jwWIRo24gD\n"
  "RJgncTThID+OBuoabp/5+1KeW6ChRANCAATxk6bacB3jzBP8GwWmsA+UykzjZXFi\n"
  "/b64IvyRvkzDNCzs/TODki0Lf5pwMLJlxKsqQyLTYhEIeSvTQn2BeaBf\n"
  "-----END PRIVATE KEY-----\n";

/* "\0user\0secret" */
#define CREDENTIALS "AUTH PLAIN AHVzZXIAc2VjcmV0\n"

typedef struct
{
  guint mail, end;
} Told;

static void
try_message (Client   *client,
             gpointer  data)
{
  Told *told = data;

  told->mail = client_command (client, "MAIL FROM:<a@example.org>");
  if (told->mail != 250)
    return;

  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, MESSAGE, strlen (MESSAGE));
  told->end = client_command (client, ".");
}

/* @trusted: whether the authority is one of those of the system. */
static void
set_up_tls (RelayFixture *fixture,
            gboolean      trusted)
{
  g_autofree char *path = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) error = NULL;

  relay_set_up (fixture, NULL);
  fixture->upstream.keywords = "250-STARTTLS\r\n250-AUTH LOGIN PLAIN\r\n250-8BITMIME\r\n";
  fixture->upstream.certificate = g_tls_certificate_new_from_pem (server, -1, &error);
  g_assert_no_error (error);
  raw_upstream_set_answer (&fixture->upstream, ON_STARTTLS, "220 2.0.0 go\r\n", 0);

  path = g_build_filename (fixture->front.directory, "authority.pem", NULL);
  g_file_set_contents (path, authority, -1, &error);
  g_assert_no_error (error);
  if (trusted)
    database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

static void
check (RelayFixture *fixture,
       guint         code,
       guint         n_secured)
{
  Told told = { 0 };

  relay_run (fixture, try_message, &told);
  g_assert_cmpuint (code == 250 ? told.end : told.mail, ==, code);
  g_assert_cmpuint (fixture->upstream.n_secured, ==, n_secured);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, code == 250 ? 1 : 0);
  if (code == 250)
    assert_message (fixture, 0, MESSAGE, strlen (MESSAGE));
}

static gboolean
has_said (RelayFixture *fixture,
          const char   *text)
{
  return strstr (fixture->upstream.transcript->str, text) != NULL;
}

static void
test_opportunistic (RelayFixture  *fixture,
                    gconstpointer  data)
{
  check (fixture, 250, 1);
  g_assert_true (g_str_has_prefix (fixture->upstream.transcript->str,
                                   "EHLO front.example\nSTARTTLS\nEHLO front.example\nMAIL "));
  g_assert_false (has_said (fixture, "AUTH"));
}

static void
test_large (RelayFixture  *fixture,
            gconstpointer  data)
{
  g_autoptr (GString) large = g_string_new (NULL);

  while (large->len < 5 * 1024 * 1024)
    g_string_append_printf (large, "%" G_GSIZE_FORMAT " and more\r\n", large->len);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (send_message (&fixture->front, large->str, large->len, NULL), ==, 250);
      assert_message (fixture, i, large->str, large->len);
    }
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 1);
}

/* What the server answers to STARTTLS, or does behind it. */
static void
test_falls_back (RelayFixture  *fixture,
                 gconstpointer  answer)
{
  smtp_relay_handler_set_timeout (fixture->relay, 1);
  raw_upstream_set_answer (&fixture->upstream, ON_STARTTLS, answer, 0);
  check (fixture, 250, 0);
}

static void
test_does_not_fall_back (RelayFixture  *fixture,
                         gconstpointer  answer)
{
  smtp_relay_handler_set_timeout (fixture->relay, 1);
  smtp_relay_handler_set_tls (fixture->relay, SMTP_RELAY_TLS_REQUIRED);
  raw_upstream_set_answer (&fixture->upstream, ON_STARTTLS, answer, 0);
  check (fixture, 451, 0);
}

/* Octets in clear, that would be read inside TLS. */
static void
test_injection (RelayFixture  *fixture,
                gconstpointer  tls)
{
  smtp_relay_handler_set_tls (fixture->relay, GPOINTER_TO_INT (tls));
  raw_upstream_set_answer (&fixture->upstream, ON_STARTTLS, "220 go\r\n250-evil\r\n250 fine\r\n", 0);
  check (fixture, 451, 0);
}

static void
test_required (RelayFixture  *fixture,
               gconstpointer  data)
{
  smtp_relay_handler_set_tls (fixture->relay, SMTP_RELAY_TLS_REQUIRED);
  check (fixture, 250, 1);
}

/* The server may or may not have got as far as to think that it is secure. */
static void
test_required_untrusted (RelayFixture  *fixture,
                         gconstpointer  user_name)
{
  Told told = { 0 };

  if (user_name == NULL)
    smtp_relay_handler_set_tls (fixture->relay, SMTP_RELAY_TLS_REQUIRED);
  else
    g_object_set (fixture->relay, "user-name", user_name, "password", "secret", NULL);
  relay_run (fixture, try_message, &told);
  g_assert_cmpuint (told.mail, ==, 451);
  g_assert_false (has_said (fixture, "AUTH"));
  g_assert_false (has_said (fixture, "MAIL"));
}

static void
test_auth (RelayFixture  *fixture,
           gconstpointer  data)
{
  g_object_set (fixture->relay, "user-name", "user", "password", "secret", NULL);
  check (fixture, 250, 1);
  g_assert_true (g_str_has_prefix (fixture->upstream.transcript->str,
                                   "EHLO front.example\nSTARTTLS\nEHLO front.example\n" CREDENTIALS "MAIL "));
}

static void
test_auth_refused (RelayFixture  *fixture,
                   gconstpointer  data)
{
  g_object_set (fixture->relay, "user-name", "user", "password", "secret", NULL);
  raw_upstream_set_answer (&fixture->upstream, ON_AUTH, "535 5.7.8 wrong\r\n", 0);
  check (fixture, 451, 1);
  g_assert_false (has_said (fixture, "MAIL"));
}

static void
test_auth_not_offered (RelayFixture  *fixture,
                       gconstpointer  data)
{
  fixture->upstream.keywords = "250-STARTTLS\r\n250-AUTH LOGIN XPLAIN\r\n";
  g_object_set (fixture->relay, "user-name", "user", "password", "secret", NULL);
  check (fixture, 451, 1);
  g_assert_false (has_said (fixture, "AUTH"));
}

static void
leave (Client   *client,
       gpointer  data)
{
  static const char text[] = "MAIL FROM:<a@example.org>\r\n";
  RawUpstream *upstream = data;

  client_write (client, text, strlen (text));
  while (raw_upstream_has_answer (upstream))
    g_usleep (1000);
}

/* The client leaves in the handshake. */
static void
test_leaving (RelayFixture  *fixture,
              gconstpointer  data)
{
  raw_upstream_set_answer (&fixture->upstream, ON_STARTTLS, "220 go\r\n" HANG, 0);
  relay_run (fixture, leave, &fixture->upstream);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

typedef struct
{
  const char *path;
  gboolean trusted;
  gconstpointer data;
  void (*func) (RelayFixture *fixture, gconstpointer data);
} Case;

static const Case cases[] =
{
  { "/relay-tls/opportunistic", FALSE, NULL, test_opportunistic },
  { "/relay-tls/large", FALSE, NULL, test_large },
  { "/relay-tls/falls-back/refused", FALSE, "454 4.7.0 not now\r\n", test_falls_back },
  { "/relay-tls/falls-back/unknown", FALSE, "502 5.5.1 what\r\n", test_falls_back },
  { "/relay-tls/falls-back/closed", FALSE, "220 go\r\n" CLOSE, test_falls_back },
  { "/relay-tls/falls-back/hangs", FALSE, "220 go\r\n" HANG, test_falls_back },
  { "/relay-tls/required/refused", TRUE, "454 4.7.0 not now\r\n", test_does_not_fall_back },
  { "/relay-tls/required/closed", TRUE, "220 go\r\n" CLOSE, test_does_not_fall_back },
  { "/relay-tls/required/hangs", TRUE, "220 go\r\n" HANG, test_does_not_fall_back },
  { "/relay-tls/required/trusted", TRUE, NULL, test_required },
  { "/relay-tls/required/untrusted", FALSE, NULL, test_required_untrusted },
  { "/relay-tls/injection/opportunistic", FALSE, GINT_TO_POINTER (SMTP_RELAY_TLS_OPPORTUNISTIC), test_injection },
  { "/relay-tls/injection/required", TRUE, GINT_TO_POINTER (SMTP_RELAY_TLS_REQUIRED), test_injection },
  { "/relay-tls/auth/good", TRUE, NULL, test_auth },
  { "/relay-tls/auth/refused", TRUE, NULL, test_auth_refused },
  { "/relay-tls/auth/not-offered", TRUE, NULL, test_auth_not_offered },
  { "/relay-tls/auth/untrusted", FALSE, "user", test_required_untrusted },
  { "/relay-tls/leaving", FALSE, NULL, test_leaving },
};

static void
set_up_case (RelayFixture  *fixture,
             gconstpointer  data)
{
  const Case *row = data;

  set_up_tls (fixture, row->trusted);
}

static void
run_case (RelayFixture  *fixture,
          gconstpointer  data)
{
  const Case *row = data;

  row->func (fixture, row->data);
}

static void
add_all (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, RelayFixture, &cases[i], set_up_case, run_case, relay_tear_down);
}

static void
skip (void)
{
  g_test_skip ("GIO has no TLS backend");
}

/* LeakSanitizer itself crashes when it looks at the threads and modules of glib-networking; the
 * rest of AddressSanitizer is fine with them. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    add_all ();
  else
    g_test_add_func ("/relay-tls/none", skip);

  return g_test_run ();
}
