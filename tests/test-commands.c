/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Command methods that a subclass overrides, commands and keywords that a program adds or
 * takes away, and sessions and envelopes of its own. */

#include <string.h>
#include <sys/socket.h>

#include <smtpd/smtpd.h>

#include "test-log.h"

/* A server whose methods the tests set. */

typedef void (*Decide) (SmtpRequest *request);

typedef enum
{
  MAKE_NEW,
  MAKE_NULL,
  MAKE_USED
} Make;

#define TEST_TYPE_SERVER (test_server_get_type ())
G_DECLARE_DERIVABLE_TYPE (TestServer, test_server, TEST, SERVER, SmtpServer)

struct _TestServerClass
{
  SmtpServerClass parent_class;
};

typedef struct
{
  Decide rset;
  Decide unknown;
  Make make;
} TestServerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (TestServer, test_server, SMTP_TYPE_SERVER)

/* A session and an envelope that have been used; told apart by their type. */
#define TEST_TYPE_SESSION (test_session_get_type ())
G_DECLARE_FINAL_TYPE (TestSession, test_session, TEST, SESSION, SmtpSession)

struct _TestSession
{
  SmtpSession parent_instance;
};

G_DEFINE_FINAL_TYPE (TestSession, test_session, SMTP_TYPE_SESSION)

static void
test_session_class_init (TestSessionClass *klass)
{
}

static void
test_session_init (TestSession *self)
{
}

#define TEST_TYPE_ENVELOPE (test_envelope_get_type ())
G_DECLARE_FINAL_TYPE (TestEnvelope, test_envelope, TEST, ENVELOPE, SmtpEnvelope)

struct _TestEnvelope
{
  SmtpEnvelope parent_instance;
};

G_DEFINE_FINAL_TYPE (TestEnvelope, test_envelope, SMTP_TYPE_ENVELOPE)

static void
test_envelope_class_init (TestEnvelopeClass *klass)
{
}

static void
test_envelope_init (TestEnvelope *self)
{
}

static TestServerPrivate *
get_private (gpointer server)
{
  return test_server_get_instance_private (server);
}

static void
chain_up (SmtpRequest *request)
{
  SMTP_SERVER_CLASS (test_server_parent_class)->rset (smtp_request_get_server (request),
                                                      smtp_request_get_session (request), request,
                                                      smtp_request_get_argument (request));
}

static void
test_server_rset (SmtpServer  *server,
                  SmtpSession *session,
                  SmtpRequest *request,
                  const char  *argument)
{
  TestServerPrivate *priv = get_private (server);

  if (priv->rset != NULL)
    priv->rset (request);
  else
    chain_up (request);
}

static void
test_server_unknown_command (SmtpServer  *server,
                             SmtpSession *session,
                             SmtpRequest *request,
                             const char  *argument)
{
  TestServerPrivate *priv = get_private (server);

  if (priv->unknown != NULL)
    priv->unknown (request);
  else
    SMTP_SERVER_CLASS (test_server_parent_class)->unknown_command (server, session, request, argument);
}

static SmtpSession *
test_server_create_session (SmtpServer *server)
{
  g_autoptr (GPtrArray) sessions = NULL;

  switch (get_private (server)->make)
    {
    case MAKE_NULL:
      return NULL;
    case MAKE_USED:
      sessions = smtp_server_get_sessions (server);
      return g_object_ref (g_ptr_array_index (sessions, 0));
    case MAKE_NEW:
    default:
      return SMTP_SERVER_CLASS (test_server_parent_class)->create_session (server);
    }
}

static SmtpEnvelope *used_envelope;

static SmtpEnvelope *
test_server_create_envelope (SmtpServer  *server,
                             SmtpSession *session)
{
  switch (get_private (server)->make)
    {
    case MAKE_NULL:
      return NULL;
    case MAKE_USED:
      return g_object_ref (used_envelope);
    case MAKE_NEW:
    default:
      return SMTP_SERVER_CLASS (test_server_parent_class)->create_envelope (server, session);
    }
}

static void
ping (SmtpServer  *server,
      SmtpSession *session,
      SmtpRequest *request,
      const char  *argument)
{
  smtp_request_reply (request, 259, "OK");
}

