/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-relay-transaction.h"

#include "smtp-relay-parameters.h"
#include "smtp-relay-stream.h"
#include "smtp-reply-private.h"

struct _SmtpRelayTransaction
{
  gatomicrefcount ref_count;
  gint over;                    /* atomic */

  SmtpUpstreamPool *pool;
  SmtpUpstreamConfig *config;
  GMainContext *context;
  gpointer envelope;            /* atomic; only to compare with: NULL once it is gone */

  SmtpUpstream *upstream;
  gboolean reused;              /* it comes from the pool, and may be dead */
  gboolean asking;              /* it owes an answer */
  gboolean in_text;             /* it takes what comes for text */

  SmtpRequest *request;         /* who asks */
  gulong cancelled;

  /* What the upstream has accepted. */
  SmtpAddress *sender;
  GPtrArray *recipients;
  gboolean utf8;

  SmtpRelayStream *stream;
};

static void ask_mail (SmtpRelayTransaction *self);

/* Its life */

/* Perhaps from another thread, by whoever had the envelope last: then all else is gone. */
static void
smtp_relay_transaction_unref (SmtpRelayTransaction *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->recipients);
  g_clear_pointer (&self->sender, smtp_address_unref);
  smtp_upstream_config_free (self->config);
  g_main_context_unref (self->context);
  g_free (self);
}

static SmtpRelayTransaction *
smtp_relay_transaction_ref (SmtpRelayTransaction *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmtpRelayTransaction, smtp_relay_transaction_unref)

/* What was asked is answered, or will not be. */
static SmtpRequest *
take_request (SmtpRelayTransaction *self)
{
  if (self->request != NULL)
    g_signal_handler_disconnect (smtp_request_get_cancellable (self->request), self->cancelled);

  return g_steal_pointer (&self->request);
}

static void
release_upstream (SmtpRelayTransaction *self,
                  gboolean              in_transaction)
{
  gboolean unfit = self->asking || self->in_text;
  SmtpUpstream *upstream = g_steal_pointer (&self->upstream);

  self->asking = self->in_text = FALSE;
  if (self->stream != NULL)
    smtp_relay_stream_detach (self->stream);
  g_clear_object (&self->stream);

  if (upstream == NULL)
    return;
  if (unfit)
    {
      smtp_upstream_close (upstream);
      smtp_upstream_unref (upstream);
    }
  else
    {
      smtp_upstream_pool_give (self->pool, upstream, in_transaction);
    }
}

static void
end (SmtpRelayTransaction *self,
     gboolean              in_transaction)
{
  g_autoptr (SmtpRequest) request = take_request (self);

  g_atomic_int_set (&self->over, TRUE);
  release_upstream (self, in_transaction);
}

void
smtp_relay_transaction_drop (SmtpRelayTransaction *self)
{
  if (!g_atomic_int_get (&self->over))
    end (self, TRUE);
  smtp_relay_transaction_unref (self);
}

/* The end of the client's transaction has many ways, and this is common to them. */

static gboolean
on_envelope_over (gpointer data)
{
  SmtpRelayTransaction *self = data;

  if (!g_atomic_int_get (&self->over))
    end (self, TRUE);

  return G_SOURCE_REMOVE;
}

static void
on_envelope_gone (gpointer  data,
                  GObject  *envelope)
{
  g_autoptr (SmtpRelayTransaction) self = data;
  g_autoptr (GSource) source = NULL;

  g_atomic_pointer_set (&self->envelope, NULL);
  if (g_atomic_int_get (&self->over))
    return;

  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_envelope_over, smtp_relay_transaction_ref (self),
                         (GDestroyNotify) smtp_relay_transaction_unref);
  g_source_attach (source, self->context);
}

