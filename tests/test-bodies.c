/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a message into its body: memory, the spool, a stream of the program's; by DATA
 * and by BDAT; to its end, or not. */

#include "handler-fixture.h"

#define LARGE (3 * 1024 * 1024)

/* A stream that remembers how it was treated. */

#define PROBE_TYPE_STREAM (probe_stream_get_type ())
G_DECLARE_FINAL_TYPE (ProbeStream, probe_stream, PROBE, STREAM, GOutputStream)

struct _ProbeStream
{
  GOutputStream parent_instance;

  GString *octets;
  gsize room;          /* after so many octets there is an error */
  int error_code;
  guint delay;         /* of each write, in microseconds */
  gboolean closed;
  gboolean aborted;
};

G_DEFINE_FINAL_TYPE (ProbeStream, probe_stream, G_TYPE_OUTPUT_STREAM)

static gssize
probe_stream_write (GOutputStream  *stream,
                    const void     *data,
                    gsize           size,
                    GCancellable   *cancellable,
                    GError        **error)
{
  ProbeStream *self = PROBE_STREAM (stream);

  g_usleep (self->delay);
  if (self->octets->len + size > self->room)
    {
      g_set_error_literal (error, G_IO_ERROR, self->error_code, "secret");
      return -1;
    }
  g_string_append_len (self->octets, data, size);

  return size;
}

static gboolean
probe_stream_close (GOutputStream  *stream,
                    GCancellable   *cancellable,
                    GError        **error)
{
  ProbeStream *self = PROBE_STREAM (stream);

  g_assert_false (self->closed);
  self->closed = TRUE;
  self->aborted = g_cancellable_is_cancelled (cancellable);

  return TRUE;
}

static void
probe_stream_finalize (GObject *object)
{
  g_string_free (PROBE_STREAM (object)->octets, TRUE);
  G_OBJECT_CLASS (probe_stream_parent_class)->finalize (object);
}

static void
probe_stream_class_init (ProbeStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = probe_stream_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = probe_stream_write;
  G_OUTPUT_STREAM_CLASS (klass)->close_fn = probe_stream_close;
}

static void
probe_stream_init (ProbeStream *self)
{
  self->octets = g_string_new (NULL);
  self->room = G_MAXSIZE;
  self->error_code = G_IO_ERROR_FAILED;
}

/* The server's side */

static GBytes *content;
static guint n_messages;

static SmtpVerdict
on_data (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  n_messages++;
  g_clear_pointer (&content, g_bytes_unref);
  if (smtp_envelope_get_content (envelope) != NULL)
    content = g_bytes_ref (smtp_envelope_get_content (envelope));
  smtp_request_reply (request, 250, "2.0.0 taken");

  return SMTP_VERDICT_HANDLED;
}

static GOutputStream *
on_body (SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         gpointer      stream)
{
  g_assert_null (smtp_envelope_get_body_stream (envelope));

  return g_object_ref (stream);
}

static void
set_up_bodies (Fixture       *fixture,
               gconstpointer  data)
{
  set_up (fixture, data);
  n_messages = 0;
  smtp_server_set_spool_directory (fixture->server, fixture->directory);
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (on_data), NULL);
}

static void
tear_down_bodies (Fixture       *fixture,
                  gconstpointer  data)
{
  g_clear_pointer (&content, g_bytes_unref);
  tear_down (fixture, data);
}

static ProbeStream *
use_probe (Fixture *fixture)
{
  ProbeStream *probe = g_object_new (PROBE_TYPE_STREAM, NULL);

  g_signal_connect_object (fixture->server, "handle-body", G_CALLBACK (on_body), probe, 0);

  return probe;
}

/* Lines of text, without a dot in front. */
static GString *
make_message (gsize size)
{
  GString *message = g_string_new ("Subject: large\r\n\r\n");

  while (message->len < size)
    g_string_append_printf (message, "line %" G_GSIZE_FORMAT " of what is sent\r\n", message->len);

  return message;
}

static void
assert_content (const GString *message)
{
  g_assert_nonnull (content);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), message->str, message->len);
}

static void
assert_directory_is_empty (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->directory, 0, NULL);

  g_assert_null (g_dir_read_name (dir));
}

/* A script of commands in a thread, the server here. */

typedef void (*Script) (Client *client);

typedef struct
{
  const char *host_and_port;
  Script script;
  gint running;
} Play;

