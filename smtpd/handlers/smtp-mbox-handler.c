/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mbox-handler.h"

#include "smtp-files.h"
#include "smtp-mbox-file.h"
#include "smtp-mbox-writer.h"
#include "smtp-trace-private.h"
#include "smtp-workers.h"

/**
 * SmtpMboxHandler:
 *
 * Appends every message to an mbox, one file with all of them.
 *
 * The file is made when it is needed first, for its owner alone; the directory that it
 * stands in must be there. It may be a symbolic link to a regular file.
 *
 * Each message begins with a line `From SENDER DATE`, where the sender is `MAILER-DAEMON`
 * for the null path and the date is in universal time, and ends with an empty line. Header
 * fields `Return-Path` and `Received` are put in front of it, unless
 * [property@MboxHandler:add-trace] says otherwise. Its lines end in LF. A line that begins
 * with `From `, or with that behind any number of `>`, gets one more `>`, so that it is not
 * taken for the beginning of a message: this is the format called mboxrd, in which taking
 * off one `>` gives the line back.
 *
 * While a message is written, the file is locked against other programs, with `fcntl()`
 * and with a file of the same name and `.lock` behind it. Where the directory allows no
 * such file, there is the `fcntl()` lock alone. A lock file that is older than five minutes
 * was left behind, and is removed. When others keep the mbox locked for ten seconds, the
 * answer is 451.
 *
 * A message is answered with 250 once it is on the disk. When the disk is full, or the
 * quota used up, the answer is 452; anything else that goes wrong is a 451 and goes to the
 * exception hook. Nothing of such a message is left behind. When the client leaves, or the
 * time for the answer is over, before the whole message is on the disk, it is not
 * delivered: the client will send it again.
 *
 * When the program is killed, or the machine crashes, while it writes, a part of a message
 * can be left at the end of the mbox. It was never answered with 250; the next message
 * begins on a line of its own behind it. The lock file is left behind as well, so that
 * messages are answered with 451 until it is five minutes old.
 *
 * All recipients of a message share one delivery. A subclass that wants an mbox for each
 * can answer `handle_data` itself.
 */

/* Longer than a mail program takes to write a large mailbox anew, shorter than clients
 * wait for the reply. It is for all messages that wait together, not for each. */
#define LOCK_PATIENCE (10 * G_TIME_SPAN_SECOND)

/* What the deliveries share, which may outlive the handler: that belongs to the thread
 * of the server, and may be an object of a language that wants it to end there. */
typedef struct
{
  char *path;
  SmtpMboxFile *file;   /* for the one that delivers */

  GMutex lock;
  GQueue waiting;       /* of Delivery */
  gboolean delivering;
} Mbox;

/* A message on its way to the disk. */
typedef struct
{
  SmtpRequest *request;
  GCancellable *cancellable;
  GBytes *trace;
  GBytes *content;
  char *sender;
  gint64 deadline;
} Delivery;

typedef struct
{
  Mbox *mbox;           /* NULL without a path */
  gboolean add_trace;
} SmtpMboxHandlerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpMboxHandler, smtp_mbox_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_PATH,
  PROP_ADD_TRACE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpMboxHandlerPrivate *) smtp_mbox_handler_get_instance_private (self))

static Mbox *
mbox_new (const char *path)
{
  Mbox *self = g_atomic_rc_box_new0 (Mbox);

  self->path = smtp_files_make_absolute (path);
  self->file = smtp_mbox_file_new (self->path);
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiting);

  return self;
}

/* Nobody waits: who delivers has a reference. */
static void
mbox_clear (gpointer data)
{
  Mbox *self = data;

  smtp_mbox_file_free (self->file);
  g_free (self->path);
  g_mutex_clear (&self->lock);
}

static void
mbox_unref (Mbox *self)
{
  g_atomic_rc_box_release_full (self, mbox_clear);
}

static void
delivery_free (Delivery *self)
{
  smtp_workers_release (self->request);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->trace, g_bytes_unref);
  g_bytes_unref (self->content);
  g_free (self->sender);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delivery, delivery_free)

/* In the worker */

