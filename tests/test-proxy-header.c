/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The PROXY header, rule by rule, and at every cut. */

#include <arpa/inet.h>
#include <string.h>

#include "proxy-header-builder.h"
#include "transport/smtp-proxy-header.h"

static SmtpProxyHeaderStatus
parse (const void      *data,
       gsize            size,
       SmtpProxyHeader *header,
       gsize           *length)
{
  /* Of its very own size, for ASan to see a read beyond it; it stays for the slices that point into it. */
  static guint8 *copy;

  g_free (copy);
  copy = g_memdup2 (data, size);

  return smtp_proxy_header_parse (copy, size, header, length);
}

/* Each beginning of a good header may become one, and what follows it changes nothing. */
static void
parse_good (const void      *data,
            gsize            size,
            SmtpProxyHeader *header)
{
  g_autofree guint8 *longer = g_malloc (size + 64);
  gsize length;

  for (gsize cut = 0; cut < size; cut++)
    {
      g_assert_cmpint (parse (data, cut, header, &length), ==, SMTP_PROXY_HEADER_MORE);
      g_assert_cmpuint (length, ==, 0);
    }

  memcpy (longer, data, size);
  memset (longer + size, '\r', 64);
  g_assert_cmpint (parse (longer, size + 64, header, &length), ==, SMTP_PROXY_HEADER_OK);
  g_assert_cmpuint (length, ==, size);

  g_assert_cmpint (parse (data, size, header, &length), ==, SMTP_PROXY_HEADER_OK);
  g_assert_cmpuint (length, ==, size);
}

static void
assert_bad (const void *data,
            gsize       size)
{
  SmtpProxyHeader header;
  gsize length;

  g_assert_cmpint (parse (data, size, &header, &length), ==, SMTP_PROXY_HEADER_BAD);
}

static void
assert_address (const SmtpProxyAddress *address,
                const char             *text,
                guint                   port)
{
  char buffer[INET6_ADDRSTRLEN];

  if (address->any.sa_family == AF_INET)
    {
      inet_ntop (AF_INET, &address->inet.sin_addr, buffer, sizeof buffer);
      g_assert_cmpuint (ntohs (address->inet.sin_port), ==, port);
    }
  else
    {
      g_assert_cmpint (address->any.sa_family, ==, AF_INET6);
      inet_ntop (AF_INET6, &address->inet6.sin6_addr, buffer, sizeof buffer);
      g_assert_cmpuint (ntohs (address->inet6.sin6_port), ==, port);
    }
  g_assert_cmpstr (buffer, ==, text);
}

static void
assert_slice (SmtpProxySlice  slice,
              const char     *text)
{
  g_assert_cmpmem (slice.data, slice.size, text, strlen (text));
}

/* Version 1 */

