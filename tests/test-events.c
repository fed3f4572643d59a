/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The records for the log: which come, what is in them, and what a client cannot have in them. */

#include "edge-fixture.h"

#include "smtp-log.h"

/* Each record is a table of its fields. */
static GPtrArray *records;

static GLogWriterOutput
write_record (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         data)
{
  GHashTable *record = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (gsize i = 0; i < n_fields; i++)
    {
      char *value = fields[i].length < 0 ? g_strdup (fields[i].value)
                                         : g_strndup (fields[i].value, fields[i].length);

      g_assert_true (g_utf8_validate (value, -1, NULL));
      g_assert_true (g_hash_table_insert (record, (gpointer) g_intern_string (fields[i].key), value));
    }

  if (!g_hash_table_contains (record, "SMTP_EVENT"))
    {
      g_hash_table_unref (record);
      return g_log_writer_default (level, fields, n_fields, data);
    }

  g_assert_cmpint (level & G_LOG_LEVEL_MASK, ==, G_LOG_LEVEL_INFO);
  g_assert_cmpstr (g_hash_table_lookup (record, "GLIB_DOMAIN"), ==, "Smtpd");
  g_assert_cmpstr (g_hash_table_lookup (record, "PRIORITY"), ==, "6");
  g_ptr_array_add (records, record);

  return G_LOG_WRITER_HANDLED;
}

static void
set_up (EdgeFixture   *fixture,
        gconstpointer  data)
{
  edge_set_up (fixture, data);
  smtp_server_set_log_events (fixture->server, TRUE);
  g_ptr_array_set_size (records, 0);
}

static const char *
field (guint       index,
       const char *key)
{
  g_assert_cmpuint (index, <, records->len);

  return g_hash_table_lookup (g_ptr_array_index (records, index), key);
}

/* The last record is this one. */
static guint
expect_event (const char *event)
{
  g_assert_cmpuint (records->len, >, 0);
  g_assert_cmpstr (field (records->len - 1, "SMTP_EVENT"), ==, event);

  return records->len - 1;
}

static void
leave (EdgeFixture *fixture,
       EdgeClient  *client)
{
  edge_client_free (client);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
}

static void
test_session (EdgeFixture   *fixture,
              gconstpointer  data)
{
  EdgeClient *client = edge_connect (fixture);
  g_autoptr (GPtrArray) sessions = NULL;
  g_autofree char *id = NULL;
  g_autofree char *line = NULL;
  guint n;

  edge_expect (client, "220");
  sessions = smtp_server_get_sessions (fixture->server);
  id = g_strdup_printf ("%" G_GUINT64_FORMAT, smtp_session_get_id (g_ptr_array_index (sessions, 0)));
  n = expect_event ("connect");
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpstr (field (n, "SMTP_SESSION"), ==, id);
  g_assert_true (g_str_has_prefix (field (n, "SMTP_PEER"), "127.0.0.1:"));
  g_assert_null (field (n, "SMTP_HELO"));
  line = g_strdup_printf ("session %s: connected from %s", id, field (n, "SMTP_PEER"));
  g_assert_cmpstr (field (n, "MESSAGE"), ==, line);

  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_begin_message (client);
  g_assert_cmpuint (records->len, ==, 1);
  edge_say (client, "abc\r\n.\r\n", "250");
  n = expect_event ("message");
  g_assert_cmpstr (field (n, "SMTP_SESSION"), ==, id);
  g_assert_cmpstr (field (n, "SMTP_PROTOCOL"), ==, "ESMTP");
  g_assert_cmpstr (field (n, "SMTP_HELO"), ==, "client.example.org");
  g_assert_cmpstr (field (n, "SMTP_MAIL_FROM"), ==, "a@example.org");
  g_assert_cmpstr (field (n, "SMTP_RCPT_TO"), ==, "b@example.org");
  g_assert_cmpstr (field (n, "SMTP_RECIPIENTS"), ==, "1");
  g_assert_cmpstr (field (n, "SMTP_SIZE"), ==, "5");
  g_assert_cmpstr (field (n, "SMTP_REPLY_CODE"), ==, "250");
  g_assert_null (field (n, "SMTP_REASON"));

  edge_say (client, "QUIT\r\n", "221");
  leave (fixture, client);
  n = expect_event ("disconnect");
  g_assert_cmpstr (field (n, "SMTP_CAUSE"), ==, "quit");
  g_assert_cmpstr (field (n, "SMTP_MESSAGES"), ==, "1");
  g_assert_cmpuint (records->len, ==, 3);
}

