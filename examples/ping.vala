// SPDX-License-Identifier: LGPL-2.1-or-later

// A server with a command of its own, PING, and one that it overrides, RSET.
//
// usage: ping [ADDRESS]        (default: localhost:8025)

class PingServer : Smtpd.Server {
  private uint resets = 0;

  construct {
    add_command ("PING", (server, session, request, argument) => {
      request.reply (259, "OK");
    });
  }

  public override void rset (Smtpd.Session session, Smtpd.Request request, string argument) {
    resets++;
    request.add_line ("This is RSET number %u".printf (resets));
    base.rset (session, request, argument);
  }
}

Smtpd.Verdict on_data (Smtpd.Server server, Smtpd.Session session, Smtpd.Envelope? envelope,
                       Smtpd.Request request) {
  string subject = "";

  try {
    foreach (unowned string line in envelope.dup_text ().split ("\r\n")) {
      if (line.ascii_down ().has_prefix ("subject:") && subject == "")
        subject = line.substring ("subject:".length).strip ();
    }
  } catch (Error error) {
    subject = error.message;
  }

  stdout.printf ("from %s: %s\n", envelope.mail_from, subject);
  stdout.flush ();
  request.reply (250, "Thank you");

  return Smtpd.Verdict.HANDLED;
}

int main (string[] args) {
  var server = new PingServer ();
  var loop = new MainLoop ();

  server.handle_data.connect (on_data);
  try {
    server.listen (args.length > 1 ? args[1] : "localhost:8025", Smtpd.ListenerKind.SMTP);
  } catch (Error error) {
    stderr.printf ("%s: %s\n", args[0], error.message);
    return 1;
  }
  foreach (unowned string address in server.dup_listen_addresses ())
    stdout.printf ("listening on %s\n", address);
  stdout.flush ();

  foreach (var number in new int[] { Posix.Signal.INT, Posix.Signal.TERM })
    Unix.signal_add (number, () => {
      loop.quit ();
      return Source.REMOVE;
    });
  loop.run ();

  return 0;
}
