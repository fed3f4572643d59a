/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handler that relays. What counts: a client has a 250 at the end of its message if and only
 * if the next server has given one. */

#include "relay-fixture.h"

#include "test-log.h"

#define LARGE (5 * 1024 * 1024)

/* What a client was told. 0: it was not asked. */
typedef struct
{
  guint mail, rcpt, data, end;
  char *last_line;
} Told;

static void
try_message (Client *client,
             Told   *told)
{
  told->mail = client_command (client, "MAIL FROM:<a@example.org> BODY=8BITMIME");
  if (told->mail == 250)
    told->rcpt = client_command (client, "RCPT TO:<b@example.org>");
  if (told->rcpt == 250)
    told->data = client_command (client, "DATA");
  if (told->data == 354)
    {
      client_write (client, MESSAGE, strlen (MESSAGE));
      told->end = client_command (client, ".");
    }
  told->last_line = g_strdup (client->last_line);
}

/* What the next server may do wrong */

typedef struct
{
  const char *name;
  Step step;
  const char *answer;
  guint mail, rcpt, data, end;
  const char *last_line;      /* NULL: that of a server that cannot be reached */
  guint n_messages;
} Case;

#define FROM_CONNECT(name, step, answer) { name, step, answer, 451, 0, 0, 0, NULL, 0 }
#define AT_MAIL(name, answer, code, line) { name, ON_MAIL, answer, code, 0, 0, 0, line, 0 }
#define AT_RCPT(name, answer, code, line) { name, ON_RCPT, answer, 250, code, 0, 0, line, 0 }
#define AT_DATA(name, answer, code, line) { name, ON_DATA, answer, 250, 250, code, 0, line, 0 }
#define AT_END(name, answer, code, line) { name, ON_END, answer, 250, 250, 354, code, line, 1 }

static const Case cases[] =
{
  FROM_CONNECT ("connect/554", ON_CONNECT, "554 5.3.2 not here\r\n"),
  FROM_CONNECT ("connect/421", ON_CONNECT, "421 4.3.2 not now\r\n" CLOSE),
  FROM_CONNECT ("connect/close", ON_CONNECT, CLOSE),
  FROM_CONNECT ("connect/garbage", ON_CONNECT, "SSH-2.0-OpenSSH_9.2\r\n"),
  FROM_CONNECT ("connect/bare-lf", ON_CONNECT, "220 raw.example\n"),
  FROM_CONNECT ("connect/hang", ON_CONNECT, HANG),
  FROM_CONNECT ("connect/half", ON_CONNECT, "220 raw" HANG),
  FROM_CONNECT ("connect/eager", ON_CONNECT, "220 raw\r\n250 raw\r\n250 fine\r\n250 fine\r\n"),
  FROM_CONNECT ("ehlo/close", ON_EHLO, CLOSE),
  FROM_CONNECT ("ehlo/451", ON_EHLO, "451 4.3.0 no\r\n"),
  FROM_CONNECT ("ehlo/garbage", ON_EHLO, "250-a\r\n251 b\r\n"),
  FROM_CONNECT ("ehlo/hang", ON_EHLO, HANG),

  AT_MAIL ("mail/550", "550-5.7.1 Not\r\n550 5.7.1 you\r\n", 550, "550 5.7.1 you"),
  AT_MAIL ("mail/452", "452 4.3.1 full\r\n", 452, "452 4.3.1 full"),
  AT_MAIL ("mail/no-status", "550 no\r\n", 550, "550 5.0.0 no"),
  AT_MAIL ("mail/no-text", "550\r\n", 550, "550 5.0.0 Refused"),
  AT_MAIL ("mail/escape", "550 5.7.1 \x1b[2J\xff\x07\r\n", 550, "550 5.7.1  [2J\xef\xbf\xbd "),
  AT_MAIL ("mail/421", "421 4.3.2 bye\r\n" CLOSE, 451, NULL),
  AT_MAIL ("mail/close", CLOSE, 451, NULL),
  AT_MAIL ("mail/garbage", "fine\r\n", 451, NULL),
  AT_MAIL ("mail/354", "354 go\r\n", 451, NULL),
  AT_MAIL ("mail/hang", HANG, 451, NULL),

  AT_RCPT ("rcpt/550", "550 5.1.1 nobody\r\n", 550, "550 5.1.1 nobody"),
  AT_RCPT ("rcpt/450", "450 4.2.1 later\r\n", 450, "450 4.2.1 later"),
  AT_RCPT ("rcpt/571", "571 5.7.1 unlisted code\r\n", 550, "550 5.7.1 unlisted code"),
  AT_RCPT ("rcpt/421", "421 4.3.2 bye\r\n" CLOSE, 451, NULL),
  AT_RCPT ("rcpt/close", CLOSE, 451, NULL),
  AT_RCPT ("rcpt/garbage", "\r\n", 451, NULL),
  AT_RCPT ("rcpt/hang", HANG, 451, NULL),
  /* Two answers to one question: the second must not be that to the next. */
  { "rcpt/eager", ON_RCPT, "250 fine\r\n354 go\r\n250 taken\r\n", 250, 250, 451, 0, NULL, 0 },

  AT_DATA ("data/554", "554 5.5.1 no\r\n", 554, "554 5.5.1 no"),
  AT_DATA ("data/451", "451 4.3.0 later\r\n", 451, "451 4.3.0 later"),
  AT_DATA ("data/421", "421 4.3.2 bye\r\n" CLOSE, 451, NULL),
  AT_DATA ("data/250", "250 2.0.0 taken\r\n", 451, NULL),
  AT_DATA ("data/close", CLOSE, 451, NULL),
  AT_DATA ("data/garbage", "354-go\r\n250 x\r\n", 451, NULL),
  AT_DATA ("data/hang", HANG, 451, NULL),
  { "data/eager", ON_DATA, "354 go\r\n250 2.0.0 taken\r\n", 250, 250, 354, 451, NULL, 0 },
  { "data/close-in-text", ON_DATA, "354 go\r\n" CLOSE, 250, 250, 354, 451, NULL, 0 },
  { "data/421-in-text", ON_DATA, "354 go\r\n421 4.3.2 bye\r\n" CLOSE, 250, 250, 354, 451, NULL, 0 },

  AT_END ("end/554", "554 5.7.1 spam\r\n", 554, "554 5.7.1 spam"),
  AT_END ("end/452", "452-4.3.1 full\r\n452 4.3.1 really\r\n", 452, "452 4.3.1 really"),
  AT_END ("end/421", "421 4.3.2 bye\r\n" CLOSE, 451, NULL),
  AT_END ("end/354", "354 more\r\n", 451, NULL),
  AT_END ("end/close", CLOSE, 451, NULL),
  AT_END ("end/half", "250 2.0.0 tak" CLOSE, 451, NULL),
  AT_END ("end/half-reply", "250-2.0.0 taken\r\n" CLOSE, 451, NULL),
  AT_END ("end/bare-lf", "250 2.0.0 taken\n" CLOSE, 451, NULL),
  AT_END ("end/garbage", "OK\r\n", 451, NULL),
  AT_END ("end/250-and-421", "250 2.6.0 taken as 8\r\n421 bye\r\n" CLOSE, 250, "250 2.6.0 taken as 8"),
  AT_END ("end/250-and-close", "250 2.6.0 taken as 8\r\n" CLOSE, 250, "250 2.6.0 taken as 8"),
};

