/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dialogue without a connection: turns, readiness, deadlines, and that it ends once. What
 * it says to what is in transcripts/. */

#include "dialogue/smtp-dialogue.h"

#include <string.h>

#include "smtp-handler.h"

typedef struct
{
  SmtpServer *server;
  SmtpSession *session;
  SmtpDialogue *dialogue;
  GString *output;
  SmtpRequest *held;
  gint64 deadline;
  guint n_resumed;
  guint n_over;
  guint n_disconnects;
} Fixture;

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  Fixture *fixture = data;

  g_assert_cmpuint (fixture->n_over, ==, 0);
  g_string_append_len (fixture->output, octets, size);
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
  ((Fixture *) data)->deadline = microseconds;
}

static void
host_resume (gpointer data)
{
  ((Fixture *) data)->n_resumed++;
}

static void
host_over (gpointer data)
{
  ((Fixture *) data)->n_over++;
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_resume, host_over };

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session,
               Fixture     *fixture)
{
  fixture->n_disconnects++;
}

static SmtpVerdict
hold (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      Fixture      *fixture)
{
  g_set_object (&fixture->held, request);
  smtp_request_hold (request);

  return SMTP_VERDICT_HANDLED;
}

/* The hook of NOOP has one argument more. */
static SmtpVerdict
hold_noop (SmtpServer   *server,
           SmtpSession  *session,
           SmtpEnvelope *envelope,
           SmtpRequest  *request,
           const char   *argument,
           Fixture      *fixture)
{
  return hold (server, session, envelope, request, fixture);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->server = g_object_new (SMTP_TYPE_SERVER, "hostname", "mx", "ident", "", "timeout", 7,
                                  "hook-timeout", 3, "error-delay", 0, NULL);
  g_signal_connect (fixture->server, "handle-disconnect", G_CALLBACK (on_disconnect), fixture);
  smtp_server_get_poller (fixture->server);
  fixture->session = smtp_session_new ();
  fixture->output = g_string_new (NULL);
  fixture->dialogue = smtp_dialogue_new (fixture->server, fixture->session, &host, fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  smtp_dialogue_free (fixture->dialogue);
  g_assert_cmpuint (fixture->n_over, <=, 1);
  g_assert_cmpuint (fixture->n_disconnects, <=, 1);
  g_clear_object (&fixture->held);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->session);
  g_assert_finalize_object (fixture->server);
  g_string_free (fixture->output, TRUE);
}

/* Checks what was said since the last time: the codes alone. */
static void
assert_said (Fixture    *fixture,
             const char *expected)
{
  g_auto (GStrv) lines = g_strsplit (fixture->output->str, "\r\n", -1);
  g_autoptr (GString) codes = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (strlen (lines[i]) > 3 && lines[i][3] == ' ')
        g_string_append_printf (codes, "%s%.3s", codes->len > 0 ? " " : "", lines[i]);
    }
  g_assert_cmpstr (codes->str, ==, expected);
  g_string_truncate (fixture->output, 0);
}

static gsize
input (Fixture    *fixture,
       const char *text)
{
  guint budget = 100;

  return smtp_dialogue_input (fixture->dialogue, text, strlen (text), &budget);
}

static void
start (Fixture *fixture)
{
  smtp_dialogue_start (fixture->dialogue);
  input (fixture, "EHLO me\r\n");
  assert_said (fixture, "220 250");
}

