/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-envelope.h"

G_BEGIN_DECLS

/* What MAIL declared, checked already. */
typedef struct _SmtpMailDeclaration
{
  guint64      size;
  SmtpBodyType body_type;
  gboolean     smtputf8;
  SmtpAddress *auth_sender;  /* NULL: nothing was said */
} SmtpMailDeclaration;

void smtp_mail_declaration_clear (SmtpMailDeclaration *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmtpMailDeclaration, smtp_mail_declaration_clear)

typedef struct
{
  SmtpAddress *reverse_path;
  SmtpParameters *mail_parameters;
  SmtpMailDeclaration declaration;
  GPtrArray *recipients;
  GBytes *content;
  GOutputStream *body_stream;
} SmtpEnvelopePrivate;

SmtpEnvelopePrivate *smtp_envelope_get_private (SmtpEnvelope *self);

void smtp_envelope_begin (SmtpEnvelope              *self,
                          SmtpAddress               *reverse_path,
                          SmtpParameters            *parameters,
                          const SmtpMailDeclaration *declaration);

void smtp_envelope_set_body_stream (SmtpEnvelope  *self,
                                    GOutputStream *stream);

/* What the parameters of extensions say; smtp-envelope-extensions.c. */
#define SMTP_ENVELOPE_FIRST_EXTENSION_PROPERTY 0x100
void     smtp_envelope_install_extension_properties (GObjectClass *klass);
gboolean smtp_envelope_get_extension_property       (SmtpEnvelope *self,
                                                     guint         prop_id,
                                                     GValue       *value);

/* A transaction is under way once the envelope has a reverse path. */
gboolean smtp_envelope_is_begun (SmtpEnvelope *self);

/* Whether a recipient's domain is that of @address, which may have none. */
gboolean smtp_envelope_has_domain (SmtpEnvelope *self,
                                   SmtpAddress  *address);

G_END_DECLS
