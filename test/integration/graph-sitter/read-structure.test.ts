import { describe, expect, test } from 'vitest'
import { analyseSource } from '../../../src/integration/graph-sitter/analyse-file.ts'
import type { FileStructure, FunctionStructure } from '../../../src/integration/graph-sitter/file-structure.ts'
import { languageOf } from '../../../src/integration/graph-sitter/language.ts'
import { sourceParser } from '../../../src/integration/graph-sitter/parse-source.ts'

const parser = sourceParser()

async function analyse(path: string, source: string | Buffer): Promise<FileStructure> {
  return analyseSource({ path, language: languageOf(path)! }, { parser, bytes: Buffer.from(source) })
}

/** One line for each function: what, its name, its parameters, complexity, nesting and flags. */
function summary(found: FunctionStructure): string {
  const parameters = found.parameters.map(({ name, type, default: value, rest }) => {
    const stars = rest === undefined ? '' : rest === 'positional' ? '*' : '**'
    return `${stars}${name}${type === undefined ? '' : `: ${type}`}${value === undefined ? '' : ` = ${value}`}`
  })
  const flags = [found.isAsync && 'async', found.isGenerator && 'generator', found.isExported && 'exported']
  const words = [
    found.kind,
    `${found.qualifiedName}(${parameters.join(', ')})`,
    `c${found.complexity}`,
    `n${found.nesting}`,
  ]
  return [...words, ...flags.filter(Boolean)].join(' ')
}

describe('functions', () => {
  test.each<[string, string, string, string[]]>([
    [
      'a declaration',
      'a.ts',
      'function f(a: number, b = 1, ...c: string[]) {}',
      ['function f(a: number, b = 1, *c: string[]) c1 n0'],
    ],
    [
      'an exported async generator',
      'a.ts',
      'export async function* g() { yield 1 }',
      ['function g() c1 n0 async generator exported'],
    ],
    ['a default export without a name', 'a.ts', 'export default function () {}', ['function default() c1 n0 exported']],
    ['an arrow by its variable', 'a.ts', 'export const f = async x => x', ['arrow f(x) c1 n0 async exported']],
    ['an arrow behind a type assertion', 'a.ts', 'const f = ((x) => x) satisfies F', ['arrow f(x) c1 n0']],
    ['a function exported by a list', 'a.ts', 'function f() {}\nexport { f as g }', ['function f() c1 n0 exported']],
    [
      'a destructured parameter',
      'a.ts',
      'function f({ a, b: [c] }: T = {}) {}',
      ['function f({ a, b: [c] }: T = {}) c1 n0'],
    ],
    ['a function assigned to a property', 'a.js', 'module.exports.f = function () {}', ['function f() c1 n0']],
    ['a function without any name', 'a.js', 'run(function () {})', ['function <anonymous>() c1 n0']],
    [
      'methods of an object',
      'a.js',
      'const o = { m() {}, async *g() {}, "a b": () => 1 }',
      ['method m() c1 n0', 'method g() c1 n0 async generator', 'arrow a b() c1 n0'],
    ],
    [
      'members of a class',
      'a.ts',
      'class K { constructor(private a: A) {}\n get v() { return 1 }\n set v(x) {}\n static async m() {}\n #p = () => 1 }',
      [
        'constructor K.constructor(a: A) c1 n0',
        'getter K.v() c1 n0',
        'setter K.v(x) c1 n0',
        'method K.m() c1 n0 async',
        'arrow K.#p() c1 n0',
      ],
    ],
    [
      'no overloads, abstract methods, ambient functions or interface members',
      'a.ts',
      'function f(a: string): void\nfunction f(a: any) {}\nabstract class K { abstract m(): void; o(a: 1): 1; o(a: any) { return a } }\ninterface I { m(): void }\ndeclare function d(): void',
      ['function f(a: any) c1 n0', 'method K.o(a: any) c1 n0'],
    ],
    [
      'functions within functions, each for itself',
      'a.ts',
      'function f() { if (a) { return () => { if (b && c) {} } } }',
      ['function f() c2 n1', 'arrow f.<anonymous>() c3 n1'],
    ],
    [
      'a component',
      'a.tsx',
      'export const C = <T,>({ a }: P<T>) => <ul>{a ? <li onClick={() => a} /> : null}</ul>',
      ['arrow C({ a }: P<T>) c2 n0 exported', 'arrow C.<anonymous>() c1 n0'],
    ],
    ['JSX in JavaScript', 'a.jsx', 'const C = (p) => <a {...p}>{p.x && <b />}</a>', ['arrow C(p) c2 n0']],
    [
      'a Python function with every kind of parameter',
      'a.py',
      'def f(a, /, b: int = 1, *args, c, d="x", **kw): pass',
      ['function f(a, b: int = 1, *args, c, d = "x", **kw) c1 n0 exported'],
    ],
    [
      'a private Python function and lambdas',
      'a.py',
      'def _f(): return lambda: 0\nadd = lambda x, *y: x',
      ['function _f() c1 n0', 'lambda _f.<anonymous>() c1 n0', 'lambda add(x, *y) c1 n0'],
    ],
    [
      'Python methods',
      'a.py',
      'class A:\n  def __init__(self): pass\n  @property\n  def p(self): return 1\n  @p.setter\n  def p(self, v): pass\n  async def m(self): yield 1',
      [
        'constructor A.__init__(self) c1 n0',
        'getter A.p(self) c1 n0',
        'setter A.p(self, v) c1 n0',
        'method A.m(self) c1 n0 async generator',
      ],
    ],
  ])('lists %s', async (_, path, source, expected) => {
    const { functions, problem } = await analyse(path, source)
    expect(problem).toBeNull()
    expect(functions.map(summary)).toEqual(expected)
  })
})

