/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * SmtpBuffer: memory that grows, for the octets of a message.
 *
 * SmtpBufferPool: what large buffers leave behind, for those that come next. Memory that is new
 * costs more than what is copied into it: the kernel hands it out, and clears it, a page at a
 * time. What nobody has filled for a second is given back, so a server that has nothing to do
 * keeps nothing, and none ever keeps more than it was using a second ago.
 *
 * Buffers belong to one thread; the bytes that are made of them may be let go of in any.
 */
typedef struct _SmtpBufferPool SmtpBufferPool;

typedef struct
{
  guint8         *data;
  gsize           length;

  /*< private >*/
  gsize           capacity;
  gint64          filled;    /* when it was last worth its size */
  SmtpBufferPool *pool;
} SmtpBuffer;

/* The context is where it looks after its age. */
SmtpBufferPool *smtp_buffer_pool_new       (GMainContext   *context);
/* For the owner. Buffers and bytes that are still about stay good. */
void            smtp_buffer_pool_destroy   (SmtpBufferPool *self);
/* What it keeps, in octets. */
gsize           smtp_buffer_pool_get_size  (SmtpBufferPool *self);

SmtpBuffer     *smtp_buffer_new            (SmtpBufferPool *pool);
void            smtp_buffer_free           (SmtpBuffer     *self);
void            smtp_buffer_append         (SmtpBuffer     *self,
                                            const guint8   *data,
                                            gsize           size);
void            smtp_buffer_clear          (SmtpBuffer     *self);
GBytes         *smtp_buffer_free_to_bytes  (SmtpBuffer     *self);

G_END_DECLS