static void
test_server_class_init (TestServerClass *klass)
{
  SmtpServerClass *server_class = SMTP_SERVER_CLASS (klass);

  server_class->rset = test_server_rset;
  server_class->unknown_command = test_server_unknown_command;
  server_class->create_session = test_server_create_session;
  server_class->create_envelope = test_server_create_envelope;
  smtp_server_class_install_command (server_class, "PING", ping);
  smtp_server_class_install_command (server_class, "SHOUT", ping);
}

static void
test_server_init (TestServer *self)
{
}

/* A class below it: what it has, less what it replaces. */
#define TEST_TYPE_CHILD (test_child_get_type ())
G_DECLARE_FINAL_TYPE (TestChild, test_child, TEST, CHILD, TestServer)

struct _TestChild
{
  TestServer parent_instance;
};

G_DEFINE_FINAL_TYPE (TestChild, test_child, TEST_TYPE_SERVER)

static void
pong (SmtpServer  *server,
      SmtpSession *session,
      SmtpRequest *request,
      const char  *argument)
{
  smtp_request_reply (request, 258, *argument != '\0' ? argument : "pong");
}

static void
test_child_class_init (TestChildClass *klass)
{
  smtp_server_class_install_command (SMTP_SERVER_CLASS (klass), "PONG", pong);
  smtp_server_class_install_command (SMTP_SERVER_CLASS (klass), "SHOUT", pong);
}

static void
test_child_init (TestChild *self)
{
}

/* A client on a socket pair, in the same main loop. */

typedef struct
{
  SmtpServer *server;
  GSocket *client;
} Fixture;

static GSocket *
connect_client (SmtpServer *server)
{
  g_autoptr (GSocket) theirs = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  GSocket *ours;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  ours = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  theirs = g_socket_new_from_fd (fds[1], &error);
  g_assert_no_error (error);
  g_socket_set_blocking (ours, FALSE);

  connection = g_socket_connection_factory_create_connection (theirs);
  smtp_server_accept_stream (server, G_IO_STREAM (connection), SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);

  return ours;
}

static void
send_line (GSocket    *client,
           const char *line)
{
  g_autofree char *text = g_strconcat (line, "\r\n", NULL);

  g_assert_cmpint (g_socket_send (client, text, strlen (text), NULL, NULL), ==, strlen (text));
}

/* A whole reply, its lines put together with "|"; "" at the end of the connection. */
static char *
read_reply (GSocket *client)
{
  GString *reply = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  gsize start = 0;

  for (;;)
    {
      char octet;
      gssize n = g_socket_receive (client, &octet, 1, NULL, NULL);

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (n == 0)
        break;
      if (n < 0)
        {
          g_main_context_iteration (NULL, FALSE);
          continue;
        }
      g_string_append_c (reply, octet);
      if (!g_str_has_suffix (reply->str + start, "\r\n"))
        continue;

      g_string_truncate (reply, reply->len - 2);
      g_assert_cmpuint (reply->len, >=, start + 4);
      if (reply->str[start + 3] == ' ')
        break;
      g_string_append_c (reply, '|');
      start = reply->len;
    }

  return g_string_free (reply, FALSE);
}

static void
assert_reply (Fixture    *fixture,
              const char *line,
              const char *expected)
{
  g_autofree char *reply = NULL;

  if (line != NULL)
    send_line (fixture->client, line);
  reply = read_reply (fixture->client);
  if (!g_str_has_prefix (reply, expected))
    g_error ("%s got \"%s\", not \"%s\"", line, reply, expected);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->server = g_object_new (TEST_TYPE_CHILD, "hook-timeout", 1, "hostname", "mx", NULL);
  fixture->client = connect_client (fixture->server);
  assert_reply (fixture, NULL, "220");
  assert_reply (fixture, "EHLO me", "250");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  g_clear_object (&fixture->client);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  g_assert_finalize_object (fixture->server);
  log_assert_done ();
}

/* Methods: a row for each thing that one may do. */

static guint n_watched, n_replied;
static SmtpRequest *held;

