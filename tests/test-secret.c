/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server knows of its users. */

#include <string.h>

#include <smtpd/smtpd.h>

/* The examples of RFC 5802 section 5 and RFC 7677 section 3, whose password is "pencil". The keys are
 * derived from it; what the RFCs show is the signature that the server makes with one of them. */
static const struct
{
  const char *secret;
  GChecksumType checksum;
  const char *messages;
  const char *signature;
} examples[] =
{
  {
    "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    G_CHECKSUM_SHA1,
    "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
    "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    G_CHECKSUM_SHA256,
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
};

static char *
sign (GChecksumType  checksum,
      const char    *key_base64,
      const char    *messages)
{
  gsize key_size, size = 64;
  g_autofree guint8 *key = g_base64_decode (key_base64, &key_size);
  g_autoptr (GHmac) hmac = g_hmac_new (checksum, key, key_size);
  guint8 digest[64];

  g_hmac_update (hmac, (const guchar *) messages, -1);
  g_hmac_get_digest (hmac, digest, &size);

  return g_base64_encode (digest, size);
}

static void
test_examples (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SmtpSecret) secret = smtp_secret_parse (examples[i].secret, &error);
      g_autofree char *text = NULL;
      g_autofree char *signature = NULL;

      g_assert_no_error (error);
      text = smtp_secret_to_string (secret);
      g_assert_cmpstr (text, ==, examples[i].secret);
      g_assert_true (smtp_secret_check_password (secret, "pencil"));
      g_assert_false (smtp_secret_check_password (secret, "pencils"));
      g_assert_false (smtp_secret_check_password (secret, ""));

      signature = sign (examples[i].checksum, strrchr (text, ',') + 1, examples[i].messages);
      g_assert_cmpstr (signature, ==, examples[i].signature);
    }
}

static void
test_password (void)
{
  static const struct
  {
    const char *text;
    const char *password;
  } texts[] =
  {
    { "pencil", "pencil" }, { "{PLAIN}pencil", "pencil" }, { "{PLAIN}{x}", "{x}" }, { "p:e,n", "p:e,n" }, { " ", " " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SmtpSecret) secret = smtp_secret_parse (texts[i].text, &error);
      g_autoptr (SmtpSecret) again = NULL;
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      g_assert_true (smtp_secret_check_password (secret, texts[i].password));
      g_assert_false (smtp_secret_check_password (secret, "other"));
      text = smtp_secret_to_string (secret);
      again = smtp_secret_parse (text, &error);
      g_assert_no_error (error);
      g_assert_true (smtp_secret_check_password (again, texts[i].password));
    }
}

/* RFC 4013: a soft hyphen is nothing, a no-break space is a space, and compatible forms are the same. */
static void
test_prepared (void)
{
  g_autoptr (SmtpSecret) password = smtp_secret_new_password ("I\xc2\xadX a\xc2\xaa");
  g_autoptr (SmtpSecret) keys = smtp_secret_derive (SMTP_SCRAM_HASH_SHA256, "I\xc2\xadX a\xc2\xaa", 4096, NULL);

  g_assert_true (smtp_secret_check_password (password, "IX\xc2\xa0""aa"));
  g_assert_true (smtp_secret_check_password (keys, "IX\xc2\xa0""aa"));
  g_assert_false (smtp_secret_check_password (password, "ix aa"));

  /* What it does not allow is taken as it is. */
  g_assert_false (smtp_secret_check_password (password, "\xff"));
}

static void
test_derive (void)
{
  for (SmtpScramHash hash = SMTP_SCRAM_HASH_SHA1; hash <= SMTP_SCRAM_HASH_SHA256; hash++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SmtpSecret) one = smtp_secret_derive (hash, "pencil", 0, &error);
      g_autoptr (SmtpSecret) other = smtp_secret_derive (hash, "pencil", 0, &error);
      g_autofree char *one_text = smtp_secret_to_string (one);
      g_autofree char *other_text = smtp_secret_to_string (other);

      g_assert_no_error (error);
      g_assert_cmpstr (one_text, !=, other_text);
      g_assert_true (smtp_secret_check_password (one, "pencil"));
      g_assert_false (smtp_secret_check_password (one, "Pencil"));
      g_assert_null (strstr (one_text, "pencil"));
    }
}

static void
test_bad (void)
{
  static const char * const texts[] = {
    "", "{PLAIN}", "{CRYPT}x", "{", "{SCRAM-SHA-256}", "{SCRAM-SHA-256}4096", "{SCRAM-SHA-256}4096,,,",
    "{SCRAM-SHA-256}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    "{SCRAM-SHA-1}1,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    "{SCRAM-SHA-1}4096,,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=,",
    "{SCRAM-SHA-1}-4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
    "{SCRAM-SHA-1}99999999999,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (smtp_secret_parse (texts[i], &error));
      g_assert_error (error, SMTP_ERROR, SMTP_ERROR_SYNTAX);
      /* Nor is a secret in the message. */
      g_assert_null (strstr (error->message, "D+CS"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/secret/examples", test_examples);
  g_test_add_func ("/secret/password", test_password);
  g_test_add_func ("/secret/prepared", test_prepared);
  g_test_add_func ("/secret/derive", test_derive);
  g_test_add_func ("/secret/bad", test_bad);

  return g_test_run ();
}
