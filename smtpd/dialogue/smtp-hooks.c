/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-hooks.h"

#include "smtp-enum-types.h"
#include "smtp-marshal.h"
#include "smtp-request-private.h"
#include "smtp-server-private.h"

/* What a hook is given behind session, envelope and request. */
typedef enum
{
  GIVES_NOTHING,
  GIVES_ARGUMENT,  /* const char * */
  GIVES_PATH,      /* SmtpAddress *, SmtpParameters * */
  GIVES_CREDENTIALS, /* SmtpCredentials * */
  GIVES_PROXY,     /* SmtpProxyInfo * */
  GIVES_ERROR      /* const GError * */
} Gives;

typedef struct
{
  const char *name;
  Gives       gives;
  gsize       method;  /* offset in SmtpHandlerClass */
} HookInfo;

#define METHOD(name) G_STRUCT_OFFSET (SmtpHandlerClass, name)

static const HookInfo hooks[SMTP_N_HOOKS] =
{
  [SMTP_HOOK_PROXY]      = { "handle-proxy",      GIVES_PROXY,    METHOD (handle_proxy) },
  [SMTP_HOOK_CONNECT]    = { "handle-connect",    GIVES_NOTHING,  METHOD (handle_connect) },
  [SMTP_HOOK_TLS_HANDSHAKE] = { "handle-tls-handshake", GIVES_NOTHING, METHOD (handle_tls_handshake) },
  [SMTP_HOOK_HELO]       = { "handle-helo",       GIVES_ARGUMENT, METHOD (handle_helo) },
  [SMTP_HOOK_EHLO]       = { "handle-ehlo",       GIVES_ARGUMENT, METHOD (handle_ehlo) },
  [SMTP_HOOK_NOOP]       = { "handle-noop",       GIVES_ARGUMENT, METHOD (handle_noop) },
  [SMTP_HOOK_QUIT]       = { "handle-quit",       GIVES_NOTHING,  METHOD (handle_quit) },
  [SMTP_HOOK_VRFY]       = { "handle-vrfy",       GIVES_ARGUMENT, METHOD (handle_vrfy) },
  [SMTP_HOOK_EXPN]       = { "handle-expn",       GIVES_ARGUMENT, METHOD (handle_expn) },
  [SMTP_HOOK_HELP]       = { "handle-help",       GIVES_ARGUMENT, METHOD (handle_help) },
  [SMTP_HOOK_ETRN]       = { "handle-etrn",       GIVES_ARGUMENT, METHOD (handle_etrn) },
  [SMTP_HOOK_BURL]       = { "handle-burl",       GIVES_ARGUMENT, METHOD (handle_burl) },
  [SMTP_HOOK_MAIL]       = { "handle-mail",       GIVES_PATH,     METHOD (handle_mail) },
  [SMTP_HOOK_RCPT]       = { "handle-rcpt",       GIVES_PATH,     METHOD (handle_rcpt) },
  [SMTP_HOOK_RSET]       = { "handle-rset",       GIVES_NOTHING,  METHOD (handle_rset) },
  [SMTP_HOOK_DATA_BEGIN] = { "handle-data-begin", GIVES_NOTHING,  METHOD (handle_data_begin) },
  [SMTP_HOOK_DATA]       = { "handle-data",       GIVES_NOTHING,  METHOD (handle_data) },
  [SMTP_HOOK_CREDENTIALS] = { "handle-credentials", GIVES_CREDENTIALS, METHOD (handle_credentials) },
  [SMTP_HOOK_AUTH]       = { "handle-auth",       GIVES_CREDENTIALS, METHOD (handle_auth) },
  [SMTP_HOOK_EXCEPTION]  = { "handle-exception",  GIVES_ERROR,    METHOD (handle_exception) },
};

/* The signals, for the reference. */

