/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-session.h"

G_BEGIN_DECLS

/*
 * SmtpLogRecord: one event for the log, as GLib's structured records are: a message for people, and
 * fields for programs. Whoever makes one has seen that SmtpServer:log-events is on; what goes into it is
 * escaped here, and nowhere else.
 *
 * Each text is cut after SMTP_LOG_MAX_TEXT octets. Secrets are nobody's to add.
 */

#define SMTP_LOG_MAX_FIELDS 24
#define SMTP_LOG_MAX_TEXT 1024

typedef struct
{
  GLogField fields[SMTP_LOG_MAX_FIELDS];
  gsize     n_fields;
  char     *texts[SMTP_LOG_MAX_FIELDS];  /* those that are ours */
  gsize     n_texts;
  guint64   session;
} SmtpLogRecord;

/* @event is a constant. @session is NULL for what has none. */
void  smtp_log_begin       (SmtpLogRecord *self,
                            const char    *event,
                            SmtpSession   *session);
/* Keys are constants. Nothing is added for NULL. */
void  smtp_log_add         (SmtpLogRecord *self,
                            const char    *key,
                            const char    *text);
void  smtp_log_add_number  (SmtpLogRecord *self,
                            const char    *key,
                            guint64        number);
void  smtp_log_add_address (SmtpLogRecord *self,
                            const char    *key,
                            GSocketAddress *address);
void  smtp_log_add_reply   (SmtpLogRecord *self,
                            SmtpReply     *reply);
/* Writes it, and lets go of what it has. */
void  smtp_log_send        (SmtpLogRecord *self,
                            const char    *format,
                            ...) G_GNUC_PRINTF (2, 3);

/* What may stand in a line: a backslash is doubled, controls, what makes text run backwards, what ends lines and
 * octets that are no UTF-8 become \xHH. Frees with g_free(). */
char *smtp_log_escape      (const char    *text);
/* The address as people write it; NULL: "an unknown address". */
char *smtp_log_describe    (GSocketAddress *address);

G_END_DECLS
