/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-address-private.h"
#include "smtp-enum-types.h"
#include "smtp-envelope-private.h"
#include "wire/smtp-dsn-parser.h"
#include "wire/smtp-time-parser.h"
#include "wire/smtp-value-parser.h"

/* What the parameters of MAIL say, read from their list when somebody asks: most messages have none, and most
 * programs ask for none. A value that is not what it should be says nothing; a server has refused it. */

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_FIRST = SMTP_ENVELOPE_FIRST_EXTENSION_PROPERTY,
  PROP_DSN_RETURN = PROP_FIRST,
  PROP_ENVELOPE_ID,
  PROP_DELIVER_BY,
  PROP_DELIVER_BY_SECONDS,
  PROP_DELIVER_BY_TRACE,
  PROP_PRIORITY,
  PROP_REQUIRE_TLS,
  PROP_HOLD_FOR,
  PROP_HOLD_UNTIL,
  PROP_SOLICITATIONS,
};

static const char *
lookup (SmtpEnvelope *self,
        const char   *keyword)
{
  SmtpParameters *parameters = smtp_envelope_get_mail_parameters (self);

  return parameters != NULL ? smtp_parameters_lookup (parameters, keyword) : NULL;
}

typedef struct
{
  int      seconds;
  gboolean returns;
  gboolean traces;
} DeliverBy;

static gboolean
parse_deliver_by (SmtpEnvelope *self,
                  DeliverBy    *by)
{
  const char *value = lookup (self, "BY");

  return value != NULL &&
         smtp_time_parse_deliver_by (value, strlen (value), &by->seconds, &by->returns, &by->traces);
}

gboolean
smtp_envelope_has_domain (SmtpEnvelope *self,
                          SmtpAddress  *address)
{
  GPtrArray *recipients = smtp_envelope_get_private (self)->recipients;
  const char *domain = smtp_address_get_domain (address);

  for (guint i = 0; recipients != NULL && i < recipients->len; i++)
    {
      SmtpAddress *other = smtp_recipient_get_address (g_ptr_array_index (recipients, i));
      const char *its_domain = smtp_address_get_domain (other);

      if (domain == NULL ? its_domain == NULL
                         : its_domain != NULL && g_ascii_strcasecmp (domain, its_domain) == 0)
        return TRUE;
    }

  return FALSE;
}

/**
 * smtp_envelope_get_dsn_return: (get-property dsn-return)
 * @self: an envelope
 *
 * How much of the message the sender wants back if it cannot be delivered: `RET` (RFC 3461 section 4.3).
 *
 * Returns: what it wants
 */
SmtpDsnReturn
smtp_envelope_get_dsn_return (SmtpEnvelope *self)
{
  const char *value;
  gboolean headers_only;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), SMTP_DSN_RETURN_DEFAULT);

  value = lookup (self, "RET");
  if (value == NULL || !smtp_dsn_parse_ret (value, strlen (value), &headers_only))
    return SMTP_DSN_RETURN_DEFAULT;

  return headers_only ? SMTP_DSN_RETURN_HEADERS : SMTP_DSN_RETURN_FULL;
}

/**
 * smtp_envelope_dup_envelope_id: (get-property envelope-id)
 * @self: an envelope
 *
 * By what the sender knows this transaction, to be told in reports about it: `ENVID`, decoded (RFC 3461
 * section 4.4).
 *
 * Returns: (transfer full) (nullable): printable ASCII, or %NULL if the sender has not said
 */
char *
smtp_envelope_dup_envelope_id (SmtpEnvelope *self)
{
  g_autofree char *decoded = NULL;
  const char *value;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  value = lookup (self, "ENVID");
  if (value == NULL)
    return NULL;

  decoded = g_malloc (strlen (value) + 1);

  return smtp_dsn_parse_envid (value, strlen (value), decoded) ? g_steal_pointer (&decoded) : NULL;
}

/**
 * smtp_envelope_get_deliver_by: (get-property deliver-by)
 * @self: an envelope
 *
 * What is to become of the message if it is not delivered in time: `BY` (RFC 2852).
 *
 * Returns: what is to become of it
 */
SmtpDeliverBy
smtp_envelope_get_deliver_by (SmtpEnvelope *self)
{
  DeliverBy by;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), SMTP_DELIVER_BY_NONE);

  if (!parse_deliver_by (self, &by))
    return SMTP_DELIVER_BY_NONE;

  return by.returns ? SMTP_DELIVER_BY_RETURN : SMTP_DELIVER_BY_NOTIFY;
}

