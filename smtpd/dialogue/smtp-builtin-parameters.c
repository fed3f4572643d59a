/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-builtin-parameters.h"

#include <string.h>

#include "smtp-address-private.h"
#include "smtp-auth-offer.h"
#include "smtp-builtin-extensions.h"
#include "smtp-dialogue.h"
#include "smtp-envelope-private.h"
#include "smtp-extension-private.h"
#include "smtp-session-private.h"
#include "wire/smtp-dsn-parser.h"
#include "wire/smtp-parameter-parser.h"
#include "wire/smtp-time-parser.h"
#include "wire/smtp-value-parser.h"
#include "wire/smtp-xtext.h"

/* The parameters of the library's extensions, one by one. What MAIL declares and the server itself acts
 * on is noted down; the others are only checked here, and read where somebody asks for them. */

#define NOTHING_WRONG SMTP_N_STANDARD_REPLIES

/* Thirty days. */
#define LONGEST_HOLD 2592000

static SmtpStandardReply
judge (gboolean is_valid)
{
  return is_valid ? NOTHING_WRONG : SMTP_REPLY_PARAMETER_VALUE;
}

/* What the program has said of an extension, NULL if nothing. */
static const char *
get_value (SmtpDialogue    *self,
           SmtpExtensionId  id)
{
  SmtpExtension *extension = self->config->esmtp.builtin[id];

  return extension != NULL ? smtp_extension_get_value (extension) : NULL;
}

/* RFC 1870 */
SmtpStandardReply
smtp_builtin_parse_size (SmtpDialogue        *self,
                         const char          *value,
                         SmtpMailDeclaration *declaration)
{
  const SmtpServerConfig *config = self->config;

  if (value == NULL || !smtp_parameter_parse_size (value, strlen (value), &declaration->size))
    return SMTP_REPLY_PARAMETER_VALUE;

  if (declaration->size > G_MAXINT64 ||
      (config->data_size_limit != 0 && declaration->size > config->data_size_limit))
    return SMTP_REPLY_TOO_BIG;

  return NOTHING_WRONG;
}

static gboolean
takes_binary (SmtpDialogue *self)
{
  return smtp_dialogue_has_extension (self, SMTP_ESMTP_BINARYMIME) &&
         smtp_dialogue_has_extension (self, SMTP_ESMTP_CHUNKING);
}

/* RFC 6152, RFC 3030 */
SmtpStandardReply
smtp_builtin_parse_body (SmtpDialogue        *self,
                         const char          *value,
                         SmtpMailDeclaration *declaration)
{
  if (value != NULL && g_ascii_strcasecmp (value, "7BIT") == 0)
    declaration->body_type = SMTP_BODY_TYPE_SEVEN_BIT;
  else if (value != NULL && g_ascii_strcasecmp (value, "8BITMIME") == 0)
    declaration->body_type = SMTP_BODY_TYPE_EIGHT_BIT;
  else if (value != NULL && g_ascii_strcasecmp (value, "BINARYMIME") == 0 && takes_binary (self))
    declaration->body_type = SMTP_BODY_TYPE_BINARY;
  else
    return SMTP_REPLY_PARAMETER_VALUE;

  return NOTHING_WRONG;
}

/* RFC 6531 */
SmtpStandardReply
smtp_builtin_parse_smtputf8 (SmtpDialogue        *self,
                             const char          *value,
                             SmtpMailDeclaration *declaration)
{
  if (!smtp_builtin_offers_smtputf8 (self->server, self->session))
    return SMTP_REPLY_PARAMETER_UNKNOWN;

  declaration->smtputf8 = TRUE;

  return judge (value == NULL);
}

/* RFC 4954 section 5: "<>" or a mailbox, in xtext. Who has not said who it is need not say who somebody else
 * is: that is as good as "<>". */
SmtpStandardReply
smtp_builtin_parse_auth (SmtpDialogue        *self,
                         const char          *value,
                         SmtpMailDeclaration *declaration)
{
  gsize length = value != NULL ? strlen (value) : 0;
  g_autofree char *text = g_malloc (length + 1);
  SmtpAddress *address;

  if (!smtp_auth_offer_is_possible (self->server, self->session))
    return SMTP_REPLY_PARAMETER_UNKNOWN;
  if (length == 0 || !smtp_xtext_decode (value, length, text))
    return SMTP_REPLY_PARAMETER_VALUE;

  address = smtp_address_new (g_str_equal (text, "<>") ? "" : text, NULL);
  if (address == NULL)
    return SMTP_REPLY_PARAMETER_VALUE;

  if (!smtp_session_get_authenticated (self->session))
    {
      smtp_address_unref (address);
      address = smtp_address_new ("", NULL);
    }
  g_clear_pointer (&declaration->auth_sender, smtp_address_unref);
  declaration->auth_sender = address;

  return NOTHING_WRONG;
}

/* RFC 3461 */

SmtpStandardReply
smtp_builtin_parse_ret (SmtpDialogue        *self,
                        const char          *value,
                        SmtpMailDeclaration *declaration)
{
  gboolean headers_only;

  return judge (value != NULL && smtp_dsn_parse_ret (value, strlen (value), &headers_only));
}

SmtpStandardReply
smtp_builtin_parse_envid (SmtpDialogue        *self,
                          const char          *value,
                          SmtpMailDeclaration *declaration)
{
  char envid[SMTP_ENVID_MAX + 1];

  return judge (value != NULL && strlen (value) <= SMTP_ENVID_MAX &&
                smtp_dsn_parse_envid (value, strlen (value), envid));
}

