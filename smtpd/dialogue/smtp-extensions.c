/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-extensions.h"

#include "smtp-dialogue.h"
#include "smtp-extension-private.h"
#include "smtp-server-private.h"
#include "smtp-session-private.h"
#include "smtp-xclient-command.h"

#define NOTHING_WRONG SMTP_N_STANDARD_REPLIES

gboolean
smtp_extensions_has (SmtpServer      *server,
                     SmtpSession     *session,
                     SmtpExtensionId  id)
{
  const SmtpSessionExtensions *own = smtp_session_get_extensions (session);
  SmtpExtensionSet set = smtp_server_get_config (server)->esmtp.enabled;

  return (((set | own->added) & ~own->removed) & SMTP_EXTENSION_BIT (id)) != 0;
}

/* A program's own. */
static gboolean
has_own (SmtpSession            *session,
         const SmtpOwnExtension *own)
{
  return smtp_session_overrides_extension (session, smtp_extension_get_keyword (own->extension), own->enabled);
}

gboolean
smtp_extensions_has_command (SmtpServer        *server,
                             SmtpSession       *session,
                             const SmtpCommand *command)
{
  const SmtpOwnExtension *own;

  if (command->own_extension == NULL)
    return command->extension == SMTP_ESMTP_NONE || smtp_extensions_has (server, session, command->extension);

  own = smtp_server_find_own_extension (server, smtp_extension_get_keyword (command->own_extension));

  return own != NULL && own->extension == command->own_extension && has_own (session, own) && smtp_extension_is_offered (own->extension, server, session);
}

static const SmtpOwnExtension *
get_own (SmtpServer *server,
         guint       index)
{
  GPtrArray *own = smtp_server_get_config (server)->esmtp.own;

  return own != NULL && index < own->len ? g_ptr_array_index (own, index) : NULL;
}

/* EHLO */

static char *
announce_builtin (SmtpServer      *server,
                  SmtpSession     *session,
                  SmtpExtensionId  id)
{
  const SmtpBuiltinExtension *builtin = smtp_builtin_extension_get (id);
  SmtpExtension *object = smtp_server_get_config (server)->esmtp.builtin[id];
  const char *value = object != NULL ? smtp_extension_get_value (object) : NULL;
  g_autofree char *described = NULL;

  if (builtin->is_on_offer != NULL && !builtin->is_on_offer (server, session))
    return NULL;

  if (builtin->describe != NULL)
    value = described = builtin->describe (server, session, value);

  return g_strjoin (" ", builtin->keyword, value != NULL && *value != '\0' ? value : NULL, NULL);
}

static void
add_line (GPtrArray *lines,
          char      *line)
{
  if (line != NULL)
    g_ptr_array_add (lines, line);
}

/* RFC 5321 section 4.1.1.1: what the server can do. */
static GPtrArray *
list_all (SmtpServer  *server,
          SmtpSession *session)
{
  GPtrArray *lines = g_ptr_array_new_full (16, g_free);
  const SmtpOwnExtension *own;

  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      if (smtp_extensions_has (server, session, id))
        add_line (lines, announce_builtin (server, session, id));
    }
  smtp_xclient_announce (server, session, lines);

  for (guint i = 0; (own = get_own (server, i)) != NULL; i++)
    {
      if (has_own (session, own))
        add_line (lines, smtp_extension_announce (own->extension, server, session));
    }

  return lines;
}

void
smtp_extensions_announce (SmtpServer  *server,
                          SmtpRequest *request)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);
  g_autoptr (GPtrArray) lines = list_all (server, smtp_request_get_session (request));
  g_auto (GStrv) added = smtp_request_dup_lines (request);

  smtp_server_edit_keywords (server, lines);
  g_ptr_array_insert (lines, 0, g_strdup (config->hostname));
  for (guint i = 0; added[i] != NULL; i++)
    g_ptr_array_add (lines, g_strdup (added[i]));
  g_ptr_array_add (lines, NULL);

  smtp_request_set_lines (request, (const char * const *) lines->pdata);
}

/* MAIL and RCPT */

static const SmtpBuiltinParameter *
find_parameter (const SmtpBuiltinExtension *builtin,
                gboolean                    is_rcpt,
                const char                 *keyword)
{
  for (const SmtpBuiltinParameter *parameter = builtin->parameters; parameter->keyword != NULL; parameter++)
    {
      if (parameter->is_rcpt == is_rcpt && g_ascii_strcasecmp (parameter->keyword, keyword) == 0)
        return parameter;
    }

  return NULL;
}

