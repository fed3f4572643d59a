/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-reply.h"

#include <string.h>

#include "smtp-error.h"
#include "smtp-reply-private.h"
#include "wire/smtp-reply-writer.h"

/**
 * SmtpReply:
 *
 * An answer to a command: a code (RFC 5321 section 4.2), an enhanced status code
 * (RFC 3463) and one or more lines of text. Immutable.
 *
 * Texts may be anything: what would break the protocol is cleaned on its way out.
 * Control characters become spaces, lines that are too long are split.
 */

/* "5.999.999" */
#define STATUS_MAX 9

struct _SmtpReply
{
  gatomicrefcount ref_count;
  guint           code;
  char            status[STATUS_MAX + 1];
  GStrv           lines;
  GString        *wire;
};

G_DEFINE_BOXED_TYPE (SmtpReply, smtp_reply, smtp_reply_ref, smtp_reply_unref)

/* A status of another class than the code's would say two things at once. */
static gboolean
status_fits (const char *status,
             gsize       length,
             guint       code)
{
  return length > 0 && length <= STATUS_MAX && (guint) (status[0] - '0') == code / 100;
}

static void
take_status (SmtpReply  *self,
             const char *status)
{
  gsize length = smtp_status_length (status);

  if (status[length] == '\0' && status_fits (status, length, self->code))
    memcpy (self->status, status, length);
  else
    g_warning ("\"%s\" is no enhanced status code for a reply %u; it is left out", status, self->code);
}

/* With what the client sees as the space behind it. */
static void
drop_status (char       *line,
             const char *status,
             gsize       length)
{
  char *text = line + length;

  if (strncmp (line, status, length) != 0 || (*text != '\0' && smtp_reply_space_length (text) == 0))
    return;

  text += smtp_reply_space_length (text);
  memmove (line, text, strlen (text) + 1);
}

/* "5.1.1 No such user" says its status itself. */
static void
split_status (SmtpReply *self)
{
  char *first = self->lines[0];
  gsize length;

  if (first == NULL)
    return;

  length = smtp_status_length (first);
  if (!status_fits (first, length, self->code))
    return;

  memcpy (self->status, first, length);
  for (guint i = 0; self->lines[i] != NULL; i++)
    drop_status (self->lines[i], self->status, length);
}

/**
 * smtp_reply_new:
 * @code: the code, such as 550
 * @text: (nullable): one line of text, such as `5.1.1 No such user`; a fitting status
 *   code at its beginning becomes the reply's. %NULL: a text that suits the code
 *
 * Makes a reply of one line.
 *
 * A @code that RFC 5321 section 4.2 does not allow makes a reply 451 and a warning.
 *
 * Returns: (transfer full): a new reply
 */
SmtpReply *
smtp_reply_new (guint       code,
                const char *text)
{
  const char *lines[] = { text, NULL };

  return smtp_reply_new_full (code, NULL, lines);
}

/**
 * smtp_reply_new_full:
 * @code: the code, such as 550
 * @status: (nullable): an enhanced status code such as `5.1.1`
 * @lines: (array zero-terminated=1) (nullable): the lines of text
 *
 * Makes a reply of any number of lines.
 *
 * Without @status, one that stands at the beginning of the first line is taken. A
 * @code that RFC 5321 section 4.2 does not allow makes a reply 451 and a warning.
 *
 * Returns: (transfer full): a new reply
 */
