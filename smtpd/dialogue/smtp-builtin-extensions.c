/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-builtin-extensions.h"

#include <string.h>

#include "smtp-auth-offer.h"
#include "smtp-builtin-parameters.h"
#include "smtp-burl-command.h"
#include "smtp-etrn-command.h"
#include "smtp-extensions.h"
#include "smtp-hooks.h"
#include "smtp-server-private.h"
#include "smtp-starttls-command.h"

/* The extensions of the library: what each announces, and to whom. */

/* What is a matter of hooks is on offer when somebody hears them. */

static gboolean
offers_etrn (SmtpServer  *server,
             SmtpSession *session)
{
  return SMTP_SERVER_GET_CLASS (server)->etrn != smtp_etrn_command || smtp_hook_is_heard (SMTP_HOOK_ETRN, server);
}

/* RFC 4468 section 4 wants 8BITMIME beside it. */
static gboolean
offers_burl (SmtpServer  *server,
             SmtpSession *session)
{
  if (!smtp_extensions_has (server, session, SMTP_ESMTP_8BITMIME))
    return FALSE;

  return SMTP_SERVER_GET_CLASS (server)->burl != smtp_burl_command || smtp_hook_is_heard (SMTP_HOOK_BURL, server);
}

static gboolean
offers_expn (SmtpServer  *server,
             SmtpSession *session)
{
  return smtp_hook_is_heard (SMTP_HOOK_EXPN, server);
}

/* RFC 8689 section 2, item 7. */
static gboolean
offers_requiretls (SmtpServer  *server,
                   SmtpSession *session)
{
  return smtp_session_get_tls_info (session) != NULL;
}

/* A binary message can only come by BDAT, RFC 3030 section 3. */
static gboolean
offers_binarymime (SmtpServer  *server,
                   SmtpSession *session)
{
  return smtp_extensions_has (server, session, SMTP_ESMTP_CHUNKING) &&
         smtp_extensions_has (server, session, SMTP_ESMTP_8BITMIME);
}

/* RFC 6531 section 3.1, item 8. aiosmtpd has it without 8BITMIME, for programs that want text. */
gboolean
smtp_builtin_offers_smtputf8 (SmtpServer  *server,
                              SmtpSession *session)
{
  return smtp_extensions_has (server, session, SMTP_ESMTP_8BITMIME) ||
         smtp_server_get_config (server)->esmtp.profile != SMTP_PROFILE_DEFAULT;
}

static gboolean
offers_auth (SmtpServer  *server,
             SmtpSession *session)
{
  g_autofree char *mechanisms = smtp_auth_offer_describe (server, session);

  return mechanisms != NULL;
}

static char *
describe_auth (SmtpServer  *server,
               SmtpSession *session,
               const char  *value)
{
  return smtp_auth_offer_describe (server, session);
}

/* 0 says that there is no limit; aiosmtpd does not say so. */
static gboolean
offers_size (SmtpServer  *server,
             SmtpSession *session)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);

  return config->data_size_limit != 0 || config->esmtp.profile == SMTP_PROFILE_DEFAULT;
}

/* RFC 1870 section 3 */
static char *
describe_size (SmtpServer  *server,
               SmtpSession *session,
               const char  *value)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, smtp_server_get_config (server)->data_size_limit);
}

/* RFC 4865 section 3 has both of them, the interval and the time. */
static char *
describe_futurerelease (SmtpServer  *server,
                        SmtpSession *session,
                        const char  *value)
{
  guint seconds = smtp_builtin_get_longest_hold (value);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) latest = g_date_time_add_seconds (now, seconds);
  g_autofree char *text = latest != NULL ? g_date_time_format (latest, "%Y-%m-%dT%H:%M:%SZ") : NULL;

  return g_strdup_printf ("%u %s", seconds, text != NULL ? text : "9999-12-31T23:59:59Z");
}

/* RFC 4468 section 3.3: without "imap", a client thinks that it has to authenticate itself first. */
static char *
describe_burl (SmtpServer  *server,
               SmtpSession *session,
               const char  *value)
{
  return g_strdup (value != NULL ? value : "imap");
}

/* RFC 9422: what is set, and kept. */

static void
append_limit (GString    *text,
              const char *name,
              guint       limit)
{
  if (limit != 0)
    g_string_append_printf (text, "%s%s=%u", text->len > 0 ? " " : "", name, MIN (limit, 999999));
}

static char *
describe_limits (SmtpServer  *server,
                 SmtpSession *session,
                 const char  *value)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);
  GString *text = g_string_new (NULL);

  append_limit (text, "MAILMAX", config->edge.max_messages);
  append_limit (text, "RCPTMAX", config->edge.max_recipients);
  append_limit (text, "RCPTDOMAINMAX", config->esmtp.max_recipient_domains);

  return g_string_free (text, FALSE);
}

static gboolean
offers_limits (SmtpServer  *server,
               SmtpSession *session)
{
  const SmtpServerConfig *config = smtp_server_get_config (server);

  return config->edge.max_messages != 0 || config->edge.max_recipients != 0 ||
         config->esmtp.max_recipient_domains != 0;
}

#define MAIL FALSE
#define RCPT TRUE

/* The lengths are those of the RFCs, or what the syntax comes to. HOLDFOR and HOLDUNTIL share theirs, as MAIL has
 * one of them. */
