/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names of clients, with a DNS of our own. */

#include "edge-fixture.h"

/* The DNS */

typedef struct
{
  GResolver parent;
  const char *name;         /* of every address, NULL: none */
  const char *address;      /* of every name, NULL: none */
  gboolean silent;          /* asked for a name, it never answers */
  gboolean silent_forward;
  guint asked;
  guint asked_forward;
  GPtrArray *waiting;       /* GTask, those that are not answered */
} Dns;

typedef struct { GResolverClass parent; } DnsClass;

GType dns_get_type (void);
G_DEFINE_TYPE (Dns, dns, G_TYPE_RESOLVER)

static void
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  Dns *self = (Dns *) g_task_get_source_object (data);

  g_task_return_error_if_cancelled (data);
  g_ptr_array_remove (self->waiting, data);
}

/* Until somebody has had enough of it. */
static void
wait_for_ever (Dns   *self,
               GTask *task)
{
  g_ptr_array_add (self->waiting, g_object_ref (task));
  g_cancellable_connect (g_task_get_cancellable (task), G_CALLBACK (on_cancelled), task, NULL);
}

static void
dns_lookup_by_address_async (GResolver           *resolver,
                             GInetAddress        *address,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             data)
{
  Dns *self = (Dns *) resolver;
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, data);

  self->asked++;
  if (self->silent)
    wait_for_ever (self, task);
  else if (self->name != NULL)
    g_task_return_pointer (task, g_strdup (self->name), g_free);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "none");
}

static char *
dns_lookup_by_address_finish (GResolver     *resolver,
                              GAsyncResult  *result,
                              GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
free_addresses (gpointer data)
{
  g_resolver_free_addresses (data);
}

static void
dns_lookup_by_name_async (GResolver           *resolver,
                          const char          *name,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             data)
{
  Dns *self = (Dns *) resolver;
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, data);
  GList *addresses = g_list_prepend (NULL, g_inet_address_new_from_string ("192.0.2.99"));

  self->asked_forward++;
  if (self->silent_forward)
    wait_for_ever (self, task);
  else if (self->address != NULL)
    {
      addresses = g_list_append (addresses, g_inet_address_new_from_string (self->address));
      g_task_return_pointer (task, g_steal_pointer (&addresses), free_addresses);
    }
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "none");
  g_resolver_free_addresses (addresses);
}

static GList *
dns_lookup_by_name_finish (GResolver     *resolver,
                           GAsyncResult  *result,
                           GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dns_finalize (GObject *object)
{
  g_ptr_array_unref (((Dns *) object)->waiting);

  G_OBJECT_CLASS (dns_parent_class)->finalize (object);
}

static void
dns_class_init (DnsClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dns_finalize;
  resolver_class->lookup_by_address_async = dns_lookup_by_address_async;
  resolver_class->lookup_by_address_finish = dns_lookup_by_address_finish;
  resolver_class->lookup_by_name_async = dns_lookup_by_name_async;
  resolver_class->lookup_by_name_finish = dns_lookup_by_name_finish;
}

static void
dns_init (Dns *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

/* The server */

typedef struct
{
  EdgeFixture edge;
  Dns *dns;
  GResolver *real;
  guint connected;
  guint disconnected;
  char *name;
} Fixture;

static SmtpVerdict
on_connect (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Fixture      *self)
{
  self->connected++;
  g_free (self->name);
  self->name = g_strdup (smtp_session_get_peer_name (session));

  return SMTP_VERDICT_CONTINUE;
}

static void
on_disconnect (SmtpServer  *server,
               SmtpSession *session,
               Fixture     *self)
{
  self->disconnected++;
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->real = g_resolver_get_default ();
  self->dns = g_object_new (dns_get_type (), NULL);
  g_resolver_set_default (G_RESOLVER (self->dns));
  edge_set_up (&self->edge, NULL);
  smtp_server_set_resolve_peers (self->edge.server, TRUE);
  g_signal_connect (self->edge.server, "handle-connect", G_CALLBACK (on_connect), self);
  g_signal_connect (self->edge.server, "handle-disconnect", G_CALLBACK (on_disconnect), self);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  edge_tear_down (&self->edge, NULL);
  /* What was cancelled tells so. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_resolver_set_default (self->real);
  g_object_unref (self->real);
  g_assert_finalize_object (self->dns);
  g_clear_pointer (&self->name, g_free);
}

static void
test_names (Fixture       *self,
            gconstpointer  data)
{
  static const struct
  {
    const char *name;
    const char *address;
    const char *found;
  } cases[] =
  {
    { "client.example.org", "127.0.0.1", "client.example.org" },
    { "client.example.org.", "127.0.0.1", "client.example.org" },
    /* Anybody may call their address so. */
    { "bank.example.org", "192.0.2.1", NULL },
    { "client.example.org", NULL, NULL },
    { NULL, "127.0.0.1", NULL },
    { "", "127.0.0.1", NULL },
    { ".", "127.0.0.1", NULL },
    { "a\r\nX: y", "127.0.0.1", NULL },
    { "a b", "127.0.0.1", NULL },
    { "\033[31m", "127.0.0.1", NULL },
    { "[127.0.0.1]", "127.0.0.1", NULL },
    { "\xff\xfe", "127.0.0.1", NULL },
    { "\u202eclient.example.org", "127.0.0.1", NULL },
    { "client\xc2\x9b" "2J.example.org", "127.0.0.1", NULL },
    { "a\nb", "127.0.0.1", NULL },
    { "%n%s%p", "127.0.0.1", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (EdgeClient) client = NULL;

      self->dns->name = cases[i].name;
      self->dns->address = cases[i].address;
      client = edge_greet (&self->edge);
      g_assert_cmpstr (self->name, ==, cases[i].found);
      g_assert_cmpuint (self->connected, ==, i + 1);
    }
}

static void
test_off (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr (EdgeClient) client = NULL;

  smtp_server_set_resolve_peers (self->edge.server, FALSE);
  self->dns->name = "client.example.org";
  self->dns->address = "127.0.0.1";
  client = edge_greet (&self->edge);
  g_assert_null (self->name);
  g_assert_cmpuint (self->dns->asked, ==, 0);
}

/* A DNS that never answers holds up nobody for long, and nobody else at all. */
static void
test_timeout (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr (EdgeClient) other = NULL;
  g_autoptr (EdgeClient) slow = NULL;
  gint64 begin;

  self->dns->name = "client.example.org";
  self->dns->address = "127.0.0.1";
  other = edge_greet (&self->edge);
  g_assert_cmpuint (smtp_server_get_resolve_timeout (self->edge.server), ==, 1500);
  smtp_server_set_resolve_timeout (self->edge.server, 500);
  self->dns->silent = TRUE;
  begin = g_get_monotonic_time ();
  slow = edge_connect (&self->edge);
  edge_wait_for (self->dns->asked == 2);
  edge_say (other, "NOOP\r\n", "250");
  g_assert_cmpuint (self->connected, ==, 1);
  edge_expect (slow, "220");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 400000);
  g_assert_null (self->name);
  edge_say (slow, "EHLO a.example.org\r\n", "250");
}

static void
test_timeout_forward (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr (EdgeClient) slow = NULL;

  smtp_server_set_resolve_timeout (self->edge.server, 100);
  self->dns->name = "client.example.org";
  self->dns->silent_forward = TRUE;
  slow = edge_connect (&self->edge);
  edge_expect (slow, "220");
  g_assert_cmpuint (self->dns->asked_forward, ==, 1);
  g_assert_null (self->name);
}

/* It may leave, or speak before its turn, meanwhile. */
static void
test_impatient (Fixture       *self,
                gconstpointer  data)
{
  EdgeClient *gone;
  g_autoptr (EdgeClient) early = NULL;

  smtp_server_set_resolve_timeout (self->edge.server, 0);
  self->dns->silent = TRUE;
  gone = edge_connect (&self->edge);
  edge_wait_for (self->dns->asked == 1);
  edge_client_free (gone);
  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 0);
  g_assert_cmpuint (self->connected, ==, 0);
  g_assert_cmpuint (self->disconnected, ==, 0);

  smtp_server_set_resolve_timeout (self->edge.server, 200);
  early = edge_connect (&self->edge);
  edge_send (early, "EHLO a.example.org\r\nQUIT\r\n");
  edge_expect (early, "220");
  edge_expect (early, "250");
  edge_expect (early, "221");
}

