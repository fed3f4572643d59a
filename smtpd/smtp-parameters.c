/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-parameters.h"

#include <string.h>

#include "smtp-error.h"
#include "smtp-parameters-private.h"
#include "wire/smtp-parameter-parser.h"

/**
 * SmtpParameters:
 *
 * The parameters of a MAIL or RCPT command, RFC 5321 section 4.1.2: an immutable list
 * of keywords, each with a value or without.
 *
 * Keywords are compared without regard to case. The case of keywords and values stays
 * as the client wrote it, and so does their order.
 */

typedef struct
{
  const char *keyword;  /* both are inside text */
  const char *value;
} Item;

struct _SmtpParameters
{
  gatomicrefcount ref_count;
  guint           length;
  char           *text;
  Item            items[];
};

G_DEFINE_BOXED_TYPE (SmtpParameters, smtp_parameters, smtp_parameters_ref, smtp_parameters_unref)

/* Most commands have no parameters: all of them share this. */
static SmtpParameters *
empty_parameters (void)
{
  static SmtpParameters *empty = NULL;

  if (g_once_init_enter (&empty))
    {
      SmtpParameters *self = g_new0 (SmtpParameters, 1);

      g_atomic_ref_count_init (&self->ref_count);
      g_once_init_leave (&empty, self);
    }

  return smtp_parameters_ref (empty);
}

static gboolean
collect_items (const char *text,
               gsize       length,
               gboolean    allow_utf8,
               GArray     *tokens)
{
  const char *cursor = text;
  SmtpParameter token;
  SmtpParameterStatus status;

  while ((status = smtp_parameter_next (&cursor, text + length, allow_utf8, &token)) == SMTP_PARAMETER_OK)
    g_array_append_val (tokens, token);

  return status == SMTP_PARAMETER_END;
}

static gboolean
has_duplicates (const SmtpParameters *self)
{
  g_autoptr (GHashTable) seen = NULL;

  if (self->length < 2)
    return FALSE;

  seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < self->length; i++)
    {
      if (!g_hash_table_add (seen, g_ascii_strup (self->items[i].keyword, -1)))
        return TRUE;
    }

  return FALSE;
}

static SmtpParameters *
build (const char *text,
       gsize       length,
       GArray     *tokens)
{
  SmtpParameters *self;

  self = g_malloc0 (sizeof (SmtpParameters) + tokens->len * sizeof (Item));
  g_atomic_ref_count_init (&self->ref_count);
  self->length = tokens->len;
  self->text = g_strndup (text, length);

  for (guint i = 0; i < tokens->len; i++)
    {
      const SmtpParameter *token = &g_array_index (tokens, SmtpParameter, i);
      char *keyword = self->text + (token->keyword - text);

      keyword[token->keyword_length] = '\0';
      self->items[i].keyword = keyword;
      if (token->value != NULL)
        {
          char *value = self->text + (token->value - text);

          value[token->value_length] = '\0';
          self->items[i].value = value;
        }
    }

  return self;
}

