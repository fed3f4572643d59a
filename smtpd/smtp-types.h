/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (SMTPD_INSIDE) && !defined (SMTPD_COMPILATION)
# error "Only <smtpd/smtpd.h> can be included directly."
#endif

#include <gio/gio.h>

#include "smtp-version.h"

G_BEGIN_DECLS

typedef struct _SmtpAddress    SmtpAddress;
typedef struct _SmtpParameters SmtpParameters;
typedef struct _SmtpReply      SmtpReply;
typedef struct _SmtpSecret     SmtpSecret;

typedef struct _SmtpController SmtpController;
typedef struct _SmtpCredentials SmtpCredentials;
typedef struct _SmtpDeliveryReport SmtpDeliveryReport;
typedef struct _SmtpDeliveryStatus SmtpDeliveryStatus;
typedef struct _SmtpEnvelope   SmtpEnvelope;
typedef struct _SmtpForwardedClient SmtpForwardedClient;
typedef struct _SmtpExtension  SmtpExtension;
typedef struct _SmtpHandler    SmtpHandler;
typedef struct _SmtpProxyInfo  SmtpProxyInfo;
typedef struct _SmtpRecipient  SmtpRecipient;
typedef struct _SmtpRequest    SmtpRequest;
typedef struct _SmtpSaslMechanism SmtpSaslMechanism;
typedef struct _SmtpServer     SmtpServer;
typedef struct _SmtpSession    SmtpSession;
typedef struct _SmtpStatistics SmtpStatistics;

G_END_DECLS