typedef struct
{
  Told first, second;
} Twice;

static void
try_twice (Client   *client,
           gpointer  data)
{
  Twice *twice = data;

  try_message (client, &twice->first);
  g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
  try_message (client, &twice->second);
}

static void
test_case (RelayFixture  *fixture,
           gconstpointer  data)
{
  const Case *row = data;
  const char *last_line = row->last_line;
  Twice twice = { 0 };

  if (last_line == NULL)
    last_line = "451 4.4.1 The next server does not answer now; try again later";

  smtp_relay_handler_set_timeout (fixture->relay, 1);
  raw_upstream_set_answer (&fixture->upstream, row->step, row->answer, 0);
  relay_run (fixture, try_twice, &twice);

  g_assert_cmpuint (twice.first.mail, ==, row->mail);
  g_assert_cmpuint (twice.first.rcpt, ==, row->rcpt);
  g_assert_cmpuint (twice.first.data, ==, row->data);
  g_assert_cmpuint (twice.first.end, ==, row->end);
  g_assert_cmpstr (twice.first.last_line, ==, last_line);

  /* Whatever it was, it is over. */
  g_assert_cmpuint (twice.second.end, ==, 250);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, row->n_messages + 1);
  assert_message (fixture, row->n_messages, MESSAGE, strlen (MESSAGE));
  g_assert_null (fixture->front.last_exception);
  g_free (twice.first.last_line);
  g_free (twice.second.last_line);
}

/* Without an end: the reader gives up, and not the time. */
static void
test_endless_reply (RelayFixture  *fixture,
                    gconstpointer  data)
{
  g_autoptr (GString) endless = g_string_new (NULL);
  Told told = { 0 };

  while (endless->len < 1024 * 1024)
    g_string_append (endless, "250-raw.example\r\n");
  g_string_append (endless, HANG);
  raw_upstream_set_answer (&fixture->upstream, ON_EHLO, endless->str, 0);
  smtp_relay_handler_set_timeout (fixture->relay, 0);
  relay_run (fixture, (Script) try_message, &told);
  g_assert_cmpuint (told.mail, ==, 451);
  g_free (told.last_line);
}

static void
test_unreachable (RelayFixture  *fixture,
                  gconstpointer  address)
{
  SmtpHandler *nowhere = smtp_relay_handler_new (address);
  Told told = { 0 };

  smtp_server_remove_handler (fixture->front.server, SMTP_HANDLER (fixture->relay));
  add_handler (&fixture->front, nowhere);
  relay_run (fixture, (Script) try_message, &told);
  g_assert_cmpuint (told.mail, ==, 451);
  g_assert_true (g_str_has_prefix (told.last_line, "451 4.4.1 "));
  g_free (told.last_line);
}

/* The server's own limit is shorter than the relay's patience at the end. */
static void
test_hook_timeout (RelayFixture  *fixture,
                   gconstpointer  data)
{
  Twice twice = { 0 };

  smtp_server_set_hook_timeout (fixture->front.server, 1);
  raw_upstream_set_answer (&fixture->upstream, ON_END, HANG, 0);
  relay_run (fixture, try_twice, &twice);
  g_assert_cmpuint (twice.first.end, ==, 451);
  g_assert_cmpuint (twice.second.end, ==, 250);
  g_free (twice.first.last_line);
  g_free (twice.second.last_line);
}

/* Messages, octet for octet */

