/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-mapped-stream.h"

G_DEFINE_INTERFACE (SmtpMappedStream, smtp_mapped_stream, G_TYPE_OUTPUT_STREAM)

static void
smtp_mapped_stream_default_init (SmtpMappedStreamInterface *iface)
{
}

GBytes *
smtp_mapped_stream_map (SmtpMappedStream  *self,
                        GError           **error)
{
  return SMTP_MAPPED_STREAM_GET_IFACE (self)->map (self, error);
}

GBytes *
smtp_mapped_stream_map_file (int       fd,
                             gsize     offset,
                             GError  **error)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new_from_fd (fd, FALSE, error);
  g_autoptr (GBytes) bytes = NULL;

  if (file == NULL)
    return NULL;

  bytes = g_mapped_file_get_bytes (file);

  return g_bytes_new_from_bytes (bytes, offset, g_bytes_get_size (bytes) - offset);
}
