/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-forwarded-client.h"

#include <string.h>

#include "smtp-forwarded-client-private.h"

/**
 * SmtpForwardedClient:
 *
 * What a server in front of this one has told of its client, by
 * [XCLIENT](https://www.postfix.org/XCLIENT_README.html) or
 * [XFORWARD](https://www.postfix.org/XFORWARD_README.html).
 *
 * All of it is that server's word, and some of it only the client's, passed on. A name of a user is
 * one that the other server has checked, or not: it authenticates nobody here.
 *
 * It does not change: when more is told, the session has another object.
 */

struct _SmtpForwardedClient
{
  GObject parent_instance;

  char *values[SMTP_N_ATTRIBUTES];   /* what is not available as "[UNAVAILABLE]" or "[TEMPUNAVAIL]" */
  gboolean available[SMTP_N_ATTRIBUTES];
  GSocketAddress *address;
  GSocketAddress *destination;
};

G_DEFINE_FINAL_TYPE (SmtpForwardedClient, smtp_forwarded_client, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_DESTINATION,
  PROP_NAME,
  PROP_HOST_NAME,
  PROP_PROTOCOL,
  PROP_LOGIN,
  PROP_IDENT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
smtp_forwarded_client_finalize (GObject *object)
{
  SmtpForwardedClient *self = SMTP_FORWARDED_CLIENT (object);

  for (SmtpAttribute i = 0; i < SMTP_N_ATTRIBUTES; i++)
    g_free (self->values[i]);
  g_clear_object (&self->address);
  g_clear_object (&self->destination);

  G_OBJECT_CLASS (smtp_forwarded_client_parent_class)->finalize (object);
}

static void
smtp_forwarded_client_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  SmtpForwardedClient *self = SMTP_FORWARDED_CLIENT (object);

  switch (prop_id)
    {
    case PROP_ADDRESS:
      g_value_set_object (value, self->address);
      break;
    case PROP_DESTINATION:
      g_value_set_object (value, self->destination);
      break;
    case PROP_NAME:
      g_value_set_string (value, smtp_forwarded_client_get_name (self));
      break;
    case PROP_HOST_NAME:
      g_value_set_string (value, smtp_forwarded_client_get_host_name (self));
      break;
    case PROP_PROTOCOL:
      g_value_set_string (value, smtp_forwarded_client_get_protocol (self));
      break;
    case PROP_LOGIN:
      g_value_set_string (value, smtp_forwarded_client_get_login (self));
      break;
    case PROP_IDENT:
      g_value_set_string (value, smtp_forwarded_client_get_ident (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
smtp_forwarded_client_class_init (SmtpForwardedClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = smtp_forwarded_client_finalize;
  object_class->get_property = smtp_forwarded_client_get_property;

  /**
   * SmtpForwardedClient:address: (getter get_address)
   *
   * The client's address (ADDR, PORT), with port 0 if only that is not told; %NULL if there is none.
   */
  props[PROP_ADDRESS] = g_param_spec_object ("address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, FLAGS);

  /**
   * SmtpForwardedClient:destination: (getter get_destination)
   *
   * The address that the client has connected to (DESTADDR, DESTPORT), %NULL if it is not told.
   */
  props[PROP_DESTINATION] = g_param_spec_object ("destination", NULL, NULL, G_TYPE_SOCKET_ADDRESS, FLAGS);

  /**
   * SmtpForwardedClient:name: (getter get_name)
   *
   * The client's host name as the DNS has it (NAME), %NULL if there is none.
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpForwardedClient:host-name: (getter get_host_name)
   *
   * What the client has called itself (HELO), %NULL if it is not told.
   */
  props[PROP_HOST_NAME] = g_param_spec_string ("host-name", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpForwardedClient:protocol: (getter get_protocol)
   *
   * What the client has spoken (PROTO), such as `ESMTP`; %NULL if it is not told.
   */
  props[PROP_PROTOCOL] = g_param_spec_string ("protocol", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpForwardedClient:login: (getter get_login)
   *
   * The user as whom the client has authenticated itself at the other server (LOGIN), %NULL if it is
   * not told. It is data: the session is not authenticated by it.
   */
  props[PROP_LOGIN] = g_param_spec_string ("login", NULL, NULL, NULL, FLAGS);

  /**
   * SmtpForwardedClient:ident: (getter get_ident)
   *
   * What the other server calls the message (IDENT), %NULL if it is not told.
   */
  props[PROP_IDENT] = g_param_spec_string ("ident", NULL, NULL, NULL, FLAGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
smtp_forwarded_client_init (SmtpForwardedClient *self)
{
}

static GSocketAddress *
make_address (SmtpForwardedClient *self,
              SmtpAttribute        address,
              SmtpAttribute        port)
{
  struct sockaddr_storage native;
  guint16 number = 0;

  if (!self->available[address] || !smtp_attribute_parse_address (self->values[address], &native))
    return NULL;
  if (self->available[port])
    smtp_attribute_parse_port (self->values[port], &number);

  /* The port stands at the same place in both. */
  ((struct sockaddr_in *) &native)->sin_port = g_htons (number);

  return g_socket_address_new_from_native (&native, sizeof native);
}

G_STATIC_ASSERT (G_STRUCT_OFFSET (struct sockaddr_in, sin_port) == G_STRUCT_OFFSET (struct sockaddr_in6, sin6_port));

SmtpForwardedClient *
smtp_forwarded_client_new (SmtpForwardedClient  *former,
                           const SmtpAttributes *attributes)
{
  static const char * const words[] =
  {
    [SMTP_TOLD_UNAVAILABLE] = "[UNAVAILABLE]",
    [SMTP_TOLD_TEMPUNAVAIL] = "[TEMPUNAVAIL]",
  };
  SmtpForwardedClient *self = g_object_new (SMTP_TYPE_FORWARDED_CLIENT, NULL);

  for (SmtpAttribute i = 0; i < SMTP_N_ATTRIBUTES; i++)
    {
      const SmtpAttributeValue *value = &attributes->values[i];

      if (value->told != SMTP_TOLD_NOTHING)
        {
          self->available[i] = value->told == SMTP_TOLD_VALUE;
          self->values[i] = g_strdup (self->available[i] ? value->value : words[value->told]);
        }
      else if (former != NULL)
        {
          self->available[i] = former->available[i];
          self->values[i] = g_strdup (former->values[i]);
        }
    }

  self->address = make_address (self, SMTP_ATTRIBUTE_ADDR, SMTP_ATTRIBUTE_PORT);
  self->destination = make_address (self, SMTP_ATTRIBUTE_DESTADDR, SMTP_ATTRIBUTE_DESTPORT);

  return self;
}

static const char *
peek (SmtpForwardedClient *self,
      SmtpAttribute        attribute)
{
  return self->available[attribute] ? self->values[attribute] : NULL;
}

/**
 * smtp_forwarded_client_get_address: (get-property address)
 * @self: what was told of a client
 *
 * The client's address.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if there is none
 */
GSocketAddress *
smtp_forwarded_client_get_address (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return self->address;
}

/**
 * smtp_forwarded_client_get_destination: (get-property destination)
 * @self: what was told of a client
 *
 * The address that the client has connected to.
 *
 * Returns: (transfer none) (nullable): the address, or %NULL if it is not told
 */
GSocketAddress *
smtp_forwarded_client_get_destination (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return self->destination;
}

/**
 * smtp_forwarded_client_get_name: (get-property name)
 * @self: what was told of a client
 *
 * The client's host name as the DNS has it.
 *
 * Returns: (nullable): the name, or %NULL if there is none
 */
const char *
smtp_forwarded_client_get_name (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return peek (self, SMTP_ATTRIBUTE_NAME);
}

/**
 * smtp_forwarded_client_get_host_name: (get-property host-name)
 * @self: what was told of a client
 *
 * What the client has called itself. Nothing vouches for it, and it need not be a host name.
 *
 * Returns: (nullable): the name, or %NULL if it is not told
 */
const char *
smtp_forwarded_client_get_host_name (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return peek (self, SMTP_ATTRIBUTE_HELO);
}

/**
 * smtp_forwarded_client_get_protocol: (get-property protocol)
 * @self: what was told of a client
 *
 * What the client has spoken.
 *
 * Returns: (nullable): the protocol, or %NULL if it is not told
 */
const char *
smtp_forwarded_client_get_protocol (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return peek (self, SMTP_ATTRIBUTE_PROTO);
}

/**
 * smtp_forwarded_client_get_login: (get-property login)
 * @self: what was told of a client
 *
 * The user as whom the client has authenticated itself at the other server.
 *
 * Returns: (nullable): the name, or %NULL if it is not told
 */
const char *
smtp_forwarded_client_get_login (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return peek (self, SMTP_ATTRIBUTE_LOGIN);
}

/**
 * smtp_forwarded_client_get_ident: (get-property ident)
 * @self: what was told of a client
 *
 * What the other server calls the message.
 *
 * Returns: (nullable): its name, or %NULL if it is not told
 */
const char *
smtp_forwarded_client_get_ident (SmtpForwardedClient *self)
{
  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);

  return peek (self, SMTP_ATTRIBUTE_IDENT);
}

/**
 * smtp_forwarded_client_lookup:
 * @self: what was told of a client
 * @attribute: an attribute of XCLIENT or XFORWARD, such as `SOURCE`, in any case
 *
 * What was told of an attribute, decoded. `[UNAVAILABLE]` is told of what the client does not have,
 * `[TEMPUNAVAIL]` of what could not be found out for the moment.
 *
 * Returns: (nullable): the value, or %NULL if nothing was told
 */
const char *
smtp_forwarded_client_lookup (SmtpForwardedClient *self,
                              const char          *attribute)
{
  SmtpAttribute found;

  g_return_val_if_fail (SMTP_IS_FORWARDED_CLIENT (self), NULL);
  g_return_val_if_fail (attribute != NULL, NULL);

  found = smtp_attribute_find (attribute, strlen (attribute));

  return found < SMTP_N_ATTRIBUTES ? self->values[found] : NULL;
}
