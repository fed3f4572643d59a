/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-upstream-private.h"

#include <string.h>

#include "smtp-reply-private.h"
#include "smtp-secret-private.h"

/* What comes before the first MAIL: greeting, EHLO or HELO, STARTTLS (RFC 3207) and EHLO again,
 * AUTH PLAIN (RFC 4954, RFC 4616). */

/* A password that goes to whoever has taken the server's place is no secret any more. */
static gboolean
needs_tls (SmtpUpstream *self)
{
  return self->config->tls == SMTP_RELAY_TLS_REQUIRED || self->config->user_name != NULL;
}

static void
fail_with_reply (SmtpUpstream *self,
                 const char   *what,
                 SmtpReply    *reply)
{
  g_autofree char *text = smtp_reply_to_string (reply);
  g_autofree char *message = g_strdup_printf ("%s was answered with: %s", what, text);

  smtp_upstream_fail (self, message);
}

/* Everybody who asked for the opening hears of its failure here. */
static void
fail_opening (SmtpUpstream *self,
              SmtpReply    *reply,
              const char   *what)
{
  g_autoptr (SmtpUpstream) keep = smtp_upstream_ref (self);

  if (reply != NULL)
    fail_with_reply (self, what, reply);
  self->opened (self, NULL, self->opened_data);
}

static void
fail_plainly (SmtpUpstream *self,
              const char   *message)
{
  g_autoptr (SmtpUpstream) keep = smtp_upstream_ref (self);

  smtp_upstream_fail (self, message);
  self->opened (self, NULL, self->opened_data);
}

/* AUTH */

static gboolean
offers_auth_plain (SmtpUpstream *self)
{
  const char *mechanisms = g_hash_table_lookup (self->keywords, "auth");
  g_auto (GStrv) words = NULL;

  if (mechanisms == NULL)
    return FALSE;

  words = g_strsplit (mechanisms, " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (words[i], "PLAIN") == 0)
        return TRUE;
    }

  return FALSE;
}

static void
on_auth (SmtpUpstream *self,
         SmtpReply    *reply,
         gpointer      data)
{
  if (reply != NULL && smtp_reply_get_class (reply) == 2)
    self->opened (self, reply, self->opened_data);
  else
    fail_opening (self, reply, "AUTH");
}

static void
authenticate (SmtpUpstream *self)
{
  const char *password = self->config->password != NULL ? self->config->password : "";
  g_autoptr (GString) plain = g_string_new (NULL);
  char *base64, *line;

  g_string_append_c (plain, '\0');
  g_string_append_len (plain, self->config->user_name, strlen (self->config->user_name) + 1);
  g_string_append (plain, password);
  base64 = g_base64_encode ((const guchar *) plain->str, plain->len);
  line = g_strconcat ("AUTH PLAIN ", base64, NULL);

  smtp_upstream_ask (self, line, on_auth, NULL);

  smtp_secret_wipe (plain->str, plain->len);
  smtp_secret_free_text (base64);
  smtp_secret_free_text (line);
}

/* STARTTLS */

static gboolean
have_tls (void)
{
  return g_tls_backend_supports_tls (g_tls_backend_get_default ());
}

static void go_on (SmtpUpstream *self,
                   SmtpReply    *reply);

/* The server says nothing in between: this is called for a failure alone. */
static void
on_unsecured (SmtpUpstream *self,
              SmtpReply    *reply,
              gpointer      data)
{
  fail_opening (self, NULL, NULL);
}

static void
on_starttls (SmtpUpstream *self,
             SmtpReply    *reply,
             gpointer      data)
{
  if (reply == NULL || smtp_reply_get_code (reply) == 421)
    {
      fail_opening (self, reply, "STARTTLS");
    }
  else if (smtp_reply_get_code (reply) != 220)
    {
      self->stays_clear = TRUE;
      go_on (self, reply);
    }
  else if (self->broken)
    {
      /* Somebody has put words in, in clear, that would be taken for the server's own. */
      fail_plainly (self, "There was more behind the answer to STARTTLS");
    }
  else
    {
      self->securing = TRUE;
      self->func = on_unsecured;
      g_hash_table_remove_all (self->keywords);
      smtp_upstream_link_set_deadline (self->link, self->config->timeout);
      smtp_upstream_link_secure (self->link, needs_tls (self));
    }
}

