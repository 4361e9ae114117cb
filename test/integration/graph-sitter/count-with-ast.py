"""Counts functions, classes, imports, parameters and complexity with Python's own parser.

Reads paths from standard input, one a line; writes one JSON object a line, or null for a file that does not parse.
"""

import ast
import json
import sys

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DECISIONS = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler)


def is_wildcard(case):
    pattern = case.pattern
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None


def decisions(node):
    if isinstance(node, DECISIONS):
        return 1
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if hasattr(ast, "match_case") and isinstance(node, ast.match_case):
        return (0 if is_wildcard(node) else 1) + (0 if node.guard is None else 1)
    return 0


def count(source):
    counts = dict(functions=0, classes=0, imports=0, parameters=0, complexity=0)
    # A decorator belongs to the code around the function it stands before.
    pending = [(ast.parse(source), False)]
    while pending:
        node, is_inside = pending.pop()
        if isinstance(node, FUNCTIONS):
            a = node.args
            counts["functions"] += 1
            counts["complexity"] += 1
            counts["parameters"] += len(getattr(a, "posonlyargs", [])) + len(a.args) + len(a.kwonlyargs)
            counts["parameters"] += (a.vararg is not None) + (a.kwarg is not None)
        if isinstance(node, ast.ClassDef):
            counts["classes"] += 1
        if isinstance(node, ast.Import):
            counts["imports"] += len(node.names)
        if isinstance(node, ast.ImportFrom):
            counts["imports"] += 1
        if is_inside:
            counts["complexity"] += decisions(node)
        outside = getattr(node, "decorator_list", [])
        inside = is_inside or isinstance(node, FUNCTIONS)
        for child in ast.iter_child_nodes(node):
            pending.append((child, is_inside if child in outside else inside))
    return counts


for path in sys.stdin.read().splitlines():
    with open(path, "rb") as file:
        try:
            print(json.dumps(count(file.read())))
        except (SyntaxError, ValueError):
            print("null")