static void
run_tasks (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_budget (Fixture       *fixture,
             gconstpointer  data)
{
  const char *text = "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n";
  guint budget = 3;

  start (fixture);
  g_assert_cmpuint (smtp_dialogue_input (fixture->dialogue, text, strlen (text), &budget), ==, 18);
  g_assert_cmpuint (budget, ==, 0);
  assert_said (fixture, "250 250 250");
  g_assert_cmpuint (smtp_dialogue_input (fixture->dialogue, text, strlen (text), &budget), ==, 0);
  budget = 9;
  g_assert_cmpuint (smtp_dialogue_input (fixture->dialogue, text, strlen (text), &budget), ==, 24);
  g_assert_cmpuint (budget, ==, 5);
  assert_said (fixture, "250 250 250 250");
}

/* Half a line is left to the caller. */
static void
test_partial (Fixture       *fixture,
              gconstpointer  data)
{
  start (fixture);
  g_assert_cmpuint (input (fixture, "NOOP\r\nNO"), ==, 6);
  g_assert_cmpuint (input (fixture, "NOOP\r"), ==, 0);
  g_assert_cmpuint (input (fixture, "NOOP\r\n"), ==, 6);
  assert_said (fixture, "250 250");
}

/* Nothing is looked at before the greeting, nor while a command waits for its answer. */
static void
test_readiness (Fixture       *fixture,
                gconstpointer  data)
{
  g_assert_false (smtp_dialogue_is_ready (fixture->dialogue));
  g_assert_cmpuint (input (fixture, "NOOP\r\n"), ==, 0);
  start (fixture);
  g_assert_true (smtp_dialogue_is_ready (fixture->dialogue));

  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (hold_noop), fixture);
  g_assert_cmpuint (input (fixture, "NOOP\r\nNOOP\r\n"), ==, 6);
  g_assert_false (smtp_dialogue_is_ready (fixture->dialogue));
  g_assert_cmpuint (input (fixture, "NOOP\r\n"), ==, 0);
  assert_said (fixture, "");

  /* The answer is not heard from inside the call. */
  g_assert_true (smtp_request_reply (fixture->held, 250, "OK"));
  assert_said (fixture, "");
  g_assert_cmpuint (fixture->n_resumed, ==, 0);
  run_tasks ();
  assert_said (fixture, "250");
  g_assert_cmpuint (fixture->n_resumed, ==, 1);
  g_assert_true (smtp_dialogue_is_ready (fixture->dialogue));
  g_assert_false (smtp_request_reply (fixture->held, 550, "too late"));
  run_tasks ();
  assert_said (fixture, "");
}

/* The client's time, and the program's. */
static void
test_deadlines (Fixture       *fixture,
                gconstpointer  data)
{
  start (fixture);
  g_assert_cmpint (fixture->deadline, ==, 7 * G_USEC_PER_SEC);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (hold_noop), fixture);
  input (fixture, "NOOP\r\n");
  g_assert_cmpint (fixture->deadline, ==, 3 * G_USEC_PER_SEC);

  /* A hook that is late is no fault of the client's. */
  smtp_dialogue_time_out (fixture->dialogue);
  assert_said (fixture, "451");
  g_assert_cmpuint (fixture->n_resumed, ==, 1);
  g_assert_cmpint (fixture->deadline, ==, 7 * G_USEC_PER_SEC);
  g_assert_false (smtp_request_reply (fixture->held, 250, "late"));
  run_tasks ();
  assert_said (fixture, "");

  smtp_dialogue_time_out (fixture->dialogue);
  assert_said (fixture, "421");
  g_assert_cmpuint (fixture->n_over, ==, 1);
  g_assert_cmpuint (fixture->n_disconnects, ==, 1);
  smtp_dialogue_time_out (fixture->dialogue);
  g_assert_cmpuint (fixture->n_over, ==, 1);
}

/* A limit of 0 is none. */
static void
test_no_deadline (Fixture       *fixture,
                  gconstpointer  data)
{
  g_object_set (fixture->server, "timeout", 0, NULL);
  start (fixture);
  g_assert_cmpint (fixture->deadline, ==, 0);
}

/* Whatever ends it, it ends once, and the hooks hear of it once. */

static void
end_by_quit (Fixture *fixture)
{
  input (fixture, "QUIT\r\nNOOP\r\n");
  assert_said (fixture, "221");
}

static void
end_by_close (Fixture *fixture)
{
  g_autoptr (SmtpReply) reply = smtp_reply_new (421, "4.3.2 Going");

  smtp_dialogue_close (fixture->dialogue, reply);
  assert_said (fixture, "421");
}

