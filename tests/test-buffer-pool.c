/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dialogue/smtp-buffer-pool.h"

#include <string.h>

#include "test-log.h"

#define LARGE (300 * 1024)

typedef struct
{
  GMainContext *context;
  SmtpBufferPool *pool;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->context = g_main_context_new ();
  f->pool = smtp_buffer_pool_new (f->context);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->pool, smtp_buffer_pool_destroy);
  g_main_context_unref (f->context);
}

/* @size octets that count, in pieces of @piece. */
static SmtpBuffer *
fill (SmtpBufferPool *pool,
      gsize           size,
      gsize           piece)
{
  SmtpBuffer *buffer = smtp_buffer_new (pool);
  g_autofree guint8 *data = g_malloc (piece);

  while (buffer->length < size)
    {
      gsize n = MIN (piece, size - buffer->length);

      for (gsize i = 0; i < n; i++)
        data[i] = (buffer->length + i) % 251;
      smtp_buffer_append (buffer, data, n);
    }

  return buffer;
}

static void
assert_bytes (GBytes *bytes,
              gsize   size)
{
  const guint8 *data = g_bytes_get_data (bytes, NULL);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
  for (gsize i = 0; i < size; i++)
    g_assert_true (data[i] == i % 251);
}

static void
test_sizes (Fixture      *f,
            gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 2047, 2048, 2049, 65535, 65536, 65537, LARGE, 3 * LARGE };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i / 2];
      g_autoptr (GBytes) bytes = smtp_buffer_free_to_bytes (fill (f->pool, size, i % 2 == 0 ? 1000 : 70000));

      assert_bytes (bytes, size);
    }
}

static void
test_used_again (Fixture      *f,
                 gconstpointer data)
{
  GBytes *first = smtp_buffer_free_to_bytes (fill (f->pool, LARGE, 5000));
  gconstpointer memory = g_bytes_get_data (first, NULL);
  g_autoptr (GBytes) second = NULL;

  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), ==, 0);
  g_bytes_unref (first);
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), >=, LARGE);

  second = smtp_buffer_free_to_bytes (fill (f->pool, LARGE, 5000));
  g_assert_true (g_bytes_get_data (second, NULL) == memory);
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), ==, 0);
  assert_bytes (second, LARGE);
}

static void
test_small_is_not_kept (Fixture      *f,
                        gconstpointer data)
{
  smtp_buffer_free (fill (f->pool, 10000, 1000));
  smtp_buffer_free (smtp_buffer_new (f->pool));
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), ==, 0);
}

/* A small message in a buffer of many times its size is copied out. */
static void
test_no_waste (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GBytes) bytes = NULL;

  smtp_buffer_free (fill (f->pool, 40 * LARGE, 70000));
  bytes = smtp_buffer_free_to_bytes (fill (f->pool, LARGE, 5000));
  assert_bytes (bytes, LARGE);
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), >=, 40 * LARGE);
}

static void
run_until_empty (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (smtp_buffer_pool_get_size (f->pool) > 0 && g_get_monotonic_time () < deadline)
    g_main_context_iteration (f->context, TRUE);
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), ==, 0);
}

static void
test_given_back (Fixture      *f,
                 gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      SmtpBuffer *one = fill (f->pool, LARGE, 5000);
      SmtpBuffer *other = fill (f->pool, 2 * LARGE, 5000);

      smtp_buffer_free (one);
      smtp_buffer_free (other);
      g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), >=, 3 * LARGE);
      run_until_empty (f);
    }
}

static void
test_small_messages_do_not_keep_it (Fixture      *f,
                                    gconstpointer data)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  smtp_buffer_free (fill (f->pool, 40 * LARGE, 70000));

  /* Never there when it is looked for. */
  do
    {
      smtp_buffer_free (fill (f->pool, 100000, 70000));
      g_usleep (50000);
    }
  while (smtp_buffer_pool_get_size (f->pool) >= 40 * LARGE && g_get_monotonic_time () < deadline);
  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), <, 40 * LARGE);
}

static void
test_outlives_pool (Fixture      *f,
                    gconstpointer data)
{
  SmtpBuffer *buffer = fill (f->pool, LARGE, 5000);
  g_autoptr (GBytes) bytes = smtp_buffer_free_to_bytes (fill (f->pool, LARGE, 5000));
  g_autoptr (GBytes) later = NULL;

  smtp_buffer_free (fill (f->pool, LARGE, 5000));
  g_clear_pointer (&f->pool, smtp_buffer_pool_destroy);

  assert_bytes (bytes, LARGE);
  later = smtp_buffer_free_to_bytes (buffer);
  assert_bytes (later, LARGE);
}

static gpointer
let_go (gpointer data)
{
  GAsyncQueue *queue = data;
  GBytes *bytes;

  while (g_bytes_get_size (bytes = g_async_queue_pop (queue)) > 0)
    {
      assert_bytes (bytes, LARGE);
      g_bytes_unref (bytes);
    }
  g_bytes_unref (bytes);

  return NULL;
}

static void
test_threads (Fixture      *f,
              gconstpointer data)
{
  g_autoptr (GAsyncQueue) queue = g_async_queue_new ();
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("other", let_go, queue);
  for (guint i = 0; i < 50; i++)
    g_async_queue_push (queue, smtp_buffer_free_to_bytes (fill (f->pool, LARGE, 5000)));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_async_queue_push (queue, smtp_buffer_free_to_bytes (smtp_buffer_new (f->pool)));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_assert_cmpuint (smtp_buffer_pool_get_size (f->pool), >=, LARGE);
  run_until_empty (f);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_install ();

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/buffer-pool/sizes", test_sizes);
  ADD ("/buffer-pool/used-again", test_used_again);
  ADD ("/buffer-pool/small-is-not-kept", test_small_is_not_kept);
  ADD ("/buffer-pool/no-waste", test_no_waste);
  ADD ("/buffer-pool/given-back", test_given_back);
  ADD ("/buffer-pool/small-messages-do-not-keep-it", test_small_messages_do_not_keep_it);
  ADD ("/buffer-pool/outlives-pool", test_outlives_pool);
  ADD ("/buffer-pool/threads", test_threads);

  return g_test_run ();
}
