/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-chaos-handler.h"

#include <string.h>

#include "dialogue/smtp-hooks.h"
#include "smtp-chaos-rule.h"

/**
 * SmtpChaosHandler:
 *
 * Lets chosen things go wrong with a chosen probability, for tests of programs that send mail: do they try again,
 * do they tell whom they must?
 *
 * A rule is `PHASE=ACTION` or `PHASE:PROBABILITY=ACTION`; the probability is a number from 0 to 1, by default 1.
 *
 * ```c
 * SmtpHandler *chaos = smtp_chaos_handler_new ();
 *
 * smtp_chaos_handler_add_rule (SMTP_CHAOS_HANDLER (chaos), "rcpt:0.5=450 4.2.1 Mailbox busy", NULL);
 * smtp_chaos_handler_add_rule (SMTP_CHAOS_HANDLER (chaos), "data=close", NULL);
 * smtp_server_add_handler (server, chaos);
 * ```
 *
 * Phases are the hooks, under their names: `connect`, `tls-handshake`, `helo`, `ehlo`, `auth`, `mail`, `rcpt`,
 * `data-begin` (the command DATA), `data` (the end of the message), `rset`, `noop`, `vrfy`, `help` and `quit`. What an
 * answer does is told with the hook's signal, such as [signal@Server::handle-connect]. After `tls-handshake`
 * clients are told 554, whatever the code was: STARTTLS itself was answered by then.
 *
 * Actions are
 *
 * - a reply, with a code from 400 to 599 and perhaps a text, such as `550` or `550 5.1.1 No such user`; a 421 closes
 *   the connection (RFC 5321 section 3.8);
 * - `close`: the connection is closed without a word;
 * - `delay MILLISECONDS`: the answer comes later. What is as long as [property@Server:hook-timeout] ends in a 451.
 *
 * The rules of a phase are tried in the order in which they were added, each for itself, until there is a reply
 * or the connection is closed; delays that are met before that add up. If there is neither, the handler has no objection.
 *
 * Handlers in front of it, and the server's signals, are asked before it and are not disturbed: so it should be
 * the first handler. That it is there offers nothing to clients: `auth` goes wrong if something else offers AUTH.
 *
 * All may be called from any thread, also while the server runs.
 */

struct _SmtpChaosHandler
{
  SmtpHandler parent_instance;

  GMutex     lock;
  GPtrArray *rules;   /* SmtpChaosRule */
  GRand     *dice;
  guint      seed;
};

/* What the dice say of one request. */
typedef struct
{
  SmtpRequest *request;
  SmtpReply   *reply;   /* NULL: none */
  gboolean     closes;
  guint        delay;
} Fate;

G_DEFINE_FINAL_TYPE (SmtpChaosHandler, smtp_chaos_handler, SMTP_TYPE_HANDLER)

enum
{
  PROP_0,
  PROP_SEED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* What becomes of a request */

static void
fate_clear (Fate *self)
{
  g_clear_object (&self->request);
  g_clear_pointer (&self->reply, smtp_reply_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fate, fate_clear)

static void
fate_free (gpointer data)
{
  fate_clear (data);
  g_free (data);
}

static void
fate_add (Fate                *self,
          const SmtpChaosRule *rule)
{
  switch (rule->action)
    {
    case SMTP_CHAOS_REPLY:
      self->reply = smtp_reply_ref (rule->reply);
      break;
    case SMTP_CHAOS_CLOSE:
      self->closes = TRUE;
      break;
    case SMTP_CHAOS_DELAY:
    default:
      self->delay += rule->delay;
    }
}

static void
fate_fulfil (Fate *self)
{
  if (self->reply != NULL)
    {
      smtp_request_send_reply (self->request, self->reply);
    }
  else if (self->closes)
    {
      /* Nobody will answer it. */
      smtp_request_hold (self->request);
      smtp_session_close (smtp_request_get_session (self->request), NULL);
    }
  else
    {
      smtp_request_proceed (self->request);
    }
}

static gboolean
on_delay_over (gpointer data)
{
  Fate *self = data;

  /* Else the client has left, or been told something else. */
  if (!g_cancellable_is_cancelled (smtp_request_get_cancellable (self->request)))
    fate_fulfil (self);

  return G_SOURCE_REMOVE;
}

/* Takes what is in @self. */
static void
fate_fulfil_later (Fate *self)
{
  g_autoptr (GSource) source = g_timeout_source_new (self->delay);
  g_autoptr (GSource) cancelled = g_cancellable_source_new (smtp_request_get_cancellable (self->request));
  GMainContext *context = smtp_session_get_main_context (smtp_request_get_session (self->request));

  g_source_set_dummy_callback (cancelled);
  g_source_add_child_source (source, cancelled);
  smtp_request_hold (self->request);
  g_source_set_callback (source, on_delay_over, g_memdup2 (self, sizeof *self), fate_free);
  memset (self, 0, sizeof *self);
  g_source_attach (source, context);
}

static void
roll_dice (SmtpChaosHandler *self,
           SmtpChaosPhase    phase,
           Fate             *fate)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->rules->len && fate->reply == NULL && !fate->closes; i++)
    {
      const SmtpChaosRule *rule = g_ptr_array_index (self->rules, i);

      /* From 0 on, and less than 1. */
      if (rule->phase == phase && g_rand_double (self->dice) < rule->probability)
        fate_add (fate, rule);
    }
  g_mutex_unlock (&self->lock);
}

