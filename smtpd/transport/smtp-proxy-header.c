/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-proxy-header.h"

#include <arpa/inet.h>
#include <string.h>

static const char signature_v1[] = "PROXY ";
static const char signature_v2[] = "\r\n\r\n\0\r\nQUIT\n";

#define SIGNATURE_V2_LENGTH 12
#define FIXED_V2_LENGTH 16
#define TLV_HEAD_LENGTH 3
#define SSL_HEAD_LENGTH 5
#define CRC_LENGTH 4
#define UNIQUE_ID_MAX 128
#define UNIX_PATH_LENGTH 108

G_STATIC_ASSERT (sizeof ((struct sockaddr_un *) NULL)->sun_path == UNIX_PATH_LENGTH);
G_STATIC_ASSERT (sizeof signature_v2 - 1 == SIGNATURE_V2_LENGTH);

/* Version 1 */

/* Takes the next word of a line off its front, up to the one space that must be there, or to the end. */
static gboolean
next_word (const char **line,
           char        *word,
           gsize        room,
           gboolean     is_last)
{
  const char *end = strchr (*line, ' ');
  gsize length;

  if ((end == NULL) != is_last)
    return FALSE;

  length = is_last ? strlen (*line) : (gsize) (end - *line);
  if (length == 0 || length >= room)
    return FALSE;

  memcpy (word, *line, length);
  word[length] = '\0';
  *line += length + (is_last ? 0 : 1);

  return TRUE;
}

/* Decimal, without leading zeros. */
static gboolean
parse_port (const char *word,
            in_port_t  *port)
{
  guint number = 0;

  if (strlen (word) > 5 || (word[0] == '0' && word[1] != '\0'))
    return FALSE;

  for (const char *p = word; *p != '\0'; p++)
    {
      if (!g_ascii_isdigit (*p))
        return FALSE;
      number = 10 * number + (guint) (*p - '0');
    }
  *port = htons ((guint16) number);

  return number <= G_MAXUINT16;
}

static gboolean
parse_address (const char       *word,
               int               family,
               SmtpProxyAddress *address)
{
  address->any.sa_family = (sa_family_t) family;

  if (family == AF_INET)
    return inet_pton (AF_INET, word, &address->inet.sin_addr) == 1;

  return inet_pton (AF_INET6, word, &address->inet6.sin6_addr) == 1;
}

static void
set_port (SmtpProxyAddress *address,
          in_port_t         port)
{
  if (address->any.sa_family == AF_INET)
    address->inet.sin_port = port;
  else
    address->inet6.sin6_port = port;
}

/* What stands behind "PROXY ", without the CRLF. */
static gboolean
parse_line (const char      *line,
            SmtpProxyHeader *header)
{
  char word[INET6_ADDRSTRLEN];
  in_port_t source_port, destination_port;
  int family;

  /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): behind the prefix is at least the end. */
  if (g_str_has_prefix (line, "UNKNOWN") && (line[7] == '\0' || line[7] == ' '))
    return TRUE;

  if (!next_word (&line, word, sizeof word, FALSE))
    return FALSE;
  if (strcmp (word, "TCP4") == 0)
    family = AF_INET;
  else if (strcmp (word, "TCP6") == 0)
    family = AF_INET6;
  else
    return FALSE;

  if (!next_word (&line, word, sizeof word, FALSE) || !parse_address (word, family, &header->source) ||
      !next_word (&line, word, sizeof word, FALSE) || !parse_address (word, family, &header->destination) ||
      !next_word (&line, word, sizeof word, FALSE) || !parse_port (word, &source_port) ||
      !next_word (&line, word, sizeof word, TRUE) || !parse_port (word, &destination_port))
    return FALSE;

  set_port (&header->source, source_port);
  set_port (&header->destination, destination_port);

  return TRUE;
}

static SmtpProxyHeaderStatus
parse_v1 (const guint8    *data,
          gsize            size,
          SmtpProxyHeader *header,
          gsize           *length)
{
  char line[SMTP_PROXY_HEADER_V1_MAX];
  gsize n = 0;

  while (n < MIN (size, SMTP_PROXY_HEADER_V1_MAX) && data[n] != '\r')
    {
      /* The end is CRLF, and an LF alone is none; there is nothing else to be controlled here. */
      if (data[n] < 0x20 || data[n] > 0x7e)
        return SMTP_PROXY_HEADER_BAD;
      line[n] = (char) data[n];
      n++;
    }

  if (n + 2 > SMTP_PROXY_HEADER_V1_MAX || (n + 1 < size && data[n + 1] != '\n'))
    return SMTP_PROXY_HEADER_BAD;
  if (n + 2 > size)
    return SMTP_PROXY_HEADER_MORE;

  line[n] = '\0';
  header->version = 1;
  *length = n + 2;

  return parse_line (line + strlen (signature_v1), header) ? SMTP_PROXY_HEADER_OK : SMTP_PROXY_HEADER_BAD;
}

