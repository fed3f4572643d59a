/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* LMTP, RFC 2033: LHLO, and an answer for each recipient at the end of a message. */

#include <gio/gio.h>

#include <smtpd/smtpd.h>

#include "test-log.h"

typedef struct
{
  SmtpServer *server;
  GSocketConnection *client;
  SmtpRequest *request;    /* the end of the message, as the hook saw it */
  guint n_recipients;
  char *protocol;
} Fixture;

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         Fixture      *fixture)
{
  fixture->n_recipients = smtp_envelope_get_n_recipients (envelope);
  fixture->protocol = g_strdup (smtp_session_get_protocol (session));
  fixture->request = g_object_ref (request);

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  kind)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  fixture->server = smtp_server_new ();
  smtp_server_set_hostname (fixture->server, "mx.example");
  smtp_server_set_ident (fixture->server, "");
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (on_data), fixture);
  smtp_server_listen (fixture->server, "127.0.0.1:0", GPOINTER_TO_INT (kind), &error);
  g_assert_no_error (error);

  addresses = smtp_server_dup_listen_addresses (fixture->server);
  g_socket_client_set_enable_proxy (client, FALSE);
  fixture->client = g_socket_client_connect_to_host (client, addresses[0], 24, NULL, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (g_socket_connection_get_socket (fixture->client), FALSE);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  kind)
{
  g_io_stream_close (G_IO_STREAM (fixture->client), NULL, NULL);
  g_object_unref (fixture->client);
  g_clear_object (&fixture->request);
  g_free (fixture->protocol);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (fixture->server);
}

/* Sends @text and reads until @expected has come, which must be all. */
static void
talk (Fixture    *fixture,
      const char *text,
      const char *expected)
{
  GSocket *socket = g_socket_connection_get_socket (fixture->client);
  g_autoptr (GString) got = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;

  g_assert_cmpint (g_socket_send (socket, text, strlen (text), NULL, NULL), ==, strlen (text));
  while (got->len < strlen (expected) && g_get_monotonic_time () < deadline)
    {
      char buffer[4096];
      gssize n = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);

      if (n > 0)
        g_string_append_len (got, buffer, n);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static void
wait_for_request (Fixture *fixture)
{
  while (fixture->request == NULL)
    g_main_context_iteration (NULL, TRUE);
}

#define GREETING "220 mx.example LMTP\r\n"
#define RECIPIENTS "RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\n"
#define RECIPIENTS_OK "250 2.1.5 Recipient OK\r\n250 2.1.5 Recipient OK\r\n250 2.1.5 Recipient OK\r\n"
#define DATA_OK "354 Send the message, end with <CRLF>.<CRLF>\r\n"

static void
begin (Fixture *fixture)
{
  talk (fixture, "LHLO me\r\n",
        GREETING "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 33554432\r\n250-8BITMIME\r\n250-BINARYMIME\r\n"
        "250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n");
  talk (fixture, "MAIL FROM:<>\r\n" RECIPIENTS, "250 2.1.0 Sender OK\r\n" RECIPIENTS_OK);
}

static void
test_each (Fixture       *fixture,
           gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);
  g_assert_cmpuint (fixture->n_recipients, ==, 3);
  g_assert_cmpstr (fixture->protocol, ==, "LMTP");

  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 452, "4.2.2 Full"));
  g_assert_false (smtp_request_reply_recipient (fixture->request, 2, 250, NULL));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, "2.1.5 a"));
  talk (fixture, "", "");
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 550, "No such user"));
  g_assert_false (smtp_request_reply (fixture->request, 250, NULL));
  talk (fixture, "NOOP\r\n", "250 2.1.5 a\r\n550 5.0.0 No such user\r\n452 4.2.2 Full\r\n250 2.0.0 Did nothing\r\n");
}

static void
test_all (Fixture       *fixture,
          gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 550, "5.1.1 b"));
  g_assert_true (smtp_request_reply (fixture->request, 250, "2.0.0 all"));
  talk (fixture, "", "250 2.0.0 all\r\n550 5.1.1 b\r\n250 2.0.0 all\r\n");
}

