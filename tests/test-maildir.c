/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handler that delivers into a Maildir. */

#include "handler-fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static SmtpHandler *
new_exact (const char *path)
{
  return g_object_new (SMTP_TYPE_MAILDIR_HANDLER, "path", path, "add-trace", FALSE, NULL);
}

/* What was refused is taken away when there is time. */
static void
assert_empty (Fixture    *fixture,
              const char *name)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (count_files (fixture->maildir, name) > 0 && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_files (fixture->maildir, name), ==, 0);
}

/* Who has no rights. */
#define NOBODY 65534

static void
check_delivered (Fixture    *fixture,
                 const char *sent,
                 gsize       sent_length,
                 const char *stored,
                 gsize       stored_length)
{
  g_autofree char *last_line = NULL;
  g_autoptr (GBytes) content = NULL;

  g_assert_cmpuint (send_message (fixture, sent, sent_length, &last_line), ==, 250);
  g_assert_cmpstr (last_line, ==, "250 2.0.0 Delivered");
  assert_empty (fixture, "tmp");
  g_assert_cmpuint (count_files (fixture->maildir, "cur"), ==, 0);

  content = read_only_message (fixture->maildir, NULL);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), stored, stored_length);
  remove_tree (fixture->maildir);
}

/* The directory goes away after each: it is made anew. */
static void
test_maildir_exact (Fixture       *fixture,
                    gconstpointer  data)
{
  static const char octets[] = "\0\x01\x7f\x80\xff\x1a\x04 From x\r\nFrom y\r\n\r\n\t \r\n";
  static const char stuffed[] = "..\r\n...\r\n.a\r\n";
  g_autoptr (GString) large = g_string_new (NULL);

  add_handler (fixture, new_exact (fixture->maildir));

  check_delivered (fixture, "", 0, "", 0);
  check_delivered (fixture, MESSAGE, strlen (MESSAGE), MESSAGE, strlen (MESSAGE));
  check_delivered (fixture, octets, sizeof octets - 1, octets, sizeof octets - 1);
  check_delivered (fixture, stuffed, sizeof stuffed - 1, ".\r\n..\r\na\r\n", 10);

  for (guint i = 0; large->len < 3 * 1024 * 1024; i++)
    g_string_append_printf (large, "%08x\r\n", i * 2654435761u);
  check_delivered (fixture, large->str, large->len, large->str, large->len);
}

/* RFC 5321 section 4.4. */
static void
test_maildir_trace (Fixture       *fixture,
                    gconstpointer  data)
{
  SmtpHandler *handler = smtp_maildir_handler_new (fixture->maildir);
  g_autoptr (GBytes) content = NULL;
  g_autofree char *text = NULL;
  gsize size;

  smtp_server_set_hostname (fixture->server, "mx.example.org");
  g_assert_true (smtp_maildir_handler_get_add_trace (SMTP_MAILDIR_HANDLER (handler)));
  add_handler (fixture, handler);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  content = read_only_message (fixture->maildir, NULL);
  data = g_bytes_get_data (content, &size);
  text = g_strndup (data, size);
  g_assert_true (g_regex_match_simple ("^Return-Path: <a@example\\.org>\r\n"
                                       "Received: from client\\.example\\.org \\(\\[127\\.0\\.0\\.1\\]\\)\r\n"
                                       "\tby mx\\.example\\.org with ESMTP id [0-9a-f]+-[0-9a-f]+\r\n"
                                       "\tfor <b@example\\.org>;\r\n"
                                       "\t(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{1,2} [A-Z][a-z]{2} 20[0-9]{2} "
                                       "[0-9]{2}:[0-9]{2}:[0-9]{2} [-+][0-9]{4}\r\n"
                                       "Subject: x\r\n\r\none\r\n$", text, 0, 0));
}

/* Hooks see the message, without the trace, and may put another in its place. */

static SmtpVerdict
look (SmtpServer   *server,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request,
      GBytes      **seen)
{
  *seen = g_bytes_ref (smtp_envelope_get_content (envelope));

  return SMTP_VERDICT_CONTINUE;
}

static void
test_maildir_content (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GBytes) seen = NULL;

  g_signal_connect (fixture->server, "handle-data", G_CALLBACK (look), &seen);
  add_handler (fixture, smtp_maildir_handler_new (fixture->maildir));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  remove_tree (fixture->maildir);
  g_assert_cmpmem (g_bytes_get_data (seen, NULL), g_bytes_get_size (seen), MESSAGE, strlen (MESSAGE));
}

/* Two Maildirs: the first has the stream, the second stores the content. */

static void
pass_on (SmtpHandler  *handler,
         SmtpServer   *server,
         SmtpSession  *session,
         SmtpEnvelope *envelope,
         SmtpRequest  *request)
{
  smtp_request_proceed (request);
}

typedef SmtpMaildirHandler TestPasser;
typedef SmtpMaildirHandlerClass TestPasserClass;

static GType test_passer_get_type (void);

