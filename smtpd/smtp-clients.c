/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-clients.h"

#include <string.h>

#include <netinet/in.h>

#define MINUTE (60 * G_USEC_PER_SEC)
#define MAX_CLIENTS 65536

/* Addresses of IPv4 stand in a part of IPv6 that is not given out: 0:ffff::/32. */
#define IPV4_NETWORK G_GUINT64_CONSTANT (0x0000ffff00000000)

struct _SmtpClients
{
  GHashTable *table;   /* SmtpClient by its network */
  gint64      swept;
};

/* Not to be guessed by who chooses the networks. */
static guint
hash_network (gconstpointer network)
{
  static guint64 seed;

  if (seed == 0)
    seed = ((guint64) g_random_int () << 32) | g_random_int () | 1;

  return ((*(const guint64 *) network ^ seed) * (seed | G_GUINT64_CONSTANT (0x9e3779b97f4a7c15))) >> 32;
}

SmtpClients *
smtp_clients_new (void)
{
  SmtpClients *self = g_new0 (SmtpClients, 1);

  self->table = g_hash_table_new_full (hash_network, g_int64_equal, NULL, g_free);

  return self;
}

void
smtp_clients_free (SmtpClients *self)
{
  g_hash_table_unref (self->table);
  g_free (self);
}

static gboolean
is_stale (gpointer key,
          gpointer value,
          gpointer data)
{
  const SmtpClient *client = value;

  return client->n_open == 0 && *(const gint64 *) data - client->minute >= MINUTE;
}

static void
sweep (SmtpClients *self,
       gint64       now)
{
  if (now - self->swept < MINUTE)
    return;

  self->swept = now;
  g_hash_table_foreach_remove (self->table, is_stale, &now);
}

static gboolean
get_ipv4 (guint32   address,
          guint64  *network,
          gboolean *is_local)
{
  *network = IPV4_NETWORK | ntohl (address);
  *is_local = ntohl (address) >> 24 == 127;

  return TRUE;
}

/* FALSE for what has no address. */
static gboolean
get_network (const struct sockaddr *peer,
             guint64               *network,
             gboolean              *is_local)
{
  const struct in6_addr *address;

  if (peer->sa_family == AF_INET)
    return get_ipv4 (((const struct sockaddr_in *) (const void *) peer)->sin_addr.s_addr, network, is_local);
  if (peer->sa_family != AF_INET6)
    return FALSE;

  address = &((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED (address))
    {
      guint32 ipv4;

      memcpy (&ipv4, address->s6_addr + 12, sizeof ipv4);
      return get_ipv4 (ipv4, network, is_local);
    }

  memcpy (network, address->s6_addr, sizeof *network);
  *network = GUINT64_FROM_BE (*network);
  *is_local = IN6_IS_ADDR_LOOPBACK (address);

  return TRUE;
}

static SmtpClient *
ensure_client (SmtpClients *self,
               guint64      network,
               gint64       now)
{
  SmtpClient *client = g_hash_table_lookup (self->table, &network);

  if (client != NULL)
    return client;

  sweep (self, now);
  if (g_hash_table_size (self->table) >= MAX_CLIENTS)
    return NULL;

  client = g_new0 (SmtpClient, 1);
  client->network = network;
  client->minute = now;
  g_hash_table_insert (self->table, &client->network, client);

  return client;
}

SmtpClient *
smtp_clients_count (SmtpClients           *self,
                    const struct sockaddr *peer,
                    gboolean               with_local,
                    gint64                 now)
{
  SmtpClient *client;
  guint64 network;
  gboolean is_local;

  if (!get_network (peer, &network, &is_local) || (is_local && !with_local))
    return NULL;

  client = ensure_client (self, network, now);
  if (client == NULL)
    return NULL;

  if (now - client->minute >= MINUTE)
    {
      client->minute = now;
      client->n_new = 0;
    }
  client->n_new++;

  return client;
}

void
smtp_clients_open (SmtpClients *self,
                   SmtpClient  *client)
{
  client->n_open++;
}

void
smtp_clients_close (SmtpClients *self,
                    SmtpClient  *client)
{
  g_assert (client->n_open > 0);

  client->n_open--;
}

guint
smtp_clients_get_size (SmtpClients *self)
{
  return g_hash_table_size (self->table);
}
