/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TLS from both ends: what STARTTLS keeps and forgets, what the hook sees, and each way in which
 * a connection can end where it should not. */

#include "tls-fixture.h"

#define ENVELOPE "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"

static void
begin_transaction (Client *client)
{
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "RCPT TO:<b@example.org>\r\n"), ==, 250);
}

/* RFC 3207 section 4.2 */

static guint n_connects;

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request)
{
  n_connects++;
  g_object_set_data (G_OBJECT (session), "attached", (gpointer) "kept");

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_handshake (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request)
{
  g_assert_cmpstr (g_object_get_data (G_OBJECT (session), "attached"), ==, "kept");
  g_assert_null (smtp_session_get_host_name (session));
  g_assert_false (smtp_session_get_extended_smtp (session));

  return SMTP_VERDICT_CONTINUE;
}

static void
play_state (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO before.example.org\r\n"), ==, 250);
  g_assert_nonnull (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "STARTTLS now\r\n"), ==, 501);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 503);
  g_assert_cmpint (client_say (client, "RSET\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);

  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 503);
  g_assert_cmpint (client_say (client, "EHLO after.example.org\r\n"), ==, 250);
  g_assert_null (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 503);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 503);
  begin_transaction (client);
  g_assert_cmpint (client_say (client, "DATA\r\n"), ==, 354);
  g_assert_cmpint (client_say (client, "x\r\n.\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "QUIT\r\n"), ==, 221);
}

static void
test_state (TlsFixture    *fixture,
            gconstpointer  data)
{
  n_connects = 0;
  g_signal_connect (fixture->server, "handle-connect", G_CALLBACK (on_connect), NULL);
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_handshake), NULL);
  tls_fixture_play (fixture, play_state);
  g_assert_cmpuint (n_connects, ==, 1);
  g_assert_cmpuint (fixture->n_messages, ==, 1);
}

/* What STARTTLS makes of AUTH */

static GPtrArray *protocols;

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

static SmtpVerdict
note_protocol (SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request)
{
  g_ptr_array_add (protocols, (gpointer) smtp_session_get_protocol (session));

  return SMTP_VERDICT_CONTINUE;
}

/* Whoever was let in before it is a stranger after it, RFC 3207 section 4.2. */
static void
play_auth (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "AUTH PLAIN AGpvZQBwZW5jaWw=\r\n"), ==, 235);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "RSET\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);

  g_assert_cmpint (client_say (client, "EHLO a.example.org\r\n"), ==, 250);
  g_assert_nonnull (strstr (client->lines->str, "AUTH PLAIN"));
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 530);
  g_assert_cmpint (client_say (client, "AUTH PLAIN AGpvZQBwZW5jaWw=\r\n"), ==, 235);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "QUIT\r\n"), ==, 221);
}

static void
test_auth (TlsFixture    *fixture,
           gconstpointer  data)
{
  static const char * const mechanisms[] = { "PLAIN", NULL };

  protocols = g_ptr_array_new ();
  smtp_server_set_auth_required (fixture->server, TRUE);
  smtp_server_set_auth_requires_tls (fixture->server, FALSE);
  smtp_server_set_auth_mechanisms (fixture->server, mechanisms);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (let_in), NULL);
  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (note_protocol), NULL);
  tls_fixture_play (fixture, play_auth);
  g_assert_cmpuint (protocols->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (protocols, 0), ==, "ESMTPA");
  g_assert_cmpstr (g_ptr_array_index (protocols, 1), ==, "ESMTPSA");
  g_clear_pointer (&protocols, g_ptr_array_unref);
}

/* Required, by SMTP and by LMTP */

static void
play_required (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  for (const char **command = (const char *[]) { "MAIL FROM:<>", "RCPT TO:<a@example.org>", "DATA", "VRFY a", "BDAT 0 LAST", NULL };
       *command != NULL; command++)
    {
      g_autofree char *line = g_strconcat (*command, "\r\n", NULL);

      g_assert_cmpint (client_say (client, line), ==, 530);
      g_assert_true (g_str_has_prefix (client->reply, "530 5.7.0 "));
    }
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);
  begin_transaction (client);
}

