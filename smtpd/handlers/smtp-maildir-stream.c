/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-maildir-stream.h"

#include <errno.h>

#include "dialogue/smtp-mapped-stream.h"
#include "smtp-files.h"
#include "smtp-workers.h"

struct _SmtpMaildirStream
{
  GOutputStream parent_instance;

  SmtpMaildir *maildir;
  GBytes *head;
  GBytes *content;  /* NULL as long as nobody has wanted to see it */
  char *name;       /* in "tmp"; NULL when there is nothing to take away */
  int fd;
};

static void init_mapped_stream (SmtpMappedStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SmtpMaildirStream, smtp_maildir_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (SMTP_TYPE_MAPPED_STREAM, init_mapped_stream))

static gboolean
write_octets (SmtpMaildirStream  *self,
              const void         *data,
              gsize               size,
              GError            **error)
{
  return smtp_files_write (self->fd, data, size) ||
         smtp_files_fail (error, "write a message to", smtp_maildir_get_path (self->maildir));
}

static gboolean
ensure_open (SmtpMaildirStream  *self,
             GError            **error)
{
  gsize size;
  const void *head = g_bytes_get_data (self->head, &size);

  if (self->fd >= 0)
    return TRUE;

  self->fd = smtp_maildir_create (self->maildir, &self->name, error);

  return self->fd >= 0 && write_octets (self, head, size, error);
}

static gssize
smtp_maildir_stream_write (GOutputStream  *stream,
                           const void     *data,
                           gsize           size,
                           GCancellable   *cancellable,
                           GError        **error)
{
  SmtpMaildirStream *self = SMTP_MAILDIR_STREAM (stream);

  if (!ensure_open (self, error) || !write_octets (self, data, size, error))
    return -1;

  return size;
}

/* A message without an octet has a file, too. */
static gboolean
smtp_maildir_stream_close (GOutputStream  *stream,
                           GCancellable   *cancellable,
                           GError        **error)
{
  return g_cancellable_is_cancelled (cancellable) || ensure_open (SMTP_MAILDIR_STREAM (stream), error);
}

static GBytes *
smtp_maildir_stream_map (SmtpMappedStream  *stream,
                         GError           **error)
{
  SmtpMaildirStream *self = SMTP_MAILDIR_STREAM (stream);

  self->content = smtp_mapped_stream_map_file (self->fd, g_bytes_get_size (self->head), error);

  return self->content != NULL ? g_bytes_ref (self->content) : NULL;
}

static void
init_mapped_stream (SmtpMappedStreamInterface *iface)
{
  iface->map = smtp_maildir_stream_map;
}

/* The end */

typedef struct
{
  SmtpMaildir *maildir;
  char *name;
  int fd;
} Remains;

/* To take away a large file is work, too. */
static void
take_away (gpointer data)
{
  g_autofree Remains *remains = data;

  smtp_maildir_discard (remains->maildir, remains->name);
  close (remains->fd);
  smtp_maildir_unref (remains->maildir);
  g_free (remains->name);
}

static void
smtp_maildir_stream_finalize (GObject *object)
{
  SmtpMaildirStream *self = SMTP_MAILDIR_STREAM (object);

  if (self->name != NULL)
    {
      Remains *remains = g_new (Remains, 1);

      remains->maildir = smtp_maildir_ref (self->maildir);
      remains->name = g_steal_pointer (&self->name);
      remains->fd = g_steal_fd (&self->fd);
      smtp_workers_run (take_away, remains);
    }
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_bytes_unref (self->head);
  smtp_maildir_unref (self->maildir);

  G_OBJECT_CLASS (smtp_maildir_stream_parent_class)->finalize (object);
}

static void
smtp_maildir_stream_class_init (SmtpMaildirStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_maildir_stream_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = smtp_maildir_stream_write;
  G_OUTPUT_STREAM_CLASS (klass)->close_fn = smtp_maildir_stream_close;
}

static void
smtp_maildir_stream_init (SmtpMaildirStream *self)
{
  self->fd = -1;
}

GOutputStream *
smtp_maildir_stream_new (SmtpMaildir *maildir,
                         GBytes      *head)
{
  SmtpMaildirStream *self = g_object_new (SMTP_TYPE_MAILDIR_STREAM, NULL);

  self->maildir = smtp_maildir_ref (maildir);
  self->head = g_bytes_ref (head);

  return G_OUTPUT_STREAM (self);
}

gboolean
smtp_maildir_stream_has (SmtpMaildirStream *self,
                         SmtpMaildir       *maildir,
                         GBytes            *content)
{
  return self->maildir == maildir && self->name != NULL && self->content == content;
}

gboolean
smtp_maildir_stream_deliver (SmtpMaildirStream  *self,
                             GCancellable       *cancellable,
                             GError            **error)
{
  const char *path = smtp_maildir_get_path (self->maildir);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (!smtp_files_sync (self->fd))
    return smtp_files_fail (error, "write a message to", path);

  /* After EINTR the descriptor is closed, and the message was synced before. */
  if (close (g_steal_fd (&self->fd)) != 0 && errno != EINTR)
    return smtp_files_fail (error, "close a message in", path);

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !smtp_maildir_publish (self->maildir, self->name, error))
    return FALSE;

  g_clear_pointer (&self->name, g_free);

  return TRUE;
}
