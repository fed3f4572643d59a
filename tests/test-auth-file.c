/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The handler that knows users from a file: which files it reads, and whom it lets in. */

#include "handler-fixture.h"

#include <sys/stat.h>

#include "handlers/smtp-auth-file.h"

/* Of "pencil", RFC 7677 section 3. */
#define KEYS "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
             "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* What must be in no error. */
#define SECRET "sesame"

/* Lines */

static GHashTable *
parse (const char  *content,
       gsize        size,
       GError     **error)
{
  g_autofree char *copy = g_malloc (size + 1);

  memcpy (copy, content, size);
  copy[size] = '\0';

  return smtp_auth_file_parse ("users", copy, size, error);
}

static void
assert_password (GHashTable *users,
                 const char *name,
                 const char *password)
{
  SmtpSecret *secret = g_hash_table_lookup (users, name);

  g_assert_nonnull (secret);
  g_assert_true (smtp_secret_check_password (secret, password));
  g_assert_false (smtp_secret_check_password (secret, "something else"));
}

static void
test_lines (void)
{
  const char *content = "\xEF\xBB\xBF# users: 7\r\n"
                        "\n"
                        "alice:" SECRET "\n"
                        "Alice:" SECRET "2\r\n"
                        "bob:" KEYS "\n"
                        "colons:a:b:c\n"
                        "braces:{PLAIN}{x}\n"
                        " spaces : # \n"
                        "j\xC3\xBCrgen:s\xC3\xBC\xC3\x9F";
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) users = parse (content, strlen (content), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (users), ==, 7);
  assert_password (users, "alice", SECRET);
  assert_password (users, "Alice", SECRET "2");
  assert_password (users, "bob", "pencil");
  assert_password (users, "colons", "a:b:c");
  assert_password (users, "braces", "{x}");
  assert_password (users, " spaces ", " # ");
  assert_password (users, "j\xC3\xBCrgen", "s\xC3\xBC\xC3\x9F");
}

static void
test_no_users (void)
{
  static const char * const contents[] = { "", "\n", "\r\n\r\n", "# nobody", "#\n" };

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GHashTable) users = parse (contents[i], strlen (contents[i]), &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_hash_table_size (users), ==, 0);
    }
}

static void
test_bad_lines (void)
{
#define TEXT(text) text, sizeof text - 1
  static const struct
  {
    const char *content;
    gsize size;
    const char *place;
  } cases[] =
  {
    { TEXT (SECRET), "users:1: " },
    { TEXT ("a:x\n\n" SECRET "\n"), "users:3: " },
    { TEXT (":" SECRET "\n"), "users:1: " },
    { TEXT ("a:\n"), "users:1: " },
    { TEXT ("a:\r\n"), "users:1: " },
    { TEXT ("a:{PLAIN}\n"), "users:1: " },
    { TEXT ("# x\na:{MD5}" SECRET), "users:2: " },
    { TEXT ("a:{" SECRET), "users:1: " },
    { TEXT ("a:{SCRAM-SHA-256}" SECRET), "users:1: " },
    { TEXT ("a:{SCRAM-SHA-256}4096," SECRET ",eHg=,eHg="), "users:1: " },
    { TEXT ("a:" SECRET "\nb:x\na:" SECRET "2\n"), "users:3: " },
    { TEXT ("a:" SECRET "\0\n"), "users:1: " },
    { TEXT ("\0a:" SECRET "\n"), "users:1: " },
    { TEXT ("a:x\n#\0\n"), "users:2: " },
    { TEXT ("a:" SECRET "\t\n"), "users:1: " },
    { TEXT ("a:" SECRET "\r\r\n"), "users:1: " },
    { TEXT ("a\rb:" SECRET "\n"), "users:1: " },
    { TEXT ("a:" SECRET "\xFC\n"), "users:1: " },
    { TEXT ("a:" SECRET "\xC3"), "users:1: " },
    { TEXT ("j\xFC:" SECRET "\n"), "users:1: " },
    { TEXT ("a:x\n# \xFC\n"), "users:2: " },
    { TEXT ("a:x\n\xEF\xBB\xBF" "b:" SECRET "\n"), "users:2: " },
    { TEXT ("\xEF\xBB\xBF\xEF\xBB\xBF" "b:" SECRET "\n"), "users:1: " },
  };
#undef TEXT

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GHashTable) users = parse (cases[i].content, cases[i].size, &error);

      g_test_message ("case %u", i);
      g_assert_null (users);
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
      g_assert_true (g_str_has_prefix (error->message, cases[i].place));
      g_assert_null (strstr (error->message, SECRET));
    }
}

