/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*SmtpWorkerFunc) (gpointer data);

/* Runs @func in one of a few threads that the whole process shares, for work that
 * blocks: fsync, rename, writing to a pipe. Work waits when all of them are busy.
 * From any thread. */
void smtp_workers_run (SmtpWorkerFunc func,
                       gpointer       data);

G_END_DECLS