static void
test_proceed (Fixture       *fixture,
              gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "BDAT 0 LAST\r\n", "");
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, "2.1.5 a"));
  g_assert_true (smtp_request_proceed (fixture->request));
  g_assert_false (smtp_request_reply_recipient (fixture->request, 1, 250, "2.1.5 b"));
  talk (fixture, "", "250 2.1.5 a\r\n554 5.3.5 Nobody here takes messages\r\n554 5.3.5 Nobody here takes messages\r\n");
}

/* Whatever is said of one recipient is one reply, and none that leads astray. */
static void
test_hostile (Fixture       *fixture,
              gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 550, "no\r\n250 2.1.5 b\033[2J"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 550, "5.7.2"));
  log_expect ("354 is no answer", 1);
  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 354, "go on"));
  talk (fixture, "", "550 5.0.0 no  250 2.1.5 b [2J\r\n550 5.7.2 Refused\r\n451 4.3.0 Internal error, try again later\r\n");
  log_assert_done ();
  g_clear_object (&fixture->request);
  g_clear_pointer (&fixture->protocol, g_free);

  talk (fixture, "MAIL FROM:<>\r\n" RECIPIENTS, "250 2.1.0 Sender OK\r\n" RECIPIENTS_OK);
  talk (fixture, "BDAT 1 LAST\r\nx", "");
  wait_for_request (fixture);
  /* Of two of them, and of what stands for all. */
  log_expect ("is no answer", 3);
  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 235, "Come in"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 334, ""));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 354, "go on"));
  talk (fixture, "NOOP\r\n", "235 2.0.0 Come in\r\n451 4.3.0 Internal error, try again later\r\n"
                             "451 4.3.0 Internal error, try again later\r\n250 2.0.0 Did nothing\r\n");
  log_assert_done ();
}

/* Who has been answered for in part only, and has left, is not answered any more. */
static void
test_leaves (Fixture       *fixture,
             gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 250, NULL));
  g_io_stream_close (G_IO_STREAM (fixture->client), NULL, NULL);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_cancellable_is_cancelled (smtp_request_get_cancellable (fixture->request)));
  g_assert_false (smtp_request_reply_recipient (fixture->request, 0, 250, NULL));
  g_assert_false (smtp_request_reply_recipient (fixture->request, 2, 354, NULL));
  g_assert_false (smtp_request_reply (fixture->request, 250, NULL));
}

static void
test_errors (Fixture       *fixture,
             gconstpointer  kind)
{
  talk (fixture, "HELO me\r\nEHLO me\r\nLHLO\r\nDATA\r\nBDAT 4\r\nNOOP",
        GREETING
        "500 5.5.1 Command not recognized\r\n500 5.5.1 Command not recognized\r\n501 Syntax: LHLO host-name\r\n"
        "503 5.5.1 Say MAIL first\r\n503 5.5.1 Say MAIL first\r\n");
}

/* One answer there, and it promises nothing for who was refused. */
static void
test_smtp (Fixture       *fixture,
           gconstpointer  kind)
{
  talk (fixture, "LHLO me\r\nHELO me\r\nMAIL FROM:<>\r\n" RECIPIENTS "DATA\r\nx\r\n.\r\n",
        "220 mx.example ESMTP\r\n500 5.5.1 Command not recognized\r\n250 mx.example\r\n"
        "250 2.1.0 Sender OK\r\n" RECIPIENTS_OK DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, NULL));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 452, "4.2.2 Full"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 250, NULL));
  talk (fixture, "", "452 4.2.2 Full\r\n");
}

/* A code that asks for more is no answer for a recipient either. */
static void
test_misleading (Fixture       *fixture,
                 gconstpointer  kind)
{
  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  /* Of the message as a whole, and of the recipient. */
  log_expect ("354 is no answer to DATA; the client gets 451", 2);
  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, "2.1.5 a"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 354, "go on"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 250, "2.1.5 c"));
  talk (fixture, "NOOP\r\n", "250 2.1.5 a\r\n451 4.3.0 Internal error, try again later\r\n250 2.1.5 c\r\n"
        "250 2.0.0 Did nothing\r\n");
  log_assert_done ();
}

