/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each property is what its functions say: the default, what is set by one or by the other, and told of once when it
 * changes and not when it does not. The functions are found by their names, as bindings do it. */

#include <dlfcn.h>
#include <string.h>

#include <glib/gstdio.h>
#include <smtpd/smtpd.h>

#include "edge-fixture.h"

typedef void (*Function) (void);

/* "smtp_server_get_max_hops" of SmtpServer:max-hops; NULL if there is none. */
static Function
find_function (GParamSpec *pspec,
               const char *verb)
{
  g_autoptr (GString) name = g_string_new (NULL);
  Function function = NULL;
  void *symbol;

  for (const char *p = g_type_name (pspec->owner_type); *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && name->len > 0)
        g_string_append_c (name, '_');
      g_string_append_c (name, g_ascii_tolower (*p));
    }
  g_string_append_printf (name, "_%s_%s", verb, pspec->name);
  g_strdelimit (name->str, "-", '_');
  symbol = dlsym (NULL, name->str);
  memcpy (&function, &symbol, sizeof function);

  return function;
}

#define CALL_GET(type, function, object) (((type (*) (gpointer)) (function)) (object))
#define CALL_SET(type, function, object, value) (((void (*) (gpointer, type)) (function)) (object, value))

/* What the function returns. FALSE: nothing that could be compared. */
static gboolean
get_by_function (GObject    *object,
                 GParamSpec *pspec,
                 GValue     *value)
{
  Function get = find_function (pspec, "get");

  if (get == NULL)
    return FALSE;

  g_value_init (value, pspec->value_type);
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_value_set_boolean (value, CALL_GET (gboolean, get, object));
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    g_value_set_uint (value, CALL_GET (guint, get, object));
  else if (G_IS_PARAM_SPEC_INT (pspec))
    g_value_set_int (value, CALL_GET (int, get, object));
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    g_value_set_uint64 (value, CALL_GET (guint64, get, object));
  else if (G_IS_PARAM_SPEC_INT64 (pspec))
    g_value_set_int64 (value, CALL_GET (gint64, get, object));
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    g_value_set_enum (value, CALL_GET (int, get, object));
  else if (G_IS_PARAM_SPEC_FLAGS (pspec))
    g_value_set_flags (value, CALL_GET (guint, get, object));
  else if (G_IS_PARAM_SPEC_STRING (pspec))
    g_value_set_string (value, CALL_GET (const char *, get, object));
  else if (G_IS_PARAM_SPEC_OBJECT (pspec))
    g_value_set_object (value, CALL_GET (gpointer, get, object));
  else
    g_value_unset (value);

  return G_IS_VALUE (value);
}

static void
assert_same (GParamSpec   *pspec,
             const GValue *a,
             const GValue *b)
{
  g_autofree char *left = g_strdup_value_contents (a);
  g_autofree char *right = g_strdup_value_contents (b);

  if (g_param_values_cmp (pspec, a, b) != 0)
    g_error ("%s:%s: %s, and %s", g_type_name (pspec->owner_type), pspec->name, left, right);
}

/* That property and function agree. */
static void
assert_agreed (GObject    *object,
               GParamSpec *pspec)
{
  g_auto (GValue) property = G_VALUE_INIT;
  g_auto (GValue) function = G_VALUE_INIT;

  g_value_init (&property, pspec->value_type);
  g_object_get_property (object, pspec->name, &property);
  if (get_by_function (object, pspec, &function))
    assert_same (pspec, &property, &function);
}

/* All that can be read of an object; returns how much that is. */
static guint
assert_all_agreed (gpointer object)
{
  guint n;
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);
  guint n_agreed = 0;

  for (guint i = 0; i < n; i++)
    {
      if (!g_str_has_prefix (g_type_name (pspecs[i]->owner_type), "Smtp") || !(pspecs[i]->flags & G_PARAM_READABLE))
        continue;
      assert_agreed (object, pspecs[i]);
      n_agreed++;
    }

  return n_agreed;
}

