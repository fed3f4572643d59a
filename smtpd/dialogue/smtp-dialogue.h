/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-body.h"
#include "smtp-hooks.h"
#include "smtp-pace.h"
#include "smtp-peer-lookup.h"
#include "smtp-replies.h"
#include "smtp-request-private.h"
#include "smtp-server-private.h"
#include "smtp-session-private.h"
#include "wire/smtp-dot-decoder.h"
#include "wire/smtp-hop-counter.h"
#include "wire/smtp-line-reader.h"

G_BEGIN_DECLS

/*
 * SmtpDialogue: one connection's side of the conversation, without the connection. Octets
 * go in by smtp_dialogue_input(), replies come out through the host's functions.
 */

typedef enum
{
  SMTP_PHASE_START,      /* before the greeting */
  SMTP_PHASE_DELAY,      /* before that: the client should be silent */
  SMTP_PHASE_PROXY,      /* before that: the PROXY header, and its hook */
  SMTP_PHASE_NAMING,     /* and the client's name in the DNS */
  SMTP_PHASE_COMMAND,
  SMTP_PHASE_DATA,       /* the text of a message, up to its dot */
  SMTP_PHASE_CHUNK,      /* the octets of a BDAT */
  SMTP_PHASE_ENDING,     /* the message is there, its body not quite */
  SMTP_PHASE_TLS,        /* the handshake: nothing that is said would be understood */
  SMTP_PHASE_AUTH,       /* the client's answer to a challenge, while the command goes on */
  SMTP_PHASE_PENALTY,    /* the answer to an AUTH that failed waits */
  SMTP_PHASE_REFUSED,    /* greeted with 554: RFC 5321 section 3.1 leaves only QUIT */
  SMTP_PHASE_OVER
} SmtpPhase;

/* Where the command in progress stands: parse and precondition are the method's. */
typedef enum
{
  SMTP_STAGE_NONE,
  SMTP_STAGE_METHOD,
  SMTP_STAGE_MECHANISM,  /* of AUTH: it has hooks asked in between, and goes on */
  SMTP_STAGE_SIGNAL,
  SMTP_STAGE_HANDLERS,
  SMTP_STAGE_DEFAULT
} SmtpStage;

/* What a command does when its hooks have no objection. */
typedef struct
{
  /* The library's own answer. */
  SmtpReply *(*answer) (SmtpDialogue *dialogue, SmtpRequest *request);
  /* After a successful answer, whoever gave it. May be NULL. */
  void       (*apply)  (SmtpDialogue *dialogue, SmtpRequest *request);
} SmtpEffect;

typedef struct
{
  void (*write)    (gpointer data, const char *octets, gsize size);
  /* Wake up at this time (microseconds from now, 0: never) with smtp_dialogue_time_out(). */
  void (*deadline) (gpointer data, gint64 microseconds);
  /* A pending command is over: more input is welcome. */
  void (*resume)   (gpointer data);
  /* Nothing more will be said: flush, and close. */
  void (*over)     (gpointer data);
  /* What was said goes out in clear, then comes the handshake. What the client has sent
   * already is no part of it, and no command either: RFC 3207 section 4.2. */
  void (*start_tls) (gpointer data);
  /* The client is somebody else than it was taken for: counts that one. The reply if that is one too many.
   * May be NULL. */
  SmtpReply *(*admit) (gpointer data, GSocketAddress *client);
} SmtpDialogueHost;

typedef struct _SmtpAuthExchange SmtpAuthExchange;

struct _SmtpDialogue
{
  const SmtpDialogueHost *host;
  gpointer host_data;

  SmtpServer *server;      /* not owned: the server ends its dialogues */
  SmtpSession *session;
  const SmtpServerConfig *config;           /* the server's, looked up once */
  const SmtpSessionExtensions *extensions;  /* the session's */
  SmtpEnvelope *envelope;
  SmtpPhase phase;

