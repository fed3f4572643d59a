/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-builtin-extensions.h"

G_BEGIN_DECLS

/* What SmtpBuiltinParameter.parse of each parameter is. */
SmtpStandardReply smtp_builtin_parse_size (SmtpDialogue        *self,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_body (SmtpDialogue        *self,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_smtputf8 (SmtpDialogue        *self,
                                               const char          *value,
                                               SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_auth (SmtpDialogue        *self,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_ret (SmtpDialogue        *self,
                                          const char          *value,
                                          SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_envid (SmtpDialogue        *self,
                                            const char          *value,
                                            SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_notify (SmtpDialogue        *self,
                                             const char          *value,
                                             SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_orcpt (SmtpDialogue        *self,
                                            const char          *value,
                                            SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_deliver_by (SmtpDialogue        *self,
                                                 const char          *value,
                                                 SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_priority (SmtpDialogue        *self,
                                               const char          *value,
                                               SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_requiretls (SmtpDialogue        *self,
                                                 const char          *value,
                                                 SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_hold_for (SmtpDialogue        *self,
                                               const char          *value,
                                               SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_hold_until (SmtpDialogue        *self,
                                                 const char          *value,
                                                 SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_rrvs (SmtpDialogue        *self,
                                           const char          *value,
                                           SmtpMailDeclaration *declaration);
SmtpStandardReply smtp_builtin_parse_solicit (SmtpDialogue        *self,
                                              const char          *value,
                                              SmtpMailDeclaration *declaration);

/* For how many seconds a message may be held, RFC 4865; @value is what the program has said. */
guint smtp_builtin_get_longest_hold (const char *value);

G_END_DECLS
