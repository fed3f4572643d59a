/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-commands.h"

#include <string.h>

#include "smtp-auth-command.h"
#include "smtp-auth-offer.h"
#include "smtp-bdat-command.h"
#include "smtp-mail-command.h"
#include "smtp-message.h"
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
  const SmtpServerConfig *config = smtp_server_get_config (self->server);
  g_autofree char *text = g_strjoin (" ", config->hostname, self->is_lmtp ? "LMTP" : "ESMTP",
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
  return smtp_reply_new (250, smtp_server_get_config (self->server)->hostname);
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
  if (smtp_helo_name_is_valid (argument, strlen (argument)))
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
  if (!smtp_helo_name_is_valid (argument, strlen (argument)))
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

static void
real_vrfy (SmtpServer  *server,
           SmtpSession *session,
           SmtpRequest *request,
           const char  *argument)
{
  static const SmtpEffect effect = { answer_vrfy, NULL };
  DIALOGUE_OR_RETURN (request);

  if (has_argument (request))
    smtp_stages_run_hooks (request, SMTP_HOOK_VRFY, &effect);
  else
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_VRFY_SYNTAX);
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
  DIALOGUE_OR_RETURN (request);

  if (has_argument (request))
    smtp_stages_run_hooks (request, SMTP_HOOK_EXPN, &effect);
  else
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_EXPN_SYNTAX);
}

/* HELP, section 4.1.1.8 */

/* Whether a command is of any use to this client now. */
static gboolean
is_on_offer (SmtpDialogue *self,
             const char   *verb)
{
  const SmtpCommand *command = smtp_command_table_lookup (smtp_server_get_commands (self->server), verb);

  if (command->protocols & (self->is_lmtp ? SMTP_ONLY : LMTP_ONLY))
    return FALSE;

  if (command->offset == smtp_command_auth_offset)
    return smtp_auth_offer_is_possible (self->server, self->session);

  if (command->offset == METHOD (xclient))
    return smtp_xclient_is_allowed (self->server, self->session);
  if (command->offset == METHOD (xforward))
    return smtp_xforward_is_allowed (self->server, self->session);

  return command->offset != smtp_command_starttls_offset ||
         smtp_starttls_is_on_offer (self->server, self->session);
}

static SmtpReply *
answer_help (SmtpDialogue *self,
             SmtpRequest  *request)
{
  g_autoptr (GPtrArray) verbs = smtp_command_table_get_verbs (smtp_server_get_commands (self->server));
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < verbs->len; i++)
    {
      const char *verb = g_ptr_array_index (verbs, i);

      if (is_on_offer (self, verb))
        g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", verb);
    }

  return smtp_reply_new (214, text->str);
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

  smtp_dialogue_refuse_request (self, request, SMTP_REPLY_UNKNOWN_COMMAND);
}

/* The table */

const SmtpCommand smtp_command_greet = { .offset = METHOD (greet) };
const SmtpCommand smtp_command_message = { .offset = METHOD (message), .adds_status = TRUE };
const SmtpCommand smtp_command_unknown = { .offset = METHOD (unknown_command) };

const gsize smtp_command_mail_offset = METHOD (mail);
const gsize smtp_command_rcpt_offset = METHOD (rcpt);
const gsize smtp_command_bdat_offset = METHOD (bdat);
const gsize smtp_command_quit_offset = METHOD (quit);
const gsize smtp_command_starttls_offset = METHOD (starttls);
const gsize smtp_command_auth_offset = METHOD (auth);

/* Octets beyond the 512 of RFC 5321 section 4.5.3.1.4: SIZE adds 26 (RFC 1870 section 3), 8BITMIME 17
 * (RFC 6152 section 2), SMTPUTF8 10 (RFC 6531 section 3.1), AUTH 500 (RFC 4954 section 3). */
#define MAIL_EXTRA (26 + 17 + 10 + 500)
#define UTF8_EXTRA 10

G_STATIC_ASSERT (MAIL_EXTRA <= SMTP_COMMAND_EXTRA_MAX);

SmtpCommandTable *
smtp_commands_get_standard (void)
{
  static const struct
  {
    const char *verb;
    SmtpCommand command;
  } commands[] =
  {
    { "HELO", { .offset = METHOD (helo), .protocols = SMTP_ONLY, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "EHLO", { .offset = METHOD (ehlo), .protocols = SMTP_ONLY, .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "LHLO", { .offset = METHOD (ehlo), .protocols = LMTP_ONLY, .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "MAIL", { .offset = METHOD (mail), .is_counted = TRUE, .adds_status = TRUE, .line_extra = MAIL_EXTRA } },
    { "RCPT", { .offset = METHOD (rcpt), .is_counted = TRUE, .adds_status = TRUE } },
    { "DATA", { .offset = METHOD (data), .adds_status = TRUE, .asks_more = TRUE } },
    { "BDAT", { .offset = METHOD (bdat), .adds_status = TRUE } },
    { "RSET", { .offset = METHOD (rset), .adds_status = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "VRFY", { .offset = METHOD (vrfy), .adds_status = TRUE, .line_extra = UTF8_EXTRA, .is_junk = TRUE } },
    { "EXPN", { .offset = METHOD (expn), .adds_status = TRUE, .line_extra = UTF8_EXTRA, .is_junk = TRUE } },
    { "HELP", { .offset = METHOD (help), .adds_status = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "NOOP", { .offset = METHOD (noop), .adds_status = TRUE, .is_for_clear = TRUE, .is_for_strangers = TRUE, .is_junk = TRUE } },
    { "QUIT", { .offset = METHOD (quit), .is_counted = TRUE, .adds_status = TRUE, .is_for_clear = TRUE, .is_for_strangers = TRUE } },
    { "STARTTLS", { .offset = METHOD (starttls), .adds_status = TRUE, .is_for_clear = TRUE, .is_for_strangers = TRUE } },
    { "AUTH", { .offset = METHOD (auth), .adds_status = TRUE, .line_extra = SMTP_AUTH_LINE_EXTRA,
                .is_for_strangers = TRUE } },
    { "XCLIENT", { .offset = METHOD (xclient), .line_extra = SMTP_COMMAND_EXTRA_MAX, .is_for_strangers = TRUE } },
    { "XFORWARD", { .offset = METHOD (xforward), .adds_status = TRUE, .line_extra = SMTP_COMMAND_EXTRA_MAX,
                    .is_for_strangers = TRUE } },
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
  klass->unknown_command = real_unknown_command;
}
