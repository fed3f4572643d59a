/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"

G_BEGIN_DECLS

/*
 * A command goes through its stages: the method of the server's class, which parses and
 * checks; then, from within the default method, the hook signal, the handlers one after the
 * other, the default. Each stage ends the command, lets it proceed, fails, or holds it.
 */

/* Starts with the method. Takes the reference of @request. TRUE if the answer is there. */
gboolean smtp_stages_start     (SmtpDialogue      *self,
                                SmtpRequest       *request,
                                const SmtpCommand *command);

/* From a default method: the stages that follow it. */
void     smtp_stages_run_hooks (SmtpRequest       *request,
                                SmtpHook           hook,
                                const SmtpEffect  *effect);

/* From AUTH's: its mechanism, which has hooks asked when it wants to. */
void     smtp_stages_run_mechanism (SmtpRequest    *request,
                                const SmtpEffect  *effect);
/* The client has answered a challenge. TRUE if the answer is there. */
gboolean smtp_stages_resume_mechanism (SmtpDialogue *self);

/* Answers a command that waits for the client. */
void     smtp_stages_refuse    (SmtpDialogue      *self,
                                SmtpStandardReply  reply);

/* What the client is told when something went wrong inside. */
SmtpReply *smtp_stages_get_failure (SmtpDialogue  *self);

/* Looks at the outcome of a request that was held, and goes on. TRUE if the answer is there. */
gboolean smtp_stages_resume    (SmtpDialogue      *self);

/* Nobody has answered in time. TRUE if the answer is there. */
gboolean smtp_stages_time_out  (SmtpDialogue      *self);

/* The command is over. */
void     smtp_stages_clear     (SmtpDialogue      *self);

G_END_DECLS
