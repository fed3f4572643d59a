/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-envelope.h"

#include "smtp-enum-types.h"
#include "smtp-envelope-private.h"

/**
 * SmtpEnvelope:
 *
 * One mail transaction, RFC 5321 section 3.3: a reverse path, recipients, content.
 *
 * Every transaction has an envelope of its own, made when a MAIL command arrives and
 * let go when its message was answered, or when RSET, EHLO or the end of the connection
 * cut it short. It is never used for a second one, so a program may keep it.
 *
 * The server sets the sender and adds the recipients once the client was told that they
 * are accepted; hooks need not. A command method of a subclass that answers MAIL or RCPT
 * itself, without chaining up, uses [method@Envelope.set_reverse_path] and
 * [method@Envelope.add_recipient].
 *
 * A program can derive a class of its own and have the server use it, by
 * [property@Server:envelope-type] or [vfunc@Server.create_envelope].
 */

G_DEFINE_TYPE_WITH_PRIVATE (SmtpEnvelope, smtp_envelope, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_REVERSE_PATH,
  PROP_MAIL_FROM,
  PROP_MAIL_PARAMETERS,
  PROP_MAIL_OPTIONS,
  PROP_DECLARED_SIZE,
  PROP_BODY_TYPE,
  PROP_SMTPUTF8,
  PROP_AUTH_SENDER,
  PROP_N_RECIPIENTS,
  PROP_RCPT_TOS,
  PROP_RCPT_OPTIONS,
  PROP_CONTENT,
  PROP_BODY_STREAM,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) smtp_envelope_get_private (self)

SmtpEnvelopePrivate *
smtp_envelope_get_private (SmtpEnvelope *self)
{
  return smtp_envelope_get_instance_private (self);
}

static void
smtp_envelope_finalize (GObject *object)
{
  SmtpEnvelopePrivate *priv = PRIVATE (SMTP_ENVELOPE (object));

  g_clear_pointer (&priv->reverse_path, smtp_address_unref);
  g_clear_pointer (&priv->mail_parameters, smtp_parameters_unref);
  g_clear_pointer (&priv->recipients, g_ptr_array_unref);
  g_clear_pointer (&priv->content, g_bytes_unref);
  g_clear_object (&priv->body_stream);
  smtp_mail_declaration_clear (&priv->declaration);

  G_OBJECT_CLASS (smtp_envelope_parent_class)->finalize (object);
}