static GString *
make_large (void)
{
  GString *message = g_string_new ("Subject: large\r\n\r\n");

  while (message->len < LARGE)
    g_string_append_printf (message, "%s%08" G_GSIZE_MODIFIER "x\r\n", message->len % 5 == 0 ? "." : "",
                            message->len * 2654435761u);

  return message;
}

/* As it is sent. */
static GString *
stuff (const char *message,
       gsize       length)
{
  GString *stuffed = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (message[i] == '.' && (i == 0 || message[i - 1] == '\n'))
        g_string_append_c (stuffed, '.');
      g_string_append_c (stuffed, message[i]);
    }

  return stuffed;
}

static void
send_and_check (RelayFixture *fixture,
                const char   *message,
                gsize         length)
{
  g_autoptr (GString) stuffed = stuff (message, length);
  guint index = fixture->upstream.messages->len;

  g_assert_cmpuint (send_message (&fixture->front, stuffed->str, stuffed->len, NULL), ==, 250);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, index + 1);
  assert_message (fixture, index, message, length);
}

static void
test_exact (RelayFixture  *fixture,
            gconstpointer  data)
{
  static const char octets[] = "\0\x01\x7f\x80\xff\x1a\x04 From x\r\nFrom y\r\n\r\n\t \r\n";
  static const char dots[] = ".\r\n..\r\n.a\r\n\r\n.\r\nMAIL FROM:<x@example.org>\r\n";
  g_autoptr (GString) large = make_large ();

  send_and_check (fixture, "", 0);
  send_and_check (fixture, MESSAGE, strlen (MESSAGE));
  send_and_check (fixture, octets, sizeof octets - 1);
  send_and_check (fixture, dots, sizeof dots - 1);
  send_and_check (fixture, large->str, large->len);
  smtp_relay_handler_set_add_trace (fixture->relay, FALSE);
  send_and_check (fixture, large->str, large->len);
}

static void
test_trace (RelayFixture  *fixture,
            gconstpointer  data)
{
  GBytes *bytes;
  g_autofree char *text = NULL;

  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  bytes = g_ptr_array_index (fixture->upstream.messages, 0);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_assert_true (g_regex_match_simple ("^Received: from client\\.example\\.org \\(\\[127\\.0\\.0\\.1\\]\\)\r\n"
                                       "\tby front\\.example with ESMTP id \\S+\r\n"
                                       "\tfor <b@example\\.org>;\r\n\t.*\r\nSubject: x\r\n", text, 0, 0));

  smtp_relay_handler_set_add_trace (fixture->relay, FALSE);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  bytes = g_ptr_array_index (fixture->upstream.messages, 1);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), MESSAGE, strlen (MESSAGE));
}

static void
begin (Client *client)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 250);
}

static void
send_chunk (Client     *client,
            const char *data,
            gsize       length,
            const char *last)
{
  g_autofree char *command = g_strdup_printf ("BDAT %" G_GSIZE_FORMAT "%s\r\n", length, last);

  client_write (client, command, strlen (command));
  client_write (client, data, length);
}

static void
send_chunks (Client   *client,
             gpointer  data)
{
  GString *large = data;

  begin (client);
  send_chunk (client, ".\r\n.a\r", 6, "");
  g_assert_cmpuint (client_read (client), ==, 250);
  send_chunk (client, "\nno end", 7, " LAST");
  g_assert_cmpuint (client_read (client), ==, 250);
  g_assert_cmpstr (client->last_line, ==, "250 2.6.0 taken as 7");

  begin (client);
  for (gsize at = 0, size = 1; at < large->len; at += size, size = size * 2 + 1)
    {
      size = MIN (size, large->len - at);
      send_chunk (client, large->str + at, size, "");
      g_assert_cmpuint (client_read (client), ==, 250);
    }
  g_assert_cmpuint (client_command (client, "BDAT 0 LAST"), ==, 250);
}

static void
test_chunks (RelayFixture  *fixture,
             gconstpointer  data)
{
  g_autoptr (GString) large = make_large ();

  relay_run (fixture, send_chunks, large);
  assert_message (fixture, 0, ".\r\n.a\r\nno end\r\n", 15);
  assert_message (fixture, 1, large->str, large->len);
}

/* What one server takes for text another could take for its end and commands. */

static const char * const smuggled[] =
{
  "a\n.\nMAIL FROM:<evil@example.org>\r\n",
  "a\n.\r\nMAIL FROM:<evil@example.org>\r\n",
  "a\r.\r\nMAIL FROM:<evil@example.org>\r\n",
  "a\r\n.\rMAIL FROM:<evil@example.org>\r\n",
  "a\r\n.\r\r\nMAIL FROM:<evil@example.org>\r\n",
  "a\r\n\r\n.\nMAIL FROM:<evil@example.org>\r\n",
  "only at the end\r",
  "only at the end\n",
};

static void
send_smuggled (Client   *client,
               gpointer  data)
{
  const char *text = data;

  begin (client);
  send_chunk (client, text, strlen (text), " LAST");
  g_assert_cmpuint (client_read (client), ==, 550);
  g_assert_true (g_str_has_prefix (client->last_line, "550 5.6.0 "));

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, text, strlen (text));
  g_assert_cmpuint (client_command (client, "\r\n."), ==, 550);
}

static void
check_smuggled (RelayFixture *fixture,
                const char   *text)
{
  relay_run (fixture, send_smuggled, (gpointer) text);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
  g_assert_null (strstr (fixture->upstream.incomplete->str, "MAIL"));
  g_assert_null (strstr (fixture->upstream.transcript->str, "evil"));
}

