/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-parameter-parser.h"

#include <string.h>

/* All parameters of @text, as "KEYWORD=value|KEYWORD|", then "!" if a syntax
 * error stopped it. */
static char *
parse_all (const char *text,
           gsize       length,
           gboolean    allow_utf8)
{
  GString    *found = g_string_new (NULL);
  char       *exact = g_memdup2 (text, length);
  const char *cursor = exact;
  const char *end = exact != NULL ? exact + length : NULL;

  for (;;)
    {
      SmtpParameter        parameter;
      const char          *before = cursor;
      SmtpParameterStatus  status = smtp_parameter_next (&cursor, end, allow_utf8, &parameter);

      if (status == SMTP_PARAMETER_SYNTAX)
        {
          g_assert_true (cursor == before);
          g_assert_null (parameter.keyword);
          g_string_append_c (found, '!');
          break;
        }
      if (status == SMTP_PARAMETER_END)
        {
          g_assert_true (cursor == end);
          break;
        }

      g_assert_true (cursor > before && cursor <= end);
      g_string_append_len (found, parameter.keyword, parameter.keyword_length);
      if (parameter.value != NULL)
        {
          g_string_append_c (found, '=');
          g_string_append_len (found, parameter.value, parameter.value_length);
        }
      g_string_append_c (found, '|');
    }

  g_free (exact);
  return g_string_free (found, FALSE);
}

typedef struct
{
  const char *name;
  const char *text;
  gsize       length;
  const char *ascii;  /* without SMTPUTF8 */
  const char *utf8;   /* with it; NULL if it is the same */
} Case;

#define CASE(name, text, ascii, utf8) { name, text, sizeof text - 1, ascii, utf8 }

static const Case cases[] = {
  CASE ("nothing", "", "", NULL),
  CASE ("space", " ", "", NULL),
  CASE ("spaces", "    ", "", NULL),
  CASE ("tab", "\t", "", NULL),
  CASE ("spaces-and-tabs", " \t \t", "", NULL),
  CASE ("keyword", " SMTPUTF8", "SMTPUTF8|", NULL),
  CASE ("value", " SIZE=1000", "SIZE=1000|", NULL),
  CASE ("lower-case", " size=1000", "size=1000|", NULL),
  CASE ("one-letter", " A", "A|", NULL),
  CASE ("digit-first", " 1A=2", "1A=2|", NULL),
  CASE ("hyphen", " MT-PRIORITY=3", "MT-PRIORITY=3|", NULL),
  CASE ("hyphen-last", " A-=3", "A-=3|", NULL),
  CASE ("two", " SIZE=1 BODY=8BITMIME", "SIZE=1|BODY=8BITMIME|", NULL),
  CASE ("twice", " SIZE=1 SIZE=2", "SIZE=1|SIZE=2|", NULL),
  CASE ("many-spaces", "   A   B=1   ", "A|B=1|", NULL),
  CASE ("trailing-space", " A ", "A|", NULL),
  CASE ("trailing-tab", " A\t", "A|", NULL),
  CASE ("trailing-tab-of-value", " A=1\t \t", "A=1|", NULL),
  CASE ("auth-null", " AUTH=<>", "AUTH=<>|", NULL),
  CASE ("auth-quote", " AUTH=\"", "AUTH=\"|", NULL),
  CASE ("auth-plus", " AUTH=+", "AUTH=+|", NULL),
  CASE ("auth-plus-4", " AUTH=+4", "AUTH=+4|", NULL),
  CASE ("xtext", " ENVID=a+0D+0Ab", "ENVID=a+0D+0Ab|", NULL),
  CASE ("orcpt", " ORCPT=rfc822;a+00b@e.org", "ORCPT=rfc822;a+00b@e.org|", NULL),
  CASE ("all-of-value", " A=!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~", "A=!\"#$%&'()*+,-./09:;<>?@AZ[\\]^_`az{|}~|", NULL),
  CASE ("no-space", "SIZE=1", "!", NULL),
  CASE ("tab-for-space", "\tSIZE=1", "!", NULL),
  CASE ("tab-before-keyword", " \tSIZE=1", "!", NULL),
  CASE ("tab-between", " A\tB", "A|!", NULL),
  CASE ("tab-and-space-between", " A\t B", "A|!", NULL),
  CASE ("equals", " =", "!", NULL),
  CASE ("equals-without-space", "=", "!", NULL),
  CASE ("no-keyword", " =1", "!", NULL),
  CASE ("empty-value", " SIZE=", "!", NULL),
  CASE ("empty-value-and-more", " SIZE= A", "!", NULL),
  CASE ("two-equals", " A=1=2", "!", NULL),
  CASE ("equals-twice", " A==1", "!", NULL),
  CASE ("equals-last", " A=1=", "!", NULL),
  CASE ("space-before-equals", " A =1", "A|!", NULL),
  CASE ("hyphen-first", " -A", "!", NULL),
  CASE ("underscore", " A_B", "!", NULL),
  CASE ("bracket-behind-path", ">>>", "!", NULL),
  CASE ("bracket", " >", "!", NULL),
  CASE ("dollar-behind-keyword", " A$", "!", NULL),
  CASE ("second-is-bad", " A=1 =2", "A=1|!", NULL),
  CASE ("nul", " A=\0", "!", NULL),
  CASE ("nul-in-value", " A=b\0c", "!", NULL),
  CASE ("nul-in-keyword", " A\0", "!", NULL),
  CASE ("cr", " A=b\rc", "!", NULL),
  CASE ("del", " A=\177", "!", NULL),
  CASE ("utf-8", " A=\xc3\xbc", "!", "A=\xc3\xbc|"),
  CASE ("utf-8-inside", " A=x\xe2\x82\xac""y B", "!", "A=x\xe2\x82\xac""y|B|"),
  CASE ("utf-8-four", " A=\xf0\x9f\x98\x80", "!", "A=\xf0\x9f\x98\x80|"),
  CASE ("utf-8-keyword", " \xc3\xbc=1", "!", "!"),
  CASE ("nbsp-for-space", " A\xc2\xa0""B", "!", "!"),
  CASE ("c1", " A=\xc2\x85", "!", "!"),
  CASE ("latin-1", " A=\xfc", "!", "!"),
  CASE ("overlong", " A=\xc0\xaf", "!", "!"),
  CASE ("surrogate", " A=\xed\xa0\x80", "!", "!"),
  CASE ("cut-character", " A=\xe2\x82", "!", "!"),
};

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  char       *found;

  found = parse_all (row->text, row->length, FALSE);
  g_assert_cmpstr (found, ==, row->ascii);
  g_free (found);

  found = parse_all (row->text, row->length, TRUE);
  g_assert_cmpstr (found, ==, row->utf8 != NULL ? row->utf8 : row->ascii);
  g_free (found);
}

