/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-connection.h"

#include <string.h>

#include "smtp-arrival.h"
#include "smtp-dialogue.h"
#include "smtp-listener.h"
#include "smtp-outbox.h"
#include "smtp-proxy-reader.h"
#include "smtp-events.h"
#include "smtp-secret-private.h"
#include "smtp-session-private.h"
#include "smtp-tls-info-private.h"
#include "transport/smtp-tls-transport.h"

/* How many commands, or pieces of text, before others get their turn. */
#define BUDGET 64

/* How much is read at once: of commands, because what a held command leaves unread must be
 * kept, and of text, which is not kept. The latter is the scratch buffer's size. */
#define COMMAND_READ 16384

/* While a command is held, reading goes on up to here, to see whether the client leaves. */
#define HELD_MAX 16384

/* After the last word the client has some time to read it and to close, RFC 1122 section 4.2.2.13:
 * closing with unread input makes a reset of it, which may overtake the word. So much of a server that
 * wants to come to rest, at most. */
#define SHORT_LINGER_TIME G_USEC_PER_SEC

/* When a time is over while a hook runs, so long until the next look. */
#define NESTED_WAIT (G_USEC_PER_SEC / 10)

struct _SmtpConnection
{
  SmtpServer *server;    /* not owned: the server destroys its connections */
  SmtpPoller *poller;
  SmtpTransport *transport;
  SmtpDialogue *dialogue;
  SmtpSession *session;
  SmtpClient *client;    /* the server's count of it, or NULL */
  SmtpTimer timer;

  /* Input that waits. */
  char *input;
  gsize input_size;

  SmtpOutbox outbox;

  guint busy : 1;        /* inside pump() */
  guint doomed : 1;      /* destroyed inside pump() */
  guint ended : 1;       /* the client sends no more */
  guint lost : 1;        /* nothing gets through any more */
  guint over : 1;        /* the dialogue is */
  guint lingering : 1;
  guint wants_tls : 1;   /* when all is said in clear */
  guint tls_first : 1;   /* nothing is read before it but a PROXY header */
  guint wants_proxy : 1; /* the header is to come */
  guint shaking : 1;     /* the handshake is under way */
  guint draining : 1;    /* the next pause is the end */
};

static void on_transport (SmtpTransport       *transport,
                          SmtpTransportEvents  events,
                          gpointer             data);

/* Buffers */

static void
keep_input (SmtpConnection *self,
            const char     *data,
            gsize           size)
{
  /* It may have been the beginning of a password. */
  if (self->input != NULL)
    smtp_secret_wipe (self->input, self->input_size);
  g_clear_pointer (&self->input, g_free);
  self->input = size > 0 ? g_memdup2 (data, size) : NULL;
  self->input_size = size;
}

static void
write_output (gpointer    data,
              const char *octets,
              gsize       size)
{
  SmtpConnection *self = data;

  smtp_outbox_add (&self->outbox, octets, size);
}

static void
flush (SmtpConnection *self)
{
  guint seconds = self->server != NULL ? smtp_server_get_config (self->server)->edge.write_timeout : 0;
  gsize n_sent;

  if (self->lost)
    smtp_outbox_clear (&self->outbox);
  if (smtp_outbox_is_empty (&self->outbox))
    return;

  self->lost = !smtp_outbox_flush (&self->outbox, self->transport, seconds, &n_sent);
  smtp_statistics_add (self->dialogue->statistics, SMTP_COUNT_OCTETS_SENT, n_sent);
}

/* The end */

static void
smtp_connection_free (SmtpConnection *self)
{
  if (self->server != NULL)
    {
      smtp_server_release_client (self->server, self->client);
      smtp_server_remove_connection (self->server, self);
    }

  smtp_poller_disarm (self->poller, &self->timer);
  smtp_outbox_clear (&self->outbox);
  smtp_session_detach (self->session);
  smtp_dialogue_free (self->dialogue);
  smtp_transport_free (self->transport);
  g_object_unref (self->session);
  keep_input (self, NULL, 0);
  smtp_poller_unref (self->poller);
  g_free (self);
}

/* Reads what comes, for nothing, until the client has closed. FALSE when it has. */
static gboolean
drain (SmtpConnection *self)
{
  gsize size;
  char *scratch = smtp_poller_get_scratch (self->poller, &size);

  for (guint i = 0; i < BUDGET; i++)
    {
      gssize n = smtp_transport_read (self->transport, scratch, size);

      if (n == SMTP_TRANSPORT_AGAIN)
        return TRUE;
      if (n <= 0)
        return FALSE;
    }

  smtp_transport_requeue (self->transport);

  return TRUE;
}

