// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with an extension of its own, XTICKET, and with DSN, whose parameters it prints.
//
// usage: extension [ADDRESS]        (default: localhost:8025)

class Tickets : Smtpd.Extension {
  construct {
    add_parameter ("MAIL", "XTICKET", 30);
  }

  public Tickets () {
    Object (keyword: "XTICKET");
  }

  // A ticket is a number.
  public override bool check_parameter (Smtpd.Session session, string verb, string keyword, string? value) {
    return value != null && uint64.try_parse (value);
  }
}

Smtpd.Verdict on_mail (Smtpd.Server server, Smtpd.Session session, Smtpd.Envelope? envelope,
                       Smtpd.Request request, Smtpd.Address address, Smtpd.Parameters parameters) {
  if (parameters.has ("XTICKET"))
    return Smtpd.Verdict.CONTINUE;

  request.reply (550, "5.7.1 No mail without a ticket");

  return Smtpd.Verdict.HANDLED;
}

Smtpd.Verdict on_data (Smtpd.Server server, Smtpd.Session session, Smtpd.Envelope? envelope,
                       Smtpd.Request request) {
  stdout.printf ("ticket %s, id %s\n", envelope.mail_parameters.lookup ("XTICKET"),
                 envelope.dup_envelope_id () ?? "-");
  foreach (unowned Smtpd.Recipient recipient in envelope.get_recipients ()) {
    bool wants_success = Smtpd.DsnNotify.SUCCESS in recipient.dsn_notify;

    stdout.printf ("%s: %s\n", recipient.address.get_text (),
                   wants_success ? "to be confirmed" : "no word of success");
  }
  stdout.flush ();
  request.reply (250, "2.0.0 Thank you");

  return Smtpd.Verdict.HANDLED;
}

int main (string[] args) {
  var loop = new MainLoop ();
  var server = new Smtpd.Server ();

  server.add_extension (new Tickets ());
  server.set_extension_enabled ("DSN", true);
  server.handle_mail.connect (on_mail);
  server.handle_data.connect (on_data);
  try {
    server.listen (args.length > 1 ? args[1] : "localhost:8025", Smtpd.ListenerKind.SMTP);
  } catch (Error error) {
    stderr.printf ("extension: %s\n", error.message);
    return 1;
  }

  foreach (unowned string address in server.dup_listen_addresses ())
    stdout.printf ("listening on %s\n", address);
  stdout.flush ();

  foreach (int number in new int[] { Posix.Signal.INT, Posix.Signal.TERM })
    Unix.signal_add (number, () => {
      loop.quit ();
      return Source.REMOVE;
    });
  loop.run ();

  return 0;
}
