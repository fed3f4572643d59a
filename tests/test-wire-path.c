/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-path-parser.h"

#include <string.h>

#define L63  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define D253 L63 "." L63 "." L63 "." "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"

/* 62 octets that are 31 characters. */
#define U31 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc" \
            "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc" \
            "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"

#define NONE       SMTP_PATH_DEFAULT
#define NULL_PATH  SMTP_PATH_ALLOW_NULL
#define POSTMASTER SMTP_PATH_ALLOW_POSTMASTER
#define UTF8       SMTP_PATH_ALLOW_UTF8

typedef struct
{
  const char     *name;
  const char     *text;
  gsize           length;
  SmtpPathFlags   flags;
  SmtpPathStatus  status;
  const char     *local;
  const char     *domain;    /* NULL if there is none */
  const char     *rest;      /* what stands behind the path */
} Case;

#define GOOD_REST(name, text, flags, local, domain, rest) \
  { name, text, sizeof text - 1, flags, SMTP_PATH_OK, local, domain, rest }
#define GOOD(name, text, flags, local, domain) GOOD_REST (name, text, flags, local, domain, "")
#define BAD(name, text, flags, status) \
  { name, text, sizeof text - 1, flags, SMTP_PATH_##status, NULL, NULL, NULL }

static const Case cases[] = {
  GOOD ("plain", "<a@b>", NONE, "a", "b"),
  GOOD ("dotted", "<john.q.public@mail.example.org>", NONE, "john.q.public", "mail.example.org"),
  GOOD ("all-atext", "<!#$%&'*+-/=?^_`{|}~@e.org>", NONE, "!#$%&'*+-/=?^_`{|}~", "e.org"),
  GOOD ("digits", "<1@2.3>", NONE, "1", "2.3"),
  GOOD ("hyphen-in-domain", "<a@b-c.d--e>", NONE, "a", "b-c.d--e"),
  GOOD ("underscore-in-domain", "<a@_b_._c>", NONE, "a", "_b_._c"),
  GOOD ("domain-like-ipv4", "<a@192.0.2.1>", NONE, "a", "192.0.2.1"),
  GOOD ("case-is-kept", "<Joe@Example.ORG>", NONE, "Joe", "Example.ORG"),
  GOOD ("long-local-part", "<" L63 L63 "@e.org>", NONE, L63 L63, "e.org"),
  GOOD ("label-63", "<a@" L63 ".org>", NONE, "a", L63 ".org"),
  GOOD ("domain-253", "<a@" D253 ">", NONE, "a", D253),
  GOOD ("domain-255", "<a@" D253 "xx>", NONE, "a", D253 "xx"),
  BAD ("domain-256", "<a@" D253 ".xx>", NONE, TOO_LONG),
  BAD ("label-64", "<a@x" L63 ".org>", NONE, TOO_LONG),
  BAD ("label-64-last", "<a@b.x" L63 ">", NONE, TOO_LONG),
  BAD ("label-64-and-bad", "<a@x" L63 "..org>", NONE, SYNTAX),
  BAD ("label-64-and-utf-8", "<\xc3\xbc@x" L63 ">", NONE, TOO_LONG),
  BAD ("label-64-no-bracket", "<a@x" L63, NONE, SYNTAX),

  GOOD_REST ("rest-space", "<a@b> SIZE=1", NONE, "a", "b", " SIZE=1"),
  GOOD_REST ("rest-no-space", "<a@b>SIZE=1", NONE, "a", "b", "SIZE=1"),
  GOOD_REST ("rest-brackets", "<>>>>", NULL_PATH, "", NULL, ">>>"),
  GOOD_REST ("rest-not-utf-8", "<a@b>\xff", NONE, "a", "b", "\xff"),

  BAD ("nothing", "", NONE, SYNTAX),
  BAD ("open", "<", NULL_PATH, SYNTAX),
  BAD ("no-brackets", "a@b", NONE, SYNTAX),
  BAD ("no-close", "<a@b", NONE, SYNTAX),
  BAD ("no-open", "a@b>", NONE, SYNTAX),
  BAD ("space-in-front", " <a@b>", NONE, SYNTAX),
  BAD ("space-inside-front", "< a@b>", NONE, SYNTAX),
  BAD ("space-inside-end", "<a@b >", NONE, SYNTAX),
  BAD ("two-open", "<<a@b>>", NONE, SYNTAX),
  BAD ("no-at", "<a>", NONE, SYNTAX),
  BAD ("no-local", "<@b>", NONE, SYNTAX),
  BAD ("no-domain", "<a@>", NONE, SYNTAX),
  BAD ("at-only", "<@>", NONE, SYNTAX),
  BAD ("two-at", "<a@b@c>", NONE, SYNTAX),
  BAD ("dot-first", "<.a@b>", NONE, SYNTAX),
  BAD ("dot-last", "<a.@b>", NONE, SYNTAX),
  BAD ("two-dots", "<a..b@c>", NONE, SYNTAX),
  BAD ("space-in-local", "<a b@c>", NONE, SYNTAX),
  BAD ("comment", "<a(x)@b>", NONE, SYNTAX),
  BAD ("angle-in-local", "<a<b@c>", NONE, SYNTAX),
  BAD ("comma-in-local", "<a,b@c>", NONE, SYNTAX),
  BAD ("backslash-in-local", "<a\\b@c>", NONE, SYNTAX),
  BAD ("colon-in-local", "<a:b@c>", NONE, SYNTAX),
  BAD ("domain-dot-first", "<a@.b>", NONE, SYNTAX),
  BAD ("domain-dot-last", "<a@b.>", NONE, SYNTAX),
  BAD ("domain-dot-only", "<a@.>", NONE, SYNTAX),
  BAD ("domain-two-dots", "<a@b..c>", NONE, SYNTAX),
  BAD ("domain-hyphen-first", "<a@-b>", NONE, SYNTAX),
  BAD ("domain-hyphen-last", "<a@b->", NONE, SYNTAX),
  BAD ("domain-hyphen-only", "<a@->", NONE, SYNTAX),
  BAD ("label-hyphen-first", "<a@b.-c.d>", NONE, SYNTAX),
  BAD ("label-hyphen-last", "<a@b.c-.d>", NONE, SYNTAX),
  BAD ("domain-plus", "<a@b+c>", NONE, SYNTAX),
  BAD ("domain-percent", "<a@b%c>", NONE, SYNTAX),
  BAD ("domain-quoted", "<a@\"b\">", NONE, SYNTAX),

  GOOD ("meta-backtick", "<`id`@e.org>", NONE, "`id`", "e.org"),
  GOOD ("meta-pipe", "<|id@e.org>", NONE, "|id", "e.org"),
  GOOD ("meta-option", "<-oQ/tmp@e.org>", NONE, "-oQ/tmp", "e.org"),
  BAD ("meta-shell", "<;for i in 0 1 2 3;do read r;done;sh;exit 0;>", NONE, SYNTAX),
  BAD ("meta-exim", "<${run{\\x2Fbin\\x2Fsh}}@localhost>", NONE, SYNTAX),
  BAD ("meta-parent", "<../../x@e.org>", NONE, SYNTAX),
  BAD ("cr-header", "<a\rX: y@e.org>", NONE, SYNTAX),
  BAD ("cr-in-domain", "<a@e\r.org>", NONE, SYNTAX),
  BAD ("nul-in-local", "<a\0b@e.org>", NONE, SYNTAX),
  BAD ("nul-in-domain", "<a@e\0.org>", NONE, SYNTAX),
  BAD ("nul-last", "<a@e.org\0>", NONE, SYNTAX),
  BAD ("del", "<a\177@e.org>", NONE, SYNTAX),
  BAD ("tab", "<a\t@e.org>", NONE, SYNTAX),

  GOOD ("quoted", "<\"a\"@b>", NONE, "\"a\"", "b"),
  GOOD ("quoted-empty", "<\"\"@b>", NONE, "\"\"", "b"),
  GOOD ("quoted-space", "<\"a b\"@c>", NONE, "\"a b\"", "c"),
  GOOD ("quoted-specials", "<\"()<>[]:;@,.\"@c>", NONE, "\"()<>[]:;@,.\"", "c"),
  GOOD ("quoted-pair", "<\"a\\\"b\\\\c\\ d\"@e>", NONE, "\"a\\\"b\\\\c\\ d\"", "e"),
  GOOD ("quoted-path", "<\"<a@b>\"@c>", NONE, "\"<a@b>\"", "c"),
  BAD ("quoted-open", "<\"a@b>", NONE, SYNTAX),
  BAD ("quoted-open-pair", "<\"a\\\"@b>", NONE, SYNTAX),
  BAD ("quoted-ends-in-backslash", "<\"a\\", NONE, SYNTAX),
  BAD ("quoted-only", "<\"a\">", NONE, SYNTAX),
  BAD ("quoted-and-atom", "<\"a\"b@c>", NONE, SYNTAX),
  BAD ("quoted-dot-atom", "<\"a\".b@c>", NONE, SYNTAX),
  BAD ("atom-and-quoted", "<a\"b\"@c>", NONE, SYNTAX),
  BAD ("quoted-tab", "<\"a\tb\"@c>", NONE, SYNTAX),
  BAD ("quoted-crlf", "<\"a\r\nb\"@e.org>", NONE, SYNTAX),
  BAD ("quoted-nul", "<\"a\0b\"@c>", NONE, SYNTAX),
  BAD ("quoted-del", "<\"a\177\"@c>", NONE, SYNTAX),
  BAD ("quoted-pair-tab", "<\"a\\\tb\"@c>", NONE, SYNTAX),
  BAD ("quoted-pair-nul", "<\"a\\\0b\"@c>", NONE, SYNTAX),
  BAD ("quoted-pair-del", "<\"a\\\177\"@c>", NONE, SYNTAX),

  GOOD ("route", "<@a:b@c>", NONE, "b", "c"),
  GOOD ("route-two", "<@a.x,@b.y:c@d>", NONE, "c", "d"),
  GOOD ("route-quoted", "<@a:\"b\"@c>", NONE, "\"b\"", "c"),
  BAD ("route-only", "<@a:>", NONE, SYNTAX),
  BAD ("route-null", "<@a:>", NULL_PATH, SYNTAX),
  BAD ("route-postmaster", "<@a:postmaster>", POSTMASTER, SYNTAX),
  BAD ("route-no-colon", "<@a,@b>", NONE, SYNTAX),
  BAD ("route-comma-last", "<@a,@a,:b@c>", NONE, SYNTAX),
  BAD ("route-no-at", "<@a,b:c@d>", NONE, SYNTAX),
  BAD ("route-space", "<@a, @b:c@d>", NONE, SYNTAX),
  BAD ("route-bad-domain", "<@a..b:c@d>", NONE, SYNTAX),
  BAD ("route-empty-domain", "<@:c@d>", NONE, SYNTAX),
  BAD ("route-literal", "<@[192.0.2.1]:c@d>", NONE, SYNTAX),
  BAD ("route-label-64", "<@x" L63 ":c@d>", NONE, TOO_LONG),
  BAD ("route-utf-8", "<@\xc3\xbc:c@d>", NONE, NOT_ASCII),
  GOOD ("route-utf-8-allowed", "<@\xc3\xbc:c@d>", UTF8, "c", "d"),

  GOOD ("null", "<>", NULL_PATH, "", NULL),
  BAD ("null-not-allowed", "<>", NONE, SYNTAX),
  BAD ("null-not-allowed-postmaster", "<>", POSTMASTER, SYNTAX),
  BAD ("null-space", "< >", NULL_PATH, SYNTAX),
  GOOD ("postmaster", "<postmaster>", POSTMASTER, "postmaster", NULL),
  GOOD ("postmaster-case", "<PostMaster>", POSTMASTER | NULL_PATH, "PostMaster", NULL),
  GOOD ("postmaster-domain", "<postmaster@b>", POSTMASTER, "postmaster", "b"),
  BAD ("postmaster-not-allowed", "<postmaster>", NULL_PATH, SYNTAX),
  BAD ("postmaster-short", "<postmaste>", POSTMASTER, SYNTAX),
  BAD ("postmaster-long", "<postmasters>", POSTMASTER, SYNTAX),
  BAD ("postmaster-quoted", "<\"postmaster\">", POSTMASTER, SYNTAX),
  BAD ("postmaster-open", "<postmaster", POSTMASTER, SYNTAX),
  BAD ("postmaster-long-s", "<po\xc5\xbftmaster>", POSTMASTER | UTF8, SYNTAX),

  GOOD ("ipv4", "<a@[192.0.2.1]>", NONE, "a", "[192.0.2.1]"),
  GOOD ("ipv4-zeros", "<a@[0.0.0.0]>", NONE, "a", "[0.0.0.0]"),
  GOOD ("ipv4-max", "<a@[255.255.255.255]>", NONE, "a", "[255.255.255.255]"),
  GOOD ("ipv4-three-digits", "<a@[001.010.002.255]>", NONE, "a", "[001.010.002.255]"),
  BAD ("ipv4-256", "<a@[192.0.2.256]>", NONE, SYNTAX),
  BAD ("ipv4-four-digits", "<a@[0001.0.2.1]>", NONE, SYNTAX),
  BAD ("ipv4-three-numbers", "<a@[192.0.2]>", NONE, SYNTAX),
  BAD ("ipv4-five-numbers", "<a@[192.0.2.1.2]>", NONE, SYNTAX),
  BAD ("ipv4-dot-last", "<a@[192.0.2.1.]>", NONE, SYNTAX),
  BAD ("ipv4-empty-number", "<a@[192..2.1]>", NONE, SYNTAX),
  BAD ("ipv4-space", "<a@[192.0.2.1 ]>", NONE, SYNTAX),
  BAD ("ipv4-minus", "<a@[-1.0.2.1]>", NONE, SYNTAX),
  BAD ("ipv4-hex", "<a@[0x7f.0.0.1]>", NONE, SYNTAX),
  GOOD ("ipv6", "<a@[IPv6:2001:db8::1]>", NONE, "a", "[IPv6:2001:db8::1]"),
  GOOD ("ipv6-case", "<a@[ipV6:2001:DB8::1]>", NONE, "a", "[ipV6:2001:DB8::1]"),
  GOOD ("ipv6-any", "<a@[IPv6:::]>", NONE, "a", "[IPv6:::]"),
  GOOD ("ipv6-loopback", "<a@[IPv6:::1]>", NONE, "a", "[IPv6:::1]"),
  GOOD ("ipv6-full", "<a@[IPv6:1:2:3:4:5:6:7:8]>", NONE, "a", "[IPv6:1:2:3:4:5:6:7:8]"),
  GOOD ("ipv6-v4", "<a@[IPv6:::ffff:192.0.2.1]>", NONE, "a", "[IPv6:::ffff:192.0.2.1]"),
  GOOD ("ipv6-longest", "<a@[IPv6:ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]>", NONE,
        "a", "[IPv6:ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]"),
  BAD ("ipv6-nothing", "<a@[IPv6:]>", NONE, SYNTAX),
  BAD ("ipv6-is-ipv4", "<a@[IPv6:192.0.2.1]>", NONE, SYNTAX),
  BAD ("ipv6-nine", "<a@[IPv6:1:2:3:4:5:6:7:8:9]>", NONE, SYNTAX),
  BAD ("ipv6-seven", "<a@[IPv6:1:2:3:4:5:6:7]>", NONE, SYNTAX),
  BAD ("ipv6-two-gaps", "<a@[IPv6:1::2::3]>", NONE, SYNTAX),
  BAD ("ipv6-five-digits", "<a@[IPv6:12345::1]>", NONE, SYNTAX),
  BAD ("ipv6-letter", "<a@[IPv6:g::1]>", NONE, SYNTAX),
  BAD ("ipv6-zone", "<a@[IPv6:fe80::1%eth0]>", NONE, SYNTAX),
  BAD ("ipv6-prefix", "<a@[IPv6:2001:db8::/32]>", NONE, SYNTAX),
  BAD ("ipv6-too-long", "<a@[IPv6:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]>", NONE, SYNTAX),
  BAD ("ipv6-no-tag", "<a@[::1]>", NONE, SYNTAX),
  GOOD ("tagged", "<a@[x-tag:anything;at=all]>", NONE, "a", "[x-tag:anything;at=all]"),
  GOOD ("tagged-colons", "<a@[x:::]>", NONE, "a", "[x:::]"),
  BAD ("tagged-nothing", "<a@[x:]>", NONE, SYNTAX),
  BAD ("tagged-no-tag", "<a@[:x]>", NONE, SYNTAX),
  BAD ("tagged-hyphen-last", "<a@[x-:y]>", NONE, SYNTAX),
  BAD ("tagged-no-colon", "<a@[x]>", NONE, SYNTAX),
  BAD ("tagged-space", "<a@[x:a b]>", NONE, SYNTAX),
  BAD ("tagged-backslash", "<a@[x:a\\]b]>", NONE, SYNTAX),
  BAD ("tagged-bracket", "<a@[x:a[b]>", NONE, SYNTAX),
  BAD ("tagged-nul", "<a@[x:a\0b]>", NONE, SYNTAX),
  BAD ("tagged-utf-8", "<a@[x:\xc3\xbc]>", UTF8, SYNTAX),
  BAD ("tagged-too-long", "<a@[x:" D253 "]>", NONE, TOO_LONG),
  BAD ("literal-empty", "<a@[]>", NONE, SYNTAX),
  BAD ("literal-open", "<a@[192.0.2.1>", NONE, SYNTAX),
  BAD ("literal-open-at-end", "<a@[", NONE, SYNTAX),
  BAD ("literal-and-domain", "<a@[192.0.2.1].b>", NONE, SYNTAX),
  BAD ("literal-behind-domain", "<a@b[192.0.2.1]>", NONE, SYNTAX),

  BAD ("utf-8-local", "<\xc3\xbc@e.org>", NONE, NOT_ASCII),
  GOOD ("utf-8-local-allowed", "<\xc3\xbc.a\xe2\x82\xac@e.org>", UTF8, "\xc3\xbc.a\xe2\x82\xac", "e.org"),
  BAD ("utf-8-quoted", "<\"\xc3\xbc\"@e.org>", NONE, NOT_ASCII),
  GOOD ("utf-8-quoted-allowed", "<\"\xc3\xbc \xf0\x9f\x98\x80\"@e.org>", UTF8, "\"\xc3\xbc \xf0\x9f\x98\x80\"", "e.org"),
  BAD ("utf-8-quoted-pair", "<\"\\\xc3\xbc\"@e.org>", UTF8, SYNTAX),
  BAD ("utf-8-domain", "<a@b\xc3\xbc""cher.org>", NONE, NOT_ASCII),
  GOOD ("utf-8-domain-allowed", "<a@b\xc3\xbc""cher.org>", UTF8, "a", "b\xc3\xbc""cher.org"),
  GOOD ("utf-8-nbsp", "<\xc2\xa0@e.org>", UTF8, "\xc2\xa0", "e.org"),
  BAD ("utf-8-and-bad", "<\xc3\xbc@e..org>", NONE, SYNTAX),
  BAD ("utf-8-and-open", "<\xc3\xbc@e.org", NONE, SYNTAX),
  GOOD ("utf-8-label-62-characters", "<a@" U31 U31 ">", UTF8, "a", U31 U31),
  BAD ("utf-8-label-64-characters", "<a@" U31 U31 "xx>", UTF8, TOO_LONG),
  BAD ("utf-8-c1", "<a\xc2\x85@e.org>", UTF8, SYNTAX),
  BAD ("utf-8-c1-without-flag", "<a\xc2\x9b@e.org>", NONE, SYNTAX),
  BAD ("utf-8-c1-domain", "<a@e\xc2\x80.org>", UTF8, SYNTAX),
  BAD ("utf-8-c1-quoted", "<\"\xc2\x9f\"@e.org>", UTF8, SYNTAX),
  BAD ("latin-1", "<\xfc@e.org>", UTF8, SYNTAX),
  BAD ("latin-1-without-flag", "<\xfc@e.org>", NONE, SYNTAX),
  BAD ("overlong", "<\xc0\xaf@e.org>", UTF8, SYNTAX),
  BAD ("overlong-bracket", "<a@e.org\xc0\xbe", UTF8, SYNTAX),
  BAD ("surrogate", "<\xed\xa0\x80@e.org>", UTF8, SYNTAX),
  BAD ("above-unicode", "<\xf4\x90\x80\x80@e.org>", UTF8, SYNTAX),
  BAD ("cut-character", "<\xe2\x82@e.org>", UTF8, SYNTAX),
  BAD ("cut-character-at-end", "<a@\xe2\x82", UTF8, SYNTAX),
};

static gboolean
has_non_ascii (const char *text,
               gsize       length)
{
  gsize i;

  for (i = 0; i < length; i++)
    if ((guchar) text[i] >= 0x80)
      return TRUE;

  return FALSE;
}

static void
assert_empty (const SmtpPath *path)
{
  g_assert_null (path->mailbox);
  g_assert_null (path->domain);
  g_assert_cmpuint (path->mailbox_length + path->local_length + path->domain_length, ==, 0);
  g_assert_false (path->is_utf8 || path->is_quoted || path->is_literal);
}

static void
assert_path (const SmtpPath *path,
             const char     *local,
             const char     *domain)
{
  g_assert_cmpmem (path->mailbox, path->local_length, local, strlen (local));
  g_assert_cmpint (path->is_utf8, ==, has_non_ascii (path->mailbox, path->mailbox_length));
  g_assert_cmpint (path->is_quoted, ==, local[0] == '"');

  if (domain == NULL)
    {
      g_assert_null (path->domain);
      g_assert_cmpuint (path->domain_length, ==, 0);
      g_assert_cmpuint (path->mailbox_length, ==, path->local_length);
      g_assert_false (path->is_literal);
      return;
    }

  g_assert_cmpmem (path->domain, path->domain_length, domain, strlen (domain));
  g_assert_true (path->domain == path->mailbox + path->local_length + 1);
  g_assert_cmpuint (path->mailbox_length, ==, path->local_length + 1 + path->domain_length);
  g_assert_cmpint (path->is_literal, ==, domain[0] == '[');
}

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  char       *exact = g_memdup2 (row->text, row->length);
  SmtpPath    path;
  gsize       consumed = G_MAXSIZE;

  memset (&path, 0xa5, sizeof path);
  g_assert_cmpint (smtp_path_parse (exact, row->length, row->flags, &path, &consumed), ==, row->status);

  if (row->status == SMTP_PATH_OK)
    {
      assert_path (&path, row->local, row->domain);
      g_assert_cmpmem (exact + consumed, row->length - consumed, row->rest, strlen (row->rest));
    }
  else
    {
      assert_empty (&path);
      g_assert_cmpuint (consumed, ==, 0);
    }

  g_free (exact);
}

