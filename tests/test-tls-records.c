/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Messages in records of TLS, however they are cut: text is read where GnuTLS has it, commands
 * are not, and a record may hold the end of one and the front of the other. */

#include "tls-fixture.h"

#include <gnutls/crypto.h>

#define TEXT_SIZE (300 * 1024)

static const char *priority;
static gsize record_size;
static gboolean empty_between;
static GString *text;      /* as it is to arrive */
static GString *encoded;   /* as it is sent */

static void
make_text (void)
{
  g_string_assign (text, "Subject: x\r\n\r\n");
  for (guint i = 0; text->len < TEXT_SIZE; i++)
    g_string_append_printf (text, "%s%0*u%s\r\n", i % 5 == 0 ? "." : "", 1 + i % 90, i, i % 7 == 0 ? "." : "");

  g_string_truncate (encoded, 0);
  for (gsize i = 0; i < text->len; i++)
    {
      if (text->str[i] == '.' && text->str[i - 1] == '\n')
        g_string_append_c (encoded, '.');
      g_string_append_c (encoded, text->str[i]);
    }
}

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         TlsFixture   *fixture)
{
  GBytes *content = smtp_envelope_get_content (envelope);

  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), text->str, text->len);
  fixture->n_messages++;
  smtp_request_reply (request, 250, "2.0.0 taken");

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (TlsFixture    *fixture,
        gconstpointer  data)
{
  tls_fixture_set_up (fixture, data);
  g_signal_handlers_disconnect_by_func (fixture->server, (gpointer) tls_fixture_on_data, fixture);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (on_data), fixture);
}

#define TAG_SIZE 16

/* RFC 8446 section 5.2 and RFC 5288 section 3: a record of AES-256-GCM without an octet in it, which
 * GnuTLS would not send. */
static void
send_empty_record (Client *client)
{
  gboolean is_13 = gnutls_protocol_get_version (client->session) == GNUTLS_TLS1_3;
  guint8 record[5 + 8 + TAG_SIZE] = { 23, 3, 3, 0, (guint8) ((is_13 ? 1 : 8) + TAG_SIZE) };
  guint8 sequence[8], nonce[12], extra[13] = { 0 };
  gsize head = is_13 ? 0 : 8, size = sizeof record - 5 - head;
  gnutls_aead_cipher_hd_t cipher;
  gnutls_datum_t iv, key;

  g_assert_cmpint (gnutls_cipher_get (client->session), ==, GNUTLS_CIPHER_AES_256_GCM);
  g_assert_cmpint (gnutls_record_get_state (client->session, 0, NULL, &iv, &key, sequence), ==, 0);
  memcpy (nonce, iv.data, iv.size);
  if (is_13)
    {
      memcpy (extra, record, 5);
      for (guint i = 0; i < 8; i++)
        nonce[4 + i] ^= sequence[i];
    }
  else
    {
      memcpy (extra, sequence, 8);
      memcpy (extra + 8, record, 3);
      memcpy (nonce + 4, sequence, 8);
      memcpy (record + 5, sequence, 8);
    }

  g_assert_cmpint (gnutls_aead_cipher_init (&cipher, GNUTLS_CIPHER_AES_256_GCM, &key), ==, 0);
  g_assert_cmpint (gnutls_aead_cipher_encrypt (cipher, nonce, sizeof nonce, extra, is_13 ? 5 : sizeof extra, TAG_SIZE,
                                               "\x17", is_13 ? 1 : 0, record + 5 + head, &size), ==, 0);
  gnutls_aead_cipher_deinit (cipher);
  client_send_clear (client, (const char *) record, (gssize) (5 + head + size));

  for (int i = 7; i >= 0 && ++sequence[i] == 0; i--)
    ;
  g_assert_cmpint (gnutls_record_set_state (client->session, 0, sequence), ==, 0);
}

/* In records of record_size. */
static void
send_records (Client *client,
              GString *octets)
{
  for (gsize at = 0; at < octets->len;)
    {
      gssize n = gnutls_record_send (client->session, octets->str + at, MIN (record_size, octets->len - at));

      g_assert_cmpint (n, >, 0);
      at += (gsize) n;
      if (empty_between)
        send_empty_record (client);
    }
}

