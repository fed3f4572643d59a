/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtpd.h>

G_BEGIN_DECLS

/* The numbers of a server by HTTP, for Prometheus. Not there in a build without libsoup. */
typedef struct _GsmtpdMetrics GsmtpdMetrics;

/* @address is HOST:PORT. What goes wrong is known at once. */
GsmtpdMetrics *gsmtpd_metrics_new             (SmtpServer    *server,
                                               const char    *address,
                                               GError       **error);
void           gsmtpd_metrics_free            (GsmtpdMetrics *self);
/* To standard output, a line for each. */
void           gsmtpd_metrics_print_addresses (GsmtpdMetrics *self);

/* The text format of Prometheus, 0.0.4. */
char          *gsmtpd_metrics_format          (SmtpServer    *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GsmtpdMetrics, gsmtpd_metrics_free)

G_END_DECLS