static void
test_causes (EdgeFixture   *fixture,
             gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);

  leave (fixture, client);
  g_assert_cmpstr (field (expect_event ("disconnect"), "SMTP_CAUSE"), ==, "lost");

  client = edge_greet (fixture);
  smtp_server_set_max_errors (fixture->server, 1);
  edge_say (client, "NONSENSE\r\n", "421");
  leave (fixture, client);
  g_assert_cmpstr (field (expect_event ("disconnect"), "SMTP_CAUSE"), ==, "refused");

  smtp_server_set_timeout (fixture->server, 1);
  client = edge_greet (fixture);
  edge_expect (client, "421");
  leave (fixture, client);
  g_assert_cmpstr (field (expect_event ("disconnect"), "SMTP_CAUSE"), ==, "timeout");
  g_assert_cmpstr (field (records->len - 2, "SMTP_EVENT"), ==, "timeout");
  g_assert_cmpstr (field (records->len - 2, "SMTP_DEADLINE"), ==, "command");

  client = edge_greet (fixture);
  smtp_server_drain (fixture->server, 0);
  edge_expect (client, "421");
  leave (fixture, client);
  g_assert_cmpstr (field (expect_event ("disconnect"), "SMTP_CAUSE"), ==, "shutdown");
}

static void
test_refused (EdgeFixture   *fixture,
              gconstpointer  data)
{
  EdgeClient *client = edge_greet (fixture);
  g_autoptr (EdgeClient) other = NULL;
  guint n;

  edge_say (client, "RCPT TO:<b@example.org>\r\n", "503");
  n = expect_event ("refuse");
  g_assert_cmpstr (field (n, "SMTP_VERB"), ==, "RCPT");
  g_assert_cmpstr (field (n, "SMTP_ARGUMENT"), ==, "TO:<b@example.org>");
  g_assert_cmpstr (field (n, "SMTP_REASON"), ==, "sequence");
  g_assert_cmpstr (field (n, "SMTP_REPLY_CODE"), ==, "503");
  g_assert_cmpstr (field (n, "SMTP_REPLY_STATUS"), ==, "5.5.1");
  g_assert_true (g_str_has_suffix (field (n, "MESSAGE"), ": RCPT TO:<b@example.org>: 503 5.5.1 Say MAIL first"));

  smtp_server_set_max_connections (fixture->server, 1);
  other = edge_connect (fixture);
  edge_expect (other, "421");
  n = expect_event ("refuse-connection");
  g_assert_cmpstr (field (n, "SMTP_REPLY_CODE"), ==, "421");
  g_assert_true (g_str_has_prefix (field (n, "SMTP_PEER"), "127.0.0.1:"));
  g_assert_null (field (n, "SMTP_SESSION"));
  leave (fixture, client);
}

/* Nothing that may have been a secret. */
static void
test_secrets (EdgeFixture   *fixture,
              gconstpointer  data)
{
  static const char * const lines[] =
  {
    "AUTH PLAIN c2VzYW1l\r\n", "AUTH c2VzYW1l\r\n", "c2VzYW1l\r\n", "c2VzYW1l c2VzYW1l\r\n", "XAUTH c2VzYW1l\r\n",
    "AUTH LOGIN c2VzYW1l c2VzYW1l\r\n", "AUTH\tPLAIN\tc2VzYW1l\r\n", "AUTH PLAIN\tc2VzYW1l\r\n",
    "NOOP c2VzYW1l\n", "RSET c2VzYW1l\r\n", "c2VzYW1l==\r\n",
  };
  static const char * const mechanisms[] = { "PLAIN", NULL };
  EdgeClient *client = edge_greet (fixture);

  for (guint pass = 0; pass < 2; pass++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
        edge_say (client, lines[i], "5");
      smtp_server_set_auth_requires_tls (fixture->server, FALSE);
      smtp_server_set_auth_mechanisms (fixture->server, mechanisms);
      smtp_server_set_auth_failure_delay (fixture->server, 0);
      smtp_server_set_max_errors (fixture->server, 0);
    }
  leave (fixture, client);

  g_assert_cmpuint (records->len, ==, 2 + 2 * G_N_ELEMENTS (lines));
  for (guint i = 0; i < records->len; i++)
    {
      GHashTableIter iter;
      gpointer key, value;

      g_hash_table_iter_init (&iter, g_ptr_array_index (records, i));
      while (g_hash_table_iter_next (&iter, &key, &value))
        {
          g_autofree char *folded = g_ascii_strup (value, -1);

          g_assert_null (strstr (folded, "C2VZYW1L"));
        }
    }
}

/* Injection */

static void
test_escape (void)
{
  static const struct
  {
    const char *text;
    const char *escaped;
  } cases[] =
  {
    { "", "" },
    { "plain text", "plain text" },
    { "a\\nb", "a\\\\nb" },
    { "a\r\nb\tc", "a\\x0D\\nb\\x09c" },
    { "\x1b[2J\x7f", "\\x1B[2J\\x7F" },
    { "\xff\xc3(", "\\xFF\\xC3(" },
    { "caf\u00e9 \u4e2d", "caf\u00e9 \u4e2d" },
    { "\xc2\x9b" "31m", "\\xC2\\x9B31m" },
    { "a\u202eb\u2066c", "a\\xE2\\x80\\xAEb\\xE2\\x81\\xA6c" },
    { "a\u2028b\u2029c", "a\\xE2\\x80\\xA8b\\xE2\\x80\\xA9c" },
    { "\u200b\ufeff\ue000", "\\xE2\\x80\\x8B\\xEF\\xBB\\xBF\\xEE\\x80\\x80" },
    { "\xed\xa0\x80", "\\xED\\xA0\\x80" },
    { "caf\xc3", "caf\\xC3" },
  };
  g_autofree char *long_text = g_strnfill (SMTP_LOG_MAX_TEXT + 1, 'x');
  g_autofree char *cut = smtp_log_escape (long_text);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *escaped = smtp_log_escape (cases[i].text);

      g_assert_cmpstr (escaped, ==, cases[i].escaped);
    }
  g_assert_cmpuint (strlen (cut), ==, SMTP_LOG_MAX_TEXT + strlen ("…"));
  g_assert_true (g_str_has_suffix (cut, "x…"));

  /* The cut is no place to break a sign. */
  g_clear_pointer (&cut, g_free);
  memcpy (long_text + SMTP_LOG_MAX_TEXT - 1, "\u00e9", 2);
  cut = smtp_log_escape (long_text);
  g_assert_true (g_utf8_validate (cut, -1, NULL));
}

