/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dialogue/smtp-builtin-extensions.h"
#include "dialogue/smtp-command-table.h"
#include "smtp-extension.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean is_rcpt;
  char *keyword;
  guint length;
} SmtpExtensionParameter;

typedef struct
{
  char *verb;
  SmtpCommandCallback callback;
  gpointer user_data;
  GDestroyNotify destroy;
} SmtpExtensionCommand;

typedef struct
{
  char *keyword;
  char *value;
  gboolean requires_tls;
  gboolean sealed;
  const SmtpBuiltinExtension *builtin;  /* NULL: a program's own */
  GArray *parameters;
  GArray *commands;
} SmtpExtensionPrivate;

SmtpExtensionPrivate *smtp_extension_get_private (SmtpExtension *self);

/* From here on its parameters and commands stay as they are. FALSE if it has an owner already. */
gboolean       smtp_extension_seal             (SmtpExtension     *self);
/* It belongs to no server any more. */
void           smtp_extension_unseal           (SmtpExtension     *self);

/* The library's own, whose parameters and verbs stand in a table. */
SmtpExtension *smtp_extension_new_builtin      (const char        *keyword);

gboolean       smtp_extension_is_offered       (SmtpExtension     *self,
                                                SmtpServer        *server,
                                                SmtpSession       *session);
/* The line of EHLO; NULL if it is not on offer. */
char          *smtp_extension_announce         (SmtpExtension     *self,
                                                SmtpServer        *server,
                                                SmtpSession       *session);

/* Whether a parameter of MAIL or RCPT is one of this extension's. */
gboolean       smtp_extension_claims           (SmtpExtension     *self,
                                                gboolean           is_rcpt,
                                                const char        *keyword);
gboolean       smtp_extension_accepts          (SmtpExtension     *self,
                                                SmtpSession       *session,
                                                gboolean           is_rcpt,
                                                const char        *keyword,
                                                const char        *value);
/* What its parameters add to the line, RFC 5321 section 4.5.3.1.4. */
guint          smtp_extension_get_line_extra   (SmtpExtension     *self,
                                                gboolean           is_rcpt);

void           smtp_extension_install_commands (SmtpExtension     *self,
                                                SmtpCommandTable  *table);
void           smtp_extension_remove_commands  (SmtpExtension     *self,
                                                SmtpCommandTable  *table);

G_END_DECLS