SmtpReply *
smtp_reply_new_full (guint               code,
                     const char         *status,
                     const char * const *lines)
{
  static const char * const failure[] = { "Internal error", NULL };
  SmtpReply *self;

  if (!smtp_reply_code_is_valid (code))
    {
      g_warning ("%u is no SMTP reply code; the client gets 451", code);
      code = 451;
      status = "4.3.0";
      lines = failure;
    }

  self = g_new0 (SmtpReply, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->code = code;
  self->lines = lines != NULL ? g_strdupv ((char **) lines) : g_new0 (char *, 1);

  if (status != NULL && *status != '\0')
    take_status (self, status);
  else
    split_status (self);

  self->wire = g_string_sized_new (64);
  smtp_reply_write (self->wire, self->code, smtp_reply_get_status (self), smtp_reply_get_lines (self));

  return self;
}

/* The code of a line of a reply. 0: it has none. */
static guint
line_code (const char *line)
{
  if (!g_ascii_isdigit (line[0]) || !g_ascii_isdigit (line[1]) || !g_ascii_isdigit (line[2]) ||
      (line[3] != '\0' && line[3] != ' ' && line[3] != '-'))
    return 0;

  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* The end of a line is no part of its text, and nothing else is not. */
static void
drop_cr (char *line)
{
  gsize length = strlen (line);

  if (length > 0 && line[length - 1] == '\r')
    line[length - 1] = '\0';
}

/* Takes the code off each of @lines. 0: this is not a reply. */
static guint
split_codes (GStrv lines)
{
  guint code = line_code (lines[0]);

  /* Asked first: a second line without a code must not seem to agree with a first one. */
  if (!smtp_reply_code_is_valid (code))
    return 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = lines[i];

      drop_cr (line);
      if (line_code (line) != code || (line[3] == '-') != (lines[i + 1] != NULL))
        return 0;
      memmove (line, line + (line[3] != '\0' ? 4 : 3), strlen (line + 3) + (line[3] == '\0'));
    }

  return code;
}

/**
 * smtp_reply_parse:
 * @text: a reply as it is sent, such as `550 5.1.1 No such user`; if it has more lines than
 *   one, each has the code, and all but the last one a hyphen behind it
 * @error: where to put an error
 *
 * Reads a reply. The line end behind the last line may be left out, lines may end in LF.
 *
 * If @text is none, the error is %SMTP_ERROR_SYNTAX.
 *
 * Returns: (transfer full): a new reply
 */
SmtpReply *
smtp_reply_parse (const char  *text,
                  GError     **error)
{
  g_auto (GStrv) lines = NULL;
  guint code = 0;
  guint n_lines;

  g_return_val_if_fail (text != NULL, NULL);

  lines = g_strsplit (text, "\n", -1);
  n_lines = g_strv_length (lines);
  if (n_lines > 1 && *lines[n_lines - 1] == '\0')
    g_clear_pointer (&lines[--n_lines], g_free);
  if (n_lines > 0)
    code = split_codes (lines);

  if (code == 0)
    {
      g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "This is no SMTP reply");
      return NULL;
    }

  return smtp_reply_new_full (code, NULL, (const char * const *) lines);
}

/**
 * smtp_reply_ref:
 * @self: a reply
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
SmtpReply *
smtp_reply_ref (SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * smtp_reply_unref:
 * @self: (transfer full): a reply
 *
 * Drops a reference.
 */
void
smtp_reply_unref (SmtpReply *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    {
      g_strfreev (self->lines);
      g_string_free (self->wire, TRUE);
      g_free (self);
    }
}

/**
 * smtp_reply_get_code:
 * @self: a reply
 *
 * The code, RFC 5321 section 4.2.
 *
 * Returns: the code
 */
guint
smtp_reply_get_code (const SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->code;
}

guint
smtp_reply_get_class (const SmtpReply *self)
{
  return self->code / 100;
}

/**
 * smtp_reply_get_status:
 * @self: a reply
 *
 * The enhanced status code, RFC 3463.
 *
 * Returns: (nullable): the status, or %NULL if there is none
 */
const char *
smtp_reply_get_status (const SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->status[0] != '\0' ? self->status : NULL;
}

/**
 * smtp_reply_get_lines:
 * @self: a reply
 *
 * The lines of text, as they were given, without code and status.
 *
 * Returns: (transfer none) (array zero-terminated=1): the lines
 */
const char * const *
smtp_reply_get_lines (const SmtpReply *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->lines;
}

/**
 * smtp_reply_to_string:
 * @self: a reply
 *
 * The reply as a client sees it: cleaned, in lines that end in LF, the last one without.
 *
 * Returns: (transfer full): a new string
 */
char *
smtp_reply_to_string (const SmtpReply *self)
{
  g_autofree char *wire = NULL;
  g_auto (GStrv) lines = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  wire = g_strndup (self->wire->str, self->wire->len - strlen ("\r\n"));
  lines = g_strsplit (wire, "\r\n", -1);

  return g_strjoinv ("\n", lines);
}

const char *
smtp_reply_get_wire (const SmtpReply *self,
                     gsize           *length)
{
  *length = self->wire->len;

  return self->wire->str;
}

SmtpReply *
smtp_reply_with_status (SmtpReply *self)
{
  char status[] = "x.0.0";

  /* RFC 3463 knows the classes 2, 4 and 5 only: a 354 has none. */
  if (self->status[0] != '\0' || smtp_reply_get_class (self) == 3)
    return smtp_reply_ref (self);

  status[0] = '0' + smtp_reply_get_class (self);

  return smtp_reply_new_full (self->code, status, smtp_reply_get_lines (self));
}

SmtpReply *
smtp_reply_without_status (SmtpReply *self)
{
  if (self->status[0] == '\0')
    return smtp_reply_ref (self);

  return smtp_reply_new_full (self->code, NULL, smtp_reply_get_lines (self));
}

SmtpReply *
smtp_reply_prepend (SmtpReply          *self,
                    const char * const *before)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) lines = NULL;

  if (before == NULL || before[0] == NULL)
    return smtp_reply_ref (self);

  builder = g_strv_builder_new ();
  g_strv_builder_addv (builder, (const char **) before);
  g_strv_builder_addv (builder, (const char **) self->lines);
  lines = g_strv_builder_end (builder);

  return smtp_reply_new_full (self->code, smtp_reply_get_status (self), (const char * const *) lines);
}
