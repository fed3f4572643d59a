/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-plain-hooks.h"

#include "smtp-enum-types.h"
#include "smtp-hooks.h"
#include "smtp-server-private.h"

/* The signals, for the reference. */

/**
 * SmtpServer::handle-disconnect:
 * @self: the server
 * @session: the connection
 *
 * The connection has ended, in whatever way. Emitted once for each connection for which
 * [signal@Server::handle-connect] was.
 */

/**
 * SmtpServer::handle-parameter:
 * @self: the server
 * @session: the connection
 * @envelope: the transaction
 * @verb: `MAIL` or `RCPT`
 * @keyword: the keyword of the parameter, as the client wrote it
 * @value: (nullable): its value, or %NULL if it has none
 *
 * A command has a parameter that no extension claims, and that it is refused for with 555 unless somebody says
 * that it is welcome: a handler of this signal, or then a [class@Handler]. What it means is for the
 * hooks of the command to see, in its [struct@Parameters].
 *
 * There is no request to hold here, and no time: the answer is the verdict.
 *
 * Returns: %SMTP_VERDICT_HANDLED if the parameter may stand there, %SMTP_VERDICT_CONTINUE to let others
 *   decide; %SMTP_VERDICT_FAILED has the command answered 451
 */

/**
 * SmtpServer::handle-body:
 * @self: the server
 * @session: the connection
 * @envelope: the transaction
 *
 * A message is about to come, and the answer says where its octets are to be written as they
 * come. The first stream that is returned is taken; then the handlers are asked, then
 * [vfunc@Server.create_body].
 *
 * The stream is written to and closed asynchronously, in the server's context; while it is not
 * ready, the client's socket is not read. Closed it is in any case: at the end of the message,
 * before [signal@Server::handle-data]; or, when the message will never be complete, with a
 * cancellable that has fired, as is the custom of GIO for work to be left undone. The envelope
 * of a message that goes to such a stream has it as [property@Envelope:body-stream], and no
 * content.
 *
 * An error of the stream refuses the message: with 452 if it is %G_IO_ERROR_NO_SPACE, with 451
 * otherwise.
 *
 * Returns: (transfer full) (nullable): a stream, or %NULL to let others decide
 */

static guint disconnect_signal;
static guint body_signal;
static guint parameter_signal;

static gboolean
accept_first_stream (GSignalInvocationHint *hint,
                     GValue                *accumulated,
                     const GValue          *returned,
                     gpointer               data)
{
  GObject *stream = g_value_get_object (returned);

  g_value_set_object (accumulated, stream);

  return stream == NULL;
}

void
smtp_plain_hooks_install_signals (SmtpServerClass *klass)
{
  body_signal =
    g_signal_new ("handle-body", SMTP_TYPE_SERVER, G_SIGNAL_RUN_LAST, 0,
                  accept_first_stream, NULL, NULL,
                  G_TYPE_OUTPUT_STREAM, 2, SMTP_TYPE_SESSION, SMTP_TYPE_ENVELOPE);
  parameter_signal =
    g_signal_new ("handle-parameter", SMTP_TYPE_SERVER, G_SIGNAL_RUN_LAST, 0,
                  smtp_hooks_accumulate_verdicts, NULL, NULL,
                  SMTP_TYPE_VERDICT, 5, SMTP_TYPE_SESSION, SMTP_TYPE_ENVELOPE,
                  G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  disconnect_signal =
    g_signal_new ("handle-disconnect", SMTP_TYPE_SERVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 1, SMTP_TYPE_SESSION);
}

GOutputStream *
smtp_plain_hooks_ask_body (SmtpServer   *server,
                           SmtpSession  *session,
                           SmtpEnvelope *envelope)
{
  g_autoptr (GPtrArray) handlers = smtp_server_ref_handlers (server);
  GOutputStream *stream = NULL;

  if (g_signal_has_handler_pending (server, body_signal, 0, FALSE))
    g_signal_emit (server, body_signal, 0, session, envelope, &stream);

  for (guint i = 0; stream == NULL && handlers != NULL && i < handlers->len; i++)
    {
      SmtpHandler *handler = g_ptr_array_index (handlers, i);
      SmtpHandlerClass *klass = SMTP_HANDLER_GET_CLASS (handler);

      if (klass->handle_body != NULL)
        stream = klass->handle_body (handler, server, session, envelope);
    }

  return stream;
}

SmtpVerdict
smtp_plain_hooks_ask_parameter (SmtpServer   *server,
                                SmtpSession  *session,
                                SmtpEnvelope *envelope,
                                const char   *verb,
                                const char   *keyword,
                                const char   *value)
{
  g_autoptr (GPtrArray) handlers = smtp_server_ref_handlers (server);
  SmtpVerdict verdict = SMTP_VERDICT_CONTINUE;

  if (g_signal_has_handler_pending (server, parameter_signal, 0, FALSE))
    g_signal_emit (server, parameter_signal, 0, session, envelope, verb, keyword, value, &verdict);

  for (guint i = 0; verdict == SMTP_VERDICT_CONTINUE && handlers != NULL && i < handlers->len; i++)
    {
      SmtpHandler *handler = g_ptr_array_index (handlers, i);
      SmtpHandlerClass *klass = SMTP_HANDLER_GET_CLASS (handler);

      if (klass->handle_parameter != NULL)
        verdict = klass->handle_parameter (handler, server, session, envelope, verb, keyword, value);
    }

  return verdict;
}

void
smtp_plain_hooks_tell_disconnect (SmtpServer  *server,
                                  SmtpSession *session)
{
  g_autoptr (GPtrArray) handlers = smtp_server_ref_handlers (server);

  if (g_signal_has_handler_pending (server, disconnect_signal, 0, FALSE))
    g_signal_emit (server, disconnect_signal, 0, session);

  for (guint i = 0; handlers != NULL && i < handlers->len; i++)
    {
      SmtpHandler *handler = g_ptr_array_index (handlers, i);
      SmtpHandlerClass *klass = SMTP_HANDLER_GET_CLASS (handler);

      if (klass->handle_disconnect != NULL)
        klass->handle_disconnect (handler, server, session);
    }
}
