import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnCli } from '../support/cli-process.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'

let database: TestDatabase
let server: ServerProcess
let env: Record<string, string>

beforeAll(async () => {
  database = await freshDatabase()
  server = spawnServer({ DATABASE_URL: database.url })
  env = { TASK_MGMT_URL: await server.ready }
})
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await database.drop()
})

async function run(argv: string[], more: Record<string, string> = {}) {
  const child = spawnCli(argv, { ...env, ...more })
  const { code } = await child.ended
  return { code, ...child.output }
}

describe('the program', () => {
  test('analyses code and shows the totals', async () => {
    const create = ['task', 'create', '--name', 'Analysis', '--type', 'code_analysis', '--watch']
    const { code, stdout, stderr } = await run([...create, '--input', '{"path":"src/sdk/socket"}'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/RUNNING/)
    expect(stdout).toMatch(/100%/)
    expect(stdout).toMatch(/Output\n[\s\S]*"totals": \{[\s\S]*"functions": \d+/)
    expect(stdout.split('\n').length).toBeLessThan(90)
    expect(stdout).toMatch(/shortened; all of it: task-mgmt task get task_\w+ --json/)
  })

  test('ends with 1 when the task fails, and shows why', async () => {
    const create = ['task', 'create', '--name', 'Outside', '--type', 'code_analysis', '--watch', '--max-attempts', '1']
    const { code, stdout } = await run([...create, '--input', '{"path":"/etc"}'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/Error\n {2}[A-Z_]+: /)
  })

  test('says at Ctrl-C that the task goes on, and ends with 130', async () => {
    const create = ['task', 'create', '--name', 'Later', '--type', 'code_analysis', '--scheduled-for', '1h', '--watch']
    const child = spawnCli([...create, '--input', '{"path":"src"}'], env)
    await child.shows(/SCHEDULED/)
    child.kill('SIGINT')
    expect(await child.ended).toEqual({ code: 130, signal: null })
    expect(child.output.stderr).toMatch(/The task goes on\. Watch it again: task-mgmt task watch task_/)
  })

  test('tells how to start a server when none answers, and ends with 4', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const { code, stderr } = await run(['system', 'health'], { TASK_MGMT_URL: url })
    expect(code).toBe(4)
    expect(stderr).toBe(
      `No server answers at ${url}/graphql (ECONNREFUSED)\nStart one with: npm start (or name another with --url or TASK_MGMT_URL)\n`,
    )
  })

  test('writes the first key into the database, with which a server takes nobody without one', async () => {
    const mine = await freshDatabase()
    try {
      const made = await run(['key', 'create', '--name', 'me', '--role', 'admin', '--local'], {
        DATABASE_URL: mine.url,
      })
      expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^tmk_\S{43}\n$/)])
      expect(made.stderr).not.toContain(made.stdout.trim())
      const guarded = spawnServer({ DATABASE_URL: mine.url })
      const url = await guarded.ready
      const without = await run(['task', 'list'], { TASK_MGMT_URL: url })
      expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('TASK_MGMT_API_KEY')])
      const key = { TASK_MGMT_URL: url, TASK_MGMT_API_KEY: made.stdout.trim() }
      expect((await run(['task', 'list'], key)).stdout).toBe('No task matches.\n')
      guarded.kill('SIGTERM')
      await guarded.ended
    } finally {
      await mine.drop()
    }
  })
})
