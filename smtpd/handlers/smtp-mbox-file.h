/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpMboxFile: an mbox, to which messages are appended while it is locked against other
 * programs and other handlers. What is here blocks. For one thread at a time.
 */
typedef struct _SmtpMboxFile SmtpMboxFile;

SmtpMboxFile *smtp_mbox_file_new    (const char    *path);
void          smtp_mbox_file_free   (SmtpMboxFile  *self);

/* Opens the file, makes it if it isn't there, and locks it. @deadline is in the terms of
 * g_get_monotonic_time(); one try is made even if it is over. The error is
 * G_IO_ERROR_BUSY if others have the file locked until then. */
gboolean      smtp_mbox_file_lock   (SmtpMboxFile  *self,
                                     gint64         deadline,
                                     GCancellable  *cancellable,
                                     GError       **error);
void          smtp_mbox_file_unlock (SmtpMboxFile  *self);

/* While it is locked. Afterwards the message is on the disk, or nothing of it is there.
 * @separator is a line, @trace are header fields. */
gboolean      smtp_mbox_file_append (SmtpMboxFile  *self,
                                     const char    *separator,
                                     GBytes        *trace,
                                     GBytes        *content,
                                     GCancellable  *cancellable,
                                     GError       **error);

/* Whether the file can be opened; makes it if it isn't there. From any thread. */
gboolean      smtp_mbox_file_check  (const char    *path,
                                     GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpMboxFile, smtp_mbox_file_free)

G_END_DECLS