static void
on_replied (SmtpRequest *request,
            SmtpReply   *reply)
{
  g_assert_true (smtp_request_get_final_reply (request) == reply);
  g_assert_null (g_object_get_data (G_OBJECT (request), "replied"));
  g_object_set_data (G_OBJECT (request), "replied", request);
  n_replied++;
}

/* Each request is told once, even of those that were superseded. */
static void
watch (SmtpRequest *request)
{
  if (g_object_get_data (G_OBJECT (request), "watched") != NULL)
    return;

  g_object_set_data (G_OBJECT (request), "watched", request);
  g_signal_connect (request, "replied", G_CALLBACK (on_replied), NULL);
  n_watched++;
}

static void
hold (SmtpRequest *request)
{
  watch (request);
  smtp_request_hold (request);
  held = g_object_ref (request);
}

static gboolean
run_late (gpointer data)
{
  g_autoptr (SmtpRequest) request = g_steal_pointer (&held);

  ((Decide) data) (request);

  return G_SOURCE_REMOVE;
}

static void
hold_and (SmtpRequest *request,
          Decide       decide)
{
  hold (request);
  g_idle_add (run_late, decide);
}

static void
say_nothing (SmtpRequest *request)
{
  watch (request);
}

static void
say_fine (SmtpRequest *request)
{
  watch (request);
  g_assert_true (smtp_request_reply (request, 250, "fine"));
}

static void
say_no (SmtpRequest *request)
{
  watch (request);
  g_assert_true (smtp_request_reply (request, 550, NULL));
}

static void
say_more (SmtpRequest *request)
{
  watch (request);
  smtp_request_reply (request, 354, "go on");
}

static void
proceed (SmtpRequest *request)
{
  watch (request);
  g_assert_true (smtp_request_proceed (request));
}

static void
chain (SmtpRequest *request)
{
  watch (request);
  chain_up (request);
}

static void
chain_twice (SmtpRequest *request)
{
  chain (request);
  chain (request);
}

static void
chain_and_add (SmtpRequest *request)
{
  smtp_request_add_line (request, "so much for that");
  chain (request);
}

static void
chain_and_reply (SmtpRequest *request)
{
  chain (request);
  g_assert_false (smtp_request_reply (request, 550, NULL));
}

static void
reply_and_chain (SmtpRequest *request)
{
  say_fine (request);
  chain_up (request);
}

static void
proceed_and_chain (SmtpRequest *request)
{
  proceed (request);
  chain_up (request);
}

static void
chain_late (SmtpRequest *request)
{
  hold_and (request, chain);
}

static void
chain_twice_late (SmtpRequest *request)
{
  hold_and (request, chain_twice);
}

static void
proceed_late (SmtpRequest *request)
{
  hold_and (request, proceed);
}

static void
reply_late (SmtpRequest *request)
{
  hold_and (request, say_fine);
}

static void
proceed_and_chain_late (SmtpRequest *request)
{
  hold_and (request, proceed_and_chain);
}

#define OK "250 2.0.0 OK"
#define INTERNAL "451 4.3.0 Internal error"
#define NO_TIME "451 4.3.0 No decision in time"
#define SILENT "The method of a command returned without an answer"

typedef struct
{
  const char *name;
  Decide rset;
  Decide hook;
  const char *reply;
  const char *warning;
} Row;

