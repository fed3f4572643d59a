/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-session.h"

G_BEGIN_DECLS

#define SMTP_TYPE_EXTENSION (smtp_extension_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpExtension, smtp_extension, SMTP, EXTENSION, GObject)

/**
 * SmtpExtensionClass:
 * @is_on_offer: whether a client can use it now
 * @describe: what stands behind the keyword in the answer to EHLO
 * @check_parameter: whether the value of one of its parameters is well-formed
 *
 * Three methods, each of which may be overridden.
 */
struct _SmtpExtensionClass
{
  GObjectClass parent_class;

  gboolean (*is_on_offer)     (SmtpExtension *self,
                               SmtpServer    *server,
                               SmtpSession   *session);
  char *   (*describe)        (SmtpExtension *self,
                               SmtpServer    *server,
                               SmtpSession   *session);
  gboolean (*check_parameter) (SmtpExtension *self,
                               SmtpSession   *session,
                               const char    *verb,
                               const char    *keyword,
                               const char    *value);

  /*< private >*/
  gpointer padding[9];
};

/**
 * SmtpCommandCallback:
 * @server: the server
 * @session: the connection that the command came from
 * @request: the command; the answer goes through it
 * @argument: what stands behind the verb, without white space around it; perhaps empty
 * @user_data: (closure): what was given with it
 *
 * A command that a program adds, [method@Server.add_command]. The rules are those of the
 * command methods of [class@Server].
 */
typedef void (*SmtpCommandCallback) (SmtpServer  *server,
                                     SmtpSession *session,
                                     SmtpRequest *request,
                                     const char  *argument,
                                     gpointer     user_data);

SMTP_AVAILABLE_IN_1_0
SmtpExtension *smtp_extension_new              (const char          *keyword);
SMTP_AVAILABLE_IN_1_0
const char    *smtp_extension_get_keyword      (SmtpExtension       *self);
SMTP_AVAILABLE_IN_1_0
const char    *smtp_extension_get_value        (SmtpExtension       *self);
SMTP_AVAILABLE_IN_1_0
void           smtp_extension_set_value        (SmtpExtension       *self,
                                                const char          *value);
SMTP_AVAILABLE_IN_1_0
gboolean       smtp_extension_get_requires_tls (SmtpExtension       *self);
SMTP_AVAILABLE_IN_1_0
void           smtp_extension_set_requires_tls (SmtpExtension       *self,
                                                gboolean             requires_tls);
SMTP_AVAILABLE_IN_1_0
void           smtp_extension_add_parameter    (SmtpExtension       *self,
                                                const char          *verb,
                                                const char          *keyword,
                                                guint                length);
SMTP_AVAILABLE_IN_1_0
char         **smtp_extension_dup_parameters   (SmtpExtension       *self,
                                                const char          *verb);
SMTP_AVAILABLE_IN_1_0
void           smtp_extension_add_command      (SmtpExtension       *self,
                                                const char          *verb,
                                                SmtpCommandCallback  callback,
                                                gpointer             user_data,
                                                GDestroyNotify       destroy);
SMTP_AVAILABLE_IN_1_0
char         **smtp_extension_dup_commands     (SmtpExtension       *self);

G_END_DECLS
