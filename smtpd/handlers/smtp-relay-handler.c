/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-handler.h"

#include <string.h>

#include "smtp-error.h"
#include "smtp-relay-handler-private.h"
#include "smtp-relay-transaction.h"
#include "smtp-secret-private.h"
#include "smtp-trace-private.h"
#include "wire/smtp-path-parser.h"

/**
 * SmtpRelayHandler:
 *
 * Passes every message on to another server while it comes in.
 *
 * Each command of a transaction is passed on when the client gives it, and what the next server
 * answers is what the client gets: for each recipient, and at the end of the message. Nothing is
 * stored here, so nothing can be lost here: the client has a 250 for its message when the next
 * server has given one, and not otherwise. When that server cannot be reached, does not answer in
 * time, closes the connection, or says what is not SMTP, the client gets `451 4.4.1` and will try
 * again. A client that leaves before the end of its message takes the connection to the next server
 * with it, which sees no complete message either.
 *
 * The text goes through as it comes, behind a `Received` field ([property@RelayHandler:add-trace]),
 * and no faster than the next server takes it. A message that has a CR or LF that stands alone is
 * refused with 550, whatever [property@Server:bare-newlines] says: there are servers that would take
 * a part of it for commands. What the next server does not support is refused as well: 8BITMIME and
 * SMTPUTF8 where it does not offer them, BINARYMIME always.
 *
 * Connections are kept for a while and used again ([property@RelayHandler:max-idle],
 * [property@RelayHandler:idle-timeout]).
 *
 * It should be the last handler. Hooks and handlers before it may refuse and rewrite; if one behind
 * it does, or one before it accepts a recipient in its place, this server and the next no longer
 * speak of the same envelope, and the message is answered with 451.
 *
 * The servers that have this handler must have the same main context.
 */

G_DEFINE_TYPE_WITH_PRIVATE (SmtpRelayHandler, smtp_relay_handler, SMTP_TYPE_HANDLER)

#define PRIVATE(self) smtp_relay_handler_get_private (SMTP_RELAY_HANDLER (self))

SmtpRelayHandlerPrivate *
smtp_relay_handler_get_private (SmtpRelayHandler *self)
{
  return smtp_relay_handler_get_instance_private (self);
}

/* Transactions */

static SmtpRelayTransaction *
find (SmtpHandler  *handler,
      SmtpSession  *session,
      SmtpEnvelope *envelope)
{
  SmtpRelayTransaction *transaction = g_hash_table_lookup (PRIVATE (handler)->transactions, session);

  if (transaction == NULL || !smtp_relay_transaction_is_of (transaction, envelope))
    return NULL;

  return transaction;
}

/* Connections and their timers live in one context. */
static gboolean
check_context (SmtpRelayHandlerPrivate *priv,
               SmtpSession             *session,
               SmtpRequest             *request)
{
  GMainContext *context = smtp_session_get_main_context (session);
  g_autoptr (GError) error = NULL;

  if (priv->context == NULL)
    priv->context = g_main_context_ref (context);
  if (priv->context == context)
    return TRUE;

  g_set_error_literal (&error, SMTP_ERROR, SMTP_ERROR_WRONG_CONTEXT,
                       "The relay serves a server of another main context");
  smtp_request_fail (request, error);

  return FALSE;
}

/* It becomes a word of a command. */
static const char *
get_hostname (SmtpServer *server)
{
  const char *hostname = smtp_server_get_hostname (server);

  return smtp_helo_name_is_valid (hostname, strlen (hostname)) ? hostname : "localhost";
}

static void
smtp_relay_handler_handle_mail (SmtpHandler    *handler,
                                SmtpServer     *server,
                                SmtpSession    *session,
                                SmtpEnvelope   *envelope,
                                SmtpRequest    *request,
                                SmtpAddress    *address,
                                SmtpParameters *parameters)
{
  SmtpRelayHandlerPrivate *priv = PRIVATE (handler);
  SmtpUpstreamConfig config = priv->config;
  SmtpRelayTransaction *transaction;

  if (!check_context (priv, session, request))
    return;

  config.hostname = (char *) get_hostname (server);
  transaction = smtp_relay_transaction_new (&priv->pool, &config, session, envelope);
  /* What is left of the one before ends here. */
  g_hash_table_replace (priv->transactions, session, transaction);
  smtp_relay_transaction_mail (transaction, request);
}

