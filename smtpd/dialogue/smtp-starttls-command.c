/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-starttls-command.h"

#include "smtp-commands.h"
#include "smtp-stages.h"

gboolean
smtp_starttls_is_on_offer (SmtpServer  *server,
                           SmtpSession *session)
{
  return smtp_server_get_config (server)->tls_context != NULL &&
         smtp_session_get_tls_info (session) == NULL && smtp_session_get_xclient (session) == NULL;
}

static gboolean
has_credentials (SmtpServer *server)
{
  SmtpTlsContext *context = smtp_server_get_config (server)->tls_context;
  g_autoptr (SmtpTlsCredentials) credentials = smtp_tls_context_ref_credentials (context);

  return credentials != NULL;
}

void
smtp_starttls_command (SmtpServer  *server,
                       SmtpSession *session,
                       SmtpRequest *request,
                       const char  *argument)
{
  SmtpDialogue *self = smtp_request_get_dialogue (request);

  if (self == NULL)
    return;

  if (smtp_session_get_tls_info (session) != NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_TLS_ALREADY);
  else if (smtp_server_get_config (server)->tls_context == NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_UNKNOWN_COMMAND);
  /* What was told in clear must not count in TLS (RFC 3207 section 4.2). To forget it here would make the
   * proxy itself of a client that it has let through. */
  else if (smtp_session_get_xclient (session) != NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_TLS_BEFORE_XCLIENT);
  else if (*smtp_request_get_argument (request) != '\0')
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NO_ARGUMENT);
  else if (self->envelope != NULL)
    smtp_dialogue_refuse_request (self, request, SMTP_REPLY_NESTED_MAIL);
  else if (!has_credentials (server))
    smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_NO_TLS));
  else
    self->starts_tls = smtp_request_send_reply (request, smtp_reply_standard (SMTP_REPLY_START_TLS));
}

/* The handshake is done */

static SmtpReply *
answer_handshake (SmtpDialogue *self,
                  SmtpRequest  *request)
{
  return smtp_reply_ref (smtp_reply_standard (SMTP_REPLY_OK));
}

static void
run_handshake (SmtpServer  *server,
               SmtpSession *session,
               SmtpRequest *request,
               const char  *argument)
{
  static const SmtpEffect effect = { answer_handshake, NULL };

  smtp_stages_run_hooks (request, SMTP_HOOK_TLS_HANDSHAKE, &effect);
}

const SmtpCommand smtp_command_handshake = { .method = run_handshake, .is_silent = TRUE };