SmtpRelayTransaction *
smtp_relay_transaction_new (SmtpUpstreamPool         *pool,
                            const SmtpUpstreamConfig *config,
                            SmtpSession              *session,
                            SmtpEnvelope             *envelope)
{
  SmtpRelayTransaction *self = g_new0 (SmtpRelayTransaction, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->pool = pool;
  self->config = smtp_upstream_config_copy (config);
  self->context = g_main_context_ref (smtp_session_get_main_context (session));
  self->envelope = envelope;
  self->recipients = g_ptr_array_new_with_free_func ((GDestroyNotify) smtp_address_unref);
  g_object_weak_ref (G_OBJECT (envelope), on_envelope_gone, smtp_relay_transaction_ref (self));

  return self;
}

gboolean
smtp_relay_transaction_is_of (SmtpRelayTransaction *self,
                              SmtpEnvelope         *envelope)
{
  return envelope != NULL && g_atomic_pointer_get (&self->envelope) == envelope;
}

/* Asking */

/* The client has left, or was told that it takes too long: what the upstream says now would be
 * the answer to nothing. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  end (data, TRUE);
}

static void
hold (SmtpRelayTransaction *self,
      SmtpRequest          *request)
{
  GCancellable *cancellable = smtp_request_get_cancellable (request);

  self->request = g_object_ref (request);
  self->cancelled = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled),
                                           smtp_relay_transaction_ref (self),
                                           (GClosureNotify) (GCallback) smtp_relay_transaction_unref, 0);
  smtp_request_hold (request);
}

void
smtp_relay_reply_unreachable (SmtpRequest *request)
{
  smtp_request_reply (request, 451, "4.4.1 The next server does not answer now; try again later");
}

static gboolean
is_usable (SmtpRelayTransaction *self)
{
  return !g_atomic_int_get (&self->over) && self->upstream != NULL && !self->asking &&
         !self->in_text && smtp_upstream_is_alive (self->upstream);
}

static void
ask (SmtpRelayTransaction *self,
     const char           *line,
     SmtpUpstreamFunc      func)
{
  self->asking = TRUE;
  smtp_upstream_ask (self->upstream, line, func, self);
}

/* Nothing that the upstream may still say is of use. */
static void
give_up (SmtpRelayTransaction *self,
         const char           *why)
{
  g_autoptr (SmtpRequest) request = take_request (self);

  g_message ("Relay to %s: %s", self->config->address, why);
  smtp_upstream_close (self->upstream);
  end (self, FALSE);
  smtp_relay_reply_unreachable (request);
}

/* An answer came. FALSE if it is no answer but an end. */
static gboolean
take_answer (SmtpRelayTransaction *self,
             SmtpReply            *reply,
             guint                 intermediate)
{
  guint code = reply != NULL ? smtp_reply_get_code (reply) : 0;
  guint class = code / 100;
  gboolean is_success = intermediate != 0 ? code == intermediate : class == 2;

  self->asking = FALSE;
  if (reply == NULL)
    give_up (self, smtp_upstream_get_error (self->upstream));
  else if (code == 421)
    give_up (self, "The server closes the connection");
  else if (!is_success && class != 4 && class != 5)
    give_up (self, "The server's answer does not fit the command");
  else
    return TRUE;

  return FALSE;
}

static gboolean
is_refusal (SmtpReply *reply)
{
  return smtp_reply_get_class (reply) >= 4;
}

static void
proceed (SmtpRelayTransaction *self)
{
  g_autoptr (SmtpRequest) request = take_request (self);

  smtp_request_proceed (request);
}

static void
refuse (SmtpRelayTransaction *self,
        SmtpReply            *reply)
{
  g_autoptr (SmtpRequest) request = take_request (self);

  smtp_request_send_reply (request, reply);
}

/* MAIL */

static void
on_open (SmtpUpstream *upstream,
         SmtpReply    *reply,
         gpointer      data)
{
  SmtpRelayTransaction *self = data;

  self->asking = FALSE;
  if (reply != NULL)
    ask_mail (self);
  else
    give_up (self, smtp_upstream_get_error (upstream));
}

static void
open_upstream (SmtpRelayTransaction *self)
{
  g_clear_pointer (&self->upstream, smtp_upstream_unref);
  self->upstream = smtp_upstream_new (self->config, self->context);
  self->reused = FALSE;
  self->asking = TRUE;
  smtp_upstream_open (self->upstream, on_open, self);
}

static void
on_mail (SmtpUpstream *upstream,
         SmtpReply    *reply,
         gpointer      data)
{
  SmtpRelayTransaction *self = data;

  /* The upstream has closed what nobody used, just now. Nothing has begun that could be done
   * twice. */
  if (self->reused && (reply == NULL || smtp_reply_get_code (reply) == 421))
    {
      open_upstream (self);
      return;
    }

  if (!take_answer (self, reply, 0))
    return;

  if (is_refusal (reply))
    {
      refuse (self, reply);
      end (self, TRUE);
      return;
    }

  self->sender = smtp_address_ref (smtp_request_get_address (self->request));
  self->utf8 = smtp_relay_is_utf8 (self->request) && smtp_upstream_offers (upstream, "SMTPUTF8");
  proceed (self);
}

static void
ask_mail (SmtpRelayTransaction *self)
{
  g_autofree char *line = smtp_relay_make_mail (self->upstream, self->request);

  if (line != NULL)
    ask (self, line, on_mail);
  else
    end (self, FALSE);
}

void
smtp_relay_transaction_mail (SmtpRelayTransaction *self,
                             SmtpRequest          *request)
{
  if (smtp_relay_is_binary (request))
    {
      smtp_request_reply (request, 554, "5.6.3 BODY=BINARYMIME cannot be relayed");
      return;
    }

  hold (self, request);
  self->upstream = smtp_upstream_pool_take (self->pool);
  self->reused = self->upstream != NULL;
  if (self->reused)
    ask_mail (self);
  else
    open_upstream (self);
}

/* RCPT */

static void
on_rcpt (SmtpUpstream *upstream,
         SmtpReply    *reply,
         gpointer      data)
{
  SmtpRelayTransaction *self = data;

  if (!take_answer (self, reply, 0))
    return;

  if (is_refusal (reply))
    {
      refuse (self, reply);
      return;
    }

  g_ptr_array_add (self->recipients, smtp_address_ref (smtp_request_get_address (self->request)));
  proceed (self);
}

void
smtp_relay_transaction_rcpt (SmtpRelayTransaction *self,
                             SmtpRequest          *request)
{
  g_autofree char *line = NULL;

  if (!is_usable (self))
    {
      smtp_relay_reply_unreachable (request);
      return;
    }

  line = smtp_relay_make_rcpt (self->upstream, request, self->utf8);
  if (line == NULL)
    return;

  hold (self, request);
  ask (self, line, on_rcpt);
}

/* The message */

/* A hook before this handler may have answered in its place, one behind it may have refused or
 * rewritten what was accepted here. Then the two servers don't speak of the same thing, and a
 * recipient would be lost, or get what was refused. */
static gboolean
is_agreed (SmtpRelayTransaction *self,
           SmtpEnvelope         *envelope)
{
  g_autoptr (GPtrArray) recipients = smtp_envelope_get_recipients (envelope);

  if (recipients->len != self->recipients->len ||
      !smtp_address_equal (smtp_envelope_get_reverse_path (envelope), self->sender))
    return FALSE;

  for (guint i = 0; i < recipients->len; i++)
    {
      SmtpRecipient *recipient = g_ptr_array_index (recipients, i);

      if (!smtp_address_equal (smtp_recipient_get_address (recipient),
                               g_ptr_array_index (self->recipients, i)))
        return FALSE;
    }

  return TRUE;
}

static void
on_begin (SmtpUpstream *upstream,
          SmtpReply    *reply,
          gpointer      data)
{
  SmtpRelayTransaction *self = data;

  if (!take_answer (self, reply, 354))
    return;

  if (is_refusal (reply))
    {
      refuse (self, reply);
      return;
    }

  self->in_text = TRUE;
  proceed (self);
}

void
smtp_relay_transaction_begin (SmtpRelayTransaction *self,
                              SmtpRequest          *request)
{
  g_autoptr (GError) error = NULL;

  if (!is_usable (self))
    {
      smtp_relay_reply_unreachable (request);
    }
  else if (!is_agreed (self, smtp_request_get_envelope (request)))
    {
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "The envelope is not the one that was relayed: another hook has changed it");
      smtp_request_fail (request, error);
    }
  else
    {
      hold (self, request);
      ask (self, "DATA", on_begin);
    }
}

