/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes wrong on purpose, SmtpChaosHandler. */

#include "catcher-fixture.h"

typedef struct
{
  SmtpCatcher *catcher;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->catcher = smtp_catcher_new ();
}

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  smtp_catcher_start (fixture->catcher, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  smtp_catcher_stop (fixture->catcher);
  g_assert_finalize_object (fixture->catcher);
}

static void
add_rule (Fixture    *fixture,
          const char *rule)
{
  g_autoptr (GError) error = NULL;

  smtp_chaos_handler_add_rule (smtp_catcher_get_chaos (fixture->catcher), rule, &error);
  g_assert_no_error (error);
}

static void
test_rules (void)
{
  static const char * const good[] =
  {
    "rcpt=450", "rcpt=450 4.2.1 Mailbox busy: try again=later", "rcpt:0.5=450", "rcpt:1=421", "rcpt:0=550",
    "data:1e-3=close", "tls-handshake=554", "data-begin=451", "mail=delay 0", "mail=delay 86400000",
  };
  static const char * const bad[] =
  {
    "", "=", "rcpt", "=450", "rcpt=", "RCPT=450", "rcpt =450", "starttls=454", "burl=554", "data_begin=451", "rcpt=45",
    "rcpt=4500", "rcpt=250", "rcpt=354", "rcpt=600", "rcpt=450-", "rcpt=closed", "rcpt=close 1", "rcpt=delay",
    "rcpt=delay -1", "rcpt=delay 1.5", "rcpt=delay 86400001", "rcpt:=450", "rcpt:1.1=450", "rcpt:-0.1=450",
    "rcpt:nan=450", "rcpt:inf=450", "rcpt:0.5x=450", "rcpt:0,5=450", "rcpt: 0.5=450", "rcpt:0.5:1=450",
  };
  g_autoptr (SmtpHandler) handler = smtp_chaos_handler_new ();

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (smtp_chaos_handler_add_rule (SMTP_CHAOS_HANDLER (handler), good[i], &error));
      g_assert_no_error (error);
    }

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      if (smtp_chaos_handler_add_rule (SMTP_CHAOS_HANDLER (handler), bad[i], &error))
        g_error ("“%s” was taken for a rule", bad[i]);
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
    }
}

/* In each phase, and nowhere else. */
static void
test_phases (Fixture       *fixture,
             gconstpointer  data)
{
  start (fixture);
  assert_codes (fixture->catcher, "220 250 250 252 214 250 250 250 250 354 250 221",
                "HELO x", "NOOP", "VRFY b", "HELP", "RSET", TRANSACTION, MESSAGE, "QUIT");

#define CHECK(rule, expected) \
  G_STMT_START { \
    smtp_chaos_handler_clear_rules (smtp_catcher_get_chaos (fixture->catcher)); \
    add_rule (fixture, rule); \
    assert_codes (fixture->catcher, expected, \
                  "HELO x", "NOOP", "VRFY b", "HELP", "RSET", TRANSACTION, MESSAGE, "QUIT"); \
  } G_STMT_END

  CHECK ("helo=450", "220 450 250 252 214 250 250 250 250 354 250 221");
  CHECK ("noop=451", "220 250 451 252 214 250 250 250 250 354 250 221");
  CHECK ("vrfy=550", "220 250 250 550 214 250 250 250 250 354 250 221");
  CHECK ("help=502", "220 250 250 252 502 250 250 250 250 354 250 221");
  CHECK ("rset=550", "220 250 250 252 214 550 250 250 250 354 250 221");
  CHECK ("data=552", "220 250 250 252 214 250 250 250 250 354 552 221");
  CHECK ("data:0=552", "220 250 250 252 214 250 250 250 250 354 250 221");
  CHECK ("quit=450", "220 250 250 252 214 250 250 250 250 354 250 450");
}