static void
test_smuggling (RelayFixture  *fixture,
                gconstpointer  data)
{
  for (guint i = 0; i < G_N_ELEMENTS (smuggled); i++)
    check_smuggled (fixture, smuggled[i]);

  smtp_server_set_bare_newlines (fixture->front.server, SMTP_BARE_NEWLINES_PASS);
  for (guint i = 0; i < G_N_ELEMENTS (smuggled); i++)
    check_smuggled (fixture, smuggled[i]);
}

/* Envelopes */

static void
send_envelope (Client   *client,
               gpointer  data)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<> SIZE=20 BODY=8BITMIME SMTPUTF8"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<one@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<two@example.org>"), ==, 550);
  g_assert_cmpstr (client->last_line, ==, "550 5.1.1 not two");
  g_assert_cmpuint (client_command (client, "RCPT TO:<\xc3\xbc@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, MESSAGE, strlen (MESSAGE));
  g_assert_cmpuint (client_command (client, "."), ==, 250);
  g_assert_cmpstr (client->last_line, ==, "250 2.6.0 taken as 7");
}

static void
test_envelope (RelayFixture  *fixture,
               gconstpointer  data)
{
  g_autofree char *commands = NULL;

  smtp_server_set_smtputf8 (fixture->front.server, TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_RCPT, "550 5.1.1 not two\r\n", 1);
  relay_run (fixture, send_envelope, NULL);
  commands = get_commands (fixture);
  g_assert_cmpstr (commands, ==,
                   "MAIL FROM:<> SIZE=20 BODY=8BITMIME SMTPUTF8;RCPT TO:<one@example.org>;"
                   "RCPT TO:<two@example.org>;RCPT TO:<\xc3\xbc@example.org>;DATA");
  g_assert_true (g_str_has_prefix (fixture->upstream.transcript->str, "EHLO front.example\n"));
}

static void
send_to_old_server (Client   *client,
                    gpointer  data)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> SMTPUTF8"), ==, 550);
  g_assert_true (g_str_has_prefix (client->last_line, "550 5.6.7 "));
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> BODY=8BITMIME"), ==, 554);
  g_assert_true (g_str_has_prefix (client->last_line, "554 5.6.3 "));
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> BODY=BINARYMIME"), ==, 554);
  g_assert_true (g_str_has_prefix (client->last_line, "554 5.6.3 "));
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> SIZE=5 BODY=7BIT"), ==, 250);
}

/* One that knows no EHLO. */
static void
test_old_server (RelayFixture  *fixture,
                 gconstpointer  data)
{
  g_autofree char *commands = NULL;

  smtp_server_set_smtputf8 (fixture->front.server, TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_EHLO, "502 5.5.1 what?\r\n", 0);
  relay_run (fixture, send_to_old_server, NULL);
  commands = get_commands (fixture);
  g_assert_true (g_str_has_prefix (commands, "HELO front.example;MAIL FROM:<a@example.org>"));
}

static const char * const promises[] = { "DSN", "DELIVERBY", "MT-PRIORITY", "FUTURERELEASE", "RRVS", "NO-SOLICITING" };

static void
send_promises (Client   *client,
               gpointer  data)
{
  static const char * const refused[] = { "BY=60;R", "BY=60;RT", "HOLDFOR=60", "HOLDUNTIL=2014-04-03T23:01:00Z" };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *line = g_strdup_printf ("MAIL FROM:<a@example.org> %s", refused[i]);

      g_assert_cmpuint (client_command (client, line), ==, 550);
      g_assert_true (g_str_has_prefix (client->last_line, "550 5.3.3 "));
    }
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> BY=60;N MT-PRIORITY=3 SOLICIT=a RET=FULL"), ==, 250);
  /* R is what it says that says nothing, RFC 7293 section 5.1.1. */
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org> RRVS=2014-04-03T23:01:00Z;R"), ==, 550);
  g_assert_true (g_str_has_prefix (client->last_line, "550 5.7.19 "));
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org> RRVS=2014-04-03T23:01:00Z"), ==, 550);
  g_assert_true (g_str_has_prefix (client->last_line, "550 5.7.19 "));
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org> RRVS=2014-04-03T23:01:00Z;C NOTIFY=NEVER"), ==, 250);
}

/* What the next server does not know is left out, or refused if it says what must not happen. */
static void
test_promises_it_cannot_keep (RelayFixture  *fixture,
                              gconstpointer  data)
{
  g_autofree char *commands = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (promises); i++)
    smtp_server_set_extension_enabled (fixture->front.server, promises[i], TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_EHLO, "250-x\r\n250 SIZE\r\n", 0);
  relay_run (fixture, send_promises, NULL);
  commands = get_commands (fixture);
  g_assert_nonnull (strstr (commands, "MAIL FROM:<a@example.org>;RCPT TO:<b@example.org>"));
}

static void
send_kept_promises (Client   *client,
                    gpointer  data)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> by=60;R MT-PRIORITY=3 SOLICIT=a HOLDFOR=5 ENVID=x"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org> RRVS=2014-04-03T23:01:00Z;R ORCPT=rfc822;C"), ==, 250);
}

