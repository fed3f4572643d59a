/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The PROXY header: a header is found at the same place however the stream is cut, what follows it changes
 * nothing, and slices stay within it. */

#include <stdint.h>
#include <string.h>

#include "transport/smtp-proxy-header.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
check_slice (SmtpProxySlice  slice,
             const guint8   *data,
             gsize           length)
{
  if (slice.data == NULL)
    g_assert (slice.size == 0);
  else
    g_assert (slice.data >= data && slice.size <= length && slice.data - data <= (gssize) (length - slice.size));
}

static void
check_header (const SmtpProxyHeader *header,
              const guint8          *data,
              gsize                  length)
{
  g_assert (header->version == 1 || header->version == 2);
  g_assert (length <= SMTP_PROXY_HEADER_MAX);
  g_assert (header->version == 2 || length <= SMTP_PROXY_HEADER_V1_MAX);
  g_assert (header->source.any.sa_family == header->destination.any.sa_family);
  g_assert (!header->is_local || header->source.any.sa_family == AF_UNSPEC);

  check_slice (header->tlvs, data, length);
  check_slice (header->ssl_tlvs, data, length);
  for (guint type = 0; type < SMTP_PROXY_N_TYPES; type++)
    {
      check_slice (smtp_proxy_header_find_tlv (header->tlvs, (guint8) type), data, length);
      check_slice (smtp_proxy_header_find_tlv (header->ssl_tlvs, (guint8) type), data, length);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  SmtpProxyHeader whole, part;
  gsize length, part_length;
  SmtpProxyHeaderStatus status = smtp_proxy_header_parse (data, size, &whole, &length);

  if (status == SMTP_PROXY_HEADER_OK)
    {
      g_assert (length > 0 && length <= size);
      check_header (&whole, data, length);
    }
  /* There is an end to all patience. */
  g_assert (status != SMTP_PROXY_HEADER_MORE || size < SMTP_PROXY_HEADER_MAX);

  for (gsize cut = 0; cut < MIN (size, 512); cut++)
    {
      /* Of its very own size, for ASan to see a read beyond it. */
      g_autofree guint8 *copy = g_memdup2 (data, cut);
      SmtpProxyHeaderStatus cut_status = smtp_proxy_header_parse (copy, cut, &part, &part_length);

      if (cut_status == SMTP_PROXY_HEADER_BAD)
        g_assert (status == SMTP_PROXY_HEADER_BAD);
      else if (cut_status == SMTP_PROXY_HEADER_OK)
        g_assert (status == SMTP_PROXY_HEADER_OK && part_length == length && cut >= length);
      else
        g_assert (status != SMTP_PROXY_HEADER_OK || cut < length);
    }

  return 0;
}