SmtpStandardReply
smtp_builtin_parse_notify (SmtpDialogue        *self,
                           const char          *value,
                           SmtpMailDeclaration *declaration)
{
  guint notify;

  return judge (value != NULL && smtp_dsn_parse_notify (value, strlen (value), &notify));
}

/* RFC 6533 section 3: characters outside ASCII as such need SMTPUTF8. */
SmtpStandardReply
smtp_builtin_parse_orcpt (SmtpDialogue        *self,
                          const char          *value,
                          SmtpMailDeclaration *declaration)
{
  char address[SMTP_ORCPT_MAX + 1];
  gsize type_length;

  if (value == NULL || strlen (value) > SMTP_ORCPT_MAX ||
      !smtp_dsn_parse_orcpt (value, strlen (value), &type_length, address))
    return SMTP_REPLY_PARAMETER_VALUE;
  if (!g_str_is_ascii (value) && !smtp_envelope_get_smtputf8 (self->envelope))
    return SMTP_REPLY_RECIPIENT_NOT_ASCII;

  return NOTHING_WRONG;
}

/* RFC 2852 section 3: who wants a message back undelivered must leave as much time as EHLO has asked for. */
SmtpStandardReply
smtp_builtin_parse_deliver_by (SmtpDialogue        *self,
                               const char          *value,
                               SmtpMailDeclaration *declaration)
{
  const char *least = get_value (self, SMTP_ESMTP_DELIVERBY);
  gboolean returns, traces;
  int seconds;

  if (value == NULL || !smtp_time_parse_deliver_by (value, strlen (value), &seconds, &returns, &traces))
    return SMTP_REPLY_PARAMETER_VALUE;
  if (returns && least != NULL && (guint64) seconds < g_ascii_strtoull (least, NULL, 10))
    return SMTP_REPLY_TOO_LITTLE_TIME;

  return NOTHING_WRONG;
}

/* RFC 6710 */
SmtpStandardReply
smtp_builtin_parse_priority (SmtpDialogue        *self,
                             const char          *value,
                             SmtpMailDeclaration *declaration)
{
  int priority;

  return judge (value != NULL && smtp_value_parse_priority (value, strlen (value), &priority));
}

/* RFC 8689: in clear it must not be taken, whatever else is. */
SmtpStandardReply
smtp_builtin_parse_requiretls (SmtpDialogue        *self,
                               const char          *value,
                               SmtpMailDeclaration *declaration)
{
  if (smtp_session_get_tls_info (self->session) == NULL)
    return SMTP_REPLY_TLS_FIRST;

  return judge (value == NULL);
}

/* RFC 4865 */

guint
smtp_builtin_get_longest_hold (const char *value)
{
  guint seconds;

  if (value == NULL || !smtp_time_parse_interval (value, strspn (value, "0123456789"), &seconds))
    return LONGEST_HOLD;

  return seconds;
}

/* Section 4.2: one or the other. Section 5.2.2: a message that is to be delivered before it is to be sent is
 * a contradiction; where DELIVERBY is off, BY is refused by itself. */
static gboolean
may_be_held (SmtpDialogue *self,
             gint64        seconds)
{
  SmtpParameters *parameters = smtp_request_get_parameters (self->request);
  const char *by = smtp_parameters_lookup (parameters, "BY");
  gboolean returns, traces;
  int limit;

  if (smtp_parameters_has (parameters, "HOLDFOR") && smtp_parameters_has (parameters, "HOLDUNTIL"))
    return FALSE;

  return by == NULL || !smtp_time_parse_deliver_by (by, strlen (by), &limit, &returns, &traces) ||
         seconds <= limit;
}

SmtpStandardReply
smtp_builtin_parse_hold_for (SmtpDialogue        *self,
                             const char          *value,
                             SmtpMailDeclaration *declaration)
{
  guint longest = smtp_builtin_get_longest_hold (get_value (self, SMTP_ESMTP_FUTURERELEASE));
  guint seconds;

  return judge (value != NULL && smtp_time_parse_interval (value, strlen (value), &seconds) &&
                seconds <= longest && may_be_held (self, seconds));
}

SmtpStandardReply
smtp_builtin_parse_hold_until (SmtpDialogue        *self,
                               const char          *value,
                               SmtpMailDeclaration *declaration)
{
  guint longest = smtp_builtin_get_longest_hold (get_value (self, SMTP_ESMTP_FUTURERELEASE));
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 seconds;

  return judge (value != NULL && smtp_time_parse_date_time (value, strlen (value), &seconds) &&
                seconds <= now + longest && may_be_held (self, seconds - now));
}

/* RFC 7293 */
SmtpStandardReply
smtp_builtin_parse_rrvs (SmtpDialogue        *self,
                         const char          *value,
                         SmtpMailDeclaration *declaration)
{
  gint64 seconds;
  char action;

  return judge (value != NULL && smtp_time_parse_valid_since (value, strlen (value), &seconds, &action));
}

/* RFC 3865 */
SmtpStandardReply
smtp_builtin_parse_solicit (SmtpDialogue        *self,
                            const char          *value,
                            SmtpMailDeclaration *declaration)
{
  return judge (value != NULL && smtp_value_is_solicitation (value, strlen (value)));
}
