/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-recipient.h"

G_BEGIN_DECLS

struct _SmtpRecipient
{
  GObject parent_instance;

  SmtpAddress *address;
  SmtpParameters *parameters;
};

/* What the parameters of extensions say; smtp-recipient-extensions.c. */
#define SMTP_RECIPIENT_FIRST_EXTENSION_PROPERTY 0x100
void     smtp_recipient_install_extension_properties (GObjectClass  *klass);
gboolean smtp_recipient_get_extension_property       (SmtpRecipient *self,
                                                      guint          prop_id,
                                                      GValue        *value);

G_END_DECLS