static const Row rows[] =
{
  { "nothing", say_nothing, NULL, INTERNAL, SILENT },
  { "hold", hold, NULL, NO_TIME },
  { "reply", say_fine, NULL, "250 2.0.0 fine" },
  { "reply-late", reply_late, NULL, "250 2.0.0 fine" },
  { "refuse", say_no, NULL, "550 5.0.0" },
  { "intermediate", say_more, NULL, INTERNAL, "354 is no answer to RSET" },
  { "proceed", proceed, NULL, OK },
  { "proceed-late", proceed_late, NULL, OK },
  { "chain", chain, NULL, OK },
  { "chain-twice", chain_twice, NULL, OK },
  { "chain-late", chain_late, NULL, OK },
  { "chain-twice-late", chain_twice_late, NULL, OK },
  { "chain-and-add", chain_and_add, NULL, "250-2.0.0 so much for that|250 2.0.0 OK" },
  { "chain-and-reply", chain_and_reply, NULL, OK },
  { "reply-and-chain", reply_and_chain, say_no, "250 2.0.0 fine" },
  { "proceed-and-chain", proceed_and_chain, NULL, OK },

  /* With a hook behind it, which has the word once the method has chained up or proceeded. */
  { "hook/chain", chain, say_no, "550 5.0.0" },
  { "hook/chain-twice", chain_twice, say_no, "550 5.0.0" },
  { "hook/chain-and-reply", chain_and_reply, say_fine, "250 2.0.0 fine" },
  { "hook/chain-late", chain_late, say_no, "550 5.0.0" },
  { "hook/chain-late-holds", chain_late, proceed_late, OK },
  { "hook/chain-late-held-for-ever", chain_late, hold, NO_TIME },
  { "hook/chain-holds", chain_twice, reply_late, "250 2.0.0 fine" },
  { "hook/proceed", proceed, say_no, "550 5.0.0" },
  { "hook/proceed-late", proceed_late, say_no, "550 5.0.0" },
  { "hook/proceed-late-holds", proceed_late, proceed_late, OK },
  { "hook/proceed-and-chain", proceed_and_chain, say_no, "550 5.0.0" },
  { "hook/proceed-and-chain-late", proceed_and_chain_late, say_no, "550 5.0.0" },
  { "hook/silent", chain, say_nothing, INTERNAL, "handle-rset returned without an answer" },
  { "hook/silent-proceed", proceed_and_chain, say_nothing, INTERNAL,
    "handle-rset returned without an answer" },
};

static SmtpVerdict
on_rset (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         const Row    *row)
{
  row->hook (request);

  return SMTP_VERDICT_FAILED;
}

static void
test_row (Fixture       *fixture,
          gconstpointer  data)
{
  const Row *row = data;

  n_watched = n_replied = 0;
  log_expect (row->warning, 1);
  get_private (fixture->server)->rset = row->rset;
  if (row->hook != NULL)
    g_signal_connect (fixture->server, "handle-rset", G_CALLBACK (on_rset), (gpointer) row);

  assert_reply (fixture, "RSET", row->reply);
  g_assert_cmpuint (n_watched, >=, 1);
  g_assert_cmpuint (n_replied, ==, n_watched);

  g_clear_object (&held);
  assert_reply (fixture, "NOOP", "250");
}

/* Verbs */

static void
on_hello (SmtpServer  *server,
          SmtpSession *session,
          SmtpRequest *request,
          const char  *argument,
          gpointer     data)
{
  g_assert_cmpstr (argument, ==, "you there");
  g_assert_true (smtp_server_remove_command (server, "hello"));
  /* What was given with the command lives as long as it runs. */
  g_assert_cmpstr (data, ==, "well");
  hold_and (request, say_fine);
}

static void
on_custom (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument,
           gpointer     data)
{
  guint code = g_ascii_strtoull (argument, NULL, 10);

  if (code != 0)
    smtp_request_reply (request, code, data);
}

static void
count_destroy (gpointer data)
{
  (*(guint *) data)++;
}

static void
test_inheritance (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (SmtpServer) plain = smtp_server_new ();
  Fixture parent = { g_object_new (TEST_TYPE_SERVER, NULL), NULL };

  assert_reply (fixture, "PING", "259 OK");
  assert_reply (fixture, "pong back", "258 back");
  assert_reply (fixture, "SHOUT", "258 pong");

  parent.client = connect_client (parent.server);
  assert_reply (&parent, NULL, "220");
  assert_reply (&parent, "PING", "259 OK");
  assert_reply (&parent, "SHOUT", "259 OK");
  assert_reply (&parent, "PONG", "500 5.5.1");
  tear_down (&parent, NULL);

  g_assert_false (smtp_server_remove_command (plain, "PING"));
  g_assert_true (smtp_server_remove_command (plain, "NOOP"));
  assert_reply (fixture, "NOOP", "250");
}

