/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-delivery-report-private.h"
#include "wire/smtp-date.h"
#include "wire/smtp-field.h"

/* What a server has said is told to people in short. */
#define DIAGNOSTIC_MAX 400

/* More recipients than these are in the part for programs alone. */
#define LISTED_MAX 100

/* How the text says what has become of a message, in the order of SmtpDeliveryAction. */
static const struct
{
  const char *subject;
  const char *heading;
  const char *explanation;
} words[] = {
  [SMTP_DELIVERY_ACTION_FAILED] = {
    "Your message could not be delivered",
    "Your message could not be delivered to:",
    "It will not be tried again."
  },
  [SMTP_DELIVERY_ACTION_DELAYED] = {
    "Your message is delayed",
    "Your message could not be delivered yet to:",
    "It will be tried again. You need not do anything."
  },
  [SMTP_DELIVERY_ACTION_DELIVERED] = {
    "Your message was delivered",
    "Your message was delivered to:",
    NULL
  },
  [SMTP_DELIVERY_ACTION_RELAYED] = {
    "Your message was passed on",
    "Your message was passed on, to a server that does not report deliveries, for:",
    NULL
  },
  [SMTP_DELIVERY_ACTION_EXPANDED] = {
    "Your message was delivered",
    "Your message was delivered to, and goes on to others from:",
    NULL
  },
};

const char *
smtp_delivery_report_subject_for (GPtrArray *statuses)
{
  SmtpDeliveryAction first = smtp_delivery_status_get_action (g_ptr_array_index (statuses, 0));

  for (guint i = 1; i < statuses->len; i++)
    {
      if (smtp_delivery_status_get_action (g_ptr_array_index (statuses, i)) != first)
        return "What has become of your message";
    }

  return words[first].subject;
}

static void
append_clean (GString    *text,
              const char *before,
              const char *value)
{
  g_autofree char *clean = smtp_field_clean (value, DIAGNOSTIC_MAX, TRUE);

  g_string_append_printf (text, "%s%s\n", before, clean);
}

static void
append_recipient (GString            *text,
                  SmtpDeliveryStatus *status)
{
  const char *mta = smtp_delivery_status_get_remote_mta (status);
  const char *diagnostic = smtp_delivery_status_get_diagnostic (status);
  GDateTime *until = smtp_delivery_status_get_will_retry_until (status);

  append_clean (text, "  ", smtp_address_get_text (smtp_delivery_status_get_address (status)));
  if (diagnostic != NULL && mta != NULL)
    append_clean (text, "    said by ", mta);
  if (diagnostic != NULL)
    append_clean (text, "    ", diagnostic);
  if (until != NULL && smtp_delivery_status_get_action (status) == SMTP_DELIVERY_ACTION_DELAYED)
    {
      g_string_append (text, "    tried until ");
      smtp_date_append (text, until);
      g_string_append_c (text, '\n');
    }
}

static void
append_action (GString            *text,
               GPtrArray          *statuses,
               SmtpDeliveryAction  action)
{
  guint n = 0;

  for (guint i = 0; i < statuses->len; i++)
    {
      SmtpDeliveryStatus *status = g_ptr_array_index (statuses, i);

      if (smtp_delivery_status_get_action (status) != action)
        continue;

      if (n == 0)
        g_string_append_printf (text, "\n%s\n\n", words[action].heading);
      if (n++ < LISTED_MAX)
        append_recipient (text, status);
    }

  if (n > LISTED_MAX)
    g_string_append_printf (text, "  and %u more\n", n - LISTED_MAX);
  if (n > 0 && words[action].explanation != NULL)
    g_string_append_printf (text, "\n%s\n", words[action].explanation);
}

char *
smtp_delivery_report_make_text (SmtpDeliveryReport *self,
                                GPtrArray          *statuses)
{
  g_autofree char *host = smtp_delivery_report_dup_host (self);
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "This is the mail server %s.\n", host);
  for (guint action = 0; action < G_N_ELEMENTS (words); action++)
    append_action (text, statuses, action);

  return g_string_free (text, FALSE);
}
