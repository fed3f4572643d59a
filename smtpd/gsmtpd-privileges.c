/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-privileges.h"

#include <errno.h>
#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

void
gsmtpd_privileges_clear (GsmtpdPrivileges *self)
{
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->directory, g_free);
}

static gboolean
fail (GError     **error,
      const char  *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Cannot %s: %s", what,
               g_strerror (saved_errno));

  return FALSE;
}

static gboolean
fail_as_option (GError     **error,
                const char  *what,
                const char  *value)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "There is no %s \"%s\"", what, value);

  return FALSE;
}

/* Looking up */

static const struct passwd *
find_user (const char *name)
{
  const struct passwd *entry = getpwnam (name);
  guint64 number;

  if (entry == NULL && g_ascii_string_to_unsigned (name, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    entry = getpwuid ((uid_t) number);

  return entry;
}

static gboolean
find_group (const char *name,
            gid_t      *gid)
{
  const struct group *entry = getgrnam (name);
  guint64 number;

  if (entry != NULL)
    *gid = entry->gr_gid;
  else if (g_ascii_string_to_unsigned (name, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    *gid = (gid_t) number;
  else
    return FALSE;

  return TRUE;
}

static gboolean
look_up (GsmtpdPrivileges  *self,
         const char        *text,
         GError           **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  const struct passwd *user = parts[0] != NULL && *parts[0] != '\0' ? find_user (parts[0]) : NULL;

  if (user == NULL)
    return fail_as_option (error, "user", text);

  self->user = g_strdup (user->pw_name);
  self->uid = user->pw_uid;
  self->gid = user->pw_gid;
  if (parts[1] != NULL && !find_group (parts[1], &self->gid))
    return fail_as_option (error, "group", parts[1]);
  if (self->uid != 0)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "--user is for becoming somebody with less power than \"%s\"", text);

  return FALSE;
}

gboolean
gsmtpd_privileges_init (GsmtpdPrivileges  *self,
                        const char        *user,
                        const char        *directory,
                        GError           **error)
{
  if (user != NULL && !look_up (self, user, error))
    return FALSE;

  if (directory != NULL && user == NULL)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "--chroot needs --user: it holds nobody who may do everything");
      return FALSE;
    }
  self->directory = g_strdup (directory);

  return TRUE;
}

/* Dropping */

/* Who may write there could put files in it that the library finds, such as a configuration of names. */
static gboolean
enter_directory (const char  *directory,
                 uid_t        uid,
                 GError     **error)
{
  g_autofree char *what = g_strdup_printf ("change the root directory to %s", directory);
  struct stat info;

  /* It is read once, and kept. */
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (now == NULL || chdir (directory) != 0 || stat (".", &info) != 0)
    return fail (error, what);

  if (info.st_uid == uid || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "Cannot %s: others than root may write to it", what);
      return FALSE;
    }

  return (chroot (".") == 0 && chdir ("/") == 0) || fail (error, what);
}

static gboolean
become (const GsmtpdPrivileges  *self,
        GError                 **error)
{
  g_autofree char *what = g_strdup_printf ("become the user %s", self->user);

  if (setresgid (self->gid, self->gid, self->gid) != 0 || setresuid (self->uid, self->uid, self->uid) != 0)
    return fail (error, what);

  /* It is not for this program to believe that. */
  if (setuid (0) == 0 || setgid (0) == 0 || getuid () != self->uid || geteuid () != self->uid ||
      getgid () != self->gid || getegid () != self->gid)
    {
      errno = EPERM;
      return fail (error, what);
    }

  return TRUE;
}

gboolean
gsmtpd_privileges_drop (const GsmtpdPrivileges  *self,
                        GError                 **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail (error, "give up new privileges");

  /* Somebody who is that user already has nothing to give up. */
  if (self->user == NULL || (self->directory == NULL && geteuid () == self->uid && getuid () == self->uid))
    return TRUE;

  /* The groups are looked up in a file that is out of reach later. */
  if (initgroups (self->user, self->gid) != 0)
    return fail (error, "take on the groups of the user");
  if (self->directory != NULL && !enter_directory (self->directory, self->uid, error))
    return FALSE;

  return become (self, error);
}