static void
test_promises (RelayFixture  *fixture,
               gconstpointer  data)
{
  g_autofree char *commands = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (promises); i++)
    smtp_server_set_extension_enabled (fixture->front.server, promises[i], TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_EHLO,
                           "250-x\r\n250-DSN\r\n250-DELIVERBY\r\n250-MT-PRIORITY\r\n250-FUTURERELEASE 9 9\r\n"
                           "250-NO-SOLICITING\r\n250 RRVS\r\n", 0);
  relay_run (fixture, send_kept_promises, NULL);
  commands = get_commands (fixture);
  g_assert_nonnull (strstr (commands, "MAIL FROM:<a@example.org> by=60;R MT-PRIORITY=3 SOLICIT=a HOLDFOR=5 ENVID=x;"
                                      "RCPT TO:<b@example.org> RRVS=2014-04-03T23:01:00Z;R ORCPT=rfc822;C"));
}

static SmtpVerdict
rewrite (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters,
         gpointer        text)
{
  g_autoptr (SmtpAddress) other = smtp_address_new (text, NULL);

  smtp_request_set_address (request, other);

  return SMTP_VERDICT_CONTINUE;
}

static void
test_rewritten (RelayFixture  *fixture,
                gconstpointer  data)
{
  g_autofree char *commands = NULL;

  g_signal_connect (fixture->front.server, "handle-mail", G_CALLBACK (rewrite), (gpointer) "\xc3\xbc@example.org");
  g_signal_connect (fixture->front.server, "handle-rcpt", G_CALLBACK (rewrite), (gpointer) "other@example.org");
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  commands = get_commands (fixture);
  g_assert_cmpstr (commands, ==, "MAIL FROM:<\xc3\xbc@example.org> BODY=8BITMIME SMTPUTF8;"
                   "RCPT TO:<other@example.org>;DATA");
}

/* A hook that answers itself leaves the next server in the dark. */
static SmtpVerdict
accept_recipient (SmtpServer     *server,
                  SmtpSession    *session,
                  SmtpEnvelope   *envelope,
                  SmtpRequest    *request,
                  SmtpAddress    *address,
                  SmtpParameters *parameters)
{
  if (g_str_has_prefix (smtp_address_get_text (address), "mine"))
    smtp_request_reply (request, 250, "2.1.5 mine");

  return SMTP_VERDICT_CONTINUE;
}

static void
send_to_mine (Client   *client,
              gpointer  data)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "RCPT TO:<mine@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 451);
  g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
  g_assert_cmpuint (client_send (client, MESSAGE, strlen (MESSAGE)), ==, 250);
}

static void
test_disagreed (RelayFixture  *fixture,
                gconstpointer  data)
{
  g_signal_connect (fixture->front.server, "handle-rcpt", G_CALLBACK (accept_recipient), NULL);
  relay_run (fixture, send_to_mine, NULL);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 1);
  g_assert_nonnull (strstr (fixture->front.last_exception, "another hook"));
}

/* Somebody else wants the text. */
static GOutputStream *
take_body (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope)
{
  return g_memory_output_stream_new_resizable ();
}

static void
test_other_stream (RelayFixture  *fixture,
                   gconstpointer  data)
{
  g_signal_connect (fixture->front.server, "handle-body", G_CALLBACK (take_body), NULL);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 451);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

/* A hook that refuses the message when all of it has come. */
static SmtpVerdict
refuse_message (SmtpServer   *server,
                SmtpSession  *session,
                SmtpEnvelope *envelope,
                SmtpRequest  *request)
{
  smtp_request_reply (request, 554, "5.7.1 no");

  return SMTP_VERDICT_HANDLED;
}

static void
test_refused_at_end (RelayFixture  *fixture,
                     gconstpointer  data)
{
  g_signal_connect (fixture->front.server, "handle-data", G_CALLBACK (refuse_message), NULL);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 554);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

static void
send_by_lmtp (Client   *client,
              gpointer  data)
{
  g_assert_cmpuint (client_command (client, "LHLO client.example.org"), ==, 250);
  begin (client);
  g_assert_cmpuint (client_command (client, "RCPT TO:<c@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, MESSAGE, strlen (MESSAGE));
  g_assert_cmpuint (client_command (client, "."), ==, 452);
  g_assert_cmpuint (client_read (client), ==, 452);
  g_assert_cmpuint (client_command (client, "NOOP"), ==, 250);
}

static gpointer
play_lmtp (gpointer data)
{
  Play *self = data;
  Client client = { 0 };
  g_autoptr (GSocketClient) socket_client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (socket_client, FALSE);
  client.connection = g_socket_client_connect_to_host (socket_client, self->host_and_port, 24, NULL, NULL);
  client.input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (client.connection)));
  g_data_input_stream_set_newline_type (client.input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  g_assert_cmpuint (client_read (&client), ==, 220);
  send_by_lmtp (&client, NULL);
  g_object_unref (client.input);
  g_object_unref (client.connection);
  g_free (client.last_line);
  g_atomic_int_set (&self->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

/* What the next server says is for all. */
static void
test_lmtp (RelayFixture  *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;
  Play play = { .running = TRUE };
  GThread *thread;

  smtp_server_listen (fixture->front.server, "127.0.0.1:0", SMTP_LISTENER_KIND_LMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (fixture->front.server);
  play.host_and_port = addresses[1];
  raw_upstream_set_answer (&fixture->upstream, ON_END, "452 4.3.1 full\r\n", 0);

  thread = g_thread_new ("client", play_lmtp, &play);
  while (g_atomic_int_get (&play.running))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

/* Connections that are kept */

static void
send_five (Client   *client,
           gpointer  data)
{
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (client_send (client, MESSAGE, strlen (MESSAGE)), ==, 250);
}

static void
test_reused (RelayFixture  *fixture,
             gconstpointer  data)
{
  relay_run (fixture, send_five, NULL);
  relay_run (fixture, send_five, NULL);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 10);
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 1);
  g_assert_null (strstr (fixture->upstream.transcript->str, "RSET"));
}

static void
test_not_kept (RelayFixture  *fixture,
               gconstpointer  data)
{
  smtp_relay_handler_set_max_idle (fixture->relay, 0);
  relay_run (fixture, send_five, NULL);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 5);
  g_assert_nonnull (strstr (fixture->upstream.transcript->str, "QUIT"));
}

static void
test_idle_timeout (RelayFixture  *fixture,
                   gconstpointer  data)
{
  smtp_relay_handler_set_idle_timeout (fixture->relay, 1);
  relay_run (fixture, send_five, NULL);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_true (g_str_has_suffix (fixture->upstream.transcript->str, "QUIT\n"));
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 2);
}

/* @answer to the second MAIL on one connection. */
static void
test_dead_at_mail (RelayFixture  *fixture,
                   gconstpointer  answer)
{
  raw_upstream_set_answer (&fixture->upstream, ON_MAIL, answer, 1);
  relay_run (fixture, send_five, NULL);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 5);
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 2);
}

