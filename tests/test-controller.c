/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server in a thread of its own, SmtpController. */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "smtp-controller.h"
#include "smtp-error.h"

#define PATIENCE 30

typedef struct
{
  SmtpServer *server;
  SmtpController *controller;
  GThread *hook_thread;   /* in which the last hook ran */
  int taken;
} Fixture;

static SmtpVerdict
take (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      Fixture      *fixture)
{
  fixture->hook_thread = g_thread_self ();
  g_atomic_int_inc (&fixture->taken);
  smtp_request_reply (request, 250, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->server = smtp_server_new ();
  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (take), fixture);
  fixture->controller = smtp_controller_new (fixture->server);
  smtp_controller_set_drain_time (fixture->controller, 100);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  if (fixture->controller != NULL)
    g_assert_finalize_object (fixture->controller);
  g_assert_finalize_object (fixture->server);
}

static void
start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  smtp_controller_start (fixture->controller, &error);
  g_assert_no_error (error);
  g_assert_true (smtp_controller_is_running (fixture->controller));
}

/* A client that blocks. NULL if nobody listens. */
static GSocketConnection *
try_connect_to (const char *address)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, PATIENCE);
  if (g_str_has_prefix (address, "unix:"))
    {
      g_autoptr (GSocketAddress) path = g_unix_socket_address_new (address + strlen ("unix:"));

      return g_socket_client_connect (client, G_SOCKET_CONNECTABLE (path), NULL, NULL);
    }

  return g_socket_client_connect_to_host (client, address, 25, NULL, NULL);
}

static GSocketConnection *
connect_to_first (Fixture *fixture)
{
  g_auto (GStrv) addresses = smtp_controller_dup_addresses (fixture->controller);
  GSocketConnection *connection;

  g_assert_nonnull (addresses[0]);
  connection = try_connect_to (addresses[0]);
  g_assert_nonnull (connection);

  return connection;
}

/* Sends @text and reads until @until has come. */
static void
say (GSocketConnection *connection,
     const char        *text,
     const char        *until)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (output, text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
  while (strstr (answer->str, until) == NULL)
    {
      char buffer[512];
      gssize n = g_input_stream_read (input, buffer, sizeof buffer, NULL, &error);

      g_assert_no_error (error);
      if (n == 0)
        g_error ("The connection has ended: “%s”, no “%s”", answer->str, until);
      g_string_append_len (answer, buffer, n);
    }
}

static void
send_message (Fixture *fixture)
{
  g_autoptr (GSocketConnection) connection = connect_to_first (fixture);

  say (connection, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n", "\r\n354 ");
  say (connection, "x\r\n.\r\nQUIT\r\n", "\r\n221 ");
}

static void
test_run (Fixture       *fixture,
          gconstpointer  data)
{
  start (fixture);
  send_message (fixture);
  smtp_controller_stop (fixture->controller);

  g_assert_cmpint (fixture->taken, ==, 1);
  g_assert_true (fixture->hook_thread != g_thread_self ());
  g_assert_false (smtp_controller_is_running (fixture->controller));
}

static void
test_addresses (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (directory, "s", NULL);
  g_autofree char *address = g_strconcat ("unix:", path, NULL);
  g_auto (GStrv) before = smtp_controller_dup_addresses (fixture->controller);
  g_auto (GStrv) running = NULL;
  g_auto (GStrv) after = NULL;

  g_assert_cmpuint (g_strv_length (before), ==, 0);
  smtp_controller_add_address (fixture->controller, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP);
  smtp_controller_add_address (fixture->controller, address, SMTP_LISTENER_KIND_LMTP);
  start (fixture);

  running = smtp_controller_dup_addresses (fixture->controller);
  g_assert_cmpuint (g_strv_length (running), ==, 2);
  g_assert_true (g_str_has_prefix (running[0], "127.0.0.1:"));
  g_assert_cmpstr (running[0], !=, "127.0.0.1:0");
  g_assert_cmpstr (running[1], ==, address);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GSocketConnection) connection = try_connect_to (running[i]);

      g_assert_nonnull (connection);
      say (connection, i == 0 ? "EHLO x\r\nQUIT\r\n" : "LHLO x\r\nQUIT\r\n", "\r\n221 ");
    }

  smtp_controller_stop (fixture->controller);
  after = smtp_controller_dup_addresses (fixture->controller);
  g_assert_cmpuint (g_strv_length (after), ==, 0);
  g_assert_null (try_connect_to (running[0]));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_rmdir (directory);
}

static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  for (int i = 1; i <= 5; i++)
    {
      start (fixture);
      send_message (fixture);
      smtp_controller_stop (fixture->controller);
      g_assert_cmpint (fixture->taken, ==, i);
    }
}

