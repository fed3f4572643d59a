/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "smtp-files.h"

/* A name is unique, whatever the clock does; a second try is for the case that it isn't. */
#define MAX_TRIES 8

struct _SmtpMaildir
{
  char *path;             /* absolute */

  GMutex lock;
  gboolean synced;        /* the directories are on the disk */
  gboolean parent_synced; /* FALSE only after the Maildir was made */
};

SmtpMaildir *
smtp_maildir_new (const char *path)
{
  SmtpMaildir *self = g_atomic_rc_box_new0 (SmtpMaildir);

  g_mutex_init (&self->lock);
  self->path = smtp_files_make_absolute (path);
  self->parent_synced = TRUE;

  return self;
}

SmtpMaildir *
smtp_maildir_ref (SmtpMaildir *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  SmtpMaildir *self = data;

  g_free (self->path);
  g_mutex_clear (&self->lock);
}

void
smtp_maildir_unref (SmtpMaildir *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

const char *
smtp_maildir_get_path (SmtpMaildir *self)
{
  return self->path;
}

/* Directories */

/* Opens a directory, and makes it if it isn't there. */
static int
open_directory (int         parent,
                const char *name,
                gboolean   *made)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0 || errno != ENOENT)
    return fd;

  if (mkdirat (parent, name, 0700) == 0)
    *made = TRUE;
  else if (errno != EEXIST)
    return -1;

  return openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* No message may be answered with 250 in a directory that a crash could take away. */
static gboolean
sync_maildir (SmtpMaildir  *self,
              int           maildir,
              GError      **error)
{
  if (!smtp_files_sync_directory (maildir))
    return smtp_files_fail (error, "synchronize", self->path);

  if (!self->parent_synced)
    {
      g_auto (SmtpDescriptor) parent = openat (maildir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

      if (parent < 0 || !smtp_files_sync_directory (parent))
        return smtp_files_fail (error, "synchronize the directory of", self->path);
    }

  self->parent_synced = TRUE;
  self->synced = TRUE;

  return TRUE;
}

static gboolean
open_maildir_unlocked (SmtpMaildir     *self,
                       SmtpDescriptor  *tmp,
                       SmtpDescriptor  *new,
                       GError         **error)
{
  gboolean maildir_made = FALSE;
  gboolean made = FALSE;
  g_auto (SmtpDescriptor) maildir = open_directory (AT_FDCWD, self->path, &maildir_made);
  g_auto (SmtpDescriptor) cur = -1;

  if (maildir_made)
    self->parent_synced = FALSE;

  if (maildir < 0 ||
      (*tmp = open_directory (maildir, "tmp", &made)) < 0 ||
      (*new = open_directory (maildir, "new", &made)) < 0 ||
      (cur = open_directory (maildir, "cur", &made)) < 0)
    {
      smtp_files_fail (error, "open the Maildir", self->path);
      self->synced = self->synced && !made;
      return FALSE;
    }

  if (made || maildir_made)
    self->synced = FALSE;

  return self->synced || sync_maildir (self, maildir, error);
}

/* For each file anew: the directory may have been moved away, or emptied. Under a lock,
 * so that none goes on in directories that another is still making. */
static gboolean
open_maildir (SmtpMaildir     *self,
              SmtpDescriptor  *tmp,
              SmtpDescriptor  *new,
              GError         **error)
{
  gboolean opened;

  if (self->path == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The Maildir has no path");
      return FALSE;
    }

  g_mutex_lock (&self->lock);
  opened = open_maildir_unlocked (self, tmp, new, error);
  g_mutex_unlock (&self->lock);

  return opened;
}

gboolean
smtp_maildir_prepare (SmtpMaildir  *self,
                      GError      **error)
{
  g_auto (SmtpDescriptor) tmp = -1;
  g_auto (SmtpDescriptor) new = -1;

  if (!open_maildir (self, &tmp, &new, error))
    return FALSE;

  if (faccessat (tmp, ".", W_OK | X_OK, AT_EACCESS) != 0 ||
      faccessat (new, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return smtp_files_fail (error, "write to the Maildir", self->path);

  return TRUE;
}

/* Files */

/* As the Maildir specification has it: SECONDS.UNIQUE.HOST, where UNIQUE strings
 * together what cannot be the same twice. */
static char *
make_name (void)
{
  static guint counter = 0;
  gint64 now = g_get_real_time ();
  guint number = (guint) g_atomic_int_add (&counter, 1);
  g_autoptr (GString) host = g_string_new (g_get_host_name ());

  g_string_replace (host, "/", "\\057", 0);
  g_string_replace (host, ":", "\\072", 0);

  return g_strdup_printf ("%" G_GINT64_FORMAT ".M%" G_GINT64_FORMAT "P%ldQ%uR%08x.%s",
                          now / G_USEC_PER_SEC, now % G_USEC_PER_SEC, (long) getpid (), number,
                          g_random_int (), host->str);
}

static int
create_file (int    directory,
             char **name)
{
  int fd = -1;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *candidate = make_name ();

      fd = openat (directory, candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd >= 0)
        *name = g_steal_pointer (&candidate);
      if (fd >= 0 || errno != EEXIST)
        break;
    }

  return fd;
}

int
smtp_maildir_create (SmtpMaildir  *self,
                     char        **name,
                     GError      **error)
{
  g_auto (SmtpDescriptor) tmp = -1;
  g_auto (SmtpDescriptor) new = -1;
  int fd;

  if (!open_maildir (self, &tmp, &new, error))
    return -1;

  fd = create_file (tmp, name);
  if (fd < 0)
    smtp_files_fail (error, "create a file in", self->path);

  return fd;
}

void
smtp_maildir_discard (SmtpMaildir *self,
                      const char  *name)
{
  g_autofree char *path = g_build_filename (self->path, "tmp", name, NULL);

  unlink (path);
}

/* A link never replaces a file that is there, as a rename would. Renames are for file
 * systems without hard links. */
static gboolean
move_file (int         tmp,
           int         new,
           const char *name)
{
  if (linkat (tmp, name, new, name, 0) == 0)
    {
      unlinkat (tmp, name, 0);
      return TRUE;
    }

  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
    return FALSE;

  return renameat (tmp, name, new, name) == 0;
}

gboolean
smtp_maildir_publish (SmtpMaildir  *self,
                      const char   *name,
                      GError      **error)
{
  g_auto (SmtpDescriptor) tmp = -1;
  g_auto (SmtpDescriptor) new = -1;

  if (!open_maildir (self, &tmp, &new, error))
    return FALSE;

  if (!move_file (tmp, new, name))
    return smtp_files_fail (error, "move a message to \"new\" in", self->path);

  if (!smtp_files_sync_directory (new))
    {
      smtp_files_fail (error, "synchronize", self->path);
      /* It is refused, so it will come again. */
      unlinkat (new, name, 0);
      return FALSE;
    }

  return TRUE;
}
