import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type AnalysisReport,
  reportAnalysis,
  TRUNCATED_PARTS,
} from '../../../src/integration/graph-sitter/analysis-report.ts'
import type { FileStructure, FunctionStructure } from '../../../src/integration/graph-sitter/file-structure.ts'
import { fitReport } from '../../../src/integration/graph-sitter/fit-report.ts'
import { jsonBytes } from '../../../src/integration/graph-sitter/measure-report.ts'

const noPause = async () => {}

function makeFunction(name: string, complexity: number): FunctionStructure {
  const place = { name, qualifiedName: name, kind: 'function' as const, startLine: 1, endLine: 2 }
  const parameters = [
    { name: 'first', type: 'string' },
    { name: 'rest', rest: 'positional' as const },
  ]
  return { ...place, parameters, complexity, nesting: 0, isAsync: false, isGenerator: false, isExported: true }
}

function makeFile(path: string, lines: number, complexities: readonly number[]): FileStructure {
  const counts = { lines, codeLines: lines, commentLines: 0, blankLines: 0 }
  return {
    path,
    language: 'typescript',
    bytes: lines * 10,
    problem: lines % 5 === 0 ? { line: 1, column: 1, message: 'Unexpected syntax at "ü"' } : null,
    ...counts,
    functions: complexities.map((complexity, index) => makeFunction(`f${index}`, complexity)),
    classes: [
      { name: 'K', qualifiedName: 'K', bases: ['B'], methods: ['m'], startLine: 1, endLine: 2, isExported: false },
    ],
    imports: [{ module: './ä.ts', names: ['a', 'b'], kind: 'import', line: 1 }],
    types: [{ name: 'T', kind: 'alias', startLine: 1, endLine: 1, isExported: false }],
  }
}

function makeReport(files: readonly FileStructure[]): AnalysisReport {
  const skipped = files.map(({ path }) => ({
    path: `${path}.py`,
    reason: 'BINARY' as const,
    message: 'Holds NUL bytes',
  }))
  return reportAnalysis({ root: '/root', files, skipped, crashed: [{ path: 'z.ts', message: 'broke' }] })
}

const reports = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 })), {
    maxLength: 30,
  })
  .map((files) =>
    makeReport(files.map(([lines, complexities], index) => makeFile(`src/f${index}.ts`, lines, complexities))),
  )

/** A report with all its lists empty cannot shrink further. */
function leastBytes(report: AnalysisReport): number {
  const truncated = Object.fromEntries(TRUNCATED_PARTS.map((part) => [part, Number.MAX_SAFE_INTEGER]))
  return jsonBytes({ ...report, files: [], skipped: [], failures: [], truncated })
}

test('gives a report that fits back as it is', async () => {
  const report = makeReport([makeFile('a.ts', 10, [1, 2])])
  expect(await fitReport(report, jsonBytes(report) + 1, noPause)).toBe(report)
})

test('keeps every report within its budget, with all totals, and counts exactly what is gone', async () => {
  await fc.assert(
    fc.asyncProperty(reports, fc.double({ min: 0, max: 1, noNaN: true }), async (report, share) => {
      const least = leastBytes(report)
      const budget = Math.ceil(least + share * (jsonBytes(report) - least))
      const fitted = await fitReport(report, budget, noPause)
      expect(jsonBytes(fitted)).toBeLessThanOrEqual(Math.max(budget, least))
      const { totals, languages, hotspots } = report
      expect(fitted).toMatchObject({ totals, languages, hotspots })
      if (fitted.truncated === null) return
      expect(fitted.truncated.files).toBe(report.files.length - fitted.files.length)
      expect(fitted.truncated.skipped).toBe(report.skipped.length - fitted.skipped.length)
      expect(fitted.truncated.failures).toBe(report.failures.length - fitted.failures.length)
      if (fitted.truncated.files > 0) return
      const kept = fitted.files.reduce((sum, { functions }) => sum + functions.length, 0)
      expect(kept).toBe(totals.functions - fitted.truncated.functions)
    }),
  )
})

test('gives up parameters and functions of the least complex first', async () => {
  const report = makeReport([makeFile('a.ts', 7, [1, 9]), makeFile('b.ts', 8, [5, 2])])
  const lessParameters = await fitReport(report, jsonBytes(report) - 1, noPause)
  const withParameters = (fitted: AnalysisReport) =>
    fitted.files.flatMap(({ functions }) =>
      functions.filter(({ parameters }) => parameters).map((found) => found.complexity),
    )
  expect(withParameters(lessParameters)).not.toContain(1)
  expect(withParameters(lessParameters)).toContain(9)

  const budget = jsonBytes(report) - 1_000
  const fewer = await fitReport(report, budget, noPause)
  const left = fewer.files.flatMap(({ functions }) => functions.map(({ complexity }) => complexity))
  expect(left).toEqual([9, 5].slice(0, left.length))
  expect(fewer.files.map(({ counts }) => counts.functions)).toEqual([2, 2])
})

test('gives up the shortest files last of all, before skipped files and failures', async () => {
  const report = makeReport([makeFile('a.ts', 10, []), makeFile('b.ts', 300, []), makeFile('c.ts', 20, [])])
  const bare = leastBytes(report)
  const fitted = await fitReport(report, bare + 900, noPause)
  expect(fitted.files.map(({ path }) => path)).toContain('b.ts')
  expect(fitted.truncated).toMatchObject({ skipped: 0, failures: 0 })
})

test('gives the same answer for the same report', async () => {
  await fc.assert(
    fc.asyncProperty(reports, async (report) => {
      const budget = Math.ceil(jsonBytes(report) * 0.6)
      expect(await fitReport(report, budget, noPause)).toEqual(
        await fitReport(structuredClone(report), budget, noPause),
      )
    }),
  )
})

test('pauses while it measures a large report', async () => {
  let pauses = 0
  const report = makeReport(Array.from({ length: 200 }, (_, index) => makeFile(`f${index}.ts`, index + 1, [1])))
  await fitReport(report, 10_000_000, async () => {
    pauses++
  })
  expect(pauses).toBe(4)
})
