/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-status-private.h"

#include "smtp-enum-types.h"
#include "wire/smtp-reply-writer.h"

/**
 * SmtpDeliveryStatus:
 *
 * What has become of a message for one recipient: an entry of a [class@DeliveryReport], RFC 3464
 * section 2.3.
 *
 * All texts may be what some other server has said: they are cleaned where they are written.
 */

G_DEFINE_FINAL_TYPE (SmtpDeliveryStatus, smtp_delivery_status, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_ACTION,
  PROP_CODE,
  PROP_ORIGINAL_RECIPIENT,
  PROP_NOTIFY_KEYWORDS,
  PROP_DIAGNOSTIC,
  PROP_DIAGNOSTIC_TYPE,
  PROP_REMOTE_MTA,
  PROP_LAST_ATTEMPT_DATE,
  PROP_WILL_RETRY_UNTIL,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

static void
smtp_delivery_status_finalize (GObject *object)
{
  SmtpDeliveryStatus *self = SMTP_DELIVERY_STATUS (object);

  g_clear_pointer (&self->address, smtp_address_unref);
  g_clear_pointer (&self->code, g_free);
  g_clear_pointer (&self->original_recipient, g_free);
  g_clear_pointer (&self->notify_keywords, g_free);
  g_clear_pointer (&self->diagnostic, g_free);
  g_clear_pointer (&self->diagnostic_type, g_free);
  g_clear_pointer (&self->remote_mta, g_free);
  g_clear_pointer (&self->last_attempt_date, g_date_time_unref);
  g_clear_pointer (&self->will_retry_until, g_date_time_unref);

  G_OBJECT_CLASS (smtp_delivery_status_parent_class)->finalize (object);
}

static void
smtp_delivery_status_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  SmtpDeliveryStatus *self = SMTP_DELIVERY_STATUS (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_boxed (value, self->address);
      break;
    case PROP_ACTION:
      g_value_set_enum (value, self->action);
      break;
    case PROP_CODE:
      g_value_set_string (value, self->code);
      break;
    case PROP_ORIGINAL_RECIPIENT:
      g_value_set_string (value, self->original_recipient);
      break;
    case PROP_NOTIFY_KEYWORDS:
      g_value_set_string (value, self->notify_keywords);
      break;
    case PROP_DIAGNOSTIC:
      g_value_set_string (value, self->diagnostic);
      break;
    case PROP_DIAGNOSTIC_TYPE:
      g_value_set_string (value, self->diagnostic_type);
      break;
    case PROP_REMOTE_MTA:
      g_value_set_string (value, self->remote_mta);
      break;
    case PROP_LAST_ATTEMPT_DATE:
      g_value_set_boxed (value, self->last_attempt_date);
      break;
    case PROP_WILL_RETRY_UNTIL:
      g_value_set_boxed (value, self->will_retry_until);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_delivery_status_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  SmtpDeliveryStatus *self = SMTP_DELIVERY_STATUS (object);

  switch (prop_id)
    {
    case PROP_CODE:
      smtp_delivery_status_set_code (self, g_value_get_string (value));
      break;
    case PROP_ORIGINAL_RECIPIENT:
      smtp_delivery_status_set_original_recipient (self, g_value_get_string (value));
      break;
    case PROP_NOTIFY_KEYWORDS:
      smtp_delivery_status_set_notify_keywords (self, g_value_get_string (value));
      break;
    case PROP_DIAGNOSTIC:
      smtp_delivery_status_set_diagnostic (self, g_value_get_string (value));
      break;
    case PROP_DIAGNOSTIC_TYPE:
      smtp_delivery_status_set_diagnostic_type (self, g_value_get_string (value));
      break;
    case PROP_REMOTE_MTA:
      smtp_delivery_status_set_remote_mta (self, g_value_get_string (value));
      break;
    case PROP_LAST_ATTEMPT_DATE:
      smtp_delivery_status_set_last_attempt_date (self, g_value_get_boxed (value));
      break;
    case PROP_WILL_RETRY_UNTIL:
      smtp_delivery_status_set_will_retry_until (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_outcome_properties (void)
{
  /**
   * SmtpDeliveryStatus:address: (getter get_address)
   *
   * The recipient, as the server that reports knows it.
   */
  props[PROP_ADDRESS] =
    g_param_spec_boxed ("address", NULL, NULL, SMTP_TYPE_ADDRESS,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpDeliveryStatus:action: (getter get_action)
   *
   * What has become of the message.
   */
  props[PROP_ACTION] =
    g_param_spec_enum ("action", NULL, NULL, SMTP_TYPE_DELIVERY_ACTION, SMTP_DELIVERY_ACTION_FAILED,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpDeliveryStatus:code: (getter get_code) (setter set_code)
   *
   * Why, by an enhanced status code (RFC 3463) such as `5.1.1`. What is none, or says another
   * thing than [property@DeliveryStatus:action], gives the code that says no more than that:
   * `5.0.0`, `4.0.0` or `2.0.0`.
   */
  props[PROP_CODE] =
    g_param_spec_string ("code", NULL, NULL, NULL, FLAGS);
}

static void
install_detail_properties (void)
{
  /**
   * SmtpDeliveryStatus:original-recipient: (getter get_original_recipient) (setter set_original_recipient)
   *
   * Where the sender wanted the message to go: the value of ORCPT, decoded, such as
   * `rfc822;joe@example.org`, or an address alone; %NULL if there was none. It is told to the
   * sender, who may not know the address that the message was forwarded to.
   */
  props[PROP_ORIGINAL_RECIPIENT] =
    g_param_spec_string ("original-recipient", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryStatus:notify-keywords: (getter get_notify_keywords) (setter set_notify_keywords)
   *
   * What the sender wants to be told of: the value of NOTIFY, such as `SUCCESS,FAILURE` or
   * `NEVER`; %NULL if there was none. See [func@Smtpd.DeliveryAction.is_wanted].
   */
  props[PROP_NOTIFY_KEYWORDS] =
    g_param_spec_string ("notify-keywords", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryStatus:diagnostic: (getter get_diagnostic) (setter set_diagnostic)
   *
   * What the server that was asked has said, such as `550 5.1.1 No such user`; any text, %NULL for
   * none.
   */
  props[PROP_DIAGNOSTIC] =
    g_param_spec_string ("diagnostic", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryStatus:diagnostic-type: (getter get_diagnostic_type) (setter set_diagnostic_type)
   *
   * What kind of diagnostic it is: `smtp` for a reply, or a word that begins with `x-`, such as
   * `x-unix`. What is no word counts as `smtp`.
   */
  props[PROP_DIAGNOSTIC_TYPE] =
    g_param_spec_string ("diagnostic-type", NULL, NULL, "smtp", FLAGS);

  /**
   * SmtpDeliveryStatus:remote-mta: (getter get_remote_mta) (setter set_remote_mta)
   *
   * The name of the server that was asked, %NULL if it was none but this one.
   */
  props[PROP_REMOTE_MTA] =
    g_param_spec_string ("remote-mta", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryStatus:last-attempt-date: (getter get_last_attempt_date) (setter set_last_attempt_date)
   *
   * When delivery was tried for the last time; %NULL if that is not known.
   */
  props[PROP_LAST_ATTEMPT_DATE] =
    g_param_spec_boxed ("last-attempt-date", NULL, NULL, G_TYPE_DATE_TIME, FLAGS);

  /**
   * SmtpDeliveryStatus:will-retry-until: (getter get_will_retry_until) (setter set_will_retry_until)
   *
   * Until when delivery is tried again, %NULL if that is not known. It has a meaning for
   * %SMTP_DELIVERY_ACTION_DELAYED alone, and is left out for others.
   */
  props[PROP_WILL_RETRY_UNTIL] =
    g_param_spec_boxed ("will-retry-until", NULL, NULL, G_TYPE_DATE_TIME, FLAGS);
}

static void
smtp_delivery_status_class_init (SmtpDeliveryStatusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_delivery_status_finalize;
  object_class->get_property = smtp_delivery_status_get_property;
  object_class->set_property = smtp_delivery_status_set_property;

  install_outcome_properties ();
  install_detail_properties ();

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_delivery_status_init (SmtpDeliveryStatus *self)
{
  self->diagnostic_type = g_strdup ("smtp");
}

/* RFC 3463 section 3.1 has three classes. A recipient that failed may have done so after many
 * answers of class 4. */
static gboolean
code_fits (const char         *code,
           SmtpDeliveryAction  action)
{
  gsize length = smtp_status_length (code);

  if (length == 0 || code[length] != '\0')
    return FALSE;

  switch (action)
    {
    case SMTP_DELIVERY_ACTION_FAILED:
      return code[0] != '2';
    case SMTP_DELIVERY_ACTION_DELAYED:
      return code[0] == '4';
    default:
      return code[0] == '2';
    }
}

static const char *
default_code (SmtpDeliveryAction action)
{
  switch (action)
    {
    case SMTP_DELIVERY_ACTION_FAILED:
      return "5.0.0";
    case SMTP_DELIVERY_ACTION_DELAYED:
      return "4.0.0";
    default:
      return "2.0.0";
    }
}

/**
 * smtp_delivery_status_new:
 * @address: the recipient
 * @action: what has become of the message
 * @code: (nullable): why, such as `5.1.1`, see [property@DeliveryStatus:code]
 *
 * Makes an entry for a report. [method@DeliveryReport.add_recipient] makes one and adds it.
 *
 * Returns: (transfer full): a new entry
 */
SmtpDeliveryStatus *
smtp_delivery_status_new (SmtpAddress        *address,
                          SmtpDeliveryAction  action,
                          const char         *code)
{
  SmtpDeliveryStatus *self;

  g_return_val_if_fail (address != NULL, NULL);

  self = g_object_new (SMTP_TYPE_DELIVERY_STATUS, NULL);
  self->address = smtp_address_ref (address);
  self->action = action;
  self->code = g_strdup (code != NULL && code_fits (code, action) ? code : default_code (action));

  return self;
}

/**
 * smtp_delivery_status_get_address: (get-property address)
 * @self: what has become of a message
 *
 * The recipient, as the server that reports knows it.
 *
 * Returns: (transfer none): the address
 */
SmtpAddress *
smtp_delivery_status_get_address (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->address;
}

/**
 * smtp_delivery_status_get_action: (get-property action)
 * @self: what has become of a message
 *
 * What has become of it.
 *
 * Returns: the action
 */
SmtpDeliveryAction
smtp_delivery_status_get_action (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), SMTP_DELIVERY_ACTION_FAILED);

  return self->action;
}

/**
 * smtp_delivery_status_get_code: (get-property code)
 * @self: what has become of a message
 *
 * Why, by an enhanced status code.
 *
 * Returns: the code, such as `5.1.1`
 */
const char *
smtp_delivery_status_get_code (SmtpDeliveryStatus *self)
{
  g_return_val_if_fail (SMTP_IS_DELIVERY_STATUS (self), NULL);

  return self->code;
}

/**
 * smtp_delivery_status_set_code: (set-property code)
 * @self: what has become of a message
 * @code: (nullable): an enhanced status code such as `5.1.1`, see [property@DeliveryStatus:code]
 *
 * Says why.
 */
void
smtp_delivery_status_set_code (SmtpDeliveryStatus *self,
                               const char         *code)
{
  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));

  if (code == NULL || !code_fits (code, self->action))
    code = default_code (self->action);
  if (g_str_equal (self->code, code))
    return;

  g_free (self->code);
  self->code = g_strdup (code);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CODE]);
}

/**
 * smtp_delivery_status_take_reply:
 * @self: what has become of a message
 * @reply: what the server that was asked has said
 *
 * Takes the diagnostic from a reply, and its enhanced status code where it has one that
 * fits the action.
 */
void
smtp_delivery_status_take_reply (SmtpDeliveryStatus *self,
                                 const SmtpReply    *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *status;
  const char * const *lines;

  g_return_if_fail (SMTP_IS_DELIVERY_STATUS (self));
  g_return_if_fail (reply != NULL);

  status = smtp_reply_get_status (reply);
  lines = smtp_reply_get_lines (reply);

  g_string_append_printf (text, "%u", smtp_reply_get_code (reply));
  if (status != NULL)
    g_string_append_printf (text, " %s", status);
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    g_string_append_printf (text, " %s", lines[i]);

  smtp_delivery_status_set_diagnostic_type (self, "smtp");
  smtp_delivery_status_set_diagnostic (self, text->str);
  if (status != NULL && code_fits (status, self->action))
    smtp_delivery_status_set_code (self, status);
}
