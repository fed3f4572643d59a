/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "smtp-server-private.h"
#include "wire/smtp-command-parser.h"

/* What a program adds to a server: handlers, commands, keywords. */

/* Handlers */

GPtrArray *
smtp_server_ref_handlers (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  return priv->handlers != NULL ? g_ptr_array_ref (priv->handlers) : NULL;
}

static GPtrArray *
copy_handlers (SmtpServerPrivate *priv)
{
  GPtrArray *handlers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; priv->handlers != NULL && i < priv->handlers->len; i++)
    g_ptr_array_add (handlers, g_object_ref (g_ptr_array_index (priv->handlers, i)));

  return handlers;
}

/* Commands in progress keep the list that they began with. */
static void
replace_handlers (SmtpServerPrivate *priv,
                  GPtrArray         *handlers)
{
  g_clear_pointer (&priv->handlers, g_ptr_array_unref);
  if (handlers->len > 0)
    priv->handlers = g_ptr_array_ref (handlers);
}

/**
 * smtp_server_add_handler:
 * @self: a server
 * @handler: a handler
 *
 * Adds a handler behind those that the server has. Handlers are asked in this order.
 */
void
smtp_server_add_handler (SmtpServer  *self,
                         SmtpHandler *handler)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  g_autoptr (GPtrArray) handlers = NULL;

  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (SMTP_IS_HANDLER (handler));

  handlers = copy_handlers (priv);
  g_ptr_array_add (handlers, g_object_ref (handler));
  replace_handlers (priv, handlers);
}

/**
 * smtp_server_remove_handler:
 * @self: a server
 * @handler: a handler
 *
 * Takes a handler away. Commands that have begun still ask it.
 *
 * Returns: %TRUE if the server had it
 */
gboolean
smtp_server_remove_handler (SmtpServer  *self,
                            SmtpHandler *handler)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  g_autoptr (GPtrArray) handlers = NULL;
  gboolean found;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (SMTP_IS_HANDLER (handler), FALSE);

  handlers = copy_handlers (priv);
  found = g_ptr_array_remove (handlers, handler);
  replace_handlers (priv, handlers);

  return found;
}

/**
 * smtp_server_get_handlers:
 * @self: a server
 *
 * The handlers, in their order.
 *
 * Returns: (transfer container) (element-type SmtpHandler): a new list
 */
GPtrArray *
smtp_server_get_handlers (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return copy_handlers (smtp_server_get_private (self));
}

/* Commands */

SmtpCommandTable *
smtp_server_get_commands (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  return priv->commands != NULL ? priv->commands : SMTP_SERVER_GET_CLASS (self)->commands;
}

SmtpCommandTable *
smtp_server_own_commands (SmtpServer *self)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  if (priv->commands == NULL)
    priv->commands = smtp_command_table_new (SMTP_SERVER_GET_CLASS (self)->commands);

  return priv->commands;
}

/**
 * smtp_server_add_command:
 * @self: a server
 * @verb: letters and digits, at most 31, in any case
 * @callback: (scope notified) (closure user_data) (destroy destroy): what runs the command
 * @user_data: what to give it
 * @destroy: (nullable): frees @user_data
 *
 * Adds a command to this server, in place of one of the same name if there is one. From
 * there [method@Request.proceed] leads to the one that was replaced.
 *
 * The answers to it go out as they are given: no enhanced status code is added.
 */
void
smtp_server_add_command (SmtpServer          *self,
                         const char          *verb,
                         SmtpCommandCallback  callback,
                         gpointer             user_data,
                         GDestroyNotify       destroy)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (verb != NULL && smtp_command_is_verb (verb));
  g_return_if_fail (callback != NULL);

  smtp_command_table_add_callback (smtp_server_own_commands (self), verb, callback, user_data, destroy);
}

/**
 * smtp_server_remove_command:
 * @self: a server
 * @verb: a verb, in any case
 *
 * Takes a command away from this server: one that was added, or one of its class or of the
 * standard. It is unknown from then on.
 *
 * Returns: %TRUE if the server had it
 */
gboolean
smtp_server_remove_command (SmtpServer *self,
                            const char *verb)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (verb != NULL, FALSE);

  return smtp_command_table_remove (smtp_server_own_commands (self), verb);
}

