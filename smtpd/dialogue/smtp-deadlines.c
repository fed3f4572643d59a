/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-deadlines.h"

#include "smtp-server-private.h"

/* Chunks may be small, and the client slow to send the next one. */
static gboolean
is_receiving (SmtpDialogue *self)
{
  return self->phase == SMTP_PHASE_DATA || self->phase == SMTP_PHASE_CHUNK ||
         (self->phase == SMTP_PHASE_COMMAND && self->chunking);
}

void
smtp_deadlines_keep_pace (SmtpDialogue *self,
                          gsize         octets)
{
  const SmtpServerConfig *config = self->config;

  if (!is_receiving (self))
    smtp_pace_end (&self->pace);
  else if (!smtp_dialogue_is_ready (self))
    smtp_pace_pause (&self->pace, g_get_monotonic_time ());
  else
    smtp_pace_feed (&self->pace, octets, config->edge.min_data_rate,
                    (gint64) config->timeout * G_USEC_PER_SEC, g_get_monotonic_time ());
}

/* When something is to happen that is not for the client, nor for a hook, to bring about: 0 if nothing is. */
static gint64
get_appointment (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_PENALTY || self->phase == SMTP_PHASE_DELAY)
    return self->penalty_end;
  if (self->request == NULL && self->pause_end != 0)
    return self->pause_end;
  if (self->pace.deadline != 0 && self->pace.paused == 0 && smtp_server_get_config (self->server)->timeout != 0)
    return self->pace.deadline;

  return 0;
}

void
smtp_deadlines_arm (SmtpDialogue *self)
{
  const SmtpServerConfig *config = self->config;
  guint seconds = config->timeout;
  gint64 appointment;

  smtp_deadlines_keep_pace (self, 0);
  self->awaits_line = smtp_dialogue_is_ready (self) && !is_receiving (self);

  appointment = get_appointment (self);
  if (appointment != 0 && self->phase != SMTP_PHASE_OVER)
    {
      self->host->deadline (self->host_data, MAX (appointment - g_get_monotonic_time (), 1));
      return;
    }

  if (self->phase == SMTP_PHASE_NAMING)
    {
      self->host->deadline (self->host_data, (gint64) config->proxies.resolve_timeout * 1000);
      return;
    }

  if (self->request != NULL && self->phase != SMTP_PHASE_AUTH)
    seconds = config->hook_timeout;
  else if (self->phase == SMTP_PHASE_PROXY)
    seconds = config->proxies.proxy_timeout;
  else if (self->phase == SMTP_PHASE_TLS)
    seconds = config->handshake_timeout;

  if (self->phase != SMTP_PHASE_OVER)
    self->host->deadline (self->host_data, (gint64) seconds * G_USEC_PER_SEC);
}

SmtpCount
smtp_deadlines_get_missed (SmtpDialogue *self)
{
  if (self->phase == SMTP_PHASE_TLS)
    return SMTP_COUNT_TIMEOUTS_HANDSHAKE;
  if (self->phase == SMTP_PHASE_PROXY)
    return SMTP_COUNT_TIMEOUTS_PROXY;
  if (is_receiving (self) || self->phase == SMTP_PHASE_ENDING)
    return SMTP_COUNT_TIMEOUTS_DATA;

  return SMTP_COUNT_TIMEOUTS_COMMAND;
}
