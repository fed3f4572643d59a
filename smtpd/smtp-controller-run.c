/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-controller-run.h"

#include "smtp-error.h"
#include "smtp-server-private.h"

typedef struct
{
  char             *text;
  SmtpListenerKind  kind;
} Address;

static void
address_free (gpointer data)
{
  Address *self = data;

  g_free (self->text);
  g_free (self);
}

GPtrArray *
smtp_run_addresses_new (GPtrArray        *others,
                        const char       *text,
                        SmtpListenerKind  kind)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func (address_free);
  Address *address = g_new (Address, 1);

  for (guint i = 0; others != NULL && i < others->len; i++)
    {
      const Address *other = g_ptr_array_index (others, i);
      Address copy = { g_strdup (other->text), other->kind };

      g_ptr_array_add (addresses, g_memdup2 (&copy, sizeof copy));
    }

  *address = (Address) { g_strdup (text), kind };
  g_ptr_array_add (addresses, address);

  return addresses;
}

static void
run_clear (gpointer data)
{
  SmtpRun *self = data;

  g_object_unref (self->server);
  g_main_context_unref (self->context);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_ptr_array_unref (self->addresses);
  g_strfreev (self->listening);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

SmtpRun *
smtp_run_new (SmtpServer   *server,
              GMainContext *context,
              gboolean      with_loop,
              GPtrArray    *addresses,
              guint         drain_time)
{
  SmtpRun *self = g_atomic_rc_box_new0 (SmtpRun);

  self->server = g_object_ref (server);
  self->context = g_main_context_ref (context);
  self->loop = with_loop ? g_main_loop_new (context, FALSE) : NULL;
  self->addresses = g_ptr_array_ref (addresses);
  self->drain_time = drain_time;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);

  return self;
}

SmtpRun *
smtp_run_ref (SmtpRun *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
smtp_run_unref (SmtpRun *self)
{
  g_atomic_rc_box_release_full (self, run_clear);
}

static void
run_set_state (SmtpRun      *self,
               SmtpRunState  state)
{
  g_mutex_lock (&self->lock);
  self->state = state;
  if (state == SMTP_RUN_ENDED && self->stop != NULL)
    {
      g_source_destroy (self->stop);
      g_clear_pointer (&self->stop, g_source_unref);
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
smtp_run_is (SmtpRun      *self,
             SmtpRunState  state)
{
  gboolean is;

  g_mutex_lock (&self->lock);
  is = self->state == state;
  g_mutex_unlock (&self->lock);

  return is;
}

static void
on_drained (SmtpServer *server,
            gpointer    data)
{
  g_autoptr (SmtpRun) self = smtp_run_ref (data);

  g_signal_handler_disconnect (server, self->drained);
  run_set_state (self, SMTP_RUN_ENDED);
  if (self->loop != NULL)
    g_main_loop_quit (self->loop);
}

static gboolean
on_stop (gpointer data)
{
  SmtpRun *self = data;

  smtp_server_drain (self->server, self->drain_time);

  return G_SOURCE_REMOVE;
}

void
smtp_run_stop (SmtpRun *self)
{
  g_mutex_lock (&self->lock);
  if (self->state != SMTP_RUN_ENDED && !self->stopping)
    {
      self->stopping = TRUE;
      self->stop = g_idle_source_new ();
      g_source_set_priority (self->stop, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->stop, on_stop, smtp_run_ref (self), (GDestroyNotify) smtp_run_unref);
      g_source_attach (self->stop, self->context);
    }
  g_mutex_unlock (&self->lock);
}

static gboolean
run_listen (SmtpRun *self)
{
  if (smtp_server_get_private (self->server)->listeners->len > 0)
    {
      self->error = g_error_new_literal (SMTP_ERROR, SMTP_ERROR_RUNNING, "The server listens already");
      return FALSE;
    }

  for (guint i = 0; i < self->addresses->len; i++)
    {
      const Address *address = g_ptr_array_index (self->addresses, i);

      if (!smtp_server_listen (self->server, address->text, address->kind, &self->error))
        {
          smtp_server_stop_listening (self->server);
          return FALSE;
        }
    }

  g_socket_service_start (G_SOCKET_SERVICE (self->server));
  self->listening = smtp_server_dup_listen_addresses (self->server);
  self->drained = g_signal_connect_data (self->server, "drained", G_CALLBACK (on_drained),
                                         smtp_run_ref (self), (GClosureNotify) smtp_run_unref, 0);

  return TRUE;
}

void
smtp_run_begin (SmtpRun *self)
{
  run_set_state (self, run_listen (self) ? SMTP_RUN_RUNNING : SMTP_RUN_ENDED);
}

gpointer
smtp_run_thread (gpointer data)
{
  g_autoptr (SmtpRun) self = data;

  g_main_context_push_thread_default (self->context);
  smtp_run_begin (self);
  if (smtp_run_is (self, SMTP_RUN_RUNNING))
    g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

gboolean
smtp_run_is_in_use (SmtpRun *self)
{
  gboolean in_use;

  g_mutex_lock (&self->lock);
  in_use = self->state != SMTP_RUN_ENDED && !self->stopping;
  g_mutex_unlock (&self->lock);

  return in_use;
}

void
smtp_run_wait_started (SmtpRun *self)
{
  g_mutex_lock (&self->lock);
  while (self->state == SMTP_RUN_STARTING)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}