static void
test_add_command (Fixture       *fixture,
                  gconstpointer  data)
{
  guint n_destroyed = 0;

  smtp_server_add_command (fixture->server, "custom", on_custom, (gpointer) "OK", NULL);
  assert_reply (fixture, "CUSTOM 259", "259 OK");
  assert_reply (fixture, "CUSTOM 554", "554 OK");
  log_expect (SILENT, 1);
  assert_reply (fixture, "CUSTOM", INTERNAL);
  log_expect ("354 is no answer to CUSTOM", 1);
  assert_reply (fixture, "CUSTOM 354", "451");

  /* Another of the same name takes the place of the first. */
  smtp_server_add_command (fixture->server, "Custom", on_custom, &n_destroyed, count_destroy);
  smtp_server_add_command (fixture->server, "CUSTOM", on_custom, (gpointer) "2.9.9 new", NULL);
  g_assert_cmpuint (n_destroyed, ==, 1);
  assert_reply (fixture, "CUSTOM 250", "250 2.9.9 new");

  /* Of a standard one, too; what it says gets no status. */
  smtp_server_add_command (fixture->server, "NOOP", on_custom, (gpointer) "OK", NULL);
  assert_reply (fixture, "NOOP 259", "259 OK");
  g_assert_true (smtp_server_remove_command (fixture->server, "noop"));
  g_assert_true (smtp_server_remove_command (fixture->server, "custom"));
  g_assert_false (smtp_server_remove_command (fixture->server, "custom"));
  assert_reply (fixture, "CUSTOM 250", "500 5.5.1");
  assert_reply (fixture, "RSET", "250");
}

static void
test_remove_itself (Fixture       *fixture,
                    gconstpointer  data)
{
  smtp_server_add_command (fixture->server, "hello", on_hello, g_strdup ("well"), g_free);
  n_watched = n_replied = 0;
  assert_reply (fixture, "HELLO you there", "250 fine");
  g_assert_cmpuint (n_replied, ==, 1);
  assert_reply (fixture, "HELLO you there", "500");
}

static void
test_421 (Fixture       *fixture,
          gconstpointer  data)
{
  smtp_server_add_command (fixture->server, "BYE", on_custom, (gpointer) "4.3.2 so long", NULL);
  send_line (fixture->client, "BYE 421\r\nNOOP");
  assert_reply (fixture, NULL, "421 4.3.2 so long");
  assert_reply (fixture, NULL, "");
}

static void
unknown (SmtpRequest *request)
{
  g_autofree char *text = g_strjoin (" ", "never heard of", smtp_request_get_verb (request),
                                     smtp_request_get_argument (request), NULL);

  smtp_request_reply (request, 500, text);
}

static void
test_unknown (Fixture       *fixture,
              gconstpointer  data)
{
  TestServerPrivate *priv = get_private (fixture->server);

  assert_reply (fixture, "FOO", "500 5.5.1 Command not recognized");
  priv->unknown = unknown;
  assert_reply (fixture, "foo  bar ", "500 never heard of FOO bar");
  priv->unknown = proceed_late;
  assert_reply (fixture, "FOO", "500 5.5.1 Command not recognized");
  priv->unknown = say_nothing;
  log_expect (SILENT, 1);
  assert_reply (fixture, "FOO", INTERNAL);
}

/* Keywords */

static void
test_keywords (Fixture       *fixture,
               gconstpointer  data)
{
  smtp_server_add_keyword (fixture->server, "XFOO", NULL);
  smtp_server_add_keyword (fixture->server, "xfoo", "1 2");
  smtp_server_add_keyword (fixture->server, "X", "shorter");
  smtp_server_remove_keyword (fixture->server, "pipelining");
  smtp_server_remove_keyword (fixture->server, "HELP");
  smtp_server_remove_keyword (fixture->server, "ENHANCEDSTATUSCODES");
  smtp_server_add_keyword (fixture->server, "Size", "5");
  smtp_server_remove_keyword (fixture->server, "BINARYMIME");
  assert_reply (fixture, "EHLO me", "250-mx|250-8BITMIME|250-CHUNKING|250-xfoo 1 2|250-X shorter|250 Size 5");

  smtp_server_remove_keyword (fixture->server, "XFOO");
  smtp_server_remove_keyword (fixture->server, "x");
  smtp_server_remove_keyword (fixture->server, "8BITMIME");
  smtp_server_remove_keyword (fixture->server, "chunking");
  smtp_server_remove_keyword (fixture->server, "SIZE");
  smtp_server_remove_keyword (fixture->server, "NEVERTHERE");
  assert_reply (fixture, "EHLO me", "250 mx");
  smtp_server_add_keyword (fixture->server, "XBACK", NULL);
  assert_reply (fixture, "EHLO me", "250-mx|250 XBACK");
}

