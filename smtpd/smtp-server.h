/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-enums.h"
#include "smtp-extension.h"
#include "smtp-handler.h"
#include "smtp-statistics.h"
#include "smtp-tls-context.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SERVER (smtp_server_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpServer, smtp_server, SMTP, SERVER, GSocketService)

/**
 * SmtpServerClass:
 * @create_session: makes the session of a new connection
 * @create_envelope: makes the envelope of a new transaction
 * @create_body: makes the stream that a message is written to
 * @greet: the connection has begun, RFC 5321 section 3.1
 * @helo: HELO, section 4.1.1.1
 * @ehlo: EHLO, section 4.1.1.1
 * @mail: MAIL, section 4.1.1.2
 * @rcpt: RCPT, section 4.1.1.3
 * @data: DATA, section 4.1.1.4, up to the 354
 * @bdat: BDAT, RFC 3030 section 2, before its octets
 * @message: the message has arrived, up to its end
 * @rset: RSET, section 4.1.1.5
 * @vrfy: VRFY, section 4.1.1.6
 * @expn: EXPN, section 4.1.1.7
 * @help: HELP, section 4.1.1.8
 * @noop: NOOP, section 4.1.1.9
 * @quit: QUIT, section 4.1.1.10
 * @starttls: STARTTLS, RFC 3207
 * @auth: AUTH, RFC 4954; its argument is the mechanism's name alone
 * @xclient: XCLIENT: a server in front of this one says who its client is
 * @xforward: XFORWARD: another server says where the next message has come from
 * @unknown_command: any other verb
 * @etrn: ETRN, RFC 1985
 * @burl: BURL, RFC 4468
 *
 * A method per command, which may be overridden, and chained up to.
 */
struct _SmtpServerClass
{
  GSocketServiceClass parent_class;

  SmtpSession  *(*create_session)  (SmtpServer  *self);
  SmtpEnvelope *(*create_envelope) (SmtpServer  *self,
                                    SmtpSession *session);

  GOutputStream *(*create_body)    (SmtpServer   *self,
                                    SmtpSession  *session,
                                    SmtpEnvelope *envelope);

  void          (*greet)           (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*helo)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*ehlo)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*mail)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*rcpt)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*data)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*bdat)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*message)         (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*rset)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*vrfy)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*expn)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*help)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*noop)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*quit)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*starttls)        (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*auth)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*xclient)         (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*xforward)        (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*unknown_command) (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);

  void          (*etrn)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);
  void          (*burl)            (SmtpServer  *self,
                                    SmtpSession *session,
                                    SmtpRequest *request,
                                    const char  *argument);

  /*< private >*/
  gpointer commands;
  gpointer padding[23];
};

/**
 * SmtpCommandMethod:
 * @server: the server
 * @session: the connection that the command came from
 * @request: the command; the answer goes through it
 * @argument: what stands behind the verb, without white space around it; perhaps empty
 *
 * A command that a class adds, [method@ServerClass.install_command]. The rules are those of
 * the command methods of [class@Server].
 */
typedef void (*SmtpCommandMethod) (SmtpServer  *server,
                                   SmtpSession *session,
                                   SmtpRequest *request,
                                   const char  *argument);

SMTP_AVAILABLE_IN_1_0
SmtpServer       *smtp_server_new                 (void);

/* Listening */

SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_listen              (SmtpServer           *self,
                                                   const char           *address,
                                                   SmtpListenerKind      kind,
                                                   GError              **error);
SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_listen_addresses (SmtpServer          *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_accept_stream       (SmtpServer           *self,
                                                   GIOStream            *stream,
                                                   SmtpListenerKind      kind,
                                                   GError              **error);

/* What goes on */

SMTP_AVAILABLE_IN_1_0
GPtrArray        *smtp_server_get_sessions        (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_n_sessions      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
SmtpStatistics   *smtp_server_get_statistics      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_log_events      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_log_events      (SmtpServer           *self,
                                                   gboolean              log_events);

/* Handlers, commands, EHLO keywords */

SMTP_AVAILABLE_IN_1_0
void              smtp_server_add_handler         (SmtpServer           *self,
                                                   SmtpHandler          *handler);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_remove_handler      (SmtpServer           *self,
                                                   SmtpHandler          *handler);
SMTP_AVAILABLE_IN_1_0
GPtrArray        *smtp_server_get_handlers        (SmtpServer           *self);

SMTP_AVAILABLE_IN_1_0
void              smtp_server_add_command         (SmtpServer           *self,
                                                   const char           *verb,
                                                   SmtpCommandCallback   callback,
                                                   gpointer              user_data,
                                                   GDestroyNotify        destroy);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_remove_command      (SmtpServer           *self,
                                                   const char           *verb);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_class_install_command (SmtpServerClass    *klass,
                                                   const char           *verb,
                                                   SmtpCommandMethod     method);

SMTP_AVAILABLE_IN_1_0
void              smtp_server_add_keyword         (SmtpServer           *self,
                                                   const char           *keyword,
                                                   const char           *value);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_remove_keyword      (SmtpServer           *self,
                                                   const char           *keyword);

/* Properties */

SMTP_AVAILABLE_IN_1_0
const char       *smtp_server_get_hostname        (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_hostname        (SmtpServer           *self,
                                                   const char           *hostname);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_server_get_ident           (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_ident           (SmtpServer           *self,
                                                   const char           *ident);
SMTP_AVAILABLE_IN_1_0
guint64           smtp_server_get_data_size_limit (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_data_size_limit (SmtpServer           *self,
                                                   guint64               limit);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_spool_threshold (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_spool_threshold (SmtpServer           *self,
                                                   guint                 size);
SMTP_AVAILABLE_IN_1_0
const char       *smtp_server_get_spool_directory (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_spool_directory (SmtpServer           *self,
                                                   const char           *directory);
SMTP_AVAILABLE_IN_1_0
SmtpTlsContext   *smtp_server_get_tls_context     (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_tls_context     (SmtpServer           *self,
                                                   SmtpTlsContext       *context);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_require_tls     (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_require_tls     (SmtpServer           *self,
                                                   gboolean              require_tls);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_handshake_timeout (SmtpServer         *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_handshake_timeout (SmtpServer         *self,
                                                   guint                 seconds);
SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_auth_mechanisms (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_auth_mechanisms (SmtpServer           *self,
                                                   const char * const   *mechanisms);
SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_auth_excluded   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_auth_excluded   (SmtpServer           *self,
                                                   const char * const   *mechanisms);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_add_mechanism       (SmtpServer           *self,
                                                   const char           *name,
                                                   GType                 type);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_auth_required   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_auth_required   (SmtpServer           *self,
                                                   gboolean              required);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_auth_requires_tls (SmtpServer         *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_auth_requires_tls (SmtpServer         *self,
                                                   gboolean              requires_tls);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_auth_failures (SmtpServer         *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_auth_failures (SmtpServer         *self,
                                                   guint                 max_failures);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_auth_failure_delay (SmtpServer        *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_auth_failure_delay (SmtpServer        *self,
                                                   guint                 milliseconds);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_hops        (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_hops        (SmtpServer           *self,
                                                   guint                 max_hops);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_text_line_limit (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_text_line_limit (SmtpServer           *self,
                                                   guint                 limit);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_smtputf8        (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_smtputf8        (SmtpServer           *self,
                                                   gboolean              smtputf8);
SMTP_AVAILABLE_IN_1_0
SmtpBareNewlines  smtp_server_get_bare_newlines   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_bare_newlines   (SmtpServer           *self,
                                                   SmtpBareNewlines      bare_newlines);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_timeout         (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_timeout         (SmtpServer           *self,
                                                   guint                 seconds);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_hook_timeout    (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_hook_timeout    (SmtpServer           *self,
                                                   guint                 seconds);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_errors      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_errors      (SmtpServer           *self,
                                                   guint                 max_errors);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_log_dialogue    (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_log_dialogue    (SmtpServer           *self,
                                                   gboolean              log_dialogue);
SMTP_AVAILABLE_IN_1_0
GType             smtp_server_get_session_type    (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_session_type    (SmtpServer           *self,
                                                   GType                 session_type);
SMTP_AVAILABLE_IN_1_0
GType             smtp_server_get_envelope_type   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_envelope_type   (SmtpServer           *self,
                                                   GType                 envelope_type);

SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_listen_fd           (SmtpServer           *self,
                                                   int                   fd,
                                                   SmtpListenerKind      kind,
                                                   GError              **error);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_unix_mode       (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_unix_mode       (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_reuse_port      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_reuse_port      (SmtpServer           *self,
                                                   gboolean              reuse_port);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_connections (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_connections (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_connections_per_client (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_connections_per_client (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_connection_rate (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_connection_rate (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_limit_local     (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_limit_local     (SmtpServer           *self,
                                                   gboolean              limit_local);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_recipients  (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_recipients  (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_messages    (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_messages    (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_min_data_rate   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_min_data_rate   (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_write_timeout   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_write_timeout   (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_greeting_delay  (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_greeting_delay  (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_soft_errors     (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_soft_errors     (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_error_delay     (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_error_delay     (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_junk_commands (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_junk_commands (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_header_size (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_header_size (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_close_timeout   (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_close_timeout   (SmtpServer           *self,
                                                   guint                 value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_command_limit   (SmtpServer           *self,
                                                   const char           *verb);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_command_limit   (SmtpServer           *self,
                                                   const char           *verb,
                                                   guint                 max);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_drain               (SmtpServer           *self,
                                                   guint                 milliseconds);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_is_draining         (SmtpServer           *self);

SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_proxy_networks (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_proxy_networks (SmtpServer         *self,
                                       const char * const *networks);
SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_xclient_networks (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_xclient_networks (SmtpServer         *self,
                                       const char * const *networks);
SMTP_AVAILABLE_IN_1_0
char            **smtp_server_dup_xforward_networks (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_xforward_networks (SmtpServer         *self,
                                       const char * const *networks);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_proxy_timeout (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_proxy_timeout (SmtpServer *self,
                                                 guint      value);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_resolve_peers (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_resolve_peers (SmtpServer *self,
                                                 gboolean   value);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_resolve_timeout (SmtpServer *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_resolve_timeout (SmtpServer *self,
                                                   guint      milliseconds);

/* ESMTP */

SMTP_AVAILABLE_IN_1_0
void              smtp_server_add_extension       (SmtpServer           *self,
                                                   SmtpExtension        *extension);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_remove_extension    (SmtpServer           *self,
                                                   const char           *keyword);
SMTP_AVAILABLE_IN_1_0
SmtpExtension    *smtp_server_lookup_extension    (SmtpServer           *self,
                                                   const char           *keyword);
SMTP_AVAILABLE_IN_1_0
GPtrArray        *smtp_server_get_extensions      (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
gboolean          smtp_server_get_extension_enabled (SmtpServer         *self,
                                                   const char           *keyword);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_extension_enabled (SmtpServer         *self,
                                                   const char           *keyword,
                                                   gboolean              enabled);
SMTP_AVAILABLE_IN_1_0
SmtpProfile       smtp_server_get_profile         (SmtpServer           *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_profile         (SmtpServer           *self,
                                                   SmtpProfile           profile);
SMTP_AVAILABLE_IN_1_0
guint             smtp_server_get_max_recipient_domains (SmtpServer     *self);
SMTP_AVAILABLE_IN_1_0
void              smtp_server_set_max_recipient_domains (SmtpServer     *self,
                                                   guint                 value);

G_END_DECLS
