/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "handlers/smtp-auth-file.h"

#include <stdint.h>
#include <string.h>

/* What was read can be written and is read as the same. An error is one line with a number in it. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static GHashTable *
parse (const void  *content,
       gsize        size,
       GError     **error)
{
  char *copy = g_malloc (size + 1);
  GHashTable *users;

  if (size > 0)
    memcpy (copy, content, size);
  copy[size] = '\0';
  users = smtp_auth_file_parse ("users", copy, size, error);
  g_free (copy);

  return users;
}

static void
check_error (GError *error)
{
  g_assert (g_str_has_prefix (error->message, "users:"));
  g_assert (g_ascii_isdigit (error->message[strlen ("users:")]));
  g_assert (g_utf8_validate (error->message, -1, NULL));
  g_assert (strchr (error->message, '\n') == NULL);
  g_error_free (error);
}

static GString *
write_users (GHashTable *users)
{
  GString *content = g_string_new (NULL);
  GHashTableIter iter;
  gpointer name, secret;

  g_hash_table_iter_init (&iter, users);
  while (g_hash_table_iter_next (&iter, &name, &secret))
    {
      char *text = smtp_secret_to_string (secret);

      g_assert (*(char *) name != '\0' && strchr (name, ':') == NULL && *(char *) name != '#');
      g_assert (g_utf8_validate (name, -1, NULL) && g_utf8_validate (text, -1, NULL));
      g_string_append_printf (content, "%s:%s\n", (char *) name, text);
      g_free (text);
    }

  return content;
}

static void
assert_same (GHashTable *a,
             GHashTable *b)
{
  GHashTableIter iter;
  gpointer name, secret;

  g_assert (g_hash_table_size (a) == g_hash_table_size (b));
  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &name, &secret))
    {
      char *one = smtp_secret_to_string (secret);
      char *other = smtp_secret_to_string (g_hash_table_lookup (b, name));

      g_assert (strcmp (one, other) == 0);
      g_free (one);
      g_free (other);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  GHashTable *users, *again;
  GError *error = NULL;
  GString *content;

  users = parse (data, size, &error);
  if (users == NULL)
    {
      check_error (error);
      return 0;
    }

  content = write_users (users);
  again = parse (content->str, content->len, &error);
  /* One whose line was as long as can be has got a scheme. */
  if (again != NULL)
    {
      assert_same (users, again);
      g_hash_table_unref (again);
    }
  else
    {
      g_assert (strstr (error->message, "more than") != NULL);
      g_error_free (error);
    }

  g_string_free (content, TRUE);
  g_hash_table_unref (users);

  return 0;
}
