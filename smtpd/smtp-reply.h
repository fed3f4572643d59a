/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_REPLY (smtp_reply_get_type ())

SMTP_AVAILABLE_IN_1_0
GType               smtp_reply_get_type   (void) G_GNUC_CONST;

SMTP_AVAILABLE_IN_1_0
SmtpReply          *smtp_reply_new        (guint                code,
                                           const char          *text);
SMTP_AVAILABLE_IN_1_0
SmtpReply          *smtp_reply_new_full   (guint                code,
                                           const char          *status,
                                           const char * const  *lines);
SMTP_AVAILABLE_IN_1_0
SmtpReply          *smtp_reply_parse      (const char          *text,
                                           GError             **error);
SMTP_AVAILABLE_IN_1_0
SmtpReply          *smtp_reply_ref        (SmtpReply           *self);
SMTP_AVAILABLE_IN_1_0
void                smtp_reply_unref      (SmtpReply           *self);

SMTP_AVAILABLE_IN_1_0
guint               smtp_reply_get_code   (const SmtpReply     *self);
SMTP_AVAILABLE_IN_1_0
const char         *smtp_reply_get_status (const SmtpReply     *self);
SMTP_AVAILABLE_IN_1_0
const char * const *smtp_reply_get_lines  (const SmtpReply     *self);
SMTP_AVAILABLE_IN_1_0
char               *smtp_reply_to_string  (const SmtpReply     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpReply, smtp_reply_unref)

G_END_DECLS
