/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handlers: sink and debugging, and what stands in front of a Maildir or is derived
 * from it. And the threads behind them. */

#include "handler-fixture.h"

#include "smtp-workers.h"

/* Sink */

static void
test_sink (Fixture       *fixture,
           gconstpointer  data)
{
  Job job = { .n_messages = 100 };

  add_handler (fixture, smtp_sink_handler_new ());
  finish_job (start_job (fixture, &job, MESSAGE, -1), &job);

  g_assert_cmpuint (job.code, ==, 250);
  g_assert_cmpstr (job.last_line, ==, "250 2.0.0 Thrown away");
  g_free (job.last_line);
}

/* Debugging */

static char *
take_text (GOutputStream *stream)
{
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (stream);
  gsize length = g_memory_output_stream_get_data_size (memory);

  return g_strndup (g_memory_output_stream_get_data (memory), length);
}

/* The port is any. */
static char *
mask_ports (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("(?<=from 127\\.0\\.0\\.1:)[0-9]+", 0, 0, NULL);

  return g_regex_replace_literal (regex, text, -1, 0, "PORT", 0, NULL);
}

static void
check_printed (Fixture    *fixture,
               const char *message,
               gssize      length,
               const char *body)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  SmtpHandler *handler = smtp_debugging_handler_new (stream);
  g_autofree char *printed = NULL;
  g_autofree char *masked = NULL;
  g_autofree char *expected = NULL;

  g_assert_true (smtp_debugging_handler_get_stream (SMTP_DEBUGGING_HANDLER (handler)) == stream);
  smtp_server_add_handler (fixture->server, handler);
  g_assert_cmpuint (send_message (fixture, message, length, NULL), ==, 250);
  smtp_server_remove_handler (fixture->server, handler);
  g_object_unref (handler);

  printed = take_text (stream);
  masked = mask_ports (printed);
  expected = g_strconcat ("==== Message from 127.0.0.1:PORT ====\n"
                          "EHLO client.example.org\n"
                          "MAIL FROM:<a@example.org> BODY=8BITMIME\n"
                          "RCPT TO:<b@example.org>\n"
                          "\n", body, "==== End of message ====\n", NULL);
  g_assert_cmpstr (masked, ==, expected);
}

static void
test_debugging_bodies (Fixture       *fixture,
                       gconstpointer  data)
{
  static const char attack[] =
    "tab\t bell\a esc\x1b[2J del\x7f nul\0 back\\slash\r\n"
    "c1 \xc2\x9b" "2J raw \x9b" "2J truncated \xe2\x82\r\n"
    "overlong \xc0\xaf fine \xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xac\r\n";
  static const char attack_printed[] =
    "tab\t bell\\x07 esc\\x1B[2J del\\x7F nul\\x00 back\\slash\n"
    "c1 \\xC2\\x9B2J raw \\x9B2J truncated \\xE2\\x82\n"
    "overlong \\xC0\\xAF fine \xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xac\n";

  check_printed (fixture, MESSAGE, -1, "Subject: x\n\none\n");
  check_printed (fixture, "", 0, "");
  check_printed (fixture, "\r\n\r\n", -1, "\n\n");
  check_printed (fixture, "...dots\r\n", -1, "..dots\n");
  check_printed (fixture, attack, sizeof attack - 1, attack_printed);
}

static void
test_debugging_bare_newlines (Fixture       *fixture,
                              gconstpointer  data)
{
  smtp_server_set_bare_newlines (fixture->server, SMTP_BARE_NEWLINES_PASS);
  check_printed (fixture, "a\rb\nc\r\r\n", -1, "a\\x0Db\nc\\x0D\n");
}

/* More than one piece, so that the pieces must fit together. */
static void
test_debugging_long (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GString) message = g_string_new (NULL);
  g_autoptr (GString) printed = g_string_new (NULL);

  for (guint i = 0; i < 30000; i++)
    {
      g_string_append_printf (message, "%u \xc3\xbc\x01\r\n", i);
      g_string_append_printf (printed, "%u \xc3\xbc\\x01\n", i);
    }

  check_printed (fixture, message->str, message->len, printed->str);
}

