/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/smtp-lenient-path.h"
#include "wire/smtp-path-parser.h"

#include <stdint.h>
#include <string.h>

/* The first octet is the flags, the rest is parsed as a path, as a mailbox and
 * as the argument of EHLO. */

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
check_text (const char *text,
            gsize       length,
            gboolean    is_utf8)
{
  gboolean has_non_ascii = FALSE;
  gsize    i;

  for (i = 0; i < length; i++)
    {
      g_assert (g_ascii_isprint (text[i]) || (guchar) text[i] >= 0x80);
      if ((guchar) text[i] >= 0x80)
        has_non_ascii = TRUE;
    }

  g_assert (has_non_ascii == is_utf8);
  g_assert (g_utf8_validate_len (text, length, NULL));
}

static void
check_path (const SmtpPath *path,
            SmtpPathFlags   flags,
            const char     *text,
            gsize           length)
{
  g_assert (path->mailbox >= text);
  g_assert (path->mailbox + path->mailbox_length <= text + length);
  g_assert (!path->is_utf8 || (flags & SMTP_PATH_ALLOW_UTF8) != 0);
  check_text (path->mailbox, path->mailbox_length, path->is_utf8);

  if (path->domain == NULL)
    {
      g_assert (path->domain_length == 0 && path->local_length == path->mailbox_length);
      if (path->mailbox_length == 0)
        g_assert ((flags & SMTP_PATH_ALLOW_NULL) != 0);
      else
        g_assert ((flags & SMTP_PATH_ALLOW_POSTMASTER) != 0 && path->mailbox_length == 10);
      return;
    }

  g_assert (path->domain == path->mailbox + path->local_length + 1);
  g_assert (path->domain[-1] == '@');
  g_assert (path->local_length > 0);
  g_assert (path->domain_length > 0 && path->domain_length <= 255);
  g_assert (path->mailbox_length == path->local_length + 1 + path->domain_length);
  g_assert (path->is_quoted == (path->mailbox[0] == '"'));
  g_assert (path->is_literal == (path->domain[0] == '['));
  if (path->is_quoted)
    g_assert (path->local_length >= 2 && path->mailbox[path->local_length - 1] == '"');
  if (path->is_literal)
    g_assert (path->domain[path->domain_length - 1] == ']');
}

/* What is taken apart once is the same the second time, as a mailbox, and with
 * more allowed. */
static void
check_again (const SmtpPath *path,
             SmtpPathFlags   flags)
{
  char     *mailbox = g_memdup2 (path->mailbox, path->mailbox_length);
  SmtpPath  again;

  g_assert (smtp_mailbox_parse (mailbox, path->mailbox_length, flags, &again) == SMTP_PATH_OK);
  g_assert (again.mailbox_length == path->mailbox_length);
  g_assert (again.local_length == path->local_length);
  g_assert (again.domain_length == path->domain_length);
  g_assert (again.is_utf8 == path->is_utf8);

  g_assert (smtp_mailbox_parse (mailbox, path->mailbox_length, flags | SMTP_PATH_ALLOW_UTF8, &again)
            == SMTP_PATH_OK);

  g_free (mailbox);
}

static void
fuzz_path (const char    *text,
           gsize          length,
           SmtpPathFlags  flags)
{
  SmtpPath        path;
  SmtpPath        other;
  gsize           consumed;
  gsize           other_consumed;
  SmtpPathStatus  status = smtp_path_parse (text, length, flags, &path, &consumed);

  switch (status)
    {
    case SMTP_PATH_OK:
      g_assert (consumed >= 2 && consumed <= length);
      g_assert (text[0] == '<' && text[consumed - 1] == '>');
      check_path (&path, flags, text + 1, consumed - 2);
      check_again (&path, flags);
      /* What stands behind does not matter. */
      g_assert (smtp_path_parse (text, consumed, flags, &other, &other_consumed) == SMTP_PATH_OK);
      g_assert (memcmp (&path, &other, sizeof path) == 0 && consumed == other_consumed);
      break;

    case SMTP_PATH_NOT_ASCII:
      g_assert ((flags & SMTP_PATH_ALLOW_UTF8) == 0);
      g_assert (smtp_path_parse (text, length, flags | SMTP_PATH_ALLOW_UTF8, &other, &consumed)
                == SMTP_PATH_OK);
      break;

    case SMTP_PATH_SYNTAX:
      g_assert (consumed == 0 && path.mailbox == NULL);
      g_assert (smtp_path_parse (text, length, flags | SMTP_PATH_ALLOW_UTF8, &other, &consumed)
                == SMTP_PATH_SYNTAX);
      break;

    case SMTP_PATH_TOO_LONG:
      g_assert (length > 63);
      break;
    }
}

static void
fuzz_mailbox (const char    *text,
              gsize          length,
              SmtpPathFlags  flags)
{
  SmtpPath        path;
  SmtpPath        bracketed;
  gsize           consumed;
  char           *brackets = g_malloc (length + 2);
  SmtpPathStatus  status = smtp_mailbox_parse (text, length, flags, &path);

  brackets[0] = '<';
  if (length > 0)
    memcpy (brackets + 1, text, length);
  brackets[length + 1] = '>';

  if (status == SMTP_PATH_OK)
    {
      check_path (&path, flags, text, length);
      g_assert (path.mailbox_length == length);
    }
  if (status != SMTP_PATH_SYNTAX)
    g_assert (smtp_path_parse (brackets, length + 2, flags, &bracketed, &consumed) == status);

  g_free (brackets);
}

/* Whatever the strict parser takes for a mailbox, the lenient one does, too. */
static void
fuzz_lenient (const char    *text,
              gsize          length,
              SmtpPathFlags  flags)
{
  SmtpPath path, strict;
  SmtpPathStatus status = smtp_lenient_mailbox_parse (text, length, flags, &path);

  if (smtp_mailbox_parse (text, length, flags & SMTP_PATH_ALLOW_UTF8, &strict) == SMTP_PATH_OK)
    {
      g_assert (status == SMTP_PATH_OK);
      g_assert (path.local_length == strict.local_length && path.domain_length == strict.domain_length);
    }
  if (status != SMTP_PATH_OK)
    return;

  g_assert (path.mailbox == text && path.mailbox_length == length && path.local_length > 0);
  g_assert (path.domain == NULL || path.local_length + 1 + path.domain_length == length);
  g_assert (g_utf8_validate_len (text, length, NULL));
  g_assert (!path.is_utf8 || (flags & SMTP_PATH_ALLOW_UTF8) != 0);
  for (gsize i = 0; i < length; i++)
    g_assert ((guint8) text[i] >= 0x20 && text[i] != 0x7f);
}

static void
fuzz_helo (const char *text,
           gsize       length)
{
  gsize i;

  if (!smtp_helo_name_is_valid (text, length))
    return;

  g_assert (length > 0 && length <= 255);
  for (i = 0; i < length; i++)
    g_assert (g_ascii_isalnum (text[i]) || memchr ("[]:._-", text[i], 6) != NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  SmtpPathFlags  flags;
  char          *text;

  if (size < 2)
    return 0;

  flags = data[0] & (SMTP_PATH_ALLOW_NULL | SMTP_PATH_ALLOW_POSTMASTER | SMTP_PATH_ALLOW_UTF8);
  text = g_memdup2 (data + 1, size - 1);

  fuzz_path (text, size - 1, flags);
  fuzz_mailbox (text, size - 1, flags);
  fuzz_lenient (text, size - 1, flags);
  fuzz_helo (text, size - 1);

  g_free (text);

  return 0;
}
