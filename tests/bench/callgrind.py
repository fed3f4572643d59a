# SPDX-License-Identifier: LGPL-2.1-or-later

"""Instructions for a message, which do not depend on what else the machine does."""

import re
import subprocess
import tempfile

from servers import OURS, built, environment, tool
from workloads import load, source

FEW, MANY = 200, 1200

# Through the whole server: by sockets, one client at a time, so that every run is alike.
LOADS = {
    'a session for each message': (source('-s', 1), 1),
    'many messages a session': (source('-d', '-s', 1), 1),
    'the same, envelopes pipelined': (load('pipeline', 1), 1),
    'NOOP, one by one': (load('noop', 1), 1),
    'NOOP, 50 at a time': (load('noops', 1, each=50), 50),
}


def count(argv, work=None):
    """Instructions of a program, from its beginning to its end."""
    with tempfile.NamedTemporaryFile(suffix='.callgrind') as out:
        process = subprocess.Popen([tool('valgrind'), '--tool=callgrind', f'--callgrind-out-file={out.name}', *argv],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=environment())
        if work:
            work(process)
            process.terminate()
        process.wait()
        with open(out.name) as file:
            return int(re.search(r'^(?:summary|totals): (\d+)', file.read(), re.M).group(1))


def through_server(run, times):
    from servers import free_port, wait_for
    port = free_port()

    def work(process):
        wait_for(port, process)
        run(port, times, OURS)
    return count(OURS.command(port, None), work)


def measure(arguments, certificate):
    print('\ncallgrind: instructions for each message or command')
    if not tool('valgrind'):
        print('  left out: valgrind is not installed')
        return
    few, many = (FEW, MANY) if arguments.scale >= 1 else (5, 10)
    for transcript in 'message', 'pipelined', 'noop':
        difference = [count([built('tests/bench/core-bench'), transcript, str(n)]) for n in (few, many)]
        print(f'  core, {transcript:<34} {(difference[1] - difference[0]) / (many - few):9.0f}', flush=True)
    for title, (run, each) in LOADS.items():
        if 'smtp-source' in title and not tool('smtp-source'):
            continue
        difference = [through_server(run, n * each) for n in (few, many)]
        print(f'  server, {title:<32} {(difference[1] - difference[0]) / ((many - few) * each):9.0f}', flush=True)