/* Without its brackets and with nothing behind it, a path is a mailbox, unless
 * it has a source route. */
static void
test_case_as_mailbox (gconstpointer data)
{
  const Case *row = data;
  SmtpPath    path;
  char       *exact;
  gsize       length;

  if (row->length < 2 || row->text[0] != '<' || row->text[row->length - 1] != '>'
      || (row->rest != NULL && row->rest[0] != '\0'))
    return;

  length = row->length - 2;
  exact = g_memdup2 (row->text + 1, length);

  memset (&path, 0xa5, sizeof path);
  if (row->text[1] == '@')
    {
      g_assert_cmpint (smtp_mailbox_parse (exact, length, row->flags, &path), ==, SMTP_PATH_SYNTAX);
    }
  else
    {
      g_assert_cmpint (smtp_mailbox_parse (exact, length, row->flags, &path), ==, row->status);
      if (row->status == SMTP_PATH_OK)
        assert_path (&path, row->local, row->domain);
      else
        assert_empty (&path);
    }

  g_free (exact);
}

/* A path that is cut short is none, and nothing behind the cut is read. */
static void
test_cut_anywhere (void)
{
  gsize i;
  gsize length;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize whole = cases[i].length - (cases[i].rest != NULL ? strlen (cases[i].rest) : 0);

      for (length = 0; length < whole; length++)
        {
          char           *exact = g_memdup2 (cases[i].text, length);
          SmtpPath        path;
          gsize           consumed;
          SmtpPathStatus  status;

          status = smtp_path_parse (exact, length, cases[i].flags, &path, &consumed);
          if (cases[i].status != SMTP_PATH_SYNTAX)
            g_assert_cmpint (status, ==, SMTP_PATH_SYNTAX);
          smtp_mailbox_parse (exact, length, cases[i].flags, &path);
          smtp_helo_name_is_valid (exact, length);
          g_free (exact);
        }
    }
}