static gpointer
send_parameters (gpointer data)
{
  Job *job = data;
  g_autoptr (Client) client = client_new (job->host_and_port);

  client_command (client, "HELO old.example.org");
  client_command (client, "EHLO [127.0.0.1]");
  g_assert_cmpuint (client_command (client, "MAIL FROM:<> SIZE=20 SMTPUTF8 BODY=8BITMIME"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<\"x y\"@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<\xc3\xbc@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  g_assert_cmpuint (client_command (client, "."), ==, 250);

  g_atomic_int_set (&job->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
test_debugging_envelope (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autofree char *printed = NULL;
  g_autofree char *masked = NULL;
  Job job = { .host_and_port = fixture->host_and_port, .running = TRUE };

  smtp_server_set_smtputf8 (fixture->server, TRUE);
  add_handler (fixture, smtp_debugging_handler_new (stream));
  finish_job (g_thread_new ("client", send_parameters, &job), &job);

  printed = take_text (stream);
  masked = mask_ports (printed);
  g_assert_cmpstr (masked, ==,
                   "==== Message from 127.0.0.1:PORT ====\n"
                   "EHLO [127.0.0.1]\n"
                   "MAIL FROM:<> SIZE=20 SMTPUTF8 BODY=8BITMIME\n"
                   "RCPT TO:<\"x y\"@example.org>\n"
                   "RCPT TO:<\xc3\xbc@example.org>\n"
                   "\n"
                   "==== End of message ====\n");
}

static void
test_debugging_many (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autofree char *printed = NULL;
  g_autofree char *masked = NULL;
  g_auto (GStrv) parts = NULL;
  const char *messages[N_CLIENTS];

  /* Two handlers, one stream: the second one is never asked. */
  add_handler (fixture, smtp_debugging_handler_new (stream));
  add_handler (fixture, smtp_debugging_handler_new (stream));
  for (guint i = 0; i < N_CLIENTS; i++)
    messages[i] = "1\r\n2\r\n3\r\n";
  send_at_once (fixture, messages);

  printed = take_text (stream);
  masked = mask_ports (printed);
  parts = g_strsplit (masked,
                      "==== Message from 127.0.0.1:PORT ====\n"
                      "EHLO client.example.org\n"
                      "MAIL FROM:<a@example.org> BODY=8BITMIME\n"
                      "RCPT TO:<b@example.org>\n"
                      "\n1\n2\n3\n"
                      "==== End of message ====\n", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, N_CLIENTS * N_MESSAGES + 1);
  for (guint i = 0; parts[i] != NULL; i++)
    g_assert_cmpstr (parts[i], ==, "");
}

static void
test_debugging_broken_stream (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();

  g_output_stream_close (stream, NULL, NULL);
  add_handler (fixture, smtp_debugging_handler_new (stream));

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 451);
  g_assert_nonnull (fixture->last_exception);
}

/* A policy that answers later, in front of the Maildir */

typedef struct
{
  SmtpHandler parent_instance;

  guint n_held;
} TestPolicy;

typedef SmtpHandlerClass TestPolicyClass;

static GType test_policy_get_type (void);

G_DEFINE_TYPE (TestPolicy, test_policy, SMTP_TYPE_HANDLER)

static gboolean
let_through (gpointer data)
{
  g_assert_true (smtp_request_proceed (data));

  return G_SOURCE_REMOVE;
}

static gboolean
refuse (gpointer data)
{
  g_assert_true (smtp_request_reply (data, 550, "5.7.1 Not wanted"));

  return G_SOURCE_REMOVE;
}

static void
hold (SmtpHandler *handler,
      SmtpRequest *request,
      GSourceFunc  func)
{
  ((TestPolicy *) handler)->n_held++;
  smtp_request_hold (request);
  g_timeout_add_full (G_PRIORITY_DEFAULT, 20, func, g_object_ref (request), g_object_unref);
}

static void
test_policy_handle_rcpt (SmtpHandler    *handler,
                         SmtpServer     *server,
                         SmtpSession    *session,
                         SmtpEnvelope   *envelope,
                         SmtpRequest    *request,
                         SmtpAddress    *address,
                         SmtpParameters *parameters)
{
  hold (handler, request, let_through);
}

static void
test_policy_handle_data (SmtpHandler  *handler,
                         SmtpServer   *server,
                         SmtpSession  *session,
                         SmtpEnvelope *envelope,
                         SmtpRequest  *request)
{
  GBytes *content = smtp_envelope_get_content (envelope);
  gboolean unwanted = g_strstr_len (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "spam") != NULL;

  hold (handler, request, unwanted ? refuse : let_through);
}

static void
test_policy_class_init (TestPolicyClass *klass)
{
  klass->handle_rcpt = test_policy_handle_rcpt;
  klass->handle_data = test_policy_handle_data;
}

static void
test_policy_init (TestPolicy *self)
{
}

static void
test_maildir_policy (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (SmtpHandler) policy = g_object_new (test_policy_get_type (), NULL);
  g_autofree char *last_line = NULL;

  smtp_server_add_handler (fixture->server, policy);
  prepare_maildir (fixture);

  g_assert_cmpuint (send_message (fixture, "spam\r\n", -1, &last_line), ==, 550);
  g_assert_cmpstr (last_line, ==, "550 5.7.1 Not wanted");
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 0);

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 1);

  /* Each time RCPT and the message. */
  g_assert_cmpuint (((TestPolicy *) policy)->n_held, ==, 4);
}

/* A subclass that chains up */

typedef SmtpMaildirHandler TestMaildir;
typedef SmtpMaildirHandlerClass TestMaildirClass;

static GType test_maildir_get_type (void);

G_DEFINE_TYPE (TestMaildir, test_maildir, SMTP_TYPE_MAILDIR_HANDLER)

static void
test_maildir_handle_data (SmtpHandler  *handler,
                          SmtpServer   *server,
                          SmtpSession  *session,
                          SmtpEnvelope *envelope,
                          SmtpRequest  *request)
{
  static const char prefix[] = "X-Seen: yes\r\n";
  GBytes *content = smtp_envelope_get_content (envelope);
  GByteArray *array = g_byte_array_new ();
  g_autoptr (GBytes) changed = NULL;

  g_byte_array_append (array, (const guint8 *) prefix, strlen (prefix));
  g_byte_array_append (array, g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  changed = g_byte_array_free_to_bytes (array);
  smtp_envelope_set_content (envelope, changed);

  SMTP_HANDLER_CLASS (test_maildir_parent_class)->handle_data (handler, server, session, envelope, request);
}

static void
test_maildir_class_init (TestMaildirClass *klass)
{
  SMTP_HANDLER_CLASS (klass)->handle_data = test_maildir_handle_data;
}

static void
test_maildir_init (TestMaildir *self)
{
}

static void
test_maildir_subclass (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GBytes) content = NULL;

  add_handler (fixture, g_object_new (test_maildir_get_type (), "path", fixture->maildir,
                                     "add-trace", FALSE, NULL));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);

  content = read_only_message (fixture->maildir, NULL);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content),
                   "X-Seen: yes\r\n" MESSAGE, strlen ("X-Seen: yes\r\n" MESSAGE));
}