/* TRUE when there is nothing left to wait for. */
static gboolean
wind_up (SmtpConnection *self)
{
  if (self->lost)
    return TRUE;
  if (!smtp_outbox_is_empty (&self->outbox))
    return FALSE;

  if (!self->lingering)
    {
      /* Who said QUIT, and nothing behind it, is not in the middle of anything. */
      if (self->ended || (self->dialogue->close_after && self->input_size == 0))
        return TRUE;
      self->lingering = TRUE;
      smtp_transport_shutdown_write (self->transport);
    }

  return !drain (self);
}

/* Input */

static gboolean
note_read (SmtpConnection *self,
           gssize          n,
           gsize          *kept)
{
  if (n > 0)
    {
      *kept += (gsize) n;
      smtp_statistics_add (self->dialogue->statistics, SMTP_COUNT_OCTETS_RECEIVED, n);
    }
  self->lost |= n == SMTP_TRANSPORT_ERROR;
  self->ended |= n == 0;

  return n > 0;
}

/* Reads behind the @kept octets. FALSE if there is nothing more for now. */
static gboolean
read_more (SmtpConnection *self,
           char           *buffer,
           gsize           size,
           gsize          *kept)
{
  if (self->ended || *kept >= size)
    return FALSE;

  return note_read (self, smtp_transport_read (self->transport, buffer + *kept, size - *kept), kept);
}

/* Reads what the dialogue takes next. Nearly all text is taken at once: where nothing waits before
 * it, it may stay where the transport has it. FALSE if there is nothing more for now. */
static gboolean
read_next (SmtpConnection  *self,
           char            *scratch,
           gsize            size,
           const char     **input,
           gsize           *kept)
{
  SmtpPhase phase = self->dialogue->phase;
  gssize n;

  *input = scratch;
  if (phase != SMTP_PHASE_DATA)
    size = COMMAND_READ;
  if (*kept > 0 || self->ended || (phase != SMTP_PHASE_DATA && phase != SMTP_PHASE_CHUNK))
    return read_more (self, scratch, size, kept);

  n = smtp_transport_read_in_place (self->transport, scratch, size, (const void **) input);

  return note_read (self, n, kept);
}

/* A client that has closed while a command is held, and left nothing behind it to be done, has
 * gone away. One that has sent more, up to its QUIT, may have closed only its half. */
static void
watch_held (SmtpConnection *self,
            char           *scratch,
            gsize          *kept)
{
  while (read_more (self, scratch, HELD_MAX, kept))
    ;

  if (self->ended && *kept == 0)
    self->lost = TRUE;
}

/* TRUE if that is the end. */
static gboolean
end_if_idle (SmtpConnection *self)
{
  if (!self->draining || !smtp_dialogue_is_idle (self->dialogue))
    return FALSE;

  smtp_dialogue_close (self->dialogue, smtp_reply_standard (SMTP_REPLY_SHUTDOWN));
  flush (self);

  return TRUE;
}

static void
take_input (SmtpConnection *self)
{
  guint budget = BUDGET;
  gsize size, kept = self->input_size;
  char *scratch = smtp_poller_get_scratch (self->poller, &size);
  const char *input = scratch;

  if (end_if_idle (self))
    return;
  if (kept > 0)
    memcpy (scratch, self->input, kept);

  while (!self->lost && !self->over)
    {
      /* Who is to stop at the next pause is given no chance to miss it. */
      guint allowed = self->draining ? 1 : budget;
      gsize used;

      budget -= allowed;
      used = smtp_dialogue_input (self->dialogue, input, kept, &allowed);
      budget += allowed;

      kept = self->wants_tls ? 0 : kept - used;
      if (kept > 0 && input + used != scratch)
        memmove (scratch, input + used, kept);
      if (self->dialogue->wipe_input)
        {
          self->dialogue->wipe_input = FALSE;
          smtp_secret_wipe (scratch + kept, size - kept);
        }
      flush (self);
      if (self->lost || self->over || self->wants_tls || smtp_outbox_is_full (&self->outbox) || end_if_idle (self))
        break;

      if (!smtp_dialogue_is_ready (self->dialogue))
        {
          watch_held (self, scratch, &kept);
          break;
        }
      if (budget == 0)
        {
          smtp_transport_requeue (self->transport);
          break;
        }
      /* It was one command alone, and the others may all be here. */
      if (self->draining && used > 0 && kept > 0)
        {
          input = scratch;
          continue;
        }
      if (!read_next (self, scratch, size, &input, &kept))
        {
          if (self->ended)
            {
              smtp_events_lose (self->dialogue);
              smtp_dialogue_close (self->dialogue, NULL);
            }
          break;
        }
    }

  keep_input (self, scratch, kept);
}

