import { expect, test } from 'vitest'
import { analyseSource } from '../../../src/integration/graph-sitter/analyse-file.ts'
import type { FileStructure } from '../../../src/integration/graph-sitter/file-structure.ts'
import { languageOf } from '../../../src/integration/graph-sitter/language.ts'
import { sourceParser } from '../../../src/integration/graph-sitter/parse-source.ts'

const parser = sourceParser()

async function analyse(path: string, source: string): Promise<FileStructure> {
  return analyseSource({ path, language: languageOf(path)! }, { parser, bytes: Buffer.from(source) })
}

test('tells where a file goes wrong and keeps what it can', async () => {
  const { problem, functions } = await analyse('a.py', 'def f():\n  pass\n\ndef g(:\n  pass\n\ndef h():\n  pass\n')
  expect(problem).toMatchObject({ line: 4, message: expect.stringMatching(/Unexpected|Missing/) })
  expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining(['f', 'h']))
})

test.each([
  [
    'variance',
    'export interface I<in out A, /* why */ out B = never> { a: A }\nexport function f<const in T>() {}',
    'f',
  ],
  [
    'call signatures without semicolons',
    'const x: {\n  <A>(a: A): A\n  // more\n  (b: string): Foo<string>\n} = f\nfunction f() {}',
    'f',
  ],
  ['type arguments of import types', 'declare const x: import("x").A<string>\nfunction f() {}', 'f'],
  [
    'global within an ambient module',
    'declare module "x" {\n  type A = 1\n  global {\n    var a: 1\n  }\n}\nfunction f() {}',
    'f',
  ],
  ['reserved words as export names', 'function f() {}\nexport { f as function, f as null }', 'f'],
])('bridges what the grammar lacks: %s', async (_, source, name) => {
  const { problem, functions } = await analyse('a.ts', source)
  expect(problem).toBeNull()
  expect(functions.map((found) => found.name)).toEqual([name])
})

test('stands deep nesting', async () => {
  const { functions, problem } = await analyse('a.js', `const f = () => ${'('.repeat(3_000)}1${')'.repeat(3_000)}`)
  expect(problem).toBeNull()
  expect(functions).toHaveLength(1)
  const sum = await analyse('a.py', `x = ${Array.from({ length: 20_000 }, () => 'a').join(' + ')}`)
  expect(sum.problem).toBeNull()
})

test('gives up on a text that takes longer than the time limit', async () => {
  const impatient = sourceParser({ timeLimitMs: -1 })
  const text = 'f(a, b)\n'.repeat(20_000)
  await expect(impatient.parse(text, 'javascript')).rejects.toThrow('time limit')
  expect((await parser.parse(text, 'javascript')).problem).toBeNull()
})