G_DEFINE_TYPE (TestPasser, test_passer, SMTP_TYPE_MAILDIR_HANDLER)

static void
test_passer_class_init (TestPasserClass *klass)
{
  SMTP_HANDLER_CLASS (klass)->handle_data = pass_on;
}

static void
test_passer_init (TestPasser *self)
{
}

static void
test_maildir_second (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autofree char *other = g_build_filename (fixture->directory, "other", NULL);
  g_autoptr (GBytes) content = NULL;

  add_handler (fixture, g_object_new (test_passer_get_type (), "path", other, NULL));
  add_handler (fixture, new_exact (fixture->maildir));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  content = read_only_message (fixture->maildir, NULL);
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), MESSAGE, strlen (MESSAGE));
  g_free (fixture->maildir);
  fixture->maildir = g_steal_pointer (&other);
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 0);
  assert_empty (fixture, "tmp");
}

static void
check_mode (const char *path,
            const char *name,
            mode_t      mode)
{
  g_autofree char *child = g_build_filename (path, name, NULL);
  struct stat info;

  g_assert_cmpint (stat (child, &info), ==, 0);
  g_assert_cmpint (info.st_mode, ==, mode);
}

static void
test_maildir_names (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *name = NULL;
  g_autofree char *in_new = NULL;
  g_autoptr (GBytes) content = NULL;
  mode_t mask = umask (0);

  add_handler (fixture, new_exact (fixture->maildir));
  g_assert_false (g_file_test (fixture->maildir, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  umask (mask);

  content = read_only_message (fixture->maildir, &name);
  g_assert_true (g_regex_match_simple ("^[0-9]{9,}\\.M[0-9]{1,6}P[0-9]+Q[0-9]+R[0-9a-f]{8}\\.[^/:]+$",
                                       name, 0, 0));
  in_new = g_build_filename ("new", name, NULL);
  check_mode (fixture->maildir, ".", S_IFDIR | 0700);
  check_mode (fixture->maildir, "tmp", S_IFDIR | 0700);
  check_mode (fixture->maildir, "new", S_IFDIR | 0700);
  check_mode (fixture->maildir, "cur", S_IFDIR | 0700);
  check_mode (fixture->maildir, in_new, S_IFREG | 0600);
}

static void
test_maildir_many (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *new = g_build_filename (fixture->maildir, "new", NULL);
  g_auto (GStrv) messages = g_new0 (char *, N_CLIENTS + 1);
  guint counts[N_CLIENTS] = { 0 };
  g_autoptr (GDir) dir = NULL;
  const char *name;

  for (guint i = 0; i < N_CLIENTS; i++)
    messages[i] = g_strdup_printf ("%u\r\n", i);
  add_handler (fixture, new_exact (fixture->maildir));
  send_at_once (fixture, (const char **) messages);

  assert_empty (fixture, "tmp");
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, N_CLIENTS * N_MESSAGES);

  dir = g_dir_open (new, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (new, name, NULL);
      g_autofree char *content = NULL;

      g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
      g_assert_true (g_str_has_suffix (content, "\r\n"));
      counts[g_ascii_strtoull (content, NULL, 10)]++;
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    g_assert_cmpuint (counts[i], ==, N_MESSAGES);
}

/* A relative path is one of the directory of that time. */
static void
test_maildir_relative (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *before = g_get_current_dir ();
  SmtpHandler *handler;

  g_assert_cmpint (g_chdir (fixture->directory), ==, 0);
  handler = new_exact ("maildir");
  g_assert_cmpint (g_chdir ("/"), ==, 0);
  g_assert_cmpstr (smtp_maildir_handler_get_path (SMTP_MAILDIR_HANDLER (handler)), ==, fixture->maildir);
  add_handler (fixture, handler);

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 1);
  g_assert_cmpint (g_chdir (before), ==, 0);
}

static void
check_refused (Fixture    *fixture,
               guint       code,
               const char *last_line)
{
  g_autofree char *line = NULL;

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, &line), ==, code);
  g_assert_true (g_str_has_prefix (line, last_line));
  assert_empty (fixture, "tmp");
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 0);
}

/* What goes wrong is not for the client to read. */
static void
check_failed (Fixture *fixture)
{
  g_autofree char *line = NULL;

  g_clear_pointer (&fixture->last_exception, g_free);
  check_refused (fixture, 451, "451 4.3.0 ");
  g_assert_nonnull (strstr (fixture->last_exception, fixture->maildir));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, &line), ==, 451);
  g_assert_null (strstr (line, fixture->maildir));
}

/* Permissions mean nothing to the superuser. */
static void
become_nobody (Fixture *fixture)
{
  static const char * const names[] = { ".", "tmp", "new", "cur" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->maildir, names[i], NULL);

      g_assert_cmpint (chown (path, NOBODY, -1), ==, 0);
    }

  g_assert_cmpint (seteuid (NOBODY), ==, 0);
}

