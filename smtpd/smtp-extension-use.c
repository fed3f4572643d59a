/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-extension-private.h"

/* What a server does with an extension. */

#define PRIVATE(self) smtp_extension_get_private (self)

gboolean
smtp_extension_seal (SmtpExtension *self)
{
  gboolean was_sealed = PRIVATE (self)->sealed;

  PRIVATE (self)->sealed = TRUE;

  return !was_sealed;
}

void
smtp_extension_unseal (SmtpExtension *self)
{
  PRIVATE (self)->sealed = FALSE;
}

gboolean
smtp_extension_is_offered (SmtpExtension *self,
                           SmtpServer    *server,
                           SmtpSession   *session)
{
  return SMTP_EXTENSION_GET_CLASS (self)->is_on_offer (self, server, session);
}

char *
smtp_extension_announce (SmtpExtension *self,
                         SmtpServer    *server,
                         SmtpSession   *session)
{
  g_autofree char *value = NULL;

  if (!smtp_extension_is_offered (self, server, session))
    return NULL;

  value = SMTP_EXTENSION_GET_CLASS (self)->describe (self, server, session);

  return g_strjoin (" ", PRIVATE (self)->keyword, value != NULL && *value != '\0' ? value : NULL, NULL);
}

gboolean
smtp_extension_claims (SmtpExtension *self,
                       gboolean       is_rcpt,
                       const char    *keyword)
{
  GArray *parameters = PRIVATE (self)->parameters;

  for (guint i = 0; i < parameters->len; i++)
    {
      const SmtpExtensionParameter *parameter = &g_array_index (parameters, SmtpExtensionParameter, i);

      if (parameter->is_rcpt == is_rcpt && g_ascii_strcasecmp (parameter->keyword, keyword) == 0)
        return TRUE;
    }

  return FALSE;
}

gboolean
smtp_extension_accepts (SmtpExtension *self,
                        SmtpSession   *session,
                        gboolean       is_rcpt,
                        const char    *keyword,
                        const char    *value)
{
  return SMTP_EXTENSION_GET_CLASS (self)->check_parameter (self, session, is_rcpt ? "RCPT" : "MAIL", keyword, value);
}

guint
smtp_extension_get_line_extra (SmtpExtension *self,
                               gboolean       is_rcpt)
{
  GArray *parameters = PRIVATE (self)->parameters;
  guint extra = 0;

  for (guint i = 0; i < parameters->len; i++)
    {
      const SmtpExtensionParameter *parameter = &g_array_index (parameters, SmtpExtensionParameter, i);

      if (parameter->is_rcpt == is_rcpt)
        extra += parameter->length;
    }

  return extra;
}

void
smtp_extension_install_commands (SmtpExtension    *self,
                                 SmtpCommandTable *table)
{
  GArray *commands = PRIVATE (self)->commands;

  for (guint i = 0; i < commands->len; i++)
    {
      const SmtpExtensionCommand *command = &g_array_index (commands, SmtpExtensionCommand, i);

      smtp_command_table_add_extension (table, command->verb, command->callback, command->user_data, self);
    }
}

void
smtp_extension_remove_commands (SmtpExtension    *self,
                                SmtpCommandTable *table)
{
  GArray *commands = PRIVATE (self)->commands;

  for (guint i = 0; i < commands->len; i++)
    smtp_command_table_drop_extension (table, g_array_index (commands, SmtpExtensionCommand, i).verb, self);
}
