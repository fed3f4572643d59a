/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-commands.h"

#include <string.h>

#include "smtp-auth-command.h"
#include "smtp-auth-offer.h"
#include "smtp-bdat-command.h"
#include "smtp-burl-command.h"
#include "smtp-etrn-command.h"
#include "smtp-mail-command.h"
#include "smtp-message.h"
#include "smtp-profile.h"
#include "smtp-stages.h"
#include "smtp-starttls-command.h"
#include "smtp-session-private.h"
#include "smtp-extensions.h"
#include "smtp-xclient-command.h"
#include "wire/smtp-path-parser.h"

/* The default methods, in the order of RFC 5321 section 4.1.1. Each parses, checks, and
 * leaves the rest to the hooks and to its effect. MAIL and RCPT have a file of their own. */

#define METHOD(name) G_STRUCT_OFFSET (SmtpServerClass, name)

/* A method that is chained up to when its command is over does nothing. */
#define DIALOGUE_OR_RETURN(request)                                   \
  SmtpDialogue *self = smtp_request_get_dialogue (request);           \
  if (self == NULL)                                                   \
    return

#define METHOD(name) G_STRUCT_OFFSET (SmtpServerClass, name)

static gboolean
has_argument (SmtpRequest *request)
{
  return *smtp_request_get_argument (request) != '\0';
}

static SmtpReply *
standard (SmtpStandardReply reply)
{
  return smtp_reply_ref (smtp_reply_standard (reply));
}

/* The greeting, section 4.2 */

SmtpReply *
smtp_commands_answer_greet (SmtpDialogue *self,
                            SmtpRequest  *request)
{
  const SmtpServerConfig *config = self->config;
  g_autofree char *text = NULL;

  if (smtp_dialogue_is_foreign (self))
    return smtp_profile_greet (self);

  text = g_strjoin (" ", config->hostname, self->is_lmtp ? "LMTP" : "ESMTP",
                    *config->ident != '\0' ? config->ident : NULL, NULL);

  return smtp_reply_new (220, text);
}

static void
real_greet (SmtpServer  *server,
            SmtpSession *session,
            SmtpRequest *request,
            const char  *argument)
{
  static const SmtpEffect effect = { smtp_commands_answer_greet, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_CONNECT, &effect);
}

/* HELO and EHLO, sections 4.1.1.1 and 4.1.4 */

static SmtpReply *
answer_helo (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return smtp_reply_new (250, self->config->hostname);
}

static gboolean
is_host_name (SmtpDialogue *self,
              const char   *argument)
{
  return smtp_helo_name_is_valid (argument, strlen (argument)) ||
         (*argument != '\0' && smtp_dialogue_is_foreign (self));
}

static void
apply_helo (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_dialogue_drop_envelope (self);
  smtp_session_greet (self->session, smtp_request_get_argument (request), FALSE);
}

static void
real_helo (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_helo, apply_helo };
  DIALOGUE_OR_RETURN (request);

  argument = smtp_request_get_argument (request);
  if (is_host_name (self, argument))
    smtp_stages_run_hooks (request, SMTP_HOOK_HELO, &effect);
  else
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_HELO_SYNTAX);
}

static SmtpReply *
answer_ehlo (SmtpDialogue *self,
             SmtpRequest  *request)
{
  g_auto (GStrv) lines = smtp_request_dup_lines (request);

  /* These are the whole answer, there is no last line for them to stand before. */
  smtp_request_set_lines (request, NULL);

  return smtp_reply_new_full (250, NULL, (const char * const *) lines);
}

static void
apply_ehlo (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_dialogue_drop_envelope (self);
  smtp_session_greet (self->session, smtp_request_get_argument (request), TRUE);
}

static void
real_ehlo (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_ehlo, apply_ehlo };
  DIALOGUE_OR_RETURN (request);

  argument = smtp_request_get_argument (request);
  if (!is_host_name (self, argument))
    {
      smtp_dialogue_refuse_request (self, request, self->is_lmtp ? SMTP_REPLY_LHLO_SYNTAX : SMTP_REPLY_EHLO_SYNTAX);
      return;
    }

  smtp_extensions_announce (server, request);
  smtp_stages_run_hooks (request, SMTP_HOOK_EHLO, &effect);
}

/* DATA, section 4.1.1.4 */

static SmtpReply *
answer_data (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return standard (SMTP_REPLY_START_DATA);
}

static void
apply_data (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_message_begin_data (self);
}