static void
test_mailbox (void)
{
  SmtpPath path;

  g_assert_cmpint (smtp_mailbox_parse (NULL, 0, SMTP_PATH_ALLOW_NULL, &path), ==, SMTP_PATH_OK);
  g_assert_nonnull (path.mailbox);
  g_assert_cmpint (smtp_mailbox_parse (NULL, 0, SMTP_PATH_DEFAULT, &path), ==, SMTP_PATH_SYNTAX);
  g_assert_cmpint (smtp_mailbox_parse ("a@b>", 4, SMTP_PATH_DEFAULT, &path), ==, SMTP_PATH_SYNTAX);
  g_assert_cmpint (smtp_mailbox_parse ("a@b ", 4, SMTP_PATH_DEFAULT, &path), ==, SMTP_PATH_SYNTAX);
  g_assert_cmpint (smtp_mailbox_parse ("<a@b>", 5, SMTP_PATH_DEFAULT, &path), ==, SMTP_PATH_SYNTAX);
}

typedef struct
{
  const char *name;
  const char *text;
  gsize       length;
  gboolean    valid;
} HeloCase;

#define HELO(name, text, valid) { name, text, sizeof text - 1, valid }

static const HeloCase helo_cases[] = {
  HELO ("name", "mail.example.org", TRUE),
  HELO ("no-dot", "localhost", TRUE),
  HELO ("one-letter", "x", TRUE),
  HELO ("underscore", "my_pc", TRUE),
  HELO ("digits", "192.0.2.1", TRUE),
  HELO ("hyphens", "-a-.b", TRUE),
  HELO ("root-dot", "example.org.", TRUE),
  HELO ("255", D253 "xx", TRUE),
  HELO ("256", D253 "xxx", FALSE),
  HELO ("label-64", "x" L63, TRUE),
  HELO ("ipv4-literal", "[192.0.2.1]", TRUE),
  HELO ("ipv6-literal", "[IPv6:2001:db8::1]", TRUE),
  HELO ("tagged-literal", "[x-tag:a.b_c]", TRUE),
  HELO ("nothing", "", FALSE),
  HELO ("dot", ".", FALSE),
  HELO ("dot-first", ".example.org", FALSE),
  HELO ("two-dots", "example..org", FALSE),
  HELO ("two-dots-last", "example.org..", FALSE),
  HELO ("space", "a b", FALSE),
  HELO ("tab", "x\tY", FALSE),
  HELO ("cr", "a\rb", FALSE),
  HELO ("nul", "a\0b", FALSE),
  HELO ("nul-last", "a\0", FALSE),
  HELO ("markup", "<script>", FALSE),
  HELO ("ampersand", "a&b", FALSE),
  HELO ("quote", "a\"b", FALSE),
  HELO ("parenthesis", "a(b)", FALSE),
  HELO ("percent", "%n%s%p", FALSE),
  HELO ("at", "a@b", FALSE),
  HELO ("slash", "a/b", FALSE),
  HELO ("colon", "::1", FALSE),
  HELO ("utf-8", "b\xc3\xbc""cher.org", FALSE),
  HELO ("latin-1", "b\xfc""cher.org", FALSE),
  HELO ("literal-bad", "[192.0.2.256]", FALSE),
  HELO ("literal-empty", "[]", FALSE),
  HELO ("literal-open", "[", FALSE),
  HELO ("literal-no-close", "[192.0.2.1", FALSE),
  HELO ("literal-and-more", "[192.0.2.1]x", FALSE),
  HELO ("literal-twice", "[192.0.2.1][192.0.2.1]", FALSE),
  HELO ("literal-markup", "[x:<script>]", FALSE),
  HELO ("literal-quote", "[x:\"]", FALSE),
  HELO ("literal-nul", "[x:\0]", FALSE),
};

