/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handler that appends to an mbox: to which file, and when. */

#include "handler-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utime.h>

#include "handlers/smtp-mbox-file.h"

/* Who has no rights. */
#define NOBODY 65534

#define SEPARATOR "From x Thu Jan  1 00:00:00 1970\n"

/* The file */

static char *
get_path (Fixture *fixture)
{
  return g_build_filename (fixture->directory, "mbox", NULL);
}

static char *
get_lock_path (Fixture *fixture)
{
  return g_build_filename (fixture->directory, "mbox.lock", NULL);
}

/* Delivers into "mbox", without trace fields. */
static char *
add_mbox (Fixture *fixture)
{
  g_autofree char *path = get_path (fixture);
  SmtpHandler *handler = smtp_mbox_handler_new (path);

  smtp_mbox_handler_set_add_trace (SMTP_MBOX_HANDLER (handler), FALSE);
  add_handler (fixture, handler);

  return g_steal_pointer (&path);
}

static char *
read_file (const char *path,
           gsize      *length)
{
  g_autoptr (GError) error = NULL;
  char *content;

  g_file_get_contents (path, &content, length, &error);
  g_assert_no_error (error);

  return content;
}

static void
write_file (const char *path,
            const char *content)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, content, -1, &error);
  g_assert_no_error (error);
}

/* As another program would read it. Searches with memchr() alone, because under the
 * address sanitizer strchr() and its like look at all that follows. */
static GPtrArray *
read_messages (const char *path)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);
  gsize length;
  g_autofree char *content = read_file (path, &length);
  g_autoptr (GString) message = NULL;
  const char *lf;

  for (const char *line = content; line < content + length; line = lf + 1)
    {
      const char *unquoted = line;

      lf = memchr (line, '\n', content + length - line);
      g_assert_nonnull (lf);
      while (*unquoted == '>')
        unquoted++;

      if (strncmp (line, "From ", 5) == 0)
        {
          g_assert_true (line == content || (line[-1] == '\n' && line[-2] == '\n'));
          if (message != NULL)
            g_ptr_array_add (messages, g_string_free (g_steal_pointer (&message), FALSE));
          message = g_string_new (NULL);
          continue;
        }

      g_assert_nonnull (message);
      if (strncmp (unquoted, "From ", 5) == 0)
        line++;
      g_string_append_len (message, line, lf + 1 - line);
    }

  if (message != NULL)
    g_ptr_array_add (messages, g_string_free (g_steal_pointer (&message), FALSE));

  return messages;
}

static guint
count_messages (const char *path)
{
  g_autoptr (GPtrArray) messages = read_messages (path);

  return messages->len;
}

static void
check_content (const char *path,
               const char *expected)
{
  g_autofree char *content = read_file (path, NULL);

  g_assert_cmpstr (content, ==, expected);
}

#define DATE "(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}(:[0-9]{2}){2} [0-9]{4}\n"

static void
check_matches (const char *path,
               const char *pattern)
{
  g_autofree char *content = read_file (path, NULL);

  if (!g_regex_match_simple (pattern, content, G_REGEX_DOLLAR_ENDONLY, 0))
    g_error ("\"%s\" does not match \"%s\"", content, pattern);
}

static void
test_mbox_exact (Fixture       *fixture,
                 gconstpointer  data)
{
  static const char octets[] = "\0\x01\x80\xff From x\r\nFrom y\r\n>From z\r\n\r\n..\r\n \t\r\n";
  static const char expected[] = "\0\x01\x80\xff From x\n>From y\n>>From z\n\n.\n \t\n\n";
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);
  g_autofree char *last_line = NULL;
  g_autofree char *content = NULL;
  gsize length;

  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (send_message (fixture, octets, sizeof octets - 1, &last_line), ==, 250);
  g_assert_cmpstr (last_line, ==, "250 2.0.0 Delivered");
  g_assert_false (g_file_test (lock_path, G_FILE_TEST_EXISTS));

  content = read_file (path, &length);
  g_assert_cmpuint (length, >, sizeof expected - 1);
  g_assert_cmpmem (content + length - (sizeof expected - 1), sizeof expected - 1,
                   expected, sizeof expected - 1);
  check_matches (path, "^From a@example\\.org " DATE);

  /* It is made anew. */
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpuint (send_message (fixture, "", 0, NULL), ==, 250);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_messages (path), ==, 2);
}