static void
test_v1_good (void)
{
  static const struct
  {
    const char *line;
    const char *source;
    guint       source_port;
    const char *destination;
    guint       destination_port;
  } cases[] =
  {
    { "PROXY TCP4 192.0.2.1 198.51.100.2 65535 25\r\n", "192.0.2.1", 65535, "198.51.100.2", 25 },
    { "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535, "255.255.255.255", 65535 },
    { "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0", 0, "0.0.0.0", 0 },
    { "PROXY TCP6 2001:db8::1 2001:DB8::2 1024 587\r\n", "2001:db8::1", 1024, "2001:db8::2", 587 },
    { "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
    { "PROXY TCP6 ::ffff:192.0.2.1 :: 1 2\r\n", "::ffff:192.0.2.1", 1, "::", 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SmtpProxyHeader header;

      parse_good (cases[i].line, strlen (cases[i].line), &header);
      g_assert_cmpuint (header.version, ==, 1);
      g_assert_false (header.is_local);
      assert_address (&header.source, cases[i].source, cases[i].source_port);
      assert_address (&header.destination, cases[i].destination, cases[i].destination_port);
      g_assert_cmpuint (header.tlvs.size, ==, 0);
    }
}

static void
test_v1_unknown (void)
{
  static const char * const lines[] =
  {
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN \r\n",
    "PROXY UNKNOWN whatever, 99999999\r\n",
    "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
  };

  /* The last is as long as can be. */
  g_assert_cmpuint (strlen (lines[3]), ==, SMTP_PROXY_HEADER_V1_MAX);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      SmtpProxyHeader header;

      parse_good (lines[i], strlen (lines[i]), &header);
      g_assert_cmpint (header.source.any.sa_family, ==, AF_UNSPEC);
      g_assert_cmpuint (smtp_proxy_address_get_length (&header.source), ==, 0);
    }
}

static void
test_v1_bad (void)
{
  static const char * const lines[] =
  {
    "PROXY\r\n",
    "PROXY \r\n",
    "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY UNKNOWNX\r\n",
    "PROXY TCP4\r\n",
    "PROXY TCP4 192.0.2.1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
    "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
    "PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 100000 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 4294967297 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 0x1 2\r\n",
    "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
    "PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n",
    "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP6 2001:db8::1%lo 2001:db8::2 1 2\r\n",
    "PROXY TCP6 2001:db8:::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
    "PROXY TCP4 localhost 192.0.2.2 1 2\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r ",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n",
    "PROXY UNKNOWN x\ty\r\n",
    "PROXY UNKNOWN \xc3\xa4\r\n",
    "EHLO client.example.org\r\n",
    "\x16\x03\x01",
    " PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "\r\nPROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    assert_bad (lines[i], strlen (lines[i]));

  assert_bad ("PROXY UNKNOWN \0\r\n", 17);
  assert_bad ("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", 38);
}

static void
test_v1_too_long (void)
{
  g_autofree char *line = g_strnfill (SMTP_PROXY_HEADER_V1_MAX, 'x');
  SmtpProxyHeader header;
  gsize length;

  memcpy (line, "PROXY UNKNOWN ", 14);
  g_assert_cmpint (parse (line, SMTP_PROXY_HEADER_V1_MAX - 2, &header, &length), ==, SMTP_PROXY_HEADER_MORE);
  assert_bad (line, SMTP_PROXY_HEADER_V1_MAX - 1);
  assert_bad (line, SMTP_PROXY_HEADER_V1_MAX);

  memcpy (line + SMTP_PROXY_HEADER_V1_MAX - 2, "\r\n", 2);
  g_assert_cmpint (parse (line, SMTP_PROXY_HEADER_V1_MAX, &header, &length), ==, SMTP_PROXY_HEADER_OK);
}

/* Version 2 */

static void
test_v2_inet (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1025, "198.51.100.2", 25);
  SmtpProxyHeader header;

  parse_good (octets->data, octets->len, &header);
  g_assert_cmpuint (header.version, ==, 2);
  g_assert_false (header.is_local);
  assert_address (&header.source, "192.0.2.1", 1025);
  assert_address (&header.destination, "198.51.100.2", 25);
  g_assert_cmpuint (smtp_proxy_address_get_length (&header.source), ==, sizeof (struct sockaddr_in));
  g_assert_false (header.has_ssl);
}

static void
test_v2_inet6 (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("2001:db8::1", 1025, "2001:db8::2", 465);
  SmtpProxyHeader header;

  parse_good (octets->data, octets->len, &header);
  assert_address (&header.source, "2001:db8::1", 1025);
  assert_address (&header.destination, "2001:db8::2", 465);
}

static void
test_v2_unix (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_new (0x21, 0x31);
  char paths[2 * 108] = { 0 };
  SmtpProxyHeader header;

  strcpy (paths, "/run/from");
  /* Without a NUL at its end, as it may be. */
  memset (paths + 108, 'x', 108);
  proxy_v2_append (octets, paths, sizeof paths);

  parse_good (octets->data, octets->len, &header);
  g_assert_cmpint (header.source.any.sa_family, ==, AF_UNIX);
  g_assert_cmpstr (header.source.local.sun_path, ==, "/run/from");
  g_assert_cmpmem (header.destination.local.sun_path, 108, paths + 108, 108);
}

static void
test_v2_unspecified (void)
{
  static const guint8 families[] = { 0x00, 0x01 };

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_new (0x21, families[i]);
      SmtpProxyHeader header;

      proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_ALPN, "smtp", 4);
      parse_good (octets->data, octets->len, &header);
      g_assert_cmpint (header.source.any.sa_family, ==, AF_UNSPEC);
      assert_slice (smtp_proxy_header_find_tlv (header.tlvs, SMTP_PROXY_TLV_ALPN), "smtp");
    }
}

/* Whatever stands in the rest. */
static void
test_v2_local (void)
{
  static const guint8 families[] = { 0x00, 0x11, 0x21, 0x12, 0xff };

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_new (0x20, families[i]);
      SmtpProxyHeader header;

      parse_good (octets->data, octets->len, &header);
      g_assert_true (header.is_local);

      proxy_v2_append (octets, "whatever", 8);
      parse_good (octets->data, octets->len, &header);
      g_assert_true (header.is_local);
      g_assert_cmpint (header.source.any.sa_family, ==, AF_UNSPEC);
      g_assert_cmpuint (header.tlvs.size, ==, 0);
    }
}

static void
test_v2_bad_begin (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);

  /* Each octet of the signature counts, as soon as it is there. */
  for (guint i = 0; i < 12; i++)
    {
      octets->data[i] ^= 1;
      assert_bad (octets->data, i + 1);
      assert_bad (octets->data, octets->len);
      octets->data[i] ^= 1;
    }

  for (guint command = 0; command < 256; command++)
    {
      if (command == 0x20 || command == 0x21)
        continue;
      octets->data[12] = command;
      assert_bad (octets->data, 13);
    }
}

