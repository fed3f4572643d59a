/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "dialogue/smtp-builtin-extensions.h"
#include "smtp-extension-private.h"
#include "smtp-server-private.h"
#include "wire/smtp-command-parser.h"
#include "wire/smtp-parameter-parser.h"

/**
 * SmtpExtension:
 *
 * A service extension of SMTP, RFC 5321 section 2.2: a keyword in the answer to EHLO, parameters
 * of MAIL and RCPT, commands.
 *
 * Those of the library are objects of this class, too: [method@Server.lookup_extension] finds them.
 * One of a program's own is made, described by [method@Extension.add_parameter] and
 * [method@Extension.add_command], and given to a server by [method@Server.add_extension]. Each can be
 * switched on and off for a server ([method@Server.set_extension_enabled]) and for a session
 * ([method@Session.set_extension_enabled]).
 *
 * What its parameters say is read by hooks, from [struct@Parameters]: an extension only has them
 * let through, if their values are well-formed. A class derived from this one may judge that,
 * and may decide to which client it is offered.
 */

G_DEFINE_TYPE_WITH_PRIVATE (SmtpExtension, smtp_extension, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_KEYWORD,
  PROP_VALUE,
  PROP_REQUIRES_TLS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) smtp_extension_get_private (self)

SmtpExtensionPrivate *
smtp_extension_get_private (SmtpExtension *self)
{
  return smtp_extension_get_instance_private (self);
}

static const char * const verbs[] = { "MAIL", "RCPT" };

/**
 * SmtpExtensionClass::is_on_offer:
 * @self: an extension
 * @server: the server
 * @session: the connection
 *
 * Whether this client can use the extension now: whether it is announced, and its parameters known. By
 * default it can, in TLS or without it as [property@Extension:requires-tls] says. Asked at every EHLO
 * and for every parameter of the extension.
 *
 * Returns: %TRUE if it can
 */

/**
 * SmtpExtensionClass::describe:
 * @self: an extension
 * @server: the server
 * @session: the connection
 *
 * What stands behind the keyword in the answer to EHLO, by default [property@Extension:value].
 *
 * Returns: (transfer full) (nullable): the text, or %NULL for none
 */

/**
 * SmtpExtensionClass::check_parameter:
 * @self: an extension
 * @session: the connection
 * @verb: `MAIL` or `RCPT`
 * @keyword: the keyword of the parameter, as the client wrote it
 * @value: (nullable): its value, or %NULL if it has none
 *
 * Whether a parameter is well-formed. If it is not, the command is answered 501. By default any value
 * is, and none.
 *
 * Returns: %TRUE if it is
 */

static void
clear_parameter (gpointer data)
{
  g_free (((SmtpExtensionParameter *) data)->keyword);
}

static void
clear_command (gpointer data)
{
  SmtpExtensionCommand *command = data;

  g_free (command->verb);
  if (command->destroy != NULL)
    command->destroy (command->user_data);
}

static void
smtp_extension_finalize (GObject *object)
{
  SmtpExtensionPrivate *priv = PRIVATE (SMTP_EXTENSION (object));

  g_clear_pointer (&priv->keyword, g_free);
  g_clear_pointer (&priv->value, g_free);
  g_clear_pointer (&priv->parameters, g_array_unref);
  g_clear_pointer (&priv->commands, g_array_unref);

  G_OBJECT_CLASS (smtp_extension_parent_class)->finalize (object);
}

