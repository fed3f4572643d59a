/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-private.h"

#include "wire/smtp-command-parser.h"

/* What a server bears with: haste, mistakes, and commands that lead nowhere. */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

enum
{
  PROP_FIRST = SMTP_SERVER_FIRST_LIMIT_PROPERTY,
  PROP_GREETING_DELAY = PROP_FIRST,
  PROP_SOFT_ERRORS,
  PROP_ERROR_DELAY,
  PROP_MAX_JUNK_COMMANDS,
  PROP_MAX_HEADER_SIZE,
  PROP_CLOSE_TIMEOUT,
};

void
smtp_limit_config_init (SmtpLimitConfig *self)
{
  self->soft_errors = SMTP_DEFAULT_SOFT_ERRORS;
  self->error_delay = SMTP_DEFAULT_ERROR_DELAY;
  self->max_junk_commands = SMTP_DEFAULT_MAX_JUNK_COMMANDS;
  self->max_header_size = SMTP_DEFAULT_MAX_HEADER_SIZE;
  self->close_timeout = SMTP_DEFAULT_CLOSE_TIMEOUT;
}

void
smtp_limit_config_clear (SmtpLimitConfig *self)
{
  g_clear_pointer (&self->commands, g_ptr_array_unref);
}

static SmtpLimitConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->limits;
}

static void
set_number (SmtpServer *self,
            guint      *field,
            guint       value,
            const char *property)
{
  if (*field == value)
    return;

  *field = value;
  g_object_notify (G_OBJECT (self), property);
}

/**
 * smtp_server_get_greeting_delay: (get-property greeting-delay)
 * @self: a server
 *
 * How long a client waits for its greeting.
 *
 * Returns: the number
 */
guint
smtp_server_get_greeting_delay (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->greeting_delay;
}

/**
 * smtp_server_set_greeting_delay: (set-property greeting-delay)
 * @self: a server
 * @value: milliseconds, 0 for no time
 *
 * Sets [property@Server:greeting-delay].
 */
void
smtp_server_set_greeting_delay (SmtpServer *self,
                                guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (value <= 60000);

  set_number (self, &get_config (self)->greeting_delay, value, "greeting-delay");
}

/**
 * smtp_server_get_soft_errors: (get-property soft-errors)
 * @self: a server
 *
 * How many mistakes on a connection cost no time.
 *
 * Returns: the number
 */
guint
smtp_server_get_soft_errors (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->soft_errors;
}

/**
 * smtp_server_set_soft_errors: (set-property soft-errors)
 * @self: a server
 * @value: a number
 *
 * Sets [property@Server:soft-errors].
 */
void
smtp_server_set_soft_errors (SmtpServer *self,
                             guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_number (self, &get_config (self)->soft_errors, value, "soft-errors");
}

/**
 * smtp_server_get_error_delay: (get-property error-delay)
 * @self: a server
 *
 * How long a client waits after each further mistake.
 *
 * Returns: the number
 */
guint
smtp_server_get_error_delay (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->error_delay;
}

/**
 * smtp_server_set_error_delay: (set-property error-delay)
 * @self: a server
 * @value: milliseconds, 0 for no time
 *
 * Sets [property@Server:error-delay].
 */
void
smtp_server_set_error_delay (SmtpServer *self,
                             guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (value <= 60000);

  set_number (self, &get_config (self)->error_delay, value, "error-delay");
}

/**
 * smtp_server_get_max_junk_commands: (get-property max-junk-commands)
 * @self: a server
 *
 * How many commands may come that bring no message.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_junk_commands (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_junk_commands;
}

/**
 * smtp_server_set_max_junk_commands: (set-property max-junk-commands)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-junk-commands].
 */
void
smtp_server_set_max_junk_commands (SmtpServer *self,
                                   guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_number (self, &get_config (self)->max_junk_commands, value, "max-junk-commands");
}

/**
 * smtp_server_get_max_header_size: (get-property max-header-size)
 * @self: a server
 *
 * How large the header of a message may be.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_header_size (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_header_size;
}

/**
 * smtp_server_set_max_header_size: (set-property max-header-size)
 * @self: a server
 * @value: octets, 0 for any number
 *
 * Sets [property@Server:max-header-size].
 */