static void
test_required (TlsFixture    *fixture,
               gconstpointer  data)
{
  smtp_server_set_require_tls (fixture->server, TRUE);
  tls_fixture_play (fixture, play_required);
}

static void
play_lmtp (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "LHLO client.example.org\r\n"), ==, 250);
  g_assert_nonnull (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "MAIL FROM:<>\r\n"), ==, 530);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);
  g_assert_cmpint (client_say (client, "LHLO client.example.org\r\n"), ==, 250);
  g_assert_null (strstr (client->lines->str, "STARTTLS"));
  g_assert_cmpint (client_say (client, "MAIL FROM:<>\r\n"), ==, 250);
}

static void
test_lmtp (TlsFixture    *fixture,
           gconstpointer  data)
{
  smtp_server_set_require_tls (fixture->server, TRUE);
  tls_fixture_listen (fixture, SMTP_LISTENER_KIND_LMTP);
  tls_fixture_play (fixture, play_lmtp);
}

/* Plaintext behind STARTTLS, in one segment with it or octet by octet: no command, whole or part
 * of one, is heard of again (CVE-2011-0411 and its kin). */

static const char *injection;
static gboolean one_by_one;
static guint n_noops;

static SmtpVerdict
on_noop (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         const char   *text)
{
  n_noops++;

  return SMTP_VERDICT_CONTINUE;
}

static void
play_injection (Client *client)
{
  g_autofree char *octets = g_strconcat ("STARTTLS\r\n", injection, NULL);
  int code;

  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  for (const char *p = octets; one_by_one && *p != '\0'; p++)
    client_send_clear (client, p, 1);
  if (!one_by_one)
    client_send (client, octets);

  code = client_read (client);
  if (code != 220 || client->input->len > 0 || client_shake_hands (client) < 0)
    return;

  /* Thrown away: the first line that is answered is the first one in TLS. */
  g_assert_cmpint (client_say (client, "VRFY first\r\n"), ==, 252);
}

static void
test_injection (TlsFixture    *fixture,
                gconstpointer  data)
{
  static const char *octets[] = { "NOOP\r\n", "NOOP\r\nNOOP\r\nMAIL FROM:<>\r\n", "NO", "NOOP\r", "\r\n", "NOOP" };

  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (on_noop), NULL);
  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (on_noop), NULL);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (octets); i++)
    {
      injection = octets[i / 2];
      one_by_one = i % 2;
      n_noops = 0;
      tls_fixture_play (fixture, play_injection);
      g_assert_cmpuint (n_noops, ==, 0);
    }
}

/* Ends */

typedef enum
{
  END_BYE,    /* a close_notify, and then octets in clear (CVE-2026-45185) */
  END_EOF,    /* the end of the connection, without one */
  END_CLEAR,  /* octets in clear in the midst of TLS */
  N_ENDS
} End;

/* What was said before it. */
static const char *const phases[] =
{
  "",
  "EHLO a.example.org\r\n",
  "EHLO a.example.org\r\nNO",
  "EHLO a.example.org\r\n" ENVELOPE,
  "EHLO a.example.org\r\n" ENVELOPE "DATA\r\n",
  "EHLO a.example.org\r\n" ENVELOPE "DATA\r\nSubject: x\r\n\r\nhalf a li",
  "EHLO a.example.org\r\n" ENVELOPE "DATA\r\nSubject: x\r\n\r\n.",
  "EHLO a.example.org\r\n" ENVELOPE "BDAT 1000\r\n0123456789",
  "EHLO a.example.org\r\n" ENVELOPE "BDAT 10\r\n0123456789BDAT 1000 LAST\r\n01234",
  "EHLO a.example.org\r\nAUTH PLAIN\r\n",
  "EHLO a.example.org\r\nAUTH PLAIN\r\nAGpvZQBwZ",
  "EHLO a.example.org\r\nAUTH LOGIN am9l\r\ncGVuY2ls\r\nAUTH LOGIN am9l\r\n",
  "EHLO a.example.org\r\nVRFY held\r\n",
  "EHLO a.example.org\r\nVRFY held\r\nNOOP\r\n",
};

