/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Base64 and xtext, exactly as they are defined and not otherwise. */

#include <string.h>

#include "wire/smtp-base64.h"
#include "wire/smtp-xtext.h"

static gboolean
decode (const char *text,
        gsize       length,
        guint8     *octets,
        gsize      *size)
{
  g_autofree char *exact = g_memdup2 (text, length);

  return smtp_base64_decode (exact, length, octets, size);
}

/* Every length, with every padding that it could have. */
static void
test_lengths (void)
{
  guint8 octets[200], back[200];

  for (guint i = 0; i < sizeof octets; i++)
    octets[i] = (guint8) (i * 37);

  for (gsize n = 1; n < 100; n++)
    {
      g_autofree char *text = g_base64_encode (octets, n);
      gsize length = strlen (text), stripped = strcspn (text, "="), size;

      g_assert_cmpuint (SMTP_BASE64_DECODED_MAX (length), >=, n);
      g_assert_true (decode (text, length, back, &size));
      g_assert_cmpmem (back, size, octets, n);

      for (gsize cut = 0; cut < length; cut++)
        g_assert_true (decode (text, cut, back, &size) == (cut % 4 == 0));
      if (stripped < length)
        g_assert_false (decode (text, stripped, back, &size));
    }
}

static void
test_characters (void)
{
  guint8 octets[3];
  gsize size;

  for (guint c = 0; c < 256; c++)
    {
      gboolean good = c < 0x80 && (g_ascii_isalnum (c) || c == '+' || c == '/');

      for (guint at = 0; at < 4; at++)
        {
          char text[] = "AAAA";

          text[at] = (char) c;
          /* Padding at the end is another matter. */
          g_assert_true (decode (text, 4, octets, &size) == (good || (c == '=' && at == 3)));
        }
    }
}

static void
test_bad (void)
{
  static const char * const texts[] = {
    "=", "==", "===", "====", "A===", "A=A=", "AA=A", "AAAA====", "AA==AAAA", "QR==", "QUJ=", "AAA=A", " AAAA", "AAAA\n", "A AA",
  };
  guint8 octets[16];
  gsize size;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_false (decode (texts[i], strlen (texts[i]), octets, &size));
  g_assert_true (decode ("", 0, octets, &size));
  g_assert_cmpuint (size, ==, 0);
}

static void
test_xtext (void)
{
  static const struct
  {
    const char *text;
    const char *decoded;
  } rows[] =
  {
    { "", "" }, { "e+3Dmc2@example.com", "e=mc2@example.com" }, { "+2B", "+" }, { "+2b", "+" }, { "a+20b", "a b" }, { "<>", "<>" },
    { "+00", NULL }, { "+0A", NULL }, { "+1F", NULL }, { "+7F", NULL }, { "+80", NULL }, { "+FF", NULL }, { "+", NULL }, { "+4", NULL },
    { "+4G", NULL }, { "a=b", NULL }, { "a b", NULL }, { "\xc3\xa4", NULL }, { "a\tb", NULL }, { "+-1", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char decoded[32];
      gboolean good = smtp_xtext_decode (rows[i].text, strlen (rows[i].text), decoded);

      g_assert_true (good == (rows[i].decoded != NULL));
      if (good)
        g_assert_cmpstr (decoded, ==, rows[i].decoded);
    }

  /* Up to its length, and no further. */
  {
    char decoded[8];

    g_assert_false (smtp_xtext_decode ("+41", 2, decoded));
    g_assert_true (smtp_xtext_decode ("ab+41", 2, decoded));
    g_assert_cmpstr (decoded, ==, "ab");
  }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/base64/lengths", test_lengths);
  g_test_add_func ("/wire/base64/characters", test_characters);
  g_test_add_func ("/wire/base64/bad", test_bad);
  g_test_add_func ("/wire/xtext", test_xtext);

  return g_test_run ();
}
