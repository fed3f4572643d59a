/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-auth-offer.h"

#include <string.h>

#include "sasl/smtp-sasl.h"
#include "smtp-hooks.h"
#include "smtp-server-private.h"
#include "smtp-session-private.h"

typedef enum
{
  BY_DEFAULT  = 1 << 0,  /* offered unless the program has a list of its own */
  IN_CLEAR    = 1 << 1,  /* of those, without TLS too */
  ASKS_SECRET = 1 << 2,  /* of use only if somebody gives secrets */
  ASKS_ANY    = 1 << 3,  /* of use if somebody gives secrets or decides */
  ASKS_AUTH   = 1 << 4,  /* of use only if somebody decides */
  BINDS       = 1 << 5,  /* to the channel of TLS */
  CERTIFIED   = 1 << 6   /* by a certificate of the client */
} Traits;

typedef struct
{
  const char *name;
  GType (*get_type) (void);
  Traits traits;
} Mechanism;

/* Strongest first: clients often take the first that they know. */
static const Mechanism mechanisms[] =
{
  { "SCRAM-SHA-256-PLUS", smtp_scram_mechanism_get_type,    BY_DEFAULT | ASKS_SECRET | BINDS },
  { "SCRAM-SHA-256",      smtp_scram_mechanism_get_type,    BY_DEFAULT | ASKS_SECRET | IN_CLEAR },
  { "SCRAM-SHA-1-PLUS",   smtp_scram_mechanism_get_type,    BY_DEFAULT | ASKS_SECRET | BINDS },
  { "SCRAM-SHA-1",        smtp_scram_mechanism_get_type,    BY_DEFAULT | ASKS_SECRET | IN_CLEAR },
  { "PLAIN",              smtp_plain_mechanism_get_type,    BY_DEFAULT | ASKS_ANY },
  { "LOGIN",              smtp_login_mechanism_get_type,    BY_DEFAULT | ASKS_ANY },
  { "CRAM-MD5",           smtp_cram_md5_mechanism_get_type, ASKS_SECRET },
  { "EXTERNAL",           smtp_external_mechanism_get_type, ASKS_AUTH | CERTIFIED },
  { "OAUTHBEARER",        smtp_oauth_mechanism_get_type,    ASKS_AUTH },
  { "XOAUTH2",            smtp_oauth_mechanism_get_type,    ASKS_AUTH },
  { "ANONYMOUS",          smtp_anonymous_mechanism_get_type, ASKS_AUTH },
};

/* What an answer depends on, looked up once. */
typedef struct
{
  SmtpAuthConfig *config;
  const char * const *names;  /* of the session or the server; NULL: the default */
  SmtpTlsInfo *tls_info;
  gboolean secrets;
  gboolean verdicts;
  gboolean after_tls;         /* what would be on offer then? */
} Offer;

static void
offer_init (Offer       *self,
            SmtpServer  *server,
            SmtpSession *session,
            gboolean     after_tls)
{
  const char * const *own = smtp_session_peek_offered_mechanisms (session);

  self->config = &smtp_server_get_config (server)->auth;
  self->names = own != NULL ? own : (const char * const *) self->config->mechanisms;
  self->tls_info = smtp_session_get_tls_info (session);
  self->secrets = smtp_hook_is_heard (SMTP_HOOK_CREDENTIALS, server);
  self->verdicts = smtp_hook_is_heard (SMTP_HOOK_AUTH, server);
  self->after_tls = after_tls;
}

