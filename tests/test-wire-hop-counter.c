/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "wire/smtp-hop-counter.h"

static const struct
{
  const char *text;
  guint n_hops;
} cases[] =
{
  { "", 0 },
  { "\r\n", 0 },
  { "Received: a\r\n", 1 },
  { "Received: a\r\n\tfor b\r\nreceived:c\r\nRECEIVED:\r\n\r\nReceived: body\r\n", 3 },
  { "\r\nReceived: body\r\n", 0 },
  { "Subject: Received:\r\n", 0 },
  { " Received: folded\r\n", 0 },
  { "Received : no\r\nReceivedx: no\r\nX-Received: no\r\nReceive", 0 },
  { "Received", 0 },
  { "Received: a\n\nReceived: body\n", 1 },
  { "rReceived: no\r\nRReceived:\r\n", 0 },
};

static void
test_case (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  const guint8 *text = (const guint8 *) cases[i].text;
  gsize size = strlen (cases[i].text);

  for (gsize cut = 0; cut <= size; cut++)
    {
      SmtpHopCounter counter;

      smtp_hop_counter_init (&counter);
      smtp_hop_counter_feed (&counter, text, cut);
      smtp_hop_counter_feed (&counter, text + cut, size - cut);
      g_assert_cmpuint (counter.n_hops, ==, cases[i].n_hops);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/wire/hop-counter/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }

  return g_test_run ();
}
