/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-credentials.h"
#include "smtp-session.h"
#include "transport/smtp-poller.h"
#include "transport/smtp-transport.h"

G_BEGIN_DECLS

/* What AUTH has made of a session; smtp-session-auth.c. */
typedef struct
{
  char  *identity;           /* NULL before AUTH */
  char  *authentication_id;
  char  *mechanism;
  char **offered;            /* NULL: what the server offers */
} SmtpSessionAuth;

/* What a session needs of the connection it stands for. */
typedef struct
{
  SmtpPoller    *poller;
  SmtpTransport *transport;                 /* NULL without a connection (tests) */
  void         (*close) (gpointer   data,   /* on the context */
                         SmtpReply *reply); /* nullable */
  gpointer       data;
} SmtpSessionLink;

void     smtp_session_attach       (SmtpSession           *self,
                                    const SmtpSessionLink *link);
/* The connection is gone. Keeps what somebody may still ask for. */
void     smtp_session_detach       (SmtpSession           *self);

/* The peer's address as accept() had it; an address object is made when asked for. */
void     smtp_session_set_peer     (SmtpSession           *self,
                                    const void            *sockaddr,
                                    gsize                  length);

void     smtp_session_set_lmtp     (SmtpSession           *self);
void     smtp_session_greet        (SmtpSession           *self,
                                    const char            *host_name,
                                    gboolean               extended);
/* RFC 3207 section 4.2: what the client said before does not count any more. */
void     smtp_session_begin_tls    (SmtpSession           *self,
                                    SmtpTlsInfo           *info);
SmtpSessionAuth *smtp_session_get_auth (SmtpSession        *self);
/* With all but the list of what is offered. */
void     smtp_session_auth_forget  (SmtpSessionAuth       *self);
void     smtp_session_authenticate (SmtpSession           *self,
                                    SmtpCredentials       *credentials);
const char * const *
         smtp_session_peek_offered_mechanisms (SmtpSession *self);
gboolean smtp_session_is_greeted   (SmtpSession           *self);

G_END_DECLS