/**
 * SmtpServer::handle-proxy:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the header, through which it is answered
 * @info: what the proxy says
 *
 * A proxy that is in [property@Server:proxy-networks] has sent a PROXY header; the session's
 * [property@Session:peer] is the client's address already. Nobody hears of an answer of 200 to 299. After any
 * other the connection ends, the answer being told in place of the greeting if TLS does not come first.
 * @envelope is %NULL.
 *
 * A proxy that only wants to know how the server is sends a header too, with
 * %SMTP_PROXY_COMMAND_LOCAL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-connect:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * A client has connected; nothing was said yet but a PROXY header. Emitted again after XCLIENT, by which another
 * server has told who the client is. A refusal is told in place of the greeting: after
 * a 421 the connection is closed, after a 554 only QUIT is served (RFC 5321 section 3.1). @envelope is
 * %NULL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-tls-handshake:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the handshake, through which it is answered
 *
 * TLS has begun, by STARTTLS or on an address of %SMTP_LISTENER_KIND_SMTPS; what was agreed upon
 * is in [property@Session:tls-info]. The client hears nothing of an answer of 200 to 299. After any
 * other it is told 554 whatever it says, QUIT excepted (RFC 3207 section 4.1), or, by a 421, the
 * connection ends. @envelope is %NULL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-helo:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @host_name: what the client calls itself, checked for its syntax alone
 *
 * HELO, RFC 5321 section 4.1.1.1.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-ehlo:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @host_name: what the client calls itself, checked for its syntax alone
 *
 * EHLO, RFC 5321 section 4.1.1.1. The lines of the answer, host name and keywords, stand in
 * [property@Request:lines] and may be edited.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-noop:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * NOOP, RFC 5321 section 4.1.1.9.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-quit:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * QUIT, RFC 5321 section 4.1.1.10. With an answer of 200 to 299 the connection ends.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-vrfy:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what is to be verified, as the client wrote it
 *
 * VRFY, RFC 5321 section 4.1.1.6. The default answer is 252: it tells nothing. An answer outside ASCII goes to clients
 * that have said SMTPUTF8 behind @argument; others get 252 2.6.8 (RFC 6531 section 3.7.4.2).
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-expn:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: the mailing list, as the client wrote it
 *
 * EXPN, RFC 5321 section 4.1.1.7. The default answer is 502. An answer outside ASCII goes to clients that have said
 * SMTPUTF8 behind @argument; others get 550 5.6.8 (RFC 6531 section 3.7.4.2).
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-help:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * HELP, RFC 5321 section 4.1.1.8.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-etrn:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @node: a domain; with `@` in front of it, its subdomains too; with `#`, the name of a queue
 *
 * ETRN, RFC 1985: the client wants what waits for @node to be sent on now. Answers are 250 to 253, 458
 * and 459; if nobody answers, it is 458. The extension is on offer to clients if there is a hook
 * for this. @envelope is %NULL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-burl:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @url: an absolute URI
 *
 * BURL, RFC 4468: what @url stands for is to be a part of the message, as a chunk of BDAT is. The answer is
 * [method@Request.send_content]; with any other of 200 to 299 the client gets a 451. If nobody answers, it
 * is 554 5.6.6. The extension is on offer to clients if there is a hook for this; what URLs are
 * understood is its [property@Extension:value], by default `imap`.
 *
 * The URL is the client's word, and may lead anywhere: into the program's own network as well. When the
 * message begins with it, [signal@Server::handle-data-begin] is not asked.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-mail:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @address: the sender, which [property@Request:address] can replace
 * @parameters: its parameters, checked
 *
 * MAIL, RFC 5321 section 4.1.1.2. @envelope is new; the sender is set in it when the client is told
 * a code of 200 to 299.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-rcpt:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @address: the recipient, which [property@Request:address] can replace
 * @parameters: its parameters, checked
 *
 * RCPT, RFC 5321 section 4.1.1.3. The recipient is added to @envelope when the client is told a code
 * of 200 to 299.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-rset:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * RSET, RFC 5321 section 4.1.1.5. @envelope, %NULL outside a transaction, is let go when the client
 * is told a code of 200 to 299.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-data-begin:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * DATA, RFC 5321 section 4.1.1.4, before the message: the last chance to refuse it unread. The
 * answer that lets it come is 354.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-data:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * The end of a message: [property@Envelope:content] is there. An answer of 200 to 299 promises that
 * the message is safe (RFC 5321 section 6.1). If nobody answers, the message is refused.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-credentials:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the AUTH command, through which it is answered
 * @credentials: who the client says it is, by [property@Credentials:authentication-id]
 *
 * What does the program know of this user? The answer is [method@Request.send_secret], now or
 * later; who has no objection leaves it to others, and if nobody knows the user, the client is
 * refused at the end, without being told why. With a hook for this PLAIN, LOGIN and the SCRAM mechanisms
 * are offered, and checked by the library. @envelope is %NULL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-auth:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the AUTH command, through which it is answered
 * @credentials: what the client presents
 *
 * AUTH, RFC 4954: is this client who it says it is, and may it act for whom it wants to? The answer
 * that lets it in is 235, and no other; 535 refuses it.
 *
 * If nobody objects, a client is let in that has shown that it knows the secret of
 * [signal@Server::handle-credentials] ([property@Credentials:verified]) and acts for itself; any
 * other is refused. No answer, an error, or an answer that comes too late is told as 454, and
 * the client is not let in. @envelope is %NULL.
 *
 * Returns: the verdict
 */

