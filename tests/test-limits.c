/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How many clients, recipients, messages. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "edge-fixture.h"
#include "smtp-clients.h"

#define SECOND G_USEC_PER_SEC

/* The count of clients, with a clock of its own. */

static SmtpClient *
count (SmtpClients *clients,
       const char  *address,
       gboolean     with_local,
       gint64       now)
{
  g_autoptr (GSocketAddress) parsed = g_inet_socket_address_new_from_string (address, 25);
  struct sockaddr_storage native;

  g_assert_true (g_socket_address_to_native (parsed, &native, sizeof native, NULL));

  return smtp_clients_count (clients, (struct sockaddr *) &native, with_local, now);
}

static void
test_networks (void)
{
  static const struct
  {
    const char *a;
    const char *b;
    gboolean    same;
  } pairs[] =
  {
    { "192.0.2.1", "192.0.2.1", TRUE },
    { "192.0.2.1", "192.0.2.2", FALSE },
    { "192.0.2.1", "::ffff:192.0.2.1", TRUE },
    { "2001:db8::1", "2001:db8::1", TRUE },
    { "2001:db8::1", "2001:db8::ffff:2", TRUE },
    { "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", TRUE },
    { "2001:db8:0:1::1", "2001:db8:0:2::1", FALSE },
    { "192.0.2.1", "2001:db8::1", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      SmtpClients *clients = smtp_clients_new ();
      SmtpClient *a = count (clients, pairs[i].a, FALSE, SECOND);
      SmtpClient *b = count (clients, pairs[i].b, FALSE, SECOND);

      g_assert_true ((a == b) == pairs[i].same);
      g_assert_cmpuint (a->n_new, ==, pairs[i].same ? 2 : 1);
      smtp_clients_free (clients);
    }
}

static void
test_local (void)
{
  static const char *addresses[] = { "127.0.0.1", "127.200.3.4", "::1", "::ffff:127.0.0.1" };
  SmtpClients *clients = smtp_clients_new ();
  struct sockaddr unix_address = { .sa_family = AF_UNIX };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_assert_null (count (clients, addresses[i], FALSE, SECOND));
      g_assert_nonnull (count (clients, addresses[i], TRUE, SECOND));
    }
  g_assert_null (smtp_clients_count (clients, &unix_address, TRUE, SECOND));
  smtp_clients_free (clients);
}

static void
test_minutes (void)
{
  SmtpClients *clients = smtp_clients_new ();
  SmtpClient *client;

  for (guint i = 1; i <= 10; i++)
    g_assert_cmpuint (count (clients, "192.0.2.1", FALSE, SECOND * i)->n_new, ==, i);
  g_assert_cmpuint (count (clients, "192.0.2.1", FALSE, SECOND * 62)->n_new, ==, 1);

  /* Who has a connection is not forgotten, who has not is. */
  client = count (clients, "192.0.2.2", FALSE, SECOND * 62);
  smtp_clients_open (clients, client);
  g_assert_cmpuint (smtp_clients_get_size (clients), ==, 2);
  count (clients, "192.0.2.3", FALSE, SECOND * 200);
  g_assert_cmpuint (smtp_clients_get_size (clients), ==, 2);
  g_assert_true (count (clients, "192.0.2.2", FALSE, SECOND * 200) == client);
  smtp_clients_close (clients, client);
  count (clients, "192.0.2.4", FALSE, SECOND * 400);
  g_assert_cmpuint (smtp_clients_get_size (clients), ==, 1);
  smtp_clients_free (clients);
}

/* More addresses than can be counted take no more memory. */
static void
test_flood (void)
{
  SmtpClients *clients = smtp_clients_new ();
  struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

  for (guint32 i = 0; i < 200000; i++)
    {
      guint32 network = htonl (i);

      memcpy (address.sin6_addr.s6_addr + 4, &network, sizeof network);
      address.sin6_addr.s6_addr[0] = 0x20;
      smtp_clients_count (clients, (struct sockaddr *) &address, FALSE, SECOND);
    }
  g_assert_cmpuint (smtp_clients_get_size (clients), ==, 65536);

  g_assert_nonnull (count (clients, "192.0.2.1", FALSE, SECOND * 100));
  g_assert_cmpuint (smtp_clients_get_size (clients), ==, 1);
  smtp_clients_free (clients);
}

