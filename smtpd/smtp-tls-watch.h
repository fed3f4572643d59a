/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpTlsWatch: tells when one of some files is another one than it was. The callback comes in
 * the context that was the thread's default when the watch was made.
 */
typedef struct _SmtpTlsWatch SmtpTlsWatch;

typedef void (*SmtpTlsWatchFunc) (gpointer data);

/* @paths: of char *, kept. */
SmtpTlsWatch *smtp_tls_watch_new  (GPtrArray        *paths,
                                   SmtpTlsWatchFunc  changed,
                                   gpointer          data);
void          smtp_tls_watch_free (SmtpTlsWatch     *self);

G_END_DECLS
