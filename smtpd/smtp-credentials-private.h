/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-credentials.h"

G_BEGIN_DECLS

/* Whoever holds a reference finds neither password nor token any more. */
void smtp_credentials_wipe (SmtpCredentials *self);

G_END_DECLS
