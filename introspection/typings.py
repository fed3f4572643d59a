#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes what type checkers read of the library: typings.py python|typescript GIR OUTPUT

Both come from the GIR, so that nothing is forgotten, and from what the overrides add to it.
"""

import sys
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'

BOXED = ('Address', 'Parameters', 'Reply', 'Secret')
RESERVED = {'none', 'from', 'import', 'class', 'function', 'in', 'is', 'pass', 'with'}


class Type:
    def __init__(self, element):
        """Of a parameter, a return value or a property."""
        array = element.find(CORE + 'array')
        self.is_array = array is not None
        inner = (array if self.is_array else element).find(CORE + 'type')
        self.name = inner.get('name') if inner is not None else 'none'
        self.nullable = element.get('nullable') == '1'


class Parameter:
    def __init__(self, element):
        self.name = element.get('name')
        self.type = Type(element)


class Function:
    """A function, method, constructor, virtual method or signal."""

    def __init__(self, element):
        self.name = element.get('name')
        self.doc = doc_of(element)
        self.returns = Type(element.find(CORE + 'return-value'))
        every = element.findall(f'{CORE}parameters/{CORE}parameter')
        hidden = {p.get('closure') for p in every} | {p.get('destroy') for p in every}
        self.parameters = [Parameter(p) for i, p in enumerate(every) if str(i) not in hidden]


class Property:
    def __init__(self, element):
        self.name = element.get('name').replace('-', '_')
        self.type = Type(element)
        self.writable = element.get('writable') == '1'
        self.readable = element.get('readable') != '0'
        self.doc = doc_of(element)


class Class:
    def __init__(self, element):
        def functions(tag):
            return [Function(e) for e in element.findall(CORE + tag) if e.get('introspectable') != '0']

        self.name = element.get('name')
        self.doc = doc_of(element)
        self.parent = element.get('parent')
        self.constructors = functions('constructor')
        self.functions = functions('function')
        self.methods = functions('method')
        self.virtual_methods = functions('virtual-method')
        self.signals = [Function(e) for e in element.findall(GLIB + 'signal')]
        self.properties = [Property(e) for e in element.findall(CORE + 'property')]


class Enumeration:
    def __init__(self, element):
        self.name = element.get('name')
        self.doc = doc_of(element)
        self.is_flags = element.tag == CORE + 'bitfield'
        self.members = [(m.get('name').upper(), m.get('value')) for m in element.findall(CORE + 'member')]


class Library:
    def __init__(self, path):
        namespace = ElementTree.parse(path).getroot().find(CORE + 'namespace')
        self.enumerations = [Enumeration(e) for tag in ('enumeration', 'bitfield')
                             for e in namespace.findall(CORE + tag)]
        self.classes = [Class(e) for e in namespace.findall(CORE + 'class')]
        self.records = [Class(e) for e in namespace.findall(CORE + 'record') if e.get('name') in BOXED]
        self.functions = [Function(e) for e in namespace.findall(CORE + 'function')]
        self.constants = [(e.get('name'), e.get('value')) for e in namespace.findall(CORE + 'constant')]
        self.classes = in_order(self.classes)


def in_order(classes):
    """Parents first."""
    names = {c.name for c in classes}
    done, left = [], list(classes)
    while left:
        ready = [c for c in left if c.parent not in names or c.parent in {d.name for d in done}]
        done += ready
        left = [c for c in left if c not in ready]
    return done


def doc_of(element):
    """The first paragraph of what is documented."""
    doc = element.find(CORE + 'doc')
    if doc is None:
        return ''
    return ' '.join(doc.text.split('\n\n')[0].split()).replace('*/', '')


def safe(name):
    return name + '_' if name in RESERVED else name


# Python

class Python:
    NAMES = {'utf8': 'str', 'filename': 'str', 'gboolean': 'bool', 'none': 'None', 'gpointer': 'Any',
             'GType': 'Any', 'GLib.Quark': 'int', 'GLib.PtrArray': 'list[Any]', 'GLib.DestroyNotify': 'Any',
             'CommandCallback': 'Command'}

    HEAD = '''\
# SPDX-License-Identifier: LGPL-2.1-or-later

"""An SMTP server for GLib programs. Made from the introspection data."""

import asyncio
from typing import Any, Awaitable, Callable, Coroutine, Iterator, Optional, TypeVar, Union

from gi.repository import Gio, GLib, GObject

T = TypeVar('T')

# What a hook, a method or a command may return, at once or later.
Answer = Union[None, Verdict, Reply, str, tuple[int, str]]
Answers = Union[Answer, Awaitable[Answer]]
Command = Callable[[Any, Any, Request, str], Answers]

async def sleep(seconds: float) -> None: ...
async def run_in_thread(function: Callable[..., T], *args: Any) -> T: ...
def run(main: Coroutine[Any, Any, T]) -> T: ...
'''

    # What the overrides add, and what they make of what there is.
    EXTRA = {
        'Address': ['@property\ndef text(self) -> str: ...', '@property\ndef local_part(self) -> str: ...',
                    '@property\ndef domain(self) -> Optional[str]: ...'],
        'Parameters': ['def __len__(self) -> int: ...', 'def __iter__(self) -> Iterator[str]: ...',
                       'def __contains__(self, keyword: object) -> bool: ...',
                       'def __getitem__(self, keyword: str) -> Optional[str]: ...',
                       'def get(self, keyword: str, default: Any = ...) -> Any: ...',
                       'def keys(self) -> Any: ...', 'def values(self) -> Any: ...', 'def items(self) -> Any: ...'],
        'Reply': ['@property\ndef code(self) -> int: ...', '@property\ndef status(self) -> Optional[str]: ...',
                  '@property\ndef lines(self) -> list[str]: ...'],
        'Envelope': ['content: Any', '@property\ndef recipients(self) -> list[Recipient]: ...',
                     'def __len__(self) -> int: ...', 'def __iter__(self) -> Iterator[Recipient]: ...'],
        'Server': ['asyncio_loop: Optional[asyncio.AbstractEventLoop]',
                   '@property\ndef sessions(self) -> list[Session]: ...',
                   '@property\ndef handlers(self) -> list[Handler]: ...',
                   '@property\ndef addresses(self) -> list[str]: ...'],
        'Catcher': ['host: str', '@property\ndef address(self) -> Optional[str]: ...',
                    '@property\ndef messages(self) -> list[Envelope]: ...',
                    'def wait(self, n_messages: int = ..., timeout: float = ...) -> list[Envelope]: ...',
                    'def next(self, timeout: float = ...) -> Envelope: ...',
                    'def __enter__(self) -> Catcher: ...', 'def __exit__(self, *exception: Any) -> None: ...'],
        'Controller': ['def __init__(self, server: Union[Server, Handler, None] = ..., address: Optional[str] = ...,'
                       ' kind: ListenerKind = ..., **properties: Any) -> None: ...',
                       '@property\ndef addresses(self) -> list[str]: ...', '@property\ndef port(self) -> int: ...',
                       'def __enter__(self) -> Controller: ...', 'def __exit__(self, *exception: Any) -> None: ...',
                       'async def __aenter__(self) -> Controller: ...',
                       'async def __aexit__(self, *exception: Any) -> None: ...'],
    }
    REPLACED = {('Envelope', 'content'), ('Catcher', 'wait'), ('Catcher', 'next')}

    def type(self, type):
        name = self.NAMES.get(type.name, type.name)
        if name.startswith(('gint', 'guint')):
            name = 'int'
        if type.is_array:
            name = 'bytes' if type.name == 'guint8' else f'list[{name}]'
        return f'Optional[{name}]' if type.nullable else name

    def parameters(self, function, first=()):
        return ', '.join([*first, *(f'{safe(p.name)}: {self.type(p.type)}' for p in function.parameters)])

    def function(self, function, indent='', first=(), name=None, returns=None, decorator=None):
        lines = [decorator] if decorator else []
        returns = returns or self.type(function.returns)
        lines.append(f'def {name or function.name}({self.parameters(function, first)}) -> {returns}:')
        lines.append(f'    """{function.doc}"""' if function.doc else '    ...')
        return ''.join(f'{indent}{line}\n' for line in lines)

    def property(self, property):
        name, type = property.name, self.type(property.type)
        text = f'    @property\n    def {name}(self) -> {type}:\n        """{property.doc}"""\n'
        if property.writable:
            text += f'    @{name}.setter\n    def {name}(self, value: {type}) -> None: ...\n'
        return text

    def class_(self, cls):
        name = cls.name
        text = f'\nclass {name}({cls.parent or "GObject.GBoxed"}):\n    """{cls.doc}"""\n'
        methods = {m.name for m in cls.methods}
        for extra in self.EXTRA.get(name, []):
            text += ''.join(f'    {line}\n' for line in extra.split('\n'))
        for p in cls.properties:
            if p.readable and p.name not in methods and (name, p.name) not in self.REPLACED:
                text += self.property(p)
        if cls.parent and name != 'Controller':
            text += '    def __init__(self, **properties: Any) -> None: ...\n'
        for f in cls.constructors:
            text += self.function(f, '    ', returns=name, decorator='@staticmethod')
        for f in cls.functions:
            text += self.function(f, '    ', decorator='@staticmethod')
        for m in cls.methods:
            if (name, m.name) not in self.REPLACED:
                text += self.function(m, '    ', ['self'])
        for v in cls.virtual_methods:
            answers = any(p.name == 'request' for p in v.parameters)
            text += self.function(v, '    ', ['self'], 'do_' + v.name, 'Any' if answers else None)
        return text

    def write(self, library):
        text = self.HEAD
        for name, value in library.constants:
            text += f'{name}: int\n'
        for e in library.enumerations:
            text += f'\nclass {e.name}(GObject.{"GFlags" if e.is_flags else "GEnum"}):\n    """{e.doc}"""\n'
            text += ''.join(f'    {name}: {e.name}\n' for name, value in e.members)
        for cls in [*library.records, *library.classes]:
            text += self.class_(cls)
        for f in library.functions:
            text += '\n' + self.function(f)
        return text


# TypeScript

class TypeScript:
    NAMES = {'utf8': 'string', 'filename': 'string', 'gboolean': 'boolean', 'none': 'void', 'gpointer': 'any',
             'GType': 'GObject.GType', 'GLib.Quark': 'number', 'GLib.PtrArray': 'any[]',
             'CommandCallback': 'Command'}

    HEAD = '''\
// SPDX-License-Identifier: LGPL-2.1-or-later

// An SMTP server for GLib programs. Made from the introspection data.

declare module 'gi://Smtpd?version=1.0' {
    import Gio from 'gi://Gio';
    import GLib from 'gi://GLib';
    import GObject from 'gi://GObject';

    export namespace Smtpd {

    // What a hook, a method or a command may return, at once or later.
    type Answer = void | null | Verdict | Reply | string | [number, string];
    type Answers = Answer | Promise<Answer>;
    type Command = (server: Server, session: Session, request: Request, argument: string) => Answers;
'''

    EXTRA = {
        'Parameters': ['[Symbol.iterator](): Iterator<[string, string | null]>;'],
        'Address': ['toString(): string;'],
        'Reply': ['toString(): string;'],
        'Catcher': ['nextMessage(milliseconds?: number): Promise<Envelope>;',
                    'waitForMessages(count?: number, milliseconds?: number): Promise<Envelope[]>;'],
    }

    def type(self, type):
        name = self.NAMES.get(type.name, type.name)
        if name.startswith(('gint', 'guint')):
            name = 'number'
        if type.is_array:
            name += '[]'
        return f'{name} | null' if type.nullable else name

    def parameters(self, function):
        return ', '.join(f'{safe(p.name)}: {self.type(p.type)}' for p in function.parameters)

    def comment(self, doc, indent='        '):
        return f'{indent}/** {doc} */\n' if doc else ''

    def method(self, function, name=None, before='', returns=None):
        return (self.comment(function.doc) + f'        {before}{name or function.name}({self.parameters(function)}): '
                f'{returns or self.type(function.returns)};\n')

    def signal(self, cls, signal):
        verdict = signal.returns.name == 'Verdict'
        parameters = ', '.join([f'server: {cls.name}', *(f'{p.name}: {self.type(p.type)}' for p in signal.parameters)]
                               ) if cls.name == 'Server' else \
            ', '.join([f'source: {cls.name}', *(f'{p.name}: {self.type(p.type)}' for p in signal.parameters)])
        returns = 'Answers' if verdict else self.type(signal.returns)
        return ''.join(f"        {name}(signal: '{signal.name}', callback: ({parameters}) => {returns}): number;\n"
                       for name in ('connect', 'connect_after'))

    def class_(self, cls):
        parent = f' extends {cls.parent}' if cls.parent else ''
        text = f'\n{self.comment(cls.doc, "    ")}    class {cls.name}{parent} {{\n'
        methods = {m.name for m in cls.methods} | {f.name for f in cls.functions}
        if cls.parent:
            text += f'        static readonly $gtype: GObject.GType;\n'
            text += f'        constructor(properties?: {{[name: string]: any}});\n'
        for p in cls.properties:
            if p.readable and p.name not in methods:
                text += self.comment(p.doc)
                text += f'        {"" if p.writable else "readonly "}{p.name}: {self.type(p.type)};\n'
        for extra in self.EXTRA.get(cls.name, []):
            text += f'        {extra}\n'
        for f in cls.constructors:
            text += self.method(f, before='static ', returns=cls.name)
        for f in cls.functions:
            text += self.method(f, before='static ')
        for m in cls.methods:
            text += self.method(m)
        for v in cls.virtual_methods:
            answers = any(p.name == 'request' for p in v.parameters)
            text += self.method(v, 'vfunc_' + v.name, returns='Answers' if answers else None)
        for s in cls.signals:
            text += self.signal(cls, s)
        if cls.signals:
            text += ''.join(f'        {name}(signal: string, callback: (...args: any[]) => any): number;\n'
                            for name in ('connect', 'connect_after'))
        return text + '    }\n'

    def write(self, library):
        text = self.HEAD
        for name, value in library.constants:
            text += f'    const {name}: number;\n'
        for e in library.enumerations:
            text += f'\n{self.comment(e.doc, "    ")}    enum {e.name} {{\n'
            text += ''.join(f'        {name} = {value},\n' for name, value in e.members)
            text += '    }\n'
        for cls in [*library.records, *library.classes]:
            text += self.class_(cls)
        for f in library.functions:
            text += f'\n{self.comment(f.doc, "    ")}    function {f.name}({self.parameters(f)}): ' \
                    f'{self.type(f.returns)};\n'
        return text + '    }\n\n    export default Smtpd;\n}\n'


def main():
    language, gir, output = sys.argv[1:]
    writer = {'python': Python, 'typescript': TypeScript}[language]()
    with open(output, 'w', encoding='utf-8') as file:
        file.write(writer.write(Library(gir)))


if __name__ == '__main__':
    main()