static void
test_maildir_unwritable (Fixture       *fixture,
                         gconstpointer  data)
{
  static const char * const names[] = { "tmp", "new" };

  prepare_maildir (fixture);
  g_assert_cmpint (g_chmod (fixture->directory, 0755), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->maildir, names[i], NULL);

      if (geteuid () == 0)
        become_nobody (fixture);

      g_assert_cmpint (g_chmod (path, 0500), ==, 0);
      check_failed (fixture);
      g_assert_cmpint (g_chmod (path, 0700), ==, 0);
      g_assert_cmpint (seteuid (getuid ()), ==, 0);
    }

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
}

static void
test_maildir_not_a_directory (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autofree char *new = g_build_filename (fixture->maildir, "new", NULL);
  g_autofree char *below = g_build_filename (fixture->maildir, "new", "x", NULL);
  g_autoptr (SmtpHandler) handler = NULL;
  g_autoptr (GError) error = NULL;

  prepare_maildir (fixture);
  g_assert_cmpint (g_rmdir (new), ==, 0);
  g_assert_true (g_file_set_contents (new, "", -1, NULL));
  check_failed (fixture);

  handler = smtp_maildir_handler_new (below);
  g_assert_false (smtp_maildir_handler_prepare (SMTP_MAILDIR_HANDLER (handler), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
}

/* No parents are made: a slip of the fingers should not look as if mail were delivered. */
static void
test_maildir_no_parent (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->maildir, "x", NULL);
  g_autoptr (SmtpHandler) handler = smtp_maildir_handler_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_maildir_handler_prepare (SMTP_MAILDIR_HANDLER (handler), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* A write that ends in the middle of the message. */
static void
test_maildir_file_size_limit (Fixture       *fixture,
                              gconstpointer  data)
{
  struct rlimit before, limit;
  g_autofree char *large = g_strnfill (100 * 1024, 'x');
  g_autofree char *message = g_strconcat (large, "\r\n", NULL);
  guint code;

  prepare_maildir (fixture);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = 64 * 1024;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  code = send_message (fixture, message, -1, NULL);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);

  g_assert_cmpuint (code, ==, 451);
  assert_empty (fixture, "tmp");
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 0);
  g_assert_cmpuint (send_message (fixture, message, -1, NULL), ==, 250);
}

static void
test_maildir_full (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *line = g_strnfill (1022, 'x');
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char *last_line = NULL;

  if (tiny_disk == NULL)
    {
      g_test_skip ("no file system can be mounted");
      return;
    }

  for (guint i = 0; i < 1024; i++)
    g_string_append_printf (message, "%s\r\n", line);
  g_free (fixture->maildir);
  fixture->maildir = g_build_filename (tiny_disk, "maildir", NULL);
  prepare_maildir (fixture);

  g_assert_cmpuint (send_message (fixture, message->str, message->len, &last_line), ==, 452);
  g_assert_cmpstr (last_line, ==, "452 4.3.1 No space left for the message");
  assert_empty (fixture, "tmp");
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 0);

  /* What is small enough still fits, so nothing was left behind. */
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (send_message (fixture, message->str, 64 * 1024, NULL), ==, 250);
      g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 1);
      remove_tree (fixture->maildir);
    }
}

/* The client has left while its message waited: it will come again. */
static void
test_maildir_client_leaves (Fixture       *fixture,
                            gconstpointer  data)
{
  Obstacle obstacle = { .running = N_WORKERS };
  Job job = { .host_and_port = fixture->host_and_port, .running = TRUE };

  prepare_maildir (fixture);
  g_mutex_lock (&obstacle.lock);
  for (guint i = 0; i < N_WORKERS; i++)
    smtp_workers_run (obstruct, &obstacle);

  finish_job (g_thread_new ("client", send_and_leave, &job), &job);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);

  g_mutex_unlock (&obstacle.lock);
  while (g_atomic_int_get (&obstacle.running) > 0)
    g_usleep (100);
  g_mutex_clear (&obstacle.lock);

  /* Behind it in the queue. */
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_files (fixture->maildir, "new"), ==, 1);
  assert_empty (fixture, "tmp");
}

/* The program */

#define ADD(path, func) g_test_add ("/maildir/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  mount_tiny_disk ();

  ADD ("exact", test_maildir_exact);
  ADD ("trace", test_maildir_trace);
  ADD ("content", test_maildir_content);
  ADD ("second", test_maildir_second);
  ADD ("names", test_maildir_names);
  ADD ("many", test_maildir_many);
  ADD ("relative", test_maildir_relative);
  ADD ("unwritable", test_maildir_unwritable);
  ADD ("not-a-directory", test_maildir_not_a_directory);
  ADD ("no-parent", test_maildir_no_parent);
  ADD ("file-size-limit", test_maildir_file_size_limit);
  ADD ("full", test_maildir_full);
  ADD ("client-leaves", test_maildir_client_leaves);

  result = g_test_run ();
  unmount_tiny_disk ();

  return result;
}
