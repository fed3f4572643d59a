/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-delivery-report.h"

G_BEGIN_DECLS

/* As much as other servers return. */
#define SMTP_DEFAULT_MAX_RETURNED_SIZE (64 * 1024)

struct _SmtpDeliveryReport
{
  GObject parent_instance;

  char *reporting_mta;
  SmtpAddress *reverse_path;
  SmtpAddress *author;        /* NULL: made of reporting_mta */
  char *message_id;           /* NULL: not made yet */
  char *subject;              /* NULL: a standard one; so is text */
  char *text;
  char *envelope_id;
  char *received_from_mta;
  GDateTime *arrival_date;
  GBytes *original;
  guint64 max_returned_size;
  gboolean return_full;
  gboolean smtputf8;
  GPtrArray *statuses;

  /* From the envelope; smtp-delivery-report-envelope.c. */
  gboolean require_tls;
  gboolean has_priority;
  int priority;
  gboolean has_deliver_by;
  int deliver_by_seconds;     /* from the arrival */
  gboolean traces;            /* each hop is to be told of */
  char *future_release;       /* NULL: at once */
};

/* The report: head, returned and tail, one behind the other. */
typedef struct
{
  GBytes  *head;
  GBytes  *returned;   /* NULL: nothing of the original */
  GBytes  *tail;
  gboolean eight_bit;  /* needs 8BITMIME */
  gboolean smtputf8;   /* needs SMTPUTF8 */
} SmtpReportParts;

void smtp_report_parts_clear (SmtpReportParts *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpReportParts, smtp_report_parts_clear)

/* smtp-delivery-report-build.c. There is at least one of @statuses, and all are wanted. */
void  smtp_delivery_report_build       (SmtpDeliveryReport *self,
                                        GPtrArray          *statuses,
                                        SmtpReportParts    *parts);

/* The name of this host in ASCII, fit for an address. */
char *smtp_delivery_report_dup_host    (SmtpDeliveryReport *self);

/* smtp-delivery-report-text.c: what a person reads. */
char *smtp_delivery_report_make_text   (SmtpDeliveryReport *self,
                                        GPtrArray          *statuses);
const char *
      smtp_delivery_report_subject_for (GPtrArray          *statuses);

/* The properties; smtp-delivery-report-properties.c. */
void  smtp_delivery_report_install_properties (GObjectClass *object_class);

G_END_DECLS
