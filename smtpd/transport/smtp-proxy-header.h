/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

G_BEGIN_DECLS

/*
 * The header of the PROXY protocol, versions 1 and 2, that a proxy sends before what its client
 * sends: bytes in, addresses out. <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>
 */

/* A header of version 1 fits into this, its CRLF included. */
#define SMTP_PROXY_HEADER_V1_MAX 107
/* Version 2 has room for 64 KiB. Real headers have a few hundred octets, or a certificate. */
#define SMTP_PROXY_HEADER_MAX 4096

typedef enum
{
  SMTP_PROXY_HEADER_OK,
  SMTP_PROXY_HEADER_MORE,   /* it may become one */
  SMTP_PROXY_HEADER_BAD
} SmtpProxyHeaderStatus;

/* Octets of the header; @data is NULL for what it does not have. */
typedef struct
{
  const guint8 *data;
  gsize         size;
} SmtpProxySlice;

typedef union
{
  struct sockaddr     any;   /* AF_UNSPEC if it is not told */
  struct sockaddr_in  inet;
  struct sockaddr_in6 inet6;
  struct sockaddr_un  local;
} SmtpProxyAddress;

/* The types of a TLV that are known here, and those within that of TLS. */
typedef enum
{
  SMTP_PROXY_TLV_ALPN      = 0x01,
  SMTP_PROXY_TLV_AUTHORITY = 0x02,
  SMTP_PROXY_TLV_CRC32C    = 0x03,
  SMTP_PROXY_TLV_NOOP      = 0x04,
  SMTP_PROXY_TLV_UNIQUE_ID = 0x05,
  SMTP_PROXY_TLV_SSL       = 0x20,
  SMTP_PROXY_TLV_NETNS     = 0x30
} SmtpProxyTlv;

typedef enum
{
  SMTP_PROXY_SSL_VERSION = 0x21,
  SMTP_PROXY_SSL_CN      = 0x22,
  SMTP_PROXY_SSL_CIPHER  = 0x23
} SmtpProxySslTlv;

#define SMTP_PROXY_CLIENT_SSL       0x01
#define SMTP_PROXY_CLIENT_CERT_CONN 0x02
#define SMTP_PROXY_CLIENT_CERT_SESS 0x04

/* A type has 8 bits. */
#define SMTP_PROXY_N_TYPES 256

typedef struct
{
  guint            version;
  gboolean         is_local;       /* the proxy speaks for itself: nothing else is told */
  SmtpProxyAddress source;
  SmtpProxyAddress destination;

  SmtpProxySlice   tlvs;           /* all of them, checked */
  gboolean         has_ssl;
  guint8           ssl_client;     /* SMTP_PROXY_CLIENT_* */
  guint32          ssl_verify;     /* 0: the certificate is good, or there is none */
  SmtpProxySlice   ssl_tlvs;
} SmtpProxyHeader;

/* Looks at the beginning of a stream. *length is how much of it the header takes up, if it is one;
 * slices point into @data. */
SmtpProxyHeaderStatus smtp_proxy_header_parse    (const guint8     *data,
                                                  gsize             size,
                                                  SmtpProxyHeader  *header,
                                                  gsize            *length);

/* The first of a type in @tlvs, which have been checked. */
SmtpProxySlice        smtp_proxy_header_find_tlv (SmtpProxySlice    tlvs,
                                                  guint8            type);

/* How much of an address is to be given to system calls; 0 for AF_UNSPEC. */
gsize                 smtp_proxy_address_get_length (const SmtpProxyAddress *self);

/* CRC-32 by the polynomial of Castagnoli, RFC 3720 appendix B.4; @crc is 0 at first. */
guint32               smtp_proxy_crc32c          (guint32           crc,
                                                  const guint8     *data,
                                                  gsize             size);

G_END_DECLS
