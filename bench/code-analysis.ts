// Usage: node bench/code-analysis.ts [files] [threads]
// Writes a repository of that many files to a temporary folder, analyses it, and prints what it took.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { codeAnalysis } from '../src/integration/graph-sitter/code-analysis.ts'
import { createLease } from '../src/worker/lease.ts'

const files = Number(process.argv[2] ?? 2_000)
const threads = Number(process.argv[3] ?? Math.max(1, availableParallelism() - 1))

const folder = await mkdtemp(join(tmpdir(), 'code-analysis-'))
try {
  await writeRepository(folder)
  const { handler } = codeAnalysis({ allowedRoots: [folder], threads })
  // The first run starts the threads and compiles the grammars; both are worth knowing.
  for (const run of ['cold', 'warm']) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const startedAt = performance.now()
    const { totals, truncated } = await handler(
      {
        id: 'task_bench',
        name: 'bench',
        type: 'code_analysis',
        input: { path: '.' },
        labels: {},
        attempt: 1,
        epoch: 1,
      },
      { signal: new AbortController().signal, progress: () => {}, log: () => {}, lease: createLease() },
    )
    const seconds = (performance.now() - startedAt) / 1_000
    delay.disable()
    console.log(
      `${run}: ${totals.files} files, ${totals.lines} lines, ${totals.functions} functions in ${seconds.toFixed(2)} s`,
      `= ${Math.round(totals.files / seconds)} files/s, ${Math.round(totals.lines / seconds)} lines/s`,
      `with ${threads} thread(s); longest event loop delay ${(delay.max / 1e6).toFixed(0)} ms;`,
      truncated === null ? 'whole' : `trimmed ${JSON.stringify(truncated)}`,
    )
  }
} finally {
  await rm(folder, { recursive: true })
}

async function writeRepository(root: string): Promise<void> {
  for (let index = 0; index < files; index++) {
    const directory = join(root, `package${index % 40}`, `module${index % 7}`)
    await mkdir(directory, { recursive: true })
    const [extension, text] = index % 3 === 0 ? ['py', pythonFile(index)] : ['ts', typescriptFile(index)]
    await writeFile(join(directory, `file${index}.${extension}`), text)
  }
}

function typescriptFile(index: number): string {
  const functions = Array.from(
    { length: 8 },
    (_, n) => `
/** Adds what is allowed, number ${n}. */
export async function task${n}(input: Input, { limit = ${n}, labels }: Options = {}): Promise<number> {
  let total = 0
  for (const item of input.items) {
    if (item.isDone && !labels?.includes(item.label)) continue
    total += item.parts.filter((part) => part.size > limit).reduce((sum, part) => sum + (part.size ?? 0), 0)
  }
  return total
}
`,
  )
  return `import { Input, type Options } from './file${index + 1}.ts'\n\nexport class Part${index} extends Base {\n  constructor(private readonly size: number) {\n    super()\n  }\n\n  get isLarge(): boolean {\n    return this.size > 10\n  }\n}\n${functions.join('')}`
}

function pythonFile(index: number): string {
  const functions = Array.from(
    { length: 8 },
    (_, n) => `
    def task_${n}(self, items, *, limit=${n}, **labels):
        """Adds what is allowed."""
        total = 0
        for item in items:
            if item.done and item.label not in labels:  # done already
                continue
            total += sum(part.size for part in item.parts if part.size > limit)
        return total
`,
  )
  return `import os\nfrom .file${index + 1} import Base, Options as O\n\n\nclass Part${index}(Base):\n${functions.join('')}`
}