/* Other values */

/* FALSE if there is none that would be good for any property of that kind. */
static gboolean
make_other (GParamSpec *pspec,
            GValue     *value)
{
  g_value_init (value, pspec->value_type);
  g_param_value_set_default (pspec, value);
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_value_set_boolean (value, !g_value_get_boolean (value));
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    g_value_set_uint (value, g_value_get_uint (value) == G_PARAM_SPEC_UINT (pspec)->maximum
                             ? G_PARAM_SPEC_UINT (pspec)->minimum : G_PARAM_SPEC_UINT (pspec)->maximum);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    g_value_set_uint64 (value, G_PARAM_SPEC_UINT64 (pspec)->maximum - 1);
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    {
      GEnumClass *values = G_PARAM_SPEC_ENUM (pspec)->enum_class;
      guint i = values->values[0].value == G_PARAM_SPEC_ENUM (pspec)->default_value;

      g_value_set_enum (value, values->values[i].value);
    }
  else if (G_IS_PARAM_SPEC_STRING (pspec))
    /* A status code, a message's id; or a name, a path, a text. */
    g_value_set_static_string (value, strcmp (pspec->name, "code") == 0 ? "5.9.9"
                                      : strcmp (pspec->name, "message-id") == 0 ? "<other@example.org>"
                                      : "other.example.org");
  else
    g_value_unset (value);

  return G_IS_VALUE (value);
}

static void
set_by_function (GObject      *object,
                 GParamSpec   *pspec,
                 const GValue *value)
{
  Function set = find_function (pspec, "set");

  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    CALL_SET (gboolean, set, object, g_value_get_boolean (value));
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    CALL_SET (guint, set, object, g_value_get_uint (value));
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    CALL_SET (guint64, set, object, g_value_get_uint64 (value));
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    CALL_SET (int, set, object, g_value_get_enum (value));
  else
    CALL_SET (const char *, set, object, g_value_get_string (value));
}

static void
count (GObject    *object,
       GParamSpec *pspec,
       guint      *n)
{
  (*n)++;
}

/* There and back again: by the function, then by the property. */
static void
check_property (GObject    *object,
                GParamSpec *pspec)
{
  g_auto (GValue) before = G_VALUE_INIT;
  g_auto (GValue) other = G_VALUE_INIT;
  g_auto (GValue) after = G_VALUE_INIT;
  g_autofree char *signal = g_strconcat ("notify::", pspec->name, NULL);
  guint n = 0;

  g_value_init (&before, pspec->value_type);
  g_value_init (&after, pspec->value_type);
  g_object_get_property (object, pspec->name, &before);
  assert_agreed (object, pspec);
  if ((find_function (pspec, "get") == NULL && find_function (pspec, "dup") == NULL) || find_function (pspec, "set") == NULL)
    g_error ("%s:%s has no functions", g_type_name (pspec->owner_type), pspec->name);
  if (!make_other (pspec, &other))
    return;
  if (!G_IS_PARAM_SPEC_STRING (pspec))
    g_assert_true (g_param_value_defaults (pspec, &before));

  g_signal_connect (object, signal, G_CALLBACK (count), &n);
  set_by_function (object, pspec, &other);
  g_object_get_property (object, pspec->name, &after);
  assert_same (pspec, &after, &other);
  assert_agreed (object, pspec);
  g_assert_cmpuint (n, ==, 1);
  set_by_function (object, pspec, &other);
  g_object_set_property (object, pspec->name, &other);
  g_assert_cmpuint (n, ==, 1);

  g_object_set_property (object, pspec->name, &before);
  g_object_get_property (object, pspec->name, &after);
  assert_same (pspec, &after, &before);
  assert_agreed (object, pspec);
  g_assert_cmpuint (n, ==, 2);
  g_signal_handlers_disconnect_by_func (object, count, &n);
}

