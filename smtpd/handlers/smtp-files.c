/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-files.h"

#include <errno.h>

gboolean
smtp_files_fail (GError     **error,
                 const char  *what,
                 const char  *path)
{
  int saved_errno = errno;
  /* GIO has no code for a quota. */
  GIOErrorEnum code = saved_errno == EDQUOT ? G_IO_ERROR_NO_SPACE : g_io_error_from_errno (saved_errno);
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, code, "Cannot %s %s: %s",
               what, display_name, g_strerror (saved_errno));

  return FALSE;
}

gboolean
smtp_files_write (int         fd,
                  const void *data,
                  gsize       size)
{
  const char *octets = data;

  while (size > 0)
    {
      gssize written = write (fd, octets, size);

      if (written < 0 && errno != EINTR)
        return FALSE;
      if (written > 0)
        {
          octets += written;
          size -= written;
        }
    }

  return TRUE;
}

gboolean
smtp_files_sync (int fd)
{
  int result;

  do
    result = fsync (fd);
  while (result != 0 && errno == EINTR);

  return result == 0;
}

/* Some file systems know no fsync of a directory: what they promise, they promise
 * without it. */
gboolean
smtp_files_sync_directory (int fd)
{
  return smtp_files_sync (fd) || errno == EINVAL || errno == ENOTSUP;
}

/* So that a program may change its working directory later. Not made canonical: ".."
 * behind a symbolic link is for the kernel to resolve. */
char *
smtp_files_make_absolute (const char *path)
{
  g_autofree char *directory = NULL;

  if (path == NULL || g_path_is_absolute (path))
    return g_strdup (path);

  directory = g_get_current_dir ();

  return g_build_filename (directory, path, NULL);
}