static void
test_mbox_trace (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = get_path (fixture);
  SmtpHandler *handler = smtp_mbox_handler_new (path);

  g_assert_true (smtp_mbox_handler_get_add_trace (SMTP_MBOX_HANDLER (handler)));
  add_handler (fixture, handler);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);

  check_matches (path, "^From a@example\\.org " DATE "Return-Path: <a@example\\.org>\n"
                       "Received: from client\\.example\\.org .*\n(\t.*\n)+"
                       "Subject: x\n\none\n\n$");
}

/* A separator begins a line, behind an empty one, whatever was there. */
static void
test_mbox_gap (Fixture       *fixture,
               gconstpointer  data)
{
  static const char * const pairs[][2] =
  {
    { "", "" }, { "\n", "\n" }, { "x", "x\n\n" }, { "x\n", "x\n\n" }, { "x\n\n", "x\n\n" },
    { "\nx", "\nx\n\n" }, { "x\n\n\n", "x\n\n\n" }, { SEPARATOR "\nhalf a li", SEPARATOR "\nhalf a li\n\n" }
  };
  g_autofree char *path = add_mbox (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *quoted = g_regex_escape_string (pairs[i][1], -1);
      g_autofree char *pattern = g_strconcat ("^", quoted, "From a@example\\.org " DATE
                                              "Subject: x\n\none\n\n$", NULL);

      write_file (path, pairs[i][0]);
      g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
      check_matches (path, pattern);
    }
}

static void
test_mbox_large (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autoptr (GString) large = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GPtrArray) messages = NULL;

  for (guint i = 0; large->len < 3 * 1024 * 1024; i++)
    {
      g_autofree char *line = g_strdup_printf ("%s%08x", i % 7 == 0 ? "From " : ">From ", i * 2654435761u);

      g_string_append_printf (large, "%s\r\n", line);
      g_string_append_printf (expected, "%s\n", line);
    }
  g_string_append_c (expected, '\n');
  g_assert_cmpuint (send_message (fixture, large->str, large->len, NULL), ==, 250);

  messages = read_messages (path);
  g_assert_cmpuint (messages->len, ==, 1);
  g_assert_cmpstr (messages->pdata[0], ==, expected->str);
}

