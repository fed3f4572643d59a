/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-request.h"
#include "transport/smtp-poller.h"
#include "wire/smtp-command-parser.h"

G_BEGIN_DECLS

typedef struct _SmtpDialogue SmtpDialogue;

/* What a stage of a request has come to. */
typedef enum
{
  SMTP_OUTCOME_NONE,      /* nothing was said */
  SMTP_OUTCOME_HELD,      /* the answer comes later */
  SMTP_OUTCOME_REPLIED,
  SMTP_OUTCOME_PROCEED,
  SMTP_OUTCOME_FAILED,

  /* Of AUTH alone. */
  SMTP_OUTCOME_CHALLENGE, /* GBytes, or NULL: the client is to say more */
  SMTP_OUTCOME_ASK,       /* SmtpCredentials: the program is to give the secret */
  SMTP_OUTCOME_PRESENT,   /* SmtpCredentials: the program is to decide */
  SMTP_OUTCOME_SECRET     /* SmtpSecret, or NULL: here it is */
} SmtpOutcome;

struct _SmtpRequest
{
  GObject parent_instance;

  SmtpServer *server;
  SmtpSession *session;
  SmtpEnvelope *envelope;
  char verb[SMTP_VERB_MAX + 1];
  char *argument;
  SmtpAddress *address;
  SmtpParameters *parameters;
  GPtrArray *lines;
  GError *error;
  SmtpCredentials *credentials;
  SmtpRequest *predecessor;

  SmtpDialogue *dialogue;
  SmtpReply *final_reply;
  GCancellable *cancellable;
  GBytes *content;               /* under the lock until the answer is there */
  gboolean held;
  gboolean answer_is_default;
  gboolean has_listener;         /* to the signal `replied`, when it came */
  gboolean is_message;           /* the end of one */
  guint n_recipients;            /* of the envelope when the command came */
  SmtpTask task;

  /* What other threads touch. */
  GMutex lock;
  SmtpOutcome outcome;
  gpointer payload;              /* what the outcome comes with: SmtpReply, GError… */
  GDestroyNotify free_payload;
  GPtrArray *recipient_answers;  /* SmtpReply or NULL for each recipient */
  guint n_answered;
  guint entered;
  gboolean spent;
};

SmtpRequest  *smtp_request_new            (SmtpDialogue *dialogue,
                                           const char   *verb,
                                           const char   *argument,
                                           gsize         argument_length);

/* Takes a request whose command is over. Returns it, as new, if nobody could tell it from a new one;
 * making an object costs more than all else that is done for a command. */
SmtpRequest  *smtp_request_recycle        (SmtpRequest  *self);

/* NULL once the command is over or the client gone. */
SmtpDialogue *smtp_request_get_dialogue   (SmtpRequest  *self);

/* Between these two an answer is only noted down: who runs the stage looks at it
 * after it. Otherwise an answer is posted to the dialogue's context. */
void          smtp_request_enter          (SmtpRequest  *self);
void          smtp_request_leave          (SmtpRequest  *self);

/* Says something. Takes @payload. FALSE if it comes too late. From any thread. */
gboolean      smtp_request_set_outcome    (SmtpRequest   *self,
                                           SmtpOutcome    outcome,
                                           gpointer       payload,
                                           GDestroyNotify free_payload);
/* Reads the outcome. All but a reply are taken off, so that the next stage can speak;
 * *payload is then the caller's, and NULL otherwise. */
SmtpOutcome   smtp_request_take_outcome   (SmtpRequest  *self,
                                           gpointer     *payload);
gboolean      smtp_request_is_replied     (SmtpRequest  *self);
gboolean      smtp_request_has_outcome    (SmtpRequest  *self);

/* A new handle for the same command. @self is spent: what its holder still says through
 * it is not heard. Takes and returns a reference. */
SmtpRequest  *smtp_request_supersede      (SmtpRequest  *self);
/* The handle for the next stage: @self if nobody else holds it, else a successor. */
SmtpRequest  *smtp_request_pass_on        (SmtpRequest  *self);
/* The same when the time is over: fires the cancellable of @self. */
SmtpRequest  *smtp_request_expire         (SmtpRequest  *self);

/* The library's own answer, which smtp_request_add_line() adds to. */
void          smtp_request_reply_default  (SmtpRequest  *self,
                                           SmtpReply    *reply);
/* Has the task posted that makes the dialogue look at the outcome. */
void          smtp_request_post           (SmtpRequest  *self);

/* The answer with all that belongs to it. */
SmtpReply    *smtp_request_get_answer     (SmtpRequest  *self);

/* At the end of a message that came by LMTP; 0 otherwise. */
guint         smtp_request_get_n_recipients (SmtpRequest *self);
/* Whether somebody was answered for alone. */
gboolean      smtp_request_has_recipient_answers (SmtpRequest *self);
/* NULL: the common answer is this one's, too. */
SmtpReply    *smtp_request_get_recipient_answer (SmtpRequest *self,
                                           guint         index);

/* The command is over: tells those who wait for it. @reply is NULL if there was none. */
void          smtp_request_finish         (SmtpRequest  *self,
                                           SmtpReply    *reply);
void          smtp_request_emit_replied   (SmtpRequest  *self,
                                           SmtpReply    *reply);
/* Nobody waits for the answer any more; fires the cancellable. */
void          smtp_request_abandon        (SmtpRequest  *self);

void          smtp_request_set_envelope   (SmtpRequest  *self,
                                           SmtpEnvelope *envelope);
/* Leaves so many octets of it. */
void          smtp_request_cut_argument   (SmtpRequest  *self,
                                           gsize         length);
/* What the answer to BURL comes with, NULL if nothing. */
GBytes       *smtp_request_get_content    (SmtpRequest  *self);
/* An answer, and what comes with it. Takes @reply. FALSE if it comes too late. */
gboolean      smtp_request_set_content    (SmtpRequest  *self,
                                           SmtpReply    *reply,
                                           GBytes       *content);

void          smtp_request_set_parameters (SmtpRequest  *self,
                                           SmtpParameters *parameters);

/* What a client of AUTH presents. */
void          smtp_request_set_credentials (SmtpRequest *self,
                                           SmtpCredentials *credentials);
SmtpCredentials *smtp_request_get_credentials (SmtpRequest *self);

/* What the exception hook is told. */
void          smtp_request_set_error      (SmtpRequest  *self,
                                           GError       *error);
const GError *smtp_request_get_error      (SmtpRequest  *self);

G_END_DECLS