static void
check_object (GObject *object,
              guint    n_expected)
{
  guint n, n_checked = 0;
  g_autofree GParamSpec **pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n);

  for (guint i = 0; i < n; i++)
    {
      gboolean is_settable = (pspecs[i]->flags & (G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY)) == G_PARAM_WRITABLE;

      if (!g_str_has_prefix (g_type_name (pspecs[i]->owner_type), "Smtp"))
        continue;
      if (is_settable && (pspecs[i]->flags & G_PARAM_READABLE))
        check_property (object, pspecs[i]);
      else if (pspecs[i]->flags & G_PARAM_READABLE)
        assert_agreed (object, pspecs[i]);
      n_checked++;
    }
  g_assert_cmpuint (n_checked, >=, n_expected);
}

static void
test_server (void)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();

  check_object (G_OBJECT (server), 50);
}

static void
test_tls_context (void)
{
  g_autoptr (SmtpTlsContext) context = g_object_new (SMTP_TYPE_TLS_CONTEXT, NULL);

  check_object (G_OBJECT (context), 5);
}

static void
test_controller (void)
{
  g_autoptr (SmtpServer) server = smtp_server_new ();
  g_autoptr (SmtpController) controller = smtp_controller_new (server);

  check_object (G_OBJECT (controller), 3);
}

