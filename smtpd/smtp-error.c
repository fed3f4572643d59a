/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-error.h"

/**
 * smtp_error_quark:
 *
 * The domain of [error@Error].
 *
 * Returns: the quark
 */
G_DEFINE_QUARK (smtp-error-quark, smtp_error)