static gboolean
store (Delivery      *self,
       SmtpMboxFile  *file,
       GError       **error)
{
  g_autofree char *separator = NULL;
  gboolean stored;

  if (!smtp_mbox_file_lock (file, self->deadline, self->cancellable, error))
    return FALSE;

  separator = smtp_mbox_separator_new (self->sender, g_get_real_time () / G_USEC_PER_SEC);
  stored = smtp_mbox_file_append (file, separator, self->trace, self->content, self->cancellable, error);
  smtp_mbox_file_unlock (file);

  return stored;
}

static void
deliver (Delivery     *self,
         SmtpMboxFile *file)
{
  g_autoptr (GError) error = NULL;

  if (store (self, file, &error))
    {
      smtp_request_reply (self->request, 250, "2.0.0 Delivered");
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    {
      g_message ("%s", error->message);
      smtp_request_reply (self->request, 452, "4.3.1 No space left for the message");
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    {
      smtp_request_reply (self->request, 451, "4.2.0 The mailbox is locked, try again later");
    }
  else
    {
      smtp_request_fail (self->request, error);
    }
}

/* One message at a time, and behind it the work of others. So those that wait for the
 * same mbox keep no thread from work that could be done. */
static void
deliver_next (gpointer data)
{
  Mbox *mbox = data;
  g_autoptr (Delivery) delivery = NULL;
  gboolean more;

  g_mutex_lock (&mbox->lock);
  delivery = g_queue_pop_head (&mbox->waiting);
  g_mutex_unlock (&mbox->lock);

  deliver (delivery, mbox->file);

  g_mutex_lock (&mbox->lock);
  more = mbox->delivering = !g_queue_is_empty (&mbox->waiting);
  g_mutex_unlock (&mbox->lock);

  if (more)
    smtp_workers_run (deliver_next, mbox);
  else
    mbox_unref (mbox);
}

/* In the server's thread */

static void
enqueue (Mbox     *mbox,
         Delivery *delivery)
{
  gboolean idle;

  g_mutex_lock (&mbox->lock);
  g_queue_push_tail (&mbox->waiting, delivery);
  idle = !mbox->delivering;
  mbox->delivering = TRUE;
  g_mutex_unlock (&mbox->lock);

  if (idle)
    smtp_workers_run (deliver_next, g_atomic_rc_box_acquire (mbox));
}

static void
smtp_mbox_handler_handle_data (SmtpHandler  *handler,
                               SmtpServer   *server,
                               SmtpSession  *session,
                               SmtpEnvelope *envelope,
                               SmtpRequest  *request)
{
  SmtpMboxHandlerPrivate *priv = PRIVATE (SMTP_MBOX_HANDLER (handler));
  GBytes *content = smtp_envelope_get_content (envelope);
  Delivery *delivery;

  /* It went into somebody else's stream, which is not for us to read. */
  if (content == NULL)
    {
      smtp_request_proceed (request);
      return;
    }

  if (priv->mbox == NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The mbox has no path");

      smtp_request_fail (request, error);
      return;
    }

  delivery = g_new0 (Delivery, 1);
  delivery->request = g_object_ref (request);
  delivery->cancellable = g_object_ref (smtp_request_get_cancellable (request));
  delivery->content = g_bytes_ref (content);
  delivery->sender = g_strdup (smtp_address_get_text (smtp_envelope_get_reverse_path (envelope)));
  delivery->deadline = g_get_monotonic_time () + LOCK_PATIENCE;
  if (priv->add_trace)
    delivery->trace = smtp_trace_new (server, session, envelope,
                                      SMTP_TRACE_RETURN_PATH | SMTP_TRACE_RECEIVED);

  smtp_request_hold (request);
  enqueue (priv->mbox, delivery);
}

/* The object */

static void
smtp_mbox_handler_finalize (GObject *object)
{
  g_clear_pointer (&PRIVATE (SMTP_MBOX_HANDLER (object))->mbox, mbox_unref);

  G_OBJECT_CLASS (smtp_mbox_handler_parent_class)->finalize (object);
}

static void
smtp_mbox_handler_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  SmtpMboxHandler *self = SMTP_MBOX_HANDLER (object);

  switch (prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, smtp_mbox_handler_get_path (self));
      break;
    case PROP_ADD_TRACE:
      g_value_set_boolean (value, smtp_mbox_handler_get_add_trace (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_mbox_handler_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  SmtpMboxHandler *self = SMTP_MBOX_HANDLER (object);

  switch (prop_id)
    {
    case PROP_PATH:
      if (g_value_get_string (value) != NULL)
        PRIVATE (self)->mbox = mbox_new (g_value_get_string (value));
      break;
    case PROP_ADD_TRACE:
      smtp_mbox_handler_set_add_trace (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_mbox_handler_class_init (SmtpMboxHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_mbox_handler_finalize;
  object_class->get_property = smtp_mbox_handler_get_property;
  object_class->set_property = smtp_mbox_handler_set_property;
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_mbox_handler_handle_data;

  /**
   * SmtpMboxHandler:path: (type filename) (getter get_path)
   *
   * The file. A relative path becomes an absolute one.
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpMboxHandler:add-trace: (getter get_add_trace) (setter set_add_trace)
   *
   * Whether messages get the header fields `Return-Path` and `Received`, which RFC 5321
   * wants of whoever makes the final delivery.
   */
  props[PROP_ADD_TRACE] =
    g_param_spec_boolean ("add-trace", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_mbox_handler_init (SmtpMboxHandler *self)
{
  PRIVATE (self)->add_trace = TRUE;
}

/**
 * smtp_mbox_handler_new:
 * @path: (type filename): the file
 *
 * Makes a handler that appends to an mbox. Nothing is done with the file yet.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_mbox_handler_new (const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (SMTP_TYPE_MBOX_HANDLER, "path", path, NULL);
}

/**
 * smtp_mbox_handler_get_path: (get-property path)
 * @self: an mbox handler
 *
 * The file.
 *
 * Returns: (type filename) (nullable): the absolute path
 */
const char *
smtp_mbox_handler_get_path (SmtpMboxHandler *self)
{
  Mbox *mbox;

  g_return_val_if_fail (SMTP_IS_MBOX_HANDLER (self), NULL);

  mbox = PRIVATE (self)->mbox;

  return mbox != NULL ? mbox->path : NULL;
}

/**
 * smtp_mbox_handler_get_add_trace: (get-property add-trace)
 * @self: an mbox handler
 *
 * Whether messages get the header fields `Return-Path` and `Received`.
 *
 * Returns: %TRUE if they do
 */
gboolean
smtp_mbox_handler_get_add_trace (SmtpMboxHandler *self)
{
  g_return_val_if_fail (SMTP_IS_MBOX_HANDLER (self), FALSE);

  return PRIVATE (self)->add_trace;
}

/**
 * smtp_mbox_handler_set_add_trace: (set-property add-trace)
 * @self: an mbox handler
 * @add_trace: %TRUE if messages are to get the header fields `Return-Path` and `Received`
 *
 * Says whether messages get the header fields `Return-Path` and `Received`. Those that
 * have come already are not concerned.
 */
void
smtp_mbox_handler_set_add_trace (SmtpMboxHandler *self,
                                 gboolean         add_trace)
{
  g_return_if_fail (SMTP_IS_MBOX_HANDLER (self));

  add_trace = !!add_trace;
  if (PRIVATE (self)->add_trace == add_trace)
    return;

  PRIVATE (self)->add_trace = add_trace;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ADD_TRACE]);
}

/**
 * smtp_mbox_handler_prepare:
 * @self: an mbox handler
 * @error: return location for an error
 *
 * Makes the file if it isn't there, and opens it, as a delivery would.
 *
 * Nobody has to call this: it is for programs that would rather fail when they start than
 * refuse messages later. It does not wait for the locks of others.
 *
 * Returns: %TRUE if messages can be delivered, as far as can be told without one
 */
gboolean
smtp_mbox_handler_prepare (SmtpMboxHandler  *self,
                           GError          **error)
{
  Mbox *mbox;

  g_return_val_if_fail (SMTP_IS_MBOX_HANDLER (self), FALSE);

  mbox = PRIVATE (self)->mbox;
  if (mbox == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The mbox has no path");
      return FALSE;
    }

  return smtp_mbox_file_check (mbox->path, error);
}