static void
test_long_lines (void)
{
  for (guint extra = 0; extra <= 1; extra++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GHashTable) users = NULL;
      g_autoptr (GString) content = g_string_new ("x:y\na:");

      while (content->len < strlen ("x:y\n") + SMTP_AUTH_FILE_MAX_LINE + extra)
        g_string_append_c (content, 'z');
      g_string_append (content, "\r\n");

      users = parse (content->str, content->len, &error);
      g_assert_cmpint (users != NULL, ==, extra == 0);
      if (extra == 0)
        continue;
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_TOO_LONG);
      g_assert_true (g_str_has_prefix (error->message, "users:2: "));
    }
}

/* Files */

static char *
write_users (Fixture    *fixture,
             const char *content,
             int         mode)
{
  char *path = g_build_filename (fixture->directory, "users", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, content, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);

  return path;
}

static SmtpAuthFileHandler *
load (const char *path)
{
  g_autoptr (GError) error = NULL;
  SmtpHandler *handler = smtp_auth_file_handler_new (path, &error);

  g_assert_no_error (error);

  return SMTP_AUTH_FILE_HANDLER (handler);
}

/* The error names the file. */
static void
assert_refused (const char *path,
                GQuark      domain,
                int         code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_filename_display_name (path);

  g_assert_null (smtp_auth_file_handler_new (path, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, name));
}

