/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-password.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_PASSWORD 1024

/* With room for CR LF and NUL. */
typedef char Password[MAX_PASSWORD + 3];

static volatile sig_atomic_t caught = 0;

/* What is held back while nothing is awaited: a signal just before read() would not be seen by it. */
static const sigset_t *awaiting = NULL;

static gboolean
fail (GError     **error,
      const char  *complaint)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, complaint);

  return FALSE;
}

static gboolean
await_input (void)
{
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
  int n;

  do
    n = ppoll (&input, 1, NULL, awaiting);
  while (n < 0 && errno == EINTR && caught == 0);

  return n >= 0;
}

/* A line, or what there is of it, octet by octet: behind it may be something for others. */
static gboolean
read_line (Password   line,
           gsize     *length,
           GError   **error)
{
  gssize n = 0;

  for (*length = 0; *length < sizeof (Password) - 1; (*length)++)
    {
      do
        n = await_input () ? read (STDIN_FILENO, line + *length, 1) : -1;
      while (n < 0 && errno == EINTR && caught == 0);

      if (n <= 0 || line[*length] == '\n')
        break;
    }

  line[*length] = '\0';
  if (n < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot read the password: %s",
                   g_strerror (errno));
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_password (const char  *password,
                gsize        length,
                GError     **error)
{
  if (length == 0)
    return fail (error, "The password is empty");
  if (length > MAX_PASSWORD)
    return fail (error, "The password is longer than 1024 octets");
  if (!g_utf8_validate_len (password, length, NULL))
    return fail (error, "The password is not UTF-8");

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_iscntrl (password[i]))
        return fail (error, "The password has a control character in it");
    }

  return TRUE;
}

static gboolean
read_password (Password   password,
               GError   **error)
{
  gsize length;

  if (!read_line (password, &length, error))
    return FALSE;

  if (length > 0 && password[length - 1] == '\r')
    password[--length] = '\0';

  return check_password (password, length, error);
}

/* Terminals */

static void
catch (int number)
{
  caught = number;
}

static gboolean
prompt (const char  *user,
        const char  *addition,
        Password     password,
        GError     **error)
{
  gboolean good;

  fprintf (stderr, "Password for %s%s: ", user, addition);
  fflush (stderr);
  good = read_password (password, error);
  fputc ('\n', stderr);

  return good;
}

static gboolean
prompt_twice (const char  *user,
              Password     password,
              GError     **error)
{
  Password again = "";
  gboolean good = prompt (user, "", password, error) &&
                  prompt (user, ", once more", again, error) &&
                  (strcmp (password, again) == 0 || fail (error, "These are two passwords"));

  explicit_bzero (again, sizeof again);

  return good;
}

/* Whatever ends it, the terminal must not be left without an echo: signals wait until it has one. */
static gboolean
ask_terminal (const char  *user,
              Password     password,
              GError     **error)
{
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
  struct sigaction action = { .sa_handler = catch }, old_actions[G_N_ELEMENTS (signals)];
  struct termios old_mode, mode;
  sigset_t held_back, old_mask;
  gboolean good;

  if (tcgetattr (STDIN_FILENO, &old_mode) != 0)
    return fail (error, "The terminal cannot be kept from showing the password");

  sigemptyset (&held_back);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      sigaddset (&held_back, signals[i]);
      sigaction (signals[i], &action, &old_actions[i]);
    }
  sigprocmask (SIG_BLOCK, &held_back, &old_mask);
  awaiting = &old_mask;

  mode = old_mode;
  mode.c_lflag &= ~(tcflag_t) (ECHO | ECHONL);
  good = tcsetattr (STDIN_FILENO, TCSAFLUSH, &mode) == 0 ? prompt_twice (user, password, error)
                                                         : fail (error, "The terminal would show the password");
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &old_mode);

  awaiting = NULL;
  sigprocmask (SIG_SETMASK, &old_mask, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &old_actions[i], NULL);
  if (caught != 0)
    raise (caught);

  return good;
}

SmtpSecret *
gsmtpd_password_derive (const char  *user,
                        GError     **error)
{
  Password password = "";
  SmtpSecret *secret = NULL;

  if (isatty (STDIN_FILENO) ? ask_terminal (user, password, error) : read_password (password, error))
    secret = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, password, 0, error);

  explicit_bzero (password, sizeof password);

  return secret;
}
