/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The attributes of XCLIENT and XFORWARD: values stay within their buffer and are fit to be shown, and what is
 * found, written down again with all octets encoded, is found again. */

#include <stdint.h>
#include <string.h>

#include "wire/smtp-wire-attributes.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
check_value (const SmtpAttributeValue *value,
             const char               *buffer,
             gsize                     room)
{
  gsize length;

  g_assert ((value->told == SMTP_TOLD_VALUE) == (value->value != NULL));
  if (value->value == NULL)
    return;

  g_assert (value->value >= buffer && value->value < buffer + room);
  length = strlen (value->value);
  g_assert (length > 0 && length <= SMTP_ATTRIBUTE_VALUE_MAX);
  g_assert (value->value + length < buffer + room);
  g_assert (g_utf8_validate (value->value, -1, NULL));
  for (gsize i = 0; i < length; i++)
    g_assert (!g_ascii_iscntrl (value->value[i]));
}

static char *
write_down (const SmtpAttributes *attributes)
{
  static const char * const unavailable[] = { NULL, NULL, "[UNAVAILABLE]", "[TEMPUNAVAIL]" };
  GString *text = g_string_new (NULL);

  for (SmtpAttribute a = 0; a < SMTP_N_ATTRIBUTES; a++)
    {
      const SmtpAttributeValue *value = &attributes->values[a];

      if (value->told == SMTP_TOLD_NOTHING)
        continue;

      g_string_append_printf (text, " %s=", smtp_attribute_get_name (a));
      if (value->value == NULL)
        g_string_append (text, unavailable[value->told]);
      for (const char *p = value->value; p != NULL && *p != '\0'; p++)
        g_string_append_printf (text, "+%02X", (guint) (guchar) *p);
    }

  return g_string_free (text, FALSE);
}

static void
fuzz (const char *data,
      gsize       size,
      guint       allowed)
{
  g_autofree char *buffer = g_malloc (size + 1);
  g_autofree char *again = NULL;
  g_autofree char *other = NULL;
  SmtpAttributes attributes, same;

  if (!smtp_attributes_parse (data, size, allowed, buffer, &attributes))
    return;

  for (SmtpAttribute a = 0; a < SMTP_N_ATTRIBUTES; a++)
    {
      check_value (&attributes.values[a], buffer, size + 1);
      g_assert (attributes.values[a].told == SMTP_TOLD_NOTHING || (allowed & 1u << a) != 0);
    }

  again = write_down (&attributes);
  other = g_malloc (strlen (again) + 1);
  g_assert (smtp_attributes_parse (again, strlen (again), allowed, other, &same));
  for (SmtpAttribute a = 0; a < SMTP_N_ATTRIBUTES; a++)
    {
      g_assert (same.values[a].told == attributes.values[a].told);
      g_assert (g_strcmp0 (same.values[a].value, attributes.values[a].value) == 0);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *text = NULL;

  if (size == 0)
    return 0;

  text = g_memdup2 (data, size);
  fuzz (text, size, SMTP_ATTRIBUTES_OF_XCLIENT);
  fuzz (text, size, SMTP_ATTRIBUTES_OF_XFORWARD);

  return 0;
}
