/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <string.h>

#include "wire/smtp-wire-attributes.h"

/* Of its very own size, for ASan and valgrind to see what reads beyond it. */
static gboolean
parse (const char      *text,
       guint            allowed,
       char           **buffer,
       SmtpAttributes  *attributes)
{
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);

  *buffer = g_malloc (length + 1);

  return smtp_attributes_parse (copy, length, allowed, *buffer, attributes);
}

static void
test_values (void)
{
  static const struct
  {
    const char *text;
    SmtpAttribute attribute;
    const char *value;
  } good[] =
  {
    { "NAME=spike.porcupine.org", SMTP_ATTRIBUTE_NAME, "spike.porcupine.org" },
    { "name=a.example", SMTP_ATTRIBUTE_NAME, "a.example" },
    { "ADDR=168.100.189.2", SMTP_ATTRIBUTE_ADDR, "168.100.189.2" },
    { "ADDR=IPV6:2001:db8::1", SMTP_ATTRIBUTE_ADDR, "IPV6:2001:db8::1" },
    { "ADDR=ipv6:::ffff:1.2.3.4", SMTP_ATTRIBUTE_ADDR, "ipv6:::ffff:1.2.3.4" },
    { "PORT=0", SMTP_ATTRIBUTE_PORT, "0" },
    { "PORT=65535", SMTP_ATTRIBUTE_PORT, "65535" },
    { "PROTO=ESMTP", SMTP_ATTRIBUTE_PROTO, "ESMTP" },
    { "HELO=+5B192.0.2.1+5D", SMTP_ATTRIBUTE_HELO, "[192.0.2.1]" },
    { "HELO=a+20b", SMTP_ATTRIBUTE_HELO, "a b" },
    { "LOGIN=a+2Bb@example.org", SMTP_ATTRIBUTE_LOGIN, "a+b@example.org" },
    { "LOGIN=a=b", SMTP_ATTRIBUTE_LOGIN, "a=b" },
    { "LOGIN=b+c3+A9", SMTP_ATTRIBUTE_LOGIN, "bé" },
    { "LOGIN=bé", SMTP_ATTRIBUTE_LOGIN, "bé" },
    { "DESTADDR=IPV6:::1", SMTP_ATTRIBUTE_DESTADDR, "IPV6:::1" },
    { "DESTPORT=25", SMTP_ATTRIBUTE_DESTPORT, "25" },
    { "IDENT=4HxyT12z", SMTP_ATTRIBUTE_IDENT, "4HxyT12z" },
    { "SOURCE=LOCAL", SMTP_ATTRIBUTE_SOURCE, "LOCAL" },
    { "  SOURCE=remote ", SMTP_ATTRIBUTE_SOURCE, "remote" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *buffer = NULL;
      SmtpAttributes attributes;

      g_assert_true (parse (good[i].text, G_MAXUINT, &buffer, &attributes));
      for (SmtpAttribute a = 0; a < SMTP_N_ATTRIBUTES; a++)
        {
          g_assert_cmpint (attributes.values[a].told, ==,
                           a == good[i].attribute ? SMTP_TOLD_VALUE : SMTP_TOLD_NOTHING);
          g_assert_cmpstr (attributes.values[a].value, ==, a == good[i].attribute ? good[i].value : NULL);
        }
    }
}

static void
test_bad (void)
{
  static const char * const bad[] =
  {
    "", " ", "NAME", "NAME=", "NAME= ADDR=1.2.3.4", "=x", "NICK=x", "NAMES=x", "NAM=x", "NAME =x",
    "NAME=a NAME=b", "NAME=a+0D+0Ab", "NAME=a+00", "NAME=a+7F", "NAME=a+", "NAME=a+2", "NAME=a+2x", "NAME=<x>", "NAME=a+20b",
    "ADDR=localhost", "ADDR=1.2.3", "ADDR=1.2.3.4.5", "ADDR=::1", "ADDR=IPV6:", "ADDR=IPV6:1.2.3.4", "ADDR=IPV6:fe80::1%lo",
    "ADDR=1.2.3.4 ADDR=1.2.3.4", "PORT=65536", "PORT=-1", "PORT=+2B1", "PORT=99999999999999999999", "PORT=0x19", "PORT=",
    "PROTO=E+20SMTP", "PROTO=<", "SOURCE=here", "LOGIN=+C3", "LOGIN=+C0+80", "LOGIN=a+1Bb", "LOGIN=a\tb",
    "[UNAVAILABLE]", "NAME=[unavailable", "ADDR=[IPV6:::1]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *buffer = NULL;
      SmtpAttributes attributes;

      g_test_message ("%s", bad[i]);
      g_assert_false (parse (bad[i], G_MAXUINT, &buffer, &attributes));
    }
}

static void
test_unavailable (void)
{
  g_autofree char *buffer = NULL;
  SmtpAttributes attributes;

  g_assert_true (parse ("NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] PORT=[unavailable] HELO=a", SMTP_ATTRIBUTES_OF_XCLIENT,
                        &buffer, &attributes));
  g_assert_cmpint (attributes.values[SMTP_ATTRIBUTE_NAME].told, ==, SMTP_TOLD_TEMPUNAVAIL);
  g_assert_cmpint (attributes.values[SMTP_ATTRIBUTE_ADDR].told, ==, SMTP_TOLD_UNAVAILABLE);
  g_assert_cmpint (attributes.values[SMTP_ATTRIBUTE_PORT].told, ==, SMTP_TOLD_UNAVAILABLE);
  g_assert_null (attributes.values[SMTP_ATTRIBUTE_NAME].value);
  g_assert_cmpstr (attributes.values[SMTP_ATTRIBUTE_HELO].value, ==, "a");
}

static void
test_commands (void)
{
  static const struct
  {
    const char *text;
    gboolean xclient;
    gboolean xforward;
  } cases[] =
  {
    { "NAME=a ADDR=1.2.3.4 PORT=1 PROTO=SMTP HELO=a", TRUE, TRUE },
    { "LOGIN=a", TRUE, FALSE },
    { "DESTADDR=1.2.3.4", TRUE, FALSE },
    { "DESTPORT=1", TRUE, FALSE },
    { "IDENT=a", FALSE, TRUE },
    { "SOURCE=LOCAL", FALSE, TRUE },
    { "SOURCE=LOCAL LOGIN=a", FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *one = NULL;
      g_autofree char *other = NULL;
      SmtpAttributes attributes;

      g_assert_true (parse (cases[i].text, SMTP_ATTRIBUTES_OF_XCLIENT, &one, &attributes) == cases[i].xclient);
      g_assert_true (parse (cases[i].text, SMTP_ATTRIBUTES_OF_XFORWARD, &other, &attributes) == cases[i].xforward);
    }
}

static void
test_length (void)
{
  for (guint n = SMTP_ATTRIBUTE_VALUE_MAX; n <= SMTP_ATTRIBUTE_VALUE_MAX + 1; n++)
    {
      g_autofree char *value = g_strnfill (n, 'a');
      g_autofree char *text = g_strconcat ("IDENT=", value, NULL);
      g_autofree char *buffer = NULL;
      SmtpAttributes attributes;

      g_assert_true (parse (text, SMTP_ATTRIBUTES_OF_XFORWARD, &buffer, &attributes) == (n == SMTP_ATTRIBUTE_VALUE_MAX));
    }
}

static void
test_addresses (void)
{
  struct sockaddr_storage address;
  char text[INET6_ADDRSTRLEN];

  g_assert_true (smtp_attribute_parse_address ("192.0.2.7", &address));
  g_assert_cmpint (address.ss_family, ==, AF_INET);
  inet_ntop (AF_INET, &((struct sockaddr_in *) &address)->sin_addr, text, sizeof text);
  g_assert_cmpstr (text, ==, "192.0.2.7");

  g_assert_true (smtp_attribute_parse_address ("IPv6:2001:DB8::7", &address));
  g_assert_cmpint (address.ss_family, ==, AF_INET6);
  inet_ntop (AF_INET6, &((struct sockaddr_in6 *) &address)->sin6_addr, text, sizeof text);
  g_assert_cmpstr (text, ==, "2001:db8::7");

  g_assert_false (smtp_attribute_parse_address ("2001:db8::7", &address));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/attributes/values", test_values);
  g_test_add_func ("/wire/attributes/bad", test_bad);
  g_test_add_func ("/wire/attributes/unavailable", test_unavailable);
  g_test_add_func ("/wire/attributes/commands", test_commands);
  g_test_add_func ("/wire/attributes/length", test_length);
  g_test_add_func ("/wire/attributes/addresses", test_addresses);

  return g_test_run ();
}
