# SPDX-License-Identifier: LGPL-2.1-or-later

"""Figures, printed."""

import statistics


def spread(values):
    return f'{statistics.median(values):9.2f}  ({min(values):.2f} … {max(values):.2f})'


def line(name, values, unit):
    print(f'  {name:<24} {spread(values)} {unit}', flush=True)


def ratios(ours, theirs):
    """Nothing in place of what was too short to be measured."""
    return [a / b for a, b in zip(ours, theirs) if b > 0] or [float('nan')]
