/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/*
 * The way of a message from the wire into its body, by DATA or by BDAT, and its end.
 */

/* What follows is the text of a message, up to its dot. */
void     smtp_message_begin_data  (SmtpDialogue *self);
/* What follows are chunks. */
void     smtp_message_begin_chunks (SmtpDialogue *self);

/* A BDAT was answered: its octets are kept or only swallowed, then the client is told. Or a BURL: its octets are
 * those of @content. */
void     smtp_message_begin_chunk (SmtpDialogue *self,
                                   SmtpReply    *reply,
                                   gboolean      keep,
                                   GBytes       *content);

/* These return how much they used. */
gsize    smtp_message_take_text   (SmtpDialogue *self,
                                   const char   *data,
                                   gsize         size);
gsize    smtp_message_take_chunk  (SmtpDialogue *self,
                                   const char   *data,
                                   gsize         size);

G_END_DECLS