void
smtp_server_set_max_header_size (SmtpServer *self,
                                 guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_number (self, &get_config (self)->max_header_size, value, "max-header-size");
}

/**
 * smtp_server_get_close_timeout: (get-property close-timeout)
 * @self: a server
 *
 * How long a client may take to close its connection.
 *
 * Returns: the number
 */
guint
smtp_server_get_close_timeout (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->close_timeout;
}

/**
 * smtp_server_set_close_timeout: (set-property close-timeout)
 * @self: a server
 * @value: seconds
 *
 * Sets [property@Server:close-timeout].
 */
void
smtp_server_set_close_timeout (SmtpServer *self,
                               guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (value <= 3600);

  set_number (self, &get_config (self)->close_timeout, value, "close-timeout");
}

/* Commands by their verbs */

static SmtpCommandLimit *
find_command (SmtpLimitConfig *config,
              const char      *verb,
              guint           *index)
{
  for (guint i = 0; config->commands != NULL && i < config->commands->len; i++)
    {
      SmtpCommandLimit *limit = g_ptr_array_index (config->commands, i);

      if (g_ascii_strcasecmp (limit->verb, verb) == 0)
        {
          *index = i;
          return limit;
        }
    }

  return NULL;
}

/* Counts stand in the order of the limits, which are never taken away. */
gboolean
smtp_server_count_command (SmtpServer  *self,
                           const char  *verb,
                           GArray     **counts)
{
  SmtpLimitConfig *config = get_config (self);
  SmtpCommandLimit *limit;
  guint index;

  if (config->commands == NULL)
    return TRUE;
  limit = find_command (config, verb, &index);
  if (limit == NULL || limit->max == 0)
    return TRUE;

  if (*counts == NULL)
    *counts = g_array_new (FALSE, TRUE, sizeof (guint));
  if ((*counts)->len <= index)
    g_array_set_size (*counts, config->commands->len);

  return ++g_array_index (*counts, guint, index) <= limit->max;
}

/**
 * smtp_server_get_command_limit:
 * @self: a server
 * @verb: a verb, in any case
 *
 * How often a command may come on a connection.
 *
 * Returns: the number, 0 for any
 */
guint
smtp_server_get_command_limit (SmtpServer *self,
                               const char *verb)
{
  SmtpCommandLimit *limit;
  guint index;

  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);
  g_return_val_if_fail (verb != NULL, 0);

  limit = find_command (get_config (self), verb, &index);

  return limit != NULL ? limit->max : 0;
}

static void
command_limit_free (gpointer data)
{
  SmtpCommandLimit *self = data;

  g_free (self->verb);
  g_free (self);
}

/**
 * smtp_server_set_command_limit:
 * @self: a server
 * @verb: a verb, in any case: letters and digits
 * @max: a number, 0 for any
 *
 * Sets how often a command may come on a connection, whatever becomes of it. The next one is told 421 4.7.0, and
 * the connection is closed. By default there is no such limit on any command, but see
 * [property@Server:max-junk-commands], [property@Server:max-messages] and
 * [property@Server:max-auth-failures].
 */
void
smtp_server_set_command_limit (SmtpServer *self,
                               const char *verb,
                               guint       max)
{
  SmtpLimitConfig *config;
  SmtpCommandLimit *limit;
  guint index;

  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (smtp_command_is_verb (verb));

  config = get_config (self);
  limit = find_command (config, verb, &index);
  if (limit == NULL)
    {
      if (config->commands == NULL)
        config->commands = g_ptr_array_new_with_free_func (command_limit_free);
      limit = g_new0 (SmtpCommandLimit, 1);
      limit->verb = g_ascii_strup (verb, -1);
      g_ptr_array_add (config->commands, limit);
    }
  limit->max = max;
}

/* The properties */

static guint *
find_field (SmtpServer *self,
            guint       prop_id)
{
  SmtpLimitConfig *config = get_config (self);

  switch (prop_id)
    {
    case PROP_GREETING_DELAY:
      return &config->greeting_delay;
    case PROP_SOFT_ERRORS:
      return &config->soft_errors;
    case PROP_ERROR_DELAY:
      return &config->error_delay;
    case PROP_MAX_JUNK_COMMANDS:
      return &config->max_junk_commands;
    case PROP_MAX_HEADER_SIZE:
      return &config->max_header_size;
    case PROP_CLOSE_TIMEOUT:
      return &config->close_timeout;
    default:
      return NULL;
    }
}

