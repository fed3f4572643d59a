/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dialogue/smtp-command-table.h"
#include "dialogue/smtp-builtin-extensions.h"
#include "dialogue/smtp-extensions.h"
#include "smtp-clients.h"
#include "smtp-server.h"
#include "smtp-standby.h"
#include "smtp-tls-context-private.h"
#include "transport/smtp-poller.h"

G_BEGIN_DECLS

typedef struct _SmtpConnection SmtpConnection;
typedef struct _SmtpListener   SmtpListener;

#define SMTP_DEFAULT_MAX_AUTH_FAILURES 5
#define SMTP_DEFAULT_AUTH_FAILURE_DELAY 2000

#define SMTP_DEFAULT_MAX_CONNECTIONS 10000
#define SMTP_DEFAULT_MAX_CONNECTIONS_PER_CLIENT 50
#define SMTP_DEFAULT_MAX_CONNECTION_RATE 240
#define SMTP_DEFAULT_MAX_RECIPIENTS 1000
#define SMTP_DEFAULT_MAX_MESSAGES 10000
#define SMTP_DEFAULT_MIN_DATA_RATE 64
#define SMTP_DEFAULT_WRITE_TIMEOUT 300

/* A mechanism of SASL that the program has added. */
typedef struct
{
  char *name;  /* in capital letters */
  GType type;
} SmtpOwnMechanism;

/* What they say of AUTH. */
typedef struct
{
  char     **mechanisms;    /* NULL: what suits the hooks */
  char     **excluded;
  GPtrArray *own;           /* SmtpOwnMechanism; NULL if there are none */
  gboolean   required;
  gboolean   requires_tls;
  guint      max_failures;
  guint      failure_delay; /* milliseconds */
} SmtpAuthConfig;

/* What they say of the edge; smtp-server-edge.c. */
typedef struct
{
  guint    unix_mode;
  gboolean reuse_port;
  guint    max_connections;
  guint    max_connections_per_client;
  guint    max_connection_rate;
  gboolean limit_local;
  guint    max_recipients;
  guint    max_messages;
  guint    min_data_rate;
  guint    write_timeout;
} SmtpEdgeConfig;

/* An extension that the program has added. */
typedef struct
{
  SmtpExtension *extension;
  gboolean       enabled;
} SmtpOwnExtension;

/* Of all that programs add, no more than this is read of a line. */
#define SMTP_OWN_LINE_EXTRA_MAX 65536

/* What they say of ESMTP; smtp-server-extensions.c. */
typedef struct
{
  SmtpExtensionSet enabled;                /* of the library's own */
  SmtpExtension   *builtin[SMTP_N_ESMTP];  /* NULL: nobody has asked for it yet */
  GPtrArray       *own;                    /* SmtpOwnExtension; NULL if there are none */
  guint            own_line_extra;
  guint            max_recipient_domains;
  SmtpProfile      profile;
} SmtpEsmtpConfig;

/* What smtp_server_drain() has begun; smtp-server-drain.c. */
typedef struct
{
  SmtpTimer timer;
  gboolean  active;
  gboolean  over_time;  /* everybody was told 421 */
} SmtpDrain;

/* What the properties say. */
typedef struct
{
  char            *hostname;
  char            *ident;
  guint64          data_size_limit;
  guint            spool_threshold;
  char            *spool_directory;
  guint            text_line_limit;
  guint            max_hops;
  SmtpBareNewlines bare_newlines;
  guint            timeout;
  guint            hook_timeout;
  guint            max_errors;
  SmtpTlsContext  *tls_context;    /* NULL: no TLS */
  gboolean         require_tls;
  guint            handshake_timeout;
  SmtpAuthConfig   auth;
  SmtpEdgeConfig   edge;
  SmtpEsmtpConfig  esmtp;
  gboolean         log_dialogue;
  GType            session_type;
  GType            envelope_type;
} SmtpServerConfig;

typedef struct
{
  SmtpServer       *self;
  SmtpServerConfig  config;
  SmtpPoller       *poller;
  SmtpCommandTable *commands;     /* NULL: those of the class */
  GPtrArray        *handlers;     /* NULL if there are none; replaced, never changed */
  GPtrArray        *keywords;     /* edits to those of EHLO */
  GPtrArray        *listeners;
  SmtpStandby      *standby;      /* NULL: GSocketService accepts, on all sockets */
  gboolean          adding;       /* a socket that the poller watches */
  SmtpTask          activation;   /* start() and stop() come from any thread */
  SmtpDrain         drain;
  SmtpClients      *clients;

  GMutex            lock;         /* of connections: sessions are listed from any thread */
  GHashTable       *connections;
} SmtpServerPrivate;

