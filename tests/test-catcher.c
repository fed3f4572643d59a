/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Catching mail in tests, SmtpCatcher. */

#include "catcher-fixture.h"

#define N_THREADS 8
#define N_MESSAGES 10

static void
test_next (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autofree char *address = smtp_catcher_dup_address (catcher);
  g_autofree char *expected = g_strdup_printf ("localhost:%u", smtp_catcher_get_port (catcher));
  g_autoptr (SmtpEnvelope) envelope = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) recipients = NULL;
  GBytes *content;

  g_assert_cmpstr (address, ==, expected);
  deliver (catcher);
  envelope = smtp_catcher_next (catcher, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (smtp_envelope_get_mail_from (envelope), ==, "a@example.org");
  recipients = smtp_envelope_dup_rcpt_tos (envelope);
  g_assert_cmpuint (g_strv_length (recipients), ==, 1);
  g_assert_cmpstr (recipients[0], ==, "b@example.org");
  content = smtp_envelope_get_content (envelope);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), MESSAGE, strlen (MESSAGE) - 1);

  smtp_catcher_stop (catcher);
  g_assert_cmpuint (smtp_catcher_get_port (catcher), ==, 0);
  g_assert_null (smtp_catcher_dup_address (catcher));
}

/* One who comes early, and one who comes late. */
static void
test_wait (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  GThread *thread = g_thread_new ("client", deliver, catcher);
  g_autoptr (GPtrArray) early = NULL;
  g_autoptr (GPtrArray) late = NULL;
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GError) error = NULL;

  early = smtp_catcher_wait (catcher, 1, LONG, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (early->len, ==, 1);
  g_thread_join (thread);

  deliver (catcher);
  late = smtp_catcher_wait (catcher, 2, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (late->len, ==, 2);
  g_assert_true (late->pdata[0] == early->pdata[0]);

  deliver (catcher);
  all = smtp_catcher_wait (catcher, 1, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 3);
  smtp_catcher_stop (catcher);
}

static void
test_timeout (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autoptr (GPtrArray) caught = NULL;
  g_autoptr (SmtpEnvelope) first = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  deliver (catcher);
  g_assert_null (smtp_catcher_wait (catcher, 2, 50, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_TIMED_OUT);
  g_assert_cmpstr (error->message, ==, "Of 2 messages, 1 have come in 50 ms");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 50 * G_TIME_SPAN_MILLISECOND);
  g_clear_error (&error);

  first = smtp_catcher_next (catcher, 0, &error);
  g_assert_no_error (error);
  g_assert_null (smtp_catcher_next (catcher, 0, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_TIMED_OUT);
  g_clear_error (&error);

  /* Nothing was lost by that. */
  caught = smtp_catcher_wait (catcher, 1, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (caught->len, ==, 1);
  smtp_catcher_stop (catcher);
}

static void
test_clear (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (SmtpEnvelope) first = NULL;
  g_autoptr (SmtpEnvelope) second = NULL;

  deliver (catcher);
  first = smtp_catcher_next (catcher, 0, NULL);
  g_assert_nonnull (first);
  smtp_catcher_clear (catcher);
  none = smtp_catcher_wait (catcher, 0, 0, NULL);
  g_assert_cmpuint (none->len, ==, 0);

  deliver (catcher);
  second = smtp_catcher_next (catcher, 0, NULL);
  g_assert_nonnull (second);
  g_assert_true (first != second);
  smtp_catcher_stop (catcher);
}

/* It can be started again, and keeps what it has. */
static void
test_restart (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autoptr (GPtrArray) caught = NULL;
  g_autoptr (GError) error = NULL;

  deliver (catcher);
  g_assert_false (smtp_catcher_start (catcher, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_RUNNING);
  g_clear_error (&error);
  smtp_catcher_stop (catcher);
  smtp_catcher_stop (catcher);

  g_assert_true (smtp_catcher_start (catcher, &error));
  deliver (catcher);
  caught = smtp_catcher_wait (catcher, 2, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (caught->len, ==, 2);
  smtp_catcher_stop (catcher);
}

static gpointer
deliver_many (gpointer catcher)
{
  for (guint i = 0; i < N_MESSAGES; i++)
    deliver (catcher);

  return NULL;
}

static gpointer
take_many (gpointer catcher)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (taken, smtp_catcher_next (catcher, LONG, &error));
      g_assert_no_error (error);
    }

  return g_steal_pointer (&taken);
}

/* As many take as send: each message goes to one of them, and none is lost. */
static void
test_threads (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) all = NULL;
  GThread *takers[N_THREADS], *senders[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    takers[i] = g_thread_new ("taker", take_many, catcher);
  for (guint i = 0; i < N_THREADS; i++)
    senders[i] = g_thread_new ("sender", deliver_many, catcher);

  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autoptr (GPtrArray) taken = g_thread_join (takers[i]);

      for (guint j = 0; j < taken->len; j++)
        g_assert_true (g_hash_table_add (seen, taken->pdata[j]));
      g_thread_join (senders[i]);
    }

  all = smtp_catcher_wait (catcher, N_THREADS * N_MESSAGES, 0, NULL);
  g_assert_nonnull (all);
  g_assert_cmpuint (all->len, ==, g_hash_table_size (seen));
  smtp_catcher_stop (catcher);
}

/* Without blocking */

typedef struct
{
  GMainLoop *loop;
  guint n_waiting;
  GPtrArray *envelopes;
  GPtrArray *arrays;
  GError *error;
} Async;

static void
async_init (Async *self)
{
  *self = (Async) { g_main_loop_new (NULL, FALSE), 0, g_ptr_array_new_with_free_func (g_object_unref),
                    g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref), NULL };
}

static void
async_clear (Async *self)
{
  g_main_loop_unref (self->loop);
  g_ptr_array_unref (self->envelopes);
  g_ptr_array_unref (self->arrays);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Async, async_clear)

static void
on_next (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Async *self = data;
  SmtpEnvelope *envelope;

  g_clear_error (&self->error);
  envelope = smtp_catcher_next_finish (SMTP_CATCHER (source), result, &self->error);
  if (envelope != NULL)
    g_ptr_array_add (self->envelopes, envelope);
  if (--self->n_waiting == 0)
    g_main_loop_quit (self->loop);
}

static void
on_wait (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Async *self = data;

  g_ptr_array_add (self->arrays, smtp_catcher_wait_finish (SMTP_CATCHER (source), result, &self->error));
  g_assert_no_error (self->error);
  if (--self->n_waiting == 0)
    g_main_loop_quit (self->loop);
}

static void
test_async (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_auto (Async) async = { NULL };
  GPtrArray *waited;

  async_init (&async);
  async.n_waiting = 3;
  deliver (catcher);
  smtp_catcher_next_async (catcher, LONG, NULL, on_next, &async);
  smtp_catcher_next_async (catcher, LONG, NULL, on_next, &async);
  smtp_catcher_wait_async (catcher, 2, LONG, NULL, on_wait, &async);
  g_assert_cmpuint (async.envelopes->len, ==, 0);
  g_thread_join (g_thread_new ("client", deliver, catcher));
  g_main_loop_run (async.loop);

  g_assert_cmpuint (async.envelopes->len, ==, 2);
  g_assert_cmpuint (async.arrays->len, ==, 1);
  waited = async.arrays->pdata[0];
  g_assert_cmpuint (waited->len, ==, 2);
  g_assert_true (waited->pdata[0] == async.envelopes->pdata[0]);
  g_assert_true (waited->pdata[1] == async.envelopes->pdata[1]);
  smtp_catcher_stop (catcher);
}

/* Who waits no more has taken nothing. */
static void
test_async_ends (void)
{
  g_autoptr (SmtpCatcher) catcher = start_catcher ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (SmtpEnvelope) envelope = NULL;
  g_auto (Async) async = { NULL };

  async_init (&async);
  async.n_waiting = 1;
  smtp_catcher_next_async (catcher, 20, NULL, on_next, &async);
  g_main_loop_run (async.loop);
  g_assert_error (async.error, SMTP_ERROR, SMTP_ERROR_TIMED_OUT);

  async.n_waiting = 1;
  smtp_catcher_next_async (catcher, LONG, cancellable, on_next, &async);
  g_cancellable_cancel (cancellable);
  g_main_loop_run (async.loop);
  g_assert_error (async.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  deliver (catcher);
  envelope = smtp_catcher_next (catcher, 0, NULL);
  g_assert_nonnull (envelope);
  smtp_catcher_stop (catcher);
}

/* Where there is no second thread, waiting serves the clients. */
static void
test_unthreaded (void)
{
  g_autoptr (SmtpCatcher) catcher = smtp_catcher_new ();
  g_autoptr (SmtpEnvelope) first = NULL;
  g_autoptr (GPtrArray) both = NULL;
  g_autoptr (GError) error = NULL;
  GThread *threads[2];

  smtp_controller_set_threaded (smtp_catcher_get_controller (catcher), FALSE);
  g_assert_true (smtp_catcher_start (catcher, &error));
  g_assert_null (smtp_catcher_next (catcher, 10, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_TIMED_OUT);
  g_clear_error (&error);

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("client", deliver, catcher);
  first = smtp_catcher_next (catcher, LONG, &error);
  g_assert_no_error (error);
  both = smtp_catcher_wait (catcher, 2, LONG, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (both->len, ==, 2);
  g_assert_true (both->pdata[0] == first);

  while (smtp_server_get_n_sessions (smtp_catcher_get_server (catcher)) > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  smtp_catcher_stop (catcher);
}

static SmtpVerdict
on_rcpt (SmtpServer     *server,
         SmtpSession    *session,
         SmtpEnvelope   *envelope,
         SmtpRequest    *request,
         SmtpAddress    *address,
         SmtpParameters *parameters)
{
  smtp_request_reply (request, 550, "5.1.1 No such user");

  return SMTP_VERDICT_HANDLED;
}

/* A server of one's own, with what it has. */
static void
test_server (void)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpCatcher) catcher = g_object_new (SMTP_TYPE_CATCHER, "server", server, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_catcher_get_server (catcher) == server);
  g_signal_connect (server, "handle-rcpt", G_CALLBACK (on_rcpt), NULL);
  smtp_controller_add_address (smtp_catcher_get_controller (catcher), "localhost:0", SMTP_LISTENER_KIND_LMTP);
  g_assert_true (smtp_catcher_start (catcher, &error));
  assert_codes (catcher, "220 250 250 550 221", "LHLO x", "MAIL FROM:<>", "RCPT TO:<b@example.org>", "QUIT");
  smtp_catcher_stop (catcher);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/catcher/next", test_next);
  g_test_add_func ("/catcher/wait", test_wait);
  g_test_add_func ("/catcher/timeout", test_timeout);
  g_test_add_func ("/catcher/clear", test_clear);
  g_test_add_func ("/catcher/restart", test_restart);
  g_test_add_func ("/catcher/threads", test_threads);
  g_test_add_func ("/catcher/async", test_async);
  g_test_add_func ("/catcher/async-ends", test_async_ends);
  g_test_add_func ("/catcher/unthreaded", test_unthreaded);
  g_test_add_func ("/catcher/server", test_server);

  return g_test_run ();
}