static void
real_data (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_data, apply_data };
  DIALOGUE_OR_RETURN (request);

  if (has_argument (request))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NO_ARGUMENT);
  else if (self->envelope == NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_MAIL_FIRST);
  else if (self->chunking_failed)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_CHUNKS_SPOILT);
  else if (self->chunking)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_CHUNKS_BEGUN);
  else if (smtp_envelope_get_body_type (self->envelope) == SMTP_BODY_TYPE_BINARY)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_BINARY_NEEDS_BDAT);
  else if (smtp_envelope_get_n_recipients (self->envelope) > 0)
    smtp_stages_run_hooks (request, SMTP_HOOK_DATA_BEGIN, &effect);
  else if (self->refused_recipients > 0)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NO_RECIPIENTS);
  else
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_RCPT_FIRST);
}

/* The end of the message */

static SmtpReply *
answer_message (SmtpDialogue *self,
                SmtpRequest  *request)
{
  return standard (SMTP_REPLY_NOBODY_TOOK_IT);
}

static void
real_message (SmtpServer  *server,
              SmtpSession *session,
              SmtpRequest *request,
              const char  *argument)
{
  static const SmtpEffect effect = { answer_message, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_DATA, &effect);
}

/* RSET, section 4.1.1.5 */

static SmtpReply *
answer_ok (SmtpDialogue *self,
           SmtpRequest  *request)
{
  return standard (SMTP_REPLY_OK);
}

static void
apply_rset (SmtpDialogue *self,
            SmtpRequest  *request)
{
  smtp_dialogue_drop_envelope (self);
}

static void
real_rset (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_ok, apply_rset };
  DIALOGUE_OR_RETURN (request);

  if (has_argument (request))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NO_ARGUMENT);
  else
    smtp_stages_run_hooks (request, SMTP_HOOK_RSET, &effect);
}

/* VRFY and EXPN, sections 4.1.1.6 and 4.1.1.7: who lives here is nobody's business unless a
 * program says so. */

static SmtpReply *
answer_vrfy (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return standard (SMTP_REPLY_CANNOT_VRFY);
}

/* RFC 6531 section 3.7.4.2: who has SMTPUTF8 behind what he asks about can read an answer outside ASCII. It is
 * not part of it. */
static SmtpStandardReply
check_user (SmtpDialogue      *self,
            SmtpRequest       *request,
            SmtpStandardReply  syntax)
{
  static const char suffix[] = " SMTPUTF8";
  const char *argument = smtp_request_get_argument (request);
  gsize length = strlen (argument);
  gboolean is_utf8 = smtp_session_get_extended_smtp (self->session) &&
                     smtp_dialogue_has_extension (self, SMTP_ESMTP_SMTPUTF8);

  self->ascii_answer = !smtp_dialogue_is_foreign (self);
  if (is_utf8 && length > strlen (suffix) &&
      g_ascii_strcasecmp (argument + length - strlen (suffix), suffix) == 0)
    {
      self->ascii_answer = FALSE;
      length -= strlen (suffix);
      while (length > 0 && argument[length - 1] == ' ')
        length--;
      smtp_request_cut_argument (request, length);
    }

  if (length == 0)
    return syntax;

  return is_utf8 || g_str_is_ascii (argument) ? SMTP_N_STANDARD_REPLIES : SMTP_REPLY_ARGUMENT_NOT_ASCII;
}

static void
ask_about_user (SmtpRequest       *request,
                SmtpStandardReply  syntax,
                SmtpHook           hook,
                const SmtpEffect  *effect)
{
  g_autoptr (SmtpReply) doubt = NULL;
  SmtpStandardReply wrong;
  DIALOGUE_OR_RETURN (request);

  wrong = check_user (self, request, syntax);
  if (hook == SMTP_HOOK_VRFY && wrong == SMTP_N_STANDARD_REPLIES && smtp_dialogue_is_foreign (self))
    doubt = smtp_profile_doubt (self, smtp_request_get_argument (request));
  if (doubt != NULL)
    smtp_request_send_reply (request, doubt);
  else if (wrong == SMTP_N_STANDARD_REPLIES)
    smtp_stages_run_hooks (request, hook, effect);
  else
    smtp_dialogue_refuse_request (self, request, wrong);
}

static void
real_vrfy (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_vrfy, NULL };

  ask_about_user (request, SMTP_REPLY_VRFY_SYNTAX, SMTP_HOOK_VRFY, &effect);
}

static SmtpReply *
answer_expn (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return standard (SMTP_REPLY_NO_EXPN);
}

static void
real_expn (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_expn, NULL };

  ask_about_user (request, SMTP_REPLY_EXPN_SYNTAX, SMTP_HOOK_EXPN, &effect);
}

/* HELP, section 4.1.1.8 */

