/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-spool-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "smtp-mapped-stream.h"

struct _SmtpSpoolStream
{
  GOutputStream parent_instance;

  char *directory;
  int fd;
};

static void init_mapped_stream (SmtpMappedStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SmtpSpoolStream, smtp_spool_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (SMTP_TYPE_MAPPED_STREAM, init_mapped_stream))

static gboolean
set_errno (GError     **error,
           const char  *what,
           const char  *directory,
           int          code)
{
  /* GIO has no code for a quota. */
  g_set_error (error, G_IO_ERROR,
               code == EDQUOT ? G_IO_ERROR_NO_SPACE : (int) g_io_error_from_errno (code),
               "Cannot %s a spool file in %s: %s", what, directory, g_strerror (code));

  return FALSE;
}

/* Where O_TMPFILE is not known the file has a name, for a moment. */
static int
open_named (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "smtpd-XXXXXX", NULL);
  int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);

  if (fd >= 0)
    g_unlink (path);

  return fd;
}

static gboolean
ensure_open (SmtpSpoolStream  *self,
             GError          **error)
{
  if (self->fd >= 0)
    return TRUE;

#ifdef O_TMPFILE
  self->fd = open (self->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
#endif
    self->fd = open_named (self->directory);

  return self->fd >= 0 || set_errno (error, "make", self->directory, errno);
}

static gssize
smtp_spool_stream_write (GOutputStream  *stream,
                         const void     *data,
                         gsize           size,
                         GCancellable   *cancellable,
                         GError        **error)
{
  SmtpSpoolStream *self = SMTP_SPOOL_STREAM (stream);
  gssize written;

  if (!ensure_open (self, error))
    return -1;

  do
    written = write (self->fd, data, size);
  while (written < 0 && errno == EINTR);

  if (written < 0)
    set_errno (error, "write to", self->directory, errno);

  return written;
}

static void
smtp_spool_stream_finalize (GObject *object)
{
  SmtpSpoolStream *self = SMTP_SPOOL_STREAM (object);

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->directory);

  G_OBJECT_CLASS (smtp_spool_stream_parent_class)->finalize (object);
}

static GBytes *
smtp_spool_stream_map (SmtpMappedStream  *stream,
                       GError           **error)
{
  return smtp_mapped_stream_map_file (SMTP_SPOOL_STREAM (stream)->fd, 0, error);
}

static void
init_mapped_stream (SmtpMappedStreamInterface *iface)
{
  iface->map = smtp_spool_stream_map;
}

static void
smtp_spool_stream_class_init (SmtpSpoolStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = smtp_spool_stream_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = smtp_spool_stream_write;
}

static void
smtp_spool_stream_init (SmtpSpoolStream *self)
{
  self->fd = -1;
}

GOutputStream *
smtp_spool_stream_new (const char *directory)
{
  SmtpSpoolStream *self = g_object_new (SMTP_TYPE_SPOOL_STREAM, NULL);

  self->directory = g_strdup (directory != NULL ? directory : g_get_tmp_dir ());

  return G_OUTPUT_STREAM (self);
}
