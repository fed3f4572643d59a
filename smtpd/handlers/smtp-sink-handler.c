/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-sink-handler.h"

/**
 * SmtpSinkHandler:
 *
 * Takes every message and throws it away.
 *
 * For tests and benchmarks, and behind handlers that have done with a message all that
 * is to be done.
 */

typedef struct
{
  SmtpReply *reply;
} SmtpSinkHandlerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpSinkHandler, smtp_sink_handler, SMTP_TYPE_HANDLER)

#define PRIVATE(self) ((SmtpSinkHandlerPrivate *) smtp_sink_handler_get_instance_private (self))

static void
smtp_sink_handler_handle_data (SmtpHandler  *handler,
                               SmtpServer   *server,
                               SmtpSession  *session,
                               SmtpEnvelope *envelope,
                               SmtpRequest  *request)
{
  smtp_request_send_reply (request, PRIVATE (SMTP_SINK_HANDLER (handler))->reply);
}

static void
smtp_sink_handler_finalize (GObject *object)
{
  SmtpSinkHandlerPrivate *priv = PRIVATE (SMTP_SINK_HANDLER (object));

  g_clear_pointer (&priv->reply, smtp_reply_unref);

  G_OBJECT_CLASS (smtp_sink_handler_parent_class)->finalize (object);
}

static void
smtp_sink_handler_class_init (SmtpSinkHandlerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_sink_handler_finalize;
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_sink_handler_handle_data;
}

static void
smtp_sink_handler_init (SmtpSinkHandler *self)
{
  /* One for all messages: benchmarks run through here. */
  PRIVATE (self)->reply = smtp_reply_new (250, "2.0.0 Thrown away");
}

/**
 * smtp_sink_handler_new:
 *
 * Makes a handler that takes every message and throws it away.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_sink_handler_new (void)
{
  return g_object_new (SMTP_TYPE_SINK_HANDLER, NULL);
}