/* The PROXY header */

static void
take_proxy_header (SmtpConnection *self)
{
  gsize size, kept = self->input_size;
  char *scratch = smtp_poller_get_scratch (self->poller, &size);
  g_autoptr (SmtpProxyInfo) info = NULL;
  SmtpProxyReaderStatus status;

  g_assert (size >= SMTP_PROXY_HEADER_MAX);
  if (kept > 0)
    memcpy (scratch, self->input, kept);
  status = smtp_proxy_reader_read (self->transport, scratch, &kept, self->tls_first, &info);
  keep_input (self, scratch, kept);

  if (status == SMTP_PROXY_READER_FAILED)
    {
      g_info ("session %" G_GUINT64_FORMAT ": there is no PROXY header, or a bad one",
              smtp_session_get_id (self->session));
      self->lost = TRUE;
    }
  else if (status == SMTP_PROXY_READER_DONE)
    {
      self->wants_proxy = FALSE;
      smtp_dialogue_begin_proxied (self->dialogue, info);
    }
}

/* TLS */

static gboolean
put_tls_on (SmtpConnection  *self,
            GError         **error)
{
  SmtpTlsContext *context = smtp_server_get_config (self->server)->tls_context;
  g_autoptr (SmtpTlsCredentials) credentials = NULL;
  SmtpTransport *transport;

  if (context != NULL)
    credentials = smtp_tls_context_ref_credentials (context);
  if (credentials == NULL)
    {
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_MISC, "There is no certificate");
      return FALSE;
    }

  transport = smtp_transport_new_tls (self->transport, credentials, error);
  if (transport == NULL)
    return FALSE;

  self->transport = transport;
  smtp_transport_set_callback (transport, on_transport, self);

  return TRUE;
}

static void
lose_tls (SmtpConnection *self,
          const GError   *error)
{
  smtp_events_lose_handshake (self->dialogue, error);
  self->lost = TRUE;
}

