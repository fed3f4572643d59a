# SPDX-License-Identifier: LGPL-2.1-or-later

"""TLS contexts from Python: SNI, reload, client certificates, and the hook of the handshake."""

import os
import smtplib
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Gio, GLib, Smtpd  # noqa: E402

PATIENCE = 20


def make_certificate(directory, title, name=None, kind='ec'):
    """A key and a certificate that it signs; the path of both, in one file."""
    name = name or title
    path = os.path.join(directory, title + '.pem')
    parameters = 'ec_paramgen_curve:P-256' if kind == 'ec' else 'rsa_keygen_bits:2048'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', kind, '-pkeyopt', parameters, '-nodes',
                    '-keyout', path + '.key', '-out', path + '.crt', '-subj', '/CN=' + name, '-days', '2',
                    '-addext', 'subjectAltName=DNS:' + name], check=True, stderr=subprocess.DEVNULL)
    with open(path, 'wb') as out:
        for part in '.crt', '.key':
            with open(path + part, 'rb') as file:
                out.write(file.read())
    return path


def der_of(path):
    with open(path + '.crt') as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


class Contexts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.certificate = make_certificate(self.directory, 'mx.example')
        self.context = Smtpd.TlsContext.new(self.certificate, None)
        self.server = Smtpd.Server(tls_context=self.context)
        self.server.listen('127.0.0.1:0', Smtpd.ListenerKind.SMTPS)
        self.port = int(self.server.dup_listen_addresses()[0].rpartition(':')[2])

    def run_client(self, script, name='mx.example', own=None):
        """Runs script(client) in a thread, with the loop; returns what it returns or raises."""
        loop = GLib.MainLoop()
        result = []

        def play():
            context = ssl._create_unverified_context()
            if own is not None:
                context.load_cert_chain(own)
            try:
                # smtplib asks for the name of the host that it connects to.
                with smtplib.SMTP_SSL('127.0.0.1', self.port, local_hostname='me', context=Named(context, name),
                                      timeout=PATIENCE) as client:
                    result.append(script(client))
            except Exception as error:
                result.append(error)
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=play)
        thread.start()
        loop.run()
        thread.join()
        while self.server.get_n_sessions() > 0:
            GLib.MainContext.default().iteration(True)
        return result[0]

    def shown(self, name):
        return self.run_client(lambda client: client.sock.getpeercert(True), name)

    def test_server_name(self):
        other = make_certificate(self.directory, 'other.example')
        names = []
        self.server.connect('handle-tls-handshake', lambda server, session, envelope, request:
                            names.append(session.tls_info.server_name) or Smtpd.Verdict.CONTINUE)
        self.assertTrue(self.context.add_certificate(other, None))
        self.assertEqual(self.shown('mx.example'), der_of(self.certificate))
        self.assertEqual(self.shown('other.example'), der_of(other))
        self.assertEqual(self.shown('unknown.example'), der_of(self.certificate))
        self.assertEqual(names, ['mx.example', 'other.example', 'unknown.example'])

    def test_names_of_certificates(self):
        """A name in any case, and one that a wildcard is for, which comes after one that is named."""
        wildcard, named, upper = (make_certificate(self.directory, name)
                                  for name in ('*.wild.example', 'mx.wild.example', 'UP.example'))
        for certificate in wildcard, named, upper:
            self.assertTrue(self.context.add_certificate(certificate, None))
        for name, certificate in (('a.wild.example', wildcard), ('A.WILD.EXAMPLE', wildcard), ('MX.wild.example', named),
                                  ('up.example', upper), ('UP.EXAMPLE', upper), ('a.b.wild.example', self.certificate),
                                  ('wild.example', self.certificate), ('MX.EXAMPLE', self.certificate)):
            with self.subTest(name):
                self.assertEqual(self.shown(name), der_of(certificate))

    def test_kinds_of_keys(self):
        """Of two certificates for the same name a client gets the one that it can use."""
        rsa = make_certificate(self.directory, 'rsa', 'mx.example', 'rsa')
        self.assertTrue(self.context.add_certificate(rsa, None))
        self.assertIn('id-ecPublicKey', self.ask_openssl_for_key('MX.example', 'ECDSA+SHA256'))
        self.assertIn('rsaEncryption', self.ask_openssl_for_key('MX.example', 'RSA-PSS+SHA256'))

    def ask_openssl_for_key(self, name, algorithms):
        output = self.ask_openssl('-servername', name, '-sigalgs', algorithms, '-showcerts')
        pem = output[output.index('-----BEGIN'):output.index('-----END')] + '-----END CERTIFICATE-----'
        return subprocess.run(['openssl', 'x509', '-noout', '-text'], input=pem, stdout=subprocess.PIPE,
                              check=True, text=True).stdout

    def test_reload(self):
        before = der_of(self.certificate)
        self.assertEqual(self.shown('mx.example'), before)
        make_certificate(self.directory, 'mx.example')
        self.assertEqual(self.shown('mx.example'), before)
        self.assertTrue(self.context.reload())
        self.assertEqual(self.shown('mx.example'), der_of(self.certificate))
        os.unlink(self.certificate)
        with self.assertRaises(GLib.Error):
            self.context.reload()
        self.assertEqual(self.shown('mx.example'), der_of(self.certificate))

    def test_reload_keeps_connections(self):
        """Who is connected stays so, whatever the files say now."""
        before = der_of(self.certificate)

        def stay(client):
            make_certificate(self.directory, 'mx.example')
            reloaded = threading.Event()
            GLib.idle_add(lambda: self.context.reload() and reloaded.set())
            self.assertTrue(reloaded.wait(PATIENCE))
            return client.sock.getpeercert(True), client.sendmail('a@example.org', ['b@example.org'], 'x')

        self.server.add_handler(Smtpd.SinkHandler())
        self.assertEqual(self.run_client(stay), (before, {}))
        self.assertNotEqual(der_of(self.certificate), before)
        self.assertEqual(self.shown('mx.example'), der_of(self.certificate))

    def shown_after_a_while(self, expected):
        """New certificates are read when the loop has time for it."""
        deadline = time.monotonic() + PATIENCE
        while self.shown('mx.example') != expected and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.shown('mx.example')

    def test_watch_files(self):
        before = der_of(self.certificate)
        self.context.props.watch_files = True
        make_certificate(self.directory, 'mx.example')
        self.assertEqual(self.shown_after_a_while(der_of(self.certificate)), der_of(self.certificate))
        self.assertNotEqual(der_of(self.certificate), before)

        # No way to be watched any more.
        self.context.props.watch_files = False
        before = der_of(self.certificate)
        make_certificate(self.directory, 'mx.example')
        for _ in range(10):
            self.assertEqual(self.shown('mx.example'), before)

    def test_watch_links(self):
        """What certificate clients and orchestrators do: the name stays, a link changes."""
        for name in 'one', 'two':
            os.mkdir(os.path.join(self.directory, name))
            make_certificate(os.path.join(self.directory, name), 'mx.example')
        current = os.path.join(self.directory, 'current')
        os.symlink('one', current)
        self.server.props.tls_context = Smtpd.TlsContext.new(current + '/mx.example.pem', None)
        self.server.props.tls_context.props.watch_files = True
        one, two = (der_of(os.path.join(self.directory, name, 'mx.example.pem')) for name in ('one', 'two'))
        self.assertEqual(self.shown('mx.example'), one)
        os.symlink('two', current + '.new')
        os.rename(current + '.new', current)
        self.assertEqual(self.shown_after_a_while(two), two)

    def run_openssl(self, *args):
        subprocess.run(['openssl', *args], check=True, cwd=self.directory, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def make_staple(self):
        """An authority, a certificate of it, and its word that the certificate is good."""
        make_certificate(self.directory, 'authority')
        self.run_openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                         '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=mx.example')
        self.run_openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'authority.pem.crt', '-CAkey', 'authority.pem.key',
                         '-set_serial', '4660', '-days', '2', '-out', 'leaf.crt')
        with open(os.path.join(self.directory, 'index.txt'), 'w') as file:
            file.write('V\t350101000000Z\t\t1234\tunknown\t/CN=mx.example\n')
        self.run_openssl('ocsp', '-index', 'index.txt', '-rsigner', 'authority.pem.crt', '-rkey', 'authority.pem.key',
                         '-CA', 'authority.pem.crt', '-issuer', 'authority.pem.crt', '-cert', 'leaf.crt',
                         '-respout', 'staple.der', '-ndays', '2')
        chain = os.path.join(self.directory, 'chain.pem')
        with open(chain, 'wb') as out:
            for name in 'leaf.crt', 'authority.pem.crt', 'leaf.key':
                with open(os.path.join(self.directory, name), 'rb') as file:
                    out.write(file.read())
        return chain

    def ask_openssl(self, *args):
        """What openssl says of the connection."""
        loop = GLib.MainLoop()
        output = []

        def ask():
            result = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{self.port}', *args],
                                    input=b'QUIT\r\n', stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output.append(result.stdout.decode(errors='replace'))
            GLib.idle_add(loop.quit)

        thread = threading.Thread(target=ask)
        thread.start()
        loop.run()
        thread.join()
        return output[0]

    def test_staple(self):
        context = Smtpd.TlsContext.new(self.make_staple(), None)
        self.server.props.tls_context = context
        output = self.ask_openssl('-status', '-showcerts')
        self.assertIn('OCSP response: no response sent', output)
        self.assertEqual(output.count('BEGIN CERTIFICATE'), 2, 'the whole chain')
        context.props.ocsp_file = os.path.join(self.directory, 'staple.der')
        self.assertTrue(context.reload())
        output = self.ask_openssl('-status')
        self.assertIn('OCSP Response Status: successful', output)
        self.assertIn('Cert Status: good', output)
        context.props.ocsp_file = self.certificate
        with self.assertRaises(GLib.Error):
            context.reload()

    def test_certificate_object(self):
        """From a GTlsCertificate, and to one."""
        own = make_certificate(self.directory, 'client.example')
        with self.assertRaises(GLib.Error):
            Smtpd.TlsContext.new_from_certificate(Gio.TlsCertificate.new_from_file(self.certificate + '.crt'))
        context = Smtpd.TlsContext.new_from_certificate(Gio.TlsCertificate.new_from_file(self.certificate))
        context.props.client_certificates = Smtpd.ClientCertificates.REQUESTED
        self.server.props.tls_context = context
        seen = []
        self.server.connect('handle-tls-handshake', lambda server, session, envelope, request:
                            seen.append(session.tls_info.dup_peer_certificate()) or Smtpd.Verdict.CONTINUE)
        der = self.run_client(lambda client: client.sock.getpeercert(True), own=own)
        self.assertEqual(der, der_of(self.certificate))
        self.assertTrue(seen[0].is_same(Gio.TlsCertificate.new_from_file(own)))

    def test_many_names(self):
        """S10: a client's certificate with thousands of names does no harm. It is in the tickets, too,
        which do not go out in one piece."""
        names = ','.join(f'DNS:n{i}.example' for i in range(3000))
        path = os.path.join(self.directory, 'many.pem')
        with open(path + '.cnf', 'w') as file:
            file.write(f'[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\nsubjectAltName={names}\n')
        self.run_openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                         '-keyout', path, '-out', path + '.crt', '-subj', '/CN=many', '-days', '2',
                         '-config', path + '.cnf')
        with open(path, 'a') as out, open(path + '.crt') as file:
            out.write(file.read())
        self.context.props.client_certificates = Smtpd.ClientCertificates.REQUESTED
        # Its handshake comes in so many pieces that its end may come while the server looks at one.
        for _ in range(12):
            self.assertEqual(self.run_client(lambda client: client.noop()[0], own=path), 250)
        self.assertEqual(self.run_client(lambda client: client.noop()[0]), 250)

    def test_errors(self):
        with open(self.certificate + '.bad', 'w') as file:
            file.write('-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
        other = make_certificate(self.directory, 'other.example')
        for arguments in (('/nonexistent', None), (self.certificate + '.bad', None),
                          (self.certificate + '.crt', other + '.key'), (self.directory, None)):
            with self.subTest(arguments), self.assertRaises(GLib.Error):
                Smtpd.TlsContext.new(*arguments)
        self.context.props.priority = 'NONSENSE'
        with self.assertRaises(GLib.Error):
            self.context.reload()

    def test_client_certificates(self):
        own = make_certificate(self.directory, 'client.example')
        stranger = make_certificate(self.directory, 'stranger.example')
        seen = []

        def on_handshake(server, session, envelope, request):
            der = session.tls_info.peer_certificate_der
            seen.append((der.get_data() if der else None, session.tls_info.peer_verified))
            return Smtpd.Verdict.CONTINUE

        self.server.connect('handle-tls-handshake', on_handshake)
        self.context.props.ca_file = own + '.crt'
        self.context.props.client_certificates = Smtpd.ClientCertificates.REQUESTED
        for certificate in None, own, stranger:
            self.assertEqual(self.run_client(lambda client: client.noop()[0], own=certificate), 250)
        self.assertEqual(seen, [(None, False), (der_of(own), True), (der_of(stranger), False)])

        seen.clear()
        self.context.props.client_certificates = Smtpd.ClientCertificates.REQUIRED
        self.assertEqual(self.run_client(lambda client: client.noop()[0], own=own), 250)
        for certificate in None, stranger:
            self.assertIsInstance(self.run_client(lambda client: client.noop()[0], own=certificate), Exception)
        self.assertEqual(seen, [(der_of(own), True)])

    def test_refusal(self):
        """Whatever is no assent is a refusal: 554 to all but QUIT."""
        hooks = [
            lambda server, session, envelope, request: request.reply(550, 'no') and Smtpd.Verdict.HANDLED,
            lambda *args: None,
            lambda *args: 1 / 0,
            lambda server, session, envelope, request: request.hold() or Smtpd.Verdict.HANDLED,
        ]
        self.server.props.hook_timeout = 1
        for hook in hooks:
            handler = self.server.connect('handle-tls-handshake', hook)
            result = self.run_client(lambda client: None)
            self.assertIsInstance(result, smtplib.SMTPConnectError)
            self.assertEqual(result.smtp_code, 554)
            self.server.disconnect(handler)
        self.assertEqual(self.run_client(lambda client: client.noop()[0]), 250)

    def test_late_assent(self):
        def on_handshake(server, session, envelope, request):
            request.hold()
            GLib.timeout_add(50, lambda: request.proceed() and False)
            return Smtpd.Verdict.HANDLED

        self.server.connect('handle-tls-handshake', on_handshake)
        self.assertEqual(self.run_client(lambda client: client.noop()[0]), 250)


class Named:
    """An SSLContext that asks for a name of its own."""

    def __init__(self, context, name):
        self.context = context
        self.name = name

    def wrap_socket(self, sock, server_hostname):
        return self.context.wrap_socket(sock, server_hostname=self.name)


if __name__ == '__main__':
    unittest.main()
