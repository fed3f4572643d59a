/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-address.h"

#include <string.h>

#include "smtp-address-private.h"
#include "smtp-error.h"

/**
 * SmtpAddress:
 *
 * A mailbox as SMTP writes it, RFC 5321 section 4.1.2: immutable, without angle
 * brackets and source route.
 *
 * The null reverse path, `<>`, is an address whose text is empty. `postmaster` is
 * the one address without a domain.
 */

struct _SmtpAddress
{
  gatomicrefcount ref_count;
  guint16         local_length;
  guint16         domain_offset;  /* 0: no domain */
  guint           is_utf8 : 1;
  guint           is_quoted : 1;
  guint           is_literal : 1;
  char            text[];
};

G_DEFINE_BOXED_TYPE (SmtpAddress, smtp_address, smtp_address_ref, smtp_address_unref)

SmtpAddress *
smtp_address_new_from_path (const SmtpPath *path)
{
  SmtpAddress *self;

  self = g_malloc (sizeof (SmtpAddress) + path->mailbox_length + 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->local_length = path->local_length;
  self->domain_offset = path->domain != NULL ? path->domain - path->mailbox : 0;
  self->is_utf8 = path->is_utf8;
  self->is_quoted = path->is_quoted;
  self->is_literal = path->is_literal;
  memcpy (self->text, path->mailbox, path->mailbox_length);
  self->text[path->mailbox_length] = '\0';

  return self;
}

/**
 * smtp_address_new:
 * @text: an address such as `user@example.org`, `postmaster`, or the empty string
 *   for the null reverse path
 * @error: return location for an error
 *
 * Makes an address of @text, which may be internationalised (RFC 6531).
 *
 * The errors are %SMTP_ERROR_SYNTAX and %SMTP_ERROR_TOO_LONG.
 *
 * Returns: (transfer full): a new address, or %NULL if @text is not one
 */
SmtpAddress *
smtp_address_new (const char  *text,
                  GError     **error)
{
  SmtpPath path = { .mailbox = "" };
  SmtpPathStatus status = SMTP_PATH_OK;

  g_return_val_if_fail (text != NULL, NULL);

  /* Nothing a command line can carry is longer; lengths here are 16 bits. */
  if (strlen (text) > G_MAXINT16)
    status = SMTP_PATH_TOO_LONG;
  else if (*text != '\0')
    status = smtp_mailbox_parse (text, strlen (text),
                                 SMTP_PATH_ALLOW_POSTMASTER | SMTP_PATH_ALLOW_UTF8, &path);

  if (status == SMTP_PATH_OK)
    return smtp_address_new_from_path (&path);

  if (status == SMTP_PATH_TOO_LONG)
    g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_TOO_LONG, "The address is too long");
  else
    g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "This is not a mail address");

  return NULL;
}

/**
 * smtp_address_ref:
 * @self: an address
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
SmtpAddress *
smtp_address_ref (SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * smtp_address_unref:
 * @self: (transfer full): an address
 *
 * Drops a reference.
 */
void
smtp_address_unref (SmtpAddress *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * smtp_address_get_text:
 * @self: an address
 *
 * The whole address as it was written, without angle brackets: the empty string for
 * the null reverse path.
 *
 * Returns: the text
 */
const char *
smtp_address_get_text (const SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

/**
 * smtp_address_dup_local_part:
 * @self: an address
 *
 * What stands before the `@`, with the quotes and backslashes of a quoted string
 * taken off: `"a b"@example.org` has the local part `a b`.
 *
 * Only the receiving domain knows what it means, its case included.
 *
 * Returns: (transfer full): the local part; empty for the null reverse path
 */
char *
smtp_address_dup_local_part (const SmtpAddress *self)
{
  char *local;
  gsize n = 0;

  g_return_val_if_fail (self != NULL, NULL);

  if (!self->is_quoted)
    return g_strndup (self->text, self->local_length);

  local = g_malloc (self->local_length);
  for (gsize i = 1; i + 1 < self->local_length; i++)
    {
      if (self->text[i] == '\\')
        i++;
      local[n++] = self->text[i];
    }
  local[n] = '\0';

  return local;
}

/**
 * smtp_address_get_domain:
 * @self: an address
 *
 * What stands behind the `@`: a domain name, or an address literal with its
 * brackets.
 *
 * Returns: (nullable): the domain, or %NULL for the null reverse path and for
 *   `postmaster` alone
 */
const char *
smtp_address_get_domain (const SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->domain_offset != 0 ? self->text + self->domain_offset : NULL;
}

/**
 * smtp_address_is_null:
 * @self: an address
 *
 * Whether this is the null reverse path, `<>`, of a message that must not be
 * answered (RFC 5321 section 4.5.5).
 *
 * Returns: %TRUE for the null reverse path
 */
gboolean
smtp_address_is_null (const SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->text[0] == '\0';
}

/**
 * smtp_address_is_utf8:
 * @self: an address
 *
 * Whether the address has characters outside ASCII, so that it can be passed on only
 * with SMTPUTF8 (RFC 6531).
 *
 * Returns: %TRUE if it has
 */
gboolean
smtp_address_is_utf8 (const SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_utf8;
}

/**
 * smtp_address_is_literal:
 * @self: an address
 *
 * Whether the domain is an address literal such as `[192.0.2.1]` (RFC 5321 section
 * 4.1.3).
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_address_is_literal (const SmtpAddress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_literal;
}

/**
 * smtp_address_equal:
 * @self: an address
 * @other: another address
 *
 * Whether both are the same mailbox: local parts to the letter, domains without
 * regard to the case of ASCII letters (RFC 5321 section 2.4).
 *
 * Returns: %TRUE if they are
 */
gboolean
smtp_address_equal (const SmtpAddress *self,
                    const SmtpAddress *other)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (other != NULL, FALSE);

  return self->local_length == other->local_length &&
         memcmp (self->text, other->text, self->local_length) == 0 &&
         g_ascii_strcasecmp (self->text + self->local_length,
                             other->text + other->local_length) == 0;
}
