/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define SMTPD_INSIDE

#include <smtpd/smtp-version.h>
#include <smtpd/smtp-types.h>
#include <smtpd/smtp-enums.h>
#include <smtpd/smtp-enum-types.h>
#include <smtpd/smtp-error.h>
#include <smtpd/smtp-address.h>
#include <smtpd/smtp-parameters.h>
#include <smtpd/smtp-reply.h>
#include <smtpd/smtp-recipient.h>
#include <smtpd/smtp-envelope.h>
#include <smtpd/smtp-tls-context.h>
#include <smtpd/smtp-tls-info.h>
#include <smtpd/smtp-proxy-info.h>
#include <smtpd/smtp-forwarded-client.h>
#include <smtpd/smtp-session.h>
#include <smtpd/smtp-secret.h>
#include <smtpd/smtp-credentials.h>
#include <smtpd/smtp-request.h>
#include <smtpd/smtp-extension.h>
#include <smtpd/smtp-sasl-mechanism.h>
#include <smtpd/smtp-handler.h>
#include <smtpd/smtp-server.h>
#include <smtpd/smtp-statistics.h>
#include <smtpd/smtp-controller.h>
#include <smtpd/smtp-trace.h>
#include <smtpd/smtp-delivery-action.h>
#include <smtpd/smtp-delivery-status.h>
#include <smtpd/smtp-delivery-report.h>
#include <smtpd/handlers/smtp-auth-file-handler.h>
#include <smtpd/handlers/smtp-chaos-handler.h>
#include <smtpd/handlers/smtp-debugging-handler.h>
#include <smtpd/handlers/smtp-maildir-handler.h>
#include <smtpd/handlers/smtp-mbox-handler.h>
#include <smtpd/handlers/smtp-relay-handler.h>
#include <smtpd/handlers/smtp-sink-handler.h>
#include <smtpd/smtp-catcher.h>

#undef SMTPD_INSIDE