/**
 * smtp_envelope_get_deliver_by_seconds: (get-property deliver-by-seconds)
 * @self: an envelope
 *
 * In what time the message is to be delivered, counted from its arrival: `BY` (RFC 2852). With
 * %SMTP_DELIVER_BY_NOTIFY it may be over already.
 *
 * Returns: the time in seconds, negative if it is over; 0 without `BY`, too
 */
int
smtp_envelope_get_deliver_by_seconds (SmtpEnvelope *self)
{
  DeliverBy by;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  return parse_deliver_by (self, &by) ? by.seconds : 0;
}

/**
 * smtp_envelope_get_deliver_by_trace: (get-property deliver-by-trace)
 * @self: an envelope
 *
 * Whether each server is to report that it has the message: the `T` of `BY` (RFC 2852).
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_envelope_get_deliver_by_trace (SmtpEnvelope *self)
{
  DeliverBy by;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), FALSE);

  return parse_deliver_by (self, &by) && by.traces;
}

/**
 * smtp_envelope_get_priority: (get-property priority)
 * @self: an envelope
 *
 * How urgent the message is: `MT-PRIORITY` (RFC 6710). From whom such a word is taken is the program's to decide.
 *
 * Returns: -9 to 9; 0 if the client did not say
 */
int
smtp_envelope_get_priority (SmtpEnvelope *self)
{
  const char *value;
  int priority;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  value = lookup (self, "MT-PRIORITY");

  return value != NULL && smtp_value_parse_priority (value, strlen (value), &priority) ? priority : 0;
}

/**
 * smtp_envelope_get_require_tls: (get-property require-tls)
 * @self: an envelope
 *
 * Whether the message must go on in TLS only: `REQUIRETLS` (RFC 8689).
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_envelope_get_require_tls (SmtpEnvelope *self)
{
  SmtpParameters *parameters;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), FALSE);

  parameters = smtp_envelope_get_mail_parameters (self);

  return parameters != NULL && smtp_parameters_has (parameters, "REQUIRETLS");
}

/**
 * smtp_envelope_get_hold_for: (get-property hold-for)
 * @self: an envelope
 *
 * How long the message is to be held before it is sent: `HOLDFOR` (RFC 4865).
 *
 * Returns: the time in seconds, counted from its arrival; 0 without one
 */
guint
smtp_envelope_get_hold_for (SmtpEnvelope *self)
{
  const char *value;
  guint seconds;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  value = lookup (self, "HOLDFOR");

  return value != NULL && smtp_time_parse_interval (value, strlen (value), &seconds) ? seconds : 0;
}

/**
 * smtp_envelope_get_hold_until: (get-property hold-until)
 * @self: an envelope
 *
 * Until when the message is to be held before it is sent: `HOLDUNTIL` (RFC 4865).
 *
 * Returns: seconds since 1970 (UTC), which may be past; 0 without such a time
 */
gint64
smtp_envelope_get_hold_until (SmtpEnvelope *self)
{
  const char *value;
  gint64 seconds;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  value = lookup (self, "HOLDUNTIL");

  return value != NULL && smtp_time_parse_date_time (value, strlen (value), &seconds) ? seconds : 0;
}

/**
 * smtp_envelope_dup_solicitations: (get-property solicitations)
 * @self: an envelope
 *
 * What the sender says that it solicits: `SOLICIT` (RFC 3865).
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list of words, perhaps empty
 */
char **
smtp_envelope_dup_solicitations (SmtpEnvelope *self)
{
  const char *value;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  value = lookup (self, "SOLICIT");
  if (value == NULL || !smtp_value_is_solicitation (value, strlen (value)))
    return g_new0 (char *, 1);

  return g_strsplit (value, ",", -1);
}

/* As GObject sees them */

gboolean
smtp_envelope_get_extension_property (SmtpEnvelope *self,
                                      guint        prop_id,
                                      GValue       *value)
{
  switch (prop_id)
    {
    case PROP_DSN_RETURN:
      g_value_set_enum (value, smtp_envelope_get_dsn_return (self));
      return TRUE;
    case PROP_ENVELOPE_ID:
      g_value_take_string (value, smtp_envelope_dup_envelope_id (self));
      return TRUE;
    case PROP_DELIVER_BY:
      g_value_set_enum (value, smtp_envelope_get_deliver_by (self));
      return TRUE;
    case PROP_DELIVER_BY_SECONDS:
      g_value_set_int (value, smtp_envelope_get_deliver_by_seconds (self));
      return TRUE;
    case PROP_DELIVER_BY_TRACE:
      g_value_set_boolean (value, smtp_envelope_get_deliver_by_trace (self));
      return TRUE;
    case PROP_PRIORITY:
      g_value_set_int (value, smtp_envelope_get_priority (self));
      return TRUE;
    case PROP_REQUIRE_TLS:
      g_value_set_boolean (value, smtp_envelope_get_require_tls (self));
      return TRUE;
    case PROP_HOLD_FOR:
      g_value_set_uint (value, smtp_envelope_get_hold_for (self));
      return TRUE;
    case PROP_HOLD_UNTIL:
      g_value_set_int64 (value, smtp_envelope_get_hold_until (self));
      return TRUE;
    case PROP_SOLICITATIONS:
      g_value_take_boxed (value, smtp_envelope_dup_solicitations (self));
      return TRUE;
    default:
      return FALSE;
    }
}

