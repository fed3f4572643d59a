/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-builtin-extensions.h"
#include "smtp-command-table.h"

G_BEGIN_DECLS

/* Which extensions there are for a session, and what they have to do with EHLO, MAIL and RCPT. */

/* Whether one of the library's is switched on. It may not be on offer all the same. */
gboolean smtp_extensions_has              (SmtpServer     *server,
                                           SmtpSession    *session,
                                           SmtpExtensionId id);
/* The same for the one that a command belongs to, if it does. */
gboolean smtp_extensions_has_command      (SmtpServer        *server,
                                           SmtpSession       *session,
                                           const SmtpCommand *command);

/* Puts the host name and the keywords of EHLO before the lines that @request has. */
void     smtp_extensions_announce         (SmtpServer  *server,
                                           SmtpRequest *request);

/* What is wrong with a parameter: SMTP_REPLY_PARAMETER_UNKNOWN if no extension claims it,
 * SMTP_N_STANDARD_REPLIES if nothing is. @declaration is for MAIL alone. */
SmtpStandardReply
         smtp_extensions_parse_parameter  (SmtpDialogue        *dialogue,
                                           gboolean             is_rcpt,
                                           const char          *keyword,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);
/* A parameter of MAIL that has been checked takes effect. */
void     smtp_extensions_declare          (SmtpDialogue        *dialogue,
                                           const char          *keyword,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);

/* What their parameters add to the length of a MAIL or RCPT line, RFC 5321 section 4.5.3.1.4. */
guint    smtp_extensions_get_line_extra   (SmtpServer  *server,
                                           SmtpSession *session,
                                           gboolean     is_rcpt);

/* " [SIZE=octets]…", for HELP. */
char    *smtp_extensions_describe_parameters (SmtpServer  *server,
                                           SmtpSession *session,
                                           gboolean     is_rcpt);

G_END_DECLS