/* Only so many are looked up at once; the others are served without a name. */
static void
test_many (Fixture       *self,
           gconstpointer  data)
{
  EdgeClient *waiting[64];
  g_autoptr (EdgeClient) unnamed = NULL;

  smtp_server_set_resolve_timeout (self->edge.server, 0);
  self->dns->silent = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    waiting[i] = edge_connect (&self->edge);
  edge_wait_for (self->dns->asked == G_N_ELEMENTS (waiting));
  unnamed = edge_greet (&self->edge);
  g_assert_cmpuint (self->dns->asked, ==, G_N_ELEMENTS (waiting));

  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    edge_client_free (waiting[i]);
  edge_wait_for (smtp_server_get_n_sessions (self->edge.server) == 1);
  self->dns->silent = FALSE;
  self->dns->name = "client.example.org";
  self->dns->address = "127.0.0.1";
  {
    g_autoptr (EdgeClient) named = edge_greet (&self->edge);

    g_assert_cmpstr (self->name, ==, "client.example.org");
  }
}

/* The server ends while names are looked up. */
static void
test_end (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr (EdgeClient) waiting = NULL;

  smtp_server_set_resolve_timeout (self->edge.server, 0);
  self->dns->silent = TRUE;
  waiting = edge_connect (&self->edge);
  edge_wait_for (self->dns->asked == 1);
}

/* The client that a proxy speaks for is the one that is looked up. */
static void
test_proxied (Fixture       *self,
              gconstpointer  data)
{
  static const char * const networks[] = { "127.0.0.0/8", NULL };
  g_auto (GStrv) addresses = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (EdgeClient) client = NULL;

  smtp_server_set_proxy_networks (self->edge.server, networks);
  smtp_server_listen (self->edge.server, "127.0.0.1:0", SMTP_LISTENER_KIND_PROXY_SMTP, &error);
  g_assert_no_error (error);
  addresses = smtp_server_dup_listen_addresses (self->edge.server);
  self->edge.port = (guint16) g_ascii_strtoull (strrchr (addresses[1], ':') + 1, NULL, 10);

  self->dns->name = "client.example.org";
  self->dns->address = "192.0.2.1";
  client = edge_connect (&self->edge);
  edge_say (client, "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n", "220");
  g_assert_cmpstr (self->name, ==, "client.example.org");
}

#define ADD(path, func) g_test_add ("/peer-name/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("names", test_names);
  ADD ("off", test_off);
  ADD ("timeout", test_timeout);
  ADD ("timeout-forward", test_timeout_forward);
  ADD ("impatient", test_impatient);
  ADD ("many", test_many);
  ADD ("end", test_end);
  ADD ("proxied", test_proxied);

  return g_test_run ();
}
