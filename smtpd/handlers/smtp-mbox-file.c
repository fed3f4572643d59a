/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mbox-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "smtp-files.h"
#include "smtp-mbox-writer.h"

/* Between two tries for the lock. Nobody tells when it is free. */
#define FIRST_WAIT (2 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_WAIT (100 * G_TIME_SPAN_MILLISECOND)

/* Programs that are killed leave their dot lock behind, and nobody else takes it away.
 * No program needs so long for a delivery; other programs wait for the same time. */
#define STALE_AFTER (5 * 60)

struct _SmtpMboxFile
{
  char *path;
  char *lock_path;

  /* That one is to be found after a crash: its name is on the disk. */
  dev_t synced_device;
  ino_t synced_inode;

  /* While it is locked. */
  int fd;
  int dot_lock;     /* -1 if the directory allows none */
  struct stat info; /* as it was found */
};

SmtpMboxFile *
smtp_mbox_file_new (const char *path)
{
  SmtpMboxFile *self = g_new0 (SmtpMboxFile, 1);

  self->path = g_strdup (path);
  self->lock_path = g_strconcat (path, ".lock", NULL);
  self->fd = -1;
  self->dot_lock = -1;

  return self;
}

void
smtp_mbox_file_free (SmtpMboxFile *self)
{
  smtp_mbox_file_unlock (self);
  g_free (self->path);
  g_free (self->lock_path);
  g_free (self);
}

/* Opening */

/* A pipe must not block, a terminal not become ours; both are refused afterwards. */
static int
open_file (const char   *path,
           struct stat  *info,
           GError      **error)
{
  g_auto (SmtpDescriptor) fd =
    open (path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

  if (fd < 0 || fstat (fd, info) != 0)
    {
      smtp_files_fail (error, "open", path);
      return -1;
    }

  if (!S_ISREG (info->st_mode))
    {
      g_autofree char *display_name = g_filename_display_name (path);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a regular file", display_name);
      return -1;
    }

  return g_steal_fd (&fd);
}

gboolean
smtp_mbox_file_check (const char  *path,
                      GError     **error)
{
  struct stat info;
  g_auto (SmtpDescriptor) fd = open_file (path, &info, error);

  return fd >= 0;
}

/* Locking */

static gboolean
fail_as_busy (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "The mailbox is locked");

  return FALSE;
}

/* One that belongs to the open file excludes other handlers of this process too, and is
 * not lost when somebody else in it opens and closes the file. */
static gboolean
lock_with_fcntl (SmtpMboxFile  *self,
                 GError       **error)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  if (fcntl (self->fd, F_OFD_SETLK, &lock) == 0)
    return TRUE;
  if (errno == EAGAIN || errno == EACCES)
    return fail_as_busy (error);

  return smtp_files_fail (error, "lock", self->path);
}

/* Programs that sort or empty a mailbox put a new file in its place: what is appended to
 * the old one then is lost. */
static gboolean
find_in_place (SmtpMboxFile  *self,
               GError       **error)
{
  struct stat info;

  if (fstat (self->fd, &self->info) != 0)
    return smtp_files_fail (error, "look at", self->path);
  if (stat (self->path, &info) != 0)
    return errno == ENOENT ? fail_as_busy (error) : smtp_files_fail (error, "look at", self->path);

  return (info.st_dev == self->info.st_dev && info.st_ino == self->info.st_ino) || fail_as_busy (error);
}

static gboolean
is_stale (const struct stat *info)
{
  return g_get_real_time () / G_USEC_PER_SEC - info->st_mtime >= STALE_AFTER;
}

/* Programs that have it may take their fcntl() lock later, or for a while give it up, and
 * must not find that of somebody who only tries. */
static gboolean
find_no_dot_lock (SmtpMboxFile  *self,
                  GError       **error)
{
  struct stat info;

  return lstat (self->lock_path, &info) != 0 || is_stale (&info) || fail_as_busy (error);
}

/* Between the look and the unlink another program may do the same and have the lock
 * already: who uses fcntl too does not get here meanwhile. */
static gboolean
remove_stale_lock (SmtpMboxFile *self)
{
  g_autofree char *display_name = NULL;
  struct stat info;

  if (lstat (self->lock_path, &info) != 0)
    return errno == ENOENT;
  if (!is_stale (&info) || unlink (self->lock_path) != 0)
    return FALSE;

  display_name = g_filename_display_name (self->lock_path);
  g_message ("%s was left behind, and is removed", display_name);

  return TRUE;
}

