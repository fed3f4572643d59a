#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The smallest server: it takes all mail and throws it away.

A controller runs it in a thread of its own, so that the program needs no main loop.

usage: sink.py [ADDRESS]        (default: localhost:8025)
"""

import signal
import sys

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import GLib, Smtpd  # noqa: E402

ENDS = {signal.SIGINT, signal.SIGTERM}


def main(address='localhost:8025'):
    # Threads inherit what is blocked, so this comes before there are any.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        with Smtpd.Controller(Smtpd.SinkHandler(), address) as controller:
            for listening in controller.addresses:
                print(f'listening on {listening}', flush=True)
            signal.sigwait(ENDS)
    except GLib.Error as error:
        sys.exit(f'sink.py: {error.message}')


if __name__ == '__main__':
    main(*sys.argv[1:])
