/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-proxy-reader.h"

#include <string.h>

#include "smtp-proxy-info-private.h"

/* "PROXY UNKNOWN" and CRLF is the shortest of all headers. */
#define SHORTEST 15
#define FIXED_V2_LENGTH 16

/* What is still to come at least of a header that begins with these octets. */
static gsize
count_missing (const guint8 *data,
               gsize         size)
{
  if (size < SHORTEST)
    return SHORTEST - size;

  if (data[0] == 'P')
    return data[size - 1] == '\r' ? 1 : strlen ("\r\n");

  if (size < FIXED_V2_LENGTH)
    return FIXED_V2_LENGTH - size;

  return FIXED_V2_LENGTH + ((gsize) data[14] << 8 | data[15]) - size;
}

SmtpProxyReaderStatus
smtp_proxy_reader_read (SmtpTransport  *transport,
                        char           *buffer,
                        gsize          *kept,
                        gboolean        exactly,
                        SmtpProxyInfo **info)
{
  while (TRUE)
    {
      SmtpProxyHeader header;
      SmtpProxyHeaderStatus status;
      gsize length, room;
      gssize n;

      status = smtp_proxy_header_parse ((const guint8 *) buffer, *kept, &header, &length);
      if (status == SMTP_PROXY_HEADER_BAD)
        return SMTP_PROXY_READER_FAILED;
      if (status == SMTP_PROXY_HEADER_OK)
        {
          *info = smtp_proxy_info_new (&header);
          *kept -= length;
          memmove (buffer, buffer + length, *kept);
          return SMTP_PROXY_READER_DONE;
        }

      /* The parser asks for no more than there is room for. */
      room = exactly ? count_missing ((const guint8 *) buffer, *kept) : SMTP_PROXY_HEADER_MAX - *kept;
      n = smtp_transport_read (transport, buffer + *kept, room);
      if (n == SMTP_TRANSPORT_AGAIN)
        return SMTP_PROXY_READER_AGAIN;
      if (n <= 0)
        return SMTP_PROXY_READER_FAILED;
      *kept += (gsize) n;
    }
}
