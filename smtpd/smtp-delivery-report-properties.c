/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report-private.h"

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_0,
  PROP_REPORTING_MTA,
  PROP_REVERSE_PATH,
  PROP_AUTHOR,
  PROP_MESSAGE_ID,
  PROP_SUBJECT,
  PROP_TEXT,
  PROP_ENVELOPE_ID,
  PROP_RECEIVED_FROM_MTA,
  PROP_ARRIVAL_DATE,
  PROP_ORIGINAL,
  PROP_RETURN_FULL,
  PROP_MAX_RETURNED_SIZE,
  PROP_SMTPUTF8,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
get_property (GObject    *object,
              guint       prop_id,
              GValue     *value,
              GParamSpec *pspec)
{
  SmtpDeliveryReport *self = SMTP_DELIVERY_REPORT (object);

  switch (prop_id)
    {
    case PROP_REPORTING_MTA:
      g_value_set_string (value, self->reporting_mta);
      break;
    case PROP_REVERSE_PATH:
      g_value_set_boxed (value, self->reverse_path);
      break;
    case PROP_AUTHOR:
      g_value_set_boxed (value, self->author);
      break;
    case PROP_MESSAGE_ID:
      g_value_set_string (value, smtp_delivery_report_get_message_id (self));
      break;
    case PROP_SUBJECT:
      g_value_set_string (value, self->subject);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_ENVELOPE_ID:
      g_value_set_string (value, self->envelope_id);
      break;
    case PROP_RECEIVED_FROM_MTA:
      g_value_set_string (value, self->received_from_mta);
      break;
    case PROP_ARRIVAL_DATE:
      g_value_set_boxed (value, self->arrival_date);
      break;
    case PROP_ORIGINAL:
      g_value_set_boxed (value, self->original);
      break;
    case PROP_RETURN_FULL:
      g_value_set_boolean (value, self->return_full);
      break;
    case PROP_MAX_RETURNED_SIZE:
      g_value_set_uint64 (value, self->max_returned_size);
      break;
    case PROP_SMTPUTF8:
      g_value_set_boolean (value, self->smtputf8);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         prop_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  SmtpDeliveryReport *self = SMTP_DELIVERY_REPORT (object);

  switch (prop_id)
    {
    case PROP_REPORTING_MTA:
      self->reporting_mta = g_value_dup_string (value);
      break;
    case PROP_REVERSE_PATH:
      self->reverse_path = g_value_dup_boxed (value);
      break;
    case PROP_AUTHOR:
      smtp_delivery_report_set_author (self, g_value_get_boxed (value));
      break;
    case PROP_MESSAGE_ID:
      smtp_delivery_report_set_message_id (self, g_value_get_string (value));
      break;
    case PROP_SUBJECT:
      smtp_delivery_report_set_subject (self, g_value_get_string (value));
      break;
    case PROP_TEXT:
      smtp_delivery_report_set_text (self, g_value_get_string (value));
      break;
    case PROP_ENVELOPE_ID:
      smtp_delivery_report_set_envelope_id (self, g_value_get_string (value));
      break;
    case PROP_RECEIVED_FROM_MTA:
      smtp_delivery_report_set_received_from_mta (self, g_value_get_string (value));
      break;
    case PROP_ARRIVAL_DATE:
      smtp_delivery_report_set_arrival_date (self, g_value_get_boxed (value));
      break;
    case PROP_ORIGINAL:
      smtp_delivery_report_set_original (self, g_value_get_boxed (value));
      break;
    case PROP_RETURN_FULL:
      smtp_delivery_report_set_return_full (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_RETURNED_SIZE:
      smtp_delivery_report_set_max_returned_size (self, g_value_get_uint64 (value));
      break;
    case PROP_SMTPUTF8:
      smtp_delivery_report_set_smtputf8 (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Who makes a report without what it cannot be without gets one that is due to nobody. */
static void
constructed (GObject *object)
{
  SmtpDeliveryReport *self = SMTP_DELIVERY_REPORT (object);

  if (self->reporting_mta == NULL)
    self->reporting_mta = g_strdup ("localhost");
  if (self->reverse_path == NULL)
    self->reverse_path = smtp_address_new ("", NULL);
}

static void
install_construct_properties (void)
{
  /**
   * SmtpDeliveryReport:reporting-mta: (getter get_reporting_mta)
   *
   * The name of this host, as it stands in EHLO. What is no host name counts as `localhost`.
   */
  props[PROP_REPORTING_MTA] =
    g_param_spec_string ("reporting-mta", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpDeliveryReport:reverse-path: (getter get_reverse_path)
   *
   * The sender of the message, who is told.
   */
  props[PROP_REVERSE_PATH] =
    g_param_spec_boxed ("reverse-path", NULL, NULL, SMTP_TYPE_ADDRESS,
                        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static void
install_header_properties (void)
{
  /**
   * SmtpDeliveryReport:author: (getter get_author) (setter set_author)
   *
   * Whom the report comes from, in its header; %NULL for `MAILER-DAEMON` at
   * [property@DeliveryReport:reporting-mta]. It has nothing to do with the envelope, in which
   * the reverse path is null.
   */
  props[PROP_AUTHOR] =
    g_param_spec_boxed ("author", NULL, NULL, SMTP_TYPE_ADDRESS, FLAGS);

  /**
   * SmtpDeliveryReport:message-id: (getter get_message_id) (setter set_message_id)
   *
   * The Message-ID of the report, with its angle brackets; %NULL to have one made, which is then
   * the same for each time that the report is built. What is no Message-ID counts as %NULL.
   */
  props[PROP_MESSAGE_ID] =
    g_param_spec_string ("message-id", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryReport:subject: (getter get_subject) (setter set_subject)
   *
   * The subject of the report; %NULL for one in English that fits the entries.
   */
  props[PROP_SUBJECT] =
    g_param_spec_string ("subject", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryReport:text: (getter get_text) (setter set_text)
   *
   * What a person reads, in UTF-8, with any line ends; %NULL for a text in English that fits the
   * entries.
   */
  props[PROP_TEXT] =
    g_param_spec_string ("text", NULL, NULL, NULL, FLAGS);
}

static void
install_message_properties (void)
{
  /**
   * SmtpDeliveryReport:envelope-id: (getter get_envelope_id) (setter set_envelope_id)
   *
   * What the sender called the message: the value of ENVID, decoded; %NULL if there was none. It
   * goes back to the sender, whose program finds the message by it.
   */
  props[PROP_ENVELOPE_ID] =
    g_param_spec_string ("envelope-id", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryReport:received-from-mta: (getter get_received_from_mta) (setter set_received_from_mta)
   *
   * The name of the host that the message came from, %NULL to keep it back.
   */
  props[PROP_RECEIVED_FROM_MTA] =
    g_param_spec_string ("received-from-mta", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpDeliveryReport:arrival-date: (getter get_arrival_date) (setter set_arrival_date)
   *
   * When the message came, %NULL if that is not known.
   */
  props[PROP_ARRIVAL_DATE] =
    g_param_spec_boxed ("arrival-date", NULL, NULL, G_TYPE_DATE_TIME, FLAGS);

  /**
   * SmtpDeliveryReport:original: (getter get_original) (setter set_original)
   *
   * The message that the report is about, of which something goes back with it; %NULL if nothing
   * is to go back.
   */
  props[PROP_ORIGINAL] =
    g_param_spec_boxed ("original", NULL, NULL, G_TYPE_BYTES, FLAGS);
}

static void
install_returned_properties (void)
{
  /**
   * SmtpDeliveryReport:return-full: (getter get_return_full) (setter set_return_full)
   *
   * Whether the whole message goes back, as `RET=FULL` asks for; else its header. It
   * goes back whole only where it has failed for somebody (RFC 3461 section 4.3), where it is no
   * larger than [property@DeliveryReport:max-returned-size], and where it may stand in another message: a binary
   * one (RFC 3030) may not, nor one with longer lines than are allowed.
   */
  props[PROP_RETURN_FULL] =
    g_param_spec_boolean ("return-full", NULL, NULL, FALSE, FLAGS);

  /**
   * SmtpDeliveryReport:max-returned-size: (getter get_max_returned_size) (setter set_max_returned_size)
   *
   * How many octets of the message go back at most. A header that is longer is cut behind a
   * field.
   */
  props[PROP_MAX_RETURNED_SIZE] =
    g_param_spec_uint64 ("max-returned-size", NULL, NULL, 0, G_MAXUINT64, SMTP_DEFAULT_MAX_RETURNED_SIZE, FLAGS);

  /**
   * SmtpDeliveryReport:smtputf8: (getter get_smtputf8) (setter set_smtputf8)
   *
   * Whether the sender can read headers with characters outside ASCII, RFC 6532, which he has
   * shown by the use of SMTPUTF8. Where [property@DeliveryReport:reverse-path] has such characters, he can.
   */
  props[PROP_SMTPUTF8] =
    g_param_spec_boolean ("smtputf8", NULL, NULL, FALSE, FLAGS);
}

void
smtp_delivery_report_install_properties (GObjectClass *object_class)
{
  object_class->constructed = constructed;
  object_class->get_property = get_property;
  object_class->set_property = set_property;

  install_construct_properties ();
  install_header_properties ();
  install_message_properties ();
  install_returned_properties ();

  g_object_class_install_properties (object_class, N_PROPS, props);
}
