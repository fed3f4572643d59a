/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Warnings of the library that a test expects: each that comes must have been announced, and
 * each that was announced must come. */

#pragma once

#include <string.h>

#include <glib.h>

static GPtrArray *log_expected;
static GMutex log_lock;

static const char *
log_get_field (const GLogField *fields,
               gsize            n_fields,
               const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, key) == 0)
        return fields[i].value;
    }

  return "";
}

static gboolean
log_take (const char *message)
{
  gboolean found = FALSE;

  g_mutex_lock (&log_lock);
  for (guint i = 0; i < log_expected->len && !found; i++)
    {
      found = strstr (message, g_ptr_array_index (log_expected, i)) != NULL;
      if (found)
        g_ptr_array_remove_index (log_expected, i);
    }
  g_mutex_unlock (&log_lock);

  return found;
}

static GLogWriterOutput
log_write (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  const char *message = log_get_field (fields, n_fields, "MESSAGE");

  if (strcmp (log_get_field (fields, n_fields, "GLIB_DOMAIN"), "Smtpd") != 0 ||
      (level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING)
    return g_log_writer_default (level, fields, n_fields, data);

  if (!log_take (message))
    {
      g_printerr ("Unexpected warning: %s\n", message);
      abort ();
    }

  return G_LOG_WRITER_HANDLED;
}

/* To be called once, after g_test_init(). */
static void
log_install (void)
{
  log_expected = g_ptr_array_new_with_free_func (g_free);
  /* The writer judges; g_test_init() would have the expected ones end the program. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_log_set_writer_func (log_write, NULL, NULL);
}

/* A warning that contains @text must come @n times. NULL: nothing. */
G_GNUC_UNUSED static void
log_expect (const char *text,
            guint       n)
{
  g_mutex_lock (&log_lock);
  for (guint i = 0; text != NULL && i < n; i++)
    g_ptr_array_add (log_expected, g_strdup (text));
  g_mutex_unlock (&log_lock);
}

/* They have all come. */
G_GNUC_UNUSED static void
log_assert_done (void)
{
  g_mutex_lock (&log_lock);
  if (log_expected->len > 0)
    g_error ("Expected, and not said: %s", (const char *) g_ptr_array_index (log_expected, 0));
  g_mutex_unlock (&log_lock);
}
