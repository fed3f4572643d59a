/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-credentials.h"
#include "smtp-request-private.h"
#include "smtp-secret.h"

/* What else a request of AUTH can be answered with, by mechanisms and by those who know secrets. */

/**
 * smtp_request_challenge:
 * @self: a request of AUTH
 * @challenge: (nullable): octets, which are sent in base64; %NULL: none
 *
 * Asks the client for more (334, RFC 4954 section 4). What it says comes by
 * [vfunc@SaslMechanism.step].
 *
 * This is for a [class@SaslMechanism]; anybody else's request fails by it. May be called from any
 * thread.
 *
 * Returns: %TRUE if this was heard, %FALSE if it comes too late
 */
gboolean
smtp_request_challenge (SmtpRequest *self,
                        GBytes      *challenge)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);

  return smtp_request_set_outcome (self, SMTP_OUTCOME_CHALLENGE,
                                   challenge != NULL ? g_bytes_ref (challenge) : NULL,
                                   (GDestroyNotify) g_bytes_unref);
}

/**
 * smtp_request_ask_secret:
 * @self: a request of AUTH
 * @credentials: whose secret is asked for
 *
 * Asks the program what it knows of a user, by [signal@Server::handle-credentials]. The answer comes
 * by [vfunc@SaslMechanism.take_secret].
 *
 * This is for a [class@SaslMechanism]; anybody else's request fails by it. May be called from any
 * thread.
 *
 * Returns: %TRUE if this was heard, %FALSE if it comes too late
 */
gboolean
smtp_request_ask_secret (SmtpRequest     *self,
                         SmtpCredentials *credentials)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (credentials), FALSE);

  return smtp_request_set_outcome (self, SMTP_OUTCOME_ASK, g_object_ref (credentials), g_object_unref);
}

/**
 * smtp_request_present:
 * @self: a request of AUTH
 * @credentials: what the client presents
 *
 * Has the program decide, by [signal@Server::handle-auth].
 *
 * If no hook decides, credentials that are verified are good enough for who does not want to act
 * for somebody else, and all others are refused.
 *
 * This is for a [class@SaslMechanism]; anybody else's request fails by it. May be called from any
 * thread.
 *
 * Returns: %TRUE if this was heard, %FALSE if it comes too late
 */
gboolean
smtp_request_present (SmtpRequest     *self,
                      SmtpCredentials *credentials)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (SMTP_IS_CREDENTIALS (credentials), FALSE);

  return smtp_request_set_outcome (self, SMTP_OUTCOME_PRESENT, g_object_ref (credentials), g_object_unref);
}

/**
 * smtp_request_send_secret:
 * @self: a request that [signal@Server::handle-credentials] has been given
 * @secret: (nullable): the secret of the user, %NULL if there is no such user
 *
 * Tells what the program knows of a user: the answer to
 * [signal@Server::handle-credentials].
 *
 * Clients are not told whether a user exists. Anywhere else the request fails by it. May be called
 * from any thread.
 *
 * Returns: %TRUE if this is the answer, %FALSE if it comes too late
 */
gboolean
smtp_request_send_secret (SmtpRequest *self,
                          SmtpSecret  *secret)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), FALSE);

  return smtp_request_set_outcome (self, SMTP_OUTCOME_SECRET,
                                   secret != NULL ? smtp_secret_ref (secret) : NULL,
                                   (GDestroyNotify) smtp_secret_unref);
}