/* On the wire */

static void
expect_refusal (EdgeFixture *fixture,
                const char  *code)
{
  g_autoptr (EdgeClient) client = edge_connect (fixture);

  edge_expect (client, code);
  edge_expect_end (client);
}

static void
test_connections (EdgeFixture   *fixture,
                  gconstpointer  data)
{
  EdgeClient *first, *second;

  smtp_server_set_max_connections (fixture->server, 2);
  first = edge_greet (fixture);
  second = edge_greet (fixture);
  expect_refusal (fixture, "421 4.3.2");
  expect_refusal (fixture, "421 4.3.2");

  edge_client_free (first);
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 1);
  first = edge_greet (fixture);
  edge_say (second, "NOOP\r\n", "250");
  edge_client_free (first);
  edge_client_free (second);
}

static void
test_per_client (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  smtp_server_set_max_connections_per_client (fixture->server, 1);

  /* Not for who is on the same machine, */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (EdgeClient) first = edge_greet (fixture);
      g_autoptr (EdgeClient) second = edge_greet (fixture);
    }
  edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);

  /* unless that is wanted. */
  smtp_server_set_limit_local (fixture->server, TRUE);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (EdgeClient) first = edge_greet (fixture);

      expect_refusal (fixture, "421 4.7.0");
      edge_say (first, "QUIT\r\n", "221");
      g_clear_pointer (&first, edge_client_free);
      edge_wait_for (smtp_server_get_n_sessions (fixture->server) == 0);
    }

  /* A drain lets go of those that it ends, too. */
  for (guint i = 1; i <= 2; i++)
    {
      g_autoptr (EdgeClient) client = edge_greet (fixture);

      edge_begin_message (client);
      smtp_server_drain (fixture->server, 0);
      edge_wait_for (fixture->drained == i);
      edge_listen (fixture);
    }
}

static void
test_rate (EdgeFixture   *fixture,
           gconstpointer  data)
{
  smtp_server_set_limit_local (fixture->server, TRUE);
  smtp_server_set_max_connection_rate (fixture->server, 5);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (EdgeClient) client = edge_greet (fixture);
    }
  expect_refusal (fixture, "421 4.7.0");
  expect_refusal (fixture, "421 4.7.0");
}

static void
test_recipients (EdgeFixture   *fixture,
                 gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_max_recipients (fixture->server, 3);
  for (guint n = 0; n < 2; n++)
    {
      edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
      for (guint i = 0; i < 3; i++)
        edge_say (client, "RCPT TO:<b@example.org>\r\n", "250");
      /* However often: it is no mistake. */
      for (guint i = 0; i < 50; i++)
        edge_say (client, "RCPT TO:<b@example.org>\r\n", "452 4.5.3");
      edge_say (client, "RCPT TO:<b@example.org\r\n", "501");
      edge_say (client, "DATA\r\n", "354");
      edge_say (client, "x\r\n.\r\n", "250");
    }
  g_assert_cmpuint (fixture->taken, ==, 2);
}

static void
test_messages (EdgeFixture   *fixture,
               gconstpointer  data)
{
  g_autoptr (EdgeClient) client = edge_greet (fixture);

  smtp_server_set_max_messages (fixture->server, 3);
  for (guint i = 0; i < 3; i++)
    {
      edge_say (client, "MAIL FROM:<a@example.org>\r\n", "250");
      edge_say (client, "RSET\r\n", "250");
      edge_begin_message (client);
      edge_say (client, "x\r\n.\r\n", "250");
    }
  edge_say (client, "NOOP\r\n", "250");
  edge_say (client, "MAIL FROM:<a@example.org>\r\n", "421 4.7.0");
  edge_expect_end (client);
  g_assert_cmpuint (fixture->taken, ==, 3);
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
    { "/limits/connections", test_connections },
    { "/limits/per-client", test_per_client },
    { "/limits/rate", test_rate },
    { "/limits/recipients", test_recipients },
    { "/limits/messages", test_messages },
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/limits/clients/networks", test_networks);
  g_test_add_func ("/limits/clients/local", test_local);
  g_test_add_func ("/limits/clients/minutes", test_minutes);
  g_test_add_func ("/limits/clients/flood", test_flood);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, EdgeFixture, NULL, edge_set_up, tests[i].func, edge_tear_down);

  return g_test_run ();
}
