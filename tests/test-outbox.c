/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What waits for the client to read it. */

#include "dialogue/smtp-outbox.h"

#include "narrow-transport.h"

static void
on_time_over (SmtpTimer *timer)
{
}

/* A client that reads, but never all there is, has all that was meant for it in the end, and what it has
 * read is not kept. */
static void
test_never_empty (void)
{
  SmtpPoller *poller = smtp_poller_new (NULL);
  Narrow *narrow = narrow_new (poller, 0);
  SmtpOutbox outbox;
  char octets[1000];
  gsize n_sent = 0;

  smtp_outbox_init (&outbox, poller, on_time_over);
  for (guint i = 0; i < 5000; i++)
    {
      memset (octets, 'a' + i % 26, sizeof octets);
      smtp_outbox_add (&outbox, octets, sizeof octets);
      narrow->room = i == 0 ? sizeof octets - 1 : sizeof octets;
      g_assert_true (smtp_outbox_flush (&outbox, &narrow->parent, 0, &n_sent));
      g_assert_false (smtp_outbox_is_empty (&outbox));
    }
  g_assert_cmpuint (outbox.room, <, 64 * sizeof octets);

  narrow->room = G_MAXSIZE;
  g_assert_true (smtp_outbox_flush (&outbox, &narrow->parent, 0, &n_sent));
  g_assert_true (smtp_outbox_is_empty (&outbox));
  g_assert_cmpuint (narrow->output->len, ==, 5000 * sizeof octets);
  for (guint i = 0; i < narrow->output->len; i++)
    g_assert_cmpint (narrow->output->data[i], ==, 'a' + i / sizeof octets % 26);

  smtp_outbox_clear (&outbox);
  smtp_transport_free (&narrow->parent);
  smtp_poller_unref (poller);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/outbox/never-empty", test_never_empty);

  return g_test_run ();
}
