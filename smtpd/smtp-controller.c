/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-controller.h"

#include "smtp-controller-run.h"
#include "smtp-error.h"
#include "smtp-server-private.h"

/**
 * SmtpController:
 *
 * Runs a server in a thread of its own.
 *
 * For programs that have no main loop, such as tests, or whose loop has something else to do:
 *
 * ```c
 * g_autoptr (SmtpController) controller = smtp_controller_new (server);
 *
 * smtp_controller_add_address (controller, "localhost:8025", SMTP_LISTENER_KIND_SMTP);
 * if (!smtp_controller_start (controller, &error))
 *   return error;
 * …
 * smtp_controller_stop (controller);
 * ```
 *
 * The thread has a main context of its own, in which all signals, virtual methods and handlers
 * of the server run: what they share with the rest of the program needs a lock. The server must not
 * listen anywhere before, and is to be left alone while it runs, but for what may be called from
 * any thread.
 *
 * ## Where there can be no second thread
 *
 * In JavaScript [property@Controller:threaded] must be %FALSE, because scripts run in one thread only. Then
 * the server runs in the thread-default main context of who calls [method@Controller.start],
 * clients are served when that one is iterated, and [method@Controller.stop] iterates it until
 * everything has ended.
 *
 * ## The end
 *
 * Whoever drops the last reference while the server runs has it drained as
 * [method@Controller.stop] would, but does not wait for that: the thread ends by itself.
 */

#define DEFAULT_ADDRESS "localhost:0"
#define DEFAULT_DRAIN_TIME 5000

struct _SmtpController
{
  GObject parent_instance;

  GMainContext *context;     /* of the thread; the server is bound to it once and for all */
  SmtpServer   *server;
  GPtrArray    *addresses;   /* for runs; replaced, never changed */
  gboolean      threaded;
  guint         drain_time;

  GMutex        lock;        /* one starts or stops at a time */
  SmtpRun      *run;         /* NULL before the first start, and after a stop */
  GThread      *thread;
};

G_DEFINE_TYPE (SmtpController, smtp_controller, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SERVER,
  PROP_THREADED,
  PROP_DRAIN_TIME,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static SmtpRun *
new_run (SmtpController *self)
{
  g_autoptr (GMainContext) context = self->threaded ? g_main_context_ref (self->context)
                                                    : g_main_context_ref_thread_default ();
  g_autoptr (GPtrArray) addresses = self->addresses != NULL
    ? g_ptr_array_ref (self->addresses)
    : smtp_run_addresses_new (NULL, DEFAULT_ADDRESS, SMTP_LISTENER_KIND_SMTP);

  return smtp_run_new (self->server, context, self->threaded, addresses, self->drain_time);
}

/* Whoever is inside the server cannot wait for it. */
static gboolean
is_inside (SmtpController *self)
{
  SmtpPoller *poller;

  if (self->threaded)
    return g_main_context_is_owner (self->context);

  poller = smtp_server_get_private (self->server)->poller;

  return poller != NULL && g_main_context_is_owner (smtp_poller_get_context (poller)) &&
         smtp_poller_is_dispatching (poller);
}

/* Iterates a context that is somebody else's, in whose thread we are. */
static void
wait_for_end (SmtpRun *run)
{
  if (smtp_run_is (run, SMTP_RUN_ENDED))
    return;

  if (!g_main_context_acquire (run->context))
    {
      g_critical ("A controller that is not threaded must be stopped where it was started");
      return;
    }

  while (!smtp_run_is (run, SMTP_RUN_ENDED))
    g_main_context_iteration (run->context, TRUE);
  g_main_context_release (run->context);
}

/* Waits for what is ending already. */
static void
clear (SmtpController *self)
{
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
  else if (self->run != NULL)
    wait_for_end (self->run);

  g_clear_pointer (&self->run, smtp_run_unref);
}

static gboolean
begin_in_thread (SmtpController  *self,
                 GError         **error)
{
  self->thread = g_thread_try_new ("smtp-server", smtp_run_thread, smtp_run_ref (self->run), error);
  if (self->thread == NULL)
    {
      smtp_run_unref (self->run);
      g_clear_pointer (&self->run, smtp_run_unref);
      return FALSE;
    }

  smtp_run_wait_started (self->run);

  return TRUE;
}

static gboolean
fail_running (GError **error)
{
  g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_RUNNING, "The server runs already");

  return FALSE;
}

static gboolean
start (SmtpController  *self,
       GError         **error)
{
  if (self->run != NULL && smtp_run_is_in_use (self->run))
    return fail_running (error);

  clear (self);
  self->run = new_run (self);
  if (!self->threaded)
    smtp_run_begin (self->run);
  else if (!begin_in_thread (self, error))
    return FALSE;

  if (self->run->error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&self->run->error));
  clear (self);

  return FALSE;
}

