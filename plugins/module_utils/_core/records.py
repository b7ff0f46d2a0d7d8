# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`dataclass`, `field` and `replace` as in the standard library's `dataclasses`, at a twentieth of their cost.

That module imports `inspect`, `ast` and `dis` and compiles three functions for each class: 25 ms of processor time for
the classes of a run with nothing to do, which needs 50 ms in all (Python 3.11). What `module_utils` declares comes from
here, therefore, and means the same: fields by annotation, defaults, equality, `repr`, and with `frozen` a hash and no
assignment. Not supported, and not used: fields that are inherited, `ClassVar`, `__post_init__`, any other parameter.
"""

from __future__ import annotations

import typing as t

__all__ = ("dataclass", "field", "replace")

if t.TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    _MISSING = object()

    class _Field:
        def __init__(self, default, factory, shown):
            self.default = default
            self.factory = factory
            self.shown = shown

    def field(*, default=_MISSING, default_factory=_MISSING, **more):
        return _Field(default, default_factory, more.get("repr", True))

    def dataclass(cls=None, *, frozen=False):
        if cls is None:
            return lambda cls: _made(cls, frozen)
        return _made(cls, frozen)

    def replace(instance, **changes):
        """A copy with other values in some fields; of the standard library's dataclasses too."""
        return type(instance)(**{**vars(instance), **changes})

    def _made(cls, frozen):
        # Up to 3.13 the attribute may be that of a parent, from 3.14 on the key may be missing.
        names = tuple(vars(cls).get("__annotations__") or getattr(cls, "__annotations__", ()))
        fields = {name: _taken(cls, name) for name in names}
        shown = [name for name, found in fields.items() if found.shown]

        def values(self):
            return tuple([getattr(self, name) for name in names])

        def equal(self, other):
            return values(self) == values(other) if type(self) is type(other) else NotImplemented

        def text(self):
            parts = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
            return f"{cls.__qualname__}({parts})"

        methods = {"__init__": _init(cls.__name__, fields), "__eq__": equal, "__repr__": text}
        for name, method in methods.items():
            if name not in vars(cls):
                setattr(cls, name, method)
        cls.__hash__ = (lambda self: hash(values(self))) if frozen else None
        if frozen:
            cls.__setattr__ = cls.__delattr__ = _refuse
        cls.__match_args__ = names
        return cls

    def _taken(cls, name):
        """The field, and its default as the attribute of the class that it is in a dataclass."""
        found = vars(cls).get(name, _MISSING)
        if not isinstance(found, _Field):
            return _Field(found, _MISSING, True)
        if found.default is _MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, found.default)
        return found

    def _init(title, fields):
        names = tuple(fields)
        plain = {n: f.default for n, f in fields.items() if f.default is not _MISSING}
        made = [(n, f.factory) for n, f in fields.items() if f.factory is not _MISSING]

        def begin(self, *args, **named):
            found = self.__dict__
            found.update(plain)
            found.update(zip(names, args))
            twice = named and not named.keys().isdisjoint(names[: len(args)])
            found.update(named)
            for name, make in made:
                if name not in found:
                    found[name] = make()
            if found.keys() != fields.keys() or twice or len(args) > len(names):
                raise TypeError(f"{title} is made of {', '.join(names)}, each of them once")

        return begin

    def _refuse(self, name, *_value):
        raise AttributeError(
            f"cannot assign to field {name!r}: {type(self).__qualname__} is frozen"
        )
