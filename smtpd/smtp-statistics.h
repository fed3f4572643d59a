/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_STATISTICS (smtp_statistics_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpStatistics, smtp_statistics, SMTP, STATISTICS, GObject)

SMTP_AVAILABLE_IN_1_0
GVariant *smtp_statistics_snapshot (SmtpStatistics *self);

G_END_DECLS
