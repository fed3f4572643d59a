/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-path-parser.h"

#include "smtp-text.h"

#include <string.h>

/* RFC 5321 section 4.5.3.1.2; RFC 1035 section 2.3.4. */
#define DOMAIN_MAX 255
#define LABEL_MAX  63

/* The longest address in text, "ffff:" six times and an IPv4 address. */
#define IPV6_TEXT_MAX 45

/* Every scan_*() function moves @p behind what it found and returns TRUE, or
 * returns FALSE. There is no way back, so the time is linear whatever the text is. */
typedef struct
{
  const char *p;
  const char *end;
  gboolean    is_utf8;
  gboolean    is_too_long;
} Scanner;

static gboolean
at_octet (const Scanner *self,
          char           octet)
{
  return self->p < self->end && *self->p == octet;
}

static gboolean
scan_octet (Scanner *self,
            char     octet)
{
  if (!at_octet (self, octet))
    return FALSE;

  self->p++;
  return TRUE;
}

/* RFC 6531 section 3.3: UTF8-non-ascii, less the C1 controls. */
static gboolean
scan_non_ascii (Scanner *self)
{
  gsize length = smtp_text_non_ascii (self->p, self->end - self->p);

  if (length == 0)
    return FALSE;

  self->p += length;
  self->is_utf8 = TRUE;
  return TRUE;
}