static int
create_dot_lock (SmtpMboxFile *self)
{
  return open (self->lock_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Where users may not make files, as in a mail spool, they have no dot locks either. */
static gboolean
lock_with_file (SmtpMboxFile  *self,
                GError       **error)
{
  self->dot_lock = create_dot_lock (self);
  if (self->dot_lock < 0 && errno == EEXIST)
    {
      if (!remove_stale_lock (self))
        return fail_as_busy (error);
      self->dot_lock = create_dot_lock (self);
    }

  if (self->dot_lock >= 0 || errno == EACCES || errno == EPERM || errno == EROFS)
    return TRUE;
  if (errno == EEXIST)
    return fail_as_busy (error);

  return smtp_files_fail (error, "create", self->lock_path);
}

/* Who finds the second lock taken gives the first one back before it waits: so programs
 * that lock in another order do not wait for each other for ever. */
static gboolean
try_lock (SmtpMboxFile  *self,
          GError       **error)
{
  self->fd = open_file (self->path, &self->info, error);

  if (self->fd >= 0 && find_no_dot_lock (self, error) && lock_with_fcntl (self, error) &&
      find_in_place (self, error) && lock_with_file (self, error))
    return TRUE;

  smtp_mbox_file_unlock (self);

  return FALSE;
}

gboolean
smtp_mbox_file_lock (SmtpMboxFile  *self,
                     gint64         deadline,
                     GCancellable  *cancellable,
                     GError       **error)
{
  gint64 wait = FIRST_WAIT;

  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_autoptr (GError) reason = NULL;

      if (try_lock (self, &reason))
        return TRUE;

      if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_BUSY) ||
          g_get_monotonic_time () >= deadline)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }

      g_usleep (wait);
      wait = MIN (2 * wait, LONGEST_WAIT);
    }

  return FALSE;
}

void
smtp_mbox_file_unlock (SmtpMboxFile *self)
{
  struct stat info;

  if (self->dot_lock >= 0)
    {
      /* After a long sleep of the machine, another program may have taken it for stale:
       * the one that is there now is not ours. */
      if (fstat (self->dot_lock, &info) == 0 && info.st_nlink > 0)
        unlink (self->lock_path);
      close (g_steal_fd (&self->dot_lock));
    }

  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
}

/* Appending */

typedef struct
{
  SmtpMboxFile *file;
  GCancellable *cancellable;
  GError **error;
} Output;

static gboolean
write_piece (const guint8 *data,
             gsize         size,
             gpointer      user_data)
{
  Output *output = user_data;

  if (g_cancellable_set_error_if_cancelled (output->cancellable, output->error))
    return FALSE;

  return smtp_files_write (output->file->fd, data, size) ||
         smtp_files_fail (output->error, "write a message to", output->file->path);
}

static gboolean
write_bytes (SmtpMboxWriter *writer,
             GBytes         *bytes)
{
  gsize size = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  return smtp_mbox_writer_write (writer, data, size);
}

/* A separator stands at the start of a line, behind an empty one: the last program that
 * wrote may have been killed, or not have been asked for more than lines. */
static const char *
get_gap (SmtpMboxFile *self)
{
  char end[2] = { '\n', '\n' };
  gsize length = MIN (self->info.st_size, 2);

  /* An empty line too many does no harm. */
  if (length > 0 && pread (self->fd, end + 2 - length, length, self->info.st_size - length) != (gssize) length)
    return "\n\n";

  if (end[1] != '\n')
    return "\n\n";

  return end[0] == '\n' ? "" : "\n";
}

static gboolean
write_message (SmtpMboxFile  *self,
               const char    *separator,
               GBytes        *trace,
               GBytes        *content,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autofree SmtpMboxWriter *writer = g_new (SmtpMboxWriter, 1);
  g_autofree char *head = g_strconcat (get_gap (self), separator, NULL);
  Output output = { self, cancellable, error };

  smtp_mbox_writer_init (writer, write_piece, &output);

  return write_piece ((const guint8 *) head, strlen (head), &output) &&
         write_bytes (writer, trace) && write_bytes (writer, content) &&
         smtp_mbox_writer_finish (writer);
}

/* A file that is new, or was put in the place of another, has its name in the directory
 * of which the file itself knows nothing. Behind symbolic links that is the last one. */
static gboolean
sync_name (SmtpMboxFile  *self,
           GError       **error)
{
  gboolean known = self->info.st_size > 0 && self->info.st_dev == self->synced_device &&
                   self->info.st_ino == self->synced_inode;
  g_autofree char *directory = NULL;
  g_auto (SmtpDescriptor) fd = -1;
  char *real_path;

  if (known)
    return TRUE;

  real_path = realpath (self->path, NULL);
  if (real_path != NULL)
    {
      directory = g_path_get_dirname (real_path);
      free (real_path);
      fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }

  /* One that may not be read is synchronized with all the rest. */
  if (fd < 0 ? errno != EACCES || syncfs (self->fd) != 0 : !smtp_files_sync_directory (fd))
    return smtp_files_fail (error, "synchronize the directory of", self->path);

  self->synced_device = self->info.st_dev;
  self->synced_inode = self->info.st_ino;

  return TRUE;
}

static void
take_back (SmtpMboxFile *self)
{
  g_autofree char *display_name = NULL;
  int saved_errno;

  if (ftruncate (self->fd, self->info.st_size) == 0 && smtp_files_sync (self->fd))
    return;

  saved_errno = errno;
  display_name = g_filename_display_name (self->path);
  g_warning ("A message that was not delivered cannot be removed from %s: %s",
             display_name, g_strerror (saved_errno));
}

gboolean
smtp_mbox_file_append (SmtpMboxFile  *self,
                       const char    *separator,
                       GBytes        *trace,
                       GBytes        *content,
                       GCancellable  *cancellable,
                       GError       **error)
{
  if (write_message (self, separator, trace, content, cancellable, error))
    {
      if (!smtp_files_sync (self->fd))
        smtp_files_fail (error, "synchronize", self->path);
      else if (sync_name (self, error) && !g_cancellable_set_error_if_cancelled (cancellable, error))
        return TRUE;
    }

  take_back (self);

  return FALSE;
}
