/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-base64.h"

#define NOT_BASE64 64

static guint32
value_of (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  if (c == '+')
    return 62;

  return c == '/' ? 63 : NOT_BASE64;
}

/* How many octets the last four characters stand for. */
static gsize
count_last (const char *quad)
{
  if (quad[3] != '=')
    return 3;

  return quad[2] != '=' ? 2 : 1;
}

/* FALSE also for bits that belong to no octet and are not zero. */
static gboolean
decode_quad (const char *quad,
             gsize       n_octets,
             guint8     *octets)
{
  guint32 bits = 0;

  for (gsize i = 0; i < 4; i++)
    {
      guint32 value = i <= n_octets ? value_of (quad[i]) : 0;

      if (value == NOT_BASE64)
        return FALSE;
      bits = bits << 6 | value;
    }

  for (gsize i = 0; i < n_octets; i++)
    octets[i] = (bits >> (16 - 8 * i)) & 0xff;

  return n_octets == 3 || (bits & (0xffffffu >> (8 * n_octets)) & 0xffffffu) == 0;
}

gboolean
smtp_base64_decode (const char *text,
                    gsize       length,
                    guint8     *octets,
                    gsize      *n_octets)
{
  *n_octets = 0;

  if (length % 4 != 0)
    return FALSE;

  for (gsize i = 0; i < length; i += 4)
    {
      gsize n = i + 4 == length ? count_last (text + i) : 3;

      if (!decode_quad (text + i, n, octets + *n_octets))
        return FALSE;
      *n_octets += n;
    }

  return TRUE;
}
