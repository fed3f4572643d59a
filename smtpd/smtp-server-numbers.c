/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-server-private.h"

/* What a server tells those who operate it: numbers, and records for the log. */

enum
{
  PROP_STATISTICS = SMTP_SERVER_FIRST_NUMBERS_PROPERTY,
  PROP_LOG_EVENTS,
};

/**
 * smtp_server_get_statistics: (get-property statistics)
 * @self: a server
 *
 * What the server has done so far, in numbers. May be called from any thread.
 *
 * Returns: (transfer none): the statistics, the same object each time
 */
SmtpStatistics *
smtp_server_get_statistics (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  return smtp_server_get_private (self)->statistics;
}

/**
 * smtp_server_get_log_events: (get-property log-events)
 * @self: a server
 *
 * Whether events are logged.
 *
 * Returns: %TRUE if so
 */
gboolean
smtp_server_get_log_events (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return smtp_server_get_config (self)->log_events;
}

/**
 * smtp_server_set_log_events: (set-property log-events)
 * @self: a server
 * @log_events: whether they are
 *
 * Sets [property@Server:log-events].
 */
void
smtp_server_set_log_events (SmtpServer *self,
                            gboolean    log_events)
{
  SmtpServerConfig *config;

  g_return_if_fail (SMTP_IS_SERVER (self));

  config = smtp_server_get_config (self);
  log_events = !!log_events;
  if (config->log_events == log_events)
    return;

  config->log_events = log_events;
  g_object_notify (G_OBJECT (self), "log-events");
}

gboolean
smtp_server_get_numbers_property (SmtpServer *self,
                                  guint       prop_id,
                                  GValue     *value)
{
  if (prop_id == PROP_STATISTICS)
    g_value_set_object (value, smtp_server_get_statistics (self));
  else if (prop_id == PROP_LOG_EVENTS)
    g_value_set_boolean (value, smtp_server_get_log_events (self));
  else
    return FALSE;

  return TRUE;
}

gboolean
smtp_server_set_numbers_property (SmtpServer   *self,
                                  guint         prop_id,
                                  const GValue *value)
{
  if (prop_id != PROP_LOG_EVENTS)
    return FALSE;

  smtp_server_set_log_events (self, g_value_get_boolean (value));

  return TRUE;
}

void
smtp_server_install_numbers_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:statistics: (getter get_statistics)
   *
   * What the server has done so far, in numbers.
   */
  g_object_class_install_property (klass, PROP_STATISTICS,
                                   g_param_spec_object ("statistics", NULL, NULL, SMTP_TYPE_STATISTICS,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  /**
   * SmtpServer:log-events: (getter get_log_events) (setter set_log_events)
   *
   * Whether events are logged, as structured records (g_log_structured()) of the domain `Smtpd` and the
   * level %G_LOG_LEVEL_INFO, which GLib's own writer shows only if `G_MESSAGES_DEBUG` names the domain.
   *
   * See [Operating](operating.html) for the events and their fields. What clients have sent is escaped in them, and no
   * secrets are there. While this is off, nothing is spent on it.
   */
  g_object_class_install_property (klass, PROP_LOG_EVENTS,
                                   g_param_spec_boolean ("log-events", NULL, NULL, FALSE,
                                                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY |
                                                         G_PARAM_STATIC_STRINGS));
}