gboolean
smtp_server_get_limit_property (SmtpServer *self,
                                guint       prop_id,
                                GValue     *value)
{
  guint *field = find_field (self, prop_id);

  if (field != NULL)
    g_value_set_uint (value, *field);

  return field != NULL;
}

gboolean
smtp_server_set_limit_property (SmtpServer   *self,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  guint *field = find_field (self, prop_id);

  if (field != NULL)
    set_number (self, field, g_value_get_uint (value), pspec->name);

  return field != NULL;
}

void
smtp_server_install_limit_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:greeting-delay: (getter get_greeting_delay) (setter set_greeting_delay)
   *
   * How long a client waits for its greeting, in milliseconds; 0: not at all. Who speaks in the
   * meantime, as RFC 5321 section 3.1 forbids, is told 554 5.5.1 in its place, and the connection is
   * closed: no hook hears of it. Programs that send spam often do, mail servers never. It is not for TLS
   * from the first octet on, where clients speak first.
   */
  g_object_class_install_property (klass, PROP_GREETING_DELAY,
                                   g_param_spec_uint ("greeting-delay", NULL, NULL, 0, 60000,
                                                      0, FLAGS));

  /**
   * SmtpServer:soft-errors: (getter get_soft_errors) (setter set_soft_errors)
   *
   * How many of a connection's commands may be wrong before [property@Server:error-delay] begins. What
   * hooks refuse is not counted.
   */
  g_object_class_install_property (klass, PROP_SOFT_ERRORS,
                                   g_param_spec_uint ("soft-errors", NULL, NULL, 0, G_MAXUINT,
                                                      SMTP_DEFAULT_SOFT_ERRORS, FLAGS));

  /**
   * SmtpServer:error-delay: (getter get_error_delay) (setter set_error_delay)
   *
   * How long the next command of a client is left alone after each mistake beyond [property@Server:soft-
   * errors], in milliseconds; 0: not at all. Others do not wait for it. [property@Server:max-errors]
   * ends the connection.
   */
  g_object_class_install_property (klass, PROP_ERROR_DELAY,
                                   g_param_spec_uint ("error-delay", NULL, NULL, 0, 60000,
                                                      SMTP_DEFAULT_ERROR_DELAY, FLAGS));

  /**
   * SmtpServer:max-junk-commands: (getter get_max_junk_commands) (setter set_max_junk_commands)
   *
   * How many HELO, EHLO, LHLO, NOOP, RSET, VRFY, EXPN and HELP may come on a connection before its next
   * message; 0: any number. Each further one is done, and counts as a mistake ([property@Server:max-
   * errors]).
   */
  g_object_class_install_property (klass, PROP_MAX_JUNK_COMMANDS,
                                   g_param_spec_uint ("max-junk-commands", NULL, NULL, 0, G_MAXUINT,
                                                      SMTP_DEFAULT_MAX_JUNK_COMMANDS, FLAGS));

  /**
   * SmtpServer:max-header-size: (getter get_max_header_size) (setter set_max_header_size)
   *
   * How large the header of a message may be, in octets; 0: any number. A message with a larger one is
   * refused at its end with 552 5.3.4. The header ends at the first line that is empty, or no field of
   * one (RFC 5322 section 2.2).
   */
  g_object_class_install_property (klass, PROP_MAX_HEADER_SIZE,
                                   g_param_spec_uint ("max-header-size", NULL, NULL, 0, G_MAXUINT,
                                                      SMTP_DEFAULT_MAX_HEADER_SIZE, FLAGS));

  /**
   * SmtpServer:close-timeout: (getter get_close_timeout) (setter set_close_timeout)
   *
   * How long a client that was told the last word (221, 421) may take to read it and to close, in
   * seconds; 0: no time. A server that drains waits for one second at most.
   */
  g_object_class_install_property (klass, PROP_CLOSE_TIMEOUT,
                                   g_param_spec_uint ("close-timeout", NULL, NULL, 0, 3600,
                                                      SMTP_DEFAULT_CLOSE_TIMEOUT, FLAGS));
}