/**
 * smtp_controller_start:
 * @self: a controller
 * @error: return location for an error
 *
 * Starts the server at all its addresses; those are the errors of [method@Server.listen], and come at
 * once. Then none of the addresses is listened to.
 *
 * A server that runs already is %SMTP_ERROR_RUNNING. After [method@Controller.stop], or when the server was
 * drained by somebody else, it may be started again; with port 0 the port is a new one.
 *
 * Returns: %TRUE when clients can connect
 */
gboolean
smtp_controller_start (SmtpController  *self,
                       GError         **error)
{
  gboolean started;

  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), FALSE);

  if (is_inside (self))
    return fail_running (error);

  g_mutex_lock (&self->lock);
  started = start (self, error);
  g_mutex_unlock (&self->lock);

  return started;
}

/**
 * smtp_controller_stop:
 * @self: a controller
 *
 * Drains the server ([method@Server.drain]) for [property@Controller:drain-time] at most, and waits until
 * that is done and the thread has ended. Does nothing if the server does not run.
 *
 * In a hook, or anywhere else in the server's thread, it does not wait.
 */
void
smtp_controller_stop (SmtpController *self)
{
  g_return_if_fail (SMTP_IS_CONTROLLER (self));

  if (is_inside (self))
    {
      if (self->run != NULL)
        smtp_run_stop (self->run);
      return;
    }

  g_mutex_lock (&self->lock);
  if (self->run != NULL)
    {
      smtp_run_stop (self->run);
      clear (self);
    }
  g_mutex_unlock (&self->lock);
}

/**
 * smtp_controller_is_running:
 * @self: a controller
 *
 * Tells whether clients can connect, or are still being served.
 *
 * Returns: %TRUE from a start to the end
 */
gboolean
smtp_controller_is_running (SmtpController *self)
{
  gboolean running;

  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), FALSE);

  if (is_inside (self))
    return self->run != NULL && smtp_run_is (self->run, SMTP_RUN_RUNNING);

  g_mutex_lock (&self->lock);
  running = self->run != NULL && smtp_run_is (self->run, SMTP_RUN_RUNNING);
  g_mutex_unlock (&self->lock);

  return running;
}

/**
 * smtp_controller_dup_addresses:
 * @self: a controller
 *
 * Where the server listens, with the ports that were really given.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list, empty if the server does not run
 */
char **
smtp_controller_dup_addresses (SmtpController *self)
{
  static char *none[] = { NULL };
  gboolean inside;
  char **addresses;

  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), NULL);

  inside = is_inside (self);
  if (!inside)
    g_mutex_lock (&self->lock);
  addresses = g_strdupv (self->run != NULL && smtp_run_is (self->run, SMTP_RUN_RUNNING) ? self->run->listening : none);
  if (!inside)
    g_mutex_unlock (&self->lock);

  return addresses;
}

/**
 * smtp_controller_add_address:
 * @self: a controller
 * @address: where to listen, as [method@Server.listen] takes it
 * @kind: what is spoken there
 *
 * Adds an address for the next start. If none was added, it is `localhost:0`.
 */
void
smtp_controller_add_address (SmtpController   *self,
                             const char       *address,
                             SmtpListenerKind  kind)
{
  GPtrArray *addresses;

  g_return_if_fail (SMTP_IS_CONTROLLER (self));
  g_return_if_fail (address != NULL);

  /* A run may be reading the old ones. */
  addresses = smtp_run_addresses_new (self->addresses, address, kind);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  self->addresses = addresses;
}

/**
 * smtp_controller_get_server: (get-property server)
 * @self: a controller
 *
 * The server that is run.
 *
 * Returns: (transfer none): the server
 */
SmtpServer *
smtp_controller_get_server (SmtpController *self)
{
  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), NULL);

  return self->server;
}

/**
 * smtp_controller_get_threaded: (get-property threaded)
 * @self: a controller
 *
 * Whether the server runs in a thread of its own.
 *
 * Returns: %FALSE if it runs in the main context of who starts it
 */
gboolean
smtp_controller_get_threaded (SmtpController *self)
{
  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), TRUE);

  return self->threaded;
}

/**
 * smtp_controller_set_threaded: (set-property threaded)
 * @self: a controller
 * @threaded: whether it is to
 *
 * Sets [property@Controller:threaded].
 */
void
smtp_controller_set_threaded (SmtpController *self,
                              gboolean        threaded)
{
  g_return_if_fail (SMTP_IS_CONTROLLER (self));

  if (self->threaded == !!threaded)
    return;

  self->threaded = !!threaded;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_THREADED]);
}

