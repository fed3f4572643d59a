/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-upstream-private.h"

#include <string.h>

#include "smtp-secret-private.h"
#include "wire/smtp-reply-writer.h"
#include "wire/smtp-text.h"

/* RFC 5321 section 4.5.3.2.6: a server that has all of a message may take ten minutes to say so,
 * where five are for a command. Who doesn't wait gets messages delivered twice. */
#define PATIENCE_AT_THE_END 10

/* Of an error, so much is logged. */
#define ERROR_MAX 512

static const SmtpUpstreamLinkFuncs link_funcs;

SmtpUpstreamConfig *
smtp_upstream_config_copy (const SmtpUpstreamConfig *self)
{
  SmtpUpstreamConfig *copy = g_memdup2 (self, sizeof *self);

  copy->address = g_strdup (self->address);
  copy->hostname = g_strdup (self->hostname);
  copy->user_name = g_strdup (self->user_name);
  copy->password = g_strdup (self->password);

  return copy;
}

void
smtp_upstream_config_free (SmtpUpstreamConfig *self)
{
  g_free (self->address);
  g_free (self->hostname);
  g_free (self->user_name);
  smtp_secret_free_text (self->password);
  g_free (self);
}

/* Its life */

SmtpUpstream *
smtp_upstream_new (const SmtpUpstreamConfig *config,
                   GMainContext             *context)
{
  SmtpUpstream *self = g_new0 (SmtpUpstream, 1);

  self->ref_count = 1;
  self->config = smtp_upstream_config_copy (config);
  self->context = g_main_context_ref (context);
  self->keywords = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  smtp_reply_reader_init (&self->reader);

  return self;
}

SmtpUpstream *
smtp_upstream_ref (SmtpUpstream *self)
{
  self->ref_count++;

  return self;
}

void
smtp_upstream_unref (SmtpUpstream *self)
{
  if (--self->ref_count > 0)
    return;

  smtp_upstream_close (self);
  smtp_reply_reader_clear (&self->reader);
  g_hash_table_unref (self->keywords);
  smtp_upstream_config_free (self->config);
  g_main_context_unref (self->context);
  g_free (self->error);
  g_free (self);
}

static void
clear_later (SmtpUpstream *self)
{
  if (self->later != NULL)
    g_source_destroy (self->later);
  g_clear_pointer (&self->later, g_source_unref);
}

void
smtp_upstream_close (SmtpUpstream *self)
{
  self->broken = TRUE;
  self->func = NULL;
  self->notify = NULL;
  clear_later (self);
  g_clear_pointer (&self->link, smtp_upstream_link_free);
}

void
smtp_upstream_quit (SmtpUpstream *self)
{
  static const char quit[] = "QUIT\r\n";

  if (self->link != NULL && !self->broken && self->func == NULL)
    smtp_upstream_link_write (self->link, (const guint8 *) quit, strlen (quit));
  smtp_upstream_close (self);
}

void
smtp_upstream_connect (SmtpUpstream *self)
{
  g_clear_pointer (&self->link, smtp_upstream_link_free);
  smtp_reply_reader_clear (&self->reader);
  smtp_reply_reader_init (&self->reader);
  self->link = smtp_upstream_link_new (self->context, &link_funcs, self);
  smtp_upstream_link_set_deadline (self->link, self->config->timeout);
  smtp_upstream_link_connect (self->link, self->config->address);
}

/* Whoever waits */

/* Takes @reply. */
static void
answer (SmtpUpstream *self,
        SmtpReply    *reply)
{
  g_autoptr (SmtpReply) owned = reply;
  SmtpUpstreamFunc func = self->func;

  self->func = NULL;
  clear_later (self);
  if (self->link != NULL)
    smtp_upstream_link_set_deadline (self->link, 0);
  if (func != NULL)
    func (self, reply, self->data);
}

static void
notify (SmtpUpstream *self)
{
  SmtpUpstreamNotifyFunc func = self->notify;

  self->notify = NULL;
  self->idle = FALSE;
  if (self->link != NULL)
    smtp_upstream_link_set_deadline (self->link, 0);
  if (func != NULL)
    func (self, self->notify_data);
}

/* What went wrong first is why the rest did. */
static void
distrust (SmtpUpstream *self,
          const char   *message)
{
  GString *text;

  self->broken = TRUE;
  if (self->error != NULL)
    return;

  text = g_string_new (NULL);
  smtp_text_escape (text, message, strlen (message), ERROR_MAX);
  self->error = g_string_free (text, FALSE);
}

void
smtp_upstream_fail (SmtpUpstream *self,
                    const char   *message)
{
  g_autoptr (SmtpUpstream) keep = smtp_upstream_ref (self);

  distrust (self, message);
  g_clear_pointer (&self->link, smtp_upstream_link_free);
  if (self->func != NULL)
    answer (self, NULL);
  else
    notify (self);
}

static gboolean
on_later (gpointer data)
{
  smtp_upstream_fail (data, "The connection has ended");

  return G_SOURCE_REMOVE;
}

/* Who asks is never called back before the asking has returned. */
static void
fail_later (SmtpUpstream *self)
{
  self->broken = TRUE;
  self->later = g_idle_source_new ();
  g_source_set_priority (self->later, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->later, on_later, self, NULL);
  g_source_attach (self->later, self->context);
}

/* Input */

