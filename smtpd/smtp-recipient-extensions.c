/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-enum-types.h"
#include "smtp-recipient-private.h"
#include "wire/smtp-dsn-parser.h"
#include "wire/smtp-time-parser.h"

/* What the parameters of RCPT say, read from their list when somebody asks. */

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

G_STATIC_ASSERT ((int) SMTP_DSN_NOTIFY_NEVER == (int) SMTP_NOTIFY_NEVER);
G_STATIC_ASSERT ((int) SMTP_DSN_NOTIFY_SUCCESS == (int) SMTP_NOTIFY_SUCCESS);
G_STATIC_ASSERT ((int) SMTP_DSN_NOTIFY_FAILURE == (int) SMTP_NOTIFY_FAILURE);
G_STATIC_ASSERT ((int) SMTP_DSN_NOTIFY_DELAY == (int) SMTP_NOTIFY_DELAY);

enum
{
  PROP_FIRST = SMTP_RECIPIENT_FIRST_EXTENSION_PROPERTY,
  PROP_DSN_NOTIFY = PROP_FIRST,
  PROP_ORIGINAL_TYPE,
  PROP_ORIGINAL_ADDRESS,
  PROP_VALID_SINCE,
  PROP_VALID_SINCE_ACTION,
};

static gboolean
parse_original (SmtpRecipient  *self,
                char          **type,
                char          **address)
{
  const char *value = smtp_parameters_lookup (self->parameters, "ORCPT");
  gsize type_length;

  if (value == NULL)
    return FALSE;

  *address = g_malloc (strlen (value) + 1);
  if (!smtp_dsn_parse_orcpt (value, strlen (value), &type_length, *address))
    return FALSE;

  *type = g_ascii_strdown (value, type_length);
  return TRUE;
}

static gboolean
parse_valid_since (SmtpRecipient *self,
                   gint64        *seconds,
                   char          *action)
{
  const char *value = smtp_parameters_lookup (self->parameters, "RRVS");

  return value != NULL && smtp_time_parse_valid_since (value, strlen (value), seconds, action);
}

/**
 * smtp_recipient_get_dsn_notify: (get-property dsn-notify)
 * @self: a recipient
 *
 * When the sender wants to hear of this recipient: `NOTIFY` (RFC 3461 section 4.1).
 *
 * Returns: when; %SMTP_DSN_NOTIFY_DEFAULT if the client did not say
 */
SmtpDsnNotify
smtp_recipient_get_dsn_notify (SmtpRecipient *self)
{
  const char *value;
  guint notify;

  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), SMTP_DSN_NOTIFY_DEFAULT);

  value = smtp_parameters_lookup (self->parameters, "NOTIFY");

  return value != NULL && smtp_dsn_parse_notify (value, strlen (value), &notify) ? notify : SMTP_DSN_NOTIFY_DEFAULT;
}

/**
 * smtp_recipient_dup_original_type: (get-property original-type)
 * @self: a recipient
 *
 * Of what type [property@Recipient:original-address] is: `rfc822`, `utf-8` (RFC 6533) or another, in small letters.
 *
 * Returns: (transfer full) (nullable): the type, or %NULL if the client did not say
 */
char *
smtp_recipient_dup_original_type (SmtpRecipient *self)
{
  g_autofree char *type = NULL;
  g_autofree char *address = NULL;

  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return parse_original (self, &type, &address) ? g_steal_pointer (&type) : NULL;
}

/**
 * smtp_recipient_dup_original_address: (get-property original-address)
 * @self: a recipient
 *
 * To whom the sender had addressed the message, before aliases and lists: `ORCPT`, decoded (RFC 3461 section
 * 4.2, RFC 6533 section 3). It need not look like an address; it has no control characters.
 *
 * Returns: (transfer full) (nullable): the address, or %NULL if the client did not say
 */
char *
smtp_recipient_dup_original_address (SmtpRecipient *self)
{
  g_autofree char *type = NULL;
  g_autofree char *address = NULL;

  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return parse_original (self, &type, &address) ? g_steal_pointer (&address) : NULL;
}

/**
 * smtp_recipient_get_valid_since: (get-property valid-since)
 * @self: a recipient
 *
 * Since when the address must have belonged to whom it belongs now, or the message is not for them: `RRVS`
 * (RFC 7293).
 *
 * Returns: seconds since 1970 (UTC); 0 if the client did not say
 */