SmtpServerPrivate      *smtp_server_get_private     (SmtpServer     *self);

SmtpServerConfig       *smtp_server_get_config      (SmtpServer     *self);
void                    smtp_server_init_config     (SmtpServer     *self);
void                    smtp_server_install_properties (GObjectClass *klass);
void                    smtp_auth_config_init       (SmtpAuthConfig *self);
void                    smtp_auth_config_clear      (SmtpAuthConfig *self);

/* Their numbers come behind those of all others. */
#define SMTP_SERVER_FIRST_EDGE_PROPERTY 0x100
void                    smtp_edge_config_init       (SmtpEdgeConfig *self);
void                    smtp_server_install_edge_properties (GObjectClass *klass);
gboolean                smtp_server_get_edge_property (SmtpServer   *self,
                                                       guint         prop_id,
                                                       GValue       *value);
gboolean                smtp_server_set_edge_property (SmtpServer   *self,
                                                       guint         prop_id,
                                                       const GValue *value);

#define SMTP_SERVER_FIRST_ESMTP_PROPERTY 0x200
void                    smtp_esmtp_config_init      (SmtpEsmtpConfig *self);
void                    smtp_esmtp_config_clear     (SmtpEsmtpConfig *self);
void                    smtp_server_install_esmtp_properties (GObjectClass *klass);
gboolean                smtp_server_get_esmtp_property (SmtpServer  *self,
                                                       guint         prop_id,
                                                       GValue       *value);
gboolean                smtp_server_set_esmtp_property (SmtpServer  *self,
                                                       guint         prop_id,
                                                       const GValue *value);
/* NULL if the program has added none of this name. */
SmtpOwnExtension       *smtp_server_find_own_extension (SmtpServer  *self,
                                                       const char   *keyword);

/* The server's own commands, which it has besides those of its class. */
SmtpCommandTable       *smtp_server_own_commands    (SmtpServer     *self);
SmtpCommandTable       *smtp_server_get_commands    (SmtpServer     *self);
/* NULL if there are none. The array is never changed, only replaced. */
GPtrArray              *smtp_server_ref_handlers    (SmtpServer     *self);
GPtrArray              *smtp_server_new_keywords    (void);
/* Does to the lines of EHLO what the program wants done. */
void                    smtp_server_edit_keywords   (SmtpServer     *self,
                                                     GPtrArray      *lines);

/* The poller of the server's context, made at first use, which settles the context. */
SmtpPoller             *smtp_server_get_poller      (SmtpServer     *self);
gboolean                smtp_server_has_listener    (SmtpServer     *self,
                                                     SmtpListener   *listener);

/* Where a message is to be written, NULL for the library's own spool. */
GOutputStream          *smtp_server_open_body       (SmtpServer     *self,
                                                     SmtpSession    *session,
                                                     SmtpEnvelope   *envelope);
SmtpSession            *smtp_server_make_session    (SmtpServer     *self);
SmtpEnvelope           *smtp_server_make_envelope   (SmtpServer     *self,
                                                     SmtpSession    *session);

/* The list of connections that are open. */
void                    smtp_server_add_connection    (SmtpServer     *self,
                                                       SmtpConnection *connection);
void                    smtp_server_remove_connection (SmtpServer     *self,
                                                       SmtpConnection *connection);
/* Whether a client may come in: the reply if not. *client is what counts it, if anything does; it is
 * counted as open already. */
SmtpReply              *smtp_server_admit             (SmtpServer            *self,
                                                       const struct sockaddr *peer,
                                                       SmtpClient           **client);
void                    smtp_server_release_client    (SmtpServer            *self,
                                                       SmtpClient            *client);
/* Tells each 421, if it can be told at once. */
void                    smtp_server_close_connections (SmtpServer     *self);

/* The end of the server's work, smtp-server-drain.c. */
void                    smtp_server_install_drain   (SmtpServerClass *klass);
void                    smtp_server_init_drain      (SmtpServer     *self);
/* A connection has gone: that may have been the last. */
void                    smtp_server_check_drain     (SmtpServer     *self);
/* Closes what smtp_server_listen() has opened; the server may listen again. */
void                    smtp_server_stop_listening  (SmtpServer     *self);

G_END_DECLS
