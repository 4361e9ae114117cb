import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { analyseSource } from '../../../src/integration/graph-sitter/analyse-file.ts'
import type { FileStructure } from '../../../src/integration/graph-sitter/file-structure.ts'
import { languageOf } from '../../../src/integration/graph-sitter/language.ts'
import { sourceParser } from '../../../src/integration/graph-sitter/parse-source.ts'
import { countWithBabel, type IndependentCounts } from './count-with-babel.ts'

const project = fileURLToPath(new URL('../../../', import.meta.url))
const parser = sourceParser()

function sourceFiles(folder: string, extension: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

async function analyse(path: string): Promise<FileStructure> {
  return analyseSource({ path, language: languageOf(path)! }, { parser, bytes: readFileSync(path) })
}

function ownCounts({ functions, classes, imports }: FileStructure): IndependentCounts {
  return {
    functions: functions.length,
    classes: classes.length,
    imports: imports.length,
    parameters: functions.reduce((sum, { parameters }) => sum + parameters.length, 0),
    complexity: functions.reduce((sum, { complexity }) => sum + complexity, 0),
  }
}

/** Files of which the grammar still knows a piece too little; they are reported as failures. */
const UNPARSED: Readonly<Record<string, number>> = { effect: 5 }

describe('counts the same as Babel', () => {
  test.each([
    ['the sources of this project', join(project, 'src'), /\.ts$/, 10],
    ['its tests and benchmarks', join(project, 'test'), /\.tsx?$/, 5],
    ['graphql', join(project, 'node_modules/graphql'), /\.m?js$/, 200],
    ['effect', join(project, 'node_modules/effect/src'), /\.ts$/, 300],
  ])('over %s', { timeout: 60_000 }, async (name, folder, extension, atLeast) => {
    const files = sourceFiles(folder, extension)
    expect(files.length).toBeGreaterThan(atLeast)
    let failed = 0
    for (const path of files) {
      const found = await analyse(path)
      if (found.problem !== null) failed++
      else {
        const counts = countWithBabel(readFileSync(path, 'utf8'), found.language, path)
        expect({ path, ...ownCounts(found) }).toEqual({ path, ...counts })
      }
    }
    expect(failed).toBeLessThanOrEqual(UNPARSED[name] ?? 0)
  })
})

test('counts the same as Babel over TSX', async () => {
  const component = `
export function List<T extends Item,>({ items, render = (item) => <b>{item.name}</b> }: Props<T>): JSX.Element {
  const [open, setOpen] = useState<T | null>(null)
  const style = class extends Style<T> { get wide() { return open !== null && items.length > 3 } }
  return <>
    {items.length === 0 ? <p>none</p> : items.map((item, index) => (
      <Row<T> key={index} {...item} onClick={async () => { for await (const part of item) if (part) setOpen(item) }}>
        {open === item && render(item)}
      </Row>
    ))}
  </>
}`
  // Without type assertions in angle brackets, TypeScript is TSX as well.
  const texts = [component, ...sourceFiles(join(project, 'src'), /\.ts$/).map((path) => readFileSync(path, 'utf8'))]
  for (const text of texts) {
    const found = await analyseSource({ path: 'a.tsx', language: 'tsx' }, { parser, bytes: Buffer.from(text) })
    expect(found.problem).toBeNull()
    expect(ownCounts(found)).toEqual(countWithBabel(text, 'tsx', 'a.tsx'))
  }
})

describe('counts the same as Python', () => {
  const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))'])
  const hasPython = python.status === 0

  test.skipIf(!hasPython)(
    'over asyncio, email and more of the standard library (python3 ≥ 3.10)',
    { timeout: 60_000 },
    async () => {
      const library = execFileSync('python3', ['-c', 'import os; print(os.path.dirname(os.__file__))'], {
        encoding: 'utf8',
      })
      const packages = ['asyncio', 'email', 'json', 'concurrent', 'importlib', 'unittest', 'logging']
      const files = packages.flatMap((name) => sourceFiles(join(library.trim(), name), /\.py$/))
      expect(files.length).toBeGreaterThan(80)
      const script = fileURLToPath(new URL('./count-with-ast.py', import.meta.url))
      const output = execFileSync('python3', [script], { input: files.join('\n'), encoding: 'utf8' })
      const counts = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as IndependentCounts | null)
      for (const [index, path] of files.entries()) {
        const found = await analyse(path)
        expect({ path, ...(found.problem === null && ownCounts(found)) }).toEqual({ path, ...counts[index] })
      }
    },
  )
})
