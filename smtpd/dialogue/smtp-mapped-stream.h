/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpMappedStream: a stream whose file can be seen as a GBytes when it is closed, so that
 * SmtpEnvelope:content is there for hooks although the message went elsewhere.
 */

#define SMTP_TYPE_MAPPED_STREAM (smtp_mapped_stream_get_type ())
G_DECLARE_INTERFACE (SmtpMappedStream, smtp_mapped_stream, SMTP, MAPPED_STREAM, GOutputStream)

struct _SmtpMappedStreamInterface
{
  GTypeInterface parent_interface;

  GBytes *(*map) (SmtpMappedStream  *self,
                  GError           **error);
};

/* What was written to it. */
GBytes *smtp_mapped_stream_map (SmtpMappedStream  *self,
                                GError           **error);

/* For map(): what is in the file @fd behind its first @offset octets. */
GBytes *smtp_mapped_stream_map_file (int       fd,
                                     gsize     offset,
                                     GError  **error);

G_END_DECLS