SmtpParameters *
smtp_parameters_new_from_text (const char *text,
                               gsize       length,
                               gboolean    allow_utf8)
{
  g_autoptr (GArray) tokens = NULL;
  g_autoptr (SmtpParameters) self = NULL;

  if (length == 0)
    return empty_parameters ();

  tokens = g_array_new (FALSE, FALSE, sizeof (SmtpParameter));
  if (!collect_items (text, length, allow_utf8, tokens))
    return NULL;

  self = build (text, length, tokens);
  if (has_duplicates (self))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * smtp_parameters_new:
 * @options: (array zero-terminated=1) (nullable): parameters, each `KEYWORD` or
 *   `KEYWORD=value`
 * @error: return location for an error
 *
 * Makes a list of parameters. A keyword may stand in it once.
 *
 * The error is %SMTP_ERROR_SYNTAX.
 *
 * Returns: (transfer full): new parameters, or %NULL if one of @options is malformed
 */
SmtpParameters *
smtp_parameters_new (const char * const  *options,
                     GError             **error)
{
  SmtpParameters *self = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean malformed = FALSE;

  for (guint i = 0; options != NULL && options[i] != NULL; i++)
    {
      /* A space inside an option would make two of it. */
      malformed |= *options[i] == '\0' || strchr (options[i], ' ') != NULL;
      g_string_append_c (text, ' ');
      g_string_append (text, options[i]);
    }

  if (!malformed)
    self = smtp_parameters_new_from_text (text->str, text->len, TRUE);
  if (self == NULL)
    g_set_error_literal (error, SMTP_ERROR, SMTP_ERROR_SYNTAX, "These are not SMTP parameters");

  return self;
}

/**
 * smtp_parameters_ref:
 * @self: parameters
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 */
SmtpParameters *
smtp_parameters_ref (SmtpParameters *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * smtp_parameters_unref:
 * @self: (transfer full): parameters
 *
 * Drops a reference.
 */
void
smtp_parameters_unref (SmtpParameters *self)
{
  g_return_if_fail (self != NULL);

  if (g_atomic_ref_count_dec (&self->ref_count))
    {
      g_free (self->text);
      g_free (self);
    }
}

/**
 * smtp_parameters_get_length:
 * @self: parameters
 *
 * Counts them.
 *
 * Returns: how many there are
 */
guint
smtp_parameters_get_length (const SmtpParameters *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->length;
}

/**
 * smtp_parameters_get_keyword:
 * @self: parameters
 * @index: which one, less than their number
 *
 * The keyword of one parameter, in the case that the client wrote.
 *
 * Returns: the keyword
 */
const char *
smtp_parameters_get_keyword (const SmtpParameters *self,
                             guint                 index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->length, NULL);

  return self->items[index].keyword;
}

/**
 * smtp_parameters_get_value:
 * @self: parameters
 * @index: which one, less than their number
 *
 * The value of one parameter.
 *
 * Returns: (nullable): the value, or %NULL if the parameter has none
 */
const char *
smtp_parameters_get_value (const SmtpParameters *self,
                           guint                 index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->length, NULL);

  return self->items[index].value;
}

static const Item *
find (const SmtpParameters *self,
      const char           *keyword)
{
  for (guint i = 0; i < self->length; i++)
    {
      if (g_ascii_strcasecmp (self->items[i].keyword, keyword) == 0)
        return &self->items[i];
    }

  return NULL;
}

/**
 * smtp_parameters_has:
 * @self: parameters
 * @keyword: a keyword, in any case
 *
 * Whether there is a parameter of this name, with a value or without.
 *
 * Returns: %TRUE if there is
 */
gboolean
smtp_parameters_has (const SmtpParameters *self,
                     const char           *keyword)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (keyword != NULL, FALSE);

  return find (self, keyword) != NULL;
}

/**
 * smtp_parameters_lookup:
 * @self: parameters
 * @keyword: a keyword, in any case
 *
 * The value of the parameter of this name.
 *
 * Returns: (nullable): the value, or %NULL if there is no such parameter or it has no
 *   value; [method@Parameters.has] tells which
 */
const char *
smtp_parameters_lookup (const SmtpParameters *self,
                        const char           *keyword)
{
  const Item *item;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (keyword != NULL, NULL);

  item = find (self, keyword);

  return item != NULL ? item->value : NULL;
}

/**
 * smtp_parameters_to_strv:
 * @self: parameters
 *
 * All of them, each as `KEYWORD` or `KEYWORD=value`.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new list of strings
 */
char **
smtp_parameters_to_strv (const SmtpParameters *self)
{
  char **strv;

  g_return_val_if_fail (self != NULL, NULL);

  strv = g_new0 (char *, self->length + 1);
  for (guint i = 0; i < self->length; i++)
    {
      const Item *item = &self->items[i];

      strv[i] = item->value != NULL ? g_strconcat (item->keyword, "=", item->value, NULL)
                                    : g_strdup (item->keyword);
    }

  return strv;
}
