import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'

// Generates everything again and says which files were not up to date; what was generated stays, ready to be committed.

const root = new URL('../', import.meta.url)

const before = readGenerated()
const { status } = spawnSync('npm', ['run', '--silent', 'generate'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  shell: process.platform === 'win32',
})
if (status !== 0) process.exit(1)

const after = readGenerated()
const stale = [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file))
if (stale.length > 0) {
  console.error(`These were not up to date and are now; commit them:\n${stale.map((file) => `  ${file}`).join('\n')}`)
  process.exitCode = 1
}

function readGenerated(): Map<string, string> {
  const files = ['schema.graphql', ...globSync('src/**/generated/**/*.ts', { cwd: root.pathname })]
  return new Map(files.map((file) => [file, readFileSync(new URL(file, root), 'utf8')]))
}
