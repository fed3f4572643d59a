/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-handler.h>

G_BEGIN_DECLS

#define SMTP_TYPE_RELAY_HANDLER (smtp_relay_handler_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpRelayHandler, smtp_relay_handler, SMTP, RELAY_HANDLER, SmtpHandler)

struct _SmtpRelayHandlerClass
{
  SmtpHandlerClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

SMTP_AVAILABLE_IN_1_0
SmtpHandler  *smtp_relay_handler_new              (const char       *address);

SMTP_AVAILABLE_IN_1_0
const char   *smtp_relay_handler_get_address      (SmtpRelayHandler *self);

SMTP_AVAILABLE_IN_1_0
gboolean      smtp_relay_handler_get_add_trace    (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_add_trace    (SmtpRelayHandler *self,
                                                   gboolean          add_trace);
SMTP_AVAILABLE_IN_1_0
SmtpRelayTls  smtp_relay_handler_get_tls          (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_tls          (SmtpRelayHandler *self,
                                                   SmtpRelayTls      tls);
SMTP_AVAILABLE_IN_1_0
const char   *smtp_relay_handler_get_user_name    (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_user_name    (SmtpRelayHandler *self,
                                                   const char       *user_name);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_password     (SmtpRelayHandler *self,
                                                   const char       *password);
SMTP_AVAILABLE_IN_1_0
guint         smtp_relay_handler_get_timeout      (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_timeout      (SmtpRelayHandler *self,
                                                   guint             seconds);
SMTP_AVAILABLE_IN_1_0
guint         smtp_relay_handler_get_idle_timeout (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_idle_timeout (SmtpRelayHandler *self,
                                                   guint             seconds);
SMTP_AVAILABLE_IN_1_0
guint         smtp_relay_handler_get_max_idle     (SmtpRelayHandler *self);
SMTP_AVAILABLE_IN_1_0
void          smtp_relay_handler_set_max_idle     (SmtpRelayHandler *self,
                                                   guint             n);

G_END_DECLS
