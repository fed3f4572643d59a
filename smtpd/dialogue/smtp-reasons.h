/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-replies.h"
#include "smtp-statistics-private.h"

G_BEGIN_DECLS

/* Why a client is told a 4yz or a 5yz. What is no answer of the library is policy. */
SmtpReason smtp_reason_of (SmtpReply *reply);

G_END_DECLS
