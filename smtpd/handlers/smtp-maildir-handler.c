/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-maildir-handler.h"

#include "smtp-maildir-stream.h"
#include "smtp-trace-private.h"
#include "smtp-workers.h"

/**
 * SmtpMaildirHandler:
 *
 * Delivers every message into a Maildir, a directory with a file for each message.
 *
 * The directory, with its three directories `tmp`, `new` and `cur`, is made when it is
 * needed first; the one that it stands in must be there.
 *
 * A message is written to `tmp` as it comes, and answered with 250 once it is on the disk and
 * in `new`, safe from a crash of the program or of the machine. Its octets are those that the
 * client sent, or [property@Envelope:content] if a hook has put something else there, behind the
 * trace fields of [property@MaildirHandler:add-trace]. When the disk is full, or the quota
 * used up, the answer is 452; anything else that goes wrong is a 451 and goes to the
 * exception hook. Nothing of such a message is left behind. When the client leaves, or
 * the time for the answer is over, before the message is in `new`, it is not delivered:
 * the client will send it again.
 *
 * All recipients of a message share one delivery. A subclass that wants a Maildir for
 * each can answer `handle_data` itself.
 */

typedef struct
{
  SmtpMaildir *maildir;
  gboolean add_trace;
} SmtpMaildirHandlerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpMaildirHandler, smtp_maildir_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_PATH,
  PROP_ADD_TRACE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpMaildirHandlerPrivate *) smtp_maildir_handler_get_instance_private (self))

/* Delivery */

typedef struct
{
  SmtpRequest *request;
  GCancellable *cancellable;
  GOutputStream *stream;
  GBytes *content;        /* NULL: it is in the stream already */
} Delivery;

static void
delivery_free (Delivery *self)
{
  smtp_workers_release (self->request);
  g_object_unref (self->cancellable);
  g_object_unref (self->stream);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delivery, delivery_free)

static gboolean
store (Delivery  *self,
       GError   **error)
{
  if (self->content != NULL)
    {
      gsize size;
      const void *data = g_bytes_get_data (self->content, &size);

      if (!g_output_stream_write_all (self->stream, data, size, NULL, self->cancellable, error) ||
          !g_output_stream_close (self->stream, self->cancellable, error))
        return FALSE;
    }

  return smtp_maildir_stream_deliver (SMTP_MAILDIR_STREAM (self->stream), self->cancellable, error);
}

static void
deliver (gpointer data)
{
  g_autoptr (Delivery) self = data;
  g_autoptr (GError) error = NULL;

  if (store (self, &error))
    {
      smtp_request_reply (self->request, 250, "2.0.0 Delivered");
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    {
      g_message ("%s", error->message);
      smtp_request_reply (self->request, 452, "4.3.1 No space left for the message");
    }
  else
    {
      smtp_request_fail (self->request, error);
    }
}

static GOutputStream *
open_stream (SmtpHandler  *handler,
             SmtpServer   *server,
             SmtpSession  *session,
             SmtpEnvelope *envelope)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (SMTP_MAILDIR_HANDLER (handler));
  SmtpTraceFields fields = priv->add_trace ? SMTP_TRACE_RETURN_PATH | SMTP_TRACE_RECEIVED : 0;
  g_autoptr (GBytes) head = smtp_trace_new (server, session, envelope, fields);

  return smtp_maildir_stream_new (priv->maildir, head);
}

/* The stream of the message, if it came here, and nobody has put something else in its place. */
static GOutputStream *
get_stream (SmtpHandler  *handler,
            SmtpEnvelope *envelope)
{
  SmtpMaildir *maildir = PRIVATE (SMTP_MAILDIR_HANDLER (handler))->maildir;
  GOutputStream *stream = smtp_envelope_get_body_stream (envelope);

  if (!SMTP_IS_MAILDIR_STREAM (stream) ||
      !smtp_maildir_stream_has (SMTP_MAILDIR_STREAM (stream), maildir, smtp_envelope_get_content (envelope)))
    return NULL;

  return stream;
}

/* The object */

static void
smtp_maildir_handler_handle_data (SmtpHandler  *handler,
                                  SmtpServer   *server,
                                  SmtpSession  *session,
                                  SmtpEnvelope *envelope,
                                  SmtpRequest  *request)
{
  GBytes *content = smtp_envelope_get_content (envelope);
  GOutputStream *stream = get_stream (handler, envelope);
  Delivery *delivery;

  /* It went into somebody else's stream, which is not for us to read. */
  if (stream == NULL && content == NULL)
    {
      smtp_request_proceed (request);
      return;
    }

  delivery = g_new0 (Delivery, 1);
  delivery->request = g_object_ref (request);
  delivery->cancellable = g_object_ref (smtp_request_get_cancellable (request));
  if (stream != NULL)
    delivery->stream = g_object_ref (stream);
  else
    {
      delivery->stream = open_stream (handler, server, session, envelope);
      delivery->content = g_bytes_ref (content);
    }

  smtp_request_hold (request);
  smtp_workers_run (deliver, delivery);
}