static void
smtp_envelope_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  SmtpEnvelope *self = SMTP_ENVELOPE (object);

  switch (prop_id)
    {
    case PROP_REVERSE_PATH:
      g_value_set_boxed (value, smtp_envelope_get_reverse_path (self));
      break;
    case PROP_MAIL_FROM:
      g_value_set_string (value, smtp_envelope_get_mail_from (self));
      break;
    case PROP_MAIL_PARAMETERS:
      g_value_set_boxed (value, smtp_envelope_get_mail_parameters (self));
      break;
    case PROP_MAIL_OPTIONS:
      g_value_take_boxed (value, smtp_envelope_dup_mail_options (self));
      break;
    case PROP_DECLARED_SIZE:
      g_value_set_uint64 (value, smtp_envelope_get_declared_size (self));
      break;
    case PROP_BODY_TYPE:
      g_value_set_enum (value, smtp_envelope_get_body_type (self));
      break;
    case PROP_SMTPUTF8:
      g_value_set_boolean (value, smtp_envelope_get_smtputf8 (self));
      break;
    case PROP_AUTH_SENDER:
      g_value_set_boxed (value, smtp_envelope_get_auth_sender (self));
      break;
    case PROP_N_RECIPIENTS:
      g_value_set_uint (value, smtp_envelope_get_n_recipients (self));
      break;
    case PROP_RCPT_TOS:
      g_value_take_boxed (value, smtp_envelope_dup_rcpt_tos (self));
      break;
    case PROP_RCPT_OPTIONS:
      g_value_take_boxed (value, smtp_envelope_dup_rcpt_options (self));
      break;
    case PROP_CONTENT:
      g_value_set_boxed (value, smtp_envelope_get_content (self));
      break;
    case PROP_BODY_STREAM:
      g_value_set_object (value, smtp_envelope_get_body_stream (self));
      break;
    default:
      if (!smtp_envelope_get_extension_property (self, prop_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_envelope_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  SmtpEnvelope *self = SMTP_ENVELOPE (object);

  switch (prop_id)
    {
    case PROP_REVERSE_PATH:
      smtp_envelope_set_reverse_path (self, g_value_get_boxed (value));
      break;
    case PROP_MAIL_PARAMETERS:
      smtp_envelope_set_mail_parameters (self, g_value_get_boxed (value));
      break;
    case PROP_CONTENT:
      smtp_envelope_set_content (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_mail_properties (void)
{
  /**
   * SmtpEnvelope:reverse-path: (getter get_reverse_path) (setter set_reverse_path)
   *
   * The sender, %NULL before MAIL was accepted.
   */
  props[PROP_REVERSE_PATH] =
    g_param_spec_boxed ("reverse-path", NULL, NULL, SMTP_TYPE_ADDRESS,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpEnvelope:mail-from: (getter get_mail_from)
   *
   * The sender as text: empty for the null reverse path, %NULL before MAIL was accepted.
   */
  props[PROP_MAIL_FROM] =
    g_param_spec_string ("mail-from", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:mail-parameters: (getter get_mail_parameters) (setter set_mail_parameters)
   *
   * The parameters of the MAIL command.
   */
  props[PROP_MAIL_PARAMETERS] =
    g_param_spec_boxed ("mail-parameters", NULL, NULL, SMTP_TYPE_PARAMETERS,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpEnvelope:mail-options:
   *
   * The parameters of the MAIL command as text, each `KEYWORD` or `KEYWORD=value`.
   */
  props[PROP_MAIL_OPTIONS] =
    g_param_spec_boxed ("mail-options", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:declared-size: (getter get_declared_size)
   *
   * What the client declared with `SIZE=` (RFC 1870), in octets; 0 if it did not.
   */
  props[PROP_DECLARED_SIZE] =
    g_param_spec_uint64 ("declared-size", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:body-type: (getter get_body_type)
   *
   * What the client declared with `BODY=` (RFC 6152).
   */
  props[PROP_BODY_TYPE] =
    g_param_spec_enum ("body-type", NULL, NULL, SMTP_TYPE_BODY_TYPE, SMTP_BODY_TYPE_SEVEN_BIT,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:smtputf8: (getter get_smtputf8)
   *
   * Whether the client asked for SMTPUTF8 (RFC 6531).
   */
  props[PROP_SMTPUTF8] =
    g_param_spec_boolean ("smtputf8", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:auth-sender: (getter get_auth_sender)
   *
   * Who submitted the message first, if the client said so (RFC 4954 section 5).
   */
  props[PROP_AUTH_SENDER] =
    g_param_spec_boxed ("auth-sender", NULL, NULL, SMTP_TYPE_ADDRESS,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_message_properties (void)
{
  /**
   * SmtpEnvelope:n-recipients: (getter get_n_recipients)
   *
   * How many recipients were accepted.
   */
  props[PROP_N_RECIPIENTS] =
    g_param_spec_uint ("n-recipients", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:rcpt-tos:
   *
   * The recipients as text, in the order in which they were accepted.
   */
  props[PROP_RCPT_TOS] =
    g_param_spec_boxed ("rcpt-tos", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:rcpt-options:
   *
   * The parameters of all RCPT commands as text, one after the other. Whose is whose
   * only [method@Envelope.get_recipients] tells.
   */
  props[PROP_RCPT_OPTIONS] =
    g_param_spec_boxed ("rcpt-options", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpEnvelope:content: (getter get_content) (setter set_content)
   *
   * The message, to the octet as it was sent, without dot-stuffing; %NULL before its end, and
   * when it went to a stream of the program's own. A large message is a file, mapped.
   */
  props[PROP_CONTENT] =
    g_param_spec_boxed ("content", NULL, NULL, G_TYPE_BYTES,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpEnvelope:body-stream: (getter get_body_stream)
   *
   * The stream of the program's own that the message was written to, %NULL for the library's
   * own spool.
   */
  props[PROP_BODY_STREAM] =
    g_param_spec_object ("body-stream", NULL, NULL, G_TYPE_OUTPUT_STREAM,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
smtp_envelope_class_init (SmtpEnvelopeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_envelope_finalize;
  object_class->get_property = smtp_envelope_get_property;
  object_class->set_property = smtp_envelope_set_property;

  install_mail_properties ();
  install_message_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);
  smtp_envelope_install_extension_properties (object_class);
}

static void
smtp_envelope_init (SmtpEnvelope *self)
{
}

/**
 * smtp_envelope_new:
 *
 * Makes an empty envelope, as a server does for every transaction.
 *
 * Returns: (transfer full): a new envelope
 */
SmtpEnvelope *
smtp_envelope_new (void)
{
  return g_object_new (SMTP_TYPE_ENVELOPE, NULL);
}

void
smtp_envelope_begin (SmtpEnvelope              *self,
                     SmtpAddress               *reverse_path,
                     SmtpParameters            *parameters,
                     const SmtpMailDeclaration *declaration)
{
  smtp_envelope_set_reverse_path (self, reverse_path);
  smtp_envelope_set_mail_parameters (self, parameters);

  smtp_mail_declaration_clear (&PRIVATE (self)->declaration);
  PRIVATE (self)->declaration = *declaration;
  if (declaration->auth_sender != NULL)
    smtp_address_ref (declaration->auth_sender);
}

void
smtp_mail_declaration_clear (SmtpMailDeclaration *self)
{
  g_clear_pointer (&self->auth_sender, smtp_address_unref);
}

gboolean
smtp_envelope_is_begun (SmtpEnvelope *self)
{
  return PRIVATE (self)->reverse_path != NULL;
}

/**
 * smtp_envelope_get_reverse_path: (get-property reverse-path)
 * @self: an envelope
 *
 * The sender, RFC 5321 section 4.1.1.2.
 *
 * Returns: (transfer none) (nullable): the address, which may be the null reverse path;
 *   %NULL before MAIL was accepted
 */
SmtpAddress *
smtp_envelope_get_reverse_path (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return PRIVATE (self)->reverse_path;
}

/**
 * smtp_envelope_set_reverse_path: (set-property reverse-path)
 * @self: an envelope
 * @reverse_path: (nullable): an address
 *
 * Sets the sender. With it the transaction has begun.
 */
void
smtp_envelope_set_reverse_path (SmtpEnvelope *self,
                                SmtpAddress  *reverse_path)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_ENVELOPE (self));

  if (priv->reverse_path == reverse_path)
    return;

  g_clear_pointer (&priv->reverse_path, smtp_address_unref);
  if (reverse_path != NULL)
    priv->reverse_path = smtp_address_ref (reverse_path);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REVERSE_PATH]);
}

/**
 * smtp_envelope_get_mail_from: (get-property mail-from)
 * @self: an envelope
 *
 * The sender as text.
 *
 * Returns: (nullable): the address, empty for the null reverse path; %NULL before MAIL
 *   was accepted
 */
const char *
smtp_envelope_get_mail_from (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return priv->reverse_path != NULL ? smtp_address_get_text (priv->reverse_path) : NULL;
}

/**
 * smtp_envelope_get_mail_parameters: (get-property mail-parameters)
 * @self: an envelope
 *
 * The parameters of the MAIL command.
 *
 * Returns: (transfer none) (nullable): the parameters, or %NULL before MAIL was accepted
 */
SmtpParameters *
smtp_envelope_get_mail_parameters (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return PRIVATE (self)->mail_parameters;
}

/**
 * smtp_envelope_set_mail_parameters: (set-property mail-parameters)
 * @self: an envelope
 * @parameters: (nullable): parameters
 *
 * Sets the parameters of the MAIL command. What they mean is not looked at.
 */
void
smtp_envelope_set_mail_parameters (SmtpEnvelope   *self,
                                   SmtpParameters *parameters)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_ENVELOPE (self));

  if (priv->mail_parameters == parameters)
    return;

  g_clear_pointer (&priv->mail_parameters, smtp_parameters_unref);
  if (parameters != NULL)
    priv->mail_parameters = smtp_parameters_ref (parameters);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAIL_PARAMETERS]);
}

/**
 * smtp_envelope_dup_mail_options:
 * @self: an envelope
 *
 * The parameters of the MAIL command as text.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_envelope_dup_mail_options (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return priv->mail_parameters != NULL ? smtp_parameters_to_strv (priv->mail_parameters)
                                       : g_new0 (char *, 1);
}

/**
 * smtp_envelope_get_declared_size: (get-property declared-size)
 * @self: an envelope
 *
 * What the client said its message would measure (RFC 1870). It may be wrong; the
 * server's limit is enforced on what arrives.
 *
 * Returns: the size in octets, 0 if the client did not say
 */
guint64
smtp_envelope_get_declared_size (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  return PRIVATE (self)->declaration.size;
}

/**
 * smtp_envelope_get_body_type: (get-property body-type)
 * @self: an envelope
 *
 * What the client said of the octets of its message (RFC 6152).
 *
 * Returns: the body type
 */
SmtpBodyType
smtp_envelope_get_body_type (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), SMTP_BODY_TYPE_SEVEN_BIT);

  return PRIVATE (self)->declaration.body_type;
}

/**
 * smtp_envelope_get_smtputf8: (get-property smtputf8)
 * @self: an envelope
 *
 * Whether the client asked for SMTPUTF8 (RFC 6531): addresses and headers may then have
 * characters outside ASCII.
 *
 * Returns: %TRUE if it did
 */
gboolean
smtp_envelope_get_smtputf8 (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), FALSE);

  return PRIVATE (self)->declaration.smtputf8;
}

/**
 * smtp_envelope_get_auth_sender: (get-property auth-sender)
 * @self: an envelope
 *
 * Who submitted the message first: the `AUTH` parameter of MAIL (RFC 4954 section 5). The null
 * address says that this is not known; a client that has not authenticated itself has its word
 * taken for that, whatever it says.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if the client said nothing
 */
SmtpAddress *
smtp_envelope_get_auth_sender (SmtpEnvelope *self)
{
  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  return PRIVATE (self)->declaration.auth_sender;
}

/**
 * smtp_envelope_add_recipient:
 * @self: an envelope
 * @address: where the message is to go
 * @parameters: (nullable): the parameters of its RCPT command
 *
 * Adds a recipient. A server does so for each that was accepted.
 *
 * Returns: (transfer none): the new recipient
 */
SmtpRecipient *
smtp_envelope_add_recipient (SmtpEnvelope   *self,
                             SmtpAddress    *address,
                             SmtpParameters *parameters)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);
  SmtpRecipient *recipient;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);
  g_return_val_if_fail (address != NULL, NULL);

  if (priv->recipients == NULL)
    priv->recipients = g_ptr_array_new_with_free_func (g_object_unref);

  recipient = smtp_recipient_new (address, parameters);
  g_ptr_array_add (priv->recipients, recipient);

  return recipient;
}

/**
 * smtp_envelope_get_recipients:
 * @self: an envelope
 *
 * The recipients that were accepted so far, in their order.
 *
 * Returns: (transfer container) (element-type SmtpRecipient): a new list
 */
GPtrArray *
smtp_envelope_get_recipients (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);
  GPtrArray *recipients;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  recipients = g_ptr_array_new_full (smtp_envelope_get_n_recipients (self), g_object_unref);
  for (guint i = 0; i < smtp_envelope_get_n_recipients (self); i++)
    g_ptr_array_add (recipients, g_object_ref (g_ptr_array_index (priv->recipients, i)));

  return recipients;
}

/**
 * smtp_envelope_get_n_recipients: (get-property n-recipients)
 * @self: an envelope
 *
 * Counts the recipients that were accepted so far.
 *
 * Returns: how many there are
 */
guint
smtp_envelope_get_n_recipients (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), 0);

  return priv->recipients != NULL ? priv->recipients->len : 0;
}

/**
 * smtp_envelope_dup_rcpt_tos:
 * @self: an envelope
 *
 * The recipients as text.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_envelope_dup_rcpt_tos (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);
  guint length;
  char **strv;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  length = smtp_envelope_get_n_recipients (self);
  strv = g_new0 (char *, length + 1);
  for (guint i = 0; i < length; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (priv->recipients, i);

      strv[i] = g_strdup (smtp_address_get_text (smtp_recipient_get_address (recipient)));
    }

  return strv;
}

/**
 * smtp_envelope_dup_rcpt_options:
 * @self: an envelope
 *
 * The parameters of all RCPT commands as text, one after the other.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_envelope_dup_rcpt_options (SmtpEnvelope *self)
{
  SmtpEnvelopePrivate *priv = PRIVATE (self);
  g_autoptr (GStrvBuilder) builder = NULL;

  g_return_val_if_fail (SMTP_IS_ENVELOPE (self), NULL);

  builder = g_strv_builder_new ();
  for (guint i = 0; i < smtp_envelope_get_n_recipients (self); i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (priv->recipients, i);
      g_auto (GStrv) options = smtp_parameters_to_strv (smtp_recipient_get_parameters (recipient));

      g_strv_builder_addv (builder, (const char **) options);
    }

  return g_strv_builder_end (builder);
}
