/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The smallest server: it takes all mail and throws it away. A controller runs it in a thread of its own,
 * so that the program needs no main loop.
 *
 * usage: sink [ADDRESS]        (default: localhost:8025)
 */

#include <signal.h>
#include <smtpd/smtpd.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
  g_autoptr (SmtpController) controller = smtp_controller_new (server);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL;
  sigset_t ends;
  int number;

  /* Threads inherit what is blocked, so this comes before there are any. */
  sigemptyset (&ends);
  sigaddset (&ends, SIGINT);
  sigaddset (&ends, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &ends, NULL);

  smtp_server_add_handler (server, sink);
  smtp_controller_add_address (controller, argc > 1 ? argv[1] : "localhost:8025", SMTP_LISTENER_KIND_SMTP);
  if (!smtp_controller_start (controller, &error))
    {
      g_printerr ("%s: %s\n", argv[0], error->message);
      return 1;
    }
  addresses = smtp_controller_dup_addresses (controller);
  for (guint i = 0; addresses[i] != NULL; i++)
    g_print ("listening on %s\n", addresses[i]);

  sigwait (&ends, &number);
  smtp_controller_stop (controller);

  return 0;
}
