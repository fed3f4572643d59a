/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-forwarded-client.h"
#include "smtp-proxy-info.h"
#include "smtp-reply.h"
#include "smtp-tls-info.h"

G_BEGIN_DECLS

#define SMTP_TYPE_SESSION (smtp_session_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (SmtpSession, smtp_session, SMTP, SESSION, GObject)

struct _SmtpSessionClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[12];
};

SMTP_AVAILABLE_IN_1_0
SmtpSession    *smtp_session_new               (void);

SMTP_AVAILABLE_IN_1_0
guint64         smtp_session_get_id            (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
gint64          smtp_session_get_start_time    (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
GSocketAddress *smtp_session_get_peer          (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
GSocketAddress *smtp_session_get_local_address (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
GMainContext   *smtp_session_get_main_context  (SmtpSession *self);

SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_host_name     (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_session_get_extended_smtp (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_protocol      (SmtpSession *self);

SMTP_AVAILABLE_IN_1_0
SmtpTlsInfo    *smtp_session_get_tls_info      (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_session_get_authenticated     (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_identity          (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_authentication_id (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_auth_mechanism    (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
char          **smtp_session_dup_offered_mechanisms (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_session_set_offered_mechanisms (SmtpSession        *self,
                                                const char * const *mechanisms);

SMTP_AVAILABLE_IN_1_0
GSocketAddress *smtp_session_get_proxy_peer    (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
SmtpProxyInfo  *smtp_session_get_proxy_info    (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
SmtpForwardedClient *smtp_session_get_xclient  (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
SmtpForwardedClient *smtp_session_get_xforward (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_session_get_peer_name     (SmtpSession *self);

SMTP_AVAILABLE_IN_1_0
void            smtp_session_set_extension_enabled (SmtpSession *self,
                                                const char  *keyword,
                                                gboolean     enabled);

SMTP_AVAILABLE_IN_1_0
gboolean        smtp_session_get_closed        (SmtpSession *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_session_close             (SmtpSession *self,
                                                SmtpReply   *reply);

G_END_DECLS
