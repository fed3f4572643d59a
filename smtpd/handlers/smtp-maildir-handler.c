/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-maildir-handler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smtp-files.h"
#include "smtp-workers.h"

/**
 * SmtpMaildirHandler:
 *
 * Delivers every message into a Maildir, a directory with a file for each message.
 *
 * The directory, with its three directories `tmp`, `new` and `cur`, is made when it is
 * needed first; the one that it stands in must be there.
 *
 * A message is answered with 250 once it is on the disk and in `new`, safe from a crash
 * of the program or of the machine. Its octets are those of
 * [property@Envelope:content]: no header is added. When the disk is full, or the quota
 * used up, the answer is 452; anything else that goes wrong is a 451 and goes to the
 * exception hook. Nothing of such a message is left behind. When the client leaves, or
 * the time for the answer is over, before the message is in `new`, it is not delivered:
 * the client will send it again.
 *
 * All recipients of a message share one delivery. A subclass that wants a Maildir for
 * each can answer `handle_data` itself.
 */

/* A name is unique, whatever the clock does; a second try is for the case that it isn't. */
#define MAX_TRIES 8

typedef struct
{
  char *path;             /* absolute */

  GMutex lock;
  gboolean synced;        /* the directories are on the disk */
  gboolean parent_synced; /* FALSE only after the Maildir was made */
} SmtpMaildirHandlerPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpMaildirHandler, smtp_maildir_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_PATH,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpMaildirHandlerPrivate *) smtp_maildir_handler_get_instance_private (self))

/* A message on its way to the disk. */
typedef struct
{
  SmtpMaildirHandler *handler;
  SmtpRequest *request;
  GCancellable *cancellable;
  GBytes *content;
  char *name;
} Delivery;

static void
delivery_free (Delivery *self)
{
  g_object_unref (self->handler);
  g_object_unref (self->request);
  g_object_unref (self->cancellable);
  g_bytes_unref (self->content);
  g_free (self->name);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delivery, delivery_free)

/* Directories */

/* Opens a directory, and makes it if it isn't there. */
static int
open_directory (int         parent,
                const char *name,
                gboolean   *made)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0 || errno != ENOENT)
    return fd;

  if (mkdirat (parent, name, 0700) == 0)
    *made = TRUE;
  else if (errno != EEXIST)
    return -1;

  return openat (parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* No message may be answered with 250 in a directory that a crash could take away. */
static gboolean
sync_maildir (SmtpMaildirHandlerPrivate  *priv,
              int                         maildir,
              GError                    **error)
{
  if (!smtp_files_sync_directory (maildir))
    return smtp_files_fail (error, "synchronize", priv->path);

  if (!priv->parent_synced)
    {
      g_auto (SmtpDescriptor) parent = openat (maildir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

      if (parent < 0 || !smtp_files_sync_directory (parent))
        return smtp_files_fail (error, "synchronize the directory of", priv->path);
    }

  priv->parent_synced = TRUE;
  priv->synced = TRUE;

  return TRUE;
}

static gboolean
open_maildir_unlocked (SmtpMaildirHandlerPrivate  *priv,
                       SmtpDescriptor             *tmp,
                       SmtpDescriptor             *new,
                       GError                    **error)
{
  gboolean maildir_made = FALSE;
  gboolean made = FALSE;
  g_auto (SmtpDescriptor) maildir = open_directory (AT_FDCWD, priv->path, &maildir_made);
  g_auto (SmtpDescriptor) cur = -1;

  if (maildir_made)
    priv->parent_synced = FALSE;

  if (maildir < 0 ||
      (*tmp = open_directory (maildir, "tmp", &made)) < 0 ||
      (*new = open_directory (maildir, "new", &made)) < 0 ||
      (cur = open_directory (maildir, "cur", &made)) < 0)
    {
      smtp_files_fail (error, "open the Maildir", priv->path);
      priv->synced = priv->synced && !made;
      return FALSE;
    }

  if (made || maildir_made)
    priv->synced = FALSE;

  return priv->synced || sync_maildir (priv, maildir, error);
}

/* For each delivery anew: the directory may have been moved away, or emptied. Under a
 * lock, so that none goes on in directories that another is still making. */
static gboolean
open_maildir (SmtpMaildirHandler  *self,
              SmtpDescriptor      *tmp,
              SmtpDescriptor      *new,
              GError             **error)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (self);
  gboolean opened;

  if (priv->path == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "The Maildir has no path");
      return FALSE;
    }

  g_mutex_lock (&priv->lock);
  opened = open_maildir_unlocked (priv, tmp, new, error);
  g_mutex_unlock (&priv->lock);

  return opened;
}

/* Files */

/* As the Maildir specification has it: SECONDS.UNIQUE.HOST, where UNIQUE strings
 * together what cannot be the same twice. */
static char *
make_name (void)
{
  static guint counter = 0;
  gint64 now = g_get_real_time ();
  guint number = (guint) g_atomic_int_add (&counter, 1);
  g_autoptr (GString) host = g_string_new (g_get_host_name ());

  g_string_replace (host, "/", "\\057", 0);
  g_string_replace (host, ":", "\\072", 0);

  return g_strdup_printf ("%" G_GINT64_FORMAT ".M%" G_GINT64_FORMAT "P%ldQ%uR%08x.%s",
                          now / G_USEC_PER_SEC, now % G_USEC_PER_SEC, (long) getpid (), number,
                          g_random_int (), host->str);
}