/**
 * smtp_server_class_install_command:
 * @klass: the class of a server
 * @verb: letters and digits, at most 31, in any case
 * @method: (scope forever): what runs the command
 *
 * Adds a command to a class, for use in its class_init function. Subclasses inherit it.
 */
void
smtp_server_class_install_command (SmtpServerClass   *klass,
                                   const char        *verb,
                                   SmtpCommandMethod  method)
{
  SmtpCommand command = { .method = method };
  SmtpServerClass *parent_class;

  g_return_if_fail (SMTP_IS_SERVER_CLASS (klass));
  g_return_if_fail (verb != NULL && smtp_command_is_verb (verb));
  g_return_if_fail (method != NULL);

  /* A class begins with a copy of its parent's structure, and so with its table. */
  parent_class = g_type_class_peek_parent (klass);
  g_return_if_fail (SMTP_IS_SERVER_CLASS (parent_class));
  if (klass->commands == parent_class->commands)
    klass->commands = smtp_command_table_new (parent_class->commands);

  smtp_command_table_add (klass->commands, verb, &command);
}

/* EHLO keywords */

/* An edit to the keywords of EHLO. */
typedef struct
{
  char *keyword;
  char *line;     /* NULL: not to be announced */
} Keyword;

static void
keyword_free (gpointer data)
{
  Keyword *keyword = data;

  g_free (keyword->keyword);
  g_free (keyword->line);
  g_free (keyword);
}

GPtrArray *
smtp_server_new_keywords (void)
{
  return g_ptr_array_new_with_free_func (keyword_free);
}

static gboolean
is_keyword_line (const char *line,
                 const char *keyword)
{
  gsize length = strlen (keyword);

  return g_ascii_strncasecmp (line, keyword, length) == 0 &&
         (line[length] == '\0' || line[length] == ' ');
}

static void
edit_keyword (SmtpServer *self,
              const char *keyword,
              char       *line)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);
  Keyword *edit = NULL;

  for (guint i = 0; i < priv->keywords->len && edit == NULL; i++)
    {
      Keyword *candidate = g_ptr_array_index (priv->keywords, i);

      if (g_ascii_strcasecmp (candidate->keyword, keyword) == 0)
        edit = candidate;
    }

  if (edit == NULL)
    {
      edit = g_new0 (Keyword, 1);
      edit->keyword = g_strdup (keyword);
      g_ptr_array_add (priv->keywords, edit);
    }

  g_free (edit->line);
  edit->line = line;
}

void
smtp_server_edit_keywords (SmtpServer *self,
                           GPtrArray  *lines)
{
  SmtpServerPrivate *priv = smtp_server_get_private (self);

  for (guint i = 0; i < priv->keywords->len; i++)
    {
      Keyword *edit = g_ptr_array_index (priv->keywords, i);

      for (guint j = lines->len; j > 0; j--)
        {
          if (is_keyword_line (g_ptr_array_index (lines, j - 1), edit->keyword))
            g_ptr_array_remove_index (lines, j - 1);
        }
      if (edit->line != NULL)
        g_ptr_array_add (lines, g_strdup (edit->line));
    }
}

/**
 * smtp_server_add_keyword:
 * @self: a server
 * @keyword: a keyword, such as `XFOO`
 * @value: (nullable): what stands behind it
 *
 * Announces a keyword in the answer to EHLO, in place of one of the same name if there is
 * one. This says that the server can do something; it does not make it so.
 */
void
smtp_server_add_keyword (SmtpServer *self,
                         const char *keyword,
                         const char *value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (keyword != NULL && *keyword != '\0');

  edit_keyword (self, keyword, g_strjoin (" ", keyword, value, NULL));
}

/**
 * smtp_server_remove_keyword:
 * @self: a server
 * @keyword: a keyword, in any case
 *
 * Leaves a keyword out of the answer to EHLO: one that was added, or one of the library's
 * own. What the server can do stays the same.
 */
void
smtp_server_remove_keyword (SmtpServer *self,
                            const char *keyword)
{
  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (keyword != NULL);

  edit_keyword (self, keyword, NULL);
}
