/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <smtpd/smtp-reply.h>

G_BEGIN_DECLS

/*
 * SmtpChaosRule: what is to go wrong, where and how often: PHASE[:PROBABILITY]=ACTION. Immutable.
 */

typedef enum
{
  SMTP_CHAOS_CONNECT,
  SMTP_CHAOS_TLS_HANDSHAKE,
  SMTP_CHAOS_HELO,
  SMTP_CHAOS_EHLO,
  SMTP_CHAOS_AUTH,
  SMTP_CHAOS_MAIL,
  SMTP_CHAOS_RCPT,
  SMTP_CHAOS_DATA_BEGIN,
  SMTP_CHAOS_DATA,
  SMTP_CHAOS_RSET,
  SMTP_CHAOS_NOOP,
  SMTP_CHAOS_VRFY,
  SMTP_CHAOS_HELP,
  SMTP_CHAOS_QUIT,
  SMTP_CHAOS_N_PHASES
} SmtpChaosPhase;

typedef enum
{
  SMTP_CHAOS_REPLY,
  SMTP_CHAOS_CLOSE,
  SMTP_CHAOS_DELAY
} SmtpChaosAction;

typedef struct
{
  SmtpChaosPhase   phase;
  double           probability;
  SmtpChaosAction  action;
  SmtpReply       *reply;   /* of REPLY */
  guint            delay;   /* of DELAY, milliseconds */
} SmtpChaosRule;

/* NULL, with SMTP_ERROR_SYNTAX, if @text is none. */
SmtpChaosRule *smtp_chaos_rule_parse (const char     *text,
                                      GError        **error);
void           smtp_chaos_rule_free  (SmtpChaosRule  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpChaosRule, smtp_chaos_rule_free)

G_END_DECLS
