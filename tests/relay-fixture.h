/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server that relays to a RawUpstream. */

#pragma once

#include "handler-fixture.h"
#include "raw-upstream.h"

typedef struct
{
  Fixture front;
  RawUpstream upstream;
  SmtpRelayHandler *relay;
} RelayFixture;

static void
relay_set_up (RelayFixture  *self,
              gconstpointer  data)
{
  set_up (&self->front, NULL);
  raw_upstream_start (&self->upstream);
  smtp_server_set_hostname (self->front.server, "front.example");
  self->relay = SMTP_RELAY_HANDLER (smtp_relay_handler_new (self->upstream.address));
  smtp_server_add_handler (self->front.server, SMTP_HANDLER (self->relay));
  g_object_unref (self->relay);
}

static void
relay_tear_down (RelayFixture  *self,
                 gconstpointer  data)
{
  tear_down (&self->front, NULL);
  raw_upstream_wait_until_closed (&self->upstream);
  raw_upstream_stop (&self->upstream);
}

/* A client's script runs in a thread, the server here. */

typedef void (*Script) (Client   *client,
                        gpointer  data);

typedef struct
{
  const char *host_and_port;
  Script script;
  gpointer data;
  gint running;
} Play;

static gpointer
relay_play (gpointer data)
{
  Play *self = data;
  Client *client = client_new (self->host_and_port);

  self->script (client, self->data);
  client_free (client);
  g_atomic_int_set (&self->running, FALSE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static void
relay_run (RelayFixture *self,
           Script        script,
           gpointer      data)
{
  Play play = { self->front.host_and_port, script, data, TRUE };
  GThread *thread = g_thread_new ("client", relay_play, &play);

  while (g_atomic_int_get (&play.running) || smtp_server_get_n_sessions (self->front.server) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
}

/* @data behind the trace field, or as it is if there is none. */
static const char *
skip_trace (const char *data,
            gsize      *size)
{
  const char *p = data;

  if (!g_str_has_prefix (p, "Received: "))
    return p;

  do
    p = strstr (p, "\r\n") + 2;
  while (p < data + *size && *p == '\t');
  *size -= p - data;

  return p;
}

static void
assert_message (RelayFixture *self,
                guint         index,
                const char   *expected,
                gsize         length)
{
  GBytes *bytes;
  const char *data;
  gsize size;

  g_assert_cmpuint (self->upstream.messages->len, >, index);
  bytes = g_ptr_array_index (self->upstream.messages, index);
  data = g_bytes_get_data (bytes, &size);
  g_assert_nonnull (data);
  data = skip_trace (data, &size);
  g_assert_cmpmem (data, size, expected, length);
}

/* Of the commands that the upstream got, those that were for a transaction. */
G_GNUC_UNUSED static char *
get_commands (RelayFixture *self)
{
  g_auto (GStrv) lines = g_strsplit (self->upstream.transcript->str, "\n", -1);
  GString *commands = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      if (!g_str_has_prefix (lines[i], "EHLO") && !g_str_equal (lines[i], "QUIT"))
        g_string_append_printf (commands, "%s%s", commands->len > 0 ? ";" : "", lines[i]);
    }

  return g_string_free (commands, FALSE);
}