static gboolean
is_listed (char * const *names,
           const char   *name)
{
  for (; names != NULL && *names != NULL; names++)
    {
      if (g_ascii_strcasecmp (*names, name) == 0)
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_binding (SmtpTlsInfo *info)
{
  return info != NULL && (smtp_tls_info_get_channel_binding (info, "tls-exporter") != NULL ||
                          smtp_tls_info_get_channel_binding (info, "tls-unique") != NULL);
}

/* Whether those are there whom the mechanism needs. */
static gboolean
is_of_use (const Offer *self,
           Traits       traits)
{
  if ((traits & ASKS_SECRET) && !self->secrets)
    return FALSE;
  if ((traits & ASKS_AUTH) && !self->verdicts)
    return FALSE;
  if ((traits & ASKS_ANY) && !self->secrets && !self->verdicts)
    return FALSE;
  if ((traits & BINDS) && !self->after_tls && !has_binding (self->tls_info))
    return FALSE;

  return !(traits & CERTIFIED) || self->after_tls ||
         (self->tls_info != NULL && smtp_tls_info_get_peer_verified (self->tls_info));
}

static gboolean
is_allowed (const Offer *self,
            const char  *name,
            Traits       traits)
{
  gboolean in_clear = self->tls_info == NULL && !self->after_tls;

  if (is_listed (self->config->excluded, name) || (in_clear && self->config->requires_tls))
    return FALSE;
  if (self->names != NULL)
    return is_listed ((char * const *) self->names, name);

  return (traits & BY_DEFAULT) && (!in_clear || (traits & IN_CLEAR));
}

static const SmtpOwnMechanism *
find_own (const Offer *self,
          const char  *name)
{
  GPtrArray *own = self->config->own;

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      const SmtpOwnMechanism *mechanism = g_ptr_array_index (own, i);

      if (g_str_equal (mechanism->name, name))
        return mechanism;
    }

  return NULL;
}

/* A mechanism of the program's is on offer because it was added. */
static gboolean
offers_own (const Offer *self,
            const char  *name)
{
  return is_allowed (self, name, BY_DEFAULT | IN_CLEAR);
}

/* One that the program has put in its place is the program's. */
static gboolean
offers (const Offer     *self,
        const Mechanism *mechanism)
{
  return find_own (self, mechanism->name) == NULL && is_allowed (self, mechanism->name, mechanism->traits) &&
         is_of_use (self, mechanism->traits);
}

static gboolean
is_empty (const Offer *self)
{
  GPtrArray *own = self->config->own;

  for (guint i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      if (offers (self, &mechanisms[i]))
        return FALSE;
    }

  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      if (offers_own (self, ((const SmtpOwnMechanism *) g_ptr_array_index (own, i))->name))
        return FALSE;
    }

  return TRUE;
}

static void
append_word (GString    *line,
             const char *word)
{
  if (line->len > 0)
    g_string_append_c (line, ' ');
  g_string_append (line, word);
}

static int
compare_words (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* In the profile of aiosmtpd, which has no order of strength. */
static char *
sort_words (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  qsort (words, g_strv_length (words), sizeof *words, compare_words);

  return g_strjoinv (" ", words);
}

char *
smtp_auth_offer_describe (SmtpServer  *server,
                          SmtpSession *session)
{
  g_autoptr (GString) line = NULL;
  GPtrArray *own;
  Offer offer;

  offer_init (&offer, server, session, FALSE);
  own = offer.config->own;
  if (smtp_session_get_authenticated (session) || is_empty (&offer))
    return NULL;

  line = g_string_new (NULL);
  for (guint i = 0; own != NULL && i < own->len; i++)
    {
      const SmtpOwnMechanism *mechanism = g_ptr_array_index (own, i);

      if (offers_own (&offer, mechanism->name))
        append_word (line, mechanism->name);
    }
  for (guint i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      if (offers (&offer, &mechanisms[i]))
        append_word (line, mechanisms[i].name);
    }

  if (smtp_server_get_config (server)->esmtp.profile != SMTP_PROFILE_DEFAULT)
    return sort_words (line->str);

  return g_string_free (g_steal_pointer (&line), FALSE);
}

gboolean
smtp_auth_offer_is_possible (SmtpServer  *server,
                             SmtpSession *session)
{
  Offer offer;

  offer_init (&offer, server, session, TRUE);

  return !is_empty (&offer);
}

gboolean
smtp_auth_offer_lacks_tls (SmtpServer  *server,
                           SmtpSession *session)
{
  return smtp_session_get_tls_info (session) == NULL && smtp_server_get_config (server)->auth.requires_tls;
}

GType
smtp_auth_offer_lookup (SmtpServer  *server,
                        SmtpSession *session,
                        const char  *name)
{
  const SmtpOwnMechanism *own;
  Offer offer;

  offer_init (&offer, server, session, FALSE);
  own = find_own (&offer, name);
  if (own != NULL)
    return offers_own (&offer, name) ? own->type : G_TYPE_INVALID;

  for (guint i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      if (g_str_equal (mechanisms[i].name, name))
        return offers (&offer, &mechanisms[i]) ? mechanisms[i].get_type () : G_TYPE_INVALID;
    }

  return G_TYPE_INVALID;
}

gboolean
smtp_auth_offer_is_known (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      if (g_ascii_strcasecmp (mechanisms[i].name, name) == 0)
        return TRUE;
    }

  return FALSE;
}
