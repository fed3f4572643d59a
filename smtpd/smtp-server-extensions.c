/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-enum-types.h"
#include "smtp-extension-private.h"
#include "smtp-server-private.h"

/* The extensions of a server, and what else there is to say of how it speaks ESMTP. */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)

/* Those that aiosmtpd has, SMTPUTF8 being a matter of its own. EXPN is but refused. */
#define AIOSMTPD (SMTP_EXTENSION_BIT (SMTP_ESMTP_SIZE) | SMTP_EXTENSION_BIT (SMTP_ESMTP_8BITMIME) | \
                  SMTP_EXTENSION_BIT (SMTP_ESMTP_STARTTLS) | SMTP_EXTENSION_BIT (SMTP_ESMTP_AUTH) | \
                  SMTP_EXTENSION_BIT (SMTP_ESMTP_EXPN) | SMTP_EXTENSION_BIT (SMTP_ESMTP_HELP))

enum
{
  PROP_FIRST = SMTP_SERVER_FIRST_ESMTP_PROPERTY,
  PROP_PROFILE = PROP_FIRST,
  PROP_MAX_RECIPIENT_DOMAINS,
};

static SmtpEsmtpConfig *
get_config (SmtpServer *self)
{
  return &smtp_server_get_config (self)->esmtp;
}

static void
own_extension_free (gpointer data)
{
  SmtpOwnExtension *own = data;

  smtp_extension_unseal (own->extension);
  g_object_unref (own->extension);
  g_free (own);
}

void
smtp_esmtp_config_init (SmtpEsmtpConfig *self)
{
  self->enabled = smtp_builtin_extension_default ();
}

void
smtp_esmtp_config_clear (SmtpEsmtpConfig *self)
{
  for (SmtpExtensionId id = 0; id < SMTP_N_ESMTP; id++)
    g_clear_object (&self->builtin[id]);
  g_clear_pointer (&self->own, g_ptr_array_unref);
}

SmtpOwnExtension *
smtp_server_find_own_extension (SmtpServer *self,
                                const char *keyword)
{
  GPtrArray *own = get_config (self)->own;

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      SmtpOwnExtension *candidate = g_ptr_array_index (own, i);

      if (g_ascii_strcasecmp (smtp_extension_get_keyword (candidate->extension), keyword) == 0)
        return candidate;
    }

  return NULL;
}

/* The longest line that any of them could make; which of them are switched on is seen when there is
 * such a line. */
static void
measure_lines (SmtpEsmtpConfig *self)
{
  guint mail = 0, rcpt = 0;

  for (guint i = 0; self->own != NULL && i < self->own->len; i++)
    {
      SmtpOwnExtension *own = g_ptr_array_index (self->own, i);

      mail += smtp_extension_get_line_extra (own->extension, FALSE);
      rcpt += smtp_extension_get_line_extra (own->extension, TRUE);
    }

  self->own_line_extra = MIN (MAX (mail, rcpt), SMTP_OWN_LINE_EXTRA_MAX);
}

/**
 * smtp_server_add_extension:
 * @self: a server
 * @extension: an extension that no other server has
 *
 * Adds an extension, and switches it on. One of the same keyword that was added before goes; one of the
 * library's own is switched off, so that its parameters and commands may be the new one's.
 *
 * Clients that have said EHLO already may use it, too, without having been told.
 */
void
smtp_server_add_extension (SmtpServer    *self,
                           SmtpExtension *extension)
{
  SmtpEsmtpConfig *config;
  SmtpOwnExtension *own;
  const char *keyword;
  SmtpExtensionId id;

  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (SMTP_IS_EXTENSION (extension));

  keyword = smtp_extension_get_keyword (extension);
  g_return_if_fail (keyword != NULL);
  if (!smtp_extension_seal (extension))
    {
      g_critical ("The extension %s belongs to a server already", keyword);
      return;
    }

  smtp_server_remove_extension (self, keyword);
  id = smtp_builtin_extension_find (keyword);
  if (id != SMTP_ESMTP_NONE)
    smtp_server_set_extension_enabled (self, keyword, FALSE);

  own = g_new0 (SmtpOwnExtension, 1);
  own->extension = g_object_ref (extension);
  own->enabled = TRUE;
  config = get_config (self);
  if (config->own == NULL)
    config->own = g_ptr_array_new_with_free_func (own_extension_free);
  g_ptr_array_add (config->own, own);
  measure_lines (config);
  smtp_extension_install_commands (extension, smtp_server_own_commands (self));
}

/**
 * smtp_server_remove_extension:
 * @self: a server
 * @keyword: the keyword of an extension that was added, in any case
 *
 * Takes an extension away. Those of the library can only be switched off,
 * [method@Server.set_extension_enabled].
 *
 * Returns: %TRUE if the server had it
 */
