import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../integration/graph-sitter/temporary-folder.ts'
import { cli } from '../support/cli.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { makeWfInstance } from '../workflow/import/wf-instance.ts'

let database: TestDatabase
let server: ServerProcess
let url: string

beforeAll(async () => {
  database = await freshDatabase()
  server = spawnServer({ DATABASE_URL: database.url })
  url = await server.ready
}, 30_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await database.drop()
})

const run = (...argv: string[]) => cli(argv, { url })

test('an instance of WfCommons is imported and runs to its end, each task after its parents', async () => {
  let state = 7
  const random = () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
  const instance = makeWfInstance([1, 12, 12, 1], random)
  const file = join(await temporaryFolder(), 'instance.json')
  await writeFile(file, JSON.stringify(instance, null, 4))
  const options = ['--time-scale', '0.005', '--max-parallel-steps', '20']
  const imported = await run('workflow', 'import', '--format', 'wfformat', '--file', file, ...options)
  expect(imported).toMatchObject({ exitCode: 0, err: '' })
  expect(imported.out).toMatch(/^Created layers-of-tasks v1 workflow_\w+\nDoes not map, or otherwise:\n/)
  expect(imported.out).toContain('  the machines of the measured run (once, at workflow.execution.machines)')

  const { exitCode, out } = await run('workflow', 'execute', 'layers-of-tasks', '--watch', '--json')
  expect(exitCode).toBe(0)
  const { id } = JSON.parse(out.trimEnd().split('\n').at(-1)!)
  const { rows } = await database.pool.query<{ path: string; began: Date; ended: Date; duration_ms: number }>(
    `SELECT s.path, s.started_at AS began, s.finished_at AS ended, (t.input ->> 'durationMs')::float8 AS duration_ms
     FROM step_run AS s JOIN task AS t ON t.run_id = s.run_id AND t.step_path = s.path
     JOIN workflow_run AS r ON r.id = s.run_id WHERE r.status = 'COMPLETED'`,
  )
  expect(id).toMatch(/^run_/)
  expect(rows).toHaveLength(26)
  for (const { began, ended, duration_ms } of rows) {
    // Clocks of two processes, in whole milliseconds.
    expect(ended.getTime() - began.getTime()).toBeGreaterThanOrEqual(duration_ms - 5)
  }
  const layers = [0, 1, 2, 3].map((layer) => rows.filter(({ path }) => path.startsWith(`step_${layer}_`)))
  expect(layers.map(({ length }) => length)).toEqual([1, 12, 12, 1])
  const [first, , , last] = layers as [typeof rows, typeof rows, typeof rows, typeof rows]
  const others = rows.filter((row) => !first.includes(row) && !last.includes(row))
  for (const { began } of others) expect(began >= first[0]!.ended).toBe(true)
}, 60_000)

test('the schema of definitions is where the command line says that it is', async () => {
  const { out } = await run('template', 'create', 'code-review', '--dry-run')
  const schemaUrl = /^# yaml-language-server: \$schema=(\S+)$/m.exec(out)![1]!
  expect(schemaUrl).toBe(`${url}/schemas/workflow.schema.json`)
  const schema = await (await fetch(schemaUrl)).json()
  expect(JSON.parse((await run('workflow', 'schema')).out)).toEqual(schema)
}, 30_000)