/* Closed before anybody wants it again. */
static void
test_dead_in_pool (RelayFixture  *fixture,
                   gconstpointer  answer)
{
  raw_upstream_set_answer (&fixture->upstream, ON_END, answer, 0);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (fixture->upstream.n_connections, ==, 2);
}

static void
reset_often (Client   *client,
             gpointer  data)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
  g_usleep (100000);
  begin (client);
  g_assert_cmpuint (client_command (client, "EHLO client.example.org"), ==, 250);
  g_usleep (100000);
  g_assert_cmpuint (client_send (client, MESSAGE, strlen (MESSAGE)), ==, 250);
  begin (client);
}

static void
test_reset (RelayFixture  *fixture,
            gconstpointer  data)
{
  g_autofree char *commands = NULL;

  relay_run (fixture, reset_often, NULL);
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 2);
  commands = get_commands (fixture);
  g_assert_true (g_str_has_prefix (commands,
                                   "MAIL FROM:<a@example.org>;RSET;"
                                   "MAIL FROM:<a@example.org>;RCPT TO:<b@example.org>;RSET;"
                                   "MAIL FROM:<a@example.org> BODY=8BITMIME;RCPT TO:<b@example.org>;DATA;"
                                   "MAIL FROM:<a@example.org>;RCPT TO:<b@example.org>;"));
}

static void
reset_without_a_pause (Client   *client,
                       gpointer  data)
{
  for (guint i = 0; i < 20; i++)
    {
      begin (client);
      g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
    }
  g_assert_cmpuint (client_send (client, MESSAGE, strlen (MESSAGE)), ==, 250);
}

static void
test_reset_at_once (RelayFixture  *fixture,
                    gconstpointer  data)
{
  relay_run (fixture, reset_without_a_pause, NULL);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 1);
}

/* Clients that leave, and messages that end in another way */

static void
leave_in_text (Client   *client,
               gpointer  data)
{
  GString *large = data;

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, large->str, large->len);
}

static void
leave_in_chunk (Client   *client,
                gpointer  data)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 9\r\n1234567"), ==, 250);
  client_write (client, "BDAT 9\r\n123", 11);
}

static void
leave_before_last (Client   *client,
                   gpointer  data)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 9\r\n1234567"), ==, 250);
  g_assert_cmpuint (client_command (client, "QUIT"), ==, 221);
}

static void
reset_chunks (Client   *client,
              gpointer  data)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 9\r\n1234567"), ==, 250);
  g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
}

static void
leave_after_commands (Client   *client,
                      gpointer  data)
{
  static const char text[] = "MAIL FROM:<a@example.org>\r\n";

  client_write (client, text, strlen (text));
}

static void
test_leaving (RelayFixture  *fixture,
              gconstpointer  script)
{
  g_autoptr (GString) large = make_large ();

  relay_run (fixture, (Script) script, large);
  if (script != leave_after_commands)
    raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);

  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 1);
}

static void
leave_after_a_while (Client   *client,
                     gpointer  upstream)
{
  leave_after_commands (client, NULL);

  /* Until the answer is chosen that will not come. */
  while (raw_upstream_has_answer (upstream))
    g_usleep (1000);
}

/* While the next server owes an answer. */
static void
test_leaving_in_wait (RelayFixture  *fixture,
                      gconstpointer  data)
{
  static const Step steps[] = { ON_CONNECT, ON_EHLO, ON_MAIL };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      raw_upstream_set_answer (&fixture->upstream, steps[i], HANG, 0);
      relay_run (fixture, leave_after_a_while, &fixture->upstream);
      raw_upstream_wait_until_closed (&fixture->upstream);
    }
  g_assert_cmpuint (send_message (&fixture->front, MESSAGE, -1, NULL), ==, 250);
}

static void
send_too_much (Client   *client,
               gpointer  data)
{
  GString *large = data;

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, large->str, large->len);
  g_assert_cmpuint (client_command (client, "."), ==, 552);
  g_assert_cmpuint (client_send (client, MESSAGE, strlen (MESSAGE)), ==, 250);
}