/* Workers */

#define N_WORKS 100

typedef struct
{
  GMutex lock;
  GCond cond;
  guint running;
  guint most;
  guint done;
} Works;

static void
work (gpointer data)
{
  Works *works = data;

  g_mutex_lock (&works->lock);
  works->running++;
  works->most = MAX (works->most, works->running);
  g_mutex_unlock (&works->lock);

  g_usleep (1000);

  g_mutex_lock (&works->lock);
  works->running--;
  works->done++;
  g_cond_signal (&works->cond);
  g_mutex_unlock (&works->lock);
}

static void
test_workers (void)
{
  Works works = { 0 };

  for (guint i = 0; i < N_WORKS; i++)
    smtp_workers_run (work, &works);

  g_mutex_lock (&works.lock);
  while (works.done < N_WORKS)
    g_cond_wait (&works.cond, &works.lock);
  g_mutex_unlock (&works.lock);

  g_assert_cmpuint (works.most, >, 1);
  g_assert_cmpuint (works.most, <=, 4);
  g_mutex_clear (&works.lock);
  g_cond_clear (&works.cond);
}

#define ADD(path, func) g_test_add ("/handlers/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/handlers/workers", test_workers);
  ADD ("sink", test_sink);
  ADD ("debugging/bodies", test_debugging_bodies);
  ADD ("debugging/bare-newlines", test_debugging_bare_newlines);
  ADD ("debugging/long", test_debugging_long);
  ADD ("debugging/envelope", test_debugging_envelope);
  ADD ("debugging/many", test_debugging_many);
  ADD ("debugging/broken-stream", test_debugging_broken_stream);
  ADD ("maildir/policy", test_maildir_policy);
  ADD ("maildir/subclass", test_maildir_subclass);

  return g_test_run ();
}
