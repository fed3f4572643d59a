/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SmtpAddress, as a program makes and reads it. What the grammar takes is in test-wire-path.c. */

#include <string.h>

#include <smtpd/smtpd.h>

typedef struct
{
  const char *text;
  const char *local;
  const char *domain;   /* NULL: none */
  gboolean utf8;
  gboolean literal;
} Good;

static const Good good[] =
{
  { "user@example.org", "user", "example.org", FALSE, FALSE },
  { "User+Tag@EXAMPLE.org", "User+Tag", "EXAMPLE.org", FALSE, FALSE },
  { "\"a b\"@example.org", "a b", "example.org", FALSE, FALSE },
  { "\"a@b\"@example.org", "a@b", "example.org", FALSE, FALSE },
  { "\"a\\\"b\\\\c\"@example.org", "a\"b\\c", "example.org", FALSE, FALSE },
  { "\"\"@example.org", "", "example.org", FALSE, FALSE },
  { "a@[192.0.2.1]", "a", "[192.0.2.1]", FALSE, TRUE },
  { "a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", FALSE, TRUE },
  { "a@[tag:anything]", "a", "[tag:anything]", FALSE, TRUE },
  { "postmaster", "postmaster", NULL, FALSE, FALSE },
  { "PostMaster", "PostMaster", NULL, FALSE, FALSE },
  { "", "", NULL, FALSE, FALSE },
  { "j\303\274rgen@example.org", "j\303\274rgen", "example.org", TRUE, FALSE },
  { "a@b\303\274cher.example", "a", "b\303\274cher.example", TRUE, FALSE },
  /* Opaque to a mail server, whatever a shell makes of them (S26). */
  { "`id`@example.org", "`id`", "example.org", FALSE, FALSE },
  { "|id@example.org", "|id", "example.org", FALSE, FALSE },
  { "-oQ/tmp@example.org", "-oQ/tmp", "example.org", FALSE, FALSE },
};

static void
test_good (gconstpointer data)
{
  const Good *expected = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SmtpAddress) address = smtp_address_new (expected->text, &error);
  g_autofree char *local = NULL;

  g_assert_no_error (error);
  local = smtp_address_dup_local_part (address);
  g_assert_cmpstr (smtp_address_get_text (address), ==, expected->text);
  g_assert_cmpstr (local, ==, expected->local);
  g_assert_cmpstr (smtp_address_get_domain (address), ==, expected->domain);
  g_assert_cmpint (smtp_address_is_utf8 (address), ==, expected->utf8);
  g_assert_cmpint (smtp_address_is_literal (address), ==, expected->literal);
  g_assert_cmpint (smtp_address_is_null (address), ==, *expected->text == '\0');
}

static const char * const bad[] =
{
  "user", "user@", "@example.org", "a b@example.org", "a@example org", "<a@example.org>", "a@b@c",
  "a..b@example.org", ".a@example.org", "a.@example.org", "a@-", "a@example..org", "a@[192.0.2.256]",
  "a@[IPv6:zz]", "a@[192.0.2.1", "\"a@example.org", "\"a\"b@example.org", "a\r\n@example.org",
  "a@example.org\r\nRCPT TO:<x@y>", "\"a\r\nb\"@example.org", "a\tb@example.org", "a\177@example.org",
  "a\377@example.org", "a\300\200@example.org", "a@example.org ", " a@example.org", ";sh;",
};

static void
test_bad (gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (smtp_address_new (data, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
  g_assert_nonnull (error->message);
}

static void
test_long (void)
{
  static const gsize sizes[] = { 300, 40000, 70000, 1 << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *name = g_strnfill (sizes[i], 'a');
      g_autofree char *text = g_strconcat ("x@", name, ".org", NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (smtp_address_new (text, &error));
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_TOO_LONG);
    }
}

static gboolean
are_equal (const char *one,
           const char *other)
{
  g_autoptr (SmtpAddress) a = smtp_address_new (one, NULL);
  g_autoptr (SmtpAddress) b = smtp_address_new (other, NULL);
  gboolean equal = smtp_address_equal (a, b);

  g_assert_cmpint (equal, ==, smtp_address_equal (b, a));

  return equal;
}

/* RFC 5321 section 2.4: the case of a local part may mean something, that of a domain not. */
static void
test_equal (void)
{
  g_assert_true (are_equal ("a@example.org", "a@example.org"));
  g_assert_true (are_equal ("a@example.org", "a@EXAMPLE.Org"));
  g_assert_false (are_equal ("a@example.org", "A@example.org"));
  g_assert_false (are_equal ("a@example.org", "ab@example.org"));
  g_assert_false (are_equal ("a@example.org", "a@example.com"));
  g_assert_false (are_equal ("postmaster", "postmaster@example.org"));
  g_assert_true (are_equal ("", ""));
  g_assert_false (are_equal ("", "postmaster"));
}

static void
test_boxed (void)
{
  SmtpAddress *address = smtp_address_new ("a@example.org", NULL);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, SMTP_TYPE_ADDRESS);
  g_value_take_boxed (&value, smtp_address_ref (address));
  smtp_address_unref (address);
  g_assert_true (g_value_get_boxed (&value) == address);
  g_assert_cmpstr (smtp_address_get_text (g_value_get_boxed (&value)), ==, "a@example.org");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_strdup_printf ("/address/good/%u", i);

      g_test_add_data_func (path, &good[i], test_good);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/address/bad/%u", i);

      g_test_add_data_func (path, bad[i], test_bad);
    }
  g_test_add_func ("/address/long", test_long);
  g_test_add_func ("/address/equal", test_equal);
  g_test_add_func ("/address/boxed", test_boxed);

  return g_test_run ();
}
