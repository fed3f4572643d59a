/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <netinet/in.h>

G_BEGIN_DECLS

/*
 * The attributes of XCLIENT and XFORWARD, by which one server tells another of its client:
 * <https://www.postfix.org/XCLIENT_README.html>, <https://www.postfix.org/XFORWARD_README.html>.
 */
typedef enum
{
  SMTP_ATTRIBUTE_NAME,
  SMTP_ATTRIBUTE_ADDR,
  SMTP_ATTRIBUTE_PORT,
  SMTP_ATTRIBUTE_PROTO,
  SMTP_ATTRIBUTE_HELO,
  SMTP_ATTRIBUTE_LOGIN,
  SMTP_ATTRIBUTE_DESTADDR,
  SMTP_ATTRIBUTE_DESTPORT,
  SMTP_ATTRIBUTE_IDENT,
  SMTP_ATTRIBUTE_SOURCE,
  SMTP_N_ATTRIBUTES
} SmtpAttribute;

#define SMTP_ATTRIBUTES_OF_XCLIENT \
  ((1 << SMTP_ATTRIBUTE_NAME) | (1 << SMTP_ATTRIBUTE_ADDR) | (1 << SMTP_ATTRIBUTE_PORT) | \
   (1 << SMTP_ATTRIBUTE_PROTO) | (1 << SMTP_ATTRIBUTE_HELO) | (1 << SMTP_ATTRIBUTE_LOGIN) | \
   (1 << SMTP_ATTRIBUTE_DESTADDR) | (1 << SMTP_ATTRIBUTE_DESTPORT))
#define SMTP_ATTRIBUTES_OF_XFORWARD \
  ((1 << SMTP_ATTRIBUTE_NAME) | (1 << SMTP_ATTRIBUTE_ADDR) | (1 << SMTP_ATTRIBUTE_PORT) | \
   (1 << SMTP_ATTRIBUTE_PROTO) | (1 << SMTP_ATTRIBUTE_HELO) | (1 << SMTP_ATTRIBUTE_IDENT) | \
   (1 << SMTP_ATTRIBUTE_SOURCE))

/* What is told of an attribute. */
typedef enum
{
  SMTP_TOLD_NOTHING,
  SMTP_TOLD_VALUE,
  SMTP_TOLD_UNAVAILABLE,  /* "[UNAVAILABLE]": there is none */
  SMTP_TOLD_TEMPUNAVAIL   /* "[TEMPUNAVAIL]": it could not be found out */
} SmtpTold;

/* A value is as long as the longest host name at most, RFC 5321 section 4.5.3.1.2. */
#define SMTP_ATTRIBUTE_VALUE_MAX 255

typedef struct
{
  SmtpTold    told;
  const char *value;    /* decoded, UTF-8, no control characters; NULL without one */
} SmtpAttributeValue;

typedef struct
{
  SmtpAttributeValue values[SMTP_N_ATTRIBUTES];
} SmtpAttributes;

/* The name by which it goes, in capital letters. */
const char *smtp_attribute_get_name    (SmtpAttribute   attribute);
/* SMTP_N_ATTRIBUTES if it is none. */
SmtpAttribute smtp_attribute_find      (const char     *name,
                                        gsize           length);

/*
 * What stands behind the verb: one attribute at least, and none twice. @allowed are those of the
 * command (SMTP_ATTRIBUTES_OF_*). @buffer has room for @length + 1 octets, and the values are in it.
 * FALSE if that is not what it is, or one of the values is none of its attribute.
 */
gboolean    smtp_attributes_parse      (const char     *text,
                                        gsize           length,
                                        guint           allowed,
                                        char           *buffer,
                                        SmtpAttributes *attributes);

/* An address as in ADDR: of IPv4, or of IPv6 behind "IPV6:". A sockaddr_in or sockaddr_in6 without a
 * port is written to @address. */
gboolean    smtp_attribute_parse_address (const char              *value,
                                          struct sockaddr_storage *address);
/* A port as in PORT. */
gboolean    smtp_attribute_parse_port  (const char     *value,
                                        guint16        *port);

G_END_DECLS
