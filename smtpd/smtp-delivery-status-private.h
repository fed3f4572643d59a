/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-delivery-status.h"

G_BEGIN_DECLS

struct _SmtpDeliveryStatus
{
  GObject parent_instance;

  SmtpAddress *address;
  SmtpDeliveryAction action;
  char *code;
  char *original_recipient;
  char *notify_keywords;
  char *diagnostic;
  char *diagnostic_type;
  char *remote_mta;
  GDateTime *last_attempt_date;
  GDateTime *will_retry_until;
};

G_END_DECLS
