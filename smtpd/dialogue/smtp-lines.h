/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/*
 * The lines that a client sends: commands, and what AUTH asks for. Which command it is, whether it
 * may come now in this session, and what of it may be logged is decided here.
 */

/* Takes a line from the front of @data, if there is a whole one, and has it done. Returns how much it
 * has used. */
gsize smtp_lines_take (SmtpDialogue *self,
                       const char   *data,
                       gsize         size);

G_END_DECLS