static void
test_transaction (Fixture       *fixture,
                  gconstpointer  data)
{
  SmtpChaosHandler *chaos = smtp_catcher_get_chaos (fixture->catcher);

  start (fixture);
  add_rule (fixture, "mail=450");
  assert_codes (fixture->catcher, "220 250 450 503 221", "EHLO x", "MAIL FROM:<>", "RCPT TO:<b@example.org>", "QUIT");
  smtp_chaos_handler_clear_rules (chaos);
  add_rule (fixture, "rcpt=550");
  assert_codes (fixture->catcher, "220 250 250 550 221", "EHLO x", "MAIL FROM:<>", "RCPT TO:<b@example.org>", "QUIT");
  smtp_chaos_handler_clear_rules (chaos);
  add_rule (fixture, "data-begin=451");
  assert_codes (fixture->catcher, "220 250 250 250 451 221", TRANSACTION, "QUIT");
  smtp_chaos_handler_clear_rules (chaos);
  add_rule (fixture, "ehlo=550");
  assert_codes (fixture->catcher, "220 550 250 221", "EHLO x", "HELO x", "QUIT");
  smtp_chaos_handler_clear_rules (chaos);
  add_rule (fixture, "connect=554");
  assert_codes (fixture->catcher, "554 503 221", "EHLO x", "QUIT");
}

/* What is refused was not caught. */
static void
test_not_caught (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GPtrArray) caught = NULL;

  start (fixture);
  add_rule (fixture, "data=451 4.3.0 Later");
  assert_codes (fixture->catcher, "220 250 250 250 354 451 221", TRANSACTION, MESSAGE, "QUIT");

  caught = smtp_catcher_wait (fixture->catcher, 0, 0, NULL);
  g_assert_cmpuint (caught->len, ==, 0);
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  static const char * const rules[] = { "connect=close", "ehlo=close", "mail=close", "data-begin=close", "data=close" };
  static const char * const codes[] = { "end", "220 end", "220 250 end", "220 250 250 250 end",
                                        "220 250 250 250 354 end" };

  start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      smtp_chaos_handler_clear_rules (smtp_catcher_get_chaos (fixture->catcher));
      add_rule (fixture, rules[i]);
      assert_codes (fixture->catcher, codes[i], TRANSACTION, MESSAGE);
    }

  smtp_chaos_handler_clear_rules (smtp_catcher_get_chaos (fixture->catcher));
  add_rule (fixture, "mail=421 4.3.2 Going down");
  assert_codes (fixture->catcher, "220 250 421 end", TRANSACTION);
}

/* Delays add up, and what comes behind them comes late. */
static void
test_delay (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 begin;

  start (fixture);
  add_rule (fixture, "mail=delay 60");
  add_rule (fixture, "mail=delay 60");
  begin = g_get_monotonic_time ();
  deliver (fixture->catcher);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 120 * G_TIME_SPAN_MILLISECOND);

  add_rule (fixture, "mail=450");
  add_rule (fixture, "mail=delay 86400000");
  begin = g_get_monotonic_time ();
  assert_codes (fixture->catcher, "220 250 450 221", "EHLO x", "MAIL FROM:<>", "QUIT");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 120 * G_TIME_SPAN_MILLISECOND);

  smtp_chaos_handler_clear_rules (smtp_catcher_get_chaos (fixture->catcher));
  add_rule (fixture, "rcpt=delay 1");
  add_rule (fixture, "rcpt=close");
  assert_codes (fixture->catcher, "220 250 250 end", TRANSACTION);
}

/* The server ends while somebody is kept waiting. */
static void
test_delay_and_stop (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GString) codes = g_string_new (NULL);
  g_autoptr (GDataInputStream) input = NULL;

  start (fixture);
  add_rule (fixture, "connect=delay 86400000");
  connection = dial (smtp_catcher_get_port (fixture->catcher));
  smtp_catcher_stop (fixture->catcher);
  input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  read_code (input, codes);
  g_assert_cmpstr (codes->str, !=, "220");
}

