/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dialogue/smtp-builtin-extensions.h"
#include "smtp-session-private.h"
#include "wire/smtp-parameter-parser.h"

/* The extensions that a session has, or lacks, against what its server says. */

void
smtp_session_extensions_clear (SmtpSessionExtensions *self)
{
  g_clear_pointer (&self->own, g_hash_table_unref);
}

gboolean
smtp_session_overrides_extension (SmtpSession *self,
                                  const char  *keyword,
                                  gboolean     enabled)
{
  GHashTable *own = smtp_session_get_extensions (self)->own;
  g_autofree char *key = NULL;
  gpointer value;

  if (own == NULL)
    return enabled;

  key = g_ascii_strup (keyword, -1);

  return g_hash_table_lookup_extended (own, key, NULL, &value) ? GPOINTER_TO_INT (value) : enabled;
}

/**
 * smtp_session_set_extension_enabled:
 * @self: a session
 * @keyword: the keyword of an extension, in any case
 * @enabled: whether this client has it
 *
 * Switches an extension on or off for one client, whatever [method@Server.set_extension_enabled] says:
 * in a hook of the connection, of AUTH or of EHLO, say. In the last of them the keyword is in
 * [property@Request:lines] already if the extension was on.
 *
 * It is not forgotten with STARTTLS.
 */
void
smtp_session_set_extension_enabled (SmtpSession *self,
                                    const char  *keyword,
                                    gboolean     enabled)
{
  SmtpSessionExtensions *extensions;
  SmtpExtensionId id;

  g_return_if_fail (SMTP_IS_SESSION (self));
  g_return_if_fail (keyword != NULL && smtp_parameter_is_keyword (keyword));

  extensions = smtp_session_get_extensions (self);
  id = smtp_builtin_extension_find (keyword);
  if (id != SMTP_ESMTP_NONE)
    {
      extensions->added &= ~SMTP_EXTENSION_BIT (id);
      extensions->removed &= ~SMTP_EXTENSION_BIT (id);
      *(enabled ? &extensions->added : &extensions->removed) |= SMTP_EXTENSION_BIT (id);
    }

  /* A program's own may go by the same name. */
  if (extensions->own == NULL)
    extensions->own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_replace (extensions->own, g_ascii_strup (keyword, -1), GINT_TO_POINTER (!!enabled));
}
