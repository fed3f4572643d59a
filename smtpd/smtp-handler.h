/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-request.h"

G_BEGIN_DECLS

#define SMTP_TYPE_HANDLER (smtp_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpHandler, smtp_handler, SMTP, HANDLER, GObject)

/**
 * SmtpHandlerClass:
 * @handle_proxy: a proxy has said who its client is
 * @handle_connect: a client has connected, before the greeting
 * @handle_tls_handshake: TLS has begun
 * @handle_helo: HELO
 * @handle_ehlo: EHLO
 * @handle_noop: NOOP
 * @handle_quit: QUIT
 * @handle_vrfy: VRFY
 * @handle_expn: EXPN
 * @handle_help: HELP
 * @handle_mail: MAIL
 * @handle_rcpt: RCPT
 * @handle_rset: RSET
 * @handle_data_begin: DATA, before the message
 * @handle_body: a message is about to come: where is it to be written?
 * @handle_data: the end of the message
 * @handle_credentials: AUTH: what is known of this user?
 * @handle_auth: AUTH: may this client in?
 * @handle_exception: something went wrong inside
 * @handle_disconnect: the connection has ended
 * @handle_etrn: ETRN
 * @handle_burl: BURL
 * @handle_parameter: MAIL or RCPT has a parameter that nobody knows: is it welcome?
 *
 * A method per hook. One that is not overridden proceeds.
 */
struct _SmtpHandlerClass
{
  GObjectClass parent_class;

  void (*handle_connect)    (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  void (*handle_tls_handshake) (SmtpHandler *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  void (*handle_helo)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *host_name);
  void (*handle_ehlo)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *host_name);
  void (*handle_noop)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *argument);
  void (*handle_quit)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  void (*handle_vrfy)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *argument);
  void (*handle_expn)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *argument);
  void (*handle_help)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *argument);
  void (*handle_mail)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             SmtpAddress    *address,
                             SmtpParameters *parameters);
  void (*handle_rcpt)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             SmtpAddress    *address,
                             SmtpParameters *parameters);
  void (*handle_rset)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  void (*handle_data_begin) (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  GOutputStream *
       (*handle_body)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope);
  void (*handle_data)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request);
  void (*handle_credentials) (SmtpHandler   *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             SmtpCredentials *credentials);
  void (*handle_auth)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             SmtpCredentials *credentials);
  void (*handle_exception)  (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const GError   *error);
  void (*handle_disconnect) (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session);

  void (*handle_proxy)      (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             SmtpProxyInfo  *info);

  void (*handle_etrn)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *node);
  void (*handle_burl)       (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             SmtpRequest    *request,
                             const char     *url);
  SmtpVerdict
       (*handle_parameter)  (SmtpHandler    *self,
                             SmtpServer     *server,
                             SmtpSession    *session,
                             SmtpEnvelope   *envelope,
                             const char     *verb,
                             const char     *keyword,
                             const char     *value);

  /*< private >*/
  gpointer padding[16];
};

G_END_DECLS