static void
test_helo (gconstpointer data)
{
  const HeloCase *row = data;
  char           *exact = g_memdup2 (row->text, row->length);

  g_assert_cmpint (smtp_helo_name_is_valid (exact, row->length), ==, row->valid);
  g_free (exact);
}

static void
check_speed (const char *front,
             const char *pattern,
             const char *behind)
{
  const gsize  length = strlen (pattern);
  GString     *text = g_string_new (front);
  gint64       begin;
  guint        round;

  while (text->len < 500 * 1024)
    g_string_append_len (text, pattern, length);
  g_string_append (text, behind);

  begin = g_get_monotonic_time ();
  for (round = 0; round < 10; round++)
    {
      SmtpPath path;
      gsize    consumed;

      smtp_path_parse (text->str, text->len, SMTP_PATH_ALLOW_UTF8, &path, &consumed);
      smtp_mailbox_parse (text->str, text->len, SMTP_PATH_ALLOW_UTF8, &path);
      smtp_helo_name_is_valid (text->str, text->len);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);

  g_string_free (text, TRUE);
}

static void
test_linear (void)
{
  check_speed ("", "<", "");
  check_speed ("<", "<", "");
  check_speed ("<", "(", "");
  check_speed ("<", "\"\\\"", "");
  check_speed ("<\"", "\\\"", "");
  check_speed ("<\"", "a", "\"@b>");
  check_speed ("<", "@a,", "");
  check_speed ("<", "@a,", ":");
  check_speed ("<@a", ",@a", ":b@c>");
  check_speed ("<", "a.", "a@b>");
  check_speed ("<", "a", "");
  check_speed ("<a@", "a.", "a>");
  check_speed ("<a@", "a", ">");
  check_speed ("<a@[", "[", "");
  check_speed ("<a@[x:", "a", "]>");
  check_speed ("<a@[IPv6:", ":", "]>");
  check_speed ("<a@", "[", "");
  check_speed ("<", "\xe2\x82\xac", "");
  check_speed ("<a@", "\xe2\x82\xac", ">");
}

static void
add_cases (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/path/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);

      path = g_strconcat ("/wire/path/as-mailbox/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_case_as_mailbox);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (helo_cases); i++)
    {
      char *path = g_strconcat ("/wire/path/helo/", helo_cases[i].name, NULL);

      g_test_add_data_func (path, &helo_cases[i], test_helo);
      g_free (path);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_cases ();
  g_test_add_func ("/wire/path/mailbox", test_mailbox);
  g_test_add_func ("/wire/path/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/wire/path/linear", test_linear);

  return g_test_run ();
}
