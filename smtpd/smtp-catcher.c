/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-catcher.h"

#include <string.h>

#include "handlers/smtp-keep-handler.h"

/**
 * SmtpCatcher:
 *
 * Catches mail: a server on a free port of this machine that keeps what it gets, for tests of programs that send
 * mail.
 *
 * ```c
 * g_autoptr (SmtpCatcher) catcher = smtp_catcher_new ();
 *
 * smtp_catcher_start (catcher, &error);
 * program_under_test ("localhost", smtp_catcher_get_port (catcher));
 * envelope = smtp_catcher_next (catcher, 5000, &error);
 * g_assert_cmpstr (smtp_envelope_get_mail_from (envelope), ==, "me@example.org");
 * smtp_catcher_stop (catcher);
 * ```
 *
 * Every message is taken, for anybody, and kept with its envelope until [method@Catcher.clear].
 * [method@Catcher.wait] waits until there are so many of them, and gives all; [method@Catcher.next] gives
 * one after the other. A message is there before its client is told so: no wait is too late for it.
 *
 * What is to go wrong is said by rules of [property@Catcher:chaos], which is asked before the messages are kept:
 *
 * ```c
 * smtp_chaos_handler_add_rule (smtp_catcher_get_chaos (catcher), "rcpt=450 4.2.1 Mailbox busy", &error);
 * ```
 *
 * [property@Catcher:server] is an ordinary server, which may be given TLS, users and hooks before the start, and
 * [property@Catcher:controller] runs it, in a thread of its own: other addresses, and whether there is a
 * thread, are for it to be told. With a stream that takes messages as they come ([signal@Server::handle-body]), the
 * envelopes that are caught have no content.
 *
 * In JavaScript, where there can be no second thread, the controller is made with
 * [property@Controller:threaded] %FALSE. Then waiting iterates the thread-default main context of who waits, who must be
 * in the thread of who started it.
 */

/* A test is over then: who is amidst a message will not come back for it. */
#define DRAIN_TIME 500 /* milliseconds */

typedef struct
{
  SmtpServer       *server;
  SmtpController   *controller;
  SmtpChaosHandler *chaos;
  SmtpKeepHandler  *keeper;
} SmtpCatcherPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (SmtpCatcher, smtp_catcher, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SERVER,
  PROP_CONTROLLER,
  PROP_CHAOS,
  PROP_PORT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

#define PRIVATE(self) ((SmtpCatcherPrivate *) smtp_catcher_get_instance_private (self))

/* Running */

/**
 * smtp_catcher_start:
 * @self: a catcher
 * @error: return location for an error
 *
 * Starts the server, as [method@Controller.start] does, and with its errors. After [method@Catcher.stop] it may be
 * started again, at another port; what was caught stays.
 *
 * Returns: %TRUE when clients can connect
 */
gboolean
smtp_catcher_start (SmtpCatcher  *self,
                    GError      **error)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), FALSE);

  if (!smtp_controller_start (PRIVATE (self)->controller, error))
    return FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT]);

  return TRUE;
}

/**
 * smtp_catcher_stop:
 * @self: a catcher
 *
 * Stops the server, and returns when it has ended. What was caught stays. Does nothing if it does not run.
 */
void
smtp_catcher_stop (SmtpCatcher *self)
{
  gboolean was_running;

  g_return_if_fail (SMTP_IS_CATCHER (self));

  was_running = smtp_controller_is_running (PRIVATE (self)->controller);
  smtp_controller_stop (PRIVATE (self)->controller);
  if (was_running)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PORT]);
}

/**
 * smtp_catcher_get_port: (get-property port)
 * @self: a catcher
 *
 * At which port of `localhost` clients are to connect.
 *
 * Returns: the port of the first address, or 0 if the server does not run or has none there
 */
