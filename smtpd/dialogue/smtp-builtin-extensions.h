/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-extension-ids.h"
#include "smtp-replies.h"
#include "smtp-session.h"

G_BEGIN_DECLS

typedef struct _SmtpDialogue        SmtpDialogue;
typedef struct _SmtpMailDeclaration SmtpMailDeclaration;

/* A parameter of MAIL or RCPT. @parse answers what is wrong, SMTP_N_STANDARD_REPLIES if nothing is, and
 * SMTP_REPLY_PARAMETER_UNKNOWN if the extension does not claim it from this client. @declaration is
 * NULL for RCPT. */
typedef struct
{
  gboolean    is_rcpt;
  const char *keyword;
  guint       length;  /* that it adds to the line */
  const char *syntax;  /* for HELP */
  SmtpStandardReply (*parse) (SmtpDialogue        *dialogue,
                              const char          *value,
                              SmtpMailDeclaration *declaration);
} SmtpBuiltinParameter;

/* An extension that the library knows by itself. */
typedef struct
{
  const char *keyword;
  gboolean    is_enabled;        /* from the beginning: it promises nothing that the program must keep */
  const char *verb;              /* its command, if it has one */
  /* NULL: always */
  gboolean  (*is_on_offer) (SmtpServer  *server,
                            SmtpSession *session);
  /* What stands behind the keyword; NULL: what the program wants there */
  char     *(*describe)    (SmtpServer  *server,
                            SmtpSession *session,
                            const char  *value);
  SmtpBuiltinParameter parameters[5];  /* up to one without a keyword */
} SmtpBuiltinExtension;

const SmtpBuiltinExtension *smtp_builtin_extension_get     (SmtpExtensionId id);
/* SMTP_ESMTP_NONE if there is none of this name. */
SmtpExtensionId             smtp_builtin_extension_find    (const char     *keyword);
/* Those that are there from the beginning. */
SmtpExtensionSet            smtp_builtin_extension_default (void);
/* Whether an address outside ASCII may come, once SMTPUTF8 is on. */
gboolean                    smtp_builtin_offers_smtputf8   (SmtpServer     *server,
                                                            SmtpSession    *session);

G_END_DECLS
