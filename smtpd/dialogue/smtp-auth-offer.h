/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/*
 * Which mechanisms of SASL a client is offered, and why not others.
 */

/* The mechanisms, with a space between them, NULL if there is nothing to offer now. */
char     *smtp_auth_offer_describe    (SmtpServer  *server,
                                       SmtpSession *session);
/* Whether AUTH can be used at all, now or after STARTTLS. */
gboolean  smtp_auth_offer_is_possible (SmtpServer  *server,
                                       SmtpSession *session);
/* Whether the client would have to use TLS first. */
gboolean  smtp_auth_offer_lacks_tls   (SmtpServer  *server,
                                       SmtpSession *session);
/* The type of the mechanism @name, in capital letters; G_TYPE_INVALID if it is not on offer. */
GType     smtp_auth_offer_lookup      (SmtpServer  *server,
                                       SmtpSession *session,
                                       const char  *name);

/* Whether @name is that of a mechanism of the library's, and may stand in a log: what a client sends in
 * its place may be its password. */
gboolean  smtp_auth_offer_is_known    (const char  *name);

G_END_DECLS
