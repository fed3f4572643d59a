# SPDX-License-Identifier: LGPL-2.1-or-later

"""A Postfix for a test, as a client: an instance of its own, in a directory of the test's."""

import os
import shutil
import subprocess
import unittest

from gsmtpd_process import PATIENCE

MAIN_CF = '''\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/log
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
sendmail_path = /usr/sbin/sendmail
mailq_path = /usr/bin/mailq
newaliases_path = /usr/bin/newaliases
alias_maps =
alias_database =
mydestination =
myhostname = client.example.org
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
relayhost = [127.0.0.1]:{port}
smtp_tls_security_level = encrypt
{options}
'''

MASTER_CF = '''\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
'''


def need_postfix(case):
    case = unittest.skipUnless(os.path.exists('/usr/lib/postfix/sbin/master'), 'there is no Postfix')(case)
    return unittest.skipIf(os.getuid() != 0, 'Postfix wants to be started by root')(case)


class Postfix:
    """Runs from "with" to its end, and relays to a port. Others must be able to enter the directory."""

    def __init__(self, home, port, options):
        self.home = home
        for name in 'config', 'queue', 'data':
            (home / name).mkdir(parents=True)
        shutil.chown(home / 'data', 'postfix')
        (home / 'config/main.cf').write_text(MAIN_CF.format(home=home, port=port, options=options))
        (home / 'config/master.cf').write_text(MASTER_CF)

    def __enter__(self):
        self.run('postfix', '-c', self.home / 'config', 'start')
        return self

    def __exit__(self, *exception):
        self.run('postfix', '-c', self.home / 'config', 'stop')

    @staticmethod
    def run(name, *args, **kwargs):
        result = subprocess.run([shutil.which(name, path='/usr/sbin'), *args], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=PATIENCE, **kwargs)
        assert result.returncode == 0, result.stdout

    def send(self, message):
        self.run('sendmail', '-C', self.home / 'config', '-f', 'a@example.org', 'b@example.org', input=message)

    def log(self):
        return (self.home / 'log').read_text()
