/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server-private.h"
#include "transport/smtp-transport.h"

G_BEGIN_DECLS

/*
 * SmtpConnection: a transport and the dialogue on it. It carries octets to and fro, keeps
 * what either is not ready for, and sees to it that no connection takes more than its share.
 */

/* Takes @transport and begins. @peer is a struct sockaddr, or NULL to ask the transport; @client counts
 * it, NULL if nothing does. */
void         smtp_connection_start       (SmtpServer     *server,
                                          SmtpTransport  *transport,
                                          SmtpListenerKind kind,
                                          const void     *peer,
                                          gsize           peer_length,
                                          SmtpClient     *client);

/* The server ends. Tells the client, if it can be told at once, and closes. */
void         smtp_connection_destroy     (SmtpConnection *self);

/* The server wants to come to rest: the client is told 421 as soon as it has no transaction. */
void         smtp_connection_drain       (SmtpConnection *self);
/* And now. */
void         smtp_connection_shut        (SmtpConnection *self);

SmtpSession *smtp_connection_get_session (SmtpConnection *self);

G_END_DECLS