static SmtpStandardReply
parse_builtin (SmtpDialogue        *self,
               gboolean             is_rcpt,
               const char          *keyword,
               const char          *value,
               SmtpMailDeclaration *declaration)
{
  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      const SmtpBuiltinParameter *parameter = find_parameter (smtp_builtin_extension_get (id), is_rcpt, keyword);

      if (parameter != NULL && smtp_dialogue_has_extension (self, id))
        return parameter->parse (self, value, declaration);
    }

  return SMTP_REPLY_PARAMETER_UNKNOWN;
}

static SmtpStandardReply
parse_own (SmtpDialogue *self,
           gboolean      is_rcpt,
           const char   *keyword,
           const char   *value)
{
  const SmtpOwnExtension *own;

  for (guint i = 0; (own = get_own (self->server, i)) != NULL; i++)
    {
      g_autoptr (SmtpExtension) extension = NULL;

      if (!has_own (self->session, own) || !smtp_extension_claims (own->extension, is_rcpt, keyword))
        continue;

      /* What it is asked may take it away. */
      extension = g_object_ref (own->extension);
      if (!smtp_extension_is_offered (extension, self->server, self->session))
        return SMTP_REPLY_PARAMETER_UNKNOWN;
      if (!smtp_extension_accepts (extension, self->session, is_rcpt, keyword, value))
        return SMTP_REPLY_PARAMETER_VALUE;
      return NOTHING_WRONG;
    }

  return SMTP_REPLY_PARAMETER_UNKNOWN;
}

/* RFC 6531 section 3.3: without SMTPUTF8 no value has characters outside ASCII. */
static gboolean
is_utf8 (SmtpDialogue *self,
         gboolean      is_rcpt)
{
  if (is_rcpt)
    return smtp_envelope_get_smtputf8 (self->envelope);

  return smtp_dialogue_has_extension (self, SMTP_ESMTP_SMTPUTF8) &&
         smtp_parameters_has (smtp_request_get_parameters (self->request), "SMTPUTF8");
}

SmtpStandardReply
smtp_extensions_parse_parameter (SmtpDialogue        *self,
                                 gboolean             is_rcpt,
                                 const char          *keyword,
                                 const char          *value,
                                 SmtpMailDeclaration *declaration)
{
  SmtpStandardReply wrong = parse_builtin (self, is_rcpt, keyword, value, declaration);

  if (wrong != SMTP_REPLY_PARAMETER_UNKNOWN)
    return wrong;
  if (value != NULL && !g_str_is_ascii (value) && !is_utf8 (self, is_rcpt))
    return SMTP_REPLY_PARAMETER_VALUE;

  return parse_own (self, is_rcpt, keyword, value);
}

void
smtp_extensions_declare (SmtpDialogue        *self,
                         const char          *keyword,
                         const char          *value,
                         SmtpMailDeclaration *declaration)
{
  parse_builtin (self, FALSE, keyword, value, declaration);
}

guint
smtp_extensions_get_line_extra (SmtpServer  *server,
                                SmtpSession *session,
                                gboolean     is_rcpt)
{
  const SmtpOwnExtension *own;
  guint extra = 0;

  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      const SmtpBuiltinParameter *parameter = smtp_builtin_extension_get (id)->parameters;

      for (; parameter->keyword != NULL && smtp_extensions_has (server, session, id); parameter++)
        extra += parameter->is_rcpt == is_rcpt ? parameter->length : 0;
    }

  for (guint i = 0; (own = get_own (server, i)) != NULL; i++)
    {
      if (has_own (session, own))
        extra += smtp_extension_get_line_extra (own->extension, is_rcpt);
    }

  return extra;
}

char *
smtp_extensions_describe_parameters (SmtpServer  *server,
                                     SmtpSession *session,
                                     gboolean     is_rcpt)
{
  GString *text = g_string_new (NULL);
  const SmtpOwnExtension *own;

  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      const SmtpBuiltinParameter *parameter = smtp_builtin_extension_get (id)->parameters;

      for (; parameter->keyword != NULL && smtp_extensions_has (server, session, id); parameter++)
        {
          if (parameter->is_rcpt == is_rcpt)
            g_string_append_printf (text, " [%s]", parameter->syntax);
        }
    }

  for (guint i = 0; (own = get_own (server, i)) != NULL; i++)
    {
      g_auto (GStrv) keywords = smtp_extension_dup_parameters (own->extension, is_rcpt ? "RCPT" : "MAIL");

      for (guint j = 0; keywords[j] != NULL && has_own (session, own); j++)
        g_string_append_printf (text, " [%s]", keywords[j]);
    }

  return g_string_free (text, FALSE);
}
