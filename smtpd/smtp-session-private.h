/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dialogue/smtp-extension-ids.h"
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

/* Extensions that this client has, or lacks, against what the server says; smtp-session-extensions.c. */
typedef struct
{
  SmtpExtensionSet added;    /* of the library's own */
  SmtpExtensionSet removed;
  GHashTable      *own;      /* keyword in capital letters → whether it is there; NULL: as the server says */
} SmtpSessionExtensions;

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
SmtpSessionExtensions *
         smtp_session_get_extensions (SmtpSession          *self);
void     smtp_session_extensions_clear (SmtpSessionExtensions *self);
/* Whether an extension is there for this client that is @enabled for all. */
gboolean smtp_session_overrides_extension (SmtpSession     *self,
                                    const char            *keyword,
                                    gboolean               enabled);
/* With all but the list of what is offered. */
void     smtp_session_auth_forget  (SmtpSessionAuth       *self);
void     smtp_session_authenticate (SmtpSession           *self,
                                    SmtpCredentials       *credentials);
const char * const *
         smtp_session_peek_offered_mechanisms (SmtpSession *self);
gboolean smtp_session_is_greeted   (SmtpSession           *self);

G_END_DECLS
