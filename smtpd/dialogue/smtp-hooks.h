/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/* One for each handle-* signal that a request goes through. */
typedef enum
{
  SMTP_HOOK_PROXY,
  SMTP_HOOK_CONNECT,
  SMTP_HOOK_TLS_HANDSHAKE,
  SMTP_HOOK_HELO,
  SMTP_HOOK_EHLO,
  SMTP_HOOK_NOOP,
  SMTP_HOOK_QUIT,
  SMTP_HOOK_VRFY,
  SMTP_HOOK_EXPN,
  SMTP_HOOK_HELP,
  SMTP_HOOK_ETRN,
  SMTP_HOOK_BURL,
  SMTP_HOOK_MAIL,
  SMTP_HOOK_RCPT,
  SMTP_HOOK_RSET,
  SMTP_HOOK_DATA_BEGIN,
  SMTP_HOOK_DATA,
  SMTP_HOOK_CREDENTIALS,
  SMTP_HOOK_AUTH,
  SMTP_HOOK_EXCEPTION,
  SMTP_N_HOOKS
} SmtpHook;

void        smtp_hooks_install_signals  (SmtpServerClass  *klass);
void        smtp_hooks_install_defaults (SmtpHandlerClass *klass);

const char *smtp_hook_get_name          (SmtpHook          hook);

/* Handlers of this type have objections at most, and let nothing be offered to clients by being there. */
void        smtp_hooks_offer_nothing    (GType             handler_type);

/* Whether there is somebody by whom something may be offered: a signal handler, or a method that is overridden. */
gboolean    smtp_hook_is_heard          (SmtpHook          hook,
                                         SmtpServer       *server);

/* The signal stage. CONTINUE if nobody is connected. */
SmtpVerdict smtp_hook_emit              (SmtpHook          hook,
                                         SmtpRequest      *request);

/* The handler stage: calls @handler's method, FALSE if it is not overridden. */
gboolean    smtp_hook_call              (SmtpHook          hook,
                                         SmtpHandler      *handler,
                                         SmtpRequest      *request);

/* Handlers of one signal are asked in turn while they have no objection. */
gboolean    smtp_hooks_accumulate_verdicts (GSignalInvocationHint *hint,
                                            GValue                *accumulated,
                                            const GValue          *returned,
                                            gpointer               data);

G_END_DECLS