static guint n_refused;

static SmtpVerdict
refuse (SmtpServer      *server,
        SmtpSession     *session,
        SmtpEnvelope    *envelope,
        SmtpRequest     *request,
        SmtpCredentials *credentials)
{
  n_refused++;
  smtp_request_reply (request, 535, NULL);

  return SMTP_VERDICT_HANDLED;
}

/* What a client may get as far as a record. */
static void
test_injection (EdgeFixture   *fixture,
                gconstpointer  data)
{
  static const char * const words[] =
  {
    "MAIL FROM:<\"a\\\"> SMTP_EVENT=message\"@example.org>\r\n",
    "MAIL FROM:<\u202ea@example.org> SMTPUTF8\r\n",
    "MAIL FROM:<a\u2028SMTP_SESSION=1@example.org> SMTPUTF8\r\n",
    "MAIL FROM:<a@example.org>\x1b[2J\r\n",
    "MAIL FROM:<\xff@example.org>\r\n",
    "MAIL FROM:<%n%s%p@example.org>\r\n",
    "EHLO a\x1b[2J\r\n",
    "EHLO \u202ea\r\n",
    "HELO a\nb\r\n",
    "EHLO %n%s%p\r\n",
    "NOOP \u202e %n%s%p\r\n\u202eNOOP\r\n",
    /* Of users: al\x1b[2Jice, al\u202eice, a\r\nSMTP_EVENT=auth, and %n%s%p. */
    "AUTH PLAIN AGFsG1sySmljZQB4\r\n",
    "AUTH PLAIN AGFs4oCuaWNlAHg=\r\n",
    "AUTH PLAIN AGENClNNVFBfRVZFTlQ9YXV0aAB4\r\n",
    "AUTH PLAIN ACVuJXMlcAB4\r\n",
  };
  static const char * const mechanisms[] = { "PLAIN", NULL };

  smtp_server_set_smtputf8 (fixture->server, TRUE);
  smtp_server_set_auth_requires_tls (fixture->server, FALSE);
  smtp_server_set_auth_mechanisms (fixture->server, mechanisms);
  smtp_server_set_auth_failure_delay (fixture->server, 0);
  g_signal_connect (fixture->server, "handle-auth", G_CALLBACK (refuse), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      EdgeClient *client = edge_greet (fixture);

      edge_send (client, words[i]);
      edge_send (client, "RCPT TO:<b@example.org>\r\nDATA\r\n.\r\nQUIT\r\n");
      while (edge_read (client))
        ;
      leave (fixture, client);
    }
  g_assert_cmpuint (records->len, >=, 3 * G_N_ELEMENTS (words));
  /* Those whose name could be said in a line of a log. */
  g_assert_cmpuint (n_refused, ==, 2);

  for (guint i = 0; i < records->len; i++)
    {
      GHashTableIter iter;
      gpointer key, value;

      g_hash_table_iter_init (&iter, g_ptr_array_index (records, i));
      while (g_hash_table_iter_next (&iter, &key, &value))
        {
          const char *text = value;

          for (; *text != '\0'; text = g_utf8_next_char (text))
            {
              gunichar character = g_utf8_get_char (text);

              g_assert_true (g_unichar_isprint (character));
              g_assert_cmpuint (character, !=, 0x2028);
            }
        }
    }
}

static void
test_quiet (EdgeFixture   *fixture,
            gconstpointer  data)
{
  EdgeClient *client;

  smtp_server_set_log_events (fixture->server, FALSE);
  client = edge_greet (fixture);
  edge_say (client, "DATA\r\n", "503");
  edge_begin_message (client);
  edge_say (client, ".\r\n", "250");
  leave (fixture, client);
  g_assert_cmpuint (records->len, ==, 0);
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
    { "/events/session", test_session },
    { "/events/causes", test_causes },
    { "/events/refused", test_refused },
    { "/events/secrets", test_secrets },
    { "/events/injection", test_injection },
    { "/events/quiet", test_quiet },
  };
  int status;

  g_test_init (&argc, &argv, NULL);
  records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  g_log_set_writer_func (write_record, NULL, NULL);

  g_test_add_func ("/events/escape", test_escape);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, set_up, tests[i].func, edge_tear_down);

  status = g_test_run ();
  g_ptr_array_unref (records);

  return status;
}
