"""Every small change of a module that a mutation run makes: one at a time, in its syntax tree.

A mutant is a change of what the program does. Words are none: documentation, what a refusal says,
and where it says that the fault is. Identifiers of checks, paths, members and domain tags are.
Nor are types, imports, and what `@dataclass` is told, which the type checker holds.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

# Arguments that are only words, by the name of what is called.
WORDS = {
    "VerificationError": (1, 2),
    "Unavailable": (1, 2),
    "EncodingError": (0,),
    "ValueError": (0,),
    "KeyError": (0,),
    "owned": (1,),  # where
    "read": (2,),  # the name of a document in its refusal
    "read_object": (1,),
    "children": (2,),
    "wide_children": (2,),
    "_nodes": (3,),
    "_columns": (2,),
    "check": (2,),  # documentation
    "each_ballot": (1,),
    "__init__": (1, 2),  # of an exception
}
WORD_NAMES = {"where", "why", "doc", "what"}
SENTENCES = {"_SAYS", "_SENTENCES", "_NOT_STORED", "_PERIOD"}  # dictionaries with words as values

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
CALLS = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "sorted": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}


@dataclass(frozen=True)
class Mutant:
    """One change. `change` shows the statement, with [before → after] in it."""

    path: str
    function: str
    change: str
    line: int
    parent: ast.AST = field(repr=False, compare=False)
    name: str = field(repr=False, compare=False)
    index: int | None = field(repr=False, compare=False)
    new: ast.AST | None = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        return f"{self.path} · {self.function} · {self.change}"

    @contextmanager
    def made(self) -> Iterator[None]:
        """The tree with this change in it."""
        old = getattr(self.parent, self.name)
        changed = self.new
        if self.index is not None:
            changed = list(old)  # type: ignore[assignment]
            assert isinstance(changed, list)
            if self.new is None:
                del changed[self.index]
            else:
                changed[self.index] = self.new
        setattr(self.parent, self.name, changed)
        try:
            yield
        finally:
            setattr(self.parent, self.name, old)


class Module:
    """A module's tree and all its mutants, in the order of the text."""

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.tree = ast.parse(source)
        self._words = _words(self.tree)
        self._seen = Counter[str]()
        self.mutants = list(self._block(self.tree, ("body",), ()))

    @classmethod
    def read(cls, root: Path, path: str) -> Module:
        return cls(path, (root / path).read_text(encoding="utf-8"))

    # -- statements -------------------------------------------------------------------------------

    def _block(
        self, node: ast.AST, names: tuple[str, ...], scope: tuple[str, ...]
    ) -> Iterator[Mutant]:
        for name in names:
            for index, statement in enumerate(getattr(node, name)):
                yield from self._statement(node, name, index, statement, scope)

    def _statement(
        self, parent: ast.AST, name: str, index: int, node: ast.stmt, scope: tuple[str, ...]
    ) -> Iterator[Mutant]:
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_typing(node):
            return
        for new in _other_statements(node, parent):
            if isinstance(node, ast.Assign) and id(node.value) in self._words:
                continue
            yield self._mutant(parent, name, index, new, node, node, scope)
        inner = scope
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inner = (*scope, node.name)
            for place, decorator in enumerate(node.decorator_list):
                if not ast.unparse(decorator).startswith("dataclass"):
                    pair = (decorator, inner)
                    gone = self._mutant(node, "decorator_list", place, None, decorator, *pair)
                    yield replace(gone, change=f"[@{_head(decorator)} → ]")
                    yield from self._expression(node, "decorator_list", place, *pair)
        for field_name, value in ast.iter_fields(node):
            if field_name in ("body", "orelse", "finalbody", "handlers", "decorator_list"):
                continue
            if field_name in ("annotation", "returns", "bases", "keywords", "type_params"):
                continue
            if isinstance(value, list):
                for place in range(len(value)):
                    yield from self._expression(node, field_name, place, node, inner)
            elif isinstance(value, ast.AST):
                yield from self._expression(node, field_name, None, node, inner)
        for handler in getattr(node, "handlers", ()):
            if handler.type is not None:
                other = ast.Name("ZeroDivisionError", ast.Load())
                yield self._mutant(handler, "type", None, other, handler.type, handler, inner)
            yield from self._block(handler, ("body",), inner)
        yield from self._block(
            node, tuple(n for n in ("body", "orelse", "finalbody") if hasattr(node, n)), inner
        )

    # -- expressions ------------------------------------------------------------------------------

    def _expression(
        self,
        parent: ast.AST,
        name: str,
        index: int | None,
        statement: ast.AST,
        scope: tuple[str, ...],
    ) -> Iterator[Mutant]:
        value = getattr(parent, name)
        node = value if index is None else value[index]
        if node is None or id(node) in self._words or not isinstance(node, ast.AST):
            return
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            return
        if isinstance(node, ast.expr | ast.arguments | ast.Slice):
            for new in _other_expressions(node, parent):
                yield self._mutant(parent, name, index, new, node, statement, scope)
        if isinstance(node, ast.Call):
            for place, keyword in enumerate(node.keywords):
                if keyword.arg is not None and id(keyword.value) not in self._words:
                    yield self._mutant(node, "keywords", place, None, keyword, statement, scope)
        for field_name, inner in ast.iter_fields(node):
            if field_name in ("annotation", "ctx", "ops", "op"):
                continue
            if isinstance(inner, list):
                for place in range(len(inner)):
                    yield from self._expression(node, field_name, place, statement, scope)
            elif isinstance(inner, ast.AST):
                yield from self._expression(node, field_name, None, statement, scope)

    def _mutant(
        self,
        parent: ast.AST,
        name: str,
        index: int | None,
        new: ast.AST | None,
        node: ast.AST,
        statement: ast.AST,
        scope: tuple[str, ...],
    ) -> Mutant:
        if new is not None:
            ast.copy_location(new, node)
            ast.fix_missing_locations(new)
        line = getattr(node, "lineno", getattr(statement, "lineno", 0))
        draft = Mutant(self.path, ".".join(scope), "", line, parent, name, index, new)
        if node is statement and new is not None:
            change = f"[{_head(node)} → {_head(new)}]"
        else:
            before = _head(statement)
            with draft.made():
                change = _difference(before, _head(statement))
        key = f"{draft.function} · {change}"
        self._seen[key] += 1
        if self._seen[key] > 1:
            change += f" #{self._seen[key]}"
        return Mutant(self.path, ".".join(scope), change, line, parent, name, index, new)