static gboolean
is_atext (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static gboolean
scan_atom (Scanner *self)
{
  const char *start = self->p;

  while (self->p < self->end)
    {
      if (is_atext (*self->p))
        self->p++;
      else if (!scan_non_ascii (self))
        break;
    }

  return self->p > start;
}

static gboolean
scan_dot_string (Scanner *self)
{
  do
    {
      if (!scan_atom (self))
        return FALSE;
    }
  while (scan_octet (self, '.'));

  return TRUE;
}

/* DQUOTE *QcontentSMTP DQUOTE. A backslash quotes ASCII only, RFC 6531 section
 * 3.3 widens qtextSMTP and not quoted-pairSMTP. */
static gboolean
scan_quoted_string (Scanner *self)
{
  if (!scan_octet (self, '"'))
    return FALSE;

  while (self->p < self->end)
    {
      if (scan_octet (self, '"'))
        return TRUE;

      if (scan_octet (self, '\\'))
        {
          if (self->p == self->end || !g_ascii_isprint (*self->p))
            return FALSE;
          self->p++;
        }
      else if (g_ascii_isprint (*self->p))
        {
          self->p++;
        }
      else if (!scan_non_ascii (self))
        {
          return FALSE;
        }
    }

  return FALSE;
}

/* Underscores are no part of RFC 5321's sub-domain, but of names in use. The
 * limit is on the encoded form of a label outside ASCII (RFC 5890 section 4.2),
 * in which every character takes at least an octet: so characters count here. */
static gboolean
scan_label (Scanner *self)
{
  const char *start = self->p;
  gsize       characters = 0;

  while (self->p < self->end)
    {
      if (g_ascii_isalnum (*self->p) || *self->p == '-' || *self->p == '_')
        self->p++;
      else if (!scan_non_ascii (self))
        break;
      characters++;
    }

  if (characters > LABEL_MAX)
    self->is_too_long = TRUE;

  return characters > 0 && *start != '-' && self->p[-1] != '-';
}

static gboolean
scan_domain (Scanner *self)
{
  const char *start = self->p;

  do
    {
      if (!scan_label (self))
        return FALSE;
    }
  while (scan_octet (self, '.'));

  if (self->p - start > DOMAIN_MAX)
    self->is_too_long = TRUE;

  return TRUE;
}

/* Snum: up to three digits, RFC 5321 section 4.1.3. */
static gboolean
scan_ipv4_number (Scanner *self)
{
  guint value = 0;
  guint digits = 0;

  while (self->p < self->end && digits < 3 && g_ascii_isdigit (*self->p))
    {
      value = value * 10 + g_ascii_digit_value (*self->p++);
      digits++;
    }

  return digits > 0 && value <= 255;
}

static gboolean
is_ipv4 (const char *text,
         gsize       length)
{
  Scanner scanner = { .p = text, .end = text + length };
  guint   i;

  for (i = 0; i < 4; i++)
    {
      if (i > 0 && !scan_octet (&scanner, '.'))
        return FALSE;
      if (!scan_ipv4_number (&scanner))
        return FALSE;
    }

  return scanner.p == scanner.end;
}

static gboolean
is_ipv6 (const char *text,
         gsize       length)
{
  char  copy[IPV6_TEXT_MAX + 1];
  gsize i;

  if (length == 0 || length > IPV6_TEXT_MAX || memchr (text, ':', length) == NULL)
    return FALSE;

  /* GLib takes a zone ("%eth0") too, a literal has none. */
  for (i = 0; i < length; i++)
    {
      if (!g_ascii_isxdigit (text[i]) && text[i] != ':' && text[i] != '.')
        return FALSE;
      copy[i] = text[i];
    }
  copy[length] = '\0';

  return g_hostname_is_ip_address (copy);
}

/* Ldh-str ":" 1*dcontent */
static gboolean
is_tagged_literal (const char *text,
                   gsize       length)
{
  const char *colon = memchr (text, ':', length);
  const char *p;

  if (colon == NULL || colon == text || colon + 1 == text + length)
    return FALSE;

  for (p = text; p < colon; p++)
    {
      if (!g_ascii_isalnum (*p) && *p != '-')
        return FALSE;
    }

  /* "[", "\" and "]" are no dcontent. */
  for (p = colon + 1; p < text + length; p++)
    {
      if (!g_ascii_isgraph (*p) || (*p >= '[' && *p <= ']'))
        return FALSE;
    }

  return colon[-1] != '-';
}

/* @text stands between the brackets. */
static gboolean
is_literal (const char *text,
            gsize       length)
{
  if (length == 0)
    return FALSE;

  if (g_ascii_isdigit (text[0]) && is_ipv4 (text, length))
    return TRUE;

  if (length >= 5 && g_ascii_strncasecmp (text, "IPv6:", 5) == 0)
    return is_ipv6 (text + 5, length - 5);

  return is_tagged_literal (text, length);
}

static gboolean
scan_literal (Scanner *self)
{
  const char *start = self->p;
  const char *close;

  if (!scan_octet (self, '[') || self->p == self->end)
    return FALSE;

  close = memchr (self->p, ']', self->end - self->p);
  if (close == NULL || !is_literal (self->p, close - self->p))
    return FALSE;

  self->p = close + 1;
  if (self->p - start > DOMAIN_MAX)
    self->is_too_long = TRUE;

  return TRUE;
}

static gboolean
scan_mailbox (Scanner  *self,
              SmtpPath *path)
{
  gboolean route_is_utf8 = self->is_utf8;

  self->is_utf8 = FALSE;
  path->mailbox = self->p;
  path->is_quoted = at_octet (self, '"');

  if (!(path->is_quoted ? scan_quoted_string (self) : scan_dot_string (self)))
    return FALSE;

  path->local_length = self->p - path->mailbox;

  if (!scan_octet (self, '@'))
    return FALSE;

  path->domain = self->p;
  path->is_literal = at_octet (self, '[');

  if (!(path->is_literal ? scan_literal (self) : scan_domain (self)))
    return FALSE;

  path->domain_length = self->p - path->domain;
  path->mailbox_length = self->p - path->mailbox;
  path->is_utf8 = self->is_utf8;
  self->is_utf8 |= route_is_utf8;

  return TRUE;
}

/* A-d-l ":", which a server must accept and should ignore: RFC 5321 appendix C. */
static gboolean
scan_source_route (Scanner *self)
{
  do
    {
      if (!scan_octet (self, '@') || !scan_domain (self))
        return FALSE;
    }
  while (scan_octet (self, ','));

  return scan_octet (self, ':');
}

/* RFC 5321 section 4.1.1.3: the one mailbox that needs no domain. */
static gboolean
is_postmaster (const char *text,
               gsize       length)
{
  static const char postmaster[] = "postmaster";

  return length == sizeof postmaster - 1 && g_ascii_strncasecmp (text, postmaster, length) == 0;
}

static SmtpPathStatus
finish (Scanner       *self,
        SmtpPathFlags  flags)
{
  if (self->is_too_long)
    return SMTP_PATH_TOO_LONG;

  if (self->is_utf8 && (flags & SMTP_PATH_ALLOW_UTF8) == 0)
    return SMTP_PATH_NOT_ASCII;

  return SMTP_PATH_OK;
}

/* The mailboxes that have no domain, where they are allowed. */
static gboolean
parse_special (const char    *text,
               gsize          length,
               SmtpPathFlags  flags,
               SmtpPath      *path)
{
  if (length == 0 ? (flags & SMTP_PATH_ALLOW_NULL) == 0
                  : (flags & SMTP_PATH_ALLOW_POSTMASTER) == 0 || !is_postmaster (text, length))
    return FALSE;

  path->mailbox = text != NULL ? text : "";
  path->mailbox_length = length;
  path->local_length = length;

  return TRUE;
}

/* What stands between the brackets of "<>" and "<postmaster>", if it is one. */
static gboolean
parse_special_path (Scanner       *self,
                    SmtpPathFlags  flags,
                    SmtpPath      *path)
{
  static const gsize lengths[] = { 0, sizeof "postmaster" - 1 };
  gsize              i;

  for (i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      if ((gsize) (self->end - self->p) > lengths[i]
          && self->p[lengths[i]] == '>'
          && parse_special (self->p, lengths[i], flags, path))
        {
          self->p += lengths[i] + 1;
          return TRUE;
        }
    }

  return FALSE;
}

static gboolean
scan_path (Scanner  *self,
           SmtpPath *path)
{
  if (at_octet (self, '@') && !scan_source_route (self))
    return FALSE;

  if (!scan_mailbox (self, path))
    return FALSE;

  return scan_octet (self, '>');
}

SmtpPathStatus
smtp_path_parse (const char    *text,
                 gsize          length,
                 SmtpPathFlags  flags,
                 SmtpPath      *path,
                 gsize         *consumed)
{
  Scanner        scanner = { .p = text, .end = text != NULL ? text + length : NULL };
  SmtpPath       found = { .mailbox = NULL };
  SmtpPathStatus status = SMTP_PATH_SYNTAX;

  *path = found;
  *consumed = 0;

  if (!scan_octet (&scanner, '<'))
    return SMTP_PATH_SYNTAX;

  if (parse_special_path (&scanner, flags, &found))
    status = SMTP_PATH_OK;
  else if (scan_path (&scanner, &found))
    status = finish (&scanner, flags);

  if (status == SMTP_PATH_OK)
    {
      *path = found;
      *consumed = scanner.p - text;
    }

  return status;
}

SmtpPathStatus
smtp_mailbox_parse (const char    *text,
                    gsize          length,
                    SmtpPathFlags  flags,
                    SmtpPath      *path)
{
  Scanner        scanner = { .p = text, .end = text != NULL ? text + length : NULL };
  SmtpPath       found = { .mailbox = NULL };
  SmtpPathStatus status = SMTP_PATH_SYNTAX;

  *path = found;

  if (parse_special (text, length, flags, &found))
    status = SMTP_PATH_OK;
  else if (scan_mailbox (&scanner, &found) && scanner.p == scanner.end)
    status = finish (&scanner, flags);

  if (status == SMTP_PATH_OK)
    *path = found;

  return status;
}

/* An address literal, but not all that its dcontent may be. */
static gboolean
is_helo_literal (const char *text,
                 gsize       length)
{
  Scanner scanner = { .p = text, .end = text + length };
  gsize   i;

  for (i = 1; i + 1 < length; i++)
    {
      if (!g_ascii_isalnum (text[i]) && memchr (".:-_", text[i], 4) == NULL)
        return FALSE;
    }

  return scan_literal (&scanner) && scanner.p == scanner.end;
}

gboolean
smtp_helo_name_is_valid (const char *text,
                         gsize       length)
{
  gsize i;

  if (length == 0 || length > DOMAIN_MAX)
    return FALSE;

  if (text[0] == '[')
    return is_helo_literal (text, length);

  /* A dot at the end is the root's, and harmless here; an empty label is not a name. */
  for (i = 0; i < length; i++)
    {
      if (text[i] == '.' ? i == 0 || text[i - 1] == '.'
                         : !g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '_')
        return FALSE;
    }

  return TRUE;
}
