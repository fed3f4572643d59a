/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-replies.h"

static const struct
{
  guint       code;
  const char *status;  /* RFC 3463; none in an answer to HELO or EHLO (RFC 2034 section 4) */
  const char *text;
} table[SMTP_N_STANDARD_REPLIES] =
{
  [SMTP_REPLY_OK]                  = { 250, "2.0.0", "OK" },
  [SMTP_REPLY_NOOP]                = { 250, "2.0.0", "Did nothing" },
  [SMTP_REPLY_BYE]                 = { 221, "2.0.0", "Bye" },
  [SMTP_REPLY_START_TLS]           = { 220, "2.0.0", "Begin TLS" },
  [SMTP_REPLY_SENDER_OK]           = { 250, "2.1.0", "Sender OK" },
  [SMTP_REPLY_RECIPIENT_OK]        = { 250, "2.1.5", "Recipient OK" },
  [SMTP_REPLY_START_DATA]          = { 354, NULL,    "Send the message, end with <CRLF>.<CRLF>" },
  [SMTP_REPLY_MESSAGE_OK]          = { 250, "2.6.0", "Message accepted" },
  [SMTP_REPLY_CONTENT_OK]          = { 250, "2.5.0", "Content received" },
  [SMTP_REPLY_CANNOT_VRFY]         = { 252, "2.5.0", "Cannot verify the user, but will try to deliver" },
  [SMTP_REPLY_CANNOT_SHOW]         = { 252, "2.6.8", "There is such a user, whose address needs SMTPUTF8 to be shown" },

  [SMTP_REPLY_TIMEOUT]             = { 421, "4.4.2", "Waited too long, closing" },
  [SMTP_REPLY_SHUTDOWN]            = { 421, "4.3.2", "Service is going down, closing" },
  [SMTP_REPLY_TOO_MANY_ERRORS]     = { 421, "4.7.0", "Too many errors, closing" },
  [SMTP_REPLY_TOO_MANY_COMMANDS]   = { 421, "4.7.0", "Too many commands of this kind, closing" },
  [SMTP_REPLY_TOO_MANY_UNKNOWN]    = { 421, "4.7.0", "Too many unknown commands, closing" },
  [SMTP_REPLY_TOO_MANY_CONNECTIONS] = { 421, "4.3.2", "Too many connections, try again later" },
  [SMTP_REPLY_TOO_MANY_OF_CLIENT]  = { 421, "4.7.0", "Too many connections from your address, close some of them" },
  [SMTP_REPLY_TOO_FAST]            = { 421, "4.7.0", "Too many new connections from your address, wait a minute" },
  [SMTP_REPLY_TOO_MANY_MESSAGES]   = { 421, "4.7.0", "Too many messages on one connection, open another one" },
  [SMTP_REPLY_TOO_MANY_RECIPIENTS] = { 452, "4.5.3", "Too many recipients, send to the rest in another transaction" },
  [SMTP_REPLY_TOO_MANY_AUTH_FAILURES] = { 421, "4.7.0", "Too many failed attempts of AUTH, closing" },
  [SMTP_REPLY_INTERNAL_ERROR]      = { 451, "4.3.0", "Internal error, try again later" },
  [SMTP_REPLY_NO_SPACE]            = { 452, "4.3.1", "No space left for the message" },
  [SMTP_REPLY_HOOK_TIMEOUT]        = { 451, "4.3.0", "No decision in time, try again later" },

  [SMTP_REPLY_UNKNOWN_COMMAND]     = { 500, "5.5.1", "Command not recognized" },
  [SMTP_REPLY_NOT_A_COMMAND]       = { 500, "5.5.2", "Not a command" },
  [SMTP_REPLY_LINE_TOO_LONG]       = { 500, "5.5.2", "Line too long" },
  [SMTP_REPLY_BARE_NEWLINE]        = { 500, "5.5.2", "Lines must end in CRLF, and contain neither CR nor LF" },
  [SMTP_REPLY_CONTROL_CHARACTER]   = { 500, "5.5.2", "Control characters are not allowed" },
  [SMTP_REPLY_NOT_UTF8]            = { 500, "5.5.2", "Not UTF-8" },
  [SMTP_REPLY_FOREIGN]             = { 554, "5.5.1", "This is an SMTP server, closing" },
  [SMTP_REPLY_EARLY]               = { 554, "5.5.1", "You spoke before you were greeted, closing" },
  [SMTP_REPLY_NO_ARGUMENT]         = { 501, "5.5.4", "This command takes no argument" },
  [SMTP_REPLY_HELO_SYNTAX]         = { 501, NULL,    "Syntax: HELO host-name" },
  [SMTP_REPLY_EHLO_SYNTAX]         = { 501, NULL,    "Syntax: EHLO host-name" },
  [SMTP_REPLY_LHLO_SYNTAX]         = { 501, NULL,    "Syntax: LHLO host-name" },
  [SMTP_REPLY_MAIL_SYNTAX]         = { 501, "5.5.4", "Syntax: MAIL FROM:<address>" },
  [SMTP_REPLY_RCPT_SYNTAX]         = { 501, "5.5.4", "Syntax: RCPT TO:<address>" },
  [SMTP_REPLY_VRFY_SYNTAX]         = { 501, "5.5.4", "Syntax: VRFY user" },
  [SMTP_REPLY_EXPN_SYNTAX]         = { 501, "5.5.4", "Syntax: EXPN list" },
  [SMTP_REPLY_ETRN_SYNTAX]         = { 501, "5.5.4", "Syntax: ETRN [@]domain or #queue" },
  [SMTP_REPLY_BURL_SYNTAX]         = { 501, "5.5.4", "Syntax: BURL url [LAST]" },
  [SMTP_REPLY_BAD_SENDER]          = { 501, "5.1.7", "Malformed sender address" },
  [SMTP_REPLY_BAD_RECIPIENT]       = { 501, "5.1.3", "Malformed recipient address" },
  [SMTP_REPLY_SENDER_NOT_ASCII]    = { 550, "5.6.7", "The sender address needs SMTPUTF8" },
  [SMTP_REPLY_RECIPIENT_NOT_ASCII] = { 553, "5.6.7", "The recipient address needs SMTPUTF8" },
  [SMTP_REPLY_ARGUMENT_NOT_ASCII]  = { 553, "5.6.7", "The address needs SMTPUTF8" },
  [SMTP_REPLY_PARAMETER_SYNTAX]    = { 501, "5.5.4", "Malformed parameters" },
  [SMTP_REPLY_PARAMETER_VALUE]     = { 501, "5.5.4", "Malformed value of a parameter" },
  [SMTP_REPLY_TOO_LITTLE_TIME]     = { 555, "5.5.4", "Too little time to deliver the message in" },
  [SMTP_REPLY_PARAMETER_UNKNOWN]   = { 555, "5.5.4", "Parameter not recognized" },
  [SMTP_REPLY_BDAT_SYNTAX]         = { 501, "5.5.4", "Syntax: BDAT size [LAST], closing" },
  [SMTP_REPLY_CHUNKS_SPOILT]       = { 503, "5.5.1", "A chunk was refused before, say RSET" },
  [SMTP_REPLY_CHUNKS_BEGUN]        = { 503, "5.5.1", "The message is coming by BDAT already" },
  [SMTP_REPLY_BINARY_NEEDS_BDAT]   = { 503, "5.5.1", "A BINARYMIME message can only come by BDAT" },
  [SMTP_REPLY_NO_ETRN]             = { 458, "4.3.0", "Unable to queue messages for this node" },
  [SMTP_REPLY_URL_UNAVAILABLE]     = { 554, "5.6.6", "The content of this URL is not available" },
  [SMTP_REPLY_IN_TRANSACTION]      = { 503, "5.5.1", "A transaction is under way, end it first" },
  [SMTP_REPLY_CANNOT_EXPAND]       = { 550, "5.6.8", "There are addresses that need SMTPUTF8 to be shown" },
  [SMTP_REPLY_NO_EXPN]             = { 502, "5.5.1", "EXPN is not available" },
  [SMTP_REPLY_HELO_FIRST]          = { 503, "5.5.1", "Say HELO or EHLO first" },
  [SMTP_REPLY_EHLO_FIRST]          = { 503, "5.5.1", "Say EHLO first" },
  [SMTP_REPLY_NESTED_MAIL]         = { 503, "5.5.1", "A transaction is under way already" },
  [SMTP_REPLY_MAIL_FIRST]          = { 503, "5.5.1", "Say MAIL first" },
  [SMTP_REPLY_RCPT_FIRST]          = { 503, "5.5.1", "Say RCPT first" },
  [SMTP_REPLY_NO_RECIPIENTS]       = { 554, "5.5.1", "No valid recipients" },
  [SMTP_REPLY_ONLY_QUIT]           = { 503, "5.5.1", "No service here, say QUIT" },
  [SMTP_REPLY_TOO_BIG]             = { 552, "5.3.4", "Message too big" },
  [SMTP_REPLY_HEADER_TOO_BIG]      = { 552, "5.3.4", "The header of the message is too big" },
  [SMTP_REPLY_NO_TLS]              = { 454, "4.7.0", "TLS is not available for the moment" },
  [SMTP_REPLY_TLS_ALREADY]         = { 503, "5.5.1", "TLS is there already" },
  [SMTP_REPLY_TLS_FIRST]           = { 530, "5.7.0", "Say STARTTLS first" },
  [SMTP_REPLY_TLS_REFUSED]         = { 554, "5.7.0", "Refused for what the TLS handshake showed, say QUIT" },
  [SMTP_REPLY_AUTH_OK]             = { 235, "2.7.0", "Authentication succeeded" },
  [SMTP_REPLY_AUTH_INVALID]        = { 535, "5.7.8", "Authentication credentials invalid" },
  [SMTP_REPLY_AUTH_FAILED]         = { 454, "4.7.0", "Temporary authentication failure" },
  [SMTP_REPLY_AUTH_FIRST]          = { 530, "5.7.0", "Authentication required" },
  [SMTP_REPLY_AUTH_ALREADY]        = { 503, "5.5.1", "Authenticated already" },
  [SMTP_REPLY_AUTH_NEEDS_TLS]      = { 538, "5.7.11", "Say STARTTLS first, passwords do not travel in clear" },
  [SMTP_REPLY_AUTH_SYNTAX]         = { 501, "5.5.4", "Syntax: AUTH mechanism [initial-response]" },
  [SMTP_REPLY_AUTH_UNKNOWN]        = { 504, "5.5.4", "This mechanism is not on offer" },
  [SMTP_REPLY_AUTH_CANCELLED]      = { 501, "5.0.0", "Authentication cancelled" },
  [SMTP_REPLY_AUTH_TOO_LONG]       = { 500, "5.5.6", "Authentication exchange line is too long" },
  [SMTP_REPLY_AUTH_NOT_BASE64]     = { 501, "5.5.2", "Not base64" },
  [SMTP_REPLY_AUTH_MALFORMED]      = { 501, "5.5.2", "Not a response of this mechanism" },
  [SMTP_REPLY_NOT_TRUSTED]         = { 550, "5.7.0", "This command is not for you" },
  [SMTP_REPLY_ATTRIBUTE_SYNTAX]    = { 501, "5.5.4", "Malformed, unknown or repeated attribute" },
  [SMTP_REPLY_TLS_BEFORE_XCLIENT]  = { 503, "5.5.1", "STARTTLS comes before XCLIENT" },
  [SMTP_REPLY_TOO_MANY_HOPS]       = { 554, "5.4.6", "Too many hops, the message goes in circles" },
  [SMTP_REPLY_TEXT_BARE_NEWLINE]   = { 550, "5.5.2", "The message contains a CR or LF alone" },
  [SMTP_REPLY_TEXT_LINE_TOO_LONG]  = { 500, "5.5.2", "The message contains a line that is too long" },
  [SMTP_REPLY_NOBODY_TOOK_IT]      = { 554, "5.3.5", "Nobody here takes messages" },
};

static SmtpReply *replies[SMTP_N_STANDARD_REPLIES];

SmtpReply *
smtp_reply_standard (SmtpStandardReply reply)
{
  if (g_once_init_enter (&replies[reply]))
    {
      const char *lines[] = { table[reply].text, NULL };

      g_once_init_leave (&replies[reply],
                         smtp_reply_new_full (table[reply].code, table[reply].status, lines));
    }

  return replies[reply];
}

SmtpStandardReply
smtp_reply_find_standard (SmtpReply *reply)
{
  for (guint i = 0; i < SMTP_N_STANDARD_REPLIES; i++)
    {
      if (g_atomic_pointer_get (&replies[i]) == reply)
        return i;
    }

  return SMTP_N_STANDARD_REPLIES;
}
