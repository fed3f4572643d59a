# SPDX-License-Identifier: LGPL-2.1-or-later

"""Walks the introspection data: nothing hides behind the name of something else."""

import os
import pathlib
import re
import unittest
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Smtpd  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
KINDS = {CORE + 'method': 'method', CORE + 'property': 'property', GLIB + 'signal': 'signal',
         CORE + 'virtual-method': 'virtual method'}

# Fields are not among them: what one of a class is for, its virtual method says, and objects have none that are public.
DOCUMENTED = {'alias', 'bitfield', 'callback', 'class', 'constant', 'constructor', 'enumeration', 'function',
              'function-macro', 'instance-parameter', 'interface', 'member', 'method', 'parameter', 'property',
              'record', 'return-value', 'signal', 'union', 'virtual-method'}


def has_methods(record):
    """Whether there is more to the structure of a class than its size."""
    return any(field.find(CORE + 'callback') is not None for field in record.findall(CORE + 'field'))


def load(path):
    return ElementTree.parse(path).getroot().find(CORE + 'namespace')


class Gir(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.own = load(os.environ['SMTPD_GIR'])
        cls.classes = {}
        for path in ('/usr/share/gir-1.0/GObject-2.0.gir', '/usr/share/gir-1.0/Gio-2.0.gir'):
            namespace = load(path)
            for element in namespace.findall(CORE + 'class'):
                cls.classes[f'{namespace.get("name")}.{element.get("name")}'] = element
        for element in cls.own.findall(CORE + 'class'):
            cls.classes[f'Smtpd.{element.get("name")}'] = element

    def lineage(self, name):
        while name is not None:
            element = self.classes[name]
            yield name, element
            parent = element.get('parent')
            namespace = name.partition('.')[0]
            name = None if parent is None else parent if '.' in parent else f'{namespace}.{parent}'

    @staticmethod
    def members(element):
        for child in element:
            if child.tag in KINDS:
                yield child.get('name').replace('-', '_'), KINDS[child.tag]

    def test_clashes(self):
        for element in self.own.findall(CORE + 'class'):
            seen = {}
            for owner, ancestor in self.lineage(f'Smtpd.{element.get("name")}'):
                for name, kind in self.members(ancestor):
                    if not owner.startswith('Smtpd.') and name not in seen:
                        continue
                    with self.subTest(f'{element.get("name")}: {kind} {name} of {owner}'):
                        self.assertNotIn(name, seen)
                    seen[name] = kind

    def documentable(self, element, path):
        """What the reference must say something of, below an element."""
        for child in element:
            tag = child.tag.partition('}')[2]
            if tag not in DOCUMENTED and tag != 'parameters':
                continue
            if child.get('private') == '1' or child.get(GLIB + 'is-gtype-struct-for') and not has_methods(child):
                continue
            if tag == 'return-value' and child.find(CORE + 'type') is not None \
                    and child.find(CORE + 'type').get('name') == 'none':
                continue
            where = f'{path} {tag} {child.get("name", "")}'.rstrip()
            if tag in DOCUMENTED:
                yield where, child
            yield from self.documentable(child, where)

    def test_documented(self):
        for where, element in self.documentable(self.own, 'Smtpd:'):
            with self.subTest(where):
                self.assertRegex(element.findtext(CORE + 'doc', ''), r'\w')

    def test_all_symbols(self):
        """What packages say that the library exports is what the reference has."""
        symbols = (pathlib.Path(os.environ['SMTPD_EXAMPLES']).parent / 'debian/libsmtpd-1.0-0.symbols').read_text()
        told = {element.get(attribute) for element in self.own.iter()
                for attribute in (C + 'identifier', GLIB + 'get-type') if element.tag not in (CORE + 'member', CORE + 'function-macro')}
        self.assertEqual(set(re.findall(r'^ (\w+)@', symbols, re.M)), told - {None, 'intern'})

    def test_reachable(self):
        for element in self.own:
            name = element.get('name')
            if element.tag in (CORE + 'class', CORE + 'record', CORE + 'enumeration', CORE + 'constant'):
                if element.get(GLIB + 'is-gtype-struct-for') or element.get('disguised'):
                    continue
                with self.subTest(name):
                    reached = getattr(Smtpd, name)
                    for method in element.findall(CORE + 'method'):
                        self.assertTrue(hasattr(reached, method.get('name')), method.get('name'))


if __name__ == '__main__':
    unittest.main()