guint
smtp_catcher_get_port (SmtpCatcher *self)
{
  g_auto (GStrv) addresses = NULL;
  const char *colon;
  guint64 port = 0;

  g_return_val_if_fail (SMTP_IS_CATCHER (self), 0);

  addresses = smtp_controller_dup_addresses (PRIVATE (self)->controller);
  colon = addresses[0] != NULL ? strrchr (addresses[0], ':') : NULL;
  if (colon != NULL)
    g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL);

  return (guint) port;
}

/**
 * smtp_catcher_dup_address:
 * @self: a catcher
 *
 * Where clients are to connect, as one string.
 *
 * Returns: (transfer full) (nullable): `localhost:PORT`, or %NULL if the server does not run
 */
char *
smtp_catcher_dup_address (SmtpCatcher *self)
{
  guint port;

  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);

  port = smtp_catcher_get_port (self);

  return port != 0 ? g_strdup_printf ("localhost:%u", port) : NULL;
}

/* Waiting */

static void
note_result (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  GAsyncResult **noted = data;

  *noted = g_object_ref (result);
}

/* The server lives in the context of who waits: so that has to run. */
static GPtrArray *
wait_in_context (SmtpCatcher  *self,
                 guint         wanted,
                 guint         milliseconds,
                 GError      **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GAsyncResult) result = NULL;
  GTask *task = g_task_new (self, NULL, note_result, &result);

  smtp_keep_handler_wait_async (PRIVATE (self)->keeper, wanted, milliseconds, task);
  g_object_unref (task);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GPtrArray *
wait_for (SmtpCatcher  *self,
          guint         wanted,
          guint         milliseconds,
          GError      **error)
{
  SmtpCatcherPrivate *priv = PRIVATE (self);
  GPtrArray *caught;

  if (!smtp_controller_get_threaded (priv->controller))
    return wait_in_context (self, wanted, milliseconds, error);

  caught = smtp_keep_handler_wait (priv->keeper, wanted,
                                   g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND);
  if (caught == NULL)
    g_propagate_error (error, smtp_keep_handler_make_error (priv->keeper, wanted, milliseconds));

  return caught;
}

static void
wait_for_async (SmtpCatcher         *self,
                guint                wanted,
                guint                milliseconds,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data,
                gpointer             tag)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  smtp_keep_handler_wait_async (PRIVATE (self)->keeper, wanted, milliseconds, task);
}

/* The only one in the array. */
static SmtpEnvelope *
steal_first (GPtrArray *caught)
{
  SmtpEnvelope *envelope;

  if (caught == NULL)
    return NULL;

  envelope = g_ptr_array_steal_index (caught, 0);
  g_ptr_array_unref (caught);

  return envelope;
}

/**
 * smtp_catcher_wait:
 * @self: a catcher
 * @n_messages: a number of messages, less than %G_MAXUINT
 * @milliseconds: how long to wait at most
 * @error: return location for an error
 *
 * Waits until at least @n_messages messages were caught since the last [method@Catcher.clear], and gives all of them. With
 * 0 messages it gives those that are there.
 *
 * It blocks: not to be called in a hook of the server. When the time is over, the error is %SMTP_ERROR_TIMED_OUT, and
 * what was caught stays.
 *
 * Returns: (transfer container) (element-type SmtpEnvelope): all messages that were caught, in the order in which they came
 */
GPtrArray *
smtp_catcher_wait (SmtpCatcher  *self,
                   guint         n_messages,
                   guint         milliseconds,
                   GError      **error)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);
  g_return_val_if_fail (n_messages < SMTP_KEEP_NEXT, NULL);

  return wait_for (self, n_messages, milliseconds, error);
}

/**
 * smtp_catcher_wait_async:
 * @self: a catcher
 * @n_messages: a number of messages, less than %G_MAXUINT
 * @milliseconds: how long to wait at most
 * @cancellable: (nullable): what can end the wait
 * @callback: what to call then
 * @user_data: for @callback
 *
 * As [method@Catcher.wait], without blocking. @callback is called in the thread-default main context of the caller.
 */
