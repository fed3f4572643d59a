/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-handler.h"

#include "dialogue/smtp-hooks.h"
#include "smtp-server.h"

/**
 * SmtpHandler:
 *
 * What a program does with mail, as a unit: a maildir, a greylist, a policy.
 *
 * A handler has a method for each hook. Servers have an ordered list of them
 * ([method@Server.add_handler]), which is asked when the hook's signal had no objection.
 * The rules are those of [class@Request]: a method answers, or proceeds, or fails, now or
 * later. One that returns with nothing of these and has not held the request has failed, and
 * the client gets a 451. One that a class does not override proceeds.
 *
 * The end of a message must be answered by somebody: when all proceed, the message is
 * refused, because nobody has taken it.
 */

G_DEFINE_ABSTRACT_TYPE (SmtpHandler, smtp_handler, G_TYPE_OBJECT)

static void
ignore_disconnect (SmtpHandler *self,
                   SmtpServer  *server,
                   SmtpSession *session)
{
}

static GOutputStream *
want_no_body (SmtpHandler  *self,
              SmtpServer   *server,
              SmtpSession  *session,
              SmtpEnvelope *envelope)
{
  return NULL;
}

static void
smtp_handler_class_init (SmtpHandlerClass *klass)
{
  smtp_hooks_install_defaults (klass);
  klass->handle_body = want_no_body;
  klass->handle_disconnect = ignore_disconnect;
}

static void
smtp_handler_init (SmtpHandler *self)
{
}

/* The virtual methods, for the reference. */

/**
 * SmtpHandlerClass::handle_proxy:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the header, through which it is answered
 * @info: what the proxy says
 *
 * See [signal@Server::handle-proxy].
 */

/**
 * SmtpHandlerClass::handle_connect:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * See [signal@Server::handle-connect].
 */

/**
 * SmtpHandlerClass::handle_tls_handshake:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the handshake, through which it is answered
 *
 * See [signal@Server::handle-tls-handshake].
 */

/**
 * SmtpHandlerClass::handle_helo:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @host_name: what the client calls itself, checked for its syntax alone
 *
 * See [signal@Server::handle-helo].
 */

/**
 * SmtpHandlerClass::handle_ehlo:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @host_name: what the client calls itself, checked for its syntax alone
 *
 * See [signal@Server::handle-ehlo].
 */

/**
 * SmtpHandlerClass::handle_noop:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * See [signal@Server::handle-noop].
 */

/**
 * SmtpHandlerClass::handle_quit:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * See [signal@Server::handle-quit].
 */

/**
 * SmtpHandlerClass::handle_vrfy:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what is to be verified, as the client wrote it
 *
 * See [signal@Server::handle-vrfy].
 */

/**
 * SmtpHandlerClass::handle_expn:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: the mailing list, as the client wrote it
 *
 * See [signal@Server::handle-expn].
 */

/**
 * SmtpHandlerClass::handle_help:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @argument: what stands behind the verb, perhaps empty
 *
 * See [signal@Server::handle-help].
 */

/**
 * SmtpHandlerClass::handle_mail:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @address: the sender, which [property@Request:address] can replace
 * @parameters: its parameters, checked
 *
 * See [signal@Server::handle-mail].
 */

/**
 * SmtpHandlerClass::handle_rcpt:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @address: the recipient, which [property@Request:address] can replace
 * @parameters: its parameters, checked
 *
 * See [signal@Server::handle-rcpt].
 */

/**
 * SmtpHandlerClass::handle_rset:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * See [signal@Server::handle-rset].
 */

/**
 * SmtpHandlerClass::handle_data_begin:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * See [signal@Server::handle-data-begin].
 */

/**
 * SmtpHandlerClass::handle_data:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 *
 * See [signal@Server::handle-data].
 */

/**
 * SmtpHandlerClass::handle_credentials:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @credentials: who the client says it is
 *
 * See [signal@Server::handle-credentials].
 */

/**
 * SmtpHandlerClass::handle_auth:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @credentials: what the client presents
 *
 * See [signal@Server::handle-auth].
 */

/**
 * SmtpHandlerClass::handle_exception:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @error: what went wrong
 *
 * See [signal@Server::handle-exception].
 */

/**
 * SmtpHandlerClass::handle_disconnect:
 * @self: a handler
 * @server: the server
 * @session: the connection
 *
 * See [signal@Server::handle-disconnect].
 */

/**
 * SmtpHandlerClass::handle_body:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: the transaction
 *
 * See [signal@Server::handle-body].
 *
 * Returns: (transfer full) (nullable): a stream, or %NULL to let others decide
 */

/**
 * SmtpHandlerClass::handle_etrn:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @node: a domain; with `@` in front of it, its subdomains too; with `#`, the name of a queue
 *
 * See [signal@Server::handle-etrn].
 */

/**
 * SmtpHandlerClass::handle_burl:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: (nullable): the transaction, %NULL outside one
 * @request: the command, through which it is answered
 * @url: an absolute URI
 *
 * See [signal@Server::handle-burl].
 */

/**
 * SmtpHandlerClass::handle_parameter:
 * @self: a handler
 * @server: the server
 * @session: the connection
 * @envelope: the transaction
 * @verb: `MAIL` or `RCPT`
 * @keyword: the keyword of the parameter, as the client wrote it
 * @value: (nullable): its value, or %NULL if it has none
 *
 * See [signal@Server::handle-parameter].
 *
 * Returns: the verdict
 */