static void
disturb (SmtpHandler    *handler,
         SmtpChaosPhase  phase,
         SmtpRequest    *request)
{
  g_auto (Fate) fate = { g_object_ref (request) };

  roll_dice (SMTP_CHAOS_HANDLER (handler), phase, &fate);
  if (fate.delay > 0)
    fate_fulfil_later (&fate);
  else
    fate_fulfil (&fate);
}

/* The hooks */

#define DEFINE_PLAIN(name, phase) \
  static void \
  smtp_chaos_handler_handle_##name (SmtpHandler *handler, SmtpServer *server, SmtpSession *session, \
                                    SmtpEnvelope *envelope, SmtpRequest *request) \
  { \
    disturb (handler, phase, request); \
  }

#define DEFINE_ARGUMENT(name, phase) \
  static void \
  smtp_chaos_handler_handle_##name (SmtpHandler *handler, SmtpServer *server, SmtpSession *session, \
                                    SmtpEnvelope *envelope, SmtpRequest *request, const char *argument) \
  { \
    disturb (handler, phase, request); \
  }

#define DEFINE_PATH(name, phase) \
  static void \
  smtp_chaos_handler_handle_##name (SmtpHandler *handler, SmtpServer *server, SmtpSession *session, \
                                    SmtpEnvelope *envelope, SmtpRequest *request, \
                                    SmtpAddress *address, SmtpParameters *parameters) \
  { \
    disturb (handler, phase, request); \
  }

DEFINE_PLAIN (connect, SMTP_CHAOS_CONNECT)
DEFINE_PLAIN (tls_handshake, SMTP_CHAOS_TLS_HANDSHAKE)
DEFINE_ARGUMENT (helo, SMTP_CHAOS_HELO)
DEFINE_ARGUMENT (ehlo, SMTP_CHAOS_EHLO)
DEFINE_PATH (mail, SMTP_CHAOS_MAIL)
DEFINE_PATH (rcpt, SMTP_CHAOS_RCPT)
DEFINE_PLAIN (data_begin, SMTP_CHAOS_DATA_BEGIN)
DEFINE_PLAIN (data, SMTP_CHAOS_DATA)
DEFINE_PLAIN (rset, SMTP_CHAOS_RSET)
DEFINE_ARGUMENT (noop, SMTP_CHAOS_NOOP)
DEFINE_ARGUMENT (vrfy, SMTP_CHAOS_VRFY)
DEFINE_ARGUMENT (help, SMTP_CHAOS_HELP)
DEFINE_PLAIN (quit, SMTP_CHAOS_QUIT)

static void
smtp_chaos_handler_handle_auth (SmtpHandler     *handler,
                                SmtpServer      *server,
                                SmtpSession     *session,
                                SmtpEnvelope    *envelope,
                                SmtpRequest     *request,
                                SmtpCredentials *credentials)
{
  disturb (handler, SMTP_CHAOS_AUTH, request);
}

static void
override_hooks (SmtpHandlerClass *klass)
{
  klass->handle_connect = smtp_chaos_handler_handle_connect;
  klass->handle_tls_handshake = smtp_chaos_handler_handle_tls_handshake;
  klass->handle_helo = smtp_chaos_handler_handle_helo;
  klass->handle_ehlo = smtp_chaos_handler_handle_ehlo;
  klass->handle_auth = smtp_chaos_handler_handle_auth;
  klass->handle_mail = smtp_chaos_handler_handle_mail;
  klass->handle_rcpt = smtp_chaos_handler_handle_rcpt;
  klass->handle_data_begin = smtp_chaos_handler_handle_data_begin;
  klass->handle_data = smtp_chaos_handler_handle_data;
  klass->handle_rset = smtp_chaos_handler_handle_rset;
  klass->handle_noop = smtp_chaos_handler_handle_noop;
  klass->handle_vrfy = smtp_chaos_handler_handle_vrfy;
  klass->handle_help = smtp_chaos_handler_handle_help;
  klass->handle_quit = smtp_chaos_handler_handle_quit;
}