static void
test_mbox_many (Fixture       *fixture,
                gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autoptr (GPtrArray) messages = NULL;
  g_auto (GStrv) sent = g_new0 (char *, N_CLIENTS + 1);
  guint counts[N_CLIENTS] = { 0 };

  for (guint i = 0; i < N_CLIENTS; i++)
    sent[i] = g_strdup_printf ("%u\r\nFrom x\r\n\r\nend\r\n", i);
  send_at_once (fixture, (const char **) sent);

  messages = read_messages (path);
  g_assert_cmpuint (messages->len, ==, N_CLIENTS * N_MESSAGES);
  for (guint i = 0; i < messages->len; i++)
    {
      g_assert_true (g_str_has_suffix (messages->pdata[i], "\nFrom x\n\nend\n\n"));
      counts[g_ascii_strtoull (messages->pdata[i], NULL, 10)]++;
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    g_assert_cmpuint (counts[i], ==, N_MESSAGES);
}

static void
test_mbox_names (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *path = get_path (fixture);
  g_autofree char *target = g_build_filename (fixture->directory, "target", NULL);
  mode_t mask = umask (0);
  SmtpHandler *handler;
  struct stat info;

  /* A relative path is one of the directory of that time; a symbolic link stays one. */
  g_assert_cmpint (symlink ("target", path), ==, 0);
  g_assert_cmpint (g_chdir (fixture->directory), ==, 0);
  handler = smtp_mbox_handler_new ("mbox");
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_cmpstr (smtp_mbox_handler_get_path (SMTP_MBOX_HANDLER (handler)), ==, path);
  add_handler (fixture, handler);

  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  umask (mask);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  g_assert_cmpint (lstat (target, &info), ==, 0);
  g_assert_cmpint (info.st_mode, ==, S_IFREG | 0600);
  g_assert_cmpuint (count_messages (target), ==, 1);
}

static void
check_unprepared (const char   *path,
                  GIOErrorEnum  code)
{
  g_autoptr (SmtpHandler) handler = smtp_mbox_handler_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_false (smtp_mbox_handler_prepare (SMTP_MBOX_HANDLER (handler), &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_mbox_prepare (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *path = get_path (fixture);
  g_autofree char *below = g_build_filename (path, "x", NULL);
  g_autofree char *fifo = g_build_filename (fixture->directory, "fifo", NULL);
  g_autofree char *missing = g_build_filename (fixture->directory, "missing", "x", NULL);
  g_autoptr (SmtpHandler) handler = smtp_mbox_handler_new (path);
  g_autoptr (SmtpHandler) nameless = g_object_new (SMTP_TYPE_MBOX_HANDLER, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_mbox_handler_prepare (SMTP_MBOX_HANDLER (handler), &error));
  g_assert_no_error (error);
  check_content (path, "");
  write_file (path, "x");
  g_assert_true (smtp_mbox_handler_prepare (SMTP_MBOX_HANDLER (handler), NULL));
  check_content (path, "x");

  g_assert_null (smtp_mbox_handler_get_path (SMTP_MBOX_HANDLER (nameless)));
  g_assert_false (smtp_mbox_handler_prepare (SMTP_MBOX_HANDLER (nameless), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  check_unprepared (fifo, G_IO_ERROR_NOT_REGULAR_FILE);
  check_unprepared ("/dev/full", G_IO_ERROR_NOT_REGULAR_FILE);
  check_unprepared (fixture->directory, G_IO_ERROR_IS_DIRECTORY);
  check_unprepared (below, G_IO_ERROR_NOT_DIRECTORY);
  check_unprepared (missing, G_IO_ERROR_NOT_FOUND);
}

static void
test_mbox_properties (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (SmtpHandler) handler = smtp_mbox_handler_new ("/x");
  g_autofree char *path = NULL;
  gboolean add_trace;

  g_object_set (handler, "add-trace", FALSE, NULL);
  g_object_get (handler, "path", &path, "add-trace", &add_trace, NULL);
  g_assert_cmpstr (path, ==, "/x");
  g_assert_false (add_trace);
}

/* Failures */

static void
test_mbox_failures (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *line = NULL;

  /* What goes wrong is not for the client to read. */
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, &line), ==, 451);
  g_assert_true (g_str_has_prefix (line, "451 4.3.0 "));
  g_assert_null (strstr (line, path));
  g_assert_nonnull (strstr (fixture->last_exception, path));

  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
}

static void
test_mbox_no_path (Fixture       *fixture,
                   gconstpointer  data)
{
  add_handler (fixture, g_object_new (SMTP_TYPE_MBOX_HANDLER, NULL));
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 451);
  g_assert_nonnull (strstr (fixture->last_exception, "no path"));
}

/* A write that ends in the middle of the message. */
static void
test_mbox_file_size_limit (Fixture       *fixture,
                           gconstpointer  data)
{
  struct rlimit before, limit;
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);
  g_autofree char *large = g_strnfill (200 * 1024, 'x');
  g_autofree char *message = g_strconcat (large, "\r\n", NULL);
  guint code;

  write_file (path, "old\n");
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = 100 * 1024;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  code = send_message (fixture, message, -1, NULL);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);

  g_assert_cmpuint (code, ==, 451);
  check_content (path, "old\n");
  g_assert_false (g_file_test (lock_path, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (send_message (fixture, message, -1, NULL), ==, 250);
}

static void
test_mbox_full (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char *path = NULL;
  g_autofree char *lock_path = NULL;
  g_autofree char *last_line = NULL;

  if (tiny_disk == NULL)
    {
      g_test_skip ("no file system can be mounted");
      return;
    }

  while (message->len < 1024 * 1024)
    g_string_append (message, "0123456789abcdef0123456789abcde\r\n");
  path = g_build_filename (tiny_disk, "mbox", NULL);
  lock_path = g_strconcat (path, ".lock", NULL);
  write_file (path, "old\n");
  add_handler (fixture, smtp_mbox_handler_new (path));

  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&last_line, g_free);
      g_assert_cmpuint (send_message (fixture, message->str, message->len, &last_line), ==, 452);
      g_assert_cmpstr (last_line, ==, "452 4.3.1 No space left for the message");
      check_content (path, "old\n");
      g_assert_false (g_file_test (lock_path, G_FILE_TEST_EXISTS));
    }

  /* What is small enough still fits, so nothing was left behind. */
  g_assert_cmpuint (send_message (fixture, message->str, 33 * 3000, NULL), ==, 250);
}

/* Locks */

/* Runs the server for as long as a delivery that need not wait would take many times. */
static void
run_for_a_while (void)
{
  gint64 end = g_get_monotonic_time () + 300 * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static void
age_file (const char *path,
          gint64      seconds)
{
  struct utimbuf times;

  times.actime = times.modtime = g_get_real_time () / G_USEC_PER_SEC - seconds;
  g_assert_cmpint (utime (path, &times), ==, 0);
}

static void
test_mbox_dot_lock (Fixture       *fixture,
                    gconstpointer  data)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);
  Job job = { 0 };
  GThread *thread;
  int fd;

  write_file (lock_path, "");
  age_file (lock_path, 4 * 60);
  thread = start_job (fixture, &job, MESSAGE, -1);
  run_for_a_while ();
  g_assert_true (g_atomic_int_get (&job.running));
  check_content (path, "");
  g_assert_true (g_file_test (lock_path, G_FILE_TEST_EXISTS));

  /* Who has the dot lock never finds the other one taken. */
  fd = open (path, O_RDWR);
  for (guint i = 0; i < 300; i++)
    {
      lock.l_type = i % 2 == 0 ? F_WRLCK : F_UNLCK;
      g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &lock), ==, 0);
      g_usleep (1000);
    }
  close (fd);

  g_assert_cmpint (g_unlink (lock_path), ==, 0);
  finish_job (thread, &job);
  g_assert_cmpuint (job.code, ==, 250);
  g_free (job.last_line);
  g_assert_cmpuint (count_messages (path), ==, 1);
  g_assert_false (g_file_test (lock_path, G_FILE_TEST_EXISTS));
}