/* EHLO */

static void
note_keywords (SmtpUpstream *self,
               SmtpReply    *reply)
{
  const char * const *lines = smtp_reply_get_lines (reply);

  g_hash_table_remove_all (self->keywords);
  /* The first line is the server's name. */
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      const char *space = strchr (lines[i], ' ');
      gsize length = space != NULL ? (gsize) (space - lines[i]) : strlen (lines[i]);

      g_hash_table_replace (self->keywords, g_ascii_strdown (lines[i], length),
                            g_strdup (space != NULL ? space + 1 : ""));
    }
}

/* @reply is that to EHLO or HELO, or one that does not matter. */
static void
go_on (SmtpUpstream *self,
       SmtpReply    *reply)
{
  gboolean can_secure = !self->secured && !self->stays_clear && have_tls () &&
                        smtp_upstream_offers (self, "STARTTLS");

  if (can_secure)
    smtp_upstream_ask (self, "STARTTLS", on_starttls, NULL);
  else if (!self->secured && needs_tls (self))
    fail_plainly (self, have_tls () ? "TLS is required, and the server does not offer it"
                                    : "TLS is required, and GIO has no backend for it");
  else if (self->config->user_name == NULL)
    self->opened (self, reply, self->opened_data);
  else if (offers_auth_plain (self))
    authenticate (self);
  else
    fail_plainly (self, "The server does not offer AUTH PLAIN");
}

static void
on_helo (SmtpUpstream *self,
         SmtpReply    *reply,
         gpointer      data)
{
  if (reply != NULL && smtp_reply_get_class (reply) == 2)
    go_on (self, reply);
  else
    fail_opening (self, reply, "HELO");
}

static void
on_ehlo (SmtpUpstream *self,
         SmtpReply    *reply,
         gpointer      data)
{
  guint class = reply != NULL ? smtp_reply_get_class (reply) : 0;
  g_autofree char *line = NULL;

  if (class == 2)
    {
      note_keywords (self, reply);
      go_on (self, reply);
    }
  else if (class == 5)
    {
      line = g_strconcat ("HELO ", self->config->hostname, NULL);
      smtp_upstream_ask (self, line, on_helo, NULL);
    }
  else
    {
      fail_opening (self, reply, "EHLO");
    }
}

void
smtp_upstream_say_hello (SmtpUpstream *self)
{
  g_autofree char *line = g_strconcat ("EHLO ", self->config->hostname, NULL);

  self->secured = self->securing;
  self->func = NULL;
  smtp_upstream_ask (self, line, on_ehlo, NULL);
}

static void
on_greeting (SmtpUpstream *self,
             SmtpReply    *reply,
             gpointer      data)
{
  if (reply != NULL && smtp_reply_get_code (reply) == 220)
    smtp_upstream_say_hello (self);
  else
    fail_opening (self, reply, "The connection");
}

/* Nothing is said yet: it is the server that begins. */
static void
await_greeting (SmtpUpstream *self)
{
  self->func = on_greeting;
}

void
smtp_upstream_open (SmtpUpstream     *self,
                    SmtpUpstreamFunc  func,
                    gpointer          data)
{
  self->opened = func;
  self->opened_data = data;
  await_greeting (self);
  smtp_upstream_connect (self);
}

gboolean
smtp_upstream_retry_hello (SmtpUpstream *self)
{
  if (!self->securing || self->secured)
    return FALSE;

  self->securing = FALSE;
  if (needs_tls (self))
    return FALSE;

  self->stays_clear = TRUE;
  await_greeting (self);
  smtp_upstream_connect (self);

  return TRUE;
}