static void
shake_hands (SmtpConnection *self)
{
  g_autoptr (SmtpTlsInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  switch (smtp_tls_transport_handshake (self->transport, &error))
    {
    case SMTP_TLS_HANDSHAKE_AGAIN:
      break;
    case SMTP_TLS_HANDSHAKE_DONE:
      self->shaking = FALSE;
      info = smtp_tls_info_new (smtp_tls_transport_get_session (self->transport));
      smtp_dialogue_begin_tls (self->dialogue, info);
      break;
    case SMTP_TLS_HANDSHAKE_FAILED:
    default:
      lose_tls (self, error);
      break;
    }
}

static void
advance_tls (SmtpConnection *self)
{
  g_autoptr (GError) error = NULL;

  if (self->wants_tls && smtp_outbox_is_empty (&self->outbox) && !self->lost)
    {
      self->wants_tls = FALSE;
      self->shaking = put_tls_on (self, &error);
      if (!self->shaking)
        lose_tls (self, error);
    }

  if (self->shaking && !self->lost)
    shake_hands (self);
}

/* Input is for the dialogue. */
static gboolean
is_speaking (SmtpConnection *self)
{
  return !self->over && !self->lost && !self->wants_proxy && !self->tls_first && !self->wants_tls && !self->shaking;
}

/* A turn, and another one where STARTTLS was said in it. What a handshake has brought about is
 * said in the turn in which it ends: nobody may come to wake us up. */
static void
advance (SmtpConnection *self)
{
  do
    {
      if (self->wants_proxy && !self->over && !self->lost)
        take_proxy_header (self);
      flush (self);
      advance_tls (self);
      if (is_speaking (self) && !smtp_outbox_is_full (&self->outbox))
        take_input (self);
    }
  while (self->wants_tls && smtp_outbox_is_empty (&self->outbox) && !self->lost);
}

/* Does all that can be done now. Frees @self when nothing is left to do. */
static void
pump (SmtpConnection *self)
{
  g_autoptr (SmtpServer) server = NULL;
  SmtpPoller *poller = self->poller;

  if (self->doomed)
    {
      flush (self);
      smtp_connection_free (self);
      return;
    }

  /* Inside a hook of another connection, whose input is in the buffer that all share. */
  if (!smtp_poller_take_scratch (poller))
    {
      smtp_transport_requeue (self->transport);
      return;
    }

  /* What is called here may drop the last reference. */
  server = g_object_ref (self->server);
  smtp_poller_ref (poller);
  self->busy = TRUE;
  advance (self);
  if (self->lost)
    {
      smtp_events_lose (self->dialogue);
      smtp_dialogue_abort (self->dialogue);
    }
  self->busy = FALSE;

  if (self->lost || self->doomed || (self->over && wind_up (self)))
    smtp_connection_free (self);
  smtp_poller_give_scratch_back (poller);
  smtp_poller_unref (poller);
}

/* What the transport, the timer and the dialogue want */

static void
on_transport (SmtpTransport       *transport,
              SmtpTransportEvents  events,
              gpointer             data)
{
  SmtpConnection *self = data;

  self->lost |= (events & SMTP_TRANSPORT_HANGUP) != 0;
  /* A hook that runs a main loop of its own: pump() is still at work, below it. */
  if (self->busy || self->dialogue->depth > 0)
    smtp_transport_requeue (transport);
  else
    pump (self);
}

/* From this moment on, and not from the begin of the loop's turn: that may be a while ago, and nothing is to
 * come earlier than it should. */
static void
set_deadline (gpointer data,
              gint64   microseconds)
{
  SmtpConnection *self = data;

  if (microseconds == 0)
    smtp_poller_disarm (self->poller, &self->timer);
  else
    smtp_poller_arm (self->poller, &self->timer, g_get_monotonic_time () + microseconds);
}

static void
on_timer (SmtpTimer *timer)
{
  SmtpConnection *self = (gpointer) ((char *) timer - G_STRUCT_OFFSET (SmtpConnection, timer));
  g_autoptr (SmtpServer) server = NULL;

  /* A hook runs a main loop of its own. It is not asked in the middle of what it does. */
  if (self->busy || self->dialogue->depth > 0)
    {
      set_deadline (self, NESTED_WAIT);
      return;
    }

  server = g_object_ref (self->server);
  if (self->over)
    {
      smtp_events_time_out (self->dialogue, SMTP_COUNT_TIMEOUTS_CLOSE);
      smtp_connection_free (self);
      return;
    }

  self->busy = TRUE;
  smtp_dialogue_time_out (self->dialogue);
  self->busy = FALSE;
  pump (self);
}

/* There is no use in telling it. */
static void
on_write_timer (SmtpTimer *timer)
{
  SmtpConnection *self = (gpointer) ((char *) timer - G_STRUCT_OFFSET (SmtpConnection, outbox.timer));

  smtp_events_time_out (self->dialogue, SMTP_COUNT_TIMEOUTS_WRITE);
  self->lost = TRUE;
  if (self->busy || self->dialogue->depth > 0)
    smtp_transport_requeue (self->transport);
  else
    pump (self);
}

static void
resume (gpointer data)
{
  SmtpConnection *self = data;

  if (!self->busy && self->dialogue->depth == 0)
    pump (self);
}

static void
start_tls (gpointer data)
{
  SmtpConnection *self = data;

  self->wants_tls = TRUE;
  self->tls_first = FALSE;
  keep_input (self, NULL, 0);
}

static SmtpReply *
admit (gpointer        data,
       GSocketAddress *address)
{
  SmtpConnection *self = data;
  SmtpClient *client = NULL;
  SmtpReply *refusal;

  if (self->server == NULL)
    return NULL;

  refusal = smtp_server_admit_spoken_for (self->server, address, &client);
  if (refusal != NULL)
    return refusal;

  smtp_server_release_client (self->server, self->client);
  self->client = client;

  return NULL;
}

static void
linger (SmtpConnection *self)
{
  /* A server that ends has no use for it. */
  guint seconds = self->server != NULL ? smtp_server_get_config (self->server)->limits.close_timeout : 0;
  gint64 time = (gint64) seconds * G_USEC_PER_SEC;

  if (self->draining)
    time = MIN (time, SHORT_LINGER_TIME);
  set_deadline (self, MAX (time, 1));
}

static void
set_over (gpointer data)
{
  SmtpConnection *self = data;

  self->over = TRUE;
  linger (self);
}

/* smtp_session_close() */
static void
close_session (gpointer   data,
               SmtpReply *reply)
{
  SmtpConnection *self = data;

  if (self->busy || self->dialogue->depth > 0)
    {
      self->dialogue->close_after = TRUE;
      return;
    }

  smtp_dialogue_close (self->dialogue, reply);
  pump (self);
}

static const SmtpDialogueHost dialogue_host =
{
  .write = write_output,
  .deadline = set_deadline,
  .resume = resume,
  .over = set_over,
  .start_tls = start_tls,
  .admit = admit,
};

static void
begin (SmtpConnection   *self,
       SmtpListenerKind  kind)
{
  if (smtp_listener_kind_has_proxy (kind))
    {
      self->wants_proxy = TRUE;
      self->tls_first = smtp_listener_kind_has_tls (kind);
      smtp_dialogue_expect_proxy (self->dialogue, self->tls_first);
    }
  else if (smtp_listener_kind_has_tls (kind))
    {
      self->wants_tls = TRUE;
      smtp_dialogue_expect_tls (self->dialogue);
    }
  else
    smtp_dialogue_start (self->dialogue);
}

void
smtp_connection_start (SmtpServer    *server,
                       SmtpTransport *transport,
                       SmtpListenerKind kind,
                       const void    *peer,
                       gsize          peer_length,
                       SmtpClient    *client)
{
  SmtpConnection *self;
  g_autoptr (SmtpServer) kept = g_object_ref (server);
  SmtpSessionLink link;

  if (smtp_listener_kind_has_proxy (kind) && !smtp_arrival_is_trusted (server, transport, peer))
    {
      g_info ("Somebody is refused who is none of the proxies");
      smtp_server_release_client (server, client);
      smtp_transport_free (transport);
      return;
    }

  self = g_new0 (SmtpConnection, 1);
  self->server = server;
  self->poller = smtp_poller_ref (smtp_server_get_poller (server));
  self->transport = transport;
  self->client = client;
  self->timer.func = on_timer;
  smtp_outbox_init (&self->outbox, self->poller, on_write_timer);
  self->session = smtp_server_make_session (server);
  self->dialogue = smtp_dialogue_new (server, self->session, &dialogue_host, self);

  if (smtp_listener_kind_is_lmtp (kind))
    {
      self->dialogue->is_lmtp = TRUE;
      smtp_session_set_lmtp (self->session);
    }

  self->dialogue->is_submission = kind == SMTP_LISTENER_KIND_SUBMISSION || kind == SMTP_LISTENER_KIND_SUBMISSIONS;

  link = (SmtpSessionLink) { self->poller, transport, close_session, self };
  smtp_session_attach (self->session, &link);
  if (peer != NULL)
    smtp_session_set_peer (self->session, peer, peer_length);

  smtp_server_add_connection (server, self);
  smtp_events_begin (self->dialogue);
  smtp_transport_set_callback (transport, on_transport, self);

  self->busy = TRUE;
  begin (self, kind);
  self->busy = FALSE;
  pump (self);
}

void
smtp_connection_destroy (SmtpConnection *self)
{
  smtp_server_release_client (self->server, self->client);
  self->server = NULL;

  if (self->busy || self->dialogue->depth > 0)
    {
      /* What is under way gets its answer, but nothing that comes behind it. */
      self->doomed = TRUE;
      self->dialogue->close_after = TRUE;
      return;
    }

  smtp_dialogue_close (self->dialogue, smtp_reply_standard (SMTP_REPLY_SHUTDOWN));
  flush (self);
  smtp_connection_free (self);
}

void
smtp_connection_shut (SmtpConnection *self)
{
  /* Whoever is asked may have taken the message: to say 421 would have it sent again. */
  if (smtp_dialogue_is_deciding (self->dialogue))
    return;

  close_session (self, smtp_reply_standard (SMTP_REPLY_SHUTDOWN));
}

void
smtp_connection_drain (SmtpConnection *self)
{
  self->draining = TRUE;
  if (self->over)
    linger (self);
  else if (!self->busy && self->dialogue->depth == 0)
    pump (self);
}

SmtpSession *
smtp_connection_get_session (SmtpConnection *self)
{
  return self->session;
}