void
smtp_envelope_install_extension_properties (GObjectClass *klass)
{
  /**
   * SmtpEnvelope:dsn-return: (getter get_dsn_return)
   *
   * How much of the message the sender wants back if it cannot be delivered, `RET` (RFC 3461).
   */
  g_object_class_install_property (klass, PROP_DSN_RETURN,
    g_param_spec_enum ("dsn-return", NULL, NULL, SMTP_TYPE_DSN_RETURN, SMTP_DSN_RETURN_DEFAULT, FLAGS));

  /**
   * SmtpEnvelope:envelope-id: (getter dup_envelope_id)
   *
   * By what the sender knows this transaction, `ENVID` (RFC 3461).
   */
  g_object_class_install_property (klass, PROP_ENVELOPE_ID,
    g_param_spec_string ("envelope-id", NULL, NULL, NULL, FLAGS));

  /**
   * SmtpEnvelope:deliver-by: (getter get_deliver_by)
   *
   * What is to become of the message if it is not delivered within [property@Envelope:deliver-by-seconds], `BY` (RFC 2852).
   */
  g_object_class_install_property (klass, PROP_DELIVER_BY,
    g_param_spec_enum ("deliver-by", NULL, NULL, SMTP_TYPE_DELIVER_BY, SMTP_DELIVER_BY_NONE, FLAGS));

  /**
   * SmtpEnvelope:deliver-by-seconds: (getter get_deliver_by_seconds)
   *
   * In what time the message is to be delivered, counted from its arrival, in seconds.
   */
  g_object_class_install_property (klass, PROP_DELIVER_BY_SECONDS,
    g_param_spec_int ("deliver-by-seconds", NULL, NULL, G_MININT, G_MAXINT, 0, FLAGS));

  /**
   * SmtpEnvelope:deliver-by-trace: (getter get_deliver_by_trace)
   *
   * Whether each server is to report that it has the message, `BY` (RFC 2852).
   */
  g_object_class_install_property (klass, PROP_DELIVER_BY_TRACE,
    g_param_spec_boolean ("deliver-by-trace", NULL, NULL, FALSE, FLAGS));

  /**
   * SmtpEnvelope:priority: (getter get_priority)
   *
   * How urgent the message is, from -9 to 9, `MT-PRIORITY` (RFC 6710).
   */
  g_object_class_install_property (klass, PROP_PRIORITY,
    g_param_spec_int ("priority", NULL, NULL, -9, 9, 0, FLAGS));

  /**
   * SmtpEnvelope:require-tls: (getter get_require_tls)
   *
   * Whether the message must go on in TLS only, `REQUIRETLS` (RFC 8689).
   */
  g_object_class_install_property (klass, PROP_REQUIRE_TLS,
    g_param_spec_boolean ("require-tls", NULL, NULL, FALSE, FLAGS));

  /**
   * SmtpEnvelope:hold-for: (getter get_hold_for)
   *
   * How long the message is to be held before it is sent, in seconds, `HOLDFOR` (RFC 4865).
   */
  g_object_class_install_property (klass, PROP_HOLD_FOR,
    g_param_spec_uint ("hold-for", NULL, NULL, 0, 999999999, 0, FLAGS));

  /**
   * SmtpEnvelope:hold-until: (getter get_hold_until)
   *
   * Until when the message is to be held before it is sent, in seconds since 1970 (UTC), `HOLDUNTIL` (RFC 4865).
   */
  g_object_class_install_property (klass, PROP_HOLD_UNTIL,
    g_param_spec_int64 ("hold-until", NULL, NULL, G_MININT64, G_MAXINT64, 0, FLAGS));

  /**
   * SmtpEnvelope:solicitations: (getter dup_solicitations)
   *
   * What the sender says that it solicits, `SOLICIT` (RFC 3865).
   */
  g_object_class_install_property (klass, PROP_SOLICITATIONS,
    g_param_spec_boxed ("solicitations", NULL, NULL, G_TYPE_STRV, FLAGS));
}
