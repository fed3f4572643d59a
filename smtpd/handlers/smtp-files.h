/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <unistd.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the handlers share that store messages in files. */

/* A descriptor that closes itself. */
typedef int SmtpDescriptor;

static inline void
smtp_descriptor_close (SmtpDescriptor fd)
{
  close (fd);
}

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (SmtpDescriptor, smtp_descriptor_close, -1)

/* Says what could not be done; errno says why. Always FALSE. */
gboolean smtp_files_fail           (GError     **error,
                                    const char  *what,
                                    const char  *path);

/* These say why with errno. */
gboolean smtp_files_write          (int          fd,
                                    const void  *data,
                                    gsize        size);
gboolean smtp_files_sync           (int          fd);
gboolean smtp_files_sync_directory (int          fd);

/* NULL stays NULL. */
char    *smtp_files_make_absolute  (const char  *path);

G_END_DECLS