static void
smtp_extension_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SmtpExtensionPrivate *priv = PRIVATE (SMTP_EXTENSION (object));

  switch (prop_id)
    {
    case PROP_KEYWORD:
      g_value_set_string (value, priv->keyword);
      break;
    case PROP_VALUE:
      g_value_set_string (value, priv->value);
      break;
    case PROP_REQUIRES_TLS:
      g_value_set_boolean (value, priv->requires_tls);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_keyword (SmtpExtensionPrivate *priv,
             const char           *keyword)
{
  if (keyword != NULL && smtp_parameter_is_keyword (keyword))
    priv->keyword = g_strdup (keyword);
  else
    g_critical ("\"%s\" is no keyword of an extension", keyword != NULL ? keyword : "(null)");
}

static void
smtp_extension_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  SmtpExtension *self = SMTP_EXTENSION (object);

  switch (prop_id)
    {
    case PROP_KEYWORD:
      set_keyword (PRIVATE (self), g_value_get_string (value));
      break;
    case PROP_VALUE:
      smtp_extension_set_value (self, g_value_get_string (value));
      break;
    case PROP_REQUIRES_TLS:
      smtp_extension_set_requires_tls (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static gboolean
real_is_on_offer (SmtpExtension *self,
                  SmtpServer    *server,
                  SmtpSession   *session)
{
  SmtpExtensionPrivate *priv = PRIVATE (self);

  if (priv->builtin != NULL)
    return priv->builtin->is_on_offer == NULL || priv->builtin->is_on_offer (server, session);

  return !priv->requires_tls || smtp_session_get_tls_info (session) != NULL;
}

static char *
real_describe (SmtpExtension *self,
               SmtpServer    *server,
               SmtpSession   *session)
{
  SmtpExtensionPrivate *priv = PRIVATE (self);

  if (priv->builtin != NULL && priv->builtin->describe != NULL)
    return priv->builtin->describe (server, session, priv->value);

  return g_strdup (priv->value);
}

static gboolean
real_check_parameter (SmtpExtension *self,
                      SmtpSession   *session,
                      const char    *verb,
                      const char    *keyword,
                      const char    *value)
{
  return TRUE;
}

static void
smtp_extension_class_init (SmtpExtensionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_extension_finalize;
  object_class->get_property = smtp_extension_get_property;
  object_class->set_property = smtp_extension_set_property;
  klass->is_on_offer = real_is_on_offer;
  klass->describe = real_describe;
  klass->check_parameter = real_check_parameter;

  /**
   * SmtpExtension:keyword: (getter get_keyword)
   *
   * The keyword in the answer to EHLO: letters, digits and hyphens.
   */
  props[PROP_KEYWORD] =
    g_param_spec_string ("keyword", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpExtension:value: (getter get_value) (setter set_value)
   *
   * What stands behind the keyword. Of the library's own extensions, `DELIVERBY` has the least time
   * here (in seconds), `FUTURERELEASE` the longest (in seconds), `MT-PRIORITY` the name of a profile,
   * `NO-SOLICITING` words, and `BURL` what URLs are understood; others have no use for it.
   */
  props[PROP_VALUE] =
    g_param_spec_string ("value", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpExtension:requires-tls: (getter get_requires_tls) (setter set_requires_tls)
   *
   * Whether an extension of a program's own is offered in TLS only.
   */
  props[PROP_REQUIRES_TLS] =
    g_param_spec_boolean ("requires-tls", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_extension_init (SmtpExtension *self)
{
  SmtpExtensionPrivate *priv = PRIVATE (self);

  priv->parameters = g_array_new (FALSE, FALSE, sizeof (SmtpExtensionParameter));
  g_array_set_clear_func (priv->parameters, clear_parameter);
  priv->commands = g_array_new (FALSE, FALSE, sizeof (SmtpExtensionCommand));
  g_array_set_clear_func (priv->commands, clear_command);
}

/**
 * smtp_extension_new:
 * @keyword: a keyword: letters, digits and hyphens, such as `XFOO`
 *
 * Makes an extension, to be given to a server by [method@Server.add_extension].
 *
 * Returns: (transfer full): a new extension
 */
SmtpExtension *
smtp_extension_new (const char *keyword)
{
  g_return_val_if_fail (keyword != NULL && smtp_parameter_is_keyword (keyword), NULL);

  return g_object_new (SMTP_TYPE_EXTENSION, "keyword", keyword, NULL);
}

static void
add_parameter (SmtpExtensionPrivate *priv,
               gboolean              is_rcpt,
               const char           *keyword,
               guint                 length)
{
  SmtpExtensionParameter parameter = { is_rcpt, g_strdup (keyword), length };

  g_array_append_val (priv->parameters, parameter);
}

SmtpExtension *
smtp_extension_new_builtin (const char *keyword)
{
  const SmtpBuiltinExtension *builtin = smtp_builtin_extension_get (smtp_builtin_extension_find (keyword));
  SmtpExtension *self = smtp_extension_new (builtin->keyword);
  SmtpExtensionPrivate *priv = PRIVATE (self);

  priv->builtin = builtin;
  priv->sealed = TRUE;
  for (guint i = 0; builtin->parameters[i].keyword != NULL; i++)
    add_parameter (priv, builtin->parameters[i].is_rcpt, builtin->parameters[i].keyword,
                   builtin->parameters[i].length);
  if (builtin->verb != NULL)
    {
      SmtpExtensionCommand command = { .verb = g_strdup (builtin->verb) };

      g_array_append_val (priv->commands, command);
    }

  return self;
}

/**
 * smtp_extension_get_keyword: (get-property keyword)
 * @self: an extension
 *
 * The keyword in the answer to EHLO.
 *
 * Returns: the keyword
 */
const char *
smtp_extension_get_keyword (SmtpExtension *self)
{
  g_return_val_if_fail (SMTP_IS_EXTENSION (self), NULL);

  return PRIVATE (self)->keyword;
}

/**
 * smtp_extension_get_value: (get-property value)
 * @self: an extension
 *
 * What stands behind the keyword.
 *
 * Returns: (nullable): the text, or %NULL for none
 */
const char *
smtp_extension_get_value (SmtpExtension *self)
{
  g_return_val_if_fail (SMTP_IS_EXTENSION (self), NULL);

  return PRIVATE (self)->value;
}

/**
 * smtp_extension_set_value: (set-property value)
 * @self: an extension
 * @value: (nullable): a text, or %NULL for none
 *
 * Sets [property@Extension:value]. Clients learn of it with their next EHLO.
 */
void
smtp_extension_set_value (SmtpExtension *self,
                          const char    *value)
{
  SmtpExtensionPrivate *priv = PRIVATE (self);
  char *old;

  g_return_if_fail (SMTP_IS_EXTENSION (self));

  if (g_strcmp0 (priv->value, value) == 0)
    return;

  old = priv->value;
  priv->value = g_strdup (value);
  g_free (old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VALUE]);
}

/**
 * smtp_extension_get_requires_tls: (get-property requires-tls)
 * @self: an extension
 *
 * Whether it is offered in TLS only.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_extension_get_requires_tls (SmtpExtension *self)
{
  g_return_val_if_fail (SMTP_IS_EXTENSION (self), FALSE);

  return PRIVATE (self)->requires_tls;
}

/**
 * smtp_extension_set_requires_tls: (set-property requires-tls)
 * @self: an extension
 * @requires_tls: whether it is for TLS only
 *
 * Sets [property@Extension:requires-tls].
 */
void
smtp_extension_set_requires_tls (SmtpExtension *self,
                                 gboolean       requires_tls)
{
  SmtpExtensionPrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_EXTENSION (self));

  if (priv->requires_tls == !!requires_tls)
    return;

  priv->requires_tls = !!requires_tls;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REQUIRES_TLS]);
}

static int
find_verb (const char *verb)
{
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (g_ascii_strcasecmp (verbs[i], verb) == 0)
        return (int) i;
    }

  return -1;
}

/**
 * smtp_extension_add_parameter:
 * @self: an extension that no server has yet
 * @verb: `MAIL` or `RCPT`
 * @keyword: a keyword: letters, digits and hyphens
 * @length: by how many octets the parameter may make the line longer than the 512 of RFC 5321 section
 *   4.5.3.1.4, with the space in front of it; at most 65536
 *
 * Adds a parameter, whose values the method `check_parameter` judges.
 */
void
smtp_extension_add_parameter (SmtpExtension *self,
                              const char    *verb,
                              const char    *keyword,
                              guint          length)
{
  g_return_if_fail (SMTP_IS_EXTENSION (self));
  g_return_if_fail (!PRIVATE (self)->sealed);
  g_return_if_fail (verb != NULL && find_verb (verb) >= 0);
  g_return_if_fail (keyword != NULL && smtp_parameter_is_keyword (keyword));
  g_return_if_fail (length <= 65536);

  add_parameter (PRIVATE (self), find_verb (verb), keyword, length);
}

/**
 * smtp_extension_dup_parameters:
 * @self: an extension
 * @verb: `MAIL` or `RCPT`
 *
 * The keywords of its parameters of one command.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_extension_dup_parameters (SmtpExtension *self,
                               const char    *verb)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  GArray *parameters;

  g_return_val_if_fail (SMTP_IS_EXTENSION (self), NULL);
  g_return_val_if_fail (verb != NULL && find_verb (verb) >= 0, NULL);

  builder = g_strv_builder_new ();
  parameters = PRIVATE (self)->parameters;
  for (guint i = 0; i < parameters->len; i++)
    {
      const SmtpExtensionParameter *parameter = &g_array_index (parameters, SmtpExtensionParameter, i);

      if (parameter->is_rcpt == find_verb (verb))
        g_strv_builder_add (builder, parameter->keyword);
    }

  return g_strv_builder_end (builder);
}

/**
 * smtp_extension_add_command:
 * @self: an extension that no server has yet
 * @verb: letters and digits, at most 31, in any case
 * @callback: (scope notified) (closure user_data) (destroy destroy): what runs the command
 * @user_data: what to give it
 * @destroy: (nullable): frees @user_data
 *
 * Adds a command, as [method@Server.add_command] does, that is there while the extension is
 * enabled.
 */
void
smtp_extension_add_command (SmtpExtension       *self,
                            const char          *verb,
                            SmtpCommandCallback  callback,
                            gpointer             user_data,
                            GDestroyNotify       destroy)
{
  SmtpExtensionCommand command = { .callback = callback, .user_data = user_data, .destroy = destroy };

  g_return_if_fail (SMTP_IS_EXTENSION (self));
  g_return_if_fail (!PRIVATE (self)->sealed);
  g_return_if_fail (verb != NULL && smtp_command_is_verb (verb));
  g_return_if_fail (callback != NULL);

  command.verb = g_ascii_strup (verb, -1);
  g_array_append_val (PRIVATE (self)->commands, command);
}

/**
 * smtp_extension_dup_commands:
 * @self: an extension
 *
 * The verbs of its commands, in capital letters.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_extension_dup_commands (SmtpExtension *self)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  GArray *commands;

  g_return_val_if_fail (SMTP_IS_EXTENSION (self), NULL);

  builder = g_strv_builder_new ();
  commands = PRIVATE (self)->commands;
  for (guint i = 0; i < commands->len; i++)
    g_strv_builder_add (builder, g_array_index (commands, SmtpExtensionCommand, i).verb);

  return g_strv_builder_end (builder);
}
