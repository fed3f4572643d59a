/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-request.h"

G_BEGIN_DECLS

typedef void (*SmtpWorkerFunc) (gpointer data);

/* Runs @func in one of a few threads that the whole process shares, for work that
 * blocks: fsync, rename, writing to a pipe. Work waits when all of them are busy.
 * From any thread. */
void smtp_workers_run (SmtpWorkerFunc func,
                       gpointer       data);

/* Lets go of a request that a worker has answered, in the server's context: with it may go a
 * session or an envelope of a class in a language that cannot do without its own thread. */
void smtp_workers_release (SmtpRequest *request);

G_END_DECLS
