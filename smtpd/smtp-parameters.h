/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-types.h"

G_BEGIN_DECLS

#define SMTP_TYPE_PARAMETERS (smtp_parameters_get_type ())

SMTP_AVAILABLE_IN_1_0
GType           smtp_parameters_get_type    (void) G_GNUC_CONST;

SMTP_AVAILABLE_IN_1_0
SmtpParameters *smtp_parameters_new         (const char * const    *options,
                                             GError               **error);
SMTP_AVAILABLE_IN_1_0
SmtpParameters *smtp_parameters_ref         (SmtpParameters        *self);
SMTP_AVAILABLE_IN_1_0
void            smtp_parameters_unref       (SmtpParameters        *self);

SMTP_AVAILABLE_IN_1_0
guint           smtp_parameters_get_length  (const SmtpParameters  *self);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_parameters_get_keyword (const SmtpParameters  *self,
                                             guint                  index);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_parameters_get_value   (const SmtpParameters  *self,
                                             guint                  index);

SMTP_AVAILABLE_IN_1_0
gboolean        smtp_parameters_has         (const SmtpParameters  *self,
                                             const char            *keyword);
SMTP_AVAILABLE_IN_1_0
const char     *smtp_parameters_lookup      (const SmtpParameters  *self,
                                             const char            *keyword);
SMTP_AVAILABLE_IN_1_0
char          **smtp_parameters_to_strv     (const SmtpParameters  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpParameters, smtp_parameters_unref)

G_END_DECLS