/* Version 2 */

static guint
get_uint16 (const guint8 *data)
{
  return (guint) data[0] << 8 | data[1];
}

static guint32
get_uint32 (const guint8 *data)
{
  return (guint32) get_uint16 (data) << 16 | get_uint16 (data + 2);
}

guint32
smtp_proxy_crc32c (guint32       crc,
                   const guint8 *data,
                   gsize         size)
{
  crc = ~crc;
  for (gsize i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }

  return ~crc;
}

/* The checksum is that of the whole header with zeros in its own place. */
static gboolean
check_crc (const guint8   *header,
           gsize           length,
           SmtpProxySlice  crc)
{
  static const guint8 zeros[CRC_LENGTH];
  gsize before = (gsize) (crc.data - header);
  guint32 sum;

  if (crc.size != CRC_LENGTH)
    return FALSE;

  sum = smtp_proxy_crc32c (0, header, before);
  sum = smtp_proxy_crc32c (sum, zeros, CRC_LENGTH);
  sum = smtp_proxy_crc32c (sum, crc.data + CRC_LENGTH, length - before - CRC_LENGTH);

  return sum == get_uint32 (crc.data);
}

/* One by one: *type and *value are the next, which is taken off the front of @tlvs. FALSE if it does
 * not fit. */
static gboolean
next_tlv (SmtpProxySlice *tlvs,
          guint8         *type,
          SmtpProxySlice *value)
{
  gsize size;

  if (tlvs->size < TLV_HEAD_LENGTH)
    return FALSE;

  size = get_uint16 (tlvs->data + 1);
  if (size > tlvs->size - TLV_HEAD_LENGTH)
    return FALSE;

  *type = tlvs->data[0];
  *value = (SmtpProxySlice) { tlvs->data + TLV_HEAD_LENGTH, size };
  tlvs->data += TLV_HEAD_LENGTH + size;
  tlvs->size -= TLV_HEAD_LENGTH + size;

  return TRUE;
}

/* Each fits, and none but the padding is there twice: who knows which one would be meant. */
static gboolean
check_tlvs (SmtpProxySlice tlvs)
{
  guint8 seen[SMTP_PROXY_N_TYPES] = { 0 };
  SmtpProxySlice value;
  guint8 type;

  while (tlvs.size > 0)
    {
      if (!next_tlv (&tlvs, &type, &value))
        return FALSE;
      if (type != SMTP_PROXY_TLV_NOOP && seen[type]++ > 0)
        return FALSE;
    }

  return TRUE;
}

SmtpProxySlice
smtp_proxy_header_find_tlv (SmtpProxySlice tlvs,
                            guint8         type)
{
  SmtpProxySlice value;
  guint8 found;

  while (tlvs.size > 0 && next_tlv (&tlvs, &found, &value))
    {
      if (found == type)
        return value;
    }

  return (SmtpProxySlice) { NULL, 0 };
}

static gboolean
take_ssl (SmtpProxySlice   value,
          SmtpProxyHeader *header)
{
  if (value.size < SSL_HEAD_LENGTH)
    return FALSE;

  header->has_ssl = TRUE;
  header->ssl_client = value.data[0];
  header->ssl_verify = get_uint32 (value.data + 1);
  header->ssl_tlvs = (SmtpProxySlice) { value.data + SSL_HEAD_LENGTH, value.size - SSL_HEAD_LENGTH };

  return check_tlvs (header->ssl_tlvs);
}

static gboolean
take_tlvs (const guint8    *data,
           gsize            length,
           SmtpProxySlice   tlvs,
           SmtpProxyHeader *header)
{
  SmtpProxySlice value;

  if (!check_tlvs (tlvs))
    return FALSE;

  header->tlvs = tlvs;
  value = smtp_proxy_header_find_tlv (tlvs, SMTP_PROXY_TLV_CRC32C);
  if (value.data != NULL && !check_crc (data, length, value))
    return FALSE;

  value = smtp_proxy_header_find_tlv (tlvs, SMTP_PROXY_TLV_UNIQUE_ID);
  if (value.size > UNIQUE_ID_MAX)
    return FALSE;

  value = smtp_proxy_header_find_tlv (tlvs, SMTP_PROXY_TLV_SSL);

  return value.data == NULL || take_ssl (value, header);
}

static void
take_inet (const guint8    *data,
           SmtpProxyHeader *header)
{
  header->source.inet.sin_family = AF_INET;
  header->destination.inet.sin_family = AF_INET;
  memcpy (&header->source.inet.sin_addr, data, 4);
  memcpy (&header->destination.inet.sin_addr, data + 4, 4);
  memcpy (&header->source.inet.sin_port, data + 8, 2);
  memcpy (&header->destination.inet.sin_port, data + 10, 2);
}

