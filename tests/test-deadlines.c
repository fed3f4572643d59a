/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long clients may take: slow ones in every phase, and one that does not read. */

#include <sys/socket.h>

#include "dialogue/smtp-pace.h"
#include "edge-fixture.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define STORE (10 * SECOND)

/* The pace, with a clock of its own. */

/* How long a client is let send @octets every @interval. */
static gint64
send_until_cut (gsize  octets,
                gint64 interval,
                guint  rate,
                gint64 end)
{
  SmtpPace pace = { 0 };
  gint64 now = SECOND;

  smtp_pace_feed (&pace, 0, rate, STORE, now);
  while (now < end)
    {
      now += interval;
      if (now > pace.deadline)
        return pace.deadline - SECOND;
      smtp_pace_feed (&pace, octets, rate, STORE, now);
    }

  return end;
}

static void
test_pace_kept (void)
{
  gint64 day = 24 * 3600 * SECOND;

  g_assert_cmpint (send_until_cut (100, SECOND, 100, day), ==, day);
  g_assert_cmpint (send_until_cut (800, 8 * SECOND, 100, day), ==, day);
  g_assert_cmpint (send_until_cut (1, SECOND / 100, 100, day / 24), ==, day / 24);

  /* In pieces of any size, at any time, as long as no pause is longer than the store. */
  for (guint n = 0; n < 100; n++)
    {
      guint rate = g_test_rand_int_range (1, 1000000);
      gint64 now = SECOND, sent = 0;
      SmtpPace pace = { 0 };

      smtp_pace_feed (&pace, 0, rate, STORE, now);
      for (guint i = 0; i < 1000; i++)
        {
          gint64 due;

          now += g_test_rand_int_range (0, STORE / 2);
          due = (now - SECOND) * rate / SECOND + 1;
          g_assert_cmpint (pace.deadline, >=, now);
          smtp_pace_feed (&pace, due - sent, rate, STORE, now);
          sent = due;
        }
    }
}

static void
test_pace_slow (void)
{
  gint64 day = 24 * 3600 * SECOND;

  /* One octet in a second, when it should be 100: a little more than the store. */
  g_assert_cmpint (send_until_cut (1, SECOND, 100, day), <=, STORE + STORE / 90);
  g_assert_cmpint (send_until_cut (1, SECOND, 100, day), >=, STORE);
  g_assert_cmpint (send_until_cut (50, SECOND, 100, day), <=, 2 * STORE);
  /* Silence, after however much. */
  g_assert_cmpint (send_until_cut (G_MAXSIZE, STORE + SECOND, 100, day), ==, STORE);
  /* Without a rate only silence counts. */
  g_assert_cmpint (send_until_cut (1, STORE - SECOND, 0, day), ==, day);
  g_assert_cmpint (send_until_cut (1, STORE + SECOND, 0, day), ==, STORE);
}

static void
test_pace_pause (void)
{
  SmtpPace pace = { 0 };

  /* It is not the client who is slow. */
  smtp_pace_pause (&pace, SECOND);
  g_assert_cmpint (pace.paused, ==, 0);
  smtp_pace_feed (&pace, 0, 100, STORE, SECOND);
  smtp_pace_pause (&pace, 6 * SECOND);
  smtp_pace_pause (&pace, 7 * SECOND);
  smtp_pace_feed (&pace, 0, 100, STORE, 1006 * SECOND);
  g_assert_cmpint (pace.deadline, ==, 1011 * SECOND);
  smtp_pace_end (&pace);
  g_assert_cmpint (pace.deadline, ==, 0);
}

/* On the wire */

static gboolean
has_ended (EdgeFixture *fixture,
           guint        n_left)
{
  return smtp_server_get_n_sessions (fixture->server) == n_left;
}

static void
pause_for (gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;

  do
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  while (g_get_monotonic_time () < end);
}

static void
set_up_short (EdgeFixture   *fixture,
              gconstpointer  data)
{
  edge_set_up (fixture, data);
  smtp_server_set_min_data_rate (fixture->server, 100000);
}

