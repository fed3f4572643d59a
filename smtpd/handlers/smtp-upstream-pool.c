/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-upstream-pool.h"

#include "smtp-reply-private.h"

void
smtp_upstream_pool_init (SmtpUpstreamPool *self)
{
  g_queue_init (&self->ready);
  g_queue_init (&self->resetting);
}

static void
end (SmtpUpstream *upstream)
{
  smtp_upstream_quit (upstream);
  smtp_upstream_unref (upstream);
}

void
smtp_upstream_pool_clear (SmtpUpstreamPool *self)
{
  g_queue_clear_full (&self->ready, (GDestroyNotify) end);
  g_queue_clear_full (&self->resetting, (GDestroyNotify) end);
}

static void
on_idle_over (SmtpUpstream *upstream,
              gpointer      data)
{
  SmtpUpstreamPool *self = data;

  g_queue_remove (&self->ready, upstream);
  end (upstream);
}

static void
keep (SmtpUpstreamPool *self,
      SmtpUpstream     *upstream)
{
  g_queue_push_head (&self->ready, upstream);
  smtp_upstream_set_idle (upstream, self->idle_timeout, on_idle_over, self);
}

static void
on_reset (SmtpUpstream *upstream,
          SmtpReply    *reply,
          gpointer      data)
{
  SmtpUpstreamPool *self = data;

  g_queue_remove (&self->resetting, upstream);
  if (reply != NULL && smtp_reply_get_class (reply) == 2 && smtp_upstream_is_alive (upstream))
    keep (self, upstream);
  else
    end (upstream);
}

SmtpUpstream *
smtp_upstream_pool_take (SmtpUpstreamPool *self)
{
  SmtpUpstream *upstream = g_queue_pop_head (&self->ready);

  if (upstream != NULL)
    smtp_upstream_set_idle (upstream, 0, NULL, NULL);

  return upstream;
}

void
smtp_upstream_pool_give (SmtpUpstreamPool *self,
                         SmtpUpstream     *upstream,
                         gboolean          in_transaction)
{
  if (!smtp_upstream_is_alive (upstream) || self->idle_timeout == 0 ||
      self->ready.length + self->resetting.length >= self->max_idle)
    {
      end (upstream);
    }
  else if (in_transaction)
    {
      g_queue_push_head (&self->resetting, upstream);
      smtp_upstream_ask (upstream, "RSET", on_reset, self);
    }
  else
    {
      keep (self, upstream);
    }
}
