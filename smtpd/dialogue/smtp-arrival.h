/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"
#include "transport/smtp-transport.h"

G_BEGIN_DECLS

/*
 * What comes before the greeting where somebody speaks for the client: the PROXY header, and the
 * client's name in the DNS.
 */

/* Whether somebody may send a PROXY header. @peer is a struct sockaddr, or NULL to ask the transport. */
gboolean smtp_arrival_is_trusted  (SmtpServer    *server,
                                   SmtpTransport *transport,
                                   const void    *peer);

/* For the dialogue. */

/* The answer of the hook of the PROXY header is there. */
void     smtp_arrival_end_proxy   (SmtpDialogue *self,
                                   SmtpReply    *reply,
                                   gboolean      success);

/* FALSE if no name is to be looked up; otherwise smtp_dialogue_greet() is called later. */
gboolean smtp_arrival_find_name   (SmtpDialogue *self);
/* It takes too long. */
void     smtp_arrival_go_unnamed  (SmtpDialogue *self);
/* Nobody is there any more to be greeted. */
void     smtp_arrival_cancel      (SmtpDialogue *self);

G_END_DECLS
