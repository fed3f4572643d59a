/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-buffer-pool.h"

#include <string.h>

/* Most messages are small; larger ones grow from here by doubling. */
#define FIRST_SIZE 2048

/* Smaller ones are malloc()'s, which is good at them. */
#define LARGE_SIZE (64 * 1024)

#define KEEP_TIME G_USEC_PER_SEC

struct _SmtpBufferPool
{
  gatomicrefcount ref_count;   /* the owner's, and that of each buffer */

  GMutex mutex;
  GMainContext *context;
  GPtrArray *unused;           /* large buffers; the last one came last */
  gsize size;
  GSource *sweeper;            /* NULL while there is nothing to look after */
  gboolean destroyed;
};

/* Pools */

SmtpBufferPool *
smtp_buffer_pool_new (GMainContext *context)
{
  SmtpBufferPool *self = g_new0 (SmtpBufferPool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->context = g_main_context_ref (context);
  self->unused = g_ptr_array_new ();

  return self;
}

static void
smtp_buffer_pool_unref (SmtpBufferPool *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->unused);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
discard (SmtpBuffer *buffer)
{
  SmtpBufferPool *pool = buffer->pool;

  g_free (buffer->data);
  g_free (buffer);
  smtp_buffer_pool_unref (pool);
}

static gboolean
is_stale (SmtpBuffer *buffer,
          gint64      now)
{
  return now - buffer->filled > KEEP_TIME;
}

/* Takes out what is stale; all of it, if @now is far enough away. */
static GPtrArray *
steal_stale (SmtpBufferPool *self,
             gint64          now)
{
  GPtrArray *stale = g_ptr_array_new_with_free_func ((GDestroyNotify) discard);

  for (guint i = self->unused->len; i > 0; i--)
    {
      SmtpBuffer *buffer = g_ptr_array_index (self->unused, i - 1);

      if (!is_stale (buffer, now))
        continue;
      self->size -= buffer->capacity;
      g_ptr_array_remove_index (self->unused, i - 1);
      g_ptr_array_add (stale, buffer);
    }

  return stale;
}

static gboolean
sweep (gpointer data)
{
  SmtpBufferPool *self = data;
  g_autoptr (GPtrArray) stale = NULL;
  gboolean again;

  g_mutex_lock (&self->mutex);
  stale = steal_stale (self, g_get_monotonic_time ());
  again = self->unused->len > 0;
  if (!again)
    g_clear_pointer (&self->sweeper, g_source_unref);
  g_mutex_unlock (&self->mutex);

  return again;
}

static void
start_sweeper (SmtpBufferPool *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  self->sweeper = g_timeout_source_new (KEEP_TIME / 1000);
  g_source_set_static_name (self->sweeper, "SmtpBufferPool");
  g_source_set_callback (self->sweeper, sweep, self, (GDestroyNotify) smtp_buffer_pool_unref);
  g_source_attach (self->sweeper, self->context);
}

void
smtp_buffer_pool_destroy (SmtpBufferPool *self)
{
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GSource) sweeper = NULL;

  g_mutex_lock (&self->mutex);
  self->destroyed = TRUE;
  all = steal_stale (self, G_MAXINT64);
  sweeper = g_steal_pointer (&self->sweeper);
  g_mutex_unlock (&self->mutex);

  if (sweeper != NULL)
    g_source_destroy (sweeper);
  smtp_buffer_pool_unref (self);
}

gsize
smtp_buffer_pool_get_size (SmtpBufferPool *self)
{
  gsize size;

  g_mutex_lock (&self->mutex);
  size = self->size;
  g_mutex_unlock (&self->mutex);

  return size;
}

/* TRUE: the pool has it now. */
static gboolean
give_back (SmtpBuffer *buffer,
           gint64      now)
{
  SmtpBufferPool *self = buffer->pool;
  gboolean kept;

  g_mutex_lock (&self->mutex);
  kept = !self->destroyed && !is_stale (buffer, now);
  if (kept)
    {
      g_ptr_array_add (self->unused, buffer);
      self->size += buffer->capacity;
      if (self->sweeper == NULL)
        start_sweeper (self);
    }
  g_mutex_unlock (&self->mutex);

  return kept;
}

static SmtpBuffer *
take_unused (SmtpBufferPool *self)
{
  SmtpBuffer *buffer = NULL;

  g_mutex_lock (&self->mutex);
  if (self->unused->len > 0)
    {
      buffer = g_ptr_array_steal_index (self->unused, self->unused->len - 1);
      self->size -= buffer->capacity;
    }
  g_mutex_unlock (&self->mutex);

  return buffer;
}

/* Buffers */

SmtpBuffer *
smtp_buffer_new (SmtpBufferPool *pool)
{
  SmtpBuffer *self = g_new0 (SmtpBuffer, 1);

  g_atomic_ref_count_inc (&pool->ref_count);
  self->pool = pool;

  return self;
}

/* One that has grown is at least half full. One that was large before may hold little: if that
 * counted, a small message every now and then would keep it from being given back. */
static gboolean
is_worth_its_size (SmtpBuffer *self)
{
  return self->length >= self->capacity / 2;
}

void
smtp_buffer_free (SmtpBuffer *self)
{
  gint64 now;

  if (self->capacity < LARGE_SIZE)
    {
      discard (self);
      return;
    }

  now = g_get_monotonic_time ();
  if (is_worth_its_size (self))
    self->filled = now;
  self->length = 0;
  if (!give_back (self, now))
    discard (self);
}

void
smtp_buffer_clear (SmtpBuffer *self)
{
  if (is_worth_its_size (self))
    self->filled = g_get_monotonic_time ();
  self->length = 0;
}

/* What has just become large goes on in memory that was large before. */
static void
move_to_unused (SmtpBuffer *self)
{
  SmtpBuffer *unused = take_unused (self->pool);
  guint8 *data = self->data;

  if (unused == NULL)
    return;

  if (self->length > 0)
    memcpy (unused->data, data, self->length);
  self->data = g_steal_pointer (&unused->data);
  self->capacity = unused->capacity;
  self->filled = unused->filled;
  g_free (data);
  discard (unused);
}

static void
grow (SmtpBuffer *self,
      gsize       needed)
{
  gsize capacity = MAX (self->capacity, FIRST_SIZE);

  while (capacity < needed)
    capacity *= 2;

  if (capacity >= LARGE_SIZE && self->capacity < LARGE_SIZE)
    move_to_unused (self);
  if (capacity <= self->capacity)
    return;

  self->data = g_realloc (self->data, capacity);
  self->capacity = capacity;
}

void
smtp_buffer_append (SmtpBuffer   *self,
                    const guint8 *data,
                    gsize         size)
{
  if (size == 0)
    return;

  g_return_if_fail (size <= G_MAXSIZE / 2 - self->length);

  if (self->length + size > self->capacity)
    grow (self, self->length + size);
  memcpy (self->data + self->length, data, size);
  self->length += size;
}

GBytes *
smtp_buffer_free_to_bytes (SmtpBuffer *self)
{
  GBytes *bytes;

  if (self->capacity >= LARGE_SIZE && is_worth_its_size (self))
    return g_bytes_new_with_free_func (self->data, self->length, (GDestroyNotify) smtp_buffer_free, self);

  /* Who keeps the message must not keep a buffer of many times its size. */
  if (self->capacity >= LARGE_SIZE)
    bytes = g_bytes_new (self->data, self->length);
  else
    bytes = g_bytes_new_take (g_steal_pointer (&self->data), self->length);
  smtp_buffer_free (self);

  return bytes;
}
