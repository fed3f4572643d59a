/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_ERROR (smtp_error_quark ())

/**
 * SmtpError:
 * @SMTP_ERROR_SYNTAX: the text is not what its RFC asks for
 * @SMTP_ERROR_NOT_ASCII: the address needs SMTPUTF8
 * @SMTP_ERROR_TOO_LONG: a part is longer than its RFC allows
 * @SMTP_ERROR_TIMED_OUT: the time for it is over
 * @SMTP_ERROR_NO_ANSWER: a hook or command method returned without an answer
 * @SMTP_ERROR_BAD_LISTEN_ADDRESS: not an address that can be listened on
 * @SMTP_ERROR_WRONG_CONTEXT: the server belongs to another main context
 * @SMTP_ERROR_RUNNING: the server runs already
 * @SMTP_ERROR_NOT_DUE: there is nobody to be told, or nothing that he wants to be told of
 *
 * Errors of this library.
 */
typedef enum
{
  SMTP_ERROR_SYNTAX,
  SMTP_ERROR_NOT_ASCII,
  SMTP_ERROR_TOO_LONG,
  SMTP_ERROR_TIMED_OUT,
  SMTP_ERROR_NO_ANSWER,
  SMTP_ERROR_BAD_LISTEN_ADDRESS,
  SMTP_ERROR_WRONG_CONTEXT,
  SMTP_ERROR_RUNNING,
  SMTP_ERROR_NOT_DUE
} SmtpError;

SMTP_AVAILABLE_IN_1_0
GQuark smtp_error_quark (void);

G_END_DECLS