static void
take_inet6 (const guint8    *data,
            SmtpProxyHeader *header)
{
  header->source.inet6.sin6_family = AF_INET6;
  header->destination.inet6.sin6_family = AF_INET6;
  memcpy (&header->source.inet6.sin6_addr, data, 16);
  memcpy (&header->destination.inet6.sin6_addr, data + 16, 16);
  memcpy (&header->source.inet6.sin6_port, data + 32, 2);
  memcpy (&header->destination.inet6.sin6_port, data + 34, 2);
}

static void
take_unix (const guint8    *data,
           SmtpProxyHeader *header)
{
  header->source.local.sun_family = AF_UNIX;
  header->destination.local.sun_family = AF_UNIX;
  memcpy (header->source.local.sun_path, data, UNIX_PATH_LENGTH);
  memcpy (header->destination.local.sun_path, data + UNIX_PATH_LENGTH, UNIX_PATH_LENGTH);
}

/* Reads the addresses of a proxied connection; *taken is how much they take up. */
static gboolean
take_addresses (guint8           family,
                const guint8    *data,
                gsize            size,
                SmtpProxyHeader *header,
                gsize           *taken)
{
  static const struct
  {
    gsize  size;
    void (*take) (const guint8 *data, SmtpProxyHeader *header);
  } families[] =
  {
    { 0, NULL },
    { 2 * (4 + 2), take_inet },
    { 2 * (16 + 2), take_inet6 },
    { 2 * UNIX_PATH_LENGTH, take_unix },
  };
  guint high = family >> 4, low = family & 0xf;

  /* The low half is the kind of socket. A stream has begun: it cannot have been datagrams. */
  if (high >= G_N_ELEMENTS (families) || low > 1 || (high != 0 && low == 0) || size < families[high].size)
    return FALSE;

  if (families[high].take != NULL)
    families[high].take (data, header);
  *taken = families[high].size;

  return TRUE;
}

static SmtpProxyHeaderStatus
parse_v2 (const guint8    *data,
          gsize            size,
          SmtpProxyHeader *header,
          gsize           *length)
{
  const guint8 *body = data + FIXED_V2_LENGTH;
  gsize body_length, taken;

  if (size > SIGNATURE_V2_LENGTH && data[12] != 0x20 && data[12] != 0x21)
    return SMTP_PROXY_HEADER_BAD;
  if (size < FIXED_V2_LENGTH)
    return SMTP_PROXY_HEADER_MORE;

  body_length = get_uint16 (data + 14);
  if (body_length > SMTP_PROXY_HEADER_MAX - FIXED_V2_LENGTH)
    return SMTP_PROXY_HEADER_BAD;
  if (size - FIXED_V2_LENGTH < body_length)
    return SMTP_PROXY_HEADER_MORE;

  header->version = 2;
  header->is_local = data[12] == 0x20;
  *length = FIXED_V2_LENGTH + body_length;

  /* All else is to be ignored then. */
  if (header->is_local)
    return SMTP_PROXY_HEADER_OK;

  if (!take_addresses (data[13], body, body_length, header, &taken) ||
      !take_tlvs (data, *length, (SmtpProxySlice) { body + taken, body_length - taken }, header))
    return SMTP_PROXY_HEADER_BAD;

  return SMTP_PROXY_HEADER_OK;
}

SmtpProxyHeaderStatus
smtp_proxy_header_parse (const guint8    *data,
                         gsize            size,
                         SmtpProxyHeader *header,
                         gsize           *length)
{
  gsize v1_length = MIN (size, strlen (signature_v1));
  gsize v2_length = MIN (size, SIGNATURE_V2_LENGTH);

  memset (header, 0, sizeof *header);
  *length = 0;

  if (size == 0)
    return SMTP_PROXY_HEADER_MORE;
  if (memcmp (data, signature_v1, v1_length) == 0)
    return parse_v1 (data, size, header, length);
  if (memcmp (data, signature_v2, v2_length) != 0)
    return SMTP_PROXY_HEADER_BAD;

  return v2_length < SIGNATURE_V2_LENGTH ? SMTP_PROXY_HEADER_MORE : parse_v2 (data, size, header, length);
}

gsize
smtp_proxy_address_get_length (const SmtpProxyAddress *self)
{
  switch (self->any.sa_family)
    {
    case AF_INET:
      return sizeof self->inet;
    case AF_INET6:
      return sizeof self->inet6;
    case AF_UNIX:
      return sizeof self->local;
    default:
      return 0;
    }
}
