/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-sasl-mechanism.h"

/**
 * SmtpSaslMechanism:
 *
 * A way for a client to show who it is: one exchange of AUTH (RFC 4954) by a mechanism of SASL
 * (RFC 4422).
 *
 * Each attempt has an object of its own, made when the client names the mechanism. It is given what
 * the client says by [vfunc@SaslMechanism.step], and goes on through the request, at once or later:
 *
 * - [method@Request.challenge] asks the client for more, and `step` is called again;
 * - [method@Request.ask_secret] asks the program for what it knows of a user
 *   ([signal@Server::handle-credentials]), which comes by [vfunc@SaslMechanism.take_secret];
 * - [method@Request.present] has the program decide ([signal@Server::handle-auth]);
 * - [method@Request.reply] ends it, with a refusal. Success comes from
 *   `handle-auth` alone.
 *
 * The rules are those of command methods: one that returns with nothing of these and has not held
 * the request has failed, and the client is told 454.
 *
 * A program adds a mechanism of its own by [method@Server.add_mechanism].
 */

typedef struct
{
  char *name;
  SmtpSession *session;
  GBytes *failure_challenge;
} SmtpSaslMechanismPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SmtpSaslMechanism, smtp_sasl_mechanism, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_SESSION,
  PROP_FAILURE_CHALLENGE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpSaslMechanismPrivate *) smtp_sasl_mechanism_get_instance_private (self))

static void
smtp_sasl_mechanism_finalize (GObject *object)
{
  SmtpSaslMechanismPrivate *priv = PRIVATE (SMTP_SASL_MECHANISM (object));

  g_free (priv->name);
  g_clear_object (&priv->session);
  g_clear_pointer (&priv->failure_challenge, g_bytes_unref);

  G_OBJECT_CLASS (smtp_sasl_mechanism_parent_class)->finalize (object);
}

static void
smtp_sasl_mechanism_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  SmtpSaslMechanismPrivate *priv = PRIVATE (SMTP_SASL_MECHANISM (object));

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_SESSION:
      g_value_set_object (value, priv->session);
      break;
    case PROP_FAILURE_CHALLENGE:
      g_value_set_boxed (value, priv->failure_challenge);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_sasl_mechanism_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  SmtpSaslMechanism *self = SMTP_SASL_MECHANISM (object);
  SmtpSaslMechanismPrivate *priv = PRIVATE (self);

  switch (prop_id)
    {
    case PROP_NAME:
      priv->name = g_value_dup_string (value);
      break;
    case PROP_SESSION:
      priv->session = g_value_dup_object (value);
      break;
    case PROP_FAILURE_CHALLENGE:
      smtp_sasl_mechanism_set_failure_challenge (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Who has asked for no secret is given none. */
static void
fail (SmtpSaslMechanism *self,
      SmtpRequest       *request,
      SmtpSecret        *secret)
{
  smtp_request_fail (request, NULL);
}

static void
smtp_sasl_mechanism_class_init (SmtpSaslMechanismClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_sasl_mechanism_finalize;
  object_class->get_property = smtp_sasl_mechanism_get_property;
  object_class->set_property = smtp_sasl_mechanism_set_property;
  klass->take_secret = fail;

  /**
   * SmtpSaslMechanism:name: (getter get_name)
   *
   * The name by which the client chose it, in capital letters.
   */
  props[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSaslMechanism:session: (getter get_session)
   *
   * The connection.
   */
  props[PROP_SESSION] =
    g_param_spec_object ("session", NULL, NULL, SMTP_TYPE_SESSION,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpSaslMechanism:failure-challenge: (getter get_failure_challenge) (setter set_failure_challenge)
   *
   * What the client is asked once more before it is told that it was refused, where the
   * mechanism wants that (RFC 7628 section 3.2.3); %NULL: nothing.
   */
  props[PROP_FAILURE_CHALLENGE] =
    g_param_spec_boxed ("failure-challenge", NULL, NULL, G_TYPE_BYTES,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_sasl_mechanism_init (SmtpSaslMechanism *self)
{
}

/* The virtual methods, for the reference. */

/**
 * SmtpSaslMechanismClass::step:
 * @self: a mechanism
 * @request: the command, through which it goes on
 * @response: (nullable): what the client said, decoded; %NULL at the beginning if it said nothing
 *   yet. A mechanism in which the client begins then asks with an empty challenge
 *
 * The client has said something.
 */

/**
 * SmtpSaslMechanismClass::take_secret:
 * @self: a mechanism
 * @request: the command, through which it goes on
 * @secret: (nullable): what the program knows of the user, %NULL if nothing
 *
 * The program has been asked for a secret. Clients should not find out whether a user exists:
 * without a secret a mechanism goes on as with one, to be refused at the end.
 */

/**
 * smtp_sasl_mechanism_get_name: (get-property name)
 * @self: a mechanism
 *
 * The name by which the client chose it, in capital letters.
 *
 * Returns: the name
 */
const char *
smtp_sasl_mechanism_get_name (SmtpSaslMechanism *self)
{
  g_return_val_if_fail (SMTP_IS_SASL_MECHANISM (self), NULL);

  return PRIVATE (self)->name;
}

/**
 * smtp_sasl_mechanism_get_session: (get-property session)
 * @self: a mechanism
 *
 * The connection.
 *
 * Returns: (transfer none): the session
 */
SmtpSession *
smtp_sasl_mechanism_get_session (SmtpSaslMechanism *self)
{
  g_return_val_if_fail (SMTP_IS_SASL_MECHANISM (self), NULL);

  return PRIVATE (self)->session;
}

/**
 * smtp_sasl_mechanism_get_failure_challenge: (get-property failure-challenge)
 * @self: a mechanism
 *
 * What the client is asked once more before it is told that it was refused.
 *
 * Returns: (transfer none) (nullable): the challenge, or %NULL if there is none
 */
GBytes *
smtp_sasl_mechanism_get_failure_challenge (SmtpSaslMechanism *self)
{
  g_return_val_if_fail (SMTP_IS_SASL_MECHANISM (self), NULL);

  return PRIVATE (self)->failure_challenge;
}

/**
 * smtp_sasl_mechanism_set_failure_challenge: (set-property failure-challenge)
 * @self: a mechanism
 * @challenge: (nullable): octets
 *
 * Sets [property@SaslMechanism:failure-challenge].
 */
void
smtp_sasl_mechanism_set_failure_challenge (SmtpSaslMechanism *self,
                                           GBytes            *challenge)
{
  SmtpSaslMechanismPrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_SASL_MECHANISM (self));

  if (challenge != NULL)
    g_bytes_ref (challenge);
  g_clear_pointer (&priv->failure_challenge, g_bytes_unref);
  priv->failure_challenge = challenge;
}