  SmtpLineReader line_reader;
  gsize line_limit;        /* of the line that the reader is in */
  SmtpDotDecoder decoder;
  SmtpHopCounter hops;
  SmtpBody *body;
  SmtpPace pace;

  /* The BDAT in progress, RFC 3030. */
  guint64 chunk_left;
  SmtpReply *chunk_reply;  /* waits for the octets */

  /* The command in progress. */
  SmtpRequest *request;
  SmtpRequest *spare;      /* one to be used again, NULL if there is none */
  SmtpCommand command;
  SmtpStage stage;
  SmtpHook hook;
  GPtrArray *handlers;
  guint next_handler;
  gboolean runs_default_method;  /* the method of the class has let the command proceed */
  const SmtpEffect *effect;
  guint depth;             /* frames that will look at the outcome before they return */

  /* What operators are told, smtp-events.c. */
  SmtpStatistics *statistics;  /* not owned: the server's */
  const char *cause;           /* of the end, NULL before it */

  /* The AUTH in progress. */
  SmtpAuthExchange *auth;
  guint auth_failures;     /* of the connection */
  gint64 penalty_end;      /* monotonic; of the delay before the greeting, too */

  SmtpPeerLookup *lookup;  /* while the client has no name */

  guint errors;
  gint64 pause_end;        /* monotonic: until then the client is not listened to; 0: it is */
  guint junk;              /* commands since the last message that bring none */
  guint unknown;           /* commands that nobody knows, in a profile that counts them */
  GArray *command_counts;  /* of smtp_server_count_command() */
  guint messages;          /* that have come to their end */
  guint refused_recipients;
  guint recipient_domains; /* how many there are; counted where there is a limit */
  guint connected : 1;            /* handle-connect was emitted */
  guint chunk_is_last : 1;
  guint chunk_is_kept : 1;        /* not only swallowed */
  guint chunking : 1;             /* the message came by BDAT so far */
  guint chunking_failed : 1;      /* and is spoilt */
  guint is_lmtp : 1;              /* RFC 2033 */
  guint is_submission : 1;        /* RFC 6409: AUTH is required */
  guint envelope_is_new : 1;      /* made for the MAIL in progress */
  guint message_ended : 1;        /* the command in progress is the end of a message */
  guint tls_first : 1;            /* comes before the greeting, and behind the PROXY header */
  guint starts_tls : 1;           /* the command in progress asks for it */
  guint tls_refused : 1;          /* by a hook, after the handshake */
  guint close_after : 1;
  guint ascii_answer : 1;         /* of VRFY or EXPN: the client cannot read another one */
  guint awaits_line : 1;          /* the deadline is that of the next line */
  guint line_seen : 1;            /* the client has sent a line */
  guint line_is_bdat : 1;         /* the line that the reader is in, or somebody might think so */
  guint wipe_input : 1;           /* it held a secret: the host wipes it from its buffers */
  guint begun : 1;                /* operators know of it */
  guint in_transaction : 1;       /* counted as open */
};

/* Whether an extension of the library's is switched on for this client. */
static inline gboolean
smtp_dialogue_has_extension (const SmtpDialogue *self,
                             SmtpExtensionId     id)
{
  SmtpExtensionSet set = (self->config->esmtp.enabled | self->extensions->added) & ~self->extensions->removed;

  return (set & SMTP_EXTENSION_BIT (id)) != 0;
}

/* Whether the manners are another server's, SmtpServer:profile. */
static inline gboolean
smtp_dialogue_is_foreign (const SmtpDialogue *self)
{
  return self->config->esmtp.profile != SMTP_PROFILE_DEFAULT;
}

SmtpDialogue *smtp_dialogue_new       (SmtpServer             *server,
                                       SmtpSession            *session,
                                       const SmtpDialogueHost *host,
                                       gpointer                host_data);
void          smtp_dialogue_free      (SmtpDialogue           *self);

/* Says hello. */
void          smtp_dialogue_start     (SmtpDialogue           *self);