static gpointer
play (gpointer data)
{
  Play *self = data;
  Client *client = client_new (self->host_and_port);

  self->script (client);
  client_free (client);
  g_atomic_int_set (&self->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
run_script (Fixture *fixture,
            Script   script)
{
  Play self = { fixture->host_and_port, script, TRUE };
  GThread *thread = g_thread_new ("client", play, &self);

  while (g_atomic_int_get (&self.running) || smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

static void
begin (Client *client)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 250);
}

/* Spool */

/* A write that is under way ends first. */
static void
wait_for_abort (ProbeStream *probe)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (!probe->aborted && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (probe->aborted);
}

static void
test_spool (Fixture       *fixture,
            gconstpointer  data)
{
  static const gsize sizes[] = { 0, 100, 4095, 4096, 4097, 100000, LARGE };

  smtp_server_set_spool_threshold (fixture->server, 4096);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GString) message = make_message (sizes[i]);

      g_assert_cmpuint (send_message (fixture, message->str, message->len, NULL), ==, 250);
      assert_content (message);
    }
  assert_directory_is_empty (fixture);
}

static void
test_spool_fails (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GString) message = make_message (LARGE);
  g_autofree char *line = NULL;
  g_autofree char *nowhere = g_build_filename (fixture->directory, "nowhere", NULL);

  smtp_server_set_spool_directory (fixture->server, nowhere);
  g_assert_cmpuint (send_message (fixture, message->str, message->len, &line), ==, 451);
  g_assert_null (strstr (line, "nowhere"));
  g_assert_nonnull (strstr (fixture->last_exception, "nowhere"));
  g_assert_cmpuint (n_messages, ==, 0);

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
}

static void
test_open_content (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (SmtpEnvelope) envelope = smtp_envelope_new ();
  g_autoptr (GInputStream) empty = smtp_envelope_open_content (envelope);
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GBytes) octets = g_bytes_new_static ("abc", 3);
  char buffer[8];

  g_assert_cmpint (g_input_stream_read (empty, buffer, sizeof buffer, NULL, NULL), ==, 0);
  smtp_envelope_set_content (envelope, octets);
  input = smtp_envelope_open_content (envelope);
  g_assert_cmpint (g_input_stream_read (input, buffer, sizeof buffer, NULL, NULL), ==, 3);
}

/* Streams */

static void
test_stream (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);
  g_autoptr (GString) message = make_message (LARGE);

  probe->delay = 500;
  g_assert_cmpuint (send_message (fixture, message->str, message->len, NULL), ==, 250);
  g_assert_cmpmem (probe->octets->str, probe->octets->len, message->str, message->len);
  g_assert_true (probe->closed);
  g_assert_false (probe->aborted);
  g_assert_null (content);
  g_assert_cmpuint (n_messages, ==, 1);
}

static void
test_stream_empty (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);

  g_assert_cmpuint (send_message (fixture, "", 0, NULL), ==, 250);
  g_assert_cmpuint (probe->octets->len, ==, 0);
  g_assert_true (probe->closed);
  g_assert_false (probe->aborted);
}

static void
check_error (Fixture *fixture,
             int      code,
             guint    expected)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);
  g_autoptr (GString) message = make_message (LARGE);
  g_autofree char *line = NULL;

  probe->room = LARGE / 2;
  probe->error_code = code;
  g_assert_cmpuint (send_message (fixture, message->str, message->len, &line), ==, expected);
  g_assert_null (strstr (line, "secret"));
  /* It is closed in another thread, and the answer does not wait for it. */
  wait_for_abort (probe);
  g_assert_true (probe->closed);
  g_assert_cmpuint (n_messages, ==, 0);
}

static void
test_stream_full (Fixture       *fixture,
                  gconstpointer  data)
{
  check_error (fixture, G_IO_ERROR_NO_SPACE, 452);
}

static void
test_stream_fails (Fixture       *fixture,
                   gconstpointer  data)
{
  check_error (fixture, G_IO_ERROR_FAILED, 451);
  g_assert_cmpstr (fixture->last_exception, ==, "secret");
}

static void
test_stream_too_big (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);
  g_autoptr (GString) message = make_message (LARGE);

  smtp_server_set_data_size_limit (fixture->server, LARGE - 1000);
  g_assert_cmpuint (send_message (fixture, message->str, message->len, NULL), ==, 552);
  wait_for_abort (probe);
  g_assert_cmpuint (probe->octets->len, <=, LARGE - 1000);
}

static void
leave_in_data (Client *client)
{
  g_autoptr (GString) message = make_message (LARGE);

  begin (client);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, message->str, message->len);
}

static void
leave_in_chunk (Client *client)
{
  begin (client);
  client_write (client, "BDAT 1000\r\nonly so much", strlen ("BDAT 1000\r\nonly so much"));
}

static void
reset_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5\r\nabc"), ==, 250);
  g_assert_cmpuint (client_command (client, "RSET"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT 0 LAST"), ==, 503);
}

static void
quit_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5\r\nabc"), ==, 250);
  g_assert_cmpuint (client_command (client, "QUIT"), ==, 221);
}