static void
smtp_relay_handler_handle_rcpt (SmtpHandler    *handler,
                                SmtpServer     *server,
                                SmtpSession    *session,
                                SmtpEnvelope   *envelope,
                                SmtpRequest    *request,
                                SmtpAddress    *address,
                                SmtpParameters *parameters)
{
  SmtpRelayTransaction *transaction = find (handler, session, envelope);

  if (transaction != NULL)
    smtp_relay_transaction_rcpt (transaction, request);
  else
    smtp_relay_reply_unreachable (request);
}

static void
smtp_relay_handler_handle_data_begin (SmtpHandler  *handler,
                                      SmtpServer   *server,
                                      SmtpSession  *session,
                                      SmtpEnvelope *envelope,
                                      SmtpRequest  *request)
{
  SmtpRelayTransaction *transaction = find (handler, session, envelope);

  if (transaction != NULL)
    smtp_relay_transaction_begin (transaction, request);
  else
    smtp_relay_reply_unreachable (request);
}

static GOutputStream *
smtp_relay_handler_handle_body (SmtpHandler  *handler,
                                SmtpServer   *server,
                                SmtpSession  *session,
                                SmtpEnvelope *envelope)
{
  SmtpRelayTransaction *transaction = find (handler, session, envelope);
  g_autoptr (GBytes) trace = NULL;

  if (transaction == NULL)
    return NULL;

  if (PRIVATE (handler)->add_trace)
    trace = smtp_trace_new (server, session, envelope, SMTP_TRACE_RECEIVED);

  return smtp_relay_transaction_body (transaction, trace);
}

static void
smtp_relay_handler_handle_data (SmtpHandler  *handler,
                                SmtpServer   *server,
                                SmtpSession  *session,
                                SmtpEnvelope *envelope,
                                SmtpRequest  *request)
{
  SmtpRelayTransaction *transaction = find (handler, session, envelope);

  if (transaction != NULL)
    smtp_relay_transaction_end (transaction, request);
  else
    smtp_relay_reply_unreachable (request);
}

static void
smtp_relay_handler_handle_disconnect (SmtpHandler *handler,
                                      SmtpServer  *server,
                                      SmtpSession *session)
{
  g_hash_table_remove (PRIVATE (handler)->transactions, session);
}

/* The object */

static void
smtp_relay_handler_finalize (GObject *object)
{
  SmtpRelayHandlerPrivate *priv = PRIVATE (object);

  g_hash_table_unref (priv->transactions);
  smtp_upstream_pool_clear (&priv->pool);
  g_clear_pointer (&priv->context, g_main_context_unref);
  g_free (priv->config.address);
  g_free (priv->config.user_name);
  smtp_secret_free_text (priv->config.password);

  G_OBJECT_CLASS (smtp_relay_handler_parent_class)->finalize (object);
}

static void
smtp_relay_handler_class_init (SmtpRelayHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  SmtpHandlerClass *handler_class = SMTP_HANDLER_CLASS (klass);

  object_class->finalize = smtp_relay_handler_finalize;
  handler_class->handle_mail = smtp_relay_handler_handle_mail;
  handler_class->handle_rcpt = smtp_relay_handler_handle_rcpt;
  handler_class->handle_data_begin = smtp_relay_handler_handle_data_begin;
  handler_class->handle_body = smtp_relay_handler_handle_body;
  handler_class->handle_data = smtp_relay_handler_handle_data;
  handler_class->handle_disconnect = smtp_relay_handler_handle_disconnect;

  smtp_relay_handler_install_properties (object_class);
}

static void
smtp_relay_handler_init (SmtpRelayHandler *self)
{
  SmtpRelayHandlerPrivate *priv = PRIVATE (self);

  smtp_upstream_pool_init (&priv->pool);
  smtp_relay_handler_init_properties (priv);
  priv->transactions = g_hash_table_new_full (NULL, NULL, NULL,
                                              (GDestroyNotify) smtp_relay_transaction_drop);
}

/**
 * smtp_relay_handler_new:
 * @address: the next server, see [property@RelayHandler:address]
 *
 * Makes a handler that passes messages on. Nobody is connected to yet.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_relay_handler_new (const char *address)
{
  g_return_val_if_fail (address != NULL, NULL);

  return g_object_new (SMTP_TYPE_RELAY_HANDLER, "address", address, NULL);
}
