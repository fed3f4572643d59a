/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/*
 * What a program may answer to the command in progress: a code that tells the client something
 * that is not so, or a text that it cannot read, does not go out.
 */

gboolean   smtp_answer_is_success (SmtpDialogue *self,
                                   SmtpReply    *reply);

/* What goes out for @answer. A new reference. */
SmtpReply *smtp_answer_fix        (SmtpDialogue *self,
                                   SmtpReply    *answer);

G_END_DECLS