static void
greet_in_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5\r\nabc"), ==, 250);
  g_assert_cmpuint (client_command (client, "EHLO client.example.org"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT 0 LAST"), ==, 503);
}

static void
spoil_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5\r\nabc"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT x"), ==, 501);
}

static void
test_stream_aborted (Fixture       *fixture,
                     gconstpointer  script)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);

  run_script (fixture, (Script) script);
  while (!probe->closed)
    g_main_context_iteration (NULL, TRUE);

  wait_for_abort (probe);
  g_assert_cmpuint (n_messages, ==, 0);
}

/* What has failed stays so, whichever command comes next. */
static void
fill_stream (Client *client)
{
  static const char * const others[] = { "DATA", "RCPT TO:<c@example.org>", "MAIL FROM:<c@example.org>", "BDAT 3\r\nx", "BDAT 0 LAST" };
  g_autofree char *text = g_strnfill (50000, 'x');
  guint code = 250;

  begin (client);
  for (guint i = 0; i < 100 && code == 250; i++)
    {
      client_write (client, "BDAT 50000\r\n", strlen ("BDAT 50000\r\n"));
      client_write (client, text, 50000);
      code = client_read (client);
    }
  g_assert_cmpuint (code, ==, 452);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpuint (client_command (client, others[i]), ==, 503);
  g_assert_cmpuint (client_command (client, "BDAT 3 LAST\r\nx"), ==, 503);
}

static void
test_stream_full_of_chunks (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr (ProbeStream) probe = use_probe (fixture);

  probe->room = 100;
  probe->error_code = G_IO_ERROR_NO_SPACE;
  run_script (fixture, fill_stream);
  wait_for_abort (probe);
  g_assert_cmpuint (n_messages, ==, 0);
}

/* BDAT */

static void
chunks (Client *client)
{
  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org> BODY=BINARYMIME"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 503);
  client_write (client, "BDAT 6\r\na\0\n\r.b", 14);
  g_assert_cmpuint (client_read (client), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 503);
  g_assert_cmpuint (client_command (client, "RCPT TO:<c@example.org>"), ==, 503);
  g_assert_cmpuint (client_command (client, "MAIL FROM:<c@example.org>"), ==, 503);
  g_assert_cmpuint (client_command (client, "BDAT 3 last\r\nc"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT 4 LAST\r\nNO"), ==, 503);
  g_assert_cmpuint (client_command (client, "NOOP"), ==, 250);
}

static void
test_chunks (Fixture       *fixture,
             gconstpointer  data)
{
  run_script (fixture, chunks);
  g_assert_cmpuint (n_messages, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "a\0\n\r.bc\r\n", 9);
}

/* A hook that refuses the first chunk would take the second one: RFC 3030 section 2. */
static SmtpVerdict
refuse_once (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             guint        *asked)
{
  if ((*asked)++ > 0)
    return SMTP_VERDICT_CONTINUE;

  smtp_request_reply (request, 451, "4.7.1 not now");

  return SMTP_VERDICT_HANDLED;
}

static void
refused_chunks (Client *client)
{
  static const char all[] = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
                            "BDAT 6\r\nfirst.BDAT 7\r\nsecond.BDAT 5 LAST\r\nthird";
  static const guint answers[] = { 250, 250, 451, 503, 503 };

  client_write (client, all, strlen (all));
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_cmpuint (client_read (client), ==, answers[i]);
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5 LAST\r\nxyz"), ==, 250);
}

static void
test_chunks_refused (Fixture       *fixture,
                     gconstpointer  data)
{
  guint asked = 0;

  g_signal_connect (fixture->server, "handle-data-begin", G_CALLBACK (refuse_once), &asked);
  run_script (fixture, refused_chunks);
  g_assert_cmpuint (asked, ==, 2);
  g_assert_cmpuint (n_messages, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "xyz\r\n", 5);
}

static void
pipelined_chunks (Client *client)
{
  g_autoptr (GString) message = make_message (LARGE);
  g_autoptr (GString) out = g_string_new ("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
  guint n = 2;

  for (gsize at = 0, size = 1; at < message->len; at += size, size = size * 2 + 1)
    {
      size = MIN (size, message->len - at);
      g_string_append_printf (out, "BDAT %" G_GSIZE_FORMAT "\r\n", size);
      g_string_append_len (out, message->str + at, size);
      n++;
    }
  g_string_append (out, "BDAT 0 LAST\r\n");
  client_write (client, out->str, out->len);

  for (guint i = 0; i <= n; i++)
    g_assert_cmpuint (client_read (client), ==, 250);
}

static void
test_chunks_pipelined (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr (GString) message = make_message (LARGE);

  run_script (fixture, pipelined_chunks);
  assert_content (message);
}

static void
expect_end (Client *client)
{
  g_assert_null (g_data_input_stream_read_line (client->input, NULL, NULL, NULL));
}

static void
malformed_chunks (Client *client)
{
  g_assert_cmpuint (client_command (client, "BDAT 18446744073709551616"), ==, 501);
  expect_end (client);
}

static void
malformed_last (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 1 LASTT"), ==, 501);
  expect_end (client);
}

static void
test_chunks_malformed (Fixture       *fixture,
                       gconstpointer  data)
{
  run_script (fixture, malformed_chunks);
  run_script (fixture, malformed_last);
  g_assert_cmpuint (n_messages, ==, 0);
}

static void
big_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 8\r\n123456"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT 4\r\nNO"), ==, 552);
  g_assert_cmpuint (client_command (client, "BDAT 4\r\nNO"), ==, 552);
  g_assert_cmpuint (client_command (client, "BDAT 2\r\n"), ==, 503);
  g_assert_cmpuint (client_command (client, "BDAT 2 LAST\r\n"), ==, 503);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 503);
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 9223372036854775807 LAST"), ==, 552);
  expect_end (client);
}

