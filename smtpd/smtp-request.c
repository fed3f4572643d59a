/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-request.h"

#include "dialogue/smtp-dialogue.h"
#include "smtp-request-private.h"
#include "smtp-server-private.h"

/**
 * SmtpRequest:
 *
 * A command that waits for its answer.
 *
 * A hook or command method that is given a request answers it in one of three ways,
 * exactly once, at once or later:
 *
 * - [method@Request.reply] (or [method@Request.send_reply]): this is the answer;
 * - [method@Request.proceed]: no objection, the next stage decides;
 * - [method@Request.fail]: something went wrong. The client gets a 451, and the
 *   exception hook is told what it was.
 *
 * Who answers later calls [method@Request.hold] before it returns. Until then nothing
 * more of this connection is looked at, while all others are served. The three may be
 * called from any thread. An answer that comes second, or too late, does nothing.
 *
 * What a hook says decides what happens: the sender is set, the recipient added and so on
 * when the client is told a code of 200 to 299, whoever it came from, and not otherwise.
 *
 * When a hook has held the request and then proceeds, the stages after it may be given
 * another request object for the same command. The one that proceeded is spent; its
 * [signal@Request::replied] is emitted all the same.
 */

G_DEFINE_FINAL_TYPE (SmtpRequest, smtp_request, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SERVER,
  PROP_SESSION,
  PROP_ENVELOPE,
  PROP_VERB,
  PROP_ARGUMENT,
  PROP_ADDRESS,
  PROP_PARAMETERS,
  PROP_LINES,
  PROP_FINAL_REPLY,
  PROP_CANCELLABLE,
  N_PROPS
};

enum
{
  REPLIED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static void
clear (SmtpRequest *self)
{
  g_clear_object (&self->server);
  g_clear_object (&self->session);
  g_clear_object (&self->envelope);
  g_clear_pointer (&self->argument, g_free);
  g_clear_pointer (&self->address, smtp_address_unref);
  g_clear_pointer (&self->parameters, smtp_parameters_unref);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->predecessor);
  g_clear_pointer (&self->final_reply, smtp_reply_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->content, g_bytes_unref);
  if (self->payload != NULL)
    self->free_payload (g_steal_pointer (&self->payload));
  g_clear_object (&self->credentials);
  g_clear_pointer (&self->recipient_answers, g_ptr_array_unref);
}

static void
smtp_request_finalize (GObject *object)
{
  SmtpRequest *self = SMTP_REQUEST (object);

  clear (self);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (smtp_request_parent_class)->finalize (object);
}