/**
 * smtp_controller_get_drain_time: (get-property drain-time)
 * @self: a controller
 *
 * How long transactions may take to come to their end at a stop.
 *
 * Returns: milliseconds
 */
guint
smtp_controller_get_drain_time (SmtpController *self)
{
  g_return_val_if_fail (SMTP_IS_CONTROLLER (self), 0);

  return self->drain_time;
}

/**
 * smtp_controller_set_drain_time: (set-property drain-time)
 * @self: a controller
 * @milliseconds: a time
 *
 * Sets [property@Controller:drain-time].
 */
void
smtp_controller_set_drain_time (SmtpController *self,
                                guint           milliseconds)
{
  g_return_if_fail (SMTP_IS_CONTROLLER (self));

  if (self->drain_time == milliseconds)
    return;

  self->drain_time = milliseconds;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DRAIN_TIME]);
}

/**
 * smtp_controller_new:
 * @server: a server that does not listen
 *
 * Makes a controller, which does not run yet.
 *
 * Returns: (transfer full): a new controller
 */
SmtpController *
smtp_controller_new (SmtpServer *server)
{
  g_return_val_if_fail (SMTP_IS_SERVER (server), NULL);

  return g_object_new (SMTP_TYPE_CONTROLLER, "server", server, NULL);
}

/* The object */

static void
smtp_controller_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SmtpController *self = SMTP_CONTROLLER (object);

  switch (prop_id)
    {
    case PROP_SERVER:
      g_value_set_object (value, self->server);
      break;
    case PROP_THREADED:
      g_value_set_boolean (value, self->threaded);
      break;
    case PROP_DRAIN_TIME:
      g_value_set_uint (value, self->drain_time);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_controller_set_property (GObject      *object,
                              guint         prop_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SmtpController *self = SMTP_CONTROLLER (object);

  switch (prop_id)
    {
    case PROP_SERVER:
      self->server = g_value_dup_object (value);
      break;
    case PROP_THREADED:
      smtp_controller_set_threaded (self, g_value_get_boolean (value));
      break;
    case PROP_DRAIN_TIME:
      smtp_controller_set_drain_time (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
smtp_controller_constructed (GObject *object)
{
  SmtpController *self = SMTP_CONTROLLER (object);

  G_OBJECT_CLASS (smtp_controller_parent_class)->constructed (object);

  if (self->server == NULL)
    self->server = smtp_server_new ();
}

/* Not to wait is safe everywhere: for a hook that waits for a lock of ours, such as Python's. */
static void
smtp_controller_dispose (GObject *object)
{
  SmtpController *self = SMTP_CONTROLLER (object);

  if (self->run != NULL)
    smtp_run_stop (self->run);
  g_clear_pointer (&self->thread, g_thread_unref);
  g_clear_pointer (&self->run, smtp_run_unref);

  G_OBJECT_CLASS (smtp_controller_parent_class)->dispose (object);
}

static void
smtp_controller_finalize (GObject *object)
{
  SmtpController *self = SMTP_CONTROLLER (object);

  g_clear_object (&self->server);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (smtp_controller_parent_class)->finalize (object);
}

static void
smtp_controller_class_init (SmtpControllerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = smtp_controller_get_property;
  object_class->set_property = smtp_controller_set_property;
  object_class->constructed = smtp_controller_constructed;
  object_class->dispose = smtp_controller_dispose;
  object_class->finalize = smtp_controller_finalize;

  /**
   * SmtpController:server: (getter get_server)
   *
   * The server that is run. By default a new one.
   */
  props[PROP_SERVER] = g_param_spec_object ("server", NULL, NULL, SMTP_TYPE_SERVER,
                                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpController:threaded: (getter get_threaded) (setter set_threaded)
   *
   * Whether the server runs in a thread of its own, from the next start on. A server stays in the
   * main context of its first start: so this is for before it.
   */
  props[PROP_THREADED] = g_param_spec_boolean ("threaded", NULL, NULL, TRUE,
                                               G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * SmtpController:drain-time: (getter get_drain_time) (setter set_drain_time)
   *
   * How long transactions may take to come to their end at a stop, in milliseconds; for the next start.
   */
  props[PROP_DRAIN_TIME] = g_param_spec_uint ("drain-time", NULL, NULL, 0, G_MAXUINT, DEFAULT_DRAIN_TIME,
                                              G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_controller_init (SmtpController *self)
{
  self->context = g_main_context_new ();
  self->threaded = TRUE;
  self->drain_time = DEFAULT_DRAIN_TIME;
  g_mutex_init (&self->lock);
}