static End end;
static const char *phase;
static guint n_envelopes_left;
static guint n_late_noops;

static void
play_end (Client *client)
{
  client_start_tls (client);
  client_send (client, phase);
  if (end == END_BYE)
    {
      gnutls_bye (client->session, GNUTLS_SHUT_WR);
      client_send_clear (client, ".\r\nNOOP\r\n", -1);
    }
  else if (end == END_CLEAR)
    client_send_clear (client, "\r\n.\r\nNOOP late\r\n", -1);
  shutdown (client->fd, SHUT_WR);

  /* To its end, whatever it says. */
  while (client_read (client) != 0)
    g_assert_null (strstr (client->reply, "taken"));
}

static void
on_envelope_gone (gpointer data,
                  GObject *envelope)
{
  n_envelopes_left--;
}

static SmtpVerdict
on_mail (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  n_envelopes_left++;
  g_object_weak_ref (G_OBJECT (envelope), on_envelope_gone, NULL);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_vrfy (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

static SmtpVerdict
on_late_noop (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const char   *text)
{
  n_late_noops += g_strcmp0 (text, "late") == 0;

  return SMTP_VERDICT_CONTINUE;
}

static void
test_ends (TlsFixture    *fixture,
           gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (on_mail), NULL);
  g_signal_connect (fixture->server, "handle-vrfy", G_CALLBACK (on_vrfy), NULL);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (on_late_noop), NULL);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (let_in), NULL);
  n_late_noops = 0;
  /* With input that waits behind a held command, the end behind it is not seen before. */
  smtp_server_set_hook_timeout (fixture->server, 1);

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      for (end = 0; end < N_ENDS; end++)
        {
          g_test_message ("end %d after \"%s\"", end, phases[i]);
          phase = phases[i];
          tls_fixture_play (fixture, play_end);
          g_assert_cmpuint (fixture->n_messages, ==, 0);
          g_assert_cmpuint (n_envelopes_left, ==, 0);
        }
    }
  g_assert_cmpuint (n_late_noops, ==, 0);
}

/* Handshakes that do not come to an end, or to a bad one */

static void
play_silence (Client *client)
{
  client_connect (client);
  while (client_read (client) != 0)
    ;
}

static void
play_silent_starttls (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  client_send_clear (client, "\x16\x03\x01", 3);
  g_assert_cmpint (client_read (client), ==, 0);
}

static void
play_garbage (Client *client)
{
  client_connect (client);
  client_send_clear (client, "EHLO client.example.org\r\n", -1);
  while (client_receive (client))
    ;
}

static void
play_greeting (Client *client)
{
  client_connect (client);
  g_assert_cmpint (client_shake_hands (client), ==, 0);
  g_assert_cmpint (client_read (client), ==, 220);
}

static void
test_handshakes (TlsFixture    *fixture,
                 gconstpointer  data)
{
  smtp_server_set_handshake_timeout (fixture->server, 1);
  tls_fixture_play (fixture, play_silent_starttls);
  tls_fixture_listen (fixture, SMTP_LISTENER_KIND_SMTPS);
  tls_fixture_play (fixture, play_silence);
  tls_fixture_play (fixture, play_garbage);
  smtp_server_set_handshake_timeout (fixture->server, PATIENCE_S);
  tls_fixture_play (fixture, play_greeting);
}

/* What the client may send as the server's name. RFC 6066 section 3 knows no other than that of
 * a host; none of these may hurt. */

static const char *names[] = { "MX.EXAMPLE.ORG", "a\\b", "..", "-", "mx.example.org.", "\xff\xfe" };
static const char *name;

static void
play_name (Client *client)
{
  g_autofree char *long_name = NULL;

  if (name == NULL)
    {
      long_name = g_strnfill (8000, 'a');
      client->server_name = long_name;
    }
  else
    client->server_name = name;
  client->server_name_length = strlen (client->server_name);
  client_connect (client);
  if (client_shake_hands (client) == 0)
    g_assert_cmpint (client_read (client), ==, 220);
}

