/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

/* The numbers of a server as text. */

static inline guint64
numbers_get (SmtpServer *server,
             const char *name)
{
  guint64 value;

  g_object_get (smtp_server_get_statistics (server), name, &value, NULL);

  return value;
}

/* Of a reason, both kinds together. */
static inline guint64
numbers_get_reason (SmtpServer *server,
                    const char *reason)
{
  static const char * const kinds[] = { "refusals-temporary-by-reason", "refusals-permanent-by-reason" };
  g_autoptr (GVariant) snapshot = smtp_statistics_snapshot (smtp_server_get_statistics (server));
  guint64 total = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GVariant) reasons = g_variant_lookup_value (snapshot, kinds[i], G_VARIANT_TYPE ("a{st}"));
      guint64 n;

      g_assert_true (g_variant_lookup (reasons, reason, "t", &n));
      total += n;
    }

  return total;
}

/* All that are not 0, in the order of the snapshot, but for those that count octets. */
static inline char *
numbers_describe (SmtpServer *server)
{
  g_autoptr (GVariant) snapshot = smtp_statistics_snapshot (smtp_server_get_statistics (server));
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, snapshot);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) || strstr (key, "octets") != NULL)
        continue;
      g_assert_cmpuint (g_variant_get_uint64 (value), ==, numbers_get (server, key));
      if (g_variant_get_uint64 (value) != 0)
        g_string_append_printf (text, "%s%s %" G_GUINT64_FORMAT, text->len > 0 ? ", " : "", key,
                                g_variant_get_uint64 (value));
    }

  return g_string_free (text, FALSE);
}

#define numbers_assert(server, expected)                                     \
  G_STMT_START {                                                             \
    g_autofree char *numbers = numbers_describe (server);                    \
    g_assert_cmpstr (numbers, ==, expected);                                 \
  } G_STMT_END