/**
 * SmtpServer::handle-exception:
 * @self: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @error: what went wrong
 *
 * Something went wrong inside: a hook or method failed, or did not answer at all, or not in time.
 * The default answer is a 451 that says nothing of @error; what is answered here takes its place.
 *
 * Returns: the verdict
 */

static guint signals[SMTP_N_HOOKS];

gboolean
smtp_hooks_accumulate_verdicts (GSignalInvocationHint *hint,
                                GValue                *accumulated,
                                const GValue          *returned,
                                gpointer               data)
{
  int verdict = g_value_get_enum (returned);

  g_value_set_enum (accumulated, verdict);

  return verdict == SMTP_VERDICT_CONTINUE;
}

static void
install_signal (SmtpHook hook)
{
  static const struct
  {
    GSignalCMarshaller   marshaller;
    GSignalCVaMarshaller va_marshaller;
  } marshallers[] =
  {
    [GIVES_NOTHING]  = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECTv },
    [GIVES_ARGUMENT] = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_STRING,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_STRINGv },
    [GIVES_PATH]     = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_BOXED_BOXED,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_BOXED_BOXEDv },
    [GIVES_CREDENTIALS] = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_OBJECT,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_OBJECTv },
    [GIVES_PROXY]    = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_OBJECT,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_OBJECTv },
    [GIVES_ERROR]    = { _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_BOXED,
                         _smtp_marshal_ENUM__OBJECT_OBJECT_OBJECT_BOXEDv },
  };
  GType types[5] = { SMTP_TYPE_SESSION, SMTP_TYPE_ENVELOPE, SMTP_TYPE_REQUEST };
  Gives gives = hooks[hook].gives;
  guint n = 3;

  if (gives == GIVES_ARGUMENT)
    types[n++] = G_TYPE_STRING;
  else if (gives == GIVES_CREDENTIALS)
    types[n++] = SMTP_TYPE_CREDENTIALS;
  else if (gives == GIVES_PROXY)
    types[n++] = SMTP_TYPE_PROXY_INFO;
  else if (gives == GIVES_ERROR)
    types[n++] = G_TYPE_ERROR;
  else if (gives == GIVES_PATH)
    {
      types[n++] = SMTP_TYPE_ADDRESS;
      types[n++] = SMTP_TYPE_PARAMETERS;
    }

  signals[hook] = g_signal_newv (hooks[hook].name, SMTP_TYPE_SERVER, G_SIGNAL_RUN_LAST,
                                 NULL, smtp_hooks_accumulate_verdicts, NULL,
                                 marshallers[gives].marshaller,
                                 SMTP_TYPE_VERDICT, n, types);
  g_signal_set_va_marshaller (signals[hook], SMTP_TYPE_SERVER, marshallers[gives].va_marshaller);
}