/* For the reply writer, which knows the codes of RFC 5321 only. */
static guint
fix_code (guint code)
{
  return smtp_reply_code_is_valid (code) ? code : code / 100 * 100 + 50;
}

static SmtpReply *
make_reply (SmtpReplyReader *reader)
{
  const char * const *lines = smtp_reply_reader_get_lines (reader);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) texts = NULL;

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_autofree char *text = g_utf8_make_valid (lines[i], -1);

      g_strv_builder_add (builder, text);
    }
  texts = g_strv_builder_end (builder);

  return smtp_reply_new_full (fix_code (smtp_reply_reader_get_code (reader)), NULL,
                              (const char * const *) texts);
}

/* What was not asked for could pass for the answer to what is asked next, as could an answer that
 * comes before the question is out. */
static gboolean
is_out_of_turn (SmtpUpstream *self)
{
  return self->func == NULL || smtp_upstream_link_get_unsent (self->link) > 0;
}

static void
on_input (gpointer      owner,
          const guint8 *data,
          gsize         size)
{
  SmtpUpstream *self = owner;
  g_autoptr (SmtpUpstream) keep = smtp_upstream_ref (self);
  SmtpReplyReadStatus status;
  gsize consumed;

  if (is_out_of_turn (self))
    {
      smtp_upstream_fail (self, "The server spoke out of turn");
      return;
    }

  status = smtp_reply_reader_feed (&self->reader, data, size, &consumed);
  if (status == SMTP_REPLY_READ_ERROR)
    {
      smtp_upstream_fail (self, "What the server says is not SMTP");
    }
  else if (status == SMTP_REPLY_READ_DONE)
    {
      /* This was the answer; but behind it stands what nobody asked for. */
      if (consumed < size)
        distrust (self, "There was more behind the server's answer");
      answer (self, make_reply (&self->reader));
    }
}

static void
on_failed (gpointer      owner,
           const GError *error)
{
  SmtpUpstream *self = owner;

  if (self->idle && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    notify (self);
  else if (!smtp_upstream_retry_hello (self))
    smtp_upstream_fail (self, error->message);
}

static void
on_drained (gpointer owner)
{
  SmtpUpstream *self = owner;

  if (self->func == NULL && !self->idle)
    notify (self);
}

static void
on_opened (gpointer owner)
{
  SmtpUpstream *self = owner;

  smtp_upstream_link_set_deadline (self->link, self->config->timeout);
  if (self->securing)
    smtp_upstream_say_hello (self);
}

static const SmtpUpstreamLinkFuncs link_funcs = { on_opened, on_input, on_drained, on_failed };

/* Output */

static void
ask (SmtpUpstream     *self,
     const guint8     *data,
     gsize             size,
     guint             seconds,
     SmtpUpstreamFunc  func,
     gpointer          user_data)
{
  g_assert (self->func == NULL);

  self->notify = NULL;
  self->idle = FALSE;
  self->func = func;
  self->data = user_data;

  if (self->broken || self->link == NULL || !smtp_upstream_link_is_silent (self->link))
    {
      fail_later (self);
      return;
    }

  smtp_upstream_link_set_deadline (self->link, seconds);
  smtp_upstream_link_write (self->link, data, size);
}

void
smtp_upstream_ask (SmtpUpstream     *self,
                   const char       *line,
                   SmtpUpstreamFunc  func,
                   gpointer          data)
{
  g_autofree char *text = g_strconcat (line, "\r\n", NULL);

  ask (self, (const guint8 *) text, strlen (text), self->config->timeout, func, data);
}

void
smtp_upstream_finish (SmtpUpstream     *self,
                      GByteArray       *text,
                      SmtpUpstreamFunc  func,
                      gpointer          data)
{
  guint seconds = self->config->timeout;

  if (seconds <= G_MAXUINT / PATIENCE_AT_THE_END)
    seconds *= PATIENCE_AT_THE_END;

  ask (self, text->data, text->len, seconds, func, data);
}

gboolean
smtp_upstream_write (SmtpUpstream           *self,
                     GByteArray             *text,
                     SmtpUpstreamNotifyFunc  func,
                     gpointer                data)
{
  if (self->broken || self->link == NULL)
    return TRUE;

  smtp_upstream_link_write (self->link, text->data, text->len);
  if (smtp_upstream_link_get_unsent (self->link) == 0)
    return TRUE;

  self->notify = func;
  self->notify_data = data;
  smtp_upstream_link_set_deadline (self->link, self->config->timeout);

  return FALSE;
}

void
smtp_upstream_set_idle (SmtpUpstream           *self,
                        guint                   seconds,
                        SmtpUpstreamNotifyFunc  func,
                        gpointer                data)
{
  self->notify = func;
  self->notify_data = data;
  self->idle = func != NULL;
  if (self->link != NULL)
    smtp_upstream_link_set_deadline (self->link, func != NULL ? seconds : 0);
}

gboolean
smtp_upstream_is_alive (SmtpUpstream *self)
{
  return self->link != NULL && !self->broken;
}

gboolean
smtp_upstream_offers (SmtpUpstream *self,
                      const char   *keyword)
{
  g_autofree char *key = g_ascii_strdown (keyword, -1);

  return g_hash_table_contains (self->keywords, key);
}

const char *
smtp_upstream_get_error (SmtpUpstream *self)
{
  return self->error != NULL ? self->error : "The connection was given up";
}