static void
test_names (TlsFixture    *fixture,
            gconstpointer  data)
{
  tls_fixture_listen (fixture, SMTP_LISTENER_KIND_SMTPS);
  for (guint i = 0; i <= G_N_ELEMENTS (names); i++)
    {
      name = i < G_N_ELEMENTS (names) ? names[i] : NULL;
      tls_fixture_play (fixture, play_name);
    }
  tls_fixture_play (fixture, play_greeting);
}

/* What both ends know of the channel (RFC 9266, RFC 5929) */

static GBytes *bound;
static gboolean was_resumed;
static const char *binding;
static const char *version;

static SmtpVerdict
on_binding (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request)
{
  SmtpTlsInfo *info = smtp_session_get_tls_info (session);
  GBytes *octets = smtp_tls_info_get_channel_binding (info, binding);

  g_clear_pointer (&bound, g_bytes_unref);
  bound = octets != NULL ? g_bytes_ref (octets) : NULL;
  was_resumed = smtp_tls_info_get_resumed (info);

  return SMTP_VERDICT_CONTINUE;
}

static void
play_binding (Client *client)
{
  gnutls_channel_binding_t type =
    strcmp (binding, "tls-exporter") == 0 ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE;
  g_autofree char *priority = g_strdup_printf ("NORMAL:-VERS-ALL:+VERS-%s", version);
  gnutls_datum_t ours;

  client->priority = priority;
  client_start_tls (client);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_cmpint (gnutls_session_channel_binding (client->session, type, &ours), ==, 0);
  g_assert_nonnull (bound);
  g_assert_cmpmem (ours.data, ours.size, g_bytes_get_data (bound, NULL), g_bytes_get_size (bound));
  gnutls_free (ours.data);
}

static void
test_binding (TlsFixture    *fixture,
              gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_binding), NULL);
  binding = "tls-exporter";
  version = "TLS1.3";
  tls_fixture_play (fixture, play_binding);
  binding = "tls-unique";
  version = "TLS1.2";
  tls_fixture_play (fixture, play_binding);
  g_clear_pointer (&bound, g_bytes_unref);
}

static void
play_unbound (Client *client)
{
  g_autofree char *priority = g_strdup_printf ("NORMAL:-VERS-ALL:+VERS-%s", version);

  client->priority = priority;
  client_start_tls (client);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_null (bound);
}

/* RFC 9266 section 3: there is no safe tls-unique in TLS 1.3. RFC 7627: before it, and without an extended master
 * secret, somebody in between may have the same bindings on both sides. */
static void
test_no_binding (TlsFixture    *fixture,
                 gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_binding), NULL);
  binding = "tls-unique";
  version = "TLS1.3";
  tls_fixture_play (fixture, play_unbound);
  binding = "nonsense";
  tls_fixture_play (fixture, play_unbound);
  version = "TLS1.2:%NO_SESSION_HASH";
  binding = "tls-unique";
  tls_fixture_play (fixture, play_unbound);
  binding = "tls-exporter";
  tls_fixture_play (fixture, play_unbound);
}

/* Resumption */

static void
play_resumed (Client *client)
{
  g_autofree char *priority = g_strdup_printf ("NORMAL:-VERS-ALL:+VERS-%s", version);
  gnutls_datum_t ticket;

  client->priority = priority;
  client_start_tls (client);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_false (was_resumed);
  g_assert_cmpint (gnutls_session_get_data2 (client->session, &ticket), ==, 0);
  client_disconnect (client);

  client->ticket = &ticket;
  client_start_tls (client);
  g_assert_cmpint (client_say (client, "NOOP\r\n"), ==, 250);
  g_assert_true (gnutls_session_is_resumed (client->session));
  g_assert_true (was_resumed);
  gnutls_free (ticket.data);
}