static void
test_mbox_stale_dot_lock (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);

  write_file (lock_path, "");
  age_file (lock_path, 6 * 60);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_messages (path), ==, 1);
  g_assert_false (g_file_test (lock_path, G_FILE_TEST_EXISTS));
}

/* Returns the process, which has the lock now, and for half a second. */
static pid_t
lock_in_child (const char *path)
{
  int ends[2];
  char octet;
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      int fd = open (path, O_RDWR);

      _exit (fd < 0 || lockf (fd, F_LOCK, 0) != 0 || write (ends[1], "x", 1) != 1 || usleep (500000) != 0);
    }

  /* Else nothing would end the wait for a child that has failed. */
  close (ends[1]);
  g_assert_cmpint (read (ends[0], &octet, 1), ==, 1);
  close (ends[0]);

  return pid;
}

static void
test_mbox_locked_by_process (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  gint64 start = g_get_monotonic_time ();
  int status;
  pid_t pid;

  write_file (path, "");
  pid = lock_in_child (path);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 450 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (count_messages (path), ==, 1);

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* However many wait, the time is that of one. */
static void
test_mbox_locked_for_long (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);
  gint64 start = g_get_monotonic_time ();
  gint64 elapsed;
  GThread *threads[8];
  Job jobs[8] = { 0 };

  write_file (lock_path, "");
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    threads[i] = start_job (fixture, &jobs[i], MESSAGE, -1);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      finish_job (threads[i], &jobs[i]);
      g_assert_cmpstr (jobs[i].last_line, ==, "451 4.2.0 The mailbox is locked, try again later");
      g_free (jobs[i].last_line);
    }

  elapsed = g_get_monotonic_time () - start;
  g_assert_cmpint (elapsed, >=, 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (elapsed, <, 15 * G_TIME_SPAN_SECOND);
  g_assert_null (fixture->last_exception);
  check_content (path, "");
  g_assert_true (g_file_test (lock_path, G_FILE_TEST_EXISTS));
}

