/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-action.h"

static gboolean
has_keyword (const char *notify,
             const char *keyword)
{
  g_auto (GStrv) keywords = g_strsplit (notify, ",", 8);

  for (guint i = 0; keywords[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (keywords[i], keyword) == 0)
        return TRUE;
    }

  return FALSE;
}

/**
 * smtp_delivery_action_is_wanted:
 * @action: what has become of a message
 * @notify: (nullable): the value of NOTIFY that came with the recipient, such as `SUCCESS,DELAY`;
 *   %NULL if there was none
 *
 * Whether the sender wants to be told, RFC 3461 section 4.1: never, if he has said `NEVER`; of
 * success only where he has asked for it; of failures and delays also if he has said nothing.
 *
 * Returns: %TRUE if he wants to be told
 */
gboolean
smtp_delivery_action_is_wanted (SmtpDeliveryAction  action,
                                const char         *notify)
{
  gboolean is_success = action != SMTP_DELIVERY_ACTION_FAILED && action != SMTP_DELIVERY_ACTION_DELAYED;

  if (notify == NULL)
    return !is_success;

  if (has_keyword (notify, "NEVER"))
    return FALSE;

  return has_keyword (notify, is_success ? "SUCCESS" :
                              action == SMTP_DELIVERY_ACTION_DELAYED ? "DELAY" : "FAILURE");
}
