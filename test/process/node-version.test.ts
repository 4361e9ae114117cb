import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const entry = fileURLToPath(new URL('../../bin/task-mgmt.js', import.meta.url))

it.each(['18.20.0', '20.20.2', '22.17.1'])('tells Node %s in one line what it needs', (version) => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const result = spawnSync(process.execPath, ['--import', `data:text/javascript,${pretend}`, entry, 'serve'])
  expect(result.status).toBe(1)
  expect(result.stderr.toString().trim().split('\n')).toHaveLength(1)
  expect(result.stderr.toString()).toContain(`needs Node 22.18 or newer, this is ${version}`)
})