static void
test_too_big (RelayFixture  *fixture,
              gconstpointer  data)
{
  g_autoptr (GString) large = make_large ();

  smtp_server_set_data_size_limit (fixture->front.server, LARGE / 2);
  relay_run (fixture, send_too_much, large);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 1);
  assert_message (fixture, 0, MESSAGE, strlen (MESSAGE));
}

/* A server that reads no more */

#define FLOOD (64 * 1024 * 1024)

static gint n_flooded;

static guint
flood (Client *client)
{
  g_autoptr (GString) piece = g_string_new (NULL);

  while (piece->len < 1024 * 1024)
    g_string_append (piece, "A line of a message that is very long.\r\n");

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  for (gsize i = 0; i < FLOOD / piece->len; i++)
    {
      client_write (client, piece->str, piece->len);
      g_atomic_int_inc (&n_flooded);
    }

  return client_command (client, ".");
}

static void
flood_well (Client   *client,
            gpointer  data)
{
  g_assert_cmpuint (flood (client), ==, 250);
}

static gboolean
see_how_much (gpointer data)
{
  RelayFixture *fixture = data;

  /* The buffers of two connections hold some, this program nothing to speak of. */
  g_assert_cmpint (g_atomic_int_get (&n_flooded), <, FLOOD / (1024 * 1024) * 3 / 4);
  g_atomic_int_set (&fixture->upstream.stuck, FALSE);

  return G_SOURCE_REMOVE;
}

static void
test_back_pressure (RelayFixture  *fixture,
                    gconstpointer  data)
{
  smtp_server_set_data_size_limit (fixture->front.server, 0);
  g_atomic_int_set (&n_flooded, 0);
  g_atomic_int_set (&fixture->upstream.stuck, TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_DATA, "354 go\r\n" STUCK, 0);
  g_timeout_add (700, see_how_much, fixture);
  relay_run (fixture, flood_well, NULL);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 1);
}

static void
flood_in_vain (Client   *client,
               gpointer  fixture)
{
  g_assert_cmpuint (flood (client), ==, 451);
  g_atomic_int_set (&((RelayFixture *) fixture)->upstream.stuck, FALSE);
}

static void
test_stuck_in_text (RelayFixture  *fixture,
                    gconstpointer  data)
{
  smtp_server_set_data_size_limit (fixture->front.server, 0);
  smtp_relay_handler_set_timeout (fixture->relay, 1);
  g_atomic_int_set (&fixture->upstream.stuck, TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_DATA, "354 go\r\n" STUCK, 0);
  relay_run (fixture, flood_in_vain, fixture);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

static void
flood_until_cut_off (Client   *client,
                     gpointer  data)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  GString *large = data;

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  for (guint i = 0; i < 10; i++)
    g_output_stream_write_all (output, large->str, large->len, NULL, NULL, NULL);
}

/* The session ends while a write is under way. */
static void
test_leaving_when_stuck (RelayFixture  *fixture,
                         gconstpointer  data)
{
  g_autoptr (GString) large = make_large ();

  g_atomic_int_set (&fixture->upstream.stuck, TRUE);
  raw_upstream_set_answer (&fixture->upstream, ON_DATA, "354 go\r\n" STUCK, 0);
  smtp_server_set_data_size_limit (fixture->front.server, 0);
  smtp_server_set_timeout (fixture->front.server, 2);
  relay_run (fixture, flood_until_cut_off, large);
  g_atomic_int_set (&fixture->upstream.stuck, FALSE);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

/* The handler's life */

typedef struct
{
  RelayFixture *fixture;
  gint step;
} Removal;

static gboolean
remove_relay (gpointer data)
{
  Removal *self = data;

  smtp_server_remove_handler (self->fixture->front.server, SMTP_HANDLER (self->fixture->relay));
  g_atomic_int_set (&self->step, 1);

  return G_SOURCE_REMOVE;
}

static void
lose_relay_in_text (Client   *client,
                    gpointer  data)
{
  Removal *removal = data;
  g_autoptr (GString) large = make_large ();

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, large->str, large->len);
  g_idle_add (remove_relay, removal);
  while (g_atomic_int_get (&removal->step) == 0)
    g_usleep (1000);
  client_write (client, large->str, large->len);
  g_assert_cmpuint (client_command (client, "."), >=, 400);
}

static void
lose_relay_in_transaction (Client   *client,
                           gpointer  data)
{
  Removal *removal = data;

  begin (client);
  g_idle_add (remove_relay, removal);
  while (g_atomic_int_get (&removal->step) == 0)
    g_usleep (1000);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, MESSAGE, strlen (MESSAGE));
  g_assert_cmpuint (client_command (client, "."), >=, 400);
}

static void
test_removed (RelayFixture  *fixture,
              gconstpointer  script)
{
  Removal removal = { fixture, 0 };
  gpointer relay = fixture->relay;

  g_object_add_weak_pointer (relay, &relay);
  relay_run (fixture, (Script) script, &removal);
  g_assert_null (relay);
  raw_upstream_wait_until_closed (&fixture->upstream);
  g_assert_cmpuint (fixture->upstream.messages->len, ==, 0);
}

