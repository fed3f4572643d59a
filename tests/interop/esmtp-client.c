/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a file by libesmtp: HOST:PORT SENDER RECIPIENT FILE */

#include <stdio.h>
#include <stdlib.h>

#include <libesmtp.h>

static int
fail (void)
{
  char text[128];

  fprintf (stderr, "libesmtp: %s\n", smtp_strerror (smtp_errno (), text, sizeof text));

  return EXIT_FAILURE;
}

int
main (int    argc,
      char **argv)
{
  smtp_session_t session = smtp_create_session ();
  smtp_message_t message = smtp_add_message (session);
  const smtp_status_t *status;
  FILE *file;
  int code;

  if (argc != 5 || (file = fopen (argv[4], "rb")) == NULL)
    return EXIT_FAILURE;

  smtp_set_server (session, argv[1]);
  smtp_set_reverse_path (message, argv[2]);
  smtp_add_recipient (message, argv[3]);
  /* Lines end in CRLF already. */
  smtp_set_message_fp (message, file);
  smtp_8bitmime_set_body (message, E8bitmime_8BITMIME);

  if (!smtp_start_session (session))
    return fail ();

  status = smtp_message_transfer_status (message);
  code = status->code;
  printf ("%d %s\n", code, status->text != NULL ? status->text : "");
  smtp_destroy_session (session);
  fclose (file);

  return code == 250 ? EXIT_SUCCESS : EXIT_FAILURE;
}
