/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* In place of a fuzzer: gives the inputs that are kept for a target to it, each as it is and each without its
 * last octets, and prints TAP. What goes wrong ends the program. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* A sanitizer sees what is read beyond the end. */
static void
run (const char *data,
     gsize       size)
{
  g_autofree uint8_t *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;
  guint n = 0;

  dir = argc > 1 ? g_dir_open (argv[1], 0, NULL) : NULL;
  if (dir == NULL)
    {
      printf ("1..0 # SKIP no inputs\n");
      return EXIT_SUCCESS;
    }

  run (NULL, 0);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (argv[1], name, NULL);
      g_autofree char *data = NULL;
      gsize size;

      if (!g_file_get_contents (path, &data, &size, NULL))
        continue;

      run (data, size);
      for (gsize cut = 1; cut <= 3 && cut < size; cut++)
        run (data, size - cut);
      printf ("ok %u - %s\n", ++n, name);
      fflush (stdout);
    }
  printf ("1..%u\n", n);

  return EXIT_SUCCESS;
}
