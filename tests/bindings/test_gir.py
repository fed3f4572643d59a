# SPDX-License-Identifier: LGPL-2.1-or-later

"""Walks the introspection data: nothing hides behind the name of something else."""

import os
import unittest
import xml.etree.ElementTree as ElementTree

import gi

gi.require_version('Smtpd', '1.0')

from gi.repository import Smtpd  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
KINDS = {CORE + 'method': 'method', CORE + 'property': 'property', GLIB + 'signal': 'signal',
         CORE + 'virtual-method': 'virtual method'}


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

    def test_documented(self):
        for element in self.own.iter():
            if element.tag in KINDS or element.tag in (CORE + 'class', CORE + 'record', CORE + 'constructor',
                                                       CORE + 'enumeration', CORE + 'member'):
                name = element.get('name')
                if element.get(GLIB + 'is-gtype-struct-for') or name.endswith('Private') or name == '_Private':
                    continue
                with self.subTest(name):
                    self.assertIsNotNone(element.find(CORE + 'doc'))

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
