/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-tls-watch.h"

#include <stdint.h>
#include <stdlib.h>

#include <glib/gstdio.h>

/* Whoever renews a certificate writes a key as well: what comes together is looked at once. */
#define SETTLE_MS 500

struct _SmtpTlsWatch
{
  GPtrArray *paths;
  GPtrArray *monitors;  /* of the folders: files are replaced by renaming, and by changing links */
  char *state;          /* what the files were when last looked at */
  GMainContext *context;
  GSource *settling;    /* while changes come */
  SmtpTlsWatchFunc changed;
  gpointer data;
};

static char *
get_state (GPtrArray *paths)
{
  GString *state = g_string_new (NULL);

  for (guint i = 0; i < paths->len; i++)
    {
      GStatBuf info = { 0 };

      if (g_stat (g_ptr_array_index (paths, i), &info) != 0)
        info = (GStatBuf) { 0 };
      g_string_append_printf (state, "%ju:%ju:%jd:%jd.%09ld ", (uintmax_t) info.st_dev, (uintmax_t) info.st_ino,
                              (intmax_t) info.st_size, (intmax_t) info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    }

  return g_string_free (state, FALSE);
}

static void watch_folders (SmtpTlsWatch *self);

static gboolean
look (gpointer data)
{
  SmtpTlsWatch *self = data;
  g_autofree char *state = get_state (self->paths);

  g_clear_pointer (&self->settling, g_source_unref);
  watch_folders (self);  /* a link may lead elsewhere now */

  if (g_strcmp0 (state, self->state) != 0)
    {
      g_free (self->state);
      self->state = g_steal_pointer (&state);
      self->changed (self->data);
    }

  return G_SOURCE_REMOVE;
}

static void
on_event (SmtpTlsWatch *self)
{
  if (self->settling != NULL)
    return;

  self->settling = g_timeout_source_new (SETTLE_MS);
  g_source_set_callback (self->settling, look, self, NULL);
  g_source_attach (self->settling, self->context);
}

static void
stop_monitor (gpointer monitor)
{
  g_signal_handlers_disconnect_matched (monitor, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, on_event, NULL);
  g_file_monitor_cancel (monitor);
  g_object_unref (monitor);
}

static void
watch_folder (SmtpTlsWatch *self,
              GHashTable   *seen,
              const char   *path)
{
  char *folder = g_path_get_dirname (path);
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GError) error = NULL;
  GFileMonitor *monitor;

  if (!g_hash_table_add (seen, folder))
    return;

  monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
  if (monitor == NULL)
    {
      g_warning ("Cannot watch %s: %s", folder, error->message);
      return;
    }

  g_signal_connect_swapped (monitor, "changed", G_CALLBACK (on_event), self);
  g_ptr_array_add (self->monitors, monitor);
}

/* Where the name is, each link on the way there, and where the file is. */
static void
watch_path (SmtpTlsWatch *self,
            GHashTable   *seen,
            const char   *path)
{
  g_autofree char *step = g_canonicalize_filename (path, NULL);
  char *target = realpath (path, NULL);

  watch_folder (self, seen, step);
  if (target != NULL)
    watch_folder (self, seen, target);
  free (target);

  while (g_str_has_prefix (step, "/") && step[1] != '\0')
    {
      char *parent = g_path_get_dirname (step);

      if (g_file_test (step, G_FILE_TEST_IS_SYMLINK))
        watch_folder (self, seen, step);
      g_free (step);
      step = parent;
    }
}

static void
watch_folders (SmtpTlsWatch *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->monitors);

  self->monitors = g_ptr_array_new_with_free_func (stop_monitor);
  for (guint i = 0; i < self->paths->len; i++)
    watch_path (self, seen, g_ptr_array_index (self->paths, i));
}

SmtpTlsWatch *
smtp_tls_watch_new (GPtrArray        *paths,
                    SmtpTlsWatchFunc  changed,
                    gpointer          data)
{
  SmtpTlsWatch *self = g_new0 (SmtpTlsWatch, 1);

  self->paths = g_ptr_array_ref (paths);
  self->context = g_main_context_ref_thread_default ();
  self->changed = changed;
  self->data = data;
  watch_folders (self);
  self->state = get_state (paths);

  return self;
}

void
smtp_tls_watch_free (SmtpTlsWatch *self)
{
  if (self->settling != NULL)
    {
      g_source_destroy (self->settling);
      g_source_unref (self->settling);
    }
  g_ptr_array_unref (self->monitors);
  g_main_context_unref (self->context);
  g_ptr_array_unref (self->paths);
  g_free (self->state);
  g_free (self);
}
