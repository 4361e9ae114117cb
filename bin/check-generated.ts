import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// npm run check:generated: runs every generator in a copy of the sources, and says which committed file is not what it makes.

interface Generator {
  /** The script of package.json that mends what is stale. */
  readonly script: string
  /** Files, or folders with all that is in them. */
  readonly makes: readonly string[]
}

/** In the order in which one builds on the other. */
const generators: readonly Generator[] = [
  { script: 'generate:prisma', makes: ['src/infra/generated'] },
  { script: 'schema', makes: ['schema.graphql'] },
  { script: 'generate:sdk', makes: ['src/sdk/generated'] },
  { script: 'settings', makes: ['docs/settings.md'] },
  { script: 'states', makes: ['docs/states.md', 'docs/states.svg'] },
  { script: 'workflow-schema', makes: ['workflow.schema.json'] },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const copied = [
  'bin',
  'codegen',
  'codegen.yml',
  'docs',
  'package.json',
  'prisma',
  'prisma.config.ts',
  'schema.graphql',
  'src',
  'workflow.schema.json',
]

const copy = mkdtempSync(join(tmpdir(), 'task-mgmt-generated-'))
try {
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  process.exitCode = generators.map(check).every((isFresh) => isFresh) ? 0 : 1
} finally {
  rmSync(copy, { recursive: true, force: true })
}

function check({ script, makes }: Generator): boolean {
  const before = contents(makes)
  // What is no longer made must not be taken for made.
  for (const path of makes) if (statSync(join(copy, path)).isDirectory()) rmSync(join(copy, path), { recursive: true })
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], { cwd: copy, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`npm run ${script} failed:\n${stdout}${stderr}`)
    return false
  }
  const after = contents(makes)
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file))
  if (stale.length > 0) console.error(`Stale: ${stale.join(', ')}. Mend with: npm run ${script}`)
  return stale.length === 0
}

/** Text by file, of the copy. */
function contents(paths: readonly string[]): Map<string, string> {
  const files = paths.flatMap((path) => {
    if (!existsSync(join(copy, path))) return []
    if (!statSync(join(copy, path)).isDirectory()) return [path]
    const inside = globSync('**/*', { cwd: join(copy, path), withFileTypes: true }).filter((entry) => entry.isFile())
    return inside.map((entry) => join(entry.parentPath, entry.name).slice(copy.length + 1))
  })
  return new Map(files.map((file) => [file, readFileSync(join(copy, file), 'utf8')]))
}