static void
test_v2_bad_family (void)
{
  for (guint family = 0; family < 256; family++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_new (0x21, family);
      const char zeros[216] = { 0 };

      if (family == 0x00 || family == 0x01 || family == 0x11 || family == 0x21 || family == 0x31)
        continue;
      proxy_v2_append (octets, zeros, sizeof zeros);
      assert_bad (octets->data, octets->len);
    }
}

/* The addresses must be there in full. */
static void
test_v2_short (void)
{
  static const struct
  {
    guint8 family;
    gsize  size;
  } cases[] = { { 0x11, 12 }, { 0x21, 36 }, { 0x31, 216 } };
  const char zeros[216] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (gsize size = 0; size <= cases[i].size; size++)
        {
          g_autoptr (GByteArray) octets = proxy_v2_new (0x21, cases[i].family);
          SmtpProxyHeader header;

          proxy_v2_append (octets, zeros, size);
          if (size == cases[i].size)
            parse_good (octets->data, octets->len, &header);
          else
            assert_bad (octets->data, octets->len);
        }
    }
}

static void
test_v2_too_long (void)
{
  g_autofree char *zeros = g_malloc0 (65536);
  g_autoptr (GByteArray) octets = proxy_v2_new (0x20, 0);
  SmtpProxyHeader header;
  gsize length;

  proxy_v2_append (octets, zeros, SMTP_PROXY_HEADER_MAX - 16);
  g_assert_cmpint (parse (octets->data, octets->len, &header, &length), ==, SMTP_PROXY_HEADER_OK);
  g_assert_cmpuint (length, ==, SMTP_PROXY_HEADER_MAX);

  /* Nobody waits for what comes then. */
  proxy_v2_append (octets, zeros, 1);
  assert_bad (octets->data, 16);
  octets->data[14] = octets->data[15] = 0xff;
  assert_bad (octets->data, 16);
}

/* TLVs */

static void
test_tlvs (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);
  g_autofree char *id = g_strnfill (128, 'i');
  SmtpProxyHeader header;

  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_NOOP, "...", 3);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_ALPN, "smtp", 4);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_NOOP, "", 0);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_AUTHORITY, "mx.example.org", 14);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_UNIQUE_ID, id, 128);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_NETNS, "blue", 4);
  proxy_v2_append_tlv (octets, 0xe0, "\0mine", 5);
  proxy_v2_append_tlv (octets, 0xe1, "", 0);

  parse_good (octets->data, octets->len, &header);
  assert_slice (smtp_proxy_header_find_tlv (header.tlvs, SMTP_PROXY_TLV_ALPN), "smtp");
  assert_slice (smtp_proxy_header_find_tlv (header.tlvs, SMTP_PROXY_TLV_AUTHORITY), "mx.example.org");
  assert_slice (smtp_proxy_header_find_tlv (header.tlvs, SMTP_PROXY_TLV_UNIQUE_ID), id);
  assert_slice (smtp_proxy_header_find_tlv (header.tlvs, SMTP_PROXY_TLV_NETNS), "blue");
  g_assert_cmpuint (smtp_proxy_header_find_tlv (header.tlvs, 0xe0).size, ==, 5);
  g_assert_nonnull (smtp_proxy_header_find_tlv (header.tlvs, 0xe1).data);
  g_assert_null (smtp_proxy_header_find_tlv (header.tlvs, 0xe2).data);
}

static void
test_tlvs_bad (void)
{
  g_autofree char *id = g_strnfill (129, 'i');

  /* A head that is cut, and values that are longer than what is there. */
  for (guint size = 1; size < 8; size++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);

      proxy_v2_append (octets, "\x01\x00\x05smtp", size);
      assert_bad (octets->data, octets->len);
    }

  /* Twice, and too long an identifier. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);

      proxy_v2_append_tlv (octets, i == 0 ? SMTP_PROXY_TLV_ALPN : 0xe0, "a", 1);
      if (i < 2)
        proxy_v2_append_tlv (octets, i == 0 ? SMTP_PROXY_TLV_ALPN : 0xe0, "b", 1);
      else
        proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_UNIQUE_ID, id, 129);
      assert_bad (octets->data, octets->len);
    }
}

static void
test_crc (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);
  SmtpProxyHeader header;
  gsize offset;

  /* RFC 3720 appendix B.4, and the check value of the catalogues. */
  g_assert_cmphex (smtp_proxy_crc32c (0, (const guint8 *) "123456789", 9), ==, 0xe3069283);
  g_assert_cmphex (smtp_proxy_crc32c (0, (const guint8[32]) { 0 }, 32), ==, 0x8a9136aa);

  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_ALPN, "smtp", 4);
  offset = octets->len + 3;
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_CRC32C, "\0\0\0\0", 4);
  proxy_v2_append_tlv (octets, 0xe0, "behind it", 9);
  proxy_v2_set_crc (octets, offset);
  parse_good (octets->data, octets->len, &header);

  /* Wherever it is wrong, but where it is no checksum any more. */
  for (guint i = 16; i < octets->len; i++)
    {
      if (i == offset - 3)
        continue;
      octets->data[i] ^= 0x10;
      assert_bad (octets->data, octets->len);
      octets->data[i] ^= 0x10;
    }
}

