/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/* SmtpServer:profile: the manners of other servers. In the default profile nothing of this is called. */

/* How the library's own answers are put; others stay as they are. A new reference. @request is the
 * command that is answered, NULL if there is none. */
SmtpReply *smtp_profile_phrase      (SmtpDialogue *dialogue,
                                     SmtpRequest  *request,
                                     SmtpReply    *reply);
/* The greeting, and the answer to HELP. */
SmtpReply *smtp_profile_greet       (SmtpDialogue *dialogue);
SmtpReply *smtp_profile_help        (SmtpDialogue *dialogue,
                                     const char   *topic);
/* The answer to VRFY for what is no address; NULL if it is one. */
SmtpReply *smtp_profile_doubt       (SmtpDialogue *dialogue,
                                     const char   *user);
/* Whether a command is not even looked at. */
gboolean   smtp_profile_bars        (SmtpDialogue *dialogue,
                                     const char   *argument,
                                     gsize         length);
/* After one more command that nobody knows: whether it was one too many. */
gboolean   smtp_profile_has_enough  (SmtpDialogue *dialogue);
/* Whether it may not be used before AUTH where AUTH is required, though it might elsewhere. */
gboolean   smtp_profile_keeps_from_strangers (const SmtpCommand *command);
/* Refuses a line that begins with nothing that could be a verb; FALSE if it is left to the library. */
gboolean   smtp_profile_refuse_word (SmtpDialogue *dialogue,
                                     const char   *line,
                                     gsize         length);

G_END_DECLS
