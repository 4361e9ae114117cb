import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { benchmarksDocument } from '../../bench/field/document.ts'
import type { Results } from '../../bench/field/results.ts'

const committed = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

test('docs/benchmarks.md tells what the run found; run `npm run benchmarks` when it does not', async () => {
  const results = JSON.parse(await committed('bench/field/results.json')) as Results
  expect(await committed('docs/benchmarks.md')).toBe(benchmarksDocument(results))
})