static void
smtp_maildir_handler_finalize (GObject *object)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (SMTP_MAILDIR_HANDLER (object));

  g_clear_pointer (&priv->maildir, smtp_maildir_unref);

  G_OBJECT_CLASS (smtp_maildir_handler_parent_class)->finalize (object);
}

static void
smtp_maildir_handler_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, smtp_maildir_handler_get_path (SMTP_MAILDIR_HANDLER (object)));
      break;
    case PROP_ADD_TRACE:
      g_value_set_boolean (value, smtp_maildir_handler_get_add_trace (SMTP_MAILDIR_HANDLER (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_maildir_handler_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  switch (prop_id)
    {
    case PROP_PATH:
      PRIVATE (SMTP_MAILDIR_HANDLER (object))->maildir = smtp_maildir_new (g_value_get_string (value));
      break;
    case PROP_ADD_TRACE:
      smtp_maildir_handler_set_add_trace (SMTP_MAILDIR_HANDLER (object), g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_maildir_handler_class_init (SmtpMaildirHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_maildir_handler_finalize;
  object_class->get_property = smtp_maildir_handler_get_property;
  object_class->set_property = smtp_maildir_handler_set_property;
  SMTP_HANDLER_CLASS (klass)->handle_body = open_stream;
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_maildir_handler_handle_data;

  /**
   * SmtpMaildirHandler:path: (type filename) (getter get_path)
   *
   * The Maildir. A relative path becomes an absolute one.
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpMaildirHandler:add-trace: (getter get_add_trace) (setter set_add_trace)
   *
   * Whether a Return-Path and a Received field go in front of each message, RFC 5321 section 4.4.
   */
  props[PROP_ADD_TRACE] =
    g_param_spec_boolean ("add-trace", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_maildir_handler_init (SmtpMaildirHandler *self)
{
  PRIVATE (self)->add_trace = TRUE;
}

/**
 * smtp_maildir_handler_new:
 * @path: (type filename): the Maildir
 *
 * Makes a handler that delivers into a Maildir. Nothing is done with the directory yet.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_maildir_handler_new (const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (SMTP_TYPE_MAILDIR_HANDLER, "path", path, NULL);
}

/**
 * smtp_maildir_handler_get_path: (get-property path)
 * @self: a Maildir handler
 *
 * The Maildir.
 *
 * Returns: (type filename) (nullable): the absolute path
 */
const char *
smtp_maildir_handler_get_path (SmtpMaildirHandler *self)
{
  g_return_val_if_fail (SMTP_IS_MAILDIR_HANDLER (self), NULL);

  return smtp_maildir_get_path (PRIVATE (self)->maildir);
}

/**
 * smtp_maildir_handler_get_add_trace: (get-property add-trace)
 * @self: a Maildir handler
 *
 * Whether trace fields go in front of each message.
 *
 * Returns: %TRUE if they do
 */
gboolean
smtp_maildir_handler_get_add_trace (SmtpMaildirHandler *self)
{
  g_return_val_if_fail (SMTP_IS_MAILDIR_HANDLER (self), FALSE);

  return PRIVATE (self)->add_trace;
}

/**
 * smtp_maildir_handler_set_add_trace: (set-property add-trace)
 * @self: a Maildir handler
 * @add_trace: whether they are wanted
 *
 * Sets [property@MaildirHandler:add-trace], for messages that begin from now on.
 */
void
smtp_maildir_handler_set_add_trace (SmtpMaildirHandler *self,
                                    gboolean            add_trace)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (self);

  g_return_if_fail (SMTP_IS_MAILDIR_HANDLER (self));

  add_trace = !!add_trace;
  if (priv->add_trace == add_trace)
    return;

  priv->add_trace = add_trace;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ADD_TRACE]);
}

/**
 * smtp_maildir_handler_prepare:
 * @self: a Maildir handler
 * @error: return location for an error
 *
 * Makes the Maildir if it isn't there, and opens it, as a delivery would.
 *
 * Nobody has to call this: it is for programs that would rather fail when they start than
 * refuse messages later. It waits for the disk.
 *
 * Returns: %TRUE if messages can be delivered, as far as can be told without one
 */
gboolean
smtp_maildir_handler_prepare (SmtpMaildirHandler  *self,
                              GError             **error)
{
  g_return_val_if_fail (SMTP_IS_MAILDIR_HANDLER (self), FALSE);

  return smtp_maildir_prepare (PRIVATE (self)->maildir, error);
}