/* Sends @piece again and again until the server has had enough, while another client is served. */
static void
trickle (EdgeFixture *fixture,
         EdgeClient  *client,
         const char  *piece)
{
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;
  g_autoptr (EdgeClient) other = NULL;

  smtp_server_set_timeout (fixture->server, 300);
  other = edge_greet (fixture);
  while (strstr (client->input->str, "421 4.4.2 ") == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      smtp_server_set_timeout (fixture->server, 1);
      g_socket_send (client->socket, piece, strlen (piece), NULL, NULL);
      pause_for (SECOND / 50);
      /* That one is to wait for us, however busy the machine is. */
      smtp_server_set_timeout (fixture->server, 300);
      edge_say (other, "NOOP\r\n", "250");
      edge_read (client);
    }
}

static void
test_slow_command (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_timeout (fixture->server, 1);
  edge_say (client, "NOOP\r\n", "250");
  trickle (fixture, client, "X");
}

static void
test_slow_data (EdgeFixture   *fixture,
                gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_timeout (fixture->server, 1);
  edge_begin_message (client);
  trickle (fixture, client, "x");
  g_assert_cmpuint (fixture->taken, ==, 0);
}

static void
test_slow_chunk (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  smtp_server_set_timeout (fixture->server, 1);
  edge_send (client, "BDAT 1000000\r\n");
  pause_for (SECOND / 50);
  trickle (fixture, client, "x");
}

static void
test_small_chunks (EdgeFixture   *fixture,
                   gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
  trickle (fixture, client, "BDAT 1\r\nx");
}

/* Longer than the timeout, but at its rate. */
static void
test_steady (EdgeFixture   *fixture,
             gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);
  gint64 begin, last, longest = 0;

  smtp_server_set_min_data_rate (fixture->server, 1000);
  smtp_server_set_timeout (fixture->server, 2);
  edge_begin_message (client);
  begin = last = g_get_monotonic_time ();
  while (last - begin < 4 * SECOND && smtp_server_get_n_sessions (fixture->server) > 0)
    {
      g_socket_send (client->socket, "0123456789012345678901234567890123456789\r\n", 42, NULL, NULL);
      pause_for (SECOND / 50);
      longest = MAX (longest, g_get_monotonic_time () - last);
      last = g_get_monotonic_time ();
    }

  /* That is about 2000 octets in a second, if the machine has time for us. */
  if (longest > SECOND / 30)
    {
      g_test_skip ("the machine is busy");
      return;
    }
  edge_say (client, "\r\n.\r\n", "250");
  g_assert_cmpuint (fixture->taken, ==, 1);
}

/* A client that does not read. */
static void
test_deaf (EdgeFixture   *fixture,
           gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);
  g_autoptr (EdgeClient) other = NULL;
  g_autoptr (GString) commands = g_string_new (NULL);
  gint64 deadline = g_get_monotonic_time () + EDGE_PATIENCE;

  smtp_server_set_timeout (fixture->server, 0);
  smtp_server_set_write_timeout (fixture->server, 1);
  g_socket_set_option (client->socket, SOL_SOCKET, SO_RCVBUF, 4096, NULL);
  for (guint i = 0; i < 1000; i++)
    g_string_append (commands, "NOOP\r\n");

  other = edge_greet (fixture);
  while (!has_ended (fixture, 1))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_socket_send (client->socket, commands->str, commands->len, NULL, NULL);
      edge_say (other, "NOOP\r\n", "250");
    }
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void      (*func) (EdgeFixture *fixture, gconstpointer data);
  } tests[] =
  {
    { "/deadlines/slow/command", test_slow_command },
    { "/deadlines/slow/data", test_slow_data },
    { "/deadlines/slow/chunk", test_slow_chunk },
    { "/deadlines/slow/chunks", test_small_chunks },
    { "/deadlines/steady", test_steady },
    { "/deadlines/deaf", test_deaf },
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/deadlines/pace/kept", test_pace_kept);
  g_test_add_func ("/deadlines/pace/slow", test_pace_slow);
  g_test_add_func ("/deadlines/pace/pause", test_pace_pause);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, set_up_short, tests[i].func, edge_tear_down);

  return g_test_run ();
}