def _is_typing(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(ast.unparse(base) == "Protocol" for base in node.bases)
    if not isinstance(node, ast.Assign):
        return False
    alias = isinstance(node.value, ast.Subscript) and isinstance(node.value.value, ast.Name)
    types = {"Literal", "Callable", "tuple"}
    return ast.unparse(node.targets[0]) == "__all__" or (
        alias and ast.unparse(node.value).split("[")[0] in types
    )


# -- words ----------------------------------------------------------------------------------------


def _words(tree: ast.Module) -> set[int]:
    """The nodes of words: arguments that are, and what is kept in names for such arguments only."""
    found: set[int] = set()

    def add(node: ast.AST) -> None:
        found.update(id(inner) for inner in ast.walk(node))

    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            add(node.value)
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            for place in WORDS.get(called, ()):
                for argument in node.args[place : place + 1]:
                    add(argument)
            for keyword in node.keywords:
                if keyword.arg in WORD_NAMES:
                    add(keyword.value)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id in SENTENCES:
                for value in node.value.values:
                    for inner in value.values if isinstance(value, ast.Dict) else (value,):
                        add(inner)
        if isinstance(node, ast.arguments):
            places = [*node.posonlyargs, *node.args]
            defaulted = places[len(places) - len(node.defaults) :]
            names = [argument.arg for argument in (*defaulted, *node.kwonlyargs)]
            for name, default in zip(names, (*node.defaults, *node.kw_defaults), strict=True):
                if name in WORD_NAMES and default is not None:
                    add(default)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    grown = True
    while grown:
        before = len(found)
        for function in functions:
            for name, values in _assigned(function).items():
                loads = [
                    node
                    for node in ast.walk(function)
                    if isinstance(node, ast.Name)
                    and node.id == name
                    and isinstance(node.ctx, ast.Load)
                ]
                if loads and all(id(load) in found for load in loads):
                    for value in values:
                        add(value)
        grown = len(found) > before
    return found


def _assigned(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What a function assigns to each name."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            for one, value in pairs:
                if isinstance(one, ast.Name):
                    found.setdefault(one.id, []).append(value)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
    return found


# -- what becomes of a node -----------------------------------------------------------------------


def _other_statements(node: ast.stmt, parent: ast.AST) -> Iterator[ast.stmt]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Expr() | ast.Delete():
            yield ast.Pass()
        case ast.Raise():
            if not _only_raises(parent):  # or else a false condition says the same
                yield ast.Pass()
        case ast.AugAssign():
            yield ast.Pass()
            if type(node.op) in OPERATORS:
                yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value)
        case ast.Assign(value=ast.Constant()) | ast.AnnAssign(value=ast.Constant() | None):
            return
        case ast.Assign():
            if len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
                yield ast.Assign(node.targets, ast.Constant(None), lineno=node.lineno)
        case ast.Return(value=ast.Constant(None)):
            return
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.For():
            for items in _fewer(node.iter, one=not isinstance(node.body[-1], ast.Raise)):
                changed = copy.copy(node)
                changed.iter = items
                yield changed


def _first_is_raised(items: ast.AST, parent: ast.AST) -> bool:
    return (
        isinstance(parent, ast.For)
        and parent.iter is items
        and isinstance(parent.body[-1], ast.Raise)
    )


def _only_raises(parent: ast.AST) -> bool:
    return isinstance(parent, ast.If) and all(
        isinstance(inner, ast.Raise | ast.Assign) for inner in parent.body
    )


def _fewer(items: ast.expr, *, one: bool) -> Iterator[ast.expr]:
    """No item; all but the first; only the first, where the loop can reach a second one."""
    yield ast.Tuple([], ast.Load())
    first, whole = ast.Constant(1), ast.List([ast.Starred(items, ast.Load())], ast.Load())
    if one:
        yield ast.Subscript(whole, ast.Slice(first, None), ast.Load())
        yield ast.Subscript(whole, ast.Slice(None, first), ast.Load())


def _other_expressions(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.Constant(value=str(text)):
            if not isinstance(parent, ast.JoinedStr) or text:
                yield ast.Constant(f"XX{text}")
        case ast.Constant(value=bytes(data)):
            yield ast.Constant(b"XX" + data)
        case ast.Compare():
            yield from _other_comparisons(node)
        case ast.BoolOp():
            op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(op, node.values)
            for place in range(len(node.values)):
                left = node.values[:place] + node.values[place + 1 :]
                yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield copy.copy(node.operand)
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield ast.BinOp(node.left, OPERATORS[type(op)](), node.right)
        case ast.Slice():
            if node.lower:
                yield ast.Slice(None, node.upper, node.step)
            if node.upper:
                yield ast.Slice(node.lower, None, node.step)
        case ast.Call(func=ast.Name(id="sorted")) if _first_is_raised(node, parent):
            return  # the order says only which of several faults is named
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            keywords = [] if name == "sorted" else node.keywords
            yield ast.Call(ast.Name(CALLS[name], ast.Load()), node.args, keywords)
        case ast.Call(func=ast.Attribute(attr=name)) if name in CALLS:
            other = copy.copy(node.func)
            other.attr = CALLS[name]  # type: ignore[attr-defined]
            yield ast.Call(other, node.args, node.keywords)
        case _:
            pass
    conditions = {"test"} if isinstance(parent, ast.If | ast.IfExp | ast.While) else set()
    if any(getattr(parent, name) is node for name in conditions):
        for value in (True, False):
            yield ast.Constant(value)
    if isinstance(parent, ast.comprehension):
        if node is parent.iter:
            yield ast.Tuple([], ast.Load())
        elif any(node is condition for condition in parent.ifs):
            yield ast.Constant(value=True)
            yield ast.Constant(value=False)


def _other_comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        ops = [*node.ops[:place], COMPARISONS[type(op)](), *node.ops[place + 1 :]]
        yield ast.Compare(node.left, ops, node.comparators)
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        left, right = node.left, node.comparators[0]
        if not isinstance(right, ast.Tuple) and isinstance(left, ast.Tuple):
            left, right = right, left
        starred = any(isinstance(inner, ast.Starred) for inner in ast.walk(node))
        if isinstance(right, ast.Tuple) and len(right.elts) > 1 and not starred:
            for place in range(len(right.elts)):  # two tuples, one place of which does not matter
                if isinstance(left, ast.Tuple):
                    same = left.elts[place]
                else:
                    same = ast.Subscript(left, ast.Constant(place), ast.Load())
                elements = [*right.elts[:place], same, *right.elts[place + 1 :]]
                yield ast.Compare(left, node.ops, [ast.Tuple(elements, ast.Load())])


# -- how it reads ---------------------------------------------------------------------------------


def _head(node: ast.AST) -> str:
    """A statement's text without its body."""
    shown = copy.copy(node)
    for name in ("body", "orelse", "finalbody", "handlers"):
        if isinstance(getattr(shown, name, None), list) and not isinstance(node, ast.Module):
            setattr(shown, name, [ast.Pass()] if name == "body" else [])
    if isinstance(shown, ast.ExceptHandler):
        return f"except {ast.unparse(shown.type) if shown.type else ''}"
    if isinstance(shown, ast.Try):
        return "try"
    text = ast.unparse(shown)
    return " ".join(text.removesuffix("pass").removesuffix("\n    ").split()) or "pass"


def _difference(before: str, after: str) -> str:
    """`before` with the difference to `after` in brackets, by whole words."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    while start > 0 and (before[start - 1].isalnum() or before[start - 1] in "_'\"."):
        start -= 1
    end = 0
    shortest = min(len(before), len(after)) - start
    while end < shortest and before[-1 - end] == after[-1 - end]:
        end += 1
    while end > 0 and (before[-end].isalnum() or before[-end] in "_'\"."):
        end -= 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    return f"{before[:start]}[{old} → {new}]{before[len(before) - end :]}"
