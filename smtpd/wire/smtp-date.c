/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-date.h"

void
smtp_date_append (GString   *out,
                  GDateTime *date)
{
  static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) then = date != NULL ? g_date_time_ref (date) : g_date_time_new_now_local ();
  gint64 offset = g_date_time_get_utc_offset (then) / (60 * G_USEC_PER_SEC);

  g_string_append_printf (out, "%s, %d %s %04d %02d:%02d:%02d %c%02d%02d",
                          days[g_date_time_get_day_of_week (then) - 1],
                          g_date_time_get_day_of_month (then),
                          months[g_date_time_get_month (then) - 1],
                          g_date_time_get_year (then),
                          g_date_time_get_hour (then),
                          g_date_time_get_minute (then),
                          g_date_time_get_second (then),
                          offset < 0 ? '-' : '+',
                          (int) (ABS (offset) / 60), (int) (ABS (offset) % 60));
}
