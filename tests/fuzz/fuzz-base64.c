/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Base64 and xtext: what is taken is what encoding gives back, and nothing is written beyond its end. */

#include <stdint.h>
#include <string.h>

#include "wire/smtp-base64.h"
#include "wire/smtp-xtext.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
try_base64 (const char *text,
            gsize       length)
{
  gsize room = SMTP_BASE64_DECODED_MAX (length), n_octets;
  g_autofree guint8 *octets = g_malloc (MAX (room, 1));
  g_autofree char *encoded = NULL;

  if (!smtp_base64_decode (text, length, octets, &n_octets))
    return;

  g_assert (n_octets <= room);
  encoded = n_octets > 0 ? g_base64_encode (octets, n_octets) : g_strdup ("");
  g_assert (strlen (encoded) == length);
  g_assert (length == 0 || memcmp (encoded, text, length) == 0);
}

static void
try_xtext (const char *text,
           gsize       length)
{
  g_autofree char *decoded = g_malloc (length + 1);
  g_autofree char *in_place = g_memdup2 (text, length);

  if (!smtp_xtext_decode (text, length, decoded))
    return;

  g_assert (strlen (decoded) <= length);
  for (const char *p = decoded; *p != '\0'; p++)
    g_assert (*p >= 0x20 && *p <= 0x7e);

  in_place = g_realloc (in_place, length + 1);
  g_assert (smtp_xtext_decode (in_place, length, in_place));
  g_assert (g_str_equal (in_place, decoded));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  /* Of its very own size, for ASan to see a read beyond it. */
  g_autofree char *text = g_memdup2 (data, size);

  try_base64 (text, size);
  try_xtext (text, size);

  return 0;
}