static const SmtpBuiltinExtension extensions[SMTP_N_ESMTP] =
{
  [SMTP_ESMTP_PIPELINING] = { "PIPELINING", TRUE },
  [SMTP_ESMTP_SIZE] =
    { "SIZE", TRUE, NULL, offers_size, describe_size,
      { { MAIL, "SIZE", 26, "SIZE=octets", smtp_builtin_parse_size } } },
  [SMTP_ESMTP_8BITMIME] =
    { "8BITMIME", TRUE, NULL, NULL, NULL,
      { { MAIL, "BODY", 17, "BODY=7BIT|8BITMIME|BINARYMIME", smtp_builtin_parse_body } } },
  [SMTP_ESMTP_BINARYMIME] = { "BINARYMIME", TRUE, NULL, offers_binarymime },
  [SMTP_ESMTP_CHUNKING] = { "CHUNKING", TRUE, "BDAT" },
  [SMTP_ESMTP_SMTPUTF8] =
    { "SMTPUTF8", FALSE, NULL, smtp_builtin_offers_smtputf8, NULL,
      { { MAIL, "SMTPUTF8", 10, "SMTPUTF8", smtp_builtin_parse_smtputf8 } } },
  [SMTP_ESMTP_STARTTLS] = { "STARTTLS", TRUE, "STARTTLS", smtp_starttls_is_on_offer },
  [SMTP_ESMTP_AUTH] =
    { "AUTH", TRUE, "AUTH", offers_auth, describe_auth,
      { { MAIL, "AUTH", 500, "AUTH=sender", smtp_builtin_parse_auth } } },
  [SMTP_ESMTP_DSN] =
    { "DSN", FALSE, NULL, NULL, NULL,
      { { MAIL, "RET", 9, "RET=FULL|HDRS", smtp_builtin_parse_ret },
        { MAIL, "ENVID", 107, "ENVID=id", smtp_builtin_parse_envid },
        { RCPT, "NOTIFY", 29, "NOTIFY=NEVER|SUCCESS,FAILURE,DELAY", smtp_builtin_parse_notify },
        { RCPT, "ORCPT", 507, "ORCPT=type;address", smtp_builtin_parse_orcpt } } },
  [SMTP_ESMTP_DELIVERBY] =
    { "DELIVERBY", FALSE, NULL, NULL, NULL,
      { { MAIL, "BY", 17, "BY=seconds;N|R[T]", smtp_builtin_parse_deliver_by } } },
  [SMTP_ESMTP_MT_PRIORITY] =
    { "MT-PRIORITY", FALSE, NULL, NULL, NULL,
      { { MAIL, "MT-PRIORITY", 15, "MT-PRIORITY=-9..9", smtp_builtin_parse_priority } } },
  [SMTP_ESMTP_REQUIRETLS] =
    { "REQUIRETLS", FALSE, NULL, offers_requiretls, NULL,
      { { MAIL, "REQUIRETLS", 11, "REQUIRETLS", smtp_builtin_parse_requiretls } } },
  [SMTP_ESMTP_FUTURERELEASE] =
    { "FUTURERELEASE", FALSE, NULL, NULL, describe_futurerelease,
      { { MAIL, "HOLDFOR", 0, "HOLDFOR=seconds", smtp_builtin_parse_hold_for },
        { MAIL, "HOLDUNTIL", 34, "HOLDUNTIL=date-time", smtp_builtin_parse_hold_until } } },
  [SMTP_ESMTP_RRVS] =
    { "RRVS", FALSE, NULL, NULL, NULL,
      { { RCPT, "RRVS", 33, "RRVS=date-time[;C|R]", smtp_builtin_parse_rrvs } } },
  [SMTP_ESMTP_NO_SOLICITING] =
    { "NO-SOLICITING", FALSE, NULL, NULL, NULL,
      { { MAIL, "SOLICIT", 1007, "SOLICIT=word,word", smtp_builtin_parse_solicit } } },
  [SMTP_ESMTP_LIMITS] = { "LIMITS", FALSE, NULL, offers_limits, describe_limits },
  [SMTP_ESMTP_BURL] = { "BURL", TRUE, "BURL", offers_burl, describe_burl },
  [SMTP_ESMTP_ETRN] = { "ETRN", TRUE, "ETRN", offers_etrn },
  [SMTP_ESMTP_EXPN] = { "EXPN", TRUE, "EXPN", offers_expn },
  [SMTP_ESMTP_ENHANCEDSTATUSCODES] = { "ENHANCEDSTATUSCODES", TRUE },
  /* A command, not an extension, but listing it is the custom. */
  [SMTP_ESMTP_HELP] = { "HELP", TRUE, "HELP" },
};

const SmtpBuiltinExtension *
smtp_builtin_extension_get (SmtpExtensionId id)
{
  return &extensions[id];
}

SmtpExtensionId
smtp_builtin_extension_find (const char *keyword)
{
  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      if (g_ascii_strcasecmp (extensions[id].keyword, keyword) == 0)
        return id;
    }

  return SMTP_ESMTP_NONE;
}

SmtpExtensionSet
smtp_builtin_extension_default (void)
{
  SmtpExtensionSet set = 0;

  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    {
      if (extensions[id].is_enabled)
        set |= SMTP_EXTENSION_BIT (id);
    }

  return set;
}