static void
test_properties (void)
{
  g_autoptr (SmtpHandler) handler = smtp_relay_handler_new ("next.example:2525");
  SmtpRelayHandler *relay = SMTP_RELAY_HANDLER (handler);
  GParamSpec *password = g_object_class_find_property (G_OBJECT_GET_CLASS (handler), "password");

  g_assert_cmpstr (smtp_relay_handler_get_address (relay), ==, "next.example:2525");
  g_assert_true (smtp_relay_handler_get_add_trace (relay));
  g_assert_cmpint (smtp_relay_handler_get_tls (relay), ==, SMTP_RELAY_TLS_OPPORTUNISTIC);
  g_assert_cmpuint (smtp_relay_handler_get_timeout (relay), ==, 60);
  g_assert_cmpuint (smtp_relay_handler_get_idle_timeout (relay), ==, 30);
  g_assert_cmpuint (smtp_relay_handler_get_max_idle (relay), ==, 4);
  g_object_set (handler, "user-name", "u", "password", "p", "tls", SMTP_RELAY_TLS_REQUIRED, NULL);
  g_assert_cmpstr (smtp_relay_handler_get_user_name (relay), ==, "u");
  g_assert_cmpint (smtp_relay_handler_get_tls (relay), ==, SMTP_RELAY_TLS_REQUIRED);
  g_assert_false (password->flags & G_PARAM_READABLE);
}

/* Passwords and requirements, where there is no TLS */

static void
test_no_tls (RelayFixture  *fixture,
             gconstpointer  user_name)
{
  Told told = { 0 };

  fixture->upstream.keywords = "250-AUTH PLAIN LOGIN\r\n250-8BITMIME\r\n";
  if (user_name != NULL)
    g_object_set (fixture->relay, "user-name", user_name, "password", "secret", NULL);
  else
    smtp_relay_handler_set_tls (fixture->relay, SMTP_RELAY_TLS_REQUIRED);
  relay_run (fixture, (Script) try_message, &told);
  g_assert_cmpuint (told.mail, ==, 451);
  g_assert_null (strstr (fixture->upstream.transcript->str, "AUTH"));
  g_free (told.last_line);
}

#define ADD(path, data, func) \
  g_test_add ("/relay/" path, RelayFixture, data, relay_set_up, func, relay_tear_down)

static void
add_failures (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/relay/failure/", cases[i].name, NULL);

      g_test_add (path, RelayFixture, &cases[i], relay_set_up, test_case, relay_tear_down);
    }

  ADD ("failure/endless-reply", NULL, test_endless_reply);
  ADD ("failure/refused-connection", "127.0.0.1:1", test_unreachable);
  ADD ("failure/bad-address", "127.0.0.1:x", test_unreachable);
  ADD ("failure/no-host", "does-not-exist.invalid:25", test_unreachable);
  ADD ("failure/hook-timeout", NULL, test_hook_timeout);
  ADD ("failure/stuck-in-text", NULL, test_stuck_in_text);
}

static void
add_others (void)
{
  ADD ("message/exact", NULL, test_exact);
  ADD ("message/trace", NULL, test_trace);
  ADD ("message/chunks", NULL, test_chunks);
  ADD ("message/smuggling", NULL, test_smuggling);
  ADD ("message/too-big", NULL, test_too_big);
  ADD ("message/back-pressure", NULL, test_back_pressure);
  ADD ("envelope/parameters", NULL, test_envelope);
  ADD ("envelope/old-server", NULL, test_old_server);
  ADD ("envelope/promises", NULL, test_promises);
  ADD ("envelope/promises-it-cannot-keep", NULL, test_promises_it_cannot_keep);
  ADD ("envelope/rewritten", NULL, test_rewritten);
  ADD ("envelope/disagreed", NULL, test_disagreed);
  ADD ("hooks/other-stream", NULL, test_other_stream);
  ADD ("hooks/refused-at-end", NULL, test_refused_at_end);
  ADD ("lmtp", NULL, test_lmtp);
  ADD ("pool/reused", NULL, test_reused);
  ADD ("pool/not-kept", NULL, test_not_kept);
  ADD ("pool/idle-timeout", NULL, test_idle_timeout);
  ADD ("pool/dead-at-mail", CLOSE, test_dead_at_mail);
  ADD ("pool/421-at-mail", "421 4.4.2 idle for too long\r\n" CLOSE, test_dead_at_mail);
  ADD ("pool/dead", "250 2.6.0 taken\r\n" CLOSE, test_dead_in_pool);
  ADD ("pool/421", "250 2.6.0 taken\r\n421 4.4.2 idle\r\n" CLOSE, test_dead_in_pool);
  ADD ("reset", NULL, test_reset);
  ADD ("reset/at-once", NULL, test_reset_at_once);
  ADD ("reset/chunks", reset_chunks, test_leaving);
  ADD ("leaving/text", leave_in_text, test_leaving);
  ADD ("leaving/chunk", leave_in_chunk, test_leaving);
  ADD ("leaving/before-last", leave_before_last, test_leaving);
  ADD ("leaving/commands", leave_after_commands, test_leaving);
  ADD ("leaving/wait", NULL, test_leaving_in_wait);
  ADD ("leaving/stuck", NULL, test_leaving_when_stuck);
  ADD ("removed/text", lose_relay_in_text, test_removed);
  ADD ("removed/transaction", lose_relay_in_transaction, test_removed);
  ADD ("no-tls/required", NULL, test_no_tls);
  ADD ("no-tls/password", "user", test_no_tls);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  add_failures ();
  add_others ();
  g_test_add_func ("/relay/properties", test_properties);

  return g_test_run ();
}
