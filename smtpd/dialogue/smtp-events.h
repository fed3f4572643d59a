/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"
#include "smtp-statistics-private.h"

G_BEGIN_DECLS

/*
 * What operators are told of a connection: each event is counted in the server's statistics, and logged if
 * SmtpServer:log-events is on. Nothing is decided here.
 */

/* The session begins, and ends: the latter while all that it has is still there. */
void smtp_events_begin        (SmtpDialogue *self);
void smtp_events_end          (SmtpDialogue *self);
/* Why it is about to end: the first one who says so is believed. @cause is a constant. */
void smtp_events_set_cause    (SmtpDialogue *self,
                               const char   *cause);
/* The client is gone, without a word. */
void smtp_events_lose         (SmtpDialogue *self);
/* The server says 421 because it is going down. */
void smtp_events_shut_down    (SmtpDialogue *self);

/* A 4yz or 5yz goes out. */
void smtp_events_count_refusal (SmtpDialogue *self,
                               SmtpReply    *reply);
/* It was for no command. */
void smtp_events_log_refusal  (SmtpDialogue *self,
                               SmtpReply    *reply);
/* A command whose outcome is counted is about to take effect, or not. */
void smtp_events_command      (SmtpDialogue *self,
                               SmtpReply    *reply,
                               gboolean      success);
/* A command that failed, or AUTH, was answered with @reply, @is_message: at the end of a message. */
void smtp_events_answer       (SmtpDialogue *self,
                               SmtpRequest  *request,
                               SmtpReply    *reply,
                               gboolean      is_message);
/* A message was refused, with a reply or before one. */
void smtp_events_refuse_message (SmtpDialogue *self,
                               SmtpReply    *reply);
/* A transaction is given up. */
void smtp_events_abort        (SmtpDialogue *self);

void smtp_events_handshake    (SmtpDialogue *self,
                               SmtpTlsInfo  *info);
void smtp_events_lose_handshake (SmtpDialogue *self,
                               const GError *error);
/* @kind is one of SMTP_COUNT_TIMEOUTS. */
void smtp_events_time_out     (SmtpDialogue *self,
                               SmtpCount     kind);

G_END_DECLS
