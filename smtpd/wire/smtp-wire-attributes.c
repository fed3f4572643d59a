/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-wire-attributes.h"

#include <arpa/inet.h>
#include <string.h>

#include "smtp-path-parser.h"

#define PORT_DIGITS_MAX 5

static const char * const names[SMTP_N_ATTRIBUTES] =
{
  [SMTP_ATTRIBUTE_NAME] = "NAME",
  [SMTP_ATTRIBUTE_ADDR] = "ADDR",
  [SMTP_ATTRIBUTE_PORT] = "PORT",
  [SMTP_ATTRIBUTE_PROTO] = "PROTO",
  [SMTP_ATTRIBUTE_HELO] = "HELO",
  [SMTP_ATTRIBUTE_LOGIN] = "LOGIN",
  [SMTP_ATTRIBUTE_DESTADDR] = "DESTADDR",
  [SMTP_ATTRIBUTE_DESTPORT] = "DESTPORT",
  [SMTP_ATTRIBUTE_IDENT] = "IDENT",
  [SMTP_ATTRIBUTE_SOURCE] = "SOURCE",
};

const char *
smtp_attribute_get_name (SmtpAttribute attribute)
{
  return names[attribute];
}

SmtpAttribute
smtp_attribute_find (const char *name,
                     gsize       length)
{
  SmtpAttribute attribute = 0;

  while (attribute < SMTP_N_ATTRIBUTES &&
         (strlen (names[attribute]) != length || g_ascii_strncasecmp (names[attribute], name, length) != 0))
    attribute++;

  return attribute;
}

/* "+" and two hexadecimal digits; senders use them for all that xtext asks for, and some for more. */
static int
decode_hexchar (const char *text,
                const char *end)
{
  int high, low;

  if (end - text < 3)
    return -1;

  high = g_ascii_xdigit_value (text[1]);
  low = g_ascii_xdigit_value (text[2]);

  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* xtext, RFC 3461 section 4, but that "=", which is no xtext, is let pass as itself, since some do
 * not encode it, and that what is decoded may be UTF-8. Moves *text to the end of the word; *decoded
 * behind its NUL. */
static gboolean
decode_value (const char **text,
              const char  *end,
              char       **decoded)
{
  const char *start = *decoded;
  const char *p = *text;
  char *out = *decoded;

  while (p < end && *p != ' ')
    {
      int c = *p == '+' ? decode_hexchar (p, end) : (guchar) *p;

      if (c < 0x20 || c == 0x7f)
        return FALSE;

      p += *p == '+' ? 3 : 1;
      *out++ = (char) c;
    }
  *out++ = '\0';
  *text = p;
  *decoded = out;

  return out - start > 1 && out - start <= SMTP_ATTRIBUTE_VALUE_MAX + 1 && g_utf8_validate (start, out - start - 1, NULL);
}

gboolean
smtp_attribute_parse_address (const char              *value,
                              struct sockaddr_storage *address)
{
  struct sockaddr_in *inet = (struct sockaddr_in *) address;
  struct sockaddr_in6 *inet6 = (struct sockaddr_in6 *) address;

  memset (address, 0, sizeof *address);
  if (g_ascii_strncasecmp (value, "IPV6:", strlen ("IPV6:")) != 0)
    {
      inet->sin_family = AF_INET;
      return inet_pton (AF_INET, value, &inet->sin_addr) == 1;
    }

  inet6->sin6_family = AF_INET6;

  return inet_pton (AF_INET6, value + strlen ("IPV6:"), &inet6->sin6_addr) == 1;
}

gboolean
smtp_attribute_parse_port (const char *value,
                           guint16    *port)
{
  guint number = 0;

  if (*value == '\0' || strlen (value) > PORT_DIGITS_MAX)
    return FALSE;

  for (const char *p = value; *p != '\0'; p++)
    {
      if (!g_ascii_isdigit (*p))
        return FALSE;
      number = 10 * number + (guint) (*p - '0');
    }
  *port = (guint16) number;

  return number <= G_MAXUINT16;
}

static gboolean
is_word (const char *value)
{
  for (; *value != '\0'; value++)
    {
      if (!g_ascii_isalnum (*value))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_value (SmtpAttribute  attribute,
             const char    *value)
{
  struct sockaddr_storage address;
  guint16 port;

  switch (attribute)
    {
    case SMTP_ATTRIBUTE_NAME:
      return smtp_helo_name_is_valid (value, strlen (value));
    case SMTP_ATTRIBUTE_ADDR:
    case SMTP_ATTRIBUTE_DESTADDR:
      return smtp_attribute_parse_address (value, &address);
    case SMTP_ATTRIBUTE_PORT:
    case SMTP_ATTRIBUTE_DESTPORT:
      return smtp_attribute_parse_port (value, &port);
    case SMTP_ATTRIBUTE_PROTO:
      return is_word (value);
    case SMTP_ATTRIBUTE_SOURCE:
      return g_ascii_strcasecmp (value, "LOCAL") == 0 || g_ascii_strcasecmp (value, "REMOTE") == 0;
    /* Whatever a client has said of itself, or somebody has called a message. */
    case SMTP_ATTRIBUTE_HELO:
    case SMTP_ATTRIBUTE_LOGIN:
    case SMTP_ATTRIBUTE_IDENT:
    case SMTP_N_ATTRIBUTES:
    default:
      return TRUE;
    }
}

static gboolean
take_value (SmtpAttribute       attribute,
            const char         *value,
            SmtpAttributeValue *told)
{
  if (g_ascii_strcasecmp (value, "[UNAVAILABLE]") == 0)
    told->told = SMTP_TOLD_UNAVAILABLE;
  else if (g_ascii_strcasecmp (value, "[TEMPUNAVAIL]") == 0)
    told->told = SMTP_TOLD_TEMPUNAVAIL;
  else
    {
      told->told = SMTP_TOLD_VALUE;
      told->value = value;
      return check_value (attribute, value);
    }

  return TRUE;
}

gboolean
smtp_attributes_parse (const char     *text,
                       gsize           length,
                       guint           allowed,
                       char           *buffer,
                       SmtpAttributes *attributes)
{
  const char *end = text + length;
  guint n = 0;

  memset (attributes, 0, sizeof *attributes);

  while (text < end)
    {
      const char *equals, *value = buffer;
      SmtpAttribute attribute;

      if (*text == ' ')
        {
          text++;
          continue;
        }

      equals = memchr (text, '=', (gsize) (end - text));
      attribute = equals != NULL ? smtp_attribute_find (text, (gsize) (equals - text)) : SMTP_N_ATTRIBUTES;
      if (attribute == SMTP_N_ATTRIBUTES || (allowed & 1u << attribute) == 0 ||
          attributes->values[attribute].told != SMTP_TOLD_NOTHING)
        return FALSE;

      text = equals + 1;
      if (!decode_value (&text, end, &buffer) || !take_value (attribute, value, &attributes->values[attribute]))
        return FALSE;
      n++;
    }

  return n > 0;
}
