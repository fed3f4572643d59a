/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-networks.h"

#include <netinet/in.h>
#include <string.h>

#define UNIX_WORD "unix"

struct _SmtpNetworks
{
  char **texts;
  GPtrArray *masks;   /* GInetAddressMask */
  gboolean has_unix;
};

SmtpNetworks *
smtp_networks_new (const char * const  *networks,
                   GError             **error)
{
  SmtpNetworks *self;

  if (networks == NULL || networks[0] == NULL)
    return NULL;

  self = g_new0 (SmtpNetworks, 1);
  self->texts = g_strdupv ((char **) networks);
  self->masks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; networks[i] != NULL; i++)
    {
      GInetAddressMask *mask;

      if (strcmp (networks[i], UNIX_WORD) == 0)
        {
          self->has_unix = TRUE;
          continue;
        }

      mask = g_inet_address_mask_new_from_string (networks[i], error);
      if (mask == NULL)
        {
          smtp_networks_free (self);
          return NULL;
        }
      g_ptr_array_add (self->masks, mask);
    }

  return self;
}

void
smtp_networks_free (SmtpNetworks *self)
{
  if (self == NULL)
    return;

  g_strfreev (self->texts);
  g_ptr_array_unref (self->masks);
  g_free (self);
}

const char * const *
smtp_networks_peek (SmtpNetworks *self)
{
  return self != NULL ? (const char * const *) self->texts : NULL;
}

static GInetAddress *
new_inet6 (const guint8 *octets)
{
  struct in6_addr address;

  memcpy (&address, octets, sizeof address);
  if (IN6_IS_ADDR_V4MAPPED (&address))
    return g_inet_address_new_from_bytes (octets + 12, G_SOCKET_FAMILY_IPV4);

  return g_inet_address_new_from_bytes (octets, G_SOCKET_FAMILY_IPV6);
}

GInetAddress *
smtp_networks_dup_inet (GSocketAddress *address)
{
  GInetAddress *inet;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;

  inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  if (g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6)
    return new_inet6 (g_inet_address_to_bytes (inet));

  return g_object_ref (inet);
}

static gboolean
match_inet (SmtpNetworks *self,
            GInetAddress *address)
{
  for (guint i = 0; i < self->masks->len; i++)
    {
      if (g_inet_address_mask_matches (g_ptr_array_index (self->masks, i), address))
        return TRUE;
    }

  return FALSE;
}

gboolean
smtp_networks_match (SmtpNetworks   *self,
                     GSocketAddress *address)
{
  g_autoptr (GInetAddress) inet = NULL;

  if (self == NULL || address == NULL)
    return FALSE;
  if (g_socket_address_get_family (address) == G_SOCKET_FAMILY_UNIX)
    return self->has_unix;

  inet = smtp_networks_dup_inet (address);

  return inet != NULL && match_inet (self, inet);
}

gboolean
smtp_networks_match_native (SmtpNetworks          *self,
                            const struct sockaddr *address)
{
  g_autoptr (GInetAddress) inet = NULL;

  if (self == NULL)
    return FALSE;
  if (address->sa_family == AF_UNIX)
    return self->has_unix;

  if (address->sa_family == AF_INET)
    inet = g_inet_address_new_from_bytes ((const guint8 *) &((const struct sockaddr_in *) (const void *) address)->sin_addr,
                                          G_SOCKET_FAMILY_IPV4);
  else if (address->sa_family == AF_INET6)
    inet = new_inet6 (((const struct sockaddr_in6 *) (const void *) address)->sin6_addr.s6_addr);

  return inet != NULL && match_inet (self, inet);
}