static void
begin_transaction (Client *client)
{
  g_assert_cmpint (client_say (client, "EHLO client.example.org\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "MAIL FROM:<a@example.org>\r\n"), ==, 250);
  g_assert_cmpint (client_say (client, "RCPT TO:<b@example.org>\r\n"), ==, 250);
}

/* The end of the text, commands, and the next text's front share records. */
static void
play_data (Client *client)
{
  g_autoptr (GString) all = g_string_new (encoded->str);

  g_string_append (all, ".\r\nVRFY x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
  g_string_append (all, encoded->str);
  g_string_append (all, ".\r\nQUIT\r\n");

  client->priority = priority;
  client_start_tls (client);
  begin_transaction (client);
  g_assert_cmpint (client_say (client, "DATA\r\n"), ==, 354);
  send_records (client, all);
  for (const int *code = (const int[]) { 250, 252, 250, 250, 354, 250, 221, 0 }; *code != 0; code++)
    g_assert_cmpint (client_read (client), ==, *code);
}

static void
play_chunks (Client *client)
{
  g_autoptr (GString) all = g_string_new (NULL);
  static const gsize sizes[] = { 1, 20000, 0, 3, 16384, 65536 };
  gsize at = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); at += sizes[i++])
    {
      g_string_append_printf (all, "BDAT %" G_GSIZE_FORMAT "\r\n", sizes[i]);
      g_string_append_len (all, text->str + at, (gssize) sizes[i]);
    }
  g_string_append_printf (all, "BDAT %" G_GSIZE_FORMAT " LAST\r\n%sVRFY x\r\n", text->len - at, text->str + at);

  client->priority = priority;
  client_start_tls (client);
  begin_transaction (client);
  send_records (client, all);
  for (guint i = 0; i <= G_N_ELEMENTS (sizes); i++)
    g_assert_cmpint (client_read (client), ==, 250);
  g_assert_cmpint (client_read (client), ==, 252);
}

static void
test_sizes (TlsFixture    *fixture,
            gconstpointer  data)
{
  static const gsize sizes[] = { 97, 1000, 16384 };

  make_text ();
  priority = data;
  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      record_size = sizes[i / 2];
      empty_between = i % 2;
      fixture->n_messages = 0;
      tls_fixture_play (fixture, play_data);
      g_assert_cmpuint (fixture->n_messages, ==, 2);
      tls_fixture_play (fixture, play_chunks);
      g_assert_cmpuint (fixture->n_messages, ==, 3);
    }
}

/* A client that sends nothing but empty records is one that sends nothing, and of some at once GnuTLS
 * has enough. */
static void
play_empty (Client *client)
{
  int code;

  client->priority = priority;
  client_start_tls (client);
  begin_transaction (client);
  g_assert_cmpint (client_say (client, "DATA\r\n"), ==, 354);
  for (guint i = 0; i < 5000; i++)
    send_empty_record (client);
  code = client_read (client);
  g_assert_true (code == 421 || code == 0);
}

static void
test_empty (TlsFixture    *fixture,
            gconstpointer  data)
{
  priority = data;
  smtp_server_set_timeout (fixture->server, 1);
  tls_fixture_play (fixture, play_empty);
  g_assert_cmpuint (fixture->n_messages, ==, 0);
}

/* RFC 8446 section 4.6.3: new keys, and a command in the same segment */

static ssize_t
push_into (gnutls_transport_ptr_t data,
           const void            *octets,
           size_t                 size)
{
  g_string_append_len (((Client *) data)->lines, octets, (gssize) size);

  return (ssize_t) size;
}

static ssize_t
pull_from (gnutls_transport_ptr_t data,
           void                  *buffer,
           size_t                 size)
{
  return recv (((Client *) data)->fd, buffer, size, 0);
}

static void
play_keys (Client *client)
{
  client->priority = priority;
  client_start_tls (client);
  begin_transaction (client);
  gnutls_transport_set_push_function (client->session, push_into);
  gnutls_transport_set_pull_function (client->session, pull_from);
  gnutls_transport_set_ptr (client->session, client);

  /* GnuTLS puts up with eight of them a second. */
  for (guint i = 0; i < 8; i++)
    {
      g_string_truncate (client->lines, 0);
      g_assert_cmpint (gnutls_session_key_update (client->session, i % 2 ? GNUTLS_KU_PEER : 0), ==, 0);
      client_send (client, i == 5 ? "DATA\r\n" : i == 7 ? ".\r\n" : "NOOP\r\n");
      client_send_clear (client, client->lines->str, (gssize) client->lines->len);
      if (i != 6)
        g_assert_cmpint (client_read (client), ==, i == 5 ? 354 : 250);
    }
}

static void
test_keys (TlsFixture    *fixture,
           gconstpointer  data)
{
  priority = data;
  g_string_assign (text, "NOOP\r\n");
  tls_fixture_play (fixture, play_keys);
  g_assert_cmpuint (fixture->n_messages, ==, 1);
}

#define ADD(path, version, function) \
  g_test_add ("/tls-records/" path, TlsFixture, "NORMAL:-CIPHER-ALL:+AES-256-GCM:-VERS-ALL:+VERS-" version, \
              set_up, function, tls_fixture_tear_down)

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  text = g_string_new (NULL);
  encoded = g_string_new (NULL);

  ADD ("sizes/1.2", "TLS1.2", test_sizes);
  ADD ("sizes/1.3", "TLS1.3", test_sizes);
  ADD ("empty/1.2", "TLS1.2", test_empty);
  ADD ("empty/1.3", "TLS1.3", test_empty);
  ADD ("keys", "TLS1.3", test_keys);

  status = g_test_run ();
  g_string_free (text, TRUE);
  g_string_free (encoded, TRUE);

  return status;
}
