/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-request.h"
#include "smtp-upstream.h"

G_BEGIN_DECLS

/*
 * The parameters of MAIL and RCPT on their way to the next server, which may not know all of
 * them. These make a command, or answer @request with a refusal and return NULL: without what
 * it was promised, the next server would not take the message as the client meant it.
 */

char     *smtp_relay_make_mail (SmtpUpstream *upstream,
                                SmtpRequest  *request);
/* @utf8: MAIL had SMTPUTF8. */
char     *smtp_relay_make_rcpt (SmtpUpstream *upstream,
                                SmtpRequest  *request,
                                gboolean      utf8);

/* Whether this MAIL needs SMTPUTF8. */
gboolean  smtp_relay_is_utf8   (SmtpRequest  *request);
/* BODY=BINARYMIME: there is no DATA for that. */
gboolean  smtp_relay_is_binary (SmtpRequest  *request);

G_END_DECLS
