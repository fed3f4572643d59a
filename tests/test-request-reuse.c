/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A request object may be used again for the next command: nobody may notice. */

#include <string.h>

#include "dialogue/smtp-dialogue.h"

typedef struct
{
  SmtpServer *server;
  SmtpDialogue *dialogue;
  void (*mark) (SmtpRequest *request, guint *count);
  guint n_commands;
  guint count;          /* what a mark counts */
  guint counted_before; /* the second command */
} Test;

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
}

static void
host_resume (gpointer data)
{
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_resume, host_resume };

/* Each command finds its request as new, and the first one leaves a mark at it. */
static SmtpVerdict
on_noop (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request,
         const char   *argument,
         Test         *test)
{
  g_auto (GStrv) lines = smtp_request_dup_lines (request);
  g_autofree char *expected = g_strdup_printf ("%u", test->n_commands);

  g_assert_cmpstr (argument, ==, expected);
  g_assert_null (smtp_request_get_final_reply (request));
  g_assert_null (smtp_request_get_envelope (request));
  g_assert_cmpuint (g_strv_length (lines), ==, 0);
  if (test->n_commands == 1)
    test->counted_before = test->count;

  smtp_request_add_line (request, "a line of this one");
  if (test->n_commands++ == 0 && test->mark != NULL)
    test->mark (request, &test->count);

  return SMTP_VERDICT_CONTINUE;
}

static void
count (gpointer data)
{
  (*(guint *) data)++;
}

static void
mark_with_data (SmtpRequest *request,
                guint       *counter)
{
  g_object_set_data_full (G_OBJECT (request), "mark", counter, count);
}

static void
count_weak (gpointer  data,
            GObject  *where)
{
  count (data);
}

static void
mark_with_weak_reference (SmtpRequest *request,
                          guint       *counter)
{
  g_object_weak_ref (G_OBJECT (request), count_weak, counter);
}

static void
mark_with_handler (SmtpRequest *request,
                   guint       *counter)
{
  g_signal_connect_swapped (request, "replied", G_CALLBACK (count), counter);
}

static void
mark_with_notify (SmtpRequest *request,
                  guint       *counter)
{
  g_signal_connect_swapped (request, "notify", G_CALLBACK (count), counter);
  smtp_request_set_lines (request, NULL);
}

static void
mark_with_cancellable (SmtpRequest *request,
                       guint       *counter)
{
  (*counter)++;
  g_assert_false (g_cancellable_is_cancelled (smtp_request_get_cancellable (request)));
}

static void
mark_with_answer (SmtpRequest *request,
                  guint       *counter)
{
  (*counter)++;
  smtp_request_reply (request, 250, "Mine");
}

/* Whatever was left at the first request has ended with it: once, and before the second one. */
static void
test_mark (gconstpointer mark)
{
  static const char input[] = "NOOP 0\r\nNOOP 1\r\nNOOP 2\r\n";
  Test test = { .server = smtp_server_new (), .mark = mark };
  g_autoptr (SmtpSession) session = smtp_session_new ();
  guint budget = 10;

  smtp_server_get_poller (test.server);
  g_signal_connect (test.server, "handle-noop", G_CALLBACK (on_noop), &test);
  test.dialogue = smtp_dialogue_new (test.server, session, &host, NULL);
  smtp_dialogue_start (test.dialogue);
  g_assert_cmpuint (smtp_dialogue_input (test.dialogue, input, strlen (input), &budget), ==, strlen (input));

  g_assert_cmpuint (test.n_commands, ==, 3);
  g_assert_cmpuint (test.counted_before, ==, mark != NULL ? 1 : 0);
  g_assert_cmpuint (test.count, ==, test.counted_before);

  smtp_dialogue_free (test.dialogue);
  g_assert_finalize_object (test.server);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/request-reuse/nothing", NULL, test_mark);
  g_test_add_data_func ("/request-reuse/data", mark_with_data, test_mark);
  g_test_add_data_func ("/request-reuse/weak-reference", mark_with_weak_reference, test_mark);
  g_test_add_data_func ("/request-reuse/replied", mark_with_handler, test_mark);
  g_test_add_data_func ("/request-reuse/notify", mark_with_notify, test_mark);
  g_test_add_data_func ("/request-reuse/cancellable", mark_with_cancellable, test_mark);
  g_test_add_data_func ("/request-reuse/answer", mark_with_answer, test_mark);

  return g_test_run ();
}