gint64
smtp_recipient_get_valid_since (SmtpRecipient *self)
{
  gint64 seconds;
  char action;

  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), 0);

  return parse_valid_since (self, &seconds, &action) ? seconds : 0;
}

/**
 * smtp_recipient_get_valid_since_action: (get-property valid-since-action)
 * @self: a recipient
 *
 * What is to become of the message where a next server does not know [property@Recipient:valid-since].
 *
 * Returns: what is to become of it
 */
SmtpValidSinceAction
smtp_recipient_get_valid_since_action (SmtpRecipient *self)
{
  gint64 seconds;
  char action;

  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), SMTP_VALID_SINCE_ACTION_DEFAULT);

  if (!parse_valid_since (self, &seconds, &action) || action == '\0')
    return SMTP_VALID_SINCE_ACTION_DEFAULT;

  return action == 'C' ? SMTP_VALID_SINCE_ACTION_CONTINUE : SMTP_VALID_SINCE_ACTION_REJECT;
}

/* As GObject sees them */

gboolean
smtp_recipient_get_extension_property (SmtpRecipient *self,
                                       guint         prop_id,
                                       GValue        *value)
{
  switch (prop_id)
    {
    case PROP_DSN_NOTIFY:
      g_value_set_flags (value, smtp_recipient_get_dsn_notify (self));
      return TRUE;
    case PROP_ORIGINAL_TYPE:
      g_value_take_string (value, smtp_recipient_dup_original_type (self));
      return TRUE;
    case PROP_ORIGINAL_ADDRESS:
      g_value_take_string (value, smtp_recipient_dup_original_address (self));
      return TRUE;
    case PROP_VALID_SINCE:
      g_value_set_int64 (value, smtp_recipient_get_valid_since (self));
      return TRUE;
    case PROP_VALID_SINCE_ACTION:
      g_value_set_enum (value, smtp_recipient_get_valid_since_action (self));
      return TRUE;
    default:
      return FALSE;
    }
}

void
smtp_recipient_install_extension_properties (GObjectClass *klass)
{
  /**
   * SmtpRecipient:dsn-notify: (getter get_dsn_notify)
   *
   * When the sender wants to hear of this recipient, `NOTIFY` (RFC 3461).
   */
  g_object_class_install_property (klass, PROP_DSN_NOTIFY,
    g_param_spec_flags ("dsn-notify", NULL, NULL, SMTP_TYPE_DSN_NOTIFY, SMTP_DSN_NOTIFY_DEFAULT, FLAGS));

  /**
   * SmtpRecipient:original-type: (getter dup_original_type)
   *
   * Of what type [property@Recipient:original-address] is.
   */
  g_object_class_install_property (klass, PROP_ORIGINAL_TYPE,
    g_param_spec_string ("original-type", NULL, NULL, NULL, FLAGS));

  /**
   * SmtpRecipient:original-address: (getter dup_original_address)
   *
   * To whom the sender had addressed the message, `ORCPT`, decoded (RFC 3461, RFC 6533).
   */
  g_object_class_install_property (klass, PROP_ORIGINAL_ADDRESS,
    g_param_spec_string ("original-address", NULL, NULL, NULL, FLAGS));

  /**
   * SmtpRecipient:valid-since: (getter get_valid_since)
   *
   * Since when the address must have belonged to whom it belongs now, in seconds since 1970 (UTC), `RRVS`
   * (RFC 7293).
   */
  g_object_class_install_property (klass, PROP_VALID_SINCE,
    g_param_spec_int64 ("valid-since", NULL, NULL, G_MININT64, G_MAXINT64, 0, FLAGS));

  /**
   * SmtpRecipient:valid-since-action: (getter get_valid_since_action)
   *
   * What is to become of the message where a next server does not know [property@Recipient:valid-since].
   */
  g_object_class_install_property (klass, PROP_VALID_SINCE_ACTION,
    g_param_spec_enum ("valid-since-action", NULL, NULL, SMTP_TYPE_VALID_SINCE_ACTION,
                       SMTP_VALID_SINCE_ACTION_DEFAULT, FLAGS));
}