void
smtp_catcher_wait_async (SmtpCatcher         *self,
                         guint                n_messages,
                         guint                milliseconds,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (SMTP_IS_CATCHER (self));
  g_return_if_fail (n_messages < SMTP_KEEP_NEXT);

  wait_for_async (self, n_messages, milliseconds, cancellable, callback, user_data, smtp_catcher_wait_async);
}

/**
 * smtp_catcher_wait_finish:
 * @self: a catcher
 * @result: what the callback was given
 * @error: return location for an error
 *
 * What has come of [method@Catcher.wait_async]. Besides its errors there is %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer container) (element-type SmtpEnvelope): all messages that were caught, in the order in which they came
 */
GPtrArray *
smtp_catcher_wait_finish (SmtpCatcher   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, smtp_catcher_wait_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * smtp_catcher_next:
 * @self: a catcher
 * @milliseconds: how long to wait at most
 * @error: return location for an error
 *
 * Gives the first message that this has not given yet, and waits for it if need be. It stays with those that
 * [method@Catcher.wait] gives.
 *
 * It blocks: not to be called in a hook of the server. When the time is over, the error is %SMTP_ERROR_TIMED_OUT.
 *
 * Returns: (transfer full): the message
 */
SmtpEnvelope *
smtp_catcher_next (SmtpCatcher  *self,
                   guint         milliseconds,
                   GError      **error)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);

  return steal_first (wait_for (self, SMTP_KEEP_NEXT, milliseconds, error));
}

/**
 * smtp_catcher_next_async:
 * @self: a catcher
 * @milliseconds: how long to wait at most
 * @cancellable: (nullable): what can end the wait
 * @callback: what to call then
 * @user_data: for @callback
 *
 * As [method@Catcher.next], without blocking. @callback is called in the thread-default main context of the caller. Of
 * several who wait, each gets another message; a wait that has ended without one has taken none.
 */
void
smtp_catcher_next_async (SmtpCatcher         *self,
                         guint                milliseconds,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (SMTP_IS_CATCHER (self));

  wait_for_async (self, SMTP_KEEP_NEXT, milliseconds, cancellable, callback, user_data, smtp_catcher_next_async);
}

/**
 * smtp_catcher_next_finish:
 * @self: a catcher
 * @result: what the callback was given
 * @error: return location for an error
 *
 * What has come of [method@Catcher.next_async]. Besides its errors there is %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the message
 */
SmtpEnvelope *
smtp_catcher_next_finish (SmtpCatcher   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, smtp_catcher_next_async), NULL);

  return steal_first (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * smtp_catcher_clear:
 * @self: a catcher
 *
 * Forgets all messages that were caught, such as between two tests. The rules of [property@Catcher:chaos] stay.
 */
void
smtp_catcher_clear (SmtpCatcher *self)
{
  g_return_if_fail (SMTP_IS_CATCHER (self));

  smtp_keep_handler_clear (PRIVATE (self)->keeper);
}

/* What it is made of */

/**
 * smtp_catcher_get_server: (get-property server)
 * @self: a catcher
 *
 * The server that gets the messages.
 *
 * Returns: (transfer none): the server
 */
SmtpServer *
smtp_catcher_get_server (SmtpCatcher *self)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);

  return PRIVATE (self)->server;
}

/**
 * smtp_catcher_get_controller: (get-property controller)
 * @self: a catcher
 *
 * What runs the server.
 *
 * Returns: (transfer none): the controller
 */
SmtpController *
smtp_catcher_get_controller (SmtpCatcher *self)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);

  return PRIVATE (self)->controller;
}

/**
 * smtp_catcher_get_chaos: (get-property chaos)
 * @self: a catcher
 *
 * What lets things go wrong.
 *
 * Returns: (transfer none): a handler, without rules at first
 */
