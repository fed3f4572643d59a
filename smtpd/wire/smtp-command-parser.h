/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest verb that is looked up; a longer one is unknown. */
#define SMTP_VERB_MAX 31

typedef enum
{
  SMTP_COMMAND_OK,
  SMTP_COMMAND_EMPTY,     /* nothing, or white space only */
  SMTP_COMMAND_BAD_VERB,  /* does not begin with letters and digits up to a space or the end, or too long */
  SMTP_COMMAND_CONTROL,   /* NUL, DEL or a control character other than HTAB */
  SMTP_COMMAND_NOT_UTF8   /* 8-bit, and not UTF-8 */
} SmtpCommandStatus;

typedef struct
{
  char        verb[SMTP_VERB_MAX + 1];  /* upper case ASCII, NUL-terminated */
  const char *argument;                 /* inside the line, white space around it taken off */
  gsize       argument_length;
} SmtpCommandLine;

/* RFC 5321 section 4.1.1: a verb, one or more spaces, an argument. Case is
 * folded in ASCII only. White space before CRLF is ignored (section 4.1.1). A
 * line that begins with white space has no verb. Checks for control characters
 * and UTF-8 come before all others but EMPTY. */
SmtpCommandStatus smtp_command_parse (const char      *line,
                                      gsize            length,
                                      SmtpCommandLine *command);

/* TRUE if @text, NUL-terminated, could be a verb (for commands that programs add). */
gboolean          smtp_command_is_verb (const char *text);

/* The first octets of a TLS ClientHello, an SSH banner, an HTTP request line and
 * the like: not SMTP, whatever follows. @length may be short of a line. Decides
 * on what can be decided from the first octet (neither printable ASCII nor HTAB,
 * CR or LF) or from a whole line (HTTP request line "METHOD target HTTP/x", "SSH-"...). */
gboolean          smtp_command_is_foreign (const char *line,
                                           gsize       length,
                                           gboolean    whole);

G_END_DECLS
