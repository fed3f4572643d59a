/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include <sys/types.h>

G_BEGIN_DECLS

/* Who gsmtpd is to be from the moment on at which it has its sockets and its keys. */
typedef struct
{
  char *user;      /* NULL: who it is already */
  uid_t uid;
  gid_t gid;
  char *directory; /* of chroot; NULL: none */
} GsmtpdPrivileges;

/* Looks up @user, a name or a number, both with ":GROUP" behind it or without. */
gboolean gsmtpd_privileges_init  (GsmtpdPrivileges        *self,
                                  const char              *user,
                                  const char              *directory,
                                  GError                 **error);
void     gsmtpd_privileges_clear (GsmtpdPrivileges        *self);

/* There is no way back. */
gboolean gsmtpd_privileges_drop  (const GsmtpdPrivileges  *self,
                                  GError                 **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GsmtpdPrivileges, gsmtpd_privileges_clear)

G_END_DECLS