static void
test_resumed (TlsFixture    *fixture,
              gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-tls-handshake", G_CALLBACK (on_binding), NULL);
  binding = "tls-exporter";
  version = data;
  tls_fixture_play (fixture, play_resumed);
  g_clear_pointer (&bound, g_bytes_unref);
}

/* Octets that come one at a time, and many at once */

static ssize_t
push_one (gnutls_transport_ptr_t data,
          const void            *octets,
          size_t                 size)
{
  return send (GPOINTER_TO_INT (data), octets, MIN (size, 1), MSG_NOSIGNAL);
}

static void
play_trickle (Client *client)
{
  client_start_tls (client);
  gnutls_transport_set_push_function (client->session, push_one);
  gnutls_transport_set_ptr (client->session, GINT_TO_POINTER (client->fd));
  begin_transaction (client);
  g_assert_cmpint (client_say (client, "DATA\r\n"), ==, 354);
  g_assert_cmpint (client_say (client, "Subject: x\r\n\r\n..x\r\n.\r\n"), ==, 250);
}

static void
play_pipeline (Client *client)
{
  g_autoptr (GString) commands = g_string_new (NULL);

  client_start_tls (client);
  gnutls_record_cork (client->session);
  for (guint i = 0; i < 2000; i++)
    client_send (client, "VRFY somebody.with.a.long.name@example.org\r\n");
  gnutls_record_uncork (client->session, GNUTLS_RECORD_WAIT);
  for (guint i = 0; i < 2000; i++)
    g_assert_cmpint (client_read (client), ==, 252);
}

#define N_DEAF 20000

static gint n_said;

static gpointer
say_all (gpointer data)
{
  for (guint i = 0; i < N_DEAF; i++)
    {
      client_send (data, "VRFY somebody.with.a.long.name@example.org\r\n");
      g_atomic_int_inc (&n_said);
    }

  return NULL;
}

/* Listens when nothing more can be said: the server has had to wait in the midst of a record. */
static void
play_deaf (Client *client)
{
  const int size = 65536;
  GThread *mouth;
  gint before;

  client_connect (client);
  setsockopt (client->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  g_assert_cmpint (client_read (client), ==, 220);
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "STARTTLS\r\n"), ==, 220);
  g_assert_cmpint (client_shake_hands (client), ==, 0);

  n_said = 0;
  mouth = g_thread_new ("mouth", say_all, client);
  do
    {
      before = g_atomic_int_get (&n_said);
      g_usleep (G_USEC_PER_SEC / 5);
    }
  while (g_atomic_int_get (&n_said) > before || before == 0);

  for (guint i = 0; i < N_DEAF; i++)
    g_assert_cmpint (client_read (client), ==, 252);
  g_thread_join (mouth);
}

static void
test_segments (TlsFixture    *fixture,
               gconstpointer  data)
{
  /* All that these clients say. */
  smtp_server_set_max_junk_commands (fixture->server, 0);
  tls_fixture_play (fixture, play_trickle);
  g_assert_cmpuint (fixture->n_messages, ==, 1);
  tls_fixture_play (fixture, play_pipeline);
  tls_fixture_play (fixture, play_deaf);
}

#define ADD(path, function) \
  g_test_add ("/tls/" path, TlsFixture, NULL, tls_fixture_set_up, function, tls_fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("state", test_state);
  ADD ("auth", test_auth);
  ADD ("required", test_required);
  ADD ("lmtp", test_lmtp);
  ADD ("injection", test_injection);
  ADD ("ends", test_ends);
  ADD ("handshakes", test_handshakes);
  ADD ("names", test_names);
  ADD ("binding", test_binding);
  ADD ("no-binding", test_no_binding);
  ADD ("segments", test_segments);
  g_test_add ("/tls/resumed/1.2", TlsFixture, "TLS1.2", tls_fixture_set_up, test_resumed, tls_fixture_tear_down);
  g_test_add ("/tls/resumed/1.3", TlsFixture, "TLS1.3", tls_fixture_set_up, test_resumed, tls_fixture_tear_down);

  return g_test_run ();
}
