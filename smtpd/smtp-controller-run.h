/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "smtp-server.h"

G_BEGIN_DECLS

/*
 * SmtpRun: a server from its start to its end, for the controller. It is started in the thread that
 * is to be the server's, and asked for its end from any thread; it outlives its controller if
 * nobody waits for that.
 */
typedef enum
{
  SMTP_RUN_STARTING,
  SMTP_RUN_RUNNING,
  SMTP_RUN_ENDED
} SmtpRunState;

typedef struct
{
  SmtpServer   *server;
  GMainContext *context;
  GMainLoop    *loop;        /* NULL: it is somebody else's */
  GPtrArray    *addresses;   /* of smtp_run_addresses_new() */
  guint         drain_time;
  gulong        drained;     /* a signal handler */

  GMutex        lock;        /* of what follows */
  GCond         changed;
  SmtpRunState  state;
  gboolean      stopping;
  GSource      *stop;        /* the order to drain, on its way */
  char        **listening;
  GError       *error;
} SmtpRun;

/* @others, which are left as they are, and one more. */
GPtrArray *smtp_run_addresses_new (GPtrArray        *others,
                                   const char       *text,
                                   SmtpListenerKind  kind);

/* With a thread of its own, it needs a loop. */
SmtpRun   *smtp_run_new           (SmtpServer       *server,
                                   GMainContext     *context,
                                   gboolean          with_loop,
                                   GPtrArray        *addresses,
                                   guint             drain_time);
SmtpRun   *smtp_run_ref           (SmtpRun          *self);
void       smtp_run_unref         (SmtpRun          *self);

/* In the context that is to be the server's. It has ended at once, with an error, if the server
 * cannot listen. */
void       smtp_run_begin         (SmtpRun          *self);
/* For a thread; takes a reference over. */
gpointer   smtp_run_thread        (gpointer          self);

/* Asks for the end, from any thread, and does not wait for it. */
void       smtp_run_stop          (SmtpRun          *self);

gboolean   smtp_run_is            (SmtpRun          *self,
                                   SmtpRunState      state);
/* Neither has it ended nor is it asked to. */
gboolean   smtp_run_is_in_use     (SmtpRun          *self);
/* Until clients can connect, or there is an error. */
void       smtp_run_wait_started  (SmtpRun          *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpRun, smtp_run_unref)

G_END_DECLS
