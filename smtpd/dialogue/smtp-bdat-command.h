/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"
#include "wire/smtp-command-parser.h"

G_BEGIN_DECLS

/* TRUE if a line begins with that verb, also behind blanks or with a tab behind it: no command, but to
 * somebody in front of us it may have been one. */
gboolean smtp_bdat_is_line (const char            *data,
                            gsize                  length);

/* Reads the size of a BDAT, before anybody is asked: whatever the answer, so many octets follow
 * that are no commands. FALSE if there is no telling how many; the dialogue is then over. */
gboolean smtp_bdat_parse   (SmtpDialogue          *self,
                            const SmtpCommandLine *line);

/* The default method. */
void     smtp_bdat_command (SmtpServer            *server,
                            SmtpSession           *session,
                            SmtpRequest           *request,
                            const char            *argument);

G_END_DECLS
