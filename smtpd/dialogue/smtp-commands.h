/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-command-table.h"
#include "smtp-request-private.h"

G_BEGIN_DECLS

/* The most that extensions of the library add to the length of any command line but AUTH's. */
#define SMTP_COMMAND_EXTRA_MAX 1792

/* What has no verb of its own. */
extern const SmtpCommand smtp_command_greet;
extern const SmtpCommand smtp_command_message;
extern const SmtpCommand smtp_command_unknown;

/* Those that the dialogue must know. */
extern const gsize smtp_command_mail_offset;
extern const gsize smtp_command_rcpt_offset;
extern const gsize smtp_command_data_offset;
extern const gsize smtp_command_bdat_offset;
extern const gsize smtp_command_burl_offset;
extern const gsize smtp_command_quit_offset;
extern const gsize smtp_command_starttls_offset;
extern const gsize smtp_command_auth_offset;
extern const gsize smtp_command_expn_offset;
extern const gsize smtp_command_help_offset;

/* Asks the hook of the TLS handshake. */
extern const SmtpCommand smtp_command_handshake;

/* The greeting. */
SmtpReply        *smtp_commands_answer_greet    (SmtpDialogue    *self,
                                                 SmtpRequest     *request);

/* The commands of RFC 5321, section 4.1. */
SmtpCommandTable *smtp_commands_get_standard    (void);

/* Their methods. */
void              smtp_commands_install_methods (SmtpServerClass *klass);

G_END_DECLS