GOutputStream *
smtp_relay_transaction_body (SmtpRelayTransaction *self,
                             GBytes               *front)
{
  if (g_atomic_int_get (&self->over) || !self->in_text || self->stream != NULL)
    return NULL;

  self->stream = smtp_relay_stream_new (self->upstream, self->context, front);

  return G_OUTPUT_STREAM (g_object_ref (self->stream));
}

static void
on_end (SmtpUpstream *upstream,
        SmtpReply    *reply,
        gpointer      data)
{
  SmtpRelayTransaction *self = data;

  self->in_text = FALSE;
  if (!take_answer (self, reply, 0))
    return;

  refuse (self, reply);
  end (self, FALSE);
}

/* Whether all of the message, and nothing else, has gone through the stream. */
static gboolean
has_text_of (SmtpRelayTransaction *self,
             SmtpEnvelope         *envelope)
{
  return !g_atomic_int_get (&self->over) && self->stream != NULL &&
         smtp_envelope_get_body_stream (envelope) == G_OUTPUT_STREAM (self->stream) &&
         smtp_relay_stream_is_complete (self->stream);
}

/* The text has not got through, and the upstream will never see its end. */
static void
refuse_text (SmtpRelayTransaction *self)
{
  g_autoptr (SmtpReply) reply = NULL;

  if (!smtp_relay_stream_is_spoilt (self->stream))
    {
      give_up (self, smtp_upstream_get_error (self->upstream));
      return;
    }

  reply = smtp_reply_new (550, "5.6.0 The message has a CR or LF that stands alone, and cannot be relayed");
  refuse (self, reply);
  end (self, FALSE);
}

void
smtp_relay_transaction_end (SmtpRelayTransaction *self,
                            SmtpRequest          *request)
{
  g_autoptr (GError) error = NULL;

  if (!has_text_of (self, smtp_request_get_envelope (request)))
    {
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "The message was not relayed: another hook has taken its text");
      smtp_request_fail (request, error);
      return;
    }

  hold (self, request);
  if (smtp_relay_stream_is_spoilt (self->stream) || !smtp_upstream_is_alive (self->upstream))
    {
      refuse_text (self);
      return;
    }

  self->asking = TRUE;
  if (!smtp_relay_stream_finish (self->stream, on_end, self))
    refuse_text (self);
}
