// Usage: npm run benchmarks [-- results.json]
// Prints docs/benchmarks.md from the results that `npm run bench:field -- --out bench/field/results.json` has written.
import { readFile, writeFile } from 'node:fs/promises'
import { benchmarksDocument } from './document.ts'
import type { Results } from './results.ts'

const path = process.argv[2] ?? new URL('results.json', import.meta.url)
const results = JSON.parse(await readFile(path, 'utf8')) as Results
await writeFile(new URL('../../docs/benchmarks.md', import.meta.url), benchmarksDocument(results))
