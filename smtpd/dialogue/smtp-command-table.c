/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-command-table.h"

#include <string.h>

struct _SmtpCommandTable
{
  SmtpCommandTable *parent;
  GHashTable *commands;  /* verb → SmtpCommand, NULL: hidden */
};

/* What a callback needs, kept alive by the table and by commands in progress. */
typedef struct
{
  gpointer user_data;
  GDestroyNotify destroy;
} Owner;

static void
owner_clear (gpointer data)
{
  Owner *owner = data;

  if (owner->destroy != NULL)
    owner->destroy (owner->user_data);
}

static void
command_free (gpointer data)
{
  SmtpCommand *command = data;

  if (command == NULL)
    return;

  smtp_command_clear (command);
  g_free (command);
}

void
smtp_command_clear (SmtpCommand *command)
{
  if (command->owner != NULL)
    g_atomic_rc_box_release_full (g_steal_pointer (&command->owner), owner_clear);
}

void
smtp_command_copy (SmtpCommand       *command,
                   const SmtpCommand *source)
{
  *command = *source;
  if (command->owner != NULL)
    g_atomic_rc_box_acquire (command->owner);
}

SmtpCommandTable *
smtp_command_table_new (SmtpCommandTable *parent)
{
  SmtpCommandTable *self = g_new0 (SmtpCommandTable, 1);

  self->parent = parent;
  self->commands = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, command_free);

  return self;
}

void
smtp_command_table_free (SmtpCommandTable *self)
{
  g_hash_table_unref (self->commands);
  g_free (self);
}

void
smtp_command_table_add (SmtpCommandTable  *self,
                        const char        *verb,
                        const SmtpCommand *command)
{
  SmtpCommand *copy = g_new0 (SmtpCommand, 1);

  smtp_command_copy (copy, command);
  g_hash_table_replace (self->commands, g_ascii_strup (verb, -1), copy);
}

void
smtp_command_table_add_callback (SmtpCommandTable    *self,
                                 const char          *verb,
                                 SmtpCommandCallback  callback,
                                 gpointer             user_data,
                                 GDestroyNotify       destroy)
{
  Owner *owner = g_atomic_rc_box_new0 (Owner);
  SmtpCommand command = { .callback = callback, .user_data = user_data, .owner = owner };

  owner->user_data = user_data;
  owner->destroy = destroy;
  smtp_command_table_add (self, verb, &command);
  smtp_command_clear (&command);
}

void
smtp_command_table_add_extension (SmtpCommandTable    *self,
                                  const char          *verb,
                                  SmtpCommandCallback  callback,
                                  gpointer             user_data,
                                  SmtpExtension       *extension)
{
  Owner *owner = g_atomic_rc_box_new0 (Owner);
  SmtpCommand command = { .callback = callback, .user_data = user_data, .owner = owner,
                          .own_extension = extension };

  owner->user_data = g_object_ref (extension);
  owner->destroy = g_object_unref;
  smtp_command_table_add (self, verb, &command);
  smtp_command_clear (&command);
}

void
smtp_command_table_drop_extension (SmtpCommandTable *self,
                                   const char       *verb,
                                   SmtpExtension    *extension)
{
  const SmtpCommand *command = g_hash_table_lookup (self->commands, verb);

  if (command != NULL && command->own_extension == extension)
    g_hash_table_remove (self->commands, verb);
}

gboolean
smtp_command_table_remove (SmtpCommandTable *self,
                           const char       *verb)
{
  g_autofree char *key = g_ascii_strup (verb, -1);

  if (smtp_command_table_lookup (self, key) == NULL)
    return FALSE;

  g_hash_table_remove (self->commands, key);
  if (smtp_command_table_lookup (self, key) != NULL)
    g_hash_table_replace (self->commands, g_steal_pointer (&key), NULL);

  return TRUE;
}

const SmtpCommand *
smtp_command_table_lookup (SmtpCommandTable *self,
                           const char       *verb)
{
  for (SmtpCommandTable *table = self; table != NULL; table = table->parent)
    {
      gpointer command;

      if (g_hash_table_lookup_extended (table->commands, verb, NULL, &command))
        return command;
    }

  return NULL;
}

static int
compare_verbs (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char **) a, *(const char **) b);
}

GPtrArray *
smtp_command_table_get_verbs (SmtpCommandTable *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *verbs = g_ptr_array_new_with_free_func (g_free);

  for (SmtpCommandTable *table = self; table != NULL; table = table->parent)
    {
      GHashTableIter iter;
      gpointer verb;

      g_hash_table_iter_init (&iter, table->commands);
      while (g_hash_table_iter_next (&iter, &verb, NULL))
        {
          if (g_hash_table_add (seen, verb) && smtp_command_table_lookup (self, verb) != NULL)
            g_ptr_array_add (verbs, g_strdup (verb));
        }
    }
  g_ptr_array_sort (verbs, compare_verbs);

  return verbs;
}

void
smtp_command_run (const SmtpCommand *command,
                  SmtpServer        *server,
                  SmtpSession       *session,
                  SmtpRequest       *request,
                  const char        *argument)
{
  if (command->callback != NULL)
    command->callback (server, session, request, argument, command->user_data);
  else if (command->method != NULL)
    command->method (server, session, request, argument);
  else
    smtp_command_run_method (SMTP_SERVER_GET_CLASS (server), command->offset,
                             server, session, request, argument);
}

void
smtp_command_run_method (SmtpServerClass *klass,
                         gsize            offset,
                         SmtpServer      *server,
                         SmtpSession     *session,
                         SmtpRequest     *request,
                         const char      *argument)
{
  SmtpCommandMethod method = G_STRUCT_MEMBER (SmtpCommandMethod, klass, offset);

  if (method != NULL)
    method (server, session, request, argument);
}