/* Who leaves while he is kept waiting is forgotten at once. */
static void
test_delay_and_leave (Fixture       *fixture,
                      gconstpointer  data)
{
  SmtpServer *server = smtp_catcher_get_server (fixture->catcher);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GPtrArray) sessions = NULL;
  gpointer session;

  smtp_controller_set_threaded (smtp_catcher_get_controller (fixture->catcher), FALSE);
  start (fixture);
  add_rule (fixture, "connect=delay 86400000");
  connection = dial (smtp_catcher_get_port (fixture->catcher));
  while (smtp_server_get_n_sessions (server) == 0)
    g_main_context_iteration (NULL, TRUE);

  sessions = smtp_server_get_sessions (server);
  session = sessions->pdata[0];
  g_object_add_weak_pointer (session, &session);
  g_clear_pointer (&sessions, g_ptr_array_unref);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  while (session != NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* The codes of 200 commands of which half go wrong. */
static char *
gamble (Fixture *fixture,
        guint    seed)
{
  const char *lines[201] = { NULL };

  for (guint i = 0; i < 200; i++)
    lines[i] = "VRFY b";
  smtp_chaos_handler_set_seed (smtp_catcher_get_chaos (fixture->catcher), seed);

  return talk_to (smtp_catcher_get_port (fixture->catcher), lines);
}

static void
test_chance (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *one = NULL;
  g_autofree char *same = NULL;
  g_autofree char *other = NULL;
  g_auto (GStrv) parts = NULL;

  g_object_set (smtp_catcher_get_server (fixture->catcher), "max-errors", 0, "max-junk-commands", 0, NULL);
  start (fixture);
  add_rule (fixture, "vrfy:0.5=450");
  one = gamble (fixture, 1);
  same = gamble (fixture, 1);
  other = gamble (fixture, 2);
  g_assert_cmpuint (smtp_chaos_handler_get_seed (smtp_catcher_get_chaos (fixture->catcher)), ==, 2);

  g_assert_cmpstr (one, ==, same);
  g_assert_cmpstr (one, !=, other);
  parts = g_strsplit (one, "450", -1);
  g_assert_cmpuint (g_strv_length (parts), >, 50);
  g_assert_cmpuint (g_strv_length (parts), <, 150);
}

static SmtpVerdict
let_in (SmtpServer      *server,
        SmtpSession     *session,
        SmtpEnvelope    *envelope,
        SmtpRequest     *request,
        SmtpCredentials *credentials)
{
  g_autoptr (SmtpSecret) secret = smtp_secret_new_password ("pencil");

  smtp_request_send_secret (request, secret);

  return SMTP_VERDICT_HANDLED;
}

#define AUTH "EHLO x", "AUTH PLAIN AGpvZQBwZW5jaWw="

/* It is no reason to offer AUTH. */
static void
test_auth_not_offered (Fixture       *fixture,
                       gconstpointer  data)
{
  const char *mechanisms[] = { "PLAIN", NULL };

  smtp_server_set_auth_mechanisms (smtp_catcher_get_server (fixture->catcher), mechanisms);
  smtp_server_set_auth_requires_tls (smtp_catcher_get_server (fixture->catcher), FALSE);
  start (fixture);
  add_rule (fixture, "auth=454");
  assert_codes (fixture->catcher, "220 250 500 221", AUTH, "QUIT");
}

static void
test_auth (Fixture       *fixture,
           gconstpointer  data)
{
  const char *mechanisms[] = { "PLAIN", NULL };
  SmtpServer *server = smtp_catcher_get_server (fixture->catcher);

  smtp_server_set_auth_mechanisms (server, mechanisms);
  smtp_server_set_auth_requires_tls (server, FALSE);
  g_signal_connect (server, "handle-credentials", G_CALLBACK (let_in), NULL);
  start (fixture);
  assert_codes (fixture->catcher, "220 250 235 221", AUTH, "QUIT");
  add_rule (fixture, "auth=454 4.7.0 Not now");
  assert_codes (fixture->catcher, "220 250 454 250 221", AUTH, "NOOP", "QUIT");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  g_test_add_func ("/chaos/rules", test_rules);
  ADD ("/chaos/phases", test_phases);
  ADD ("/chaos/transaction", test_transaction);
  ADD ("/chaos/not-caught", test_not_caught);
  ADD ("/chaos/close", test_close);
  ADD ("/chaos/delay", test_delay);
  ADD ("/chaos/delay-and-leave", test_delay_and_leave);
  ADD ("/chaos/delay-and-stop", test_delay_and_stop);
  ADD ("/chaos/chance", test_chance);
  ADD ("/chaos/auth-not-offered", test_auth_not_offered);
  ADD ("/chaos/auth", test_auth);

  return g_test_run ();
}
