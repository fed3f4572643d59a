/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpMaildir: a Maildir on the disk. For any thread; everything but its reference count and its
 * path waits for the disk. Deliveries hold it, and not the handler: that may be of a subclass in
 * a language that cannot let go of an object in a thread of ours.
 */
typedef struct _SmtpMaildir SmtpMaildir;

/* Nothing is done with the directory yet. A path of NULL makes one that always fails. */
SmtpMaildir *smtp_maildir_new      (const char   *path);
SmtpMaildir *smtp_maildir_ref      (SmtpMaildir  *self);
void         smtp_maildir_unref    (SmtpMaildir  *self);
const char  *smtp_maildir_get_path (SmtpMaildir  *self);

/* Makes the directories, if need be, and sees whether they can be written to. */
gboolean     smtp_maildir_prepare  (SmtpMaildir  *self,
                                    GError      **error);

/* Makes a file in "tmp". Returns its descriptor, or -1. */
int          smtp_maildir_create   (SmtpMaildir  *self,
                                    char        **name,
                                    GError      **error);
/* Takes it away again. */
void         smtp_maildir_discard  (SmtpMaildir  *self,
                                    const char   *name);
/* Moves it to "new", where it stays over a crash. Its octets must be on the disk already. */
gboolean     smtp_maildir_publish  (SmtpMaildir  *self,
                                    const char   *name,
                                    GError      **error);

G_END_DECLS
