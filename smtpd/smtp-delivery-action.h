/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

/**
 * SmtpDeliveryAction:
 * @SMTP_DELIVERY_ACTION_FAILED: the message could not be delivered, and nobody tries any more
 * @SMTP_DELIVERY_ACTION_DELAYED: it could not be delivered yet, and will be tried again
 * @SMTP_DELIVERY_ACTION_DELIVERED: it is where it was to go
 * @SMTP_DELIVERY_ACTION_RELAYED: it was given to a server that knows nothing of reports, so that
 *   none will come from there
 * @SMTP_DELIVERY_ACTION_EXPANDED: it was delivered, and goes on to several other addresses
 *
 * What has become of a message for one recipient, RFC 3464 section 2.3.3.
 */
typedef enum
{
  SMTP_DELIVERY_ACTION_FAILED,
  SMTP_DELIVERY_ACTION_DELAYED,
  SMTP_DELIVERY_ACTION_DELIVERED,
  SMTP_DELIVERY_ACTION_RELAYED,
  SMTP_DELIVERY_ACTION_EXPANDED
} SmtpDeliveryAction;

SMTP_AVAILABLE_IN_1_0
gboolean smtp_delivery_action_is_wanted (SmtpDeliveryAction  action,
                                         const char         *notify);

G_END_DECLS
