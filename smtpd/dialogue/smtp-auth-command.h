/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-dialogue.h"
#include "smtp-sasl-mechanism.h"
#include "wire/smtp-command-parser.h"

G_BEGIN_DECLS

/*
 * AUTH, RFC 4954: one exchange, from the command to its answer.
 *
 * The command is one request. Its default method makes the mechanism, which asks the client for more,
 * the program for a secret, and at last the program for its verdict: hooks like any other, and the
 * verdict's alone can end in 235.
 */

/* The longest response in base64 without its CRLF, section 4. */
#define SMTP_AUTH_RESPONSE_MAX 12288
/* What the line of an AUTH command may be longer than others: the response, the mechanism's name of 20
 * characters at most (RFC 4422 section 3.1), and what stands between. */
#define SMTP_AUTH_LINE_EXTRA (SMTP_AUTH_RESPONSE_MAX + 28 - 512)

struct _SmtpAuthExchange
{
  char *initial;                /* base64 of the AUTH line, NULL if there was none */
  gboolean is_malformed;        /* the line had no name, or more than that */
  gboolean has_excess;          /* more */
  SmtpSaslMechanism *mechanism; /* NULL before it has begun */
  SmtpCredentials *credentials; /* that were presented, or whose secret was asked for */

  /* What the mechanism is given next: a response, or a secret. */
  GBytes *response;
  gboolean gives_secret;
  SmtpSecret *secret;

  gboolean refused;             /* the client has to answer a last challenge before it is told */
  gboolean counted;             /* as an attempt that failed */
};

void     smtp_auth_exchange_free    (SmtpAuthExchange      *self);

/* Takes the response off the line, before anybody sees its argument. Returns the length of what is
 * left of the argument: the mechanism's name, or nothing. */
gsize    smtp_auth_parse            (SmtpDialogue          *self,
                                     const SmtpCommandLine *line);

/* The default method. */
void     smtp_auth_command          (SmtpServer            *server,
                                     SmtpSession           *session,
                                     SmtpRequest           *request,
                                     const char            *argument);

/* For the stages. */

/* Lets the mechanism go on. */
void     smtp_auth_run_mechanism    (SmtpDialogue          *self);
/* Takes what it wants of the client (GBytes) or of the program (SmtpCredentials), or what the program
 * has told it (SmtpSecret). */
void     smtp_auth_challenge        (SmtpDialogue          *self,
                                     GBytes                *challenge);
void     smtp_auth_set_credentials  (SmtpDialogue          *self,
                                     SmtpCredentials       *credentials);
void     smtp_auth_set_secret       (SmtpDialogue          *self,
                                     SmtpSecret            *secret);

/* For the dialogue. */

/* A line in answer to a challenge. What is wrong with it, SMTP_N_STANDARD_REPLIES if nothing is: then
 * the mechanism is to go on. */
SmtpStandardReply smtp_auth_take_response (SmtpDialogue    *self,
                                     const char            *line,
                                     gsize                  length);

/* Whether the answer must wait: for a last word of the client's, or for the time that a failure costs.
 * Otherwise *reply is what is to be said. */
gboolean smtp_auth_holds_back       (SmtpDialogue          *self,
                                     SmtpReply            **reply);

/* A line of AUTH as it may be logged. */
void     smtp_auth_redact           (GString               *line,
                                     const char            *data,
                                     gsize                  length);
gboolean smtp_auth_is_auth_line     (const char            *data,
                                     gsize                  length);

G_END_DECLS