static void
smtp_request_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  SmtpRequest *self = SMTP_REQUEST (object);

  switch (prop_id)
    {
    case PROP_SERVER:
      g_value_set_object (value, self->server);
      break;
    case PROP_SESSION:
      g_value_set_object (value, self->session);
      break;
    case PROP_ENVELOPE:
      g_value_set_object (value, self->envelope);
      break;
    case PROP_VERB:
      g_value_set_string (value, self->verb);
      break;
    case PROP_ARGUMENT:
      g_value_set_string (value, self->argument);
      break;
    case PROP_ADDRESS:
      g_value_set_boxed (value, self->address);
      break;
    case PROP_PARAMETERS:
      g_value_set_boxed (value, self->parameters);
      break;
    case PROP_LINES:
      g_value_take_boxed (value, smtp_request_dup_lines (self));
      break;
    case PROP_FINAL_REPLY:
      g_value_set_boxed (value, smtp_request_get_final_reply (self));
      break;
    case PROP_CANCELLABLE:
      g_value_set_object (value, smtp_request_get_cancellable (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_request_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  SmtpRequest *self = SMTP_REQUEST (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      smtp_request_set_address (self, g_value_get_boxed (value));
      break;
    case PROP_LINES:
      smtp_request_set_lines (self, g_value_get_boxed (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
install_command_properties (void)
{
  /**
   * SmtpRequest:server: (getter get_server)
   *
   * The server.
   */
  props[PROP_SERVER] =
    g_param_spec_object ("server", NULL, NULL, SMTP_TYPE_SERVER,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:session: (getter get_session)
   *
   * The connection that the command came from.
   */
  props[PROP_SESSION] =
    g_param_spec_object ("session", NULL, NULL, SMTP_TYPE_SESSION,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:envelope: (getter get_envelope)
   *
   * The transaction that the command belongs to, %NULL outside one.
   */
  props[PROP_ENVELOPE] =
    g_param_spec_object ("envelope", NULL, NULL, SMTP_TYPE_ENVELOPE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:verb: (getter get_verb)
   *
   * The verb in capital letters.
   */
  props[PROP_VERB] =
    g_param_spec_string ("verb", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:argument: (getter get_argument)
   *
   * What stands behind the verb.
   */
  props[PROP_ARGUMENT] =
    g_param_spec_string ("argument", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
install_outcome_properties (void)
{
  /**
   * SmtpRequest:address: (getter get_address) (setter set_address)
   *
   * The address of a MAIL or RCPT command. What stands here when the command is accepted
   * takes effect.
   */
  props[PROP_ADDRESS] =
    g_param_spec_boxed ("address", NULL, NULL, SMTP_TYPE_ADDRESS,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpRequest:parameters: (getter get_parameters)
   *
   * The parameters of a MAIL or RCPT command.
   */
  props[PROP_PARAMETERS] =
    g_param_spec_boxed ("parameters", NULL, NULL, SMTP_TYPE_PARAMETERS,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:lines: (getter dup_lines) (setter set_lines)
   *
   * The lines that come before the last one of the library's own answer. To EHLO these are
   * the host name and the keywords.
   */
  props[PROP_LINES] =
    g_param_spec_boxed ("lines", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * SmtpRequest:final-reply: (getter get_final_reply)
   *
   * What the client was told, %NULL while that is open.
   */
  props[PROP_FINAL_REPLY] =
    g_param_spec_boxed ("final-reply", NULL, NULL, SMTP_TYPE_REPLY,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpRequest:cancellable: (getter get_cancellable)
   *
   * Fires when nobody waits for the answer any more.
   */
  props[PROP_CANCELLABLE] =
    g_param_spec_object ("cancellable", NULL, NULL, G_TYPE_CANCELLABLE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
smtp_request_class_init (SmtpRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_request_finalize;
  object_class->get_property = smtp_request_get_property;
  object_class->set_property = smtp_request_set_property;

  install_command_properties ();
  install_outcome_properties ();
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * SmtpRequest::replied:
   * @self: the request
   * @reply: what the client is told
   *
   * The answer is final and has taken effect.
   *
   * This is for a command method that has chained up and wants to act on an answer which
   * may come later. It is not emitted when the client has left before.
   */
  signals[REPLIED] =
    g_signal_new ("replied", SMTP_TYPE_REQUEST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, SMTP_TYPE_REPLY);
}

static void
smtp_request_init (SmtpRequest *self)
{
  g_mutex_init (&self->lock);
}

SmtpRequest *
smtp_request_new (SmtpDialogue *dialogue,
                  const char   *verb,
                  const char   *argument,
                  gsize         argument_length)
{
  SmtpRequest *self = g_steal_pointer (&dialogue->spare);

  if (self == NULL)
    self = g_object_new (SMTP_TYPE_REQUEST, NULL);

  self->dialogue = dialogue;
  self->server = g_object_ref (dialogue->server);
  self->session = g_object_ref (dialogue->session);
  g_set_object (&self->envelope, dialogue->envelope);
  g_strlcpy (self->verb, verb, sizeof self->verb);
  self->argument = g_strndup (argument, argument_length);
  self->is_message = dialogue->message_ended;
  self->n_recipients = self->envelope != NULL ? smtp_envelope_get_n_recipients (self->envelope) : 0;

  return self;
}

/* Whether somebody has left something at the object without taking a reference: data, a weak reference,
 * a signal handler. */
static gboolean
is_marked (SmtpRequest *self)
{
  static guint notify;

  if (notify == 0)
    notify = g_signal_lookup ("notify", G_TYPE_OBJECT);

  return G_OBJECT (self)->qdata != NULL || self->has_listener ||
         g_signal_has_handler_pending (self, notify, 0, TRUE);
}

SmtpRequest *
smtp_request_recycle (SmtpRequest *self)
{
  if (G_OBJECT (self)->ref_count > 1 || is_marked (self))
    {
      g_object_unref (self);
      return NULL;
    }

  clear (self);
  self->held = FALSE;
  self->answer_is_default = FALSE;
  self->outcome = SMTP_OUTCOME_NONE;
  self->n_answered = 0;
  self->spent = FALSE;

  return self;
}

void
smtp_request_emit_replied (SmtpRequest *self,
                           SmtpReply   *reply)
{
  self->has_listener = g_signal_has_handler_pending (self, signals[REPLIED], 0, TRUE);
  if (self->has_listener)
    g_signal_emit (self, signals[REPLIED], 0, reply);
}

/* What is known of it */

void
smtp_request_set_envelope (SmtpRequest  *self,
                           SmtpEnvelope *envelope)
{
  g_set_object (&self->envelope, envelope);
}

void
smtp_request_set_parameters (SmtpRequest    *self,
                             SmtpParameters *parameters)
{
  g_clear_pointer (&self->parameters, smtp_parameters_unref);
  self->parameters = smtp_parameters_ref (parameters);
}

void
smtp_request_set_credentials (SmtpRequest     *self,
                              SmtpCredentials *credentials)
{
  g_set_object (&self->credentials, credentials);
}

SmtpCredentials *
smtp_request_get_credentials (SmtpRequest *self)
{
  return self->credentials;
}

void
smtp_request_set_error (SmtpRequest *self,
                        GError      *error)
{
  g_clear_error (&self->error);
  self->error = error;
}

const GError *
smtp_request_get_error (SmtpRequest *self)
{
  return self->error;
}

/**
 * smtp_request_get_server: (get-property server)
 * @self: a request
 *
 * The server.
 *
 * Returns: (transfer none): the server
 */
SmtpServer *
smtp_request_get_server (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->server;
}

/**
 * smtp_request_get_session: (get-property session)
 * @self: a request
 *
 * The connection that the command came from.
 *
 * Returns: (transfer none): the session
 */
SmtpSession *
smtp_request_get_session (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->session;
}

/**
 * smtp_request_get_envelope: (get-property envelope)
 * @self: a request
 *
 * The transaction that the command belongs to. For MAIL it is the new one.
 *
 * Returns: (transfer none) (nullable): the envelope, or %NULL outside a transaction
 */
SmtpEnvelope *
smtp_request_get_envelope (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->envelope;
}

/**
 * smtp_request_get_verb: (get-property verb)
 * @self: a request
 *
 * The verb in capital letters. It is empty for the greeting, and `DATA` again for the end
 * of the message.
 *
 * Returns: the verb
 */
const char *
smtp_request_get_verb (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->verb;
}

/**
 * smtp_request_get_argument: (get-property argument)
 * @self: a request
 *
 * What stands behind the verb, without white space around it.
 *
 * Returns: the argument, perhaps empty
 */
const char *
smtp_request_get_argument (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->argument;
}

/**
 * smtp_request_get_address: (get-property address)
 * @self: a request
 *
 * The address of a MAIL or RCPT command.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL for other commands
 */
SmtpAddress *
smtp_request_get_address (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->address;
}

/**
 * smtp_request_set_address: (set-property address)
 * @self: a request
 * @address: another address
 *
 * Rewrites the address of a MAIL or RCPT command: what stands here when the command is
 * accepted takes effect, and later stages see it.
 */
void
smtp_request_set_address (SmtpRequest *self,
                          SmtpAddress *address)
{
  g_return_if_fail (SMTP_IS_REQUEST (self));
  g_return_if_fail (address != NULL);

  if (self->address == address)
    return;

  g_clear_pointer (&self->address, smtp_address_unref);
  self->address = smtp_address_ref (address);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ADDRESS]);
}

/**
 * smtp_request_get_parameters: (get-property parameters)
 * @self: a request
 *
 * The parameters of a MAIL or RCPT command.
 *
 * Returns: (transfer none) (nullable): the parameters, perhaps empty, or %NULL for other
 *   commands
 */
SmtpParameters *
smtp_request_get_parameters (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->parameters;
}

/**
 * smtp_request_add_line:
 * @self: a request
 * @line: text, without code
 *
 * Adds a line before the last one of the library's own answer: a keyword to that of EHLO,
 * a remark to that of RSET. An answer that a hook or command method gives itself has its own
 * lines, and these are not added to it.
 */
void
smtp_request_add_line (SmtpRequest *self,
                       const char  *line)
{
  g_return_if_fail (SMTP_IS_REQUEST (self));
  g_return_if_fail (line != NULL);

  if (self->lines == NULL)
    self->lines = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->lines, g_strdup (line));
}

/**
 * smtp_request_dup_lines: (get-property lines)
 * @self: a request
 *
 * The lines that come before the last one of the library's own answer. To EHLO these are the
 * host name and the keywords.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, perhaps empty
 */
char **
smtp_request_dup_lines (SmtpRequest *self)
{
  guint length;
  char **lines;

  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  length = self->lines != NULL ? self->lines->len : 0;
  lines = g_new0 (char *, length + 1);
  for (guint i = 0; i < length; i++)
    lines[i] = g_strdup (g_ptr_array_index (self->lines, i));

  return lines;
}

/**
 * smtp_request_set_lines: (set-property lines)
 * @self: a request
 * @lines: (array zero-terminated=1) (nullable): text, without codes
 *
 * Replaces the lines that come before the last one of the library's own answer. The first
 * line to EHLO must be the host name (RFC 5321 section 4.1.1.1).
 */
void
smtp_request_set_lines (SmtpRequest        *self,
                        const char * const *lines)
{
  g_autoptr (GPtrArray) old = NULL;

  g_return_if_fail (SMTP_IS_REQUEST (self));

  old = g_steal_pointer (&self->lines);
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    smtp_request_add_line (self, lines[i]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LINES]);
}

/**
 * smtp_request_get_final_reply: (get-property final-reply)
 * @self: a request
 *
 * What the client was told.
 *
 * Returns: (transfer none) (nullable): the reply, or %NULL while the command is not over;
 *   [signal@Request::replied] tells when it is
 */
SmtpReply *
smtp_request_get_final_reply (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  return self->final_reply;
}

/**
 * smtp_request_get_cancellable: (get-property cancellable)
 * @self: a request
 *
 * A cancellable that fires, in the server's thread, when nobody waits for the answer any
 * more: the client has left, the time is over, or the server has ended.
 *
 * It is made when it is first asked for.
 *
 * Returns: (transfer none): the cancellable
 */
GCancellable *
smtp_request_get_cancellable (SmtpRequest *self)
{
  g_return_val_if_fail (SMTP_IS_REQUEST (self), NULL);

  if (self->cancellable == NULL)
    {
      self->cancellable = g_cancellable_new ();
      if (self->dialogue == NULL && self->final_reply == NULL)
        g_cancellable_cancel (self->cancellable);
    }

  return self->cancellable;
}