static void
end_silently (Fixture *fixture)
{
  smtp_dialogue_close (fixture->dialogue, NULL);
  assert_said (fixture, "");
}

static void
end_by_errors (Fixture *fixture)
{
  g_object_set (fixture->server, "max-errors", 2, NULL);
  input (fixture, "NONSENSE\r\nNONSENSE\r\nNONSENSE\r\n");
  assert_said (fixture, "500 421");
}

static void
end_by_time (Fixture *fixture)
{
  smtp_dialogue_time_out (fixture->dialogue);
  assert_said (fixture, "421");
}

static void
test_end (Fixture       *fixture,
          gconstpointer  data)
{
  void (*end) (Fixture *) = data;

  start (fixture);
  g_assert_false (smtp_dialogue_is_over (fixture->dialogue));
  end (fixture);

  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (smtp_dialogue_is_over (fixture->dialogue));
      g_assert_false (smtp_dialogue_is_ready (fixture->dialogue));
      g_assert_cmpuint (fixture->n_over, ==, 1);
      g_assert_cmpuint (fixture->n_disconnects, ==, 1);

      g_assert_cmpuint (input (fixture, "NOOP\r\n"), ==, 0);
      smtp_dialogue_time_out (fixture->dialogue);
      smtp_dialogue_close (fixture->dialogue, NULL);
      smtp_dialogue_abort (fixture->dialogue);
      assert_said (fixture, "");
    }
}

/* The client is gone: nobody is there to be told good-bye, so the host is not called. */
static void
test_abort (Fixture       *fixture,
            gconstpointer  data)
{
  GCancellable *cancellable;

  start (fixture);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (hold_noop), fixture);
  input (fixture, "NOOP\r\n");
  cancellable = smtp_request_get_cancellable (fixture->held);
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  smtp_dialogue_abort (fixture->dialogue);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_cmpuint (fixture->n_over, ==, 0);
  g_assert_cmpuint (fixture->n_disconnects, ==, 1);
  g_assert_false (smtp_request_reply (fixture->held, 250, NULL));
  run_tasks ();
  assert_said (fixture, "");
}

/* One that never began has nothing to end. */
static void
test_never_started (Fixture       *fixture,
                    gconstpointer  data)
{
  smtp_dialogue_abort (fixture->dialogue);
  g_assert_cmpuint (fixture->n_disconnects, ==, 0);
  g_assert_true (smtp_dialogue_is_over (fixture->dialogue));
}

/* A session is closed while the hook of its greeting has not answered. */
static void
test_held_greeting (Fixture       *fixture,
                    gconstpointer  data)
{
  g_signal_connect (fixture->server, "handle-connect", G_CALLBACK (hold), fixture);
  smtp_dialogue_start (fixture->dialogue);
  g_assert_false (smtp_dialogue_is_ready (fixture->dialogue));
  assert_said (fixture, "");
  g_assert_true (smtp_request_proceed (fixture->held));
  end_by_close (fixture);
  run_tasks ();
  assert_said (fixture, "");
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *, gconstpointer);
    void (*data) (Fixture *);
  } tests[] =
  {
    { "budget", test_budget, NULL }, { "partial", test_partial, NULL },
    { "readiness", test_readiness, NULL }, { "deadlines", test_deadlines, NULL },
    { "no-deadline", test_no_deadline, NULL },
    { "end/quit", test_end, end_by_quit }, { "end/close", test_end, end_by_close },
    { "end/silent", test_end, end_silently }, { "end/errors", test_end, end_by_errors },
    { "end/time", test_end, end_by_time },
    { "abort", test_abort, NULL }, { "never-started", test_never_started, NULL },
    { "held-greeting", test_held_greeting, NULL },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/dialogue/", tests[i].name, NULL);

      g_test_add (path, Fixture, tests[i].data, set_up, tests[i].func, tear_down);
    }

  return g_test_run ();
}