gboolean
smtp_server_remove_extension (SmtpServer *self,
                              const char *keyword)
{
  SmtpOwnExtension *own;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (keyword != NULL, FALSE);

  own = smtp_server_find_own_extension (self, keyword);
  if (own == NULL)
    return FALSE;

  smtp_extension_remove_commands (own->extension, smtp_server_own_commands (self));
  g_ptr_array_remove (get_config (self)->own, own);
  measure_lines (get_config (self));

  return TRUE;
}

static SmtpExtension *
get_builtin (SmtpServer      *self,
             SmtpExtensionId  id)
{
  SmtpExtension **extension = &get_config (self)->builtin[id];

  if (*extension == NULL)
    *extension = smtp_extension_new_builtin (smtp_builtin_extension_get (id)->keyword);

  return *extension;
}

/**
 * smtp_server_lookup_extension:
 * @self: a server
 * @keyword: the keyword of an extension, in any case
 *
 * Finds an extension, switched on or off: one that was added, or one of the library's own.
 *
 * Returns: (transfer none) (nullable): the extension, or %NULL if the server has none of this name
 */
SmtpExtension *
smtp_server_lookup_extension (SmtpServer *self,
                              const char *keyword)
{
  SmtpOwnExtension *own;
  SmtpExtensionId id;

  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);
  g_return_val_if_fail (keyword != NULL, NULL);

  own = smtp_server_find_own_extension (self, keyword);
  if (own != NULL)
    return own->extension;

  id = smtp_builtin_extension_find (keyword);

  return id != SMTP_ESMTP_NONE ? get_builtin (self, id) : NULL;
}

/**
 * smtp_server_get_extensions:
 * @self: a server
 *
 * All extensions, switched on or off: the library's own, then those that were added.
 *
 * Returns: (transfer container) (element-type SmtpExtension): a new list
 */
GPtrArray *
smtp_server_get_extensions (SmtpServer *self)
{
  GPtrArray *all, *own;

  g_return_val_if_fail (SMTP_IS_SERVER (self), NULL);

  all = g_ptr_array_new_with_free_func (g_object_unref);
  for (SmtpExtensionId id = SMTP_ESMTP_NONE + 1; id < SMTP_N_ESMTP; id++)
    g_ptr_array_add (all, g_object_ref (get_builtin (self, id)));

  own = get_config (self)->own;
  for (guint i = 0; own != NULL && i < own->len; i++)
    g_ptr_array_add (all, g_object_ref (((SmtpOwnExtension *) g_ptr_array_index (own, i))->extension));

  return all;
}

/**
 * smtp_server_get_extension_enabled:
 * @self: a server
 * @keyword: the keyword of an extension, in any case
 *
 * Whether an extension is switched on.
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_server_get_extension_enabled (SmtpServer *self,
                                   const char *keyword)
{
  SmtpOwnExtension *own;

  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (keyword != NULL, FALSE);

  own = smtp_server_find_own_extension (self, keyword);
  if (own != NULL)
    return own->enabled;

  return (get_config (self)->enabled & SMTP_EXTENSION_BIT (smtp_builtin_extension_find (keyword))) != 0;
}

static void
set_builtin (SmtpServer      *self,
             SmtpExtensionId  id,
             gboolean         enabled)
{
  SmtpEsmtpConfig *config = get_config (self);
  SmtpExtensionSet before = config->enabled;

  if (enabled)
    config->enabled |= SMTP_EXTENSION_BIT (id);
  else
    config->enabled &= ~SMTP_EXTENSION_BIT (id);

  if (id == SMTP_ESMTP_SMTPUTF8 && config->enabled != before)
    g_object_notify (G_OBJECT (self), "smtputf8");
}

/**
 * smtp_server_set_extension_enabled:
 * @self: a server
 * @keyword: the keyword of an extension, in any case
 * @enabled: whether clients have it
 *
 * Switches an extension on or off, one of the library's or one that was added.
 *
 * An extension that is off is not announced, its parameters and its commands are unknown.
 *
 * `DSN`, `DELIVERBY`, `MT-PRIORITY`, `REQUIRETLS`, `FUTURERELEASE`, `RRVS` and `NO-SOLICITING` are off until they
 * are switched on here: each is a promise to the sender, which the program keeps and not the library. `LIMITS` and
 * `SMTPUTF8` are off as well.
 */
void
smtp_server_set_extension_enabled (SmtpServer *self,
                                   const char *keyword,
                                   gboolean    enabled)
{
  SmtpOwnExtension *own;
  SmtpExtensionId id;

  g_return_if_fail (SMTP_IS_SERVER (self));
  g_return_if_fail (keyword != NULL);

  own = smtp_server_find_own_extension (self, keyword);
  id = smtp_builtin_extension_find (keyword);
  if (own != NULL)
    own->enabled = !!enabled;
  else if (id != SMTP_ESMTP_NONE)
    set_builtin (self, id, enabled);
  else
    g_critical ("There is no extension %s", keyword);
}

