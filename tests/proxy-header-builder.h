/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PROXY headers of version 2 for tests. */

#pragma once

#include <arpa/inet.h>
#include <string.h>

#include <glib.h>

#include "transport/smtp-proxy-header.h"

/* Without a body. */
static inline GByteArray *
proxy_v2_new (guint8 command,
              guint8 family)
{
  GByteArray *octets = g_byte_array_new ();
  const guint8 rest[] = { command, family, 0, 0 };

  g_byte_array_append (octets, (const guint8 *) "\r\n\r\n\0\r\nQUIT\n", 12);
  g_byte_array_append (octets, rest, sizeof rest);

  return octets;
}

static inline void
proxy_v2_append (GByteArray *octets,
                 const void *data,
                 gsize       size)
{
  g_byte_array_append (octets, data, (guint) size);
  octets->data[14] = (guint8) ((octets->len - 16) >> 8);
  octets->data[15] = (guint8) (octets->len - 16);
}

static inline void
proxy_append_tlv (GByteArray *octets,
                  guint8      type,
                  const void *data,
                  gsize       size)
{
  const guint8 head[] = { type, (guint8) (size >> 8), (guint8) size };

  g_byte_array_append (octets, head, sizeof head);
  g_byte_array_append (octets, data, (guint) size);
}

static inline void
proxy_v2_append_tlv (GByteArray *octets,
                     guint8      type,
                     const void *data,
                     gsize       size)
{
  proxy_append_tlv (octets, type, data, size);
  proxy_v2_append (octets, NULL, 0);
}

static inline GByteArray *
proxy_v2_inet (const char *source,
               guint16     source_port,
               const char *destination,
               guint16     destination_port)
{
  int family = strchr (source, ':') != NULL ? AF_INET6 : AF_INET;
  GByteArray *octets = proxy_v2_new (0x21, family == AF_INET ? 0x11 : 0x21);
  gsize size = family == AF_INET ? 4 : 16;
  guint8 address[16];

  g_assert_cmpint (inet_pton (family, source, address), ==, 1);
  proxy_v2_append (octets, address, size);
  g_assert_cmpint (inet_pton (family, destination, address), ==, 1);
  proxy_v2_append (octets, address, size);
  source_port = htons (source_port);
  destination_port = htons (destination_port);
  proxy_v2_append (octets, &source_port, 2);
  proxy_v2_append (octets, &destination_port, 2);

  return octets;
}

/* @offset is where the value of its TLV is, which must be zeros. */
static inline void
proxy_v2_set_crc (GByteArray *octets,
                  gsize       offset)
{
  guint32 sum = htonl (smtp_proxy_crc32c (0, octets->data, octets->len));

  memcpy (octets->data + offset, &sum, sizeof sum);
}

static inline GByteArray *
proxy_ssl_new (guint8  client,
               guint32 verify)
{
  GByteArray *octets = g_byte_array_new ();

  verify = htonl (verify);
  g_byte_array_append (octets, &client, 1);
  g_byte_array_append (octets, (const guint8 *) &verify, 4);

  return octets;
}
