/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * core-bench message|pipelined|noop N: a dialogue of N messages or commands through the core alone, without
 * a socket, for its instructions to be counted.
 */

#include <stdlib.h>
#include <string.h>

#include "dialogue/smtp-dialogue.h"
#include "handlers/smtp-sink-handler.h"

#define TEXT_SIZE 1008
#define ENVELOPE "MAIL FROM:<a@example.org>\r\n", "RCPT TO:<b@example.org>\r\n", "DATA\r\n"

static void
host_write (gpointer    data,
            const char *octets,
            gsize       size)
{
  if (*octets != '2' && *octets != '3')
    g_error ("%.*s", (int) size, octets);
}

static void
host_deadline (gpointer data,
               gint64   microseconds)
{
}

static void
host_nothing (gpointer data)
{
}

static const SmtpDialogueHost host = { host_write, host_deadline, host_nothing, host_nothing, host_nothing };

static void
feed (SmtpDialogue *dialogue,
      const char   *octets,
      gsize         size)
{
  guint budget = 1000;

  if (smtp_dialogue_input (dialogue, octets, size, &budget) != size)
    g_error ("Not all of it was taken");
}

int
main (int    argc,
      char **argv)
{
  static const char * const envelope[] = { ENVELOPE };
  g_autoptr (SmtpServer) server = g_object_new (SMTP_TYPE_SERVER, "max-junk-commands", 0, NULL);
  g_autoptr (SmtpHandler) sink = smtp_sink_handler_new ();
  g_autoptr (SmtpSession) session = smtp_session_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *whole = NULL;
  const char *mode = argc > 1 ? argv[1] : "message";
  SmtpDialogue *dialogue;
  guint n = argc > 2 ? (guint) atoi (argv[2]) : 1;

  for (guint i = 0; i < TEXT_SIZE / 72; i++)
    g_string_append_printf (text, "%070d\r\n", 0);
  g_string_append (text, ".\r\n");
  whole = g_strconcat (ENVELOPE, text->str, NULL);

  smtp_server_add_handler (server, sink);
  smtp_server_get_poller (server);
  dialogue = smtp_dialogue_new (server, session, &host, NULL);
  smtp_dialogue_start (dialogue);
  feed (dialogue, "EHLO bench.example\r\n", strlen ("EHLO bench.example\r\n"));

  for (guint i = 0; i < n; i++)
    {
      if (g_str_equal (mode, "noop"))
        feed (dialogue, "NOOP\r\n", strlen ("NOOP\r\n"));
      else if (g_str_equal (mode, "pipelined"))
        feed (dialogue, whole, strlen (whole));
      else
        {
          for (guint j = 0; j < G_N_ELEMENTS (envelope); j++)
            feed (dialogue, envelope[j], strlen (envelope[j]));
          feed (dialogue, text->str, text->len);
        }
    }

  smtp_dialogue_free (dialogue);

  return 0;
}
