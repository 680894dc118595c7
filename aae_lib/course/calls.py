"""What the code of a notebook calls, read without running it."""

import ast
import re
from collections.abc import Iterable


def calls(sources: Iterable[str], name: str) -> list[ast.Call]:
    """The calls `name(...)` with at least one argument, in the sources of some cells."""
    trees = [ast.parse(source) for source in sources if f"{name}(" in source]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == name]


def wording(text: ast.expr) -> re.Pattern[str]:
    """The texts that an expression gives: a value in an f-string may be anything."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    known = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in parts)
    return re.compile("".join(known), re.DOTALL)