/* Whether a command is of any use to this client now. */
static gboolean
is_on_offer (SmtpDialogue      *self,
             const SmtpCommand *command)
{
  const SmtpBuiltinExtension *extension = smtp_builtin_extension_get (command->extension);

  if ((command->protocols & (self->is_lmtp ? SMTP_ONLY : LMTP_ONLY)) ||
      !smtp_extensions_has_command (self->server, self->session, command))
    return FALSE;

  /* After STARTTLS counts, too. EXPN is known to all, if only to be refused. */
  if (command->extension == SMTP_ESMTP_AUTH)
    return smtp_auth_offer_is_possible (self->server, self->session);

  if (command->offset == METHOD (xclient))
    return smtp_xclient_is_allowed (self->server, self->session);
  if (command->offset == METHOD (xforward))
    return smtp_xforward_is_allowed (self->server, self->session);

  return command->extension == SMTP_ESMTP_EXPN || extension->is_on_offer == NULL ||
         extension->is_on_offer (self->server, self->session);
}

static SmtpReply *
list_commands (SmtpDialogue *self)
{
  SmtpCommandTable *table = smtp_server_get_commands (self->server);
  g_autoptr (GPtrArray) verbs = smtp_command_table_get_verbs (table);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < verbs->len; i++)
    {
      const char *verb = g_ptr_array_index (verbs, i);

      if (is_on_offer (self, smtp_command_table_lookup (table, verb)))
        g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", verb);
    }

  return smtp_reply_new (214, text->str);
}

static SmtpReply *
answer_help (SmtpDialogue *self,
             SmtpRequest  *request)
{
  g_autofree char *verb = g_ascii_strup (smtp_request_get_argument (request), -1);
  const SmtpCommand *command = smtp_command_table_lookup (smtp_server_get_commands (self->server), verb);
  g_autofree char *parameters = NULL;
  g_autofree char *text = NULL;

  if (smtp_dialogue_is_foreign (self))
    return smtp_profile_help (self, smtp_request_get_argument (request));
  if (command == NULL || command->help == NULL || !is_on_offer (self, command))
    return list_commands (self);

  if (command->offset == METHOD (mail) || command->offset == METHOD (rcpt))
    parameters = smtp_extensions_describe_parameters (self->server, self->session,
                                                      command->offset == METHOD (rcpt));
  text = g_strconcat ("Syntax: ", command->help, parameters, NULL);

  return smtp_reply_new (214, text);
}

static void
real_help (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_help, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_HELP, &effect);
}

/* NOOP, section 4.1.1.9 */

static SmtpReply *
answer_noop (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return standard (SMTP_REPLY_NOOP);
}

static void
real_noop (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_noop, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_NOOP, &effect);
}

/* QUIT, section 4.1.1.10 */

static SmtpReply *
answer_quit (SmtpDialogue *self,
             SmtpRequest  *request)
{
  return standard (SMTP_REPLY_BYE);
}

static void
apply_quit (SmtpDialogue *self,
            SmtpRequest  *request)
{
  self->close_after = TRUE;
}

static void
real_quit (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_quit, apply_quit };
  DIALOGUE_OR_RETURN (request);

  if (has_argument (request))
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NO_ARGUMENT);
  else
    smtp_stages_run_hooks (request, SMTP_HOOK_QUIT, &effect);
}

static void
real_unknown_command (SmtpServer  *server,
                      SmtpSession *session,
                      SmtpRequest *request,
                      const char  *argument)
{
  DIALOGUE_OR_RETURN (request);

  smtp_dialogue_refuse_request (self, request, smtp_dialogue_is_foreign (self) && smtp_profile_has_enough (self)
                                               ? SMTP_REPLY_TOO_MANY_UNKNOWN : SMTP_REPLY_UNKNOWN_COMMAND);
}

/* The table */

const SmtpCommand smtp_command_greet = { .offset = METHOD (greet) };
const SmtpCommand smtp_command_message = { .offset = METHOD (message), .adds_status = TRUE };
const SmtpCommand smtp_command_unknown = { .offset = METHOD (unknown_command) };

const gsize smtp_command_mail_offset = METHOD (mail);
const gsize smtp_command_rcpt_offset = METHOD (rcpt);
const gsize smtp_command_data_offset = METHOD (data);
const gsize smtp_command_bdat_offset = METHOD (bdat);
const gsize smtp_command_burl_offset = METHOD (burl);
const gsize smtp_command_quit_offset = METHOD (quit);
const gsize smtp_command_starttls_offset = METHOD (starttls);
const gsize smtp_command_auth_offset = METHOD (auth);
const gsize smtp_command_expn_offset = METHOD (expn);
const gsize smtp_command_help_offset = METHOD (help);

/* Octets beyond the 512 of RFC 5321 section 4.5.3.1.4. What MAIL and RCPT have is a matter of their
 * parameters. Addresses in VRFY and EXPN may have SMTPUTF8 behind them, and URLs of IMAP are long. */
#define UTF8_EXTRA 10
#define BURL_EXTRA 1536

G_STATIC_ASSERT (BURL_EXTRA <= SMTP_COMMAND_EXTRA_MAX);

