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
  { "no field\r\nReceived: body\r\n", 0 },
  { "Received: a\r\nno field\r\nReceived: body\r\n", 1 },
};

/* What stands before the mark is the header. */
static const char * const headers[] =
{
  "|", "|\r\n", "|text", "|text\r\n", "|no field: x\r\n", "|: x\r\n", "|:\r\n", " :\r\n|\xc3\xa4:\r\n",
  "a:\r\n|", "a:|", "a: b\r\n|\r\na: b\r\n", "a : b\r\n|\r\n", "a \t:\r\n|\r\n", "a: b\n c\n|\n",
  "a: b\r\n c\r\n\td\r\n|\r\n", "A-1_!~: x\r\n|text\r\n", "a: b\r\n|a\r\n", "a: b\r\n|a \r\n", "a: b\r\n|a b: c\r\n",
  "a: b\r\n|\xc3\xa4: b\r\n", "a: \xc3\xa4\r\n|\x01:\r\n", "Received: a\r\nReceive: b\r\n|\r\n",
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

static void
test_size (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autoptr (GString) text = g_string_new (headers[i]);
      gsize expected = strchr (headers[i], '|') - headers[i];

      g_string_erase (text, expected, 1);
      for (gsize cut = 0; cut <= text->len; cut++)
        {
          SmtpHopCounter counter;

          smtp_hop_counter_init (&counter);
          smtp_hop_counter_feed (&counter, (const guint8 *) text->str, cut);
          smtp_hop_counter_feed (&counter, (const guint8 *) text->str + cut, text->len - cut);
          /* A last line that is not whole has not ended it. */
          if (counter.ended || counter.line == counter.size)
            g_assert_cmpuint (counter.size, ==, expected);
          else
            g_assert_cmpuint (counter.size, ==, text->len);
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/hop-counter/size", test_size);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/wire/hop-counter/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }

  return g_test_run ();
}
