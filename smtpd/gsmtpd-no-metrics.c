/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gsmtpd-metrics.h"

/* In the place of gsmtpd-metrics.c in a build without libsoup. */

GsmtpdMetrics *
gsmtpd_metrics_new (SmtpServer  *server,
                    const char  *address,
                    GError     **error)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "This gsmtpd was built without libsoup, and has no --metrics-listen");

  return NULL;
}

void
gsmtpd_metrics_free (GsmtpdMetrics *self)
{
}

void
gsmtpd_metrics_print_addresses (GsmtpdMetrics *self)
{
}