/* A mail program has written the mailbox anew meanwhile. */
static void
test_mbox_replaced (Fixture       *fixture,
                    gconstpointer  data)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  g_autofree char *path = add_mbox (fixture);
  Job job = { 0 };
  GThread *thread;
  int fd;

  write_file (path, "old\n\n");
  fd = open (path, O_RDWR);
  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &lock), ==, 0);
  thread = start_job (fixture, &job, MESSAGE, -1);
  run_for_a_while ();
  g_assert_true (g_atomic_int_get (&job.running));

  /* By a rename. */
  write_file (path, SEPARATOR "new\n\n");
  close (fd);
  finish_job (thread, &job);
  g_assert_cmpuint (job.code, ==, 250);
  g_free (job.last_line);
  g_assert_cmpuint (count_messages (path), ==, 2);
}

/* In a mail spool only root may make files; permissions mean nothing to the superuser. */
static void
test_mbox_spool (Fixture       *fixture,
                 gconstpointer  data)
{
  static const mode_t modes[] = { 0555, 0111 };
  g_autofree char *path = get_path (fixture);

  write_file (path, "");
  if (geteuid () == 0)
    g_assert_cmpint (chown (path, NOBODY, -1), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      SmtpHandler *handler = smtp_mbox_handler_new (path);

      smtp_server_add_handler (fixture->server, handler);
      g_assert_cmpint (g_chmod (fixture->directory, modes[i]), ==, 0);
      if (getuid () == 0)
        g_assert_cmpint (seteuid (NOBODY), ==, 0);
      g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
      g_assert_cmpint (seteuid (getuid ()), ==, 0);
      g_assert_cmpint (g_chmod (fixture->directory, 0700), ==, 0);
      g_assert_cmpuint (count_messages (path), ==, i + 1);
      smtp_server_remove_handler (fixture->server, handler);
      g_object_unref (handler);
    }
}

/* It will come again. */
static void
test_mbox_client_leaves (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *path = add_mbox (fixture);
  g_autofree char *lock_path = get_lock_path (fixture);
  Job job = { .host_and_port = fixture->host_and_port, .running = TRUE };

  write_file (lock_path, "");
  finish_job (g_thread_new ("client", send_and_leave, &job), &job);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpint (g_unlink (lock_path), ==, 0);
  g_assert_cmpuint (send_message (fixture, MESSAGE, -1, NULL), ==, 250);
  g_assert_cmpuint (count_messages (path), ==, 1);
}

/* A handler may be an object of a language that wants it to end in the main thread, so
 * a worker must not be the last to have a reference. */
static void
test_mbox_handler_ends (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autofree char *path = get_path (fixture);
  SmtpHandler *handler = smtp_mbox_handler_new (path);
  gpointer weak = handler;
  Job job = { .host_and_port = fixture->host_and_port, .running = TRUE };
  Obstacle obstacle = { .running = N_WORKERS };

  add_handler (fixture, handler);
  g_object_add_weak_pointer (G_OBJECT (handler), &weak);
  g_mutex_lock (&obstacle.lock);
  for (guint i = 0; i < N_WORKERS; i++)
    smtp_workers_run (obstruct, &obstacle);

  finish_job (g_thread_new ("client", send_and_leave, &job), &job);
  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);
  smtp_server_remove_handler (fixture->server, handler);
  g_assert_null (weak);

  g_mutex_unlock (&obstacle.lock);
  while (g_atomic_int_get (&obstacle.running) > 0)
    g_usleep (100);
  g_mutex_clear (&obstacle.lock);
}

/* Several handlers for one file, perhaps of several servers */

#define N_APPENDED 50

static gpointer
append_many (gpointer data)
{
  g_autoptr (SmtpMboxFile) file = smtp_mbox_file_new (data);
  g_autoptr (GBytes) content = g_bytes_new_static ("x\r\n\r\nFrom y\r\n", 13);

  for (guint i = 0; i < N_APPENDED; i++)
    {
      g_autoptr (GError) error = NULL;

      smtp_mbox_file_lock (file, g_get_monotonic_time () + 50 * G_TIME_SPAN_SECOND, NULL, &error);
      g_assert_no_error (error);
      smtp_mbox_file_append (file, SEPARATOR, NULL, content, NULL, &error);
      g_assert_no_error (error);
      smtp_mbox_file_unlock (file);
      g_usleep (100);
    }

  return NULL;
}