/* Sessions and envelopes */

static SmtpVerdict
on_mail (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters,
         SmtpEnvelope  **seen)
{
  g_set_object (seen, envelope);

  return SMTP_VERDICT_CONTINUE;
}

static void
begin (Fixture *fixture)
{
  assert_reply (fixture, "RSET", "250");
  assert_reply (fixture, "MAIL FROM:<a@e.org>", "250");
  assert_reply (fixture, "RCPT TO:<b@e.org>", "250");
}

static void
test_factories (Fixture       *fixture,
                gconstpointer  data)
{
  Make make = GPOINTER_TO_INT (data);
  Fixture other = { g_object_ref (fixture->server), NULL };
  g_autoptr (SmtpEnvelope) seen = NULL;
  g_autoptr (GPtrArray) sessions = NULL;

  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (on_mail), &seen);
  begin (fixture);
  used_envelope = g_steal_pointer (&seen);

  get_private (fixture->server)->make = make;
  log_expect ("create_session() must return a new session", make == MAKE_NEW ? 0 : 1);
  other.client = connect_client (fixture->server);
  assert_reply (&other, NULL, "220");
  assert_reply (&other, "EHLO me", "250");
  sessions = smtp_server_get_sessions (fixture->server);
  g_assert_cmpuint (sessions->len, ==, 2);
  g_assert_true (sessions->pdata[0] != sessions->pdata[1]);

  log_expect ("create_envelope() must return a new envelope", make == MAKE_NEW ? 0 : 1);
  begin (&other);
  g_assert_true (seen != used_envelope);
  g_assert_cmpuint (smtp_envelope_get_n_recipients (seen), ==, 1);
  g_assert_cmpuint (smtp_envelope_get_n_recipients (used_envelope), ==, 1);

  g_clear_object (&used_envelope);
  g_object_unref (other.client);
  g_object_unref (other.server);
}

static void
test_types (Fixture       *fixture,
            gconstpointer  data)
{
  Fixture other = { g_object_ref (fixture->server), NULL };
  g_autoptr (SmtpEnvelope) seen = NULL;
  g_autoptr (GPtrArray) sessions = NULL;
  guint n_found = 0;

  g_object_set (fixture->server, "session-type", TEST_TYPE_SESSION, "envelope-type", TEST_TYPE_ENVELOPE, NULL);
  g_assert_cmpuint (smtp_server_get_session_type (fixture->server), ==, TEST_TYPE_SESSION);
  g_signal_connect (fixture->server, "handle-mail", G_CALLBACK (on_mail), &seen);
  other.client = connect_client (fixture->server);
  assert_reply (&other, NULL, "220");
  assert_reply (&other, "EHLO me", "250");
  begin (&other);
  g_assert_true (TEST_IS_ENVELOPE (seen));

  sessions = smtp_server_get_sessions (fixture->server);
  for (guint i = 0; i < sessions->len; i++)
    n_found += TEST_IS_SESSION (sessions->pdata[i]);
  g_assert_cmpuint (n_found, ==, 1);

  g_object_unref (other.client);
  g_object_unref (other.server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/commands/method/", rows[i].name, NULL);

      g_test_add (path, Fixture, &rows[i], set_up, test_row, tear_down);
    }

#define ADD(name, func, data) \
  g_test_add ("/commands/" name, Fixture, GINT_TO_POINTER (data), set_up, func, tear_down)

  ADD ("inheritance", test_inheritance, 0);
  ADD ("add", test_add_command, 0);
  ADD ("remove-itself", test_remove_itself, 0);
  ADD ("421", test_421, 0);
  ADD ("unknown", test_unknown, 0);
  ADD ("keywords", test_keywords, 0);
  ADD ("factories/new", test_factories, MAKE_NEW);
  ADD ("factories/null", test_factories, MAKE_NULL);
  ADD ("factories/used", test_factories, MAKE_USED);
  ADD ("types", test_types, 0);

  return g_test_run ();
}