static void
test_crc_length (void)
{
  for (guint size = 0; size < 8; size++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);

      if (size == 4)
        continue;
      proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_CRC32C, "\0\0\0\0\0\0\0", size);
      assert_bad (octets->data, octets->len);
    }
}

static void
test_ssl (void)
{
  g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);
  g_autoptr (GByteArray) ssl = proxy_ssl_new (SMTP_PROXY_CLIENT_SSL | SMTP_PROXY_CLIENT_CERT_CONN, 19);
  SmtpProxyHeader header;

  proxy_append_tlv (ssl, SMTP_PROXY_SSL_VERSION, "TLSv1.3", 7);
  proxy_append_tlv (ssl, SMTP_PROXY_SSL_CN, "client", 6);
  proxy_append_tlv (ssl, SMTP_PROXY_SSL_CIPHER, "TLS_AES_256_GCM_SHA384", 22);
  proxy_append_tlv (ssl, 0x24, "SHA256", 6);
  proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_SSL, ssl->data, ssl->len);

  parse_good (octets->data, octets->len, &header);
  g_assert_true (header.has_ssl);
  g_assert_cmphex (header.ssl_client, ==, SMTP_PROXY_CLIENT_SSL | SMTP_PROXY_CLIENT_CERT_CONN);
  g_assert_cmpuint (header.ssl_verify, ==, 19);
  assert_slice (smtp_proxy_header_find_tlv (header.ssl_tlvs, SMTP_PROXY_SSL_VERSION), "TLSv1.3");
  assert_slice (smtp_proxy_header_find_tlv (header.ssl_tlvs, SMTP_PROXY_SSL_CN), "client");
  assert_slice (smtp_proxy_header_find_tlv (header.ssl_tlvs, SMTP_PROXY_SSL_CIPHER), "TLS_AES_256_GCM_SHA384");
  assert_slice (smtp_proxy_header_find_tlv (header.ssl_tlvs, 0x24), "SHA256");
}

/* What stands within must end where it ends. */
static void
test_ssl_bad (void)
{
  static const char value[] = "\x01\x00\x00\x00\x00\x21\x00\x01v\x21\x00\x01v";

  for (gsize size = 0; size < sizeof value; size++)
    {
      g_autoptr (GByteArray) octets = proxy_v2_inet ("192.0.2.1", 1, "192.0.2.2", 2);
      SmtpProxyHeader header;

      proxy_v2_append_tlv (octets, SMTP_PROXY_TLV_SSL, value, size);
      if (size == 5 || size == 9)
        parse_good (octets->data, octets->len, &header);
      else
        assert_bad (octets->data, octets->len);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/proxy-header/v1/good", test_v1_good);
  g_test_add_func ("/proxy-header/v1/unknown", test_v1_unknown);
  g_test_add_func ("/proxy-header/v1/bad", test_v1_bad);
  g_test_add_func ("/proxy-header/v1/too-long", test_v1_too_long);
  g_test_add_func ("/proxy-header/v2/inet", test_v2_inet);
  g_test_add_func ("/proxy-header/v2/inet6", test_v2_inet6);
  g_test_add_func ("/proxy-header/v2/unix", test_v2_unix);
  g_test_add_func ("/proxy-header/v2/unspecified", test_v2_unspecified);
  g_test_add_func ("/proxy-header/v2/local", test_v2_local);
  g_test_add_func ("/proxy-header/v2/bad-begin", test_v2_bad_begin);
  g_test_add_func ("/proxy-header/v2/bad-family", test_v2_bad_family);
  g_test_add_func ("/proxy-header/v2/short", test_v2_short);
  g_test_add_func ("/proxy-header/v2/too-long", test_v2_too_long);
  g_test_add_func ("/proxy-header/tlv/good", test_tlvs);
  g_test_add_func ("/proxy-header/tlv/bad", test_tlvs_bad);
  g_test_add_func ("/proxy-header/tlv/crc", test_crc);
  g_test_add_func ("/proxy-header/tlv/crc-length", test_crc_length);
  g_test_add_func ("/proxy-header/tlv/ssl", test_ssl);
  g_test_add_func ("/proxy-header/tlv/ssl-bad", test_ssl_bad);

  return g_test_run ();
}
