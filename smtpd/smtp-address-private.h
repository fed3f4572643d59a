/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-address.h"
#include "wire/smtp-path-parser.h"

G_BEGIN_DECLS

SmtpAddress *smtp_address_new_from_path (const SmtpPath *path);

G_END_DECLS