/* Every beginning of every text, in a buffer of exact size. */
static void
test_cut_anywhere (void)
{
  gsize i;
  gsize j;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (j = 0; j <= cases[i].length; j++)
        {
          g_free (parse_all (cases[i].text, j, FALSE));
          g_free (parse_all (cases[i].text, j, TRUE));
        }
    }
}

typedef struct
{
  const char *name;
  const char *text;
  gboolean    valid;
  guint64     size;
} SizeCase;

static const SizeCase size_cases[] = {
  { "zero", "0", TRUE, 0 },
  { "one", "1", TRUE, 1 },
  { "many", "10485760", TRUE, 10485760 },
  { "leading-zeros", "00012", TRUE, 12 },
  { "twenty-zeros", "00000000000000000000", TRUE, 0 },
  { "int64-max", "9223372036854775807", TRUE, G_MAXINT64 },
  { "int64-max-plus-1", "9223372036854775808", TRUE, G_GUINT64_CONSTANT (9223372036854775808) },
  { "max-minus-1", "18446744073709551614", TRUE, G_MAXUINT64 - 1 },
  { "max", "18446744073709551615", TRUE, G_MAXUINT64 },
  { "max-plus-1", "18446744073709551616", TRUE, G_MAXUINT64 },
  { "max-plus-5", "18446744073709551620", TRUE, G_MAXUINT64 },
  { "twenty-nines", "99999999999999999999", TRUE, G_MAXUINT64 },
  { "twenty-one-digits", "100000000000000000000", FALSE, 0 },
  { "twenty-one-zeros", "000000000000000000000", FALSE, 0 },
  { "empty", "", FALSE, 0 },
  { "minus", "-1", FALSE, 0 },
  { "plus", "+1", FALSE, 0 },
  { "space", " 1", FALSE, 0 },
  { "space-behind", "1 ", FALSE, 0 },
  { "letter", "1x", FALSE, 0 },
  { "hex", "0x10", FALSE, 0 },
  { "power", "2^64", FALSE, 0 },
  { "dot", "1.5", FALSE, 0 },
  { "arabic-digit", "\xd9\xa1", FALSE, 0 },
};

static void
test_size (gconstpointer data)
{
  const SizeCase *row = data;
  gsize           length = strlen (row->text);
  char           *exact = g_memdup2 (row->text, length);
  guint64         size = 42;

  g_assert_cmpint (smtp_parameter_parse_size (exact, length, &size), ==, row->valid);
  g_assert_cmpuint (size, ==, row->size);
  g_free (exact);
}

static void
check_speed (const char *pattern,
             gsize       count)
{
  gsize    length = strlen (pattern);
  GString *text = g_string_sized_new (length * count);
  gint64   begin;
  gsize    i;

  for (i = 0; i < count; i++)
    g_string_append_len (text, pattern, length);

  begin = g_get_monotonic_time ();
  for (i = 0; i < 10; i++)
    {
      const char          *cursor = text->str;
      SmtpParameter        parameter;
      SmtpParameterStatus  status;

      do
        status = smtp_parameter_next (&cursor, text->str + text->len, TRUE, &parameter);
      while (status == SMTP_PARAMETER_OK);
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);

  g_string_free (text, TRUE);
}

static void
test_linear (void)
{
  check_speed (" A=1", 10000);
  check_speed (" A", 250000);
  check_speed (" ", 500000);
  check_speed ("\t", 500000);
  check_speed (" A\t", 150000);
  check_speed (" =", 250000);
  check_speed ("A", 500000);
  check_speed (" A=\xe2\x82\xac", 100000);
  check_speed (" A                    ", 25000);
}

int
main (int   argc,
      char *argv[])
{
  gsize i;

  g_test_init (&argc, &argv, NULL);

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *path = g_strconcat ("/wire/parameters/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
      g_free (path);
    }

  for (i = 0; i < G_N_ELEMENTS (size_cases); i++)
    {
      char *path = g_strconcat ("/wire/parameters/size/", size_cases[i].name, NULL);

      g_test_add_data_func (path, &size_cases[i], test_size);
      g_free (path);
    }

  g_test_add_func ("/wire/parameters/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/wire/parameters/linear", test_linear);

  return g_test_run ();
}
