/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-credentials.h"
#include "smtp-envelope.h"
#include "smtp-reply.h"
#include "smtp-secret.h"
#include "smtp-session.h"

G_BEGIN_DECLS

#define SMTP_TYPE_REQUEST (smtp_request_get_type ())

SMTP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (SmtpRequest, smtp_request, SMTP, REQUEST, GObject)

SMTP_AVAILABLE_IN_1_0
void            smtp_request_hold            (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_reply           (SmtpRequest        *self,
                                              guint               code,
                                              const char         *text);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_send_reply      (SmtpRequest        *self,
                                              SmtpReply          *reply);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_reply_recipient (SmtpRequest        *self,
                                              guint               index,
                                              guint               code,
                                              const char         *text);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_proceed         (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_fail            (SmtpRequest        *self,
                                              const GError       *error);

SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_challenge       (SmtpRequest        *self,
                                              GBytes             *challenge);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_ask_secret      (SmtpRequest        *self,
                                              SmtpCredentials    *credentials);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_present         (SmtpRequest        *self,
                                              SmtpCredentials    *credentials);
SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_send_secret     (SmtpRequest        *self,
                                              SmtpSecret         *secret);

SMTP_AVAILABLE_IN_1_0
SmtpServer     *smtp_request_get_server      (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
SmtpSession    *smtp_request_get_session     (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
SmtpEnvelope   *smtp_request_get_envelope    (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_request_get_verb        (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_request_get_argument    (SmtpRequest        *self);

SMTP_AVAILABLE_IN_1_0
SmtpAddress    *smtp_request_get_address     (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_request_set_address     (SmtpRequest        *self,
                                              SmtpAddress        *address);
SMTP_AVAILABLE_IN_1_0
SmtpParameters *smtp_request_get_parameters  (SmtpRequest        *self);

SMTP_AVAILABLE_IN_1_0
void            smtp_request_add_line        (SmtpRequest        *self,
                                              const char         *line);
SMTP_AVAILABLE_IN_1_0
char          **smtp_request_dup_lines       (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_request_set_lines       (SmtpRequest        *self,
                                              const char * const *lines);

SMTP_AVAILABLE_IN_1_0
SmtpReply      *smtp_request_get_final_reply (SmtpRequest        *self);
SMTP_AVAILABLE_IN_1_0
GCancellable   *smtp_request_get_cancellable (SmtpRequest        *self);

SMTP_AVAILABLE_IN_1_0
gboolean        smtp_request_send_content      (SmtpRequest  *self,
                                                GBytes       *content);

G_END_DECLS
