/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpSpoolStream: writes to a temporary file without a name, made at the first write. Writing
 * blocks: the asynchronous functions of GOutputStream do it in a thread of GIO's.
 */

#define SMTP_TYPE_SPOOL_STREAM (smtp_spool_stream_get_type ())
G_DECLARE_FINAL_TYPE (SmtpSpoolStream, smtp_spool_stream, SMTP, SPOOL_STREAM, GOutputStream)

/* @directory may be NULL for the system's. */
GOutputStream *smtp_spool_stream_new (const char *directory);

G_END_DECLS
