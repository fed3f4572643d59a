/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"
#include "smtp-upstream-pool.h"

G_BEGIN_DECLS

/*
 * SmtpRelayTransaction: one transaction of a client, and the same one with the server behind.
 * It is over when the client's is, in whatever way that ends.
 */
typedef struct _SmtpRelayTransaction SmtpRelayTransaction;

SmtpRelayTransaction *smtp_relay_transaction_new   (SmtpUpstreamPool         *pool,
                                                    const SmtpUpstreamConfig *config,
                                                    SmtpSession              *session,
                                                    SmtpEnvelope             *envelope);
/* Ends it, and lets go of it: the connection goes back to the pool if it is fit for that. */
void                  smtp_relay_transaction_drop  (SmtpRelayTransaction     *self);

/* Whether this is what is going on with @envelope. */
gboolean              smtp_relay_transaction_is_of (SmtpRelayTransaction     *self,
                                                    SmtpEnvelope             *envelope);

/* What a handler is asked. Each of them answers @request, now or later. */
void                  smtp_relay_transaction_mail  (SmtpRelayTransaction     *self,
                                                    SmtpRequest              *request);
void                  smtp_relay_transaction_rcpt  (SmtpRelayTransaction     *self,
                                                    SmtpRequest              *request);
void                  smtp_relay_transaction_begin (SmtpRelayTransaction     *self,
                                                    SmtpRequest              *request);
GOutputStream        *smtp_relay_transaction_body  (SmtpRelayTransaction     *self,
                                                    GBytes                   *front);
void                  smtp_relay_transaction_end   (SmtpRelayTransaction     *self,
                                                    SmtpRequest              *request);

/* A 451 for whatever went wrong between this server and the next. */
void                  smtp_relay_reply_unreachable (SmtpRequest              *request);

G_END_DECLS