static void
test_mbox_several (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *path = get_path (fixture);
  g_autoptr (GPtrArray) messages = NULL;
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("append", append_many, path);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  messages = read_messages (path);
  g_assert_cmpuint (messages->len, ==, G_N_ELEMENTS (threads) * N_APPENDED);
  for (guint i = 0; i < messages->len; i++)
    g_assert_cmpstr (messages->pdata[i], ==, "x\n\nFrom y\n\n");
}

/* Whenever it is cancelled, the message is there as a whole or not at all. */

typedef struct
{
  GCancellable *cancellable;
  gulong delay;
} Canceller;

static gpointer
cancel_later (gpointer data)
{
  Canceller *canceller = data;

  g_usleep (canceller->delay);
  g_cancellable_cancel (canceller->cancellable);

  return NULL;
}

static gboolean
append_and_cancel (SmtpMboxFile *file,
                   GBytes       *content,
                   gulong        delay)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Canceller canceller = { cancellable, delay };
  GThread *thread;
  gboolean appended;

  g_assert_true (smtp_mbox_file_lock (file, 0, NULL, NULL));
  thread = g_thread_new ("cancel", cancel_later, &canceller);
  appended = smtp_mbox_file_append (file, SEPARATOR, NULL, content, cancellable, &error);
  g_thread_join (thread);
  smtp_mbox_file_unlock (file);

  if (!appended)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  return appended;
}

static void
test_mbox_cancelled (Fixture       *fixture,
                     gconstpointer  data)
{
  const gsize size = 8 * 1024 * 1024;
  g_autofree char *path = get_path (fixture);
  g_autoptr (SmtpMboxFile) file = smtp_mbox_file_new (path);
  g_autoptr (GBytes) content = g_bytes_new_take (g_strnfill (size, 'x'), size);
  const gsize stored = strlen (SEPARATOR) + size + 2;

  for (guint i = 0; i < 20; i++)
    {
      gboolean appended = append_and_cancel (file, content, i * 500);
      struct stat info;

      g_assert_cmpint (stat (path, &info), ==, 0);
      g_assert_cmpint (info.st_size, ==, appended ? stored : 0);
      g_assert_cmpint (truncate (path, 0), ==, 0);
    }
}

static void
test_mbox_lock_errors (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *path = get_path (fixture);
  g_autoptr (SmtpMboxFile) file = smtp_mbox_file_new (path);
  g_autoptr (SmtpMboxFile) other = smtp_mbox_file_new (path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (smtp_mbox_file_lock (file, 0, NULL, NULL));
  g_assert_false (smtp_mbox_file_lock (other, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_false (smtp_mbox_file_lock (other, G_MAXINT64, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  smtp_mbox_file_unlock (file);
  g_assert_true (smtp_mbox_file_lock (other, 0, NULL, NULL));
}

/* The program */

#define ADD(path, func) g_test_add ("/mbox/" path, Fixture, NULL, set_up, func, tear_down)

static void
add_tests (void)
{
  ADD ("exact", test_mbox_exact);
  ADD ("trace", test_mbox_trace);
  ADD ("gap", test_mbox_gap);
  ADD ("large", test_mbox_large);
  ADD ("many", test_mbox_many);
  ADD ("names", test_mbox_names);
  ADD ("prepare", test_mbox_prepare);
  ADD ("properties", test_mbox_properties);
  ADD ("failures", test_mbox_failures);
  ADD ("no-path", test_mbox_no_path);
  ADD ("file-size-limit", test_mbox_file_size_limit);
  ADD ("full", test_mbox_full);
  ADD ("dot-lock", test_mbox_dot_lock);
  ADD ("stale-dot-lock", test_mbox_stale_dot_lock);
  ADD ("locked-by-process", test_mbox_locked_by_process);
  ADD ("locked-for-long", test_mbox_locked_for_long);
  ADD ("replaced", test_mbox_replaced);
  ADD ("spool", test_mbox_spool);
  ADD ("client-leaves", test_mbox_client_leaves);
  ADD ("handler-ends", test_mbox_handler_ends);
  ADD ("several", test_mbox_several);
  ADD ("cancelled", test_mbox_cancelled);
  ADD ("lock-errors", test_mbox_lock_errors);
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  mount_tiny_disk ();
  add_tests ();
  result = g_test_run ();
  unmount_tiny_disk ();

  return result;
}
