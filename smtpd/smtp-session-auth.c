/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-session-private.h"

/* What AUTH has made of a session. */

void
smtp_session_auth_forget (SmtpSessionAuth *self)
{
  g_clear_pointer (&self->identity, g_free);
  g_clear_pointer (&self->authentication_id, g_free);
  g_clear_pointer (&self->mechanism, g_free);
}

void
smtp_session_authenticate (SmtpSession     *self,
                           SmtpCredentials *credentials)
{
  SmtpSessionAuth *auth = smtp_session_get_auth (self);

  smtp_session_auth_forget (auth);
  auth->identity = g_strdup (smtp_credentials_get_identity (credentials));
  auth->authentication_id = g_strdup (smtp_credentials_get_authentication_id (credentials));
  auth->mechanism = g_strdup (smtp_credentials_get_mechanism (credentials));
}

const char * const *
smtp_session_peek_offered_mechanisms (SmtpSession *self)
{
  return (const char * const *) smtp_session_get_auth (self)->offered;
}

/**
 * smtp_session_get_authenticated: (get-property authenticated)
 * @self: a session
 *
 * Whether the client has authenticated itself by AUTH (RFC 4954). STARTTLS undoes it.
 *
 * Returns: %TRUE if it has
 */
gboolean
smtp_session_get_authenticated (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), FALSE);

  return smtp_session_get_auth (self)->mechanism != NULL;
}

/**
 * smtp_session_get_identity: (get-property identity)
 * @self: a session
 *
 * Whom the client acts for since AUTH: its authorization identity if it gave one, else its
 * authentication identity.
 *
 * Returns: (nullable): the identity, or %NULL before AUTH, and for a mechanism that has none
 */
const char *
smtp_session_get_identity (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return smtp_session_get_auth (self)->identity;
}

/**
 * smtp_session_get_authentication_id: (get-property authentication-id)
 * @self: a session
 *
 * Whose password, token or certificate it was that the client authenticated itself by.
 *
 * Returns: (nullable): the identity, or %NULL before AUTH, and for a mechanism that has none
 */
const char *
smtp_session_get_authentication_id (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return smtp_session_get_auth (self)->authentication_id;
}

/**
 * smtp_session_get_auth_mechanism: (get-property auth-mechanism)
 * @self: a session
 *
 * The mechanism of SASL by which the client has authenticated itself, in capital letters.
 *
 * Returns: (nullable): the name, or %NULL before AUTH
 */
const char *
smtp_session_get_auth_mechanism (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return smtp_session_get_auth (self)->mechanism;
}

/**
 * smtp_session_dup_offered_mechanisms: (get-property offered-mechanisms)
 * @self: a session
 *
 * The mechanisms of SASL that this client is offered.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the names, or %NULL for what the
 *   server offers
 */
char **
smtp_session_dup_offered_mechanisms (SmtpSession *self)
{
  g_return_val_if_fail (SMTP_IS_SESSION (self), NULL);

  return g_strdupv (smtp_session_get_auth (self)->offered);
}

/**
 * smtp_session_set_offered_mechanisms: (set-property offered-mechanisms)
 * @self: a session
 * @mechanisms: (nullable) (array zero-terminated=1): names, %NULL for what the server offers
 *
 * Sets the mechanisms of SASL that this client is offered, in place of
 * [property@Server:auth-mechanisms]: in a hook of EHLO or before it, say. What
 * [property@Server:auth-excluded] and [property@Server:auth-requires-tls] forbid stays so.
 */
void
smtp_session_set_offered_mechanisms (SmtpSession        *self,
                                     const char * const *mechanisms)
{
  SmtpSessionAuth *auth;
  char **old;

  g_return_if_fail (SMTP_IS_SESSION (self));

  auth = smtp_session_get_auth (self);
  old = auth->offered;
  auth->offered = g_strdupv ((char **) mechanisms);
  g_strfreev (old);
  g_object_notify (G_OBJECT (self), "offered-mechanisms");
}
