/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-sasl-mechanism.h"
#include "smtp-server-private.h"

/* What a server is configured to be as far as AUTH goes; dialogue/smtp-auth-offer.c acts on it. */

/* RFC 4422 section 3.1. */
#define MAX_NAME 20

static void
own_mechanism_free (gpointer data)
{
  SmtpOwnMechanism *self = data;

  g_free (self->name);
  g_free (self);
}

void
smtp_auth_config_init (SmtpAuthConfig *self)
{
  self->requires_tls = TRUE;
  self->max_failures = SMTP_DEFAULT_MAX_AUTH_FAILURES;
  self->failure_delay = SMTP_DEFAULT_AUTH_FAILURE_DELAY;
}

void
smtp_auth_config_clear (SmtpAuthConfig *self)
{
  g_clear_pointer (&self->mechanisms, g_strfreev);
  g_clear_pointer (&self->excluded, g_strfreev);
  g_clear_pointer (&self->own, g_ptr_array_unref);
}

static SmtpAuthConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->auth;
}

static void
set_names (SmtpServer          *self,
           char              ***field,
           const char * const  *names,
           const char          *property)
{
  char **old = *field;

  *field = g_strdupv ((char **) names);
  g_strfreev (old);
  g_object_notify (G_OBJECT (self), property);
}

/**
 * smtp_server_dup_auth_mechanisms: (get-property auth-mechanisms)
 * @self: a server
 *
 * The mechanisms of SASL that are offered.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the names, or %NULL for those that
 *   suit the hooks
 */
char **
smtp_server_dup_auth_mechanisms (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return g_strdupv (get_config (self)->mechanisms);
}

/**
 * smtp_server_set_auth_mechanisms: (set-property auth-mechanisms)
 * @self: a server
 * @mechanisms: (nullable) (array zero-terminated=1): names, %NULL for those that suit the hooks
 *
 * Sets [property@Server:auth-mechanisms]. With an empty list there is no AUTH.
 */
void
smtp_server_set_auth_mechanisms (SmtpServer         *self,
                                 const char * const *mechanisms)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_names (self, &get_config (self)->mechanisms, mechanisms, "auth-mechanisms");
}

/**
 * smtp_server_dup_auth_excluded: (get-property auth-excluded)
 * @self: a server
 *
 * The mechanisms of SASL that are not offered, whatever else is said.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the names, or %NULL if there are none
 */
char **
smtp_server_dup_auth_excluded (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return g_strdupv (get_config (self)->excluded);
}

/**
 * smtp_server_set_auth_excluded: (set-property auth-excluded)
 * @self: a server
 * @mechanisms: (nullable) (array zero-terminated=1): names
 *
 * Sets [property@Server:auth-excluded].
 */
void
smtp_server_set_auth_excluded (SmtpServer         *self,
                               const char * const *mechanisms)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_names (self, &get_config (self)->excluded, mechanisms, "auth-excluded");
}

static gboolean
is_mechanism_name (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= MAX_NAME &&
         strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

/**
 * smtp_server_add_mechanism:
 * @self: a server
 * @name: its name: up to 20 letters, digits, hyphens and underscores, in any case
 * @type: the type of a class derived from [class@SaslMechanism]
 *
 * Adds a mechanism of SASL, in place of one of the same name if there is one. It is offered unless
 * [property@Server:auth-mechanisms] says otherwise; each attempt of a client makes an object of @type.
 */
void
smtp_server_add_mechanism (SmtpServer *self,
                           const char *name,
                           GType       type)
{
  SmtpAuthConfig *config;
  SmtpOwnMechanism *mechanism;

  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (name != NULL && is_mechanism_name (name));
  g_return_if_fail (g_type_is_a (type, SMTP_TYPE_SASL_MECHANISM) && !G_TYPE_IS_ABSTRACT (type));

  config = get_config (self);
  if (config->own == NULL)
    config->own = g_ptr_array_new_with_free_func (own_mechanism_free);

  for (guint i = 0; i < config->own->len; i++)
    {
      mechanism = g_ptr_array_index (config->own, i);
      if (g_ascii_strcasecmp (mechanism->name, name) == 0)
        {
          mechanism->type = type;
          return;
        }
    }

  mechanism = g_new (SmtpOwnMechanism, 1);
  *mechanism = (SmtpOwnMechanism) { g_ascii_strup (name, -1), type };
  g_ptr_array_add (config->own, mechanism);
}

#define SET(self, field, value, property)                                     \
  G_STMT_START {                                                              \
    if (get_config (self)->field != (value))                                  \
      {                                                                       \
        get_config (self)->field = (value);                                   \
        g_object_notify (G_OBJECT (self), property);                          \
      }                                                                       \
  } G_STMT_END

/**
 * smtp_server_get_auth_required: (get-property auth-required)
 * @self: a server
 *
 * Whether clients must authenticate.
 *
 * Returns: %TRUE if they must
 */
gboolean
smtp_server_get_auth_required (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return get_config (self)->required;
}

/**
 * smtp_server_set_auth_required: (set-property auth-required)
 * @self: a server
 * @required: whether they must
 *
 * Sets [property@Server:auth-required].
 */
void
smtp_server_set_auth_required (SmtpServer *self,
                               gboolean    required)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, required, !!required, "auth-required");
}

/**
 * smtp_server_get_auth_requires_tls: (get-property auth-requires-tls)
 * @self: a server
 *
 * Whether AUTH is for TLS alone.
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_server_get_auth_requires_tls (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), TRUE);

  return get_config (self)->requires_tls;
}

/**
 * smtp_server_set_auth_requires_tls: (set-property auth-requires-tls)
 * @self: a server
 * @requires_tls: whether it is
 *
 * Sets [property@Server:auth-requires-tls].
 */
void
smtp_server_set_auth_requires_tls (SmtpServer *self,
                                   gboolean    requires_tls)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, requires_tls, !!requires_tls, "auth-requires-tls");
}

/**
 * smtp_server_get_max_auth_failures: (get-property max-auth-failures)
 * @self: a server
 *
 * How many attempts of AUTH may fail on a connection.
 *
 * Returns: the number, 0 for any
 */
guint
smtp_server_get_max_auth_failures (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_failures;
}

/**
 * smtp_server_set_max_auth_failures: (set-property max-auth-failures)
 * @self: a server
 * @max_failures: a number, 0 for any
 *
 * Sets [property@Server:max-auth-failures].
 */
void
smtp_server_set_max_auth_failures (SmtpServer *self,
                                   guint       max_failures)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  SET (self, max_failures, max_failures, "max-auth-failures");
}

/**
 * smtp_server_get_auth_failure_delay: (get-property auth-failure-delay)
 * @self: a server
 *
 * How long a client waits at most to hear that AUTH failed.
 *
 * Returns: milliseconds
 */
guint
smtp_server_get_auth_failure_delay (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->failure_delay;
}

/**
 * smtp_server_set_auth_failure_delay: (set-property auth-failure-delay)
 * @self: a server
 * @milliseconds: a time, up to a minute
 *
 * Sets [property@Server:auth-failure-delay].
 */
void
smtp_server_set_auth_failure_delay (SmtpServer *self,
                                    guint       milliseconds)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (milliseconds <= 60000);

  SET (self, failure_delay, milliseconds, "auth-failure-delay");
}