describe('complexity and nesting', () => {
  test.each<[string, string, string, number, number]>([
    ['nothing', 'a.ts', '', 1, 0],
    ['if, else if, else', 'a.ts', 'if (a) {} else if (b) {} else {}', 3, 1],
    ['if within else', 'a.ts', 'if (a) {} else { if (b) {} }', 3, 2],
    ['every loop', 'a.ts', 'for (;;) {} for (x of y) {} for (x in y) {} while (a) {} do {} while (a)', 6, 1],
    ['loops within one another', 'a.ts', 'for (;;) { while (a) { if (b) {} } }', 4, 3],
    ['switch: cases, not the default', 'a.ts', 'switch (a) { case 1: case 2: break; default: }', 3, 1],
    ['try, catch, finally', 'a.ts', 'try {} catch {} finally {}', 2, 1],
    ['short circuits', 'a.ts', 'a && b || c ?? d; a ||= b; a &&= c; a ??= d', 7, 0],
    ['bitwise and optional chaining are none', 'a.ts', 'a & b | c?.d', 1, 0],
    ['conditional expressions', 'a.ts', 'a ? b : c ? d : e', 3, 0],
    ['if, elif, else', 'a.py', 'if a: pass\n  elif b: pass\n  else: pass', 3, 1],
    ['loops and their else', 'a.py', 'for x in y: pass\n  else: pass\n  while a: pass', 3, 1],
    ['try with two excepts', 'a.py', 'try: pass\n  except A: pass\n  except B: pass\n  finally: pass', 3, 1],
    ['except groups', 'a.py', 'try: pass\n  except* A: pass', 2, 1],
    ['and, or, conditional expression', 'a.py', 'x = a and b or c if d else not e', 4, 0],
    ['comprehension', 'a.py', 'x = [a for b in c for d in b if d if a]', 5, 0],
    [
      'match: cases and guards, not the wildcard',
      'a.py',
      'match a:\n    case 1: pass\n    case x if x: pass\n    case _: pass',
      4,
      1,
    ],
    ['with is no branch', 'a.py', 'with a: pass', 1, 0],
  ])('of %s', async (_, path, body, complexity, nesting) => {
    const source = path.endsWith('.py') ? `def f():\n  ${body || 'pass'}\n` : `function f() { ${body} }`
    const { functions, problem } = await analyse(path, source)
    expect(problem).toBeNull()
    expect(functions[0]).toMatchObject({ complexity, nesting })
  })
})

