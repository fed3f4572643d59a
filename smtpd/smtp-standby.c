/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-standby.h"

struct _SmtpStandby
{
  GSocketService *service;  /* not owned: the service owns its standby */
  GMainContext *context;
};

static void
begin_accept (GSocketService *service)
{
  GSocketListenerClass *klass = g_type_class_peek (G_TYPE_SOCKET_SERVICE);

  /* To one that is active, that is what add_socket() would do. */
  if (g_socket_service_is_active (service))
    klass->changed (G_SOCKET_LISTENER (service));
  else
    g_socket_service_start (service);
}

/* Without a name and a peer it never has anything to read. */
static gboolean
add_deaf_socket (GSocketService  *service,
                 GError         **error)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);

  return socket != NULL &&
         g_socket_listener_add_socket (G_SOCKET_LISTENER (service), socket, NULL, error);
}

SmtpStandby *
smtp_standby_new (GSocketService *service)
{
  gboolean active = g_socket_service_is_active (service);
  g_autoptr (GError) error = NULL;
  SmtpStandby *self = g_new0 (SmtpStandby, 1);

  self->service = service;
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  if (add_deaf_socket (service, &error))
    begin_accept (service);
  g_main_context_pop_thread_default (self->context);

  if (!active)
    g_socket_service_stop (service);

  if (error != NULL)
    {
      g_main_context_unref (self->context);
      g_free (self);
      return NULL;
    }

  /* The accept holds one, which would keep the service alive for good. */
  g_object_unref (service);

  return self;
}

void
smtp_standby_end (SmtpStandby *self)
{
  g_autoptr (GSocketService) service = self->service;
  gboolean active = g_socket_service_is_active (service);

  g_object_ref (service);   /* that of the accept */
  g_object_ref (service);   /* that of this function */
  g_object_freeze_notify (G_OBJECT (service));

  /* Cancels the accept. While active the service would begin the next one here, too. */
  g_socket_service_stop (service);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  if (active)
    g_socket_service_start (service);

  g_object_thaw_notify (G_OBJECT (service));
  g_main_context_unref (self->context);
  g_free (self);
}