void
smtp_hooks_install_signals (SmtpServerClass *klass)
{
  for (SmtpHook hook = 0; hook < SMTP_N_HOOKS; hook++)
    install_signal (hook);
}

const char *
smtp_hook_get_name (SmtpHook hook)
{
  return hooks[hook].name;
}

SmtpVerdict
smtp_hook_emit (SmtpHook     hook,
                SmtpRequest *request)
{
  SmtpServer *server = smtp_request_get_server (request);
  SmtpSession *session = smtp_request_get_session (request);
  SmtpEnvelope *envelope = smtp_request_get_envelope (request);
  SmtpVerdict verdict = SMTP_VERDICT_CONTINUE;
  guint id = signals[hook];

  /* An emission whose handlers are all blocked returns 0, which would be FAILED. */
  if (!g_signal_has_handler_pending (server, id, 0, FALSE))
    return SMTP_VERDICT_CONTINUE;

  switch (hooks[hook].gives)
    {
    case GIVES_NOTHING:
      g_signal_emit (server, id, 0, session, envelope, request, &verdict);
      break;
    case GIVES_ARGUMENT:
      g_signal_emit (server, id, 0, session, envelope, request,
                     smtp_request_get_argument (request), &verdict);
      break;
    case GIVES_PATH:
      g_signal_emit (server, id, 0, session, envelope, request,
                     smtp_request_get_address (request), smtp_request_get_parameters (request),
                     &verdict);
      break;
    case GIVES_CREDENTIALS:
      g_signal_emit (server, id, 0, session, envelope, request,
                     smtp_request_get_credentials (request), &verdict);
      break;
    case GIVES_PROXY:
      g_signal_emit (server, id, 0, session, envelope, request,
                     smtp_session_get_proxy_info (session), &verdict);
      break;
    case GIVES_ERROR:
      g_signal_emit (server, id, 0, session, envelope, request,
                     smtp_request_get_error (request), &verdict);
      break;
    }

  return verdict;
}

/* Handlers */

typedef void (*PlainMethod)    (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *);
typedef void (*ArgumentMethod) (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *,
                                const char *);
typedef void (*PathMethod)     (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *,
                                SmtpAddress *, SmtpParameters *);
typedef void (*CredentialsMethod) (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *,
                                SmtpCredentials *);
typedef void (*ProxyMethod)    (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *,
                                SmtpProxyInfo *);
typedef void (*ErrorMethod)    (SmtpHandler *, SmtpServer *, SmtpSession *, SmtpEnvelope *, SmtpRequest *,
                                const GError *);

static void
proceed_plain (SmtpHandler  *self,
               SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request)
{
  smtp_request_proceed (request);
}

static void
proceed_argument (SmtpHandler  *self,
                  SmtpServer   *server,
                  SmtpSession  *session,
                  SmtpEnvelope *envelope,
                  SmtpRequest  *request,
                  const char   *argument)
{
  smtp_request_proceed (request);
}

static void
proceed_path (SmtpHandler    *self,
              SmtpServer     *server,
              SmtpSession    *session,
              SmtpEnvelope   *envelope,
              SmtpRequest    *request,
              SmtpAddress    *address,
              SmtpParameters *parameters)
{
  smtp_request_proceed (request);
}

static void
proceed_credentials (SmtpHandler     *self,
                     SmtpServer      *server,
                     SmtpSession     *session,
                     SmtpEnvelope    *envelope,
                     SmtpRequest     *request,
                     SmtpCredentials *credentials)
{
  smtp_request_proceed (request);
}

static void
proceed_proxy (SmtpHandler   *self,
               SmtpServer    *server,
               SmtpSession   *session,
               SmtpEnvelope  *envelope,
               SmtpRequest   *request,
               SmtpProxyInfo *info)
{
  smtp_request_proceed (request);
}