/* A 421 ends the connection, but not before everybody was answered. */
static void
test_closing (Fixture       *fixture,
              gconstpointer  kind)
{
  GSocket *socket = g_socket_connection_get_socket (fixture->client);
  char more;
  gssize n;

  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 250, "2.1.5 c"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 421, "4.3.2 Going away"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, "2.1.5 a"));
  talk (fixture, "NOOP\r\n", "250 2.1.5 a\r\n421 4.3.2 Going away\r\n250 2.1.5 c\r\n");

  while ((n = g_socket_receive (socket, &more, 1, NULL, NULL)) < 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (n, ==, 0);
}

/* The client waits for an answer for each of its recipients, and for no other. */
static void
test_added (Fixture       *fixture,
            gconstpointer  kind)
{
  g_autoptr (SmtpAddress) address = smtp_address_new ("archive@x", NULL);

  begin (fixture);
  talk (fixture, "DATA\r\nx\r\n.\r\n", DATA_OK);
  wait_for_request (fixture);

  g_assert_true (smtp_request_reply_recipient (fixture->request, 0, 250, "2.1.5 a"));
  smtp_envelope_add_recipient (smtp_request_get_envelope (fixture->request), address, NULL);
  g_assert_true (smtp_request_reply_recipient (fixture->request, 1, 250, "2.1.5 b"));
  g_assert_true (smtp_request_reply_recipient (fixture->request, 2, 250, "2.1.5 c"));
  smtp_envelope_add_recipient (smtp_request_get_envelope (fixture->request), address, NULL);
  talk (fixture, "NOOP\r\n", "250 2.1.5 a\r\n250 2.1.5 b\r\n250 2.1.5 c\r\n250 2.0.0 Did nothing\r\n");
}

/* What goes through unchanged is one message all the same. */
static void
test_newlines (Fixture       *fixture,
               gconstpointer  kind)
{
  static const char * const ends[] =
  {
    "\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n.\r\r\n", "\r\r\n.\r\r\n",
  };

  smtp_server_set_bare_newlines (fixture->server, SMTP_BARE_NEWLINES_PASS);
  begin (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *text = g_strconcat ("a", ends[i], "MAIL FROM:<evil@x>\r\nRCPT TO:<c@x>\r\n.\r\n", NULL);

      talk (fixture, "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\n",
            "250 2.0.0 OK\r\n250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n" DATA_OK);
      talk (fixture, text, "");
      wait_for_request (fixture);
      g_assert_true (smtp_request_reply (fixture->request, 250, "2.0.0 one"));
      g_clear_object (&fixture->request);
      g_clear_pointer (&fixture->protocol, g_free);
      talk (fixture, "NOOP\r\n", "250 2.0.0 one\r\n250 2.0.0 Did nothing\r\n");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

#define ADD(name, kind, func) \
  g_test_add ("/lmtp/" name, Fixture, GINT_TO_POINTER (kind), set_up, func, tear_down)

  ADD ("each", SMTP_LISTENER_KIND_LMTP, test_each);
  ADD ("all", SMTP_LISTENER_KIND_LMTP, test_all);
  ADD ("proceed", SMTP_LISTENER_KIND_LMTP, test_proceed);
  ADD ("misleading", SMTP_LISTENER_KIND_LMTP, test_misleading);
  ADD ("added", SMTP_LISTENER_KIND_LMTP, test_added);
  ADD ("newlines", SMTP_LISTENER_KIND_LMTP, test_newlines);
  ADD ("hostile", SMTP_LISTENER_KIND_LMTP, test_hostile);
  ADD ("leaves", SMTP_LISTENER_KIND_LMTP, test_leaves);
  ADD ("closing", SMTP_LISTENER_KIND_LMTP, test_closing);
  ADD ("errors", SMTP_LISTENER_KIND_LMTP, test_errors);
  ADD ("smtp", SMTP_LISTENER_KIND_SMTP, test_smtp);

  return g_test_run ();
}
