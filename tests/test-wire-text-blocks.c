/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done on one processor is done on another. That it is right is with the dot decoder. */

#define smtp_text_blocks_skip skip_on_this_processor
#include "wire/smtp-text-blocks.c"

#define TEXT_SIZE 400

static void
check (const guint8 *text,
       gsize         size)
{
#if defined (__x86_64__) && defined (__GNUC__)
  /* Of exact size, so that a read beyond it is seen. */
  g_autofree guint8 *exact = g_memdup2 (text, size);
  gsize length = 7, longest = 9, other_length = 7, other_longest = 9;
  const guint8 *stop = skip (exact, exact + size, &length, &longest, look_with_sse2);

  g_assert_true (stop >= exact && stop <= exact + size);
  g_assert_true (skip_on_this_processor (exact, exact + size, &other_length, &other_longest) == stop);
  g_assert_cmpuint (length, ==, other_length);
  g_assert_cmpuint (longest, ==, other_longest);
#endif
}

static void
test_same (void)
{
  static const char alphabet[] = "\r\n.ab";

  for (guint round = 0; round < 20000; round++)
    {
      gsize size = (gsize) g_test_rand_int_range (1, TEXT_SIZE);
      gint line = g_test_rand_int_range (2, 150);
      guint8 text[TEXT_SIZE];

      for (gsize i = 0; i < size; i++)
        text[i] = i % line == (gsize) line - 2 ? '\r' : i > 0 && i % line == (gsize) line - 1 ? '\n' : 'x';
      for (gint i = g_test_rand_int_range (0, 4); i > 0; i--)
        text[g_test_rand_int_range (0, (gint) size)] = (guint8) alphabet[g_test_rand_int_range (0, 5)];
      if (text[0] != '\n')
        check (text, size);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/text-blocks/same", test_same);

  return g_test_run ();
}