SmtpChaosHandler *
smtp_catcher_get_chaos (SmtpCatcher *self)
{
  g_return_val_if_fail (SMTP_IS_CATCHER (self), NULL);

  return PRIVATE (self)->chaos;
}

/**
 * smtp_catcher_new:
 *
 * Makes a catcher, which does not run yet.
 *
 * Returns: (transfer full): a new catcher
 */
SmtpCatcher *
smtp_catcher_new (void)
{
  return g_object_new (SMTP_TYPE_CATCHER, NULL);
}

static void
smtp_catcher_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  SmtpCatcher *self = SMTP_CATCHER (object);
  SmtpCatcherPrivate *priv = PRIVATE (self);

  switch (prop_id)
    {
    case PROP_SERVER:
      g_value_set_object (value, priv->server);
      break;
    case PROP_CONTROLLER:
      g_value_set_object (value, priv->controller);
      break;
    case PROP_CHAOS:
      g_value_set_object (value, priv->chaos);
      break;
    case PROP_PORT:
      g_value_set_uint (value, smtp_catcher_get_port (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_catcher_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  SmtpCatcherPrivate *priv = PRIVATE (SMTP_CATCHER (object));

  switch (prop_id)
    {
    case PROP_SERVER:
      priv->server = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_catcher_constructed (GObject *object)
{
  SmtpCatcherPrivate *priv = PRIVATE (SMTP_CATCHER (object));

  G_OBJECT_CLASS (smtp_catcher_parent_class)->constructed (object);

  if (priv->server == NULL)
    priv->server = smtp_server_new ();
  smtp_server_add_handler (priv->server, SMTP_HANDLER (priv->chaos));
  smtp_server_add_handler (priv->server, SMTP_HANDLER (priv->keeper));
  priv->controller = smtp_controller_new (priv->server);
  smtp_controller_set_drain_time (priv->controller, DRAIN_TIME);
}

static void
smtp_catcher_finalize (GObject *object)
{
  SmtpCatcherPrivate *priv = PRIVATE (SMTP_CATCHER (object));

  g_clear_object (&priv->controller);
  g_clear_object (&priv->server);
  g_clear_object (&priv->chaos);
  g_clear_object (&priv->keeper);

  G_OBJECT_CLASS (smtp_catcher_parent_class)->finalize (object);
}

static void
smtp_catcher_class_init (SmtpCatcherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = smtp_catcher_get_property;
  object_class->set_property = smtp_catcher_set_property;
  object_class->constructed = smtp_catcher_constructed;
  object_class->finalize = smtp_catcher_finalize;

  /**
   * SmtpCatcher:server: (getter get_server)
   *
   * The server that gets the messages. By default a new one; one that is given must have no handlers that take
   * messages themselves.
   */
  props[PROP_SERVER] = g_param_spec_object ("server", NULL, NULL, SMTP_TYPE_SERVER,
                                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCatcher:controller: (getter get_controller)
   *
   * What runs the server: at a free port of `localhost`, unless it is given other addresses before the start.
   */
  props[PROP_CONTROLLER] = g_param_spec_object ("controller", NULL, NULL, SMTP_TYPE_CONTROLLER,
                                                G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCatcher:chaos: (getter get_chaos)
   *
   * What lets things go wrong, once it is given rules.
   */
  props[PROP_CHAOS] = g_param_spec_object ("chaos", NULL, NULL, SMTP_TYPE_CHAOS_HANDLER,
                                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpCatcher:port: (getter get_port)
   *
   * At which port of `localhost` clients are to connect; 0 if the server does not run.
   */
  props[PROP_PORT] = g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 0,
                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_catcher_init (SmtpCatcher *self)
{
  SmtpCatcherPrivate *priv = PRIVATE (self);

  priv->chaos = SMTP_CHAOS_HANDLER (smtp_chaos_handler_new ());
  priv->keeper = g_object_new (SMTP_TYPE_KEEP_HANDLER, NULL);
}
