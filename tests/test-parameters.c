/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SmtpParameters, as a program makes and reads it. The grammar is in test-wire-parameters.c. */

#include <string.h>

#include <smtpd/smtpd.h>

#include "smtp-parameters-private.h"

static SmtpParameters *
make (const char *first,
      const char *second,
      const char *third)
{
  const char * const options[] = { first, second, third, NULL };
  g_autoptr (GError) error = NULL;
  SmtpParameters *self = smtp_parameters_new (options, &error);

  g_assert_no_error (error);

  return self;
}

static void
test_access (void)
{
  g_autoptr (SmtpParameters) parameters = make ("Body=8BITMIME", "SIZE=100", "smtputf8");
  g_auto (GStrv) options = smtp_parameters_to_strv (parameters);

  g_assert_cmpuint (smtp_parameters_get_length (parameters), ==, 3);
  g_assert_cmpstr (smtp_parameters_get_keyword (parameters, 0), ==, "Body");
  g_assert_cmpstr (smtp_parameters_get_value (parameters, 0), ==, "8BITMIME");
  g_assert_cmpstr (smtp_parameters_get_keyword (parameters, 2), ==, "smtputf8");
  g_assert_null (smtp_parameters_get_value (parameters, 2));

  g_assert_true (smtp_parameters_has (parameters, "BODY"));
  g_assert_true (smtp_parameters_has (parameters, "SmtpUtf8"));
  g_assert_false (smtp_parameters_has (parameters, "BOD"));
  g_assert_false (smtp_parameters_has (parameters, ""));
  g_assert_cmpstr (smtp_parameters_lookup (parameters, "size"), ==, "100");
  g_assert_null (smtp_parameters_lookup (parameters, "SMTPUTF8"));
  g_assert_null (smtp_parameters_lookup (parameters, "RET"));

  g_assert_cmpstr (options[0], ==, "Body=8BITMIME");
  g_assert_cmpstr (options[1], ==, "SIZE=100");
  g_assert_cmpstr (options[2], ==, "smtputf8");
  g_assert_null (options[3]);
}

static void
test_empty (void)
{
  g_autoptr (SmtpParameters) none = make (NULL, NULL, NULL);
  g_autoptr (SmtpParameters) null = smtp_parameters_new (NULL, NULL);
  g_auto (GStrv) options = smtp_parameters_to_strv (none);

  g_assert_cmpuint (smtp_parameters_get_length (none), ==, 0);
  g_assert_cmpuint (smtp_parameters_get_length (null), ==, 0);
  g_assert_null (options[0]);
  g_assert_false (smtp_parameters_has (none, "SIZE"));
}

static const char * const bad[] =
{
  "", "=", "=x", "SIZE=", "SI ZE=1", "SIZE=1 2", "SIZE=1\r\nRCPT", "-X=1", "A=b=c", "A=\001", "A=\177",
  "\303\274=1", "A=\377", "A\"=1",
};

static void
test_bad (gconstpointer data)
{
  const char * const options[] = { "BODY=7BIT", data, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (smtp_parameters_new (options, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
}

static void
test_twice (void)
{
  const char * const options[] = { "SIZE=1", "BODY=7BIT", "size=2", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (smtp_parameters_new (options, &error));
  g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
}

/* The tail of a command line. */
static void
test_text (void)
{
  static const char text[] = " SIZE=1  RET=HDRS ENVID=QQ+3Dx";
  g_autoptr (SmtpParameters) parameters = smtp_parameters_new_from_text (text, strlen (text), FALSE);

  g_assert_nonnull (parameters);
  g_assert_cmpuint (smtp_parameters_get_length (parameters), ==, 3);
  g_assert_cmpstr (smtp_parameters_lookup (parameters, "ENVID"), ==, "QQ+3Dx");
}

static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SmtpParameters) parameters = NULL;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (text, " X%u=%u", i, i);
  parameters = smtp_parameters_new_from_text (text->str, text->len, FALSE);
  g_assert_cmpuint (smtp_parameters_get_length (parameters), ==, 200);
  g_assert_cmpstr (smtp_parameters_lookup (parameters, "x199"), ==, "199");
}

static void
test_boxed (void)
{
  SmtpParameters *parameters = make ("A=b", NULL, NULL);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, SMTP_TYPE_PARAMETERS);
  g_value_take_boxed (&value, smtp_parameters_ref (parameters));
  smtp_parameters_unref (parameters);
  g_assert_cmpstr (smtp_parameters_lookup (g_value_get_boxed (&value), "a"), ==, "b");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/parameters/access", test_access);
  g_test_add_func ("/parameters/empty", test_empty);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/parameters/bad/%u", i);

      g_test_add_data_func (path, bad[i], test_bad);
    }
  g_test_add_func ("/parameters/twice", test_twice);
  g_test_add_func ("/parameters/text", test_text);
  g_test_add_func ("/parameters/many", test_many);
  g_test_add_func ("/parameters/boxed", test_boxed);

  return g_test_run ();
}