/**
 * smtp_server_get_smtputf8: (get-property smtputf8)
 * @self: a server
 *
 * Whether SMTPUTF8 (RFC 6531) is offered.
 *
 * Returns: %TRUE if it is
 */
gboolean
smtp_server_get_smtputf8 (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), FALSE);

  return (get_config (self)->enabled & SMTP_EXTENSION_BIT (SMTP_ESMTP_SMTPUTF8)) != 0;
}

/**
 * smtp_server_set_smtputf8: (set-property smtputf8)
 * @self: a server
 * @smtputf8: whether to offer it
 *
 * Sets [property@Server:smtputf8]: switches the extension of this name on or off.
 */
void
smtp_server_set_smtputf8 (SmtpServer *self,
                          gboolean    smtputf8)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  set_builtin (self, SMTP_ESMTP_SMTPUTF8, smtputf8);
}

/**
 * smtp_server_get_profile: (get-property profile)
 * @self: a server
 *
 * Whose manners the server has.
 *
 * Returns: the profile
 */
SmtpProfile
smtp_server_get_profile (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), SMTP_PROFILE_DEFAULT);

  return get_config (self)->profile;
}

/**
 * smtp_server_set_profile: (set-property profile)
 * @self: a server
 * @profile: a profile
 *
 * Sets [property@Server:profile], before anybody connects. Extensions are switched on and off as the
 * profile has them, SMTPUTF8 excepted when it is not the default; other choices come after this one.
 */
void
smtp_server_set_profile (SmtpServer  *self,
                         SmtpProfile  profile)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  if (get_config (self)->profile == profile)
    return;

  get_config (self)->profile = profile;
  get_config (self)->enabled = profile == SMTP_PROFILE_AIOSMTPD
                               ? (get_config (self)->enabled & SMTP_EXTENSION_BIT (SMTP_ESMTP_SMTPUTF8)) | AIOSMTPD
                               : smtp_builtin_extension_default ();
  g_object_notify (G_OBJECT (self), "profile");
}

/**
 * smtp_server_get_max_recipient_domains: (get-property max-recipient-domains)
 * @self: a server
 *
 * In how many domains the recipients of a message may be.
 *
 * Returns: the number
 */
guint
smtp_server_get_max_recipient_domains (SmtpServer *self)
{
  g_return_val_if_fail (SMTP_IS_SERVER (self), 0);

  return get_config (self)->max_recipient_domains;
}

/**
 * smtp_server_set_max_recipient_domains: (set-property max-recipient-domains)
 * @self: a server
 * @value: a number, 0 for any
 *
 * Sets [property@Server:max-recipient-domains].
 */
void
smtp_server_set_max_recipient_domains (SmtpServer *self,
                                       guint       value)
{
  g_return_if_fail (SMTP_IS_SERVER (self));

  if (get_config (self)->max_recipient_domains == value)
    return;

  get_config (self)->max_recipient_domains = value;
  g_object_notify (G_OBJECT (self), "max-recipient-domains");
}

/* As GObject sees them */

gboolean
smtp_server_get_esmtp_property (SmtpServer *self,
                                guint       prop_id,
                                GValue     *value)
{
  switch (prop_id)
    {
    case PROP_PROFILE:
      g_value_set_enum (value, smtp_server_get_profile (self));
      return TRUE;
    case PROP_MAX_RECIPIENT_DOMAINS:
      g_value_set_uint (value, smtp_server_get_max_recipient_domains (self));
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
smtp_server_set_esmtp_property (SmtpServer   *self,
                                guint         prop_id,
                                const GValue *value)
{
  switch (prop_id)
    {
    case PROP_PROFILE:
      smtp_server_set_profile (self, g_value_get_enum (value));
      return TRUE;
    case PROP_MAX_RECIPIENT_DOMAINS:
      smtp_server_set_max_recipient_domains (self, g_value_get_uint (value));
      return TRUE;
    default:
      return FALSE;
    }
}

void
smtp_server_install_esmtp_properties (GObjectClass *klass)
{
  /**
   * SmtpServer:profile: (getter get_profile) (setter set_profile)
   *
   * Whose manners the server has: what it says, and what it lets pass. See `docs/esmtp.md`.
   */
  g_object_class_install_property (klass, PROP_PROFILE,
                                   g_param_spec_enum ("profile", NULL, NULL, SMTP_TYPE_PROFILE,
                                                      SMTP_PROFILE_DEFAULT, FLAGS));

  /**
   * SmtpServer:max-recipient-domains: (getter get_max_recipient_domains) (setter set_max_recipient_domains)
   *
   * In how many domains the recipients of a message may be; 0: any number. A recipient in a further one is
   * refused with 452 4.5.3, and the client can send to it in another transaction. With the extension
   * `LIMITS` (RFC 9422) clients are told.
   */
  g_object_class_install_property (klass, PROP_MAX_RECIPIENT_DOMAINS,
                                   g_param_spec_uint ("max-recipient-domains", NULL, NULL, 0, G_MAXUINT, 0, FLAGS));
}
