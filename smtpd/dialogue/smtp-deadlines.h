/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"
#include "smtp-statistics-private.h"

G_BEGIN_DECLS

/* How long each may take: the client for its commands and its message, hooks and lookups for their
 * answers, a delay that is ours. What is due then is smtp_dialogue_time_out()'s to do. */

/* @octets of a message have come. */
void      smtp_deadlines_keep_pace  (SmtpDialogue *self,
                                     gsize         octets);
/* Sets the deadline of what is waited for. */
void      smtp_deadlines_arm        (SmtpDialogue *self);
/* What the client had to do by now. */
SmtpCount smtp_deadlines_get_missed (SmtpDialogue *self);

G_END_DECLS
