/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-reply.h"

G_BEGIN_DECLS

/* What goes over the wire, made once with the reply. */
const char *smtp_reply_get_wire           (const SmtpReply    *self,
                                           gsize              *length);

/* @self, or a copy of it with "X.0.0" of its class if it has no status. */
SmtpReply  *smtp_reply_with_status        (SmtpReply          *self);

/* The opposite. */
SmtpReply  *smtp_reply_without_status     (SmtpReply          *self);

/* A copy with @before as its first lines, if there are any. */
SmtpReply  *smtp_reply_prepend            (SmtpReply          *self,
                                           const char * const *before);

/* 2 for 250 and so on. */
guint       smtp_reply_get_class          (const SmtpReply    *self);

G_END_DECLS