SmtpCommandTable *
smtp_commands_get_standard (void)
{
  static const struct
  {
    const char *verb;
    SmtpCommand command;
  } commands[] =
  {
    { "HELO", { .offset = METHOD (helo), .help = "HELO host-name",
                .protocols = SMTP_ONLY, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "EHLO", { .offset = METHOD (ehlo), .help = "EHLO host-name",
                .protocols = SMTP_ONLY, .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "LHLO", { .offset = METHOD (ehlo), .help = "LHLO host-name",
                .protocols = LMTP_ONLY, .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "MAIL", { .offset = METHOD (mail), .help = "MAIL FROM:<address>", .adds_status = TRUE, .is_counted = TRUE } },
    { "RCPT", { .offset = METHOD (rcpt), .help = "RCPT TO:<address>", .adds_status = TRUE, .is_counted = TRUE } },
    { "DATA", { .offset = METHOD (data), .help = "DATA", .adds_status = TRUE, .asks_more = TRUE } },
    { "BDAT", { .offset = METHOD (bdat), .help = "BDAT size [LAST]", .adds_status = TRUE,
                .extension = SMTP_ESMTP_CHUNKING } },
    { "BURL", { .offset = METHOD (burl), .help = "BURL url [LAST]", .adds_status = TRUE,
                .line_extra = BURL_EXTRA, .extension = SMTP_ESMTP_BURL } },
    { "RSET", { .offset = METHOD (rset), .help = "RSET", .adds_status = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "VRFY", { .offset = METHOD (vrfy), .help = "VRFY user", .adds_status = TRUE, .line_extra = UTF8_EXTRA, .is_junk = TRUE } },
    { "EXPN", { .offset = METHOD (expn), .help = "EXPN list", .adds_status = TRUE, .line_extra = UTF8_EXTRA,
                .extension = SMTP_ESMTP_EXPN, .is_junk = TRUE } },
    { "ETRN", { .offset = METHOD (etrn), .help = "ETRN [@]domain or #queue", .adds_status = TRUE,
                .extension = SMTP_ESMTP_ETRN, .is_junk = TRUE } },
    { "HELP", { .offset = METHOD (help), .help = "HELP [command]", .adds_status = TRUE, .is_for_strangers = TRUE,
                .extension = SMTP_ESMTP_HELP, .is_junk = TRUE } },
    { "NOOP", { .offset = METHOD (noop), .help = "NOOP", .adds_status = TRUE,
                .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "QUIT", { .offset = METHOD (quit), .help = "QUIT", .adds_status = TRUE,
                .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_counted = TRUE } },
    { "STARTTLS", { .offset = METHOD (starttls), .help = "STARTTLS", .adds_status = TRUE,
                .is_for_clear = TRUE, .is_for_strangers = TRUE, .extension = SMTP_ESMTP_STARTTLS } },
    { "AUTH", { .offset = METHOD (auth), .help = "AUTH mechanism [initial-response]", .adds_status = TRUE,
                .line_extra = SMTP_AUTH_LINE_EXTRA, .is_for_strangers = TRUE, .extension = SMTP_ESMTP_AUTH } },
    { "XCLIENT", { .offset = METHOD (xclient), .help = "XCLIENT attribute=value...",
                   .line_extra = SMTP_COMMAND_EXTRA_MAX, .is_for_strangers = TRUE } },
    { "XFORWARD", { .offset = METHOD (xforward), .help = "XFORWARD attribute=value...", .adds_status = TRUE,
                    .line_extra = SMTP_COMMAND_EXTRA_MAX, .is_for_strangers = TRUE } },
  };
  static SmtpCommandTable *table = NULL;

  if (g_once_init_enter (&table))
    {
      SmtpCommandTable *new_table = smtp_command_table_new (NULL);

      for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
        smtp_command_table_add (new_table, commands[i].verb, &commands[i].command);
      g_once_init_leave (&table, new_table);
    }

  return table;
}

void
smtp_commands_install_methods (SmtpServerClass *klass)
{
  klass->greet = real_greet;
  klass->helo = real_helo;
  klass->ehlo = real_ehlo;
  klass->mail = smtp_mail_command;
  klass->rcpt = smtp_rcpt_command;
  klass->data = real_data;
  klass->bdat = smtp_bdat_command;
  klass->message = real_message;
  klass->rset = real_rset;
  klass->vrfy = real_vrfy;
  klass->expn = real_expn;
  klass->help = real_help;
  klass->noop = real_noop;
  klass->quit = real_quit;
  klass->starttls = smtp_starttls_command;
  klass->auth = smtp_auth_command;
  klass->xclient = smtp_xclient_command;
  klass->xforward = smtp_xforward_command;
  klass->etrn = smtp_etrn_command;
  klass->burl = smtp_burl_command;
  klass->unknown_command = real_unknown_command;
}