static void
test_bind_error (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (SmtpController) other = g_object_new (SMTP_TYPE_CONTROLLER, NULL);
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;

  start (fixture);
  addresses = smtp_controller_dup_addresses (fixture->controller);

  /* The first address is let go of again when the second fails. */
  smtp_controller_add_address (other, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP);
  smtp_controller_add_address (other, addresses[0], SMTP_LISTENER_KIND_SMTP);
  g_assert_false (smtp_controller_start (other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_false (smtp_controller_is_running (other));

  smtp_controller_stop (fixture->controller);
  g_clear_error (&error);
  smtp_controller_start (other, &error);
  g_assert_no_error (error);
  smtp_controller_stop (other);
}

static gpointer
do_nothing (gpointer data)
{
  return NULL;
}

/* A thread whose stack has no room is as good as none. */
static void
test_no_thread (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  pthread_attr_t before, attributes;
  pthread_t thread;

  g_assert_cmpint (pthread_getattr_default_np (&before), ==, 0);
  g_assert_cmpint (pthread_attr_init (&attributes), ==, 0);
  g_assert_cmpint (pthread_attr_setstacksize (&attributes, (gsize) G_MAXSSIZE / 2), ==, 0);
  if (pthread_create (&thread, &attributes, do_nothing, NULL) != EAGAIN)
    {
      g_test_skip ("it is another error here, as under valgrind");
      return;
    }

  g_assert_cmpint (pthread_setattr_default_np (&attributes), ==, 0);
  g_assert_false (smtp_controller_start (fixture->controller, &error));
  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_false (smtp_controller_is_running (fixture->controller));
  g_assert_cmpint (pthread_setattr_default_np (&before), ==, 0);
  pthread_attr_destroy (&attributes);
  pthread_attr_destroy (&before);

  start (fixture);
  send_message (fixture);
  smtp_controller_stop (fixture->controller);
}

static void
test_twice (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  smtp_controller_stop (fixture->controller);
  start (fixture);
  g_assert_false (smtp_controller_start (fixture->controller, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_RUNNING);
  g_assert_true (smtp_controller_is_running (fixture->controller));
  send_message (fixture);
  smtp_controller_stop (fixture->controller);
  smtp_controller_stop (fixture->controller);
}

static void
test_listening (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  smtp_server_listen (fixture->server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);
  g_assert_false (smtp_controller_start (fixture->controller, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_RUNNING);
}

/* A transaction is under way at the stop. */
static void
test_drain (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (GSocketConnection) connection = NULL;

  start (fixture);
  connection = connect_to_first (fixture);
  say (connection, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n", "\r\n354 ");
  smtp_controller_stop (fixture->controller);
  say (connection, "", "421 4.3.2");
  g_assert_cmpint (fixture->taken, ==, 0);
}

static SmtpVerdict
stop_inside (SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope,
             SmtpRequest  *request,
             const char   *host_name,
             Fixture      *fixture)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_controller_is_running (fixture->controller));
  g_assert_false (smtp_controller_start (fixture->controller, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_RUNNING);
  smtp_controller_stop (fixture->controller);
  smtp_controller_stop (fixture->controller);

  return SMTP_VERDICT_CONTINUE;
}

static void
test_inside (Fixture       *fixture,
             gconstpointer  data)
{
  gulong id = g_signal_connect (fixture->server, "handle-ehlo", G_CALLBACK (stop_inside), fixture);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GSocketConnection) connection = NULL;

      start (fixture);
      connection = connect_to_first (fixture);
      say (connection, "EHLO x\r\n", "421 4.3.2");
    }

  smtp_controller_stop (fixture->controller);
  g_signal_handler_disconnect (fixture->server, id);
  start (fixture);
  send_message (fixture);
  smtp_controller_stop (fixture->controller);
}

static void
set_flag (gpointer  data,
          GObject  *object)
{
  g_atomic_int_set ((int *) data, TRUE);
}

/* The thread ends by itself, and the server with it. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  int gone = FALSE;
  g_autoptr (GSocketConnection) connection = NULL;
  gint64 deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;

  start (fixture);
  connection = connect_to_first (fixture);
  say (connection, "EHLO x\r\n", "\r\n250 ");

  g_object_weak_ref (G_OBJECT (fixture->server), set_flag, &gone);
  g_object_unref (g_steal_pointer (&fixture->server));
  g_object_unref (g_steal_pointer (&fixture->controller));
  say (connection, "", "421 4.3.2");
  g_clear_object (&connection);
  while (!g_atomic_int_get (&gone))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }

  fixture->server = smtp_server_new ();
}

/* In another thread, because the server runs in this one. */
static gpointer
play_client (gpointer data)
{
  send_message (data);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
test_not_threaded (Fixture       *fixture,
                   gconstpointer  data)
{
  smtp_controller_set_threaded (fixture->controller, FALSE);

  for (int i = 1; i <= 3; i++)
    {
      g_autoptr (GThread) client = NULL;

      start (fixture);
      client = g_thread_new ("client", play_client, fixture);
      while (g_atomic_int_get (&fixture->taken) < i)
        g_main_context_iteration (NULL, TRUE);
      smtp_controller_stop (fixture->controller);
      g_thread_join (g_steal_pointer (&client));
      g_assert_true (fixture->hook_thread == g_thread_self ());
    }
}

static void
test_not_threaded_dropped (Fixture       *fixture,
                           gconstpointer  data)
{
  int gone = FALSE;

  smtp_controller_set_threaded (fixture->controller, FALSE);
  start (fixture);
  g_object_weak_ref (G_OBJECT (fixture->server), set_flag, &gone);
  g_object_unref (g_steal_pointer (&fixture->server));
  g_assert_finalize_object (g_steal_pointer (&fixture->controller));
  while (!gone)
    g_main_context_iteration (NULL, TRUE);

  fixture->server = smtp_server_new ();
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void      (*func) (Fixture *fixture, gconstpointer data);
  } tests[] =
  {
    { "/controller/run", test_run },
    { "/controller/addresses", test_addresses },
    { "/controller/restart", test_restart },
    { "/controller/bind-error", test_bind_error },
    { "/controller/no-thread", test_no_thread },
    { "/controller/twice", test_twice },
    { "/controller/listening", test_listening },
    { "/controller/drain", test_drain },
    { "/controller/inside", test_inside },
    { "/controller/dropped", test_dropped },
    { "/controller/not-threaded", test_not_threaded },
    { "/controller/not-threaded/dropped", test_not_threaded_dropped },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);

  return g_test_run ();
}
