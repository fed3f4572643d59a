/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "smtp-error.h"
#include "smtp-files.h"
#include "smtp-secret-private.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Lines. No error has anything in it of what stands in a line: it is for logs. */

static gboolean
fail (GError     **error,
      const char  *complaint)
{
  g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, complaint);

  return FALSE;
}

/* Neither a name nor a password can have control characters, by what SASL says of them (RFC 4013). */
static gboolean
check_text (const char  *line,
            gsize        length,
            GError     **error)
{
  if (length > SMTP_AUTH_FILE_MAX_LINE)
    {
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_TOO_LONG,
                   "The line has more than %d octets", SMTP_AUTH_FILE_MAX_LINE);
      return FALSE;
    }

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_iscntrl (line[i]) || line[i] == '\0')
        return fail (error, "The line has a control character in it");
    }

  return g_utf8_validate_len (line, length, NULL) || fail (error, "The line is not UTF-8");
}

/* @line ends in a NUL. */
static gboolean
take_line (GHashTable  *users,
           char        *line,
           gsize        length,
           GError     **error)
{
  SmtpSecret *secret;
  char *colon;

  if (length > 0 && line[length - 1] == '\r')
    line[--length] = '\0';

  if (!check_text (line, length, error))
    return FALSE;
  /* Of two files that were put together. It cannot be seen, and would be part of a name. */
  if (g_str_has_prefix (line, BYTE_ORDER_MARK))
    return fail (error, "The line begins with a byte order mark");
  if (length == 0 || *line == '#')
    return TRUE;

  colon = strchr (line, ':');
  if (colon == NULL || colon == line)
    return fail (error, "The line is not a user, a colon and a secret");

  *colon = '\0';
  if (g_hash_table_contains (users, line))
    return fail (error, "The user has a line already");

  secret = smtp_secret_parse (colon + 1, error);
  if (secret == NULL)
    return FALSE;
  g_hash_table_insert (users, g_strdup (line), secret);

  return TRUE;
}

GHashTable *
smtp_auth_file_parse (const char  *name,
                      char        *content,
                      gsize        size,
                      GError     **error)
{
  g_autoptr (GHashTable) users = NULL;
  char *line = content;
  char *end = content + size;
  guint number = 1;

  users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) smtp_secret_unref);
  if (g_str_has_prefix (content, BYTE_ORDER_MARK))
    line += strlen (BYTE_ORDER_MARK);

  while (line < end)
    {
      char *lf = memchr (line, '\n', end - line);
      char *line_end = lf != NULL ? lf : end;

      *line_end = '\0';
      if (!take_line (users, line, line_end - line, error))
        {
          g_prefix_error (error, "%s:%u: ", name, number);
          return NULL;
        }

      line = line_end + 1;
      number++;
    }

  return g_steal_pointer (&users);
}

/* The file */

static gboolean
check_mode (const char   *name,
            mode_t        mode,
            gboolean      allow_world_readable,
            GError      **error)
{
  const char *complaint = NULL;

  if (!S_ISREG (mode))
    complaint = "is not a regular file";
  else if (mode & S_IWOTH)
    complaint = "can be written by everybody";
  else if ((mode & S_IROTH) && !allow_world_readable)
    complaint = "can be read by everybody";

  if (complaint == NULL)
    return TRUE;

  g_set_error (error, G_IO_ERROR,
               S_ISREG (mode) ? G_IO_ERROR_PERMISSION_DENIED : G_IO_ERROR_NOT_REGULAR_FILE,
               "%s %s", name, complaint);

  return FALSE;
}

/* Up to @room octets; -1 if it does not go, for which errno is the reason. */
static gssize
read_all (int    fd,
          char  *content,
          gsize  room)
{
  gsize size = 0;

  while (size < room)
    {
      gssize n = read (fd, content + size, room - size);

      if (n == 0)
        break;
      if (n > 0)
        size += n;
      else if (errno != EINTR)
        return -1;
    }

  return size;
}

static GHashTable *
read_users (int          fd,
            const char  *path,
            const char  *name,
            gsize        size,
            GError     **error)
{
  /* One more than there should be, to see the end. */
  char *content = g_try_malloc (size + 2);
  GHashTable *users = NULL;
  gssize n;

  /* It may be large, and who has users already can do without it. */
  if (content == NULL)
    {
      errno = ENOMEM;
      smtp_files_fail (error, "read", path);
      return NULL;
    }

  n = read_all (fd, content, size + 1);
  if (n < 0)
    smtp_files_fail (error, "read", path);
  else if ((gsize) n > size)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s was changed while it was read", name);
  else
    {
      content[n] = '\0';
      users = smtp_auth_file_parse (name, content, n, error);
    }

  smtp_secret_wipe (content, size + 2);
  g_free (content);

  return users;
}

GHashTable *
smtp_auth_file_load (const char  *path,
                     gboolean     allow_world_readable,
                     GError     **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_auto (SmtpDescriptor) fd = -1;
  struct stat info;

  /* What is looked at is what is read. A pipe must not keep us waiting. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      smtp_files_fail (error, "read", path);
      return NULL;
    }

  if (!check_mode (name, info.st_mode, allow_world_readable, error))
    return NULL;

  if (info.st_size > SMTP_AUTH_FILE_MAX_SIZE)
    {
      g_set_error (error, SMTP_ERROR, SMTP_ERROR_TOO_LONG,
                   "%s has more than %d octets", name, SMTP_AUTH_FILE_MAX_SIZE);
      return NULL;
    }

  return read_users (fd, path, name, info.st_size, error);
}
