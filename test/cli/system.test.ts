import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliOptions, cli } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
let apiKey: string

beforeAll(async () => {
  graph = await startLiveGraph({ mode: 'keys' })
  apiKey = await graph.key('ADMIN')
  await startHandWorker(graph.engine, ['work'])
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(argv, { url: graph.url, apiKey, ...options })

describe('keys', () => {
  test('are made, listed and revoked', async () => {
    const made = await run(['key', 'create', '--name', 'ci', '--role', 'Developer', '--expires', '30d', '--json'])
    const { apiKey: key, secret } = JSON.parse(made.out)
    expect(key).toMatchObject({ name: 'ci', role: 'DEVELOPER' })
    expect((await run(['key', 'list'])).out).toMatch(/ci +DEVELOPER +tmk_\S+ +\S+ ago|now/)
    expect((await cli(['system', 'status'], { url: graph.url, apiKey: secret })).out).toMatch(/You +ci \(DEVELOPER\)/)
    expect((await run(['key', 'revoke', key.id])).out).toBe(`Revoked ${key.id} ci\n`)
    const refused = await cli(['task', 'list'], { url: graph.url, apiKey: secret })
    expect([refused.exitCode, refused.err]).toEqual([3, expect.stringContaining('revoked')])
  })

  test('print the secret alone on the standard output', async () => {
    const { out, err } = await run(['key', 'create', '--name', 'x', '--role', 'viewer'])
    expect(out).toMatch(/^tmk_\S+\n$/)
    expect(err).toContain('shown this once')
  })

  test('are written without a server only when none was named', async () => {
    const localKey = { id: 'key_1', name: 'me', role: 'ADMIN', prefix: 'tmk_a', secret: 'tmk_local', place: '.data' }
    const create = ['key', 'create', '--name', 'me', '--role', 'admin']
    const named = await cli(create, { url: `http://127.0.0.1:${await freePort()}`, localKey })
    expect([named.exitCode, named.out]).toEqual([4, ''])
    const local = await run([...create, '--local'], { localKey })
    expect([local.exitCode, local.out]).toEqual([0, 'tmk_local\n'])
    expect(local.err).toContain('Written into .data')
  })

  test('of a role too low are refused with 3, saying which is needed', async () => {
    const viewer = await graph.key('VIEWER')
    const { exitCode, err } = await run(['key', 'list'], { apiKey: viewer })
    expect([exitCode, err]).toEqual([3, expect.stringContaining('ADMIN')])
  })
})

describe('the system', () => {
  test('tells its health and its status', async () => {
    const health = await run(['system', 'health'])
    expect([health.exitCode, health.out]).toEqual([
      0,
      expect.stringMatching(/^OK task-mgmt 1\.2\.3, up .+\n✓ database /),
    ])
    expect(JSON.parse((await run(['system', 'health', '--json'])).out)).toMatchObject({ status: 'OK' })
    expect((await run(['system', 'status'])).out).toMatch(/Workers +1 active, 1000 slots/)
    expect((await run(['worker', 'list'])).out).toMatch(/test +ACTIVE +0\/1000 .* work\n$/)
    expect((await run(['worker', 'list', '--state', 'lost'])).out).toBe('No worker.\n')
    const id = (await run(['worker', 'list'])).out.match(/worker_\w+/)![0]
    const got = await run(['worker', 'get', id])
    expect([got.exitCode, got.out]).toEqual([0, expect.stringMatching(/test\n +state +ACTIVE\n +holds +0 of 1000\n/)])
    expect(JSON.parse((await run(['worker', 'get', id, '--json'])).out)).toMatchObject({ id, leases: 0 })
    const unknown = await run(['worker', 'get', `${id.slice(0, -4)}0000`])
    expect([unknown.exitCode, unknown.err]).toEqual([3, expect.stringContaining('There is no worker')])
    expect((await run(['worker', 'drain', id])).out).toMatch(/^Drains: worker_\w+ test, 0 held/)
    expect((await run(['worker', 'drain', id])).exitCode).toBe(0)
    expect((await run(['worker', 'list', '--state', 'draining'])).out).toContain(id)
    expect((await run(['task', 'types'])).out).toMatch(/^TYPE +INPUT +DESCRIPTION\nwork +anything/)
  })

  test('prints its version and its help, and 2 for nothing at all', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, out: '9.9.9\n', err: '' })
    const help = await run(['task', 'create', '--help'])
    expect([help.exitCode, help.out]).toEqual([0, expect.stringContaining('Examples:')])
    expect((await run([])).exitCode).toBe(2)
    expect((await run(['task'])).exitCode).toBe(2)
  })
})
