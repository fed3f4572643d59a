/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends a file by libesmtp: HOST:PORT SENDER RECIPIENT FILE [wishes] [in-time] [starttls] [USER:PASSWORD]. With
 * "wishes" it asks for reports, with "in-time" for delivery in two minutes, if the server knows of such things. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <auth-client.h>
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

/* The certificate is the test's own. */
static void
on_event (smtp_session_t session,
          int            event,
          void          *data,
          ...)
{
  va_list arguments;

  va_start (arguments, data);
  if (event == SMTP_EV_INVALID_PEER_CERTIFICATE)
    {
      (void) va_arg (arguments, long);
      *va_arg (arguments, int *) = 1;
    }
  else if (event == SMTP_EV_WRONG_PEER_CERTIFICATE || event == SMTP_EV_NO_PEER_CERTIFICATE ||
           event == SMTP_EV_NO_CLIENT_CERTIFICATE || event == SMTP_EV_UNUSABLE_CLIENT_CERTIFICATE)
    *va_arg (arguments, int *) = 1;
  va_end (arguments);
}

/* @data: the name, and behind its NUL the password. */
static int
answer (auth_client_request_t   request,
        char                  **result,
        int                     n,
        void                   *data)
{
  char *user = data;

  for (int i = 0; i < n; i++)
    {
      if (request[i].flags & AUTH_USER)
        result[i] = user;
      else if (request[i].flags & AUTH_PASS)
        result[i] = user + strlen (user) + 1;
    }

  return 1;
}

static void
log_in (smtp_session_t  session,
        auth_context_t  context,
        char           *user)
{
  *strchr (user, ':') = '\0';
  auth_set_mechanism_flags (context, AUTH_PLUGIN_PLAIN, 0);
  auth_set_interact_cb (context, answer, user);
  smtp_auth_set_context (session, context);
}

int
main (int    argc,
      char **argv)
{
  smtp_session_t session = smtp_create_session ();
  smtp_message_t message = smtp_add_message (session);
  smtp_recipient_t recipient;
  auth_context_t context;
  const smtp_status_t *status;
  FILE *file;
  int code;

  if (argc < 5 || (file = fopen (argv[4], "rb")) == NULL)
    return EXIT_FAILURE;

  auth_client_init ();
  context = auth_create_context ();
  smtp_set_server (session, argv[1]);
  smtp_set_reverse_path (message, argv[2]);
  recipient = smtp_add_recipient (message, argv[3]);
  for (int i = 5; i < argc; i++)
    {
      if (strcmp (argv[i], "wishes") == 0)
        add_wishes (message, recipient);
      else if (strcmp (argv[i], "in-time") == 0)
        smtp_deliverby_set_mode (message, 120, By_RETURN, 1);
      else if (strcmp (argv[i], "starttls") == 0)
        smtp_starttls_enable (session, Starttls_REQUIRED);
      else
        log_in (session, context, argv[i]);
    }
  smtp_set_eventcb (session, on_event, NULL);
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
  auth_destroy_context (context);
  auth_client_exit ();
  fclose (file);

  return code == 250 ? EXIT_SUCCESS : EXIT_FAILURE;
}
