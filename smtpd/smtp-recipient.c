/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-recipient-private.h"

/**
 * SmtpRecipient:
 *
 * One recipient of a message: the address of a RCPT command, as it took effect, and
 * its parameters.
 */

G_DEFINE_FINAL_TYPE (SmtpRecipient, smtp_recipient, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_PARAMETERS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_recipient_finalize (GObject *object)
{
  SmtpRecipient *self = SMTP_RECIPIENT (object);

  g_clear_pointer (&self->address, smtp_address_unref);
  g_clear_pointer (&self->parameters, smtp_parameters_unref);

  G_OBJECT_CLASS (smtp_recipient_parent_class)->finalize (object);
}

static void
smtp_recipient_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SmtpRecipient *self = SMTP_RECIPIENT (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_boxed (value, self->address);
      break;
    case PROP_PARAMETERS:
      g_value_set_boxed (value, self->parameters);
      break;
    default:
      if (!smtp_recipient_get_extension_property (self, prop_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_recipient_class_init (SmtpRecipientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_recipient_finalize;
  object_class->get_property = smtp_recipient_get_property;

  /**
   * SmtpRecipient:address: (getter get_address)
   *
   * Where the message is to go.
   */
  props[PROP_ADDRESS] = g_param_spec_boxed ("address", NULL, NULL, SMTP_TYPE_ADDRESS,
                                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRecipient:parameters: (getter get_parameters)
   *
   * The parameters of the RCPT command.
   */
  props[PROP_PARAMETERS] = g_param_spec_boxed ("parameters", NULL, NULL, SMTP_TYPE_PARAMETERS,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
  smtp_recipient_install_extension_properties (object_class);
}

static void
smtp_recipient_init (SmtpRecipient *self)
{
}

/**
 * smtp_recipient_new:
 * @address: where the message is to go
 * @parameters: (nullable): the parameters of its RCPT command
 *
 * Makes a recipient.
 *
 * Returns: (transfer full): a new recipient
 */
SmtpRecipient *
smtp_recipient_new (SmtpAddress    *address,
                    SmtpParameters *parameters)
{
  SmtpRecipient *self;

  g_return_val_if_fail (address != NULL, NULL);

  self = g_object_new (SMTP_TYPE_RECIPIENT, NULL);
  self->address = smtp_address_ref (address);
  self->parameters = parameters != NULL ? smtp_parameters_ref (parameters) : smtp_parameters_new (NULL, NULL);

  return self;
}

/**
 * smtp_recipient_get_address: (get-property address)
 * @self: a recipient
 *
 * Where the message is to go.
 *
 * Returns: (transfer none): the address
 */
SmtpAddress *
smtp_recipient_get_address (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return self->address;
}

/**
 * smtp_recipient_get_parameters: (get-property parameters)
 * @self: a recipient
 *
 * The parameters of the RCPT command.
 *
 * Returns: (transfer none): the parameters, perhaps empty
 */
SmtpParameters *
smtp_recipient_get_parameters (SmtpRecipient *self)
{
  g_return_val_if_fail (SMTP_IS_RECIPIENT (self), NULL);

  return self->parameters;
}