describe('classes', () => {
  test.each<[string, string, string, unknown[]]>([
    [
      'a base and interfaces',
      'a.ts',
      'export class K<T> extends a.B<T> implements I { m() {} }',
      [['K', ['a.B'], ['m'], true]],
    ],
    ['an abstract class', 'a.ts', 'abstract class K { abstract m(): void }', [['K', [], [], false]]],
    ['a class expression', 'a.js', 'const K = class extends mixin(A) {}', [['K', ['mixin(A)'], [], false]]],
    [
      'bases and a metaclass',
      'a.py',
      'class A(B, c.D, metaclass=M):\n  def m(self): pass',
      [['A', ['B', 'c.D'], ['m'], true]],
    ],
    ['a class within a function', 'a.py', 'def f():\n  class A: pass', [['f.A', [], [], false]]],
  ])('lists %s', async (_, path, source, expected) => {
    const { classes } = await analyse(path, source)
    expect(classes.map((found) => [found.qualifiedName, found.bases, found.methods, found.isExported])).toEqual(
      expected,
    )
  })
})

describe('imports', () => {
  test.each<[string, string, string, unknown[]]>([
    [
      'default, named and renamed',
      'a.ts',
      'import a, { b as c, type D } from "x"',
      [['x', ['default', 'b', 'D'], 'import']],
    ],
    ['namespace', 'a.ts', 'import * as a from "x"', [['x', ['*'], 'import']]],
    ['types', 'a.ts', 'import type { A } from "x"', [['x', ['A'], 'type-import']]],
    ['effects only', 'a.js', 'import "x"', [['x', [], 'import']]],
    [
      're-exports',
      'a.ts',
      'export * from "x"\nexport { a as b } from "y"\nexport * as c from "z"',
      [
        ['x', ['*'], 're-export'],
        ['y', ['a'], 're-export'],
        ['z', ['*'], 're-export'],
      ],
    ],
    [
      'require and import()',
      'a.ts',
      'import a = require("x")\nconst b = require("y")\nawait import("z")\nimport(name)',
      [
        ['x', ['*'], 'require'],
        ['y', ['*'], 'require'],
        ['z', ['*'], 'dynamic-import'],
      ],
    ],
    [
      'no import types',
      'a.ts',
      'let a: import("x").A = (await import("y")).b as import("z").C',
      [['y', ['*'], 'dynamic-import']],
    ],
    [
      'modules',
      'a.py',
      'import os, a.b as c',
      [
        ['os', [], 'import'],
        ['a.b', [], 'import'],
      ],
    ],
    [
      'names from relative modules',
      'a.py',
      'from ..x import a as b, c\nfrom . import *\nfrom __future__ import annotations',
      [
        ['..x', ['a', 'c'], 'import'],
        ['.', ['*'], 'import'],
        ['__future__', ['annotations'], 'import'],
      ],
    ],
  ])('lists %s', async (_, path, source, expected) => {
    const { imports } = await analyse(path, source)
    expect(imports.map(({ module, names, kind }) => [module, names, kind])).toEqual(expected)
  })
})

test('lists types with their places', async () => {
  const { types } = await analyse('a.ts', 'interface I {\n}\nexport type A = 1\nexport { I }\nconst enum E { A }')
  expect(types).toEqual([
    { name: 'I', kind: 'interface', isExported: true, startLine: 1, endLine: 2 },
    { name: 'A', kind: 'alias', isExported: true, startLine: 3, endLine: 3 },
    { name: 'E', kind: 'enum', isExported: false, startLine: 5, endLine: 5 },
  ])
})

test('counts lines and places by any line ends, behind a byte order mark', async () => {
  const lf = '# top\n\ndef f():\n  return 1  # one\n\n\nclass A:\n  pass\n'
  const expected = await analyse('a.py', lf)
  expect(expected).toMatchObject({ lines: 8, codeLines: 4, commentLines: 1, blankLines: 3, problem: null })
  const crlf = await analyse('a.py', `\ufeff${lf.replaceAll('\n', '\r\n')}`)
  expect({ ...crlf, bytes: expected.bytes }).toEqual(expected)
})

test('reads invalid UTF-8 with replacement characters', async () => {
  const source = Buffer.concat([Buffer.from('def f(): return "'), Buffer.from([0xff, 0xfe]), Buffer.from('"\n')])
  expect(await analyse('a.py', source)).toMatchObject({ problem: null, functions: [{ name: 'f' }] })
})