static void
test_object (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = write_users (fixture, "a:x\nb:y\n", 0600);
  g_autoptr (SmtpAuthFileHandler) handler = load (path);
  g_autoptr (SmtpAuthFileHandler) unread = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (smtp_auth_file_handler_get_path (handler), ==, path);
  g_assert_cmpuint (smtp_auth_file_handler_get_n_users (handler), ==, 2);
  g_assert_false (smtp_auth_file_handler_get_allow_world_readable (handler));

  unread = g_object_new (SMTP_TYPE_AUTH_FILE_HANDLER, NULL);
  g_assert_null (smtp_auth_file_handler_get_path (unread));
  g_assert_cmpuint (smtp_auth_file_handler_get_n_users (unread), ==, 0);
  g_assert_false (smtp_auth_file_handler_reload (unread, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_permissions (Fixture       *fixture,
                  gconstpointer  data)
{
  static const int good[] = { 0600, 0640, 0660, 0400, 0601 };
  static const int bad[] = { 0644, 0604, 0664, 0602, 0666 };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = write_users (fixture, "a:x\n", good[i]);
      g_autoptr (SmtpAuthFileHandler) handler = load (path);

      g_assert_cmpuint (smtp_auth_file_handler_get_n_users (handler), ==, 1);
    }

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = write_users (fixture, "a:x\n", bad[i]);
      g_autoptr (SmtpAuthFileHandler) handler = NULL;
      g_autoptr (GError) error = NULL;
      gboolean writable = (bad[i] & 0002) != 0;

      assert_refused (path, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      handler = g_object_new (SMTP_TYPE_AUTH_FILE_HANDLER, "path", path, "allow-world-readable", TRUE, NULL);
      g_assert_cmpint (smtp_auth_file_handler_reload (handler, &error), ==, !writable);
      g_assert_cmpuint (smtp_auth_file_handler_get_n_users (handler), ==, writable ? 0 : 1);

      /* It counts for the next time. */
      smtp_auth_file_handler_set_allow_world_readable (handler, FALSE);
      g_clear_error (&error);
      g_assert_false (smtp_auth_file_handler_reload (handler, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      g_assert_cmpuint (smtp_auth_file_handler_get_n_users (handler), ==, writable ? 0 : 1);
    }
}

static void
test_no_files (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "users", NULL);
  g_autofree char *link = g_build_filename (fixture->directory, "link", NULL);
  g_autofree char *big = NULL;

  assert_refused (path, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_refused (fixture->directory, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);

  /* Nobody writes into it. */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_refused (path, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  g_assert_cmpint (g_unlink (path), ==, 0);

  /* What a link leads to counts. */
  big = write_users (fixture, "a:x\n", 0644);
  g_assert_cmpint (symlink ("users", link), ==, 0);
  assert_refused (link, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_object_unref (load (link));

  g_assert_cmpint (truncate (path, SMTP_AUTH_FILE_MAX_SIZE + 1), ==, 0);
  assert_refused (path, SMTP_ERROR, SMTP_ERROR_TOO_LONG);
}

/* The server */

/* What a thread asks for; NULL ends it. */
typedef struct
{
  const char *host_and_port;
  const char *command;
  char *last_line;
  guint code;
  gint running;
} Login;

static gpointer
log_in (gpointer data)
{
  Login *login = data;
  g_autoptr (Client) client = client_new (login->host_and_port);

  login->code = client_command (client, login->command);
  login->last_line = g_strdup (client->last_line);
  g_assert_cmpuint (client_command (client, "QUIT"), ==, 221);

  g_atomic_int_set (&login->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static guint
run_command (Fixture    *fixture,
             const char *command)
{
  Login login = { .host_and_port = fixture->host_and_port, .command = command, .running = TRUE };
  GThread *thread = g_thread_new ("client", log_in, &login);

  while (g_atomic_int_get (&login.running))
    g_main_context_iteration (NULL, TRUE);

  g_thread_join (thread);
  g_free (login.last_line);

  return login.code;
}

static guint
log_in_plain (Fixture    *fixture,
              const char *name,
              const char *password)
{
  g_autoptr (GString) message = g_string_new (NULL);
  g_autofree char *base64 = NULL;
  g_autofree char *command = NULL;

  g_string_append_c (message, '\0');
  g_string_append (message, name);
  g_string_append_c (message, '\0');
  g_string_append (message, password);
  base64 = g_base64_encode ((const guchar *) message->str, message->len);
  command = g_strconcat ("AUTH PLAIN ", base64, NULL);

  return run_command (fixture, command);
}

static void
allow_clear (SmtpServer *server)
{
  static const char * const mechanisms[] = { "PLAIN", NULL };

  smtp_server_set_auth_requires_tls (server, FALSE);
  smtp_server_set_auth_mechanisms (server, mechanisms);
  smtp_server_set_auth_failure_delay (server, 0);
}

static void
test_log_in (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = write_users (fixture, "alice:" SECRET "\nbob:" KEYS "\n", 0600);

  allow_clear (fixture->server);
  add_handler (fixture, SMTP_HANDLER (load (path)));

  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 235);
  g_assert_cmpuint (log_in_plain (fixture, "bob", "pencil"), ==, 235);
  g_assert_cmpuint (log_in_plain (fixture, "alice", "pencil"), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "bob", KEYS), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "Alice", SECRET), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "alice ", SECRET), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "carol", SECRET), ==, 535);
  g_assert_null (fixture->last_exception);
}

static void
test_reload (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = write_users (fixture, "alice:" SECRET "\n", 0600);
  g_autoptr (SmtpAuthFileHandler) handler = load (path);
  g_autoptr (GError) error = NULL;

  allow_clear (fixture->server);
  smtp_server_add_handler (fixture->server, SMTP_HANDLER (handler));

  /* A bad file changes nothing, whatever stands in front of the bad line. */
  g_free (write_users (fixture, "alice:other\nbob\n", 0600));
  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 235);
  g_assert_false (smtp_auth_file_handler_reload (handler, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 235);
  g_assert_cmpuint (log_in_plain (fixture, "alice", "other"), ==, 535);

  /* Nor does one that is gone. */
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (smtp_auth_file_handler_reload (handler, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 235);

  g_free (write_users (fixture, "bob:other\n", 0600));
  g_clear_error (&error);
  g_assert_true (smtp_auth_file_handler_reload (handler, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "bob", "other"), ==, 235);
}

static void
test_two_handlers (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autofree char *path = write_users (fixture, "alice:one\n", 0600);

  allow_clear (fixture->server);
  add_handler (fixture, SMTP_HANDLER (load (path)));
  g_free (write_users (fixture, "alice:two\nbob:two\n", 0600));
  add_handler (fixture, SMTP_HANDLER (load (path)));

  g_assert_cmpuint (log_in_plain (fixture, "alice", "one"), ==, 235);
  g_assert_cmpuint (log_in_plain (fixture, "alice", "two"), ==, 535);
  g_assert_cmpuint (log_in_plain (fixture, "bob", "two"), ==, 235);
}

/* Nobody knows whether there are users: that is not the client's fault. */
static void
test_unread (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = write_users (fixture, "alice:" SECRET "\n", 0600);

  allow_clear (fixture->server);
  add_handler (fixture, g_object_new (SMTP_TYPE_AUTH_FILE_HANDLER, "path", path, NULL));

  g_assert_cmpuint (log_in_plain (fixture, "alice", SECRET), ==, 454);
  g_assert_cmpstr (fixture->last_exception, ==, "No file with users was read");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth-file/lines", test_lines);
  g_test_add_func ("/auth-file/no-users", test_no_users);
  g_test_add_func ("/auth-file/bad-lines", test_bad_lines);
  g_test_add_func ("/auth-file/long-lines", test_long_lines);
#define ADD(name, func) g_test_add ("/auth-file/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("object", test_object);
  ADD ("permissions", test_permissions);
  ADD ("no-files", test_no_files);
  ADD ("log-in", test_log_in);
  ADD ("reload", test_reload);
  ADD ("two-handlers", test_two_handlers);
  ADD ("unread", test_unread);
#undef ADD

  return g_test_run ();
}
