/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A real server with a handler: it runs in the main thread, blocking clients run in
 * threads of their own. */

#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <smtpd/smtpd.h>

#include "smtp-workers.h"

#define MESSAGE "Subject: x\r\n\r\none\r\n"

/* The server */

typedef struct
{
  SmtpServer *server;
  char *host_and_port;
  char *directory;
  char *maildir;
  char *last_exception;
} Fixture;

static SmtpVerdict
on_exception (SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope,
              SmtpRequest  *request,
              const GError *error,
              Fixture      *fixture)
{
  g_free (fixture->last_exception);
  fixture->last_exception = g_strdup (error->message);

  return SMTP_VERDICT_CONTINUE;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;

  fixture->server = smtp_server_new ();
  g_signal_connect (fixture->server, "handle-exception", G_CALLBACK (on_exception), fixture);
  smtp_server_listen (fixture->server, "127.0.0.1:0", SMTP_LISTENER_KIND_SMTP, &error);
  g_assert_no_error (error);

  addresses = smtp_server_dup_listen_addresses (fixture->server);
  g_assert_cmpuint (g_strv_length (addresses), ==, 1);
  fixture->host_and_port = g_strdup (addresses[0]);

  fixture->directory = g_dir_make_tmp ("smtpd-test-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->maildir = g_build_filename (fixture->directory, "maildir", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }

  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  gpointer server = fixture->server;

  while (smtp_server_get_n_sessions (fixture->server) > 0)
    g_main_context_iteration (NULL, TRUE);

  g_socket_listener_close (G_SOCKET_LISTENER (fixture->server));
  g_object_add_weak_pointer (G_OBJECT (fixture->server), &server);
  g_object_unref (fixture->server);

  /* A worker may still have to give its reference back. */
  while (g_atomic_pointer_get (&server) != NULL)
    g_main_context_iteration (NULL, FALSE);

  remove_tree (fixture->directory);
  g_free (fixture->host_and_port);
  g_free (fixture->directory);
  g_free (fixture->maildir);
  g_free (fixture->last_exception);
}

static void
add_handler (Fixture     *fixture,
             SmtpHandler *handler)
{
  smtp_server_add_handler (fixture->server, handler);
  g_object_unref (handler);
}

/* Clients */

typedef struct
{
  GSocketConnection *connection;
  GDataInputStream *input;
  char *last_line;
} Client;

/* Reads a reply to its last line; returns its code. */
static guint
client_read (Client *self)
{
  g_autoptr (GError) error = NULL;

  do
    {
      g_free (self->last_line);
      self->last_line = g_data_input_stream_read_line (self->input, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_nonnull (self->last_line);
      g_assert_cmpuint (strlen (self->last_line), >=, 4);
    }
  while (self->last_line[3] == '-');

  return g_ascii_strtoull (self->last_line, NULL, 10);
}

static void
client_write (Client     *self,
              const char *text,
              gsize       length)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (output, text, length, NULL, NULL, &error);
  g_assert_no_error (error);
}

static guint
client_command (Client     *self,
                const char *command)
{
  client_write (self, command, strlen (command));
  client_write (self, "\r\n", 2);

  return client_read (self);
}

static Client *
client_new (const char *host_and_port)
{
  g_autoptr (GSocketClient) socket_client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  Client *self = g_new0 (Client, 1);

  /* Connections on the loopback need no proxy resolver, which would want D-Bus. */
  g_socket_client_set_enable_proxy (socket_client, FALSE);
  self->connection = g_socket_client_connect_to_host (socket_client, host_and_port, 25, NULL, &error);
  g_assert_no_error (error);
  /* A command is written in two pieces. */
  g_socket_set_option (g_socket_connection_get_socket (self->connection), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  self->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_data_input_stream_set_newline_type (self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);

  g_assert_cmpuint (client_read (self), ==, 220);
  g_assert_cmpuint (client_command (self, "EHLO client.example.org"), ==, 250);

  return self;
}

static void
client_free (Client *self)
{
  g_object_unref (self->input);
  g_object_unref (self->connection);
  g_free (self->last_line);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

/* @message is sent as it is, and must be dot-stuffed; returns the code at its end. */
static guint
client_send (Client     *self,
             const char *message,
             gsize       length)
{
  g_assert_cmpuint (client_command (self, "MAIL FROM:<a@example.org> BODY=8BITMIME"), ==, 250);
  g_assert_cmpuint (client_command (self, "RCPT TO:<b@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (self, "DATA"), ==, 354);
  client_write (self, message, length);

  return client_command (self, ".");
}

/* Runs @func in a thread, and the server until it has returned. */

typedef struct
{
  const char *host_and_port;
  const char *message;
  gsize length;
  guint n_messages;
  guint code;       /* of the last one */
  char *last_line;
  gint running;
} Job;

static gpointer
send_messages (gpointer data)
{
  Job *job = data;
  g_autoptr (Client) client = client_new (job->host_and_port);
  g_autofree char *last_line = NULL;

  for (guint i = 0; i < job->n_messages; i++)
    {
      guint code = client_send (client, job->message, job->length);

      g_assert_true (i == 0 || code == job->code);
      job->code = code;
    }

  job->last_line = g_strdup (client->last_line);
  g_assert_cmpuint (client_command (client, "NOOP"), ==, 250);
  g_assert_cmpuint (client_command (client, "QUIT"), ==, 221);

  g_atomic_int_set (&job->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static GThread *
start_job (Fixture    *fixture,
           Job        *job,
           const char *message,
           gssize      length)
{
  job->host_and_port = fixture->host_and_port;
  job->message = message;
  job->length = length < 0 ? strlen (message) : (gsize) length;
  job->n_messages = MAX (job->n_messages, 1);
  job->running = TRUE;

  return g_thread_new ("client", send_messages, job);
}

static void
finish_job (GThread *thread,
            Job     *job)
{
  while (g_atomic_int_get (&job->running))
    g_main_context_iteration (NULL, TRUE);

  g_thread_join (thread);
}

/* Sends one message; the server's last line says what became of it. */
G_GNUC_UNUSED static guint
send_message (Fixture     *fixture,
              const char  *message,
              gssize       length,
              char       **last_line)
{
  Job job = { 0 };

  finish_job (start_job (fixture, &job, message, length), &job);

  if (last_line != NULL)
    *last_line = g_steal_pointer (&job.last_line);
  g_free (job.last_line);

  return job.code;
}

#define N_CLIENTS 20
#define N_MESSAGES 50

G_GNUC_UNUSED static void
send_at_once (Fixture     *fixture,
              const char **messages)
{
  GThread *threads[N_CLIENTS];
  Job jobs[N_CLIENTS] = { 0 };

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      jobs[i].n_messages = N_MESSAGES;
      threads[i] = start_job (fixture, &jobs[i], messages[i], -1);
    }

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      finish_job (threads[i], &jobs[i]);
      g_assert_cmpuint (jobs[i].code, ==, 250);
      g_free (jobs[i].last_line);
    }
}

/* For g_thread_new(), with a Job: does not wait for the reply. */
G_GNUC_UNUSED static gpointer
send_and_leave (gpointer data)
{
  Job *job = data;
  g_autoptr (Client) client = client_new (job->host_and_port);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (client_command (client, "MAIL FROM:<a@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "RCPT TO:<b@example.org>"), ==, 250);
  g_assert_cmpuint (client_command (client, "DATA"), ==, 354);
  client_write (client, "x\r\n.\r\n", 6);
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, &error);
  g_assert_no_error (error);

  g_atomic_int_set (&job->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

/* Keeps the worker threads busy. */

#define N_WORKERS 4

typedef struct
{
  GMutex lock;
  gint running;
} Obstacle;

G_GNUC_UNUSED static void
obstruct (gpointer data)
{
  Obstacle *obstacle = data;

  g_mutex_lock (&obstacle->lock);
  g_mutex_unlock (&obstacle->lock);
  g_atomic_int_dec_and_test (&obstacle->running);
}

/* Maildirs */

G_GNUC_UNUSED static guint
count_files (const char *maildir,
             const char *name)
{
  g_autofree char *path = g_build_filename (maildir, name, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* The only message there. */
G_GNUC_UNUSED static GBytes *
read_only_message (const char  *maildir,
                   char       **name)
{
  g_autofree char *new = g_build_filename (maildir, "new", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GDir) dir = g_dir_open (new, 0, NULL);
  g_autoptr (GError) error = NULL;
  const char *entry;
  char *content;
  gsize length;

  g_assert_nonnull (dir);
  entry = g_dir_read_name (dir);
  g_assert_nonnull (entry);
  path = g_build_filename (new, entry, NULL);
  if (name != NULL)
    *name = g_strdup (entry);
  g_assert_null (g_dir_read_name (dir));

  g_file_get_contents (path, &content, &length, &error);
  g_assert_no_error (error);

  return g_bytes_new_take (content, length);
}

G_GNUC_UNUSED static void
prepare_maildir (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  SmtpHandler *handler = smtp_maildir_handler_new (fixture->maildir);

  smtp_maildir_handler_prepare (SMTP_MAILDIR_HANDLER (handler), &error);
  g_assert_no_error (error);
  add_handler (fixture, handler);
}

/* Disks */

/* A file system with little room; NULL if none could be had. */
G_GNUC_UNUSED static char *tiny_disk;

/* In a name space of its own, so that it goes away with this process in any case. */
G_GNUC_UNUSED static void
mount_tiny_disk (void)
{
  g_autofree char *path = g_dir_make_tmp ("smtpd-test-XXXXXX", NULL);

  if (path == NULL)
    return;

  if (unshare (CLONE_NEWNS) == 0 &&
      mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
      mount ("tmpfs", path, "tmpfs", 0, "size=256k") == 0)
    tiny_disk = g_steal_pointer (&path);
  else
    g_rmdir (path);
}

G_GNUC_UNUSED static void
unmount_tiny_disk (void)
{
  if (tiny_disk == NULL)
    return;

  umount (tiny_disk);
  g_rmdir (tiny_disk);
  g_clear_pointer (&tiny_disk, g_free);
}
