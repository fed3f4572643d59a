/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a file by libesmtp: HOST:PORT SENDER RECIPIENT FILE [wishes|in-time]. With the last, it asks for reports,
 * or for delivery in two minutes, if the server knows of such things. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libesmtp.h>

static int
fail (void)
{
  char text[128];

  fprintf (stderr, "libesmtp: %s\n", smtp_strerror (smtp_errno (), text, sizeof text));

  return EXIT_FAILURE;
}

static void
add_wishes (smtp_message_t   message,
            smtp_recipient_t recipient)
{
  smtp_dsn_set_ret (message, Ret_HDRS);
  smtp_dsn_set_envid (message, "a+b c");
  smtp_dsn_set_notify (recipient, Notify_SUCCESS | Notify_DELAY);
  smtp_dsn_set_orcpt (recipient, "rfc822", "B+x@example.org");
}

int
main (int    argc,
      char **argv)
{
  smtp_session_t session = smtp_create_session ();
  smtp_message_t message = smtp_add_message (session);
  smtp_recipient_t recipient;
  const smtp_status_t *status;
  FILE *file;
  int code;

  if (argc < 5 || argc > 6 || (file = fopen (argv[4], "rb")) == NULL)
    return EXIT_FAILURE;

  smtp_set_server (session, argv[1]);
  smtp_set_reverse_path (message, argv[2]);
  recipient = smtp_add_recipient (message, argv[3]);
  if (argc == 6 && strcmp (argv[5], "wishes") == 0)
    add_wishes (message, recipient);
  else if (argc == 6)
    smtp_deliverby_set_mode (message, 120, By_RETURN, 1);
  /* Lines end in CRLF already. */
  smtp_set_message_fp (message, file);
  smtp_8bitmime_set_body (message, E8bitmime_8BITMIME);

  if (!smtp_start_session (session))
    return fail ();

  printf ("MAIL: %d\n", smtp_reverse_path_status (message)->code);
  status = smtp_message_transfer_status (message);
  code = status->code;
  printf ("%d %s\n", code, status->text != NULL ? status->text : "");
  smtp_destroy_session (session);
  fclose (file);

  return code == 250 ? EXIT_SUCCESS : EXIT_FAILURE;
}
