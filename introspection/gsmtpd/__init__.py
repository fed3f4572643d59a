# SPDX-License-Identifier: LGPL-2.1-or-later

"""Smtpd for programs that were written for aiosmtpd: the same modules, classes and arguments.

A program changes its imports. What differs, and why, is told in moving-from-aiosmtpd.md.
"""

import gi

gi.require_version('Smtpd', '1.0')

__version__ = '0.9.0'