/* The rules */

/**
 * smtp_chaos_handler_add_rule:
 * @self: a handler
 * @rule: a rule, such as `rcpt:0.5=450 4.2.1 Mailbox busy`
 * @error: return location for an error
 *
 * Adds a rule behind those that are there. What is none is %SMTP_ERROR_SYNTAX.
 *
 * Returns: %TRUE if it was added
 */
gboolean
smtp_chaos_handler_add_rule (SmtpChaosHandler  *self,
                             const char        *rule,
                             GError           **error)
{
  SmtpChaosRule *parsed;

  g_return_val_if_fail (SMTP_IS_CHAOS_HANDLER (self), FALSE);
  g_return_val_if_fail (rule != NULL, FALSE);

  parsed = smtp_chaos_rule_parse (rule, error);
  if (parsed == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->rules, parsed);
  g_mutex_unlock (&self->lock);

  return TRUE;
}

/**
 * smtp_chaos_handler_clear_rules:
 * @self: a handler
 *
 * Takes all rules away. A delay that has begun comes to its end.
 */
void
smtp_chaos_handler_clear_rules (SmtpChaosHandler *self)
{
  g_return_if_fail (SMTP_IS_CHAOS_HANDLER (self));

  g_mutex_lock (&self->lock);
  g_ptr_array_set_size (self->rules, 0);
  g_mutex_unlock (&self->lock);
}

/**
 * smtp_chaos_handler_get_seed: (get-property seed)
 * @self: a handler
 *
 * What chance began with.
 *
 * Returns: a number to give to [method@ChaosHandler.set_seed]
 */
guint
smtp_chaos_handler_get_seed (SmtpChaosHandler *self)
{
  guint seed;

  g_return_val_if_fail (SMTP_IS_CHAOS_HANDLER (self), 0);

  g_mutex_lock (&self->lock);
  seed = self->seed;
  g_mutex_unlock (&self->lock);

  return seed;
}

/**
 * smtp_chaos_handler_set_seed: (set-property seed)
 * @self: a handler
 * @seed: any number
 *
 * Lets chance begin anew, with [property@ChaosHandler:seed].
 */
void
smtp_chaos_handler_set_seed (SmtpChaosHandler *self,
                             guint             seed)
{
  g_return_if_fail (SMTP_IS_CHAOS_HANDLER (self));

  g_mutex_lock (&self->lock);
  self->seed = seed;
  g_rand_set_seed (self->dice, seed);
  g_mutex_unlock (&self->lock);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SEED]);
}

/**
 * smtp_chaos_handler_new:
 *
 * Makes a handler that has no rules yet.
 *
 * Returns: (transfer full): a new handler
 */
SmtpHandler *
smtp_chaos_handler_new (void)
{
  return g_object_new (SMTP_TYPE_CHAOS_HANDLER, NULL);
}

/* The object */

static void
smtp_chaos_handler_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  SmtpChaosHandler *self = SMTP_CHAOS_HANDLER (object);

  switch (prop_id)
    {
    case PROP_SEED:
      g_value_set_uint (value, smtp_chaos_handler_get_seed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_chaos_handler_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  SmtpChaosHandler *self = SMTP_CHAOS_HANDLER (object);

  switch (prop_id)
    {
    case PROP_SEED:
      smtp_chaos_handler_set_seed (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_chaos_handler_finalize (GObject *object)
{
  SmtpChaosHandler *self = SMTP_CHAOS_HANDLER (object);

  g_ptr_array_unref (self->rules);
  g_rand_free (self->dice);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (smtp_chaos_handler_parent_class)->finalize (object);
}

static void
smtp_chaos_handler_class_init (SmtpChaosHandlerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = smtp_chaos_handler_get_property;
  object_class->set_property = smtp_chaos_handler_set_property;
  object_class->finalize = smtp_chaos_handler_finalize;
  override_hooks (SMTP_HANDLER_CLASS (klass));
  smtp_hooks_offer_nothing (SMTP_TYPE_CHAOS_HANDLER);

  /**
   * SmtpChaosHandler:seed: (getter get_seed) (setter set_seed)
   *
   * What chance begins with. With the same seed, rules and clients that do the same in the same order, the same goes
   * wrong. By default it is any number, which can be read and noted.
   */
  props[PROP_SEED] = g_param_spec_uint ("seed", NULL, NULL, 0, G_MAXUINT32, 0,
                                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_chaos_handler_init (SmtpChaosHandler *self)
{
  g_mutex_init (&self->lock);
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) smtp_chaos_rule_free);
  self->seed = g_random_int ();
  self->dice = g_rand_new_with_seed (self->seed);
}