/* Waits for a handshake before it says hello. */
void          smtp_dialogue_expect_tls (SmtpDialogue          *self);
/* It is done. */
void          smtp_dialogue_begin_tls (SmtpDialogue           *self,
                                       SmtpTlsInfo            *info);

/* Waits for a PROXY header before it says hello. */
void          smtp_dialogue_expect_proxy (SmtpDialogue        *self,
                                       gboolean                tls_first);
/* It is there. */
void          smtp_dialogue_begin_proxied (SmtpDialogue       *self,
                                       SmtpProxyInfo          *info);

/* Takes what it can use from the front of @data, and returns how much that was. What is left must be offered again, with what comes behind it. *budget is
 * how many more commands and pieces of text it may handle in this turn. */
gsize         smtp_dialogue_input     (SmtpDialogue           *self,
                                       const char             *data,
                                       gsize                   size,
                                       guint                  *budget);

/* Whether input would be looked at now. */
gboolean      smtp_dialogue_is_ready  (SmtpDialogue           *self);
gboolean      smtp_dialogue_is_over   (SmtpDialogue           *self);
/* Nothing is under way that would be lost. */
gboolean      smtp_dialogue_is_idle   (SmtpDialogue           *self);

/* The message is there, and it is being decided what becomes of it. */
gboolean      smtp_dialogue_is_deciding (SmtpDialogue         *self);

/* The deadline has passed. */
void          smtp_dialogue_time_out  (SmtpDialogue           *self);

/* The client is gone: lets go of the command and the transaction, tells the hooks. */
void          smtp_dialogue_abort     (SmtpDialogue           *self);

/* Ends it from outside, with @reply if there is one. */
void          smtp_dialogue_close     (SmtpDialogue           *self,
                                       SmtpReply              *reply);

/* A held request was answered. */
void          smtp_dialogue_resume    (SmtpDialogue           *self,
                                       SmtpRequest            *request);

/* The answer to the command in progress is there: says it, and has it take effect. */
void          smtp_dialogue_finish    (SmtpDialogue           *self);

/* For the commands. */

/* The command in progress is refused, by a mistake of the client's that is counted. */
void          smtp_dialogue_refuse_request  (SmtpDialogue      *self,
                                             SmtpRequest       *request,
                                             SmtpStandardReply  reply);
/* The envelope of a transaction that is to begin. */
SmtpEnvelope *smtp_dialogue_ensure_envelope (SmtpDialogue      *self);
/* Ends the transaction, if there is one. */
void          smtp_dialogue_drop_envelope   (SmtpDialogue      *self);

/* For AUTH: 334, RFC 4954 section 4. */
void          smtp_dialogue_say_challenge   (SmtpDialogue      *self,
                                             const char        *base64);

/* For smtp-arrival.c. */

/* The greeting, now. */
void          smtp_dialogue_greet           (SmtpDialogue      *self);

/* For smtp-message.c. */

void          smtp_dialogue_say             (SmtpDialogue      *self,
                                             SmtpReply         *reply);
/* What is no command, or cannot be answered as one, is refused, and counted. */
void          smtp_dialogue_refuse          (SmtpDialogue      *self,
                                             SmtpStandardReply  reply);
/* Whether the library's own answers go out without a status, or as another server's. */
gboolean      smtp_dialogue_speaks_plainly  (SmtpDialogue      *self);
/* How one of the library's own replies is put to this client; others stay as they are. A new reference. */
SmtpReply    *smtp_dialogue_phrase          (SmtpDialogue      *self,
                                             SmtpRequest       *request,
                                             SmtpReply         *reply);
/* @phrased is what is said for @reply, NULL for itself. */
void          smtp_dialogue_refuse_with     (SmtpDialogue      *self,
                                             SmtpStandardReply  reply,
                                             SmtpReply         *phrased);
void          smtp_dialogue_run             (SmtpDialogue      *self,
                                             const SmtpCommand *command,
                                             const char        *verb,
                                             const char        *argument,
                                             gsize              argument_length);
gboolean      smtp_dialogue_count_error     (SmtpDialogue      *self);

G_END_DECLS
