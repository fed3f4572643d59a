/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-proxy-info.h"
#include "transport/smtp-proxy-header.h"
#include "transport/smtp-transport.h"

G_BEGIN_DECLS

/* A PROXY header off the front of a transport. */

typedef enum
{
  SMTP_PROXY_READER_DONE,
  SMTP_PROXY_READER_AGAIN,   /* when the transport is readable */
  SMTP_PROXY_READER_FAILED   /* it is none, or the connection has ended */
} SmtpProxyReaderStatus;

/*
 * @buffer has room for SMTP_PROXY_HEADER_MAX octets, and in it *kept that were read before. When it is done, those that
 * have come behind the header stand there, and *kept is how many. With @exactly none are read: they are for
 * somebody else.
 */
SmtpProxyReaderStatus smtp_proxy_reader_read (SmtpTransport  *transport,
                                              char           *buffer,
                                              gsize          *kept,
                                              gboolean        exactly,
                                              SmtpProxyInfo **info);

G_END_DECLS
