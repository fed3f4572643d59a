/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-extensions.h"

#include "smtp-auth-offer.h"
#include "smtp-server-private.h"
#include "smtp-starttls-command.h"
#include "smtp-xclient-command.h"

/* RFC 5321 section 4.1.1.1: what the server can do. HELP is a command, not an extension,
 * but listing it is the custom. */
static GPtrArray *
list_builtin (SmtpServer  *server,
              SmtpSession *session)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);
  char *auth = smtp_auth_offer_announce (server, session);
  GPtrArray *lines = g_ptr_array_new_full (16, g_free);

  g_ptr_array_add (lines, g_strdup ("PIPELINING"));
  g_ptr_array_add (lines, g_strdup_printf ("SIZE %" G_GUINT64_FORMAT, config->data_size_limit));
  g_ptr_array_add (lines, g_strdup ("8BITMIME"));
  g_ptr_array_add (lines, g_strdup ("BINARYMIME"));
  g_ptr_array_add (lines, g_strdup ("CHUNKING"));
  if (config->smtputf8)
    g_ptr_array_add (lines, g_strdup ("SMTPUTF8"));
  if (smtp_starttls_is_on_offer (server, session))
    g_ptr_array_add (lines, g_strdup ("STARTTLS"));
  if (auth != NULL)
    g_ptr_array_add (lines, auth);
  smtp_xclient_announce (server, session, lines);
  g_ptr_array_add (lines, g_strdup ("ENHANCEDSTATUSCODES"));
  g_ptr_array_add (lines, g_strdup ("HELP"));

  return lines;
}

void
smtp_extensions_announce (SmtpServer  *server,
                          SmtpRequest *request)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);
  g_autoptr (GPtrArray) lines = list_builtin (server, smtp_request_get_session (request));
  g_auto (GStrv) added = smtp_request_dup_lines (request);

  smtp_server_edit_keywords (server, lines);
  g_ptr_array_insert (lines, 0, g_strdup (config->hostname));
  for (guint i = 0; added[i] != NULL; i++)
    g_ptr_array_add (lines, g_strdup (added[i]));
  g_ptr_array_add (lines, NULL);

  smtp_request_set_lines (request, (const char * const *) lines->pdata);
}