static void
test_handlers (void)
{
  g_autofree char *directory = g_dir_make_tmp ("properties-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "file", NULL);
  g_autoptr (SmtpHandler) maildir = smtp_maildir_handler_new (path);
  g_autoptr (SmtpHandler) mbox = smtp_mbox_handler_new (path);
  g_autoptr (SmtpHandler) auth_file = NULL;
  g_autoptr (SmtpHandler) relay = smtp_relay_handler_new ("127.0.0.1:1");

  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  auth_file = smtp_auth_file_handler_new (path, &error);
  g_assert_no_error (error);
  check_object (G_OBJECT (maildir), 2);
  check_object (G_OBJECT (mbox), 2);
  check_object (G_OBJECT (auth_file), 3);
  check_object (G_OBJECT (relay), 8);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_reports (void)
{
  g_autoptr (SmtpAddress) address = smtp_address_new ("a@example.org", NULL);
  g_autoptr (SmtpDeliveryStatus) status = smtp_delivery_status_new (address, SMTP_DELIVERY_ACTION_FAILED, "5.0.0");
  g_autoptr (SmtpDeliveryReport) report = smtp_delivery_report_new ("mx.example.org", address);

  check_object (G_OBJECT (status), 10);
  check_object (G_OBJECT (report), 13);
}

/* What there is in the course of a session */

typedef struct
{
  EdgeFixture edge;
  guint n;
} Fixture;

static void
look (Fixture      *self,
      SmtpSession  *session,
      SmtpEnvelope *envelope,
      SmtpRequest  *request)
{
  gpointer objects[] = { session, envelope, request, smtp_session_get_proxy_info (session), smtp_session_get_xclient (session),
                         smtp_session_get_xforward (session), smtp_session_get_tls_info (session) };
  g_autoptr (GPtrArray) recipients = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      if (objects[i] != NULL)
        self->n += assert_all_agreed (objects[i]);
    }
  recipients = envelope != NULL ? smtp_envelope_get_recipients (envelope) : g_ptr_array_new ();
  for (guint i = 0; i < recipients->len; i++)
    self->n += assert_all_agreed (g_ptr_array_index (recipients, i));
}

static SmtpVerdict
on_request (SmtpServer   *server,
            SmtpSession  *session,
            SmtpEnvelope *envelope,
            SmtpRequest  *request,
            Fixture      *self)
{
  look (self, session, envelope, request);

  return SMTP_VERDICT_CONTINUE;
}

static SmtpVerdict
on_proxy (SmtpServer    *server,
          SmtpSession   *session,
          SmtpEnvelope  *envelope,
          SmtpRequest   *request,
          SmtpProxyInfo *info,
          Fixture       *self)
{
  return on_request (server, session, envelope, request, self);
}

static SmtpVerdict
on_auth (SmtpServer      *server,
         SmtpSession     *session,
         SmtpEnvelope    *envelope,
         SmtpRequest     *request,
         SmtpCredentials *credentials,
         Fixture         *self)
{
  look (self, session, envelope, request);
  self->n += assert_all_agreed (credentials);
  smtp_request_reply (request, 235, NULL);

  return SMTP_VERDICT_HANDLED;
}

static void
test_session (void)
{
  static const char * const networks[] = { "127.0.0.0/8", NULL };
  static const char * const extensions[] = { "DSN", "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "RRVS", "NO-SOLICITING" };
  Fixture fixture = { 0 };
  g_autoptr (EdgeClient) client = NULL;

  edge_set_up (&fixture.edge, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    smtp_server_set_extension_enabled (fixture.edge.server, extensions[i], TRUE);
  smtp_server_set_proxy_networks (fixture.edge.server, networks);
  smtp_server_set_xforward_networks (fixture.edge.server, (const char * const[]) { "192.0.2.1", NULL });
  smtp_server_set_auth_requires_tls (fixture.edge.server, FALSE);
  smtp_server_set_auth_mechanisms (fixture.edge.server, (const char * const[]) { "PLAIN", NULL });
  g_signal_connect (fixture.edge.server, "handle-connect", G_CALLBACK (on_request), &fixture);
  g_signal_connect (fixture.edge.server, "handle-proxy", G_CALLBACK (on_proxy), &fixture);
  g_signal_connect (fixture.edge.server, "handle-auth", G_CALLBACK (on_auth), &fixture);
  g_signal_connect (fixture.edge.server, "handle-data", G_CALLBACK (on_request), &fixture);
  /* In front of who takes it. */
  g_signal_handlers_disconnect_by_func (fixture.edge.server, edge_take, &fixture.edge);
  g_signal_connect (fixture.edge.server, "handle-data", G_CALLBACK (edge_take), &fixture.edge);

  edge_listen_for (&fixture.edge, SMTP_LISTENER_KIND_PROXY_SMTP);
  client = edge_connect (&fixture.edge);
  edge_send (client, "PROXY TCP4 192.0.2.1 198.51.100.2 1234 25\r\n");
  edge_expect (client, "220");
  edge_say (client, "EHLO client.example.org\r\n", "250");
  edge_say (client, "AUTH PLAIN AGpvZQBzZXNhbWU=\r\n", "235");
  edge_say (client, "XFORWARD NAME=a.example ADDR=192.0.2.9 PROTO=ESMTP HELO=a IDENT=x\r\n", "250");
  edge_say (client, "MAIL FROM:<a@example.org> SIZE=3 BODY=8BITMIME RET=HDRS ENVID=x BY=60;NT MT-PRIORITY=3 HOLDFOR=60 "
                    "SOLICIT=org.example:A AUTH=<>\r\n", "250");
  edge_say (client, "RCPT TO:<b@example.org> NOTIFY=DELAY ORCPT=rfc822;b RRVS=2014-04-03T23:01:00Z;R\r\n", "250");
  edge_say (client, "DATA\r\n", "354");
  edge_say (client, "x\r\n.\r\n", "250");
  edge_say (client, "QUIT\r\n", "221");
  g_clear_pointer (&client, edge_client_free);
  edge_wait_for (smtp_server_get_n_sessions (fixture.edge.server) == 0);
  g_assert_cmpuint (fixture.edge.taken, ==, 1);
  /* The session four times, the rest as often as it was there. */
  g_assert_cmpuint (fixture.n, >, 150);
  edge_tear_down (&fixture.edge, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/properties/server", test_server);
  g_test_add_func ("/properties/tls-context", test_tls_context);
  g_test_add_func ("/properties/controller", test_controller);
  g_test_add_func ("/properties/handlers", test_handlers);
  g_test_add_func ("/properties/reports", test_reports);
  g_test_add_func ("/properties/session", test_session);

  return g_test_run ();
}
