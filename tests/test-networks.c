/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gio/gunixsocketaddress.h>

#include "smtp-networks.h"

static gboolean
matches (SmtpNetworks *networks,
         const char   *address)
{
  g_autoptr (GSocketAddress) parsed = g_inet_socket_address_new_from_string (address, 25);
  struct sockaddr_storage native;
  gboolean match = smtp_networks_match (networks, parsed);

  g_assert_true (g_socket_address_to_native (parsed, &native, sizeof native, NULL));
  g_assert_true (smtp_networks_match_native (networks, (struct sockaddr *) &native) == match);

  return match;
}

static SmtpNetworks *
new_networks (const char *a,
              const char *b)
{
  const char *texts[] = { a, b, NULL };
  g_autoptr (GError) error = NULL;
  SmtpNetworks *networks = smtp_networks_new (texts, &error);

  g_assert_no_error (error);

  return networks;
}

static void
test_match (void)
{
  SmtpNetworks *networks = new_networks ("192.0.2.0/25", "2001:db8::/32");
  SmtpNetworks *all = new_networks ("0.0.0.0/0", NULL);
  SmtpNetworks *all6 = new_networks ("::/0", NULL);

  g_assert_true (matches (networks, "192.0.2.1"));
  g_assert_true (matches (networks, "::ffff:192.0.2.127"));
  g_assert_false (matches (networks, "192.0.2.128"));
  g_assert_true (matches (networks, "2001:db8:ffff::1"));
  g_assert_false (matches (networks, "2001:db9::1"));
  g_assert_false (matches (networks, "127.0.0.1"));

  /* A network of one family has nobody of the other. */
  g_assert_true (matches (all, "::ffff:192.0.2.1"));
  g_assert_false (matches (all, "::1"));
  g_assert_false (matches (all6, "192.0.2.1"));
  g_assert_false (matches (all6, "::ffff:192.0.2.1"));
  g_assert_true (matches (all6, "::1"));

  smtp_networks_free (networks);
  smtp_networks_free (all);
  smtp_networks_free (all6);
}

static void
test_unix (void)
{
  SmtpNetworks *with = new_networks ("192.0.2.1", "unix");
  SmtpNetworks *without = new_networks ("192.0.2.1", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/run/x");
  struct sockaddr native = { .sa_family = AF_UNIX };
  struct sockaddr other = { .sa_family = AF_UNSPEC };

  g_assert_true (smtp_networks_match (with, address));
  g_assert_true (smtp_networks_match_native (with, &native));
  g_assert_false (smtp_networks_match (without, address));
  g_assert_false (smtp_networks_match_native (without, &native));

  g_assert_false (smtp_networks_match (with, NULL));
  g_assert_false (smtp_networks_match_native (with, &other));
  smtp_networks_free (with);
  smtp_networks_free (without);
}

static void
test_nobody (void)
{
  static const char * const none[] = { NULL };
  static const char * const bad[] = { "192.0.2.1", "localhost", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (smtp_networks_new (NULL, &error));
  g_assert_null (smtp_networks_new (none, &error));
  g_assert_no_error (error);
  g_assert_null (smtp_networks_peek (NULL));
  g_assert_false (matches (NULL, "127.0.0.1"));

  g_assert_null (smtp_networks_new (bad, &error));
  g_assert_nonnull (error);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/networks/match", test_match);
  g_test_add_func ("/networks/unix", test_unix);
  g_test_add_func ("/networks/nobody", test_nobody);

  return g_test_run ();
}
