/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-secret.h"

G_BEGIN_DECLS

/* A file of users and their secrets. */

/* Far more than anybody should keep in such a file, and little for a machine. */
#define SMTP_AUTH_FILE_MAX_SIZE (16 * 1024 * 1024)
#define SMTP_AUTH_FILE_MAX_LINE 4096

/* The secrets by name. NULL if the file cannot be read, is not kept from others, or has a bad
 * line. */
GHashTable *smtp_auth_file_load  (const char  *path,
                                  gboolean     allow_world_readable,
                                  GError     **error);

/* The same of what is in it: @size octets and a NUL, which are cut up. @name is for errors. */
GHashTable *smtp_auth_file_parse (const char  *name,
                                  char        *content,
                                  gsize        size,
                                  GError     **error);

G_END_DECLS
