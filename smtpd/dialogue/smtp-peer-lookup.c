/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-peer-lookup.h"

#include <string.h>

#include "wire/smtp-path-parser.h"

struct _SmtpPeerLookup
{
  GMainContext *context;
  GResolver *resolver;
  GInetAddress *address;
  GCancellable *cancellable;
  SmtpPeerLookupFunc func;   /* NULL once it is cancelled */
  gpointer data;
  char *name;                /* to be confirmed */
};

static void
peer_lookup_free (SmtpPeerLookup *self)
{
  g_main_context_unref (self->context);
  g_object_unref (self->resolver);
  g_object_unref (self->address);
  g_object_unref (self->cancellable);
  g_free (self->name);
  g_free (self);
}

static void
end (SmtpPeerLookup *self,
     const char     *name)
{
  if (self->func != NULL)
    self->func (self->data, name);
  peer_lookup_free (self);
}

static gboolean
has_address (GList        *addresses,
             GInetAddress *address)
{
  for (GList *link = addresses; link != NULL; link = link->next)
    {
      if (g_inet_address_equal (link->data, address))
        return TRUE;
    }

  return FALSE;
}

static void
on_addresses (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  SmtpPeerLookup *self = data;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, NULL);
  gboolean confirmed = has_address (addresses, self->address);

  g_resolver_free_addresses (addresses);
  end (self, confirmed ? self->name : NULL);
}

/* Whoever has the zone may write into it what they like. */
static gboolean
take_name (SmtpPeerLookup *self,
           char           *name)
{
  gsize length = name != NULL ? strlen (name) : 0;

  self->name = name;
  if (length > 0 && name[length - 1] == '.')
    name[--length] = '\0';

  return length > 0 && name[0] != '[' && smtp_helo_name_is_valid (name, length);
}

static void
on_name (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  SmtpPeerLookup *self = data;
  gboolean is_good = take_name (self, g_resolver_lookup_by_address_finish (G_RESOLVER (source), result, NULL));

  if (!is_good || self->func == NULL)
    {
      end (self, NULL);
      return;
    }

  g_main_context_push_thread_default (self->context);
  g_resolver_lookup_by_name_async (self->resolver, self->name, self->cancellable, on_addresses, self);
  g_main_context_pop_thread_default (self->context);
}

SmtpPeerLookup *
smtp_peer_lookup_new (GMainContext       *context,
                      GInetAddress       *address,
                      SmtpPeerLookupFunc  func,
                      gpointer            data)
{
  SmtpPeerLookup *self = g_new0 (SmtpPeerLookup, 1);

  self->context = g_main_context_ref (context);
  self->resolver = g_resolver_get_default ();
  self->address = g_object_ref (address);
  self->cancellable = g_cancellable_new ();
  self->func = func;
  self->data = data;

  /* The server's context is the thread's default one where it listens, but need not be where it runs. */
  g_main_context_push_thread_default (context);
  g_resolver_lookup_by_address_async (self->resolver, address, self->cancellable, on_name, self);
  g_main_context_pop_thread_default (context);

  return self;
}

void
smtp_peer_lookup_cancel (SmtpPeerLookup *self)
{
  self->func = NULL;
  g_cancellable_cancel (self->cancellable);
}
