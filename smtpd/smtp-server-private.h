/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "dialogue/smtp-buffer-pool.h"
#include "dialogue/smtp-command-table.h"
#include "dialogue/smtp-builtin-extensions.h"
#include "dialogue/smtp-extensions.h"
#include "smtp-clients.h"
#include "smtp-networks.h"
#include "smtp-server.h"
#include "smtp-standby.h"
#include "smtp-statistics-private.h"
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

#define SMTP_DEFAULT_SOFT_ERRORS 10
#define SMTP_DEFAULT_ERROR_DELAY 1000
#define SMTP_DEFAULT_MAX_JUNK_COMMANDS 100
#define SMTP_DEFAULT_MAX_HEADER_SIZE 1048576
#define SMTP_DEFAULT_CLOSE_TIMEOUT 5
#define SMTP_DEFAULT_PROXY_TIMEOUT 5
#define SMTP_DEFAULT_RESOLVE_TIMEOUT 1500

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

/* How often a command may come. */
typedef struct
{
  char *verb;  /* in capital letters */
  guint max;   /* 0: any number */
} SmtpCommandLimit;

/* What they say of manners; smtp-server-limits.c. */
typedef struct
{
  guint      greeting_delay;    /* milliseconds */
  guint      soft_errors;
  guint      error_delay;       /* milliseconds */
  guint      max_junk_commands;
  guint      max_header_size;
  guint      close_timeout;
  GPtrArray *commands;          /* SmtpCommandLimit; NULL if there are none */
} SmtpLimitConfig;

/* What they say of those that speak for clients; smtp-server-proxies.c. */
typedef struct
{
  SmtpNetworks *proxy_networks;     /* NULL: nobody */
  SmtpNetworks *xclient_networks;
  SmtpNetworks *xforward_networks;
  guint         proxy_timeout;
  gboolean      resolve_peers;
  guint         resolve_timeout;    /* milliseconds */
} SmtpProxyConfig;

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
  SmtpLimitConfig  limits;
  SmtpProxyConfig  proxies;
  SmtpEsmtpConfig  esmtp;
  gboolean         log_dialogue;
  gboolean         log_events;
  GType            session_type;
  GType            envelope_type;
} SmtpServerConfig;

typedef struct
{
  SmtpServer       *self;
  SmtpServerConfig  config;
  SmtpPoller       *poller;
  SmtpBufferPool   *buffers;
  SmtpCommandTable *commands;     /* NULL: those of the class */
  GPtrArray        *handlers;     /* NULL if there are none; replaced, never changed */
  GPtrArray        *keywords;     /* edits to those of EHLO */
  GPtrArray        *listeners;
  SmtpStandby      *standby;      /* NULL: GSocketService accepts, on all sockets */
  gboolean          adding;       /* a socket that the poller watches */
  SmtpTask          activation;   /* start() and stop() come from any thread */
  SmtpDrain         drain;
  SmtpClients      *clients;
  guint             n_lookups;    /* of names of clients, under way */
  SmtpStatistics   *statistics;

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

#define SMTP_SERVER_FIRST_LIMIT_PROPERTY 0x180
void                    smtp_limit_config_init      (SmtpLimitConfig *self);
void                    smtp_limit_config_clear     (SmtpLimitConfig *self);
void                    smtp_server_install_limit_properties (GObjectClass *klass);
gboolean                smtp_server_get_limit_property (SmtpServer   *self,
                                                        guint         prop_id,
                                                        GValue       *value);
gboolean                smtp_server_set_limit_property (SmtpServer   *self,
                                                        guint         prop_id,
                                                        const GValue *value,
                                                        GParamSpec   *pspec);
/* FALSE if that is once too often. *counts is of one connection, NULL at first. */
gboolean                smtp_server_count_command   (SmtpServer     *self,
                                                     const char     *verb,
                                                     GArray        **counts);
#define SMTP_SERVER_FIRST_PROXY_PROPERTY 0x200
void                    smtp_proxy_config_init      (SmtpProxyConfig *self);
void                    smtp_proxy_config_clear     (SmtpProxyConfig *self);
void                    smtp_server_install_proxy_properties (GObjectClass *klass);
gboolean                smtp_server_get_proxy_property (SmtpServer   *self,
                                                       guint         prop_id,
                                                       GValue       *value);
gboolean                smtp_server_set_proxy_property (SmtpServer   *self,
                                                       guint         prop_id,
                                                       const GValue *value);
/* And these behind those; smtp-server-numbers.c. */
#define SMTP_SERVER_FIRST_NUMBERS_PROPERTY 0x280
void                    smtp_server_install_numbers_properties (GObjectClass *klass);
gboolean                smtp_server_get_numbers_property (SmtpServer *self,
                                                       guint         prop_id,
                                                       GValue       *value);
gboolean                smtp_server_set_numbers_property (SmtpServer *self,
                                                       guint         prop_id,
                                                       const GValue *value);

#define SMTP_SERVER_FIRST_ESMTP_PROPERTY 0x300
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
/* The memory of its messages. */
SmtpBufferPool         *smtp_server_get_buffers     (SmtpServer     *self);
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
 * counted as open already. A @peer of NULL is one that speaks for others. */
SmtpReply              *smtp_server_admit             (SmtpServer            *self,
                                                       const struct sockaddr *peer,
                                                       SmtpClient           **client);
/* The same for one that is in already, by way of somebody who speaks for it. */
SmtpReply              *smtp_server_admit_spoken_for  (SmtpServer            *self,
                                                       GSocketAddress        *peer,
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