static void
test_chunks_too_big (Fixture       *fixture,
                     gconstpointer  data)
{
  smtp_server_set_data_size_limit (fixture->server, 10);
  run_script (fixture, big_chunks);
  g_assert_cmpuint (n_messages, ==, 0);
}

static SmtpVerdict
raise_limit (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request)
{
  smtp_server_set_data_size_limit (server, LARGE);

  return SMTP_VERDICT_CONTINUE;
}

static void
raise_limit_between_chunks (Client *client)
{
  begin (client);
  g_assert_cmpuint (client_command (client, "BDAT 5\r\nabc"), ==, 250);
  g_assert_cmpuint (client_command (client, "NOOP"), ==, 250);
  g_assert_cmpuint (client_command (client, "BDAT 10 LAST\r\nabcdefgh"), ==, 552);
}

/* What was not kept is not promised. */
static void
test_chunks_limit_raised (Fixture       *fixture,
                          gconstpointer  data)
{
  smtp_server_set_data_size_limit (fixture->server, 8);
  g_signal_connect (fixture->server, "handle-noop", G_CALLBACK (raise_limit), NULL);
  run_script (fixture, raise_limit_between_chunks);
  g_assert_cmpuint (n_messages, ==, 0);
}

static void
empty_chunks (Client *client)
{
  guint code = 250;

  begin (client);
  for (guint i = 0; i < 100 && code == 250; i++)
    code = client_command (client, "BDAT 0");
  g_assert_cmpuint (code, ==, 421);
  expect_end (client);
}

static void
test_chunks_empty (Fixture       *fixture,
                   gconstpointer  data)
{
  run_script (fixture, empty_chunks);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func) \
  g_test_add ("/bodies/" name, Fixture, data, set_up_bodies, func, tear_down_bodies)

  ADD ("spool", NULL, test_spool);
  ADD ("spool/fails", NULL, test_spool_fails);
  ADD ("open-content", NULL, test_open_content);
  ADD ("stream", NULL, test_stream);
  ADD ("stream/empty", NULL, test_stream_empty);
  ADD ("stream/full", NULL, test_stream_full);
  ADD ("stream/fails", NULL, test_stream_fails);
  ADD ("stream/too-big", NULL, test_stream_too_big);
  ADD ("stream/left-in-data", (gconstpointer) leave_in_data, test_stream_aborted);
  ADD ("stream/left-in-chunk", (gconstpointer) leave_in_chunk, test_stream_aborted);
  ADD ("stream/reset", (gconstpointer) reset_chunks, test_stream_aborted);
  ADD ("stream/quit", (gconstpointer) quit_chunks, test_stream_aborted);
  ADD ("stream/hello", (gconstpointer) greet_in_chunks, test_stream_aborted);
  ADD ("stream/spoilt", (gconstpointer) spoil_chunks, test_stream_aborted);
  ADD ("stream/full-of-chunks", NULL, test_stream_full_of_chunks);
  ADD ("chunks", NULL, test_chunks);
  ADD ("chunks/pipelined", NULL, test_chunks_pipelined);
  ADD ("chunks/refused", NULL, test_chunks_refused);
  ADD ("chunks/malformed", NULL, test_chunks_malformed);
  ADD ("chunks/too-big", NULL, test_chunks_too_big);
  ADD ("chunks/limit-raised", NULL, test_chunks_limit_raised);
  ADD ("chunks/empty", NULL, test_chunks_empty);

  return g_test_run ();
}
