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

/* What is known of the client besides the connection; smtp-session-edge.c. Nearly no session has any. */
typedef struct
{
  GSocketAddress      *proxy_peer;
  SmtpProxyInfo       *proxy_info;
  SmtpForwardedClient *xclient;
  SmtpForwardedClient *xforward;
  char                *peer_name;
} SmtpSessionEdge;

/* Their numbers come behind those of all others. */
#define SMTP_SESSION_FIRST_EDGE_PROPERTY 0x100

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

/* Another address than the connection's own; NULL: it has none. */
void     smtp_session_replace_peer (SmtpSession           *self,
                                    GSocketAddress        *peer);
void     smtp_session_replace_local_address (SmtpSession  *self,
                                    GSocketAddress        *address);

/* NULL inside until something is known. */
SmtpSessionEdge **smtp_session_get_edge (SmtpSession      *self);
void     smtp_session_edge_free    (SmtpSessionEdge       *self);
/* With the methods that get and set them. */
void     smtp_session_install_properties (GObjectClass *klass);
void     smtp_session_install_edge_properties (GObjectClass *klass);
gboolean smtp_session_get_edge_property (SmtpSession      *self,
                                    guint                  prop_id,
                                    GValue                *value);
/* The client is whom the header says. */
void     smtp_session_set_proxy    (SmtpSession           *self,
                                    SmtpProxyInfo         *info);
/* These set what is told, and nothing that follows it. */
void     smtp_session_set_xclient  (SmtpSession           *self,
                                    SmtpForwardedClient   *client);
void     smtp_session_set_xforward (SmtpSession           *self,
                                    SmtpForwardedClient   *client);
void     smtp_session_set_peer_name (SmtpSession          *self,
                                    const char            *name);

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
/* As before HELO and AUTH. */
void     smtp_session_forget_client (SmtpSession          *self);
gboolean smtp_session_is_greeted   (SmtpSession           *self);

G_END_DECLS
