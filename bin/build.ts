import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// npm run build: dist/ as it is published. JavaScript of all the source; declarations of what `exports` leads to, since those of the
// graph are large and nobody can import them.

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

process.exitCode = build()

function build(): number {
  rmSync(dist, { recursive: true, force: true })
  const code = compile()
  if (code.status !== 0) return complain(code.output)
  const types = compile('--declaration', '--emitDeclarationOnly')
  const published = reach(entryTypes())
  for (const file of globSync('**/*.d.ts', { cwd: dist })) {
    if (!published.has(join(dist, file))) rmSync(join(dist, file))
  }
  // Inferred types that declarations cannot name matter only in files that are published.
  const sources = [...published].map((file) => relative(dist, file).replace(/\.d\.ts$/, '.ts'))
  const errors = types.output.split('\n').filter((line) => sources.some((file) => line.startsWith(`src/${file}(`)))
  return errors.length > 0 ? complain(errors.join('\n')) : 0
}

function compile(...flags: string[]): { status: number | null; output: string } {
  const argv = [compiler, '--project', 'tsconfig.build.json', '--pretty', 'false', ...flags]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

function complain(output: string): number {
  console.error(output)
  return 1
}

/** The declarations that package.json promises. */
function entryTypes(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>
  }
  return Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [join(root, entry.types)]))
}

/** Declarations name each other by the source's file: `./client.ts` means client.d.ts beside it. */
function reach(entries: readonly string[]): Set<string> {
  const reached = new Set<string>()
  const open = [...entries]
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue
    if (!existsSync(file))
      throw new Error(`package.json promises ${relative(root, file)}, which the source does not make`)
    reached.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.ts'/g)) {
      open.push(resolve(dirname(file), `${path}.d.ts`))
    }
  }
  return reached
}