static int
create_file (int    directory,
             char **name)
{
  int fd = -1;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *candidate = make_name ();

      fd = openat (directory, candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd >= 0)
        *name = g_steal_pointer (&candidate);
      if (fd >= 0 || errno != EEXIST)
        break;
    }

  return fd;
}

static gboolean
write_file (Delivery  *self,
            int        tmp,
            GError   **error)
{
  const char *path = smtp_maildir_handler_get_path (self->handler);
  gsize size;
  const void *data = g_bytes_get_data (self->content, &size);
  g_auto (SmtpDescriptor) fd = create_file (tmp, &self->name);

  if (fd < 0)
    return smtp_files_fail (error, "create a file in", path);

  if (!smtp_files_write (fd, data, size) || !smtp_files_sync (fd))
    return smtp_files_fail (error, "write a message to", path);

  /* After EINTR the descriptor is closed, and the message was synced before. */
  if (close (g_steal_fd (&fd)) != 0 && errno != EINTR)
    return smtp_files_fail (error, "close a message in", path);

  return TRUE;
}

/* A link never replaces a file that is there, as a rename would. Renames are for file
 * systems without hard links. */
static gboolean
move_file (int         tmp,
           int         new,
           const char *name)
{
  if (linkat (tmp, name, new, name, 0) == 0)
    {
      unlinkat (tmp, name, 0);
      return TRUE;
    }

  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
    return FALSE;

  return renameat (tmp, name, new, name) == 0;
}

static gboolean
publish_file (Delivery  *self,
              int        tmp,
              int        new,
              GError   **error)
{
  const char *path = smtp_maildir_handler_get_path (self->handler);

  if (!move_file (tmp, new, self->name))
    return smtp_files_fail (error, "move a message to \"new\" in", path);

  if (!smtp_files_sync_directory (new))
    {
      smtp_files_fail (error, "synchronize", path);
      /* It is refused, so it will come again. */
      unlinkat (new, self->name, 0);
      return FALSE;
    }

  return TRUE;
}

static gboolean
store (Delivery  *self,
       GError   **error)
{
  g_auto (SmtpDescriptor) tmp = -1;
  g_auto (SmtpDescriptor) new = -1;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error) ||
      !open_maildir (self->handler, &tmp, &new, error))
    return FALSE;

  if (write_file (self, tmp, error) &&
      !g_cancellable_set_error_if_cancelled (self->cancellable, error) &&
      publish_file (self, tmp, new, error))
    return TRUE;

  if (self->name != NULL)
    unlinkat (tmp, self->name, 0);

  return FALSE;
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

/* The object */

static void
smtp_maildir_handler_handle_data (SmtpHandler  *handler,
                                  SmtpServer   *server,
                                  SmtpSession  *session,
                                  SmtpEnvelope *envelope,
                                  SmtpRequest  *request)
{
  GBytes *content = smtp_envelope_get_content (envelope);
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->handler = g_object_ref (SMTP_MAILDIR_HANDLER (handler));
  delivery->request = g_object_ref (request);
  delivery->cancellable = g_object_ref (smtp_request_get_cancellable (request));
  delivery->content = content != NULL ? g_bytes_ref (content) : g_bytes_new (NULL, 0);

  smtp_request_hold (request);
  smtp_workers_run (deliver, delivery);
}

static void
smtp_maildir_handler_finalize (GObject *object)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (SMTP_MAILDIR_HANDLER (object));

  g_clear_pointer (&priv->path, g_free);
  g_mutex_clear (&priv->lock);

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
      PRIVATE (SMTP_MAILDIR_HANDLER (object))->path = smtp_files_make_absolute (g_value_get_string (value));
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
  SMTP_HANDLER_CLASS (klass)->handle_data = smtp_maildir_handler_handle_data;

  /**
   * SmtpMaildirHandler:path: (type filename) (getter get_path)
   *
   * The Maildir. A relative path becomes an absolute one.
   */
  props[PROP_PATH] =
    g_param_spec_string ("path", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_maildir_handler_init (SmtpMaildirHandler *self)
{
  SmtpMaildirHandlerPrivate *priv = PRIVATE (self);

  g_mutex_init (&priv->lock);
  priv->parent_synced = TRUE;
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

  return PRIVATE (self)->path;
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
  g_auto (SmtpDescriptor) tmp = -1;
  g_auto (SmtpDescriptor) new = -1;

  g_return_val_if_fail (SMTP_IS_MAILDIR_HANDLER (self), FALSE);

  if (!open_maildir (self, &tmp, &new, error))
    return FALSE;

  if (faccessat (tmp, ".", W_OK | X_OK, AT_EACCESS) != 0 ||
      faccessat (new, ".", W_OK | X_OK, AT_EACCESS) != 0)
    return smtp_files_fail (error, "write to the Maildir", PRIVATE (self)->path);

  return TRUE;
}
