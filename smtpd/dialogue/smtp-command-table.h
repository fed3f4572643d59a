/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-extension-ids.h"
#include "smtp-server.h"

G_BEGIN_DECLS

/* Commands by verb. A table may have a parent, whose commands it inherits, adds to, and
 * hides. Verbs are compared as the command parser folds them, in capital letters. */
typedef struct _SmtpCommandTable SmtpCommandTable;

/* Commands that one of the two protocols does not have, RFC 2033 section 4.1. */
typedef enum
{
  SMTP_ONLY = 1 << 0,
  LMTP_ONLY = 1 << 1
} SmtpCommandProtocols;

/* What runs a command: one of three. */
typedef struct
{
  gsize                offset;     /* of a method in SmtpServerClass, 0: none */
  SmtpCommandMethod    method;     /* of a class */
  SmtpCommandCallback  callback;   /* of a program */
  gpointer             user_data;
  gpointer             owner;      /* keeps user_data alive */
  SmtpExtensionId      extension;  /* of the library's, without which there is no such command */
  SmtpExtension       *own_extension; /* the same for one of a program's; not to be looked at once it runs */
  const char          *help;       /* what it looks like; NULL: nobody knows */
  SmtpCommandProtocols protocols;
  guint                line_extra; /* octets that extensions add to the line, RFC 5321 section 4.5.3.1.4 */
  gboolean             asks_more;  /* succeeds with 3yz, not 2yz: DATA */
  gboolean             adds_status; /* replies without an enhanced status code get one, RFC 2034 */
  gboolean             is_for_clear; /* may be used before TLS where TLS is required */
  gboolean             is_for_strangers; /* may be used before AUTH where AUTH is required */
  gboolean             is_junk;    /* brings no message forward */
  gboolean             is_counted; /* by its outcome, smtp-events.c */
  gboolean             is_silent;  /* the client hears nothing of its answer */
} SmtpCommand;

SmtpCommandTable  *smtp_command_table_new      (SmtpCommandTable    *parent);
void               smtp_command_table_free     (SmtpCommandTable    *self);

void               smtp_command_table_add      (SmtpCommandTable    *self,
                                                const char          *verb,
                                                const SmtpCommand   *command);
void               smtp_command_table_add_callback (SmtpCommandTable *self,
                                                const char          *verb,
                                                SmtpCommandCallback  callback,
                                                gpointer             user_data,
                                                GDestroyNotify       destroy);
/* One of an extension of a program's, which owns @user_data and is kept as long as anybody may need it. */
void               smtp_command_table_add_extension (SmtpCommandTable *self,
                                                const char          *verb,
                                                SmtpCommandCallback  callback,
                                                gpointer             user_data,
                                                SmtpExtension       *extension);
/* Takes it away, if it has not been replaced; what it has stood in the place of is back. */
void               smtp_command_table_drop_extension (SmtpCommandTable *self,
                                                const char          *verb,
                                                SmtpExtension       *extension);
/* FALSE if there was none. */
gboolean           smtp_command_table_remove   (SmtpCommandTable    *self,
                                                const char          *verb);

const SmtpCommand *smtp_command_table_lookup   (SmtpCommandTable    *self,
                                                const char          *verb);
/* Sorted; free with g_ptr_array_unref(). */
GPtrArray         *smtp_command_table_get_verbs (SmtpCommandTable   *self);

void               smtp_command_run            (const SmtpCommand   *command,
                                                SmtpServer          *server,
                                                SmtpSession         *session,
                                                SmtpRequest         *request,
                                                const char          *argument);

/* The method at @offset of @klass. */
void               smtp_command_run_method     (SmtpServerClass     *klass,
                                                gsize                offset,
                                                SmtpServer          *server,
                                                SmtpSession         *session,
                                                SmtpRequest         *request,
                                                const char          *argument);

/* A command in progress outlives its removal from the table. */
void               smtp_command_copy           (SmtpCommand         *command,
                                                const SmtpCommand   *source);
void               smtp_command_clear          (SmtpCommand         *command);

G_END_DECLS