static void
proceed_error (SmtpHandler  *self,
               SmtpServer   *server,
               SmtpSession  *session,
               SmtpEnvelope *envelope,
               SmtpRequest  *request,
               const GError *error)
{
  smtp_request_proceed (request);
}

static GCallback
default_method (SmtpHook hook)
{
  switch (hooks[hook].gives)
    {
    case GIVES_ARGUMENT:
      return G_CALLBACK (proceed_argument);
    case GIVES_PATH:
      return G_CALLBACK (proceed_path);
    case GIVES_CREDENTIALS:
      return G_CALLBACK (proceed_credentials);
    case GIVES_PROXY:
      return G_CALLBACK (proceed_proxy);
    case GIVES_ERROR:
      return G_CALLBACK (proceed_error);
    case GIVES_NOTHING:
    default:
      return G_CALLBACK (proceed_plain);
    }
}

void
smtp_hooks_install_defaults (SmtpHandlerClass *klass)
{
  for (SmtpHook hook = 0; hook < SMTP_N_HOOKS; hook++)
    G_STRUCT_MEMBER (GCallback, klass, hooks[hook].method) = default_method (hook);
}

static gboolean
is_overridden (SmtpHook     hook,
               SmtpHandler *handler)
{
  return G_STRUCT_MEMBER (GCallback, SMTP_HANDLER_GET_CLASS (handler), hooks[hook].method) != default_method (hook);
}

static GQuark offers_nothing_quark (void);
G_DEFINE_QUARK (smtp-hooks-offers-nothing, offers_nothing)

void
smtp_hooks_offer_nothing (GType handler_type)
{
  g_type_set_qdata (handler_type, offers_nothing_quark (), GINT_TO_POINTER (TRUE));
}

static gboolean
offers (SmtpHook     hook,
        SmtpHandler *handler)
{
  return is_overridden (hook, handler) &&
         g_type_get_qdata (G_OBJECT_TYPE (handler), offers_nothing_quark ()) == NULL;
}

gboolean
smtp_hook_is_heard (SmtpHook    hook,
                    SmtpServer *server)
{
  g_autoptr (GPtrArray) handlers = smtp_server_ref_handlers (server);

  if (g_signal_has_handler_pending (server, signals[hook], 0, FALSE))
    return TRUE;

  for (guint i = 0; handlers != NULL && i < handlers->len; i++)
    {
      if (offers (hook, g_ptr_array_index (handlers, i)))
        return TRUE;
    }

  return FALSE;
}

gboolean
smtp_hook_call (SmtpHook     hook,
                SmtpHandler *handler,
                SmtpRequest *request)
{
  GCallback method = G_STRUCT_MEMBER (GCallback, SMTP_HANDLER_GET_CLASS (handler), hooks[hook].method);
  SmtpServer *server = smtp_request_get_server (request);
  SmtpSession *session = smtp_request_get_session (request);
  SmtpEnvelope *envelope = smtp_request_get_envelope (request);

  if (method == default_method (hook))
    return FALSE;

  switch (hooks[hook].gives)
    {
    case GIVES_NOTHING:
      ((PlainMethod) method) (handler, server, session, envelope, request);
      break;
    case GIVES_ARGUMENT:
      ((ArgumentMethod) method) (handler, server, session, envelope, request,
                                 smtp_request_get_argument (request));
      break;
    case GIVES_PATH:
      ((PathMethod) method) (handler, server, session, envelope, request,
                             smtp_request_get_address (request), smtp_request_get_parameters (request));
      break;
    case GIVES_CREDENTIALS:
      ((CredentialsMethod) method) (handler, server, session, envelope, request,
                                    smtp_request_get_credentials (request));
      break;
    case GIVES_PROXY:
      ((ProxyMethod) method) (handler, server, session, envelope, request,
                              smtp_session_get_proxy_info (session));
      break;
    case GIVES_ERROR:
      ((ErrorMethod) method) (handler, server, session, envelope, request,
                              smtp_request_get_error (request));
      break;
    }

  return TRUE;
}
