import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { advanceRuns } from '../../src/engine/advance-runs.ts'
import { type CliOptions, cli } from '../support/cli.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { type Runs, runsOf } from '../support/runs.ts'
import { until } from '../support/until.ts'

let graph: LiveGraph
let runs: Runs
beforeAll(async () => {
  graph = await startLiveGraph()
  runs = await runsOf(graph.engine)
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(['workflow', ...argv], { url: graph.url, ...options })

const CHAIN =
  'name: chain\nsteps:\n  - { id: a, type: TASK, task: work }\n  - { id: b, type: TASK, task: work, after: [a] }\n'
const ASK = 'name: asks\nsteps:\n  - { id: ok, type: APPROVAL, message: Ship it?, approvers: { role: VIEWER } }\n'
const BAD = 'name: bad\nsteps:\n  - { id: a, type: TASK, task: work, after: [b] }\n'

async function create(input: string): Promise<void> {
  expect((await run(['create', '--file', '-'], { input })).exitCode).toBe(0)
}

async function execute(name: string, ...more: string[]): Promise<string> {
  const { out, err } = await run(['execute', name, '--json', ...more])
  expect(err).toBe('')
  return JSON.parse(out).id
}

describe('a definition', () => {
  test('is kept, once for the same content, and listed', async () => {
    expect(await run(['create', '--file', '-'], { input: CHAIN })).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^Created chain v1 workflow_/),
    })
    expect((await run(['create', '-f', '-'], { input: CHAIN })).out).toMatch(/^Stands already: chain v1/)
    expect((await run(['list', '--search', 'CHAI'])).out).toMatch(/chain +1 READY +2/)
    expect((await run(['list', '--search', 'nothing'])).out).toBe('No workflow matches.\n')
  })

  test('is refused with each problem on its line', async () => {
    const refused = await run(['create', '--file', '-'], { input: BAD })
    expect(refused.exitCode).toBe(3)
    expect(refused.err).toMatch(/3:\d+ steps\[0\]\.after\[0\]: error UNKNOWN_STEP: /)
    expect(await run(['validate', '--file', '-'], { input: BAD })).toMatchObject({
      exitCode: 3,
      out: expect.stringContaining('UNKNOWN_STEP'),
    })
    expect(await run(['validate', '--file', '-'], { input: CHAIN })).toMatchObject({
      exitCode: 0,
      out: 'It can be run.\n',
    })
    expect(await run(['create', '--file', '/nowhere.yaml'])).toMatchObject({ exitCode: 2 })
  })
})

describe('a run', () => {
  test('is started, shown as a tree, cancelled and taken up again', async () => {
    await create(CHAIN)
    const id = await execute('chain', '--input', '{"n":1}')
    const { out } = await run(['status', id])
    expect(out).toMatch(/^run_\w+ chain v1 RUNNING/)
    expect(out).toMatch(/├─ RUNNING a task \([^)]+s\)\n└─ PENDING b task \(after a\)\n/)
    expect(out).toContain('waits: The task of a is under way.')
    expect((await run(['graph', id])).out).toContain('└─ PENDING b task (after a)')
    expect((await run(['pause', id])).out).toMatch(/^Paused run_\w+ chain v1 PAUSED/)
    expect((await run(['resume', id])).out).toMatch(/^Goes on: /)
    expect((await run(['cancel', id, '--reason', 'enough'])).exitCode).toBe(0)
    await runs.settle()
    expect((await run(['status', id])).out).toContain('CANCELLED enough')
    expect((await run(['runs', '--workflow', 'chain', '--status', 'cancelled'])).out).toContain(id)
    expect((await run(['retry', id])).exitCode).toBe(0)
    await runs.settle()
    expect((await run(['status', id])).out).toContain('Steps 2 of 2 ended')
    expect(await run(['retry', id])).toMatchObject({ exitCode: 3, err: expect.stringContaining('COMPLETED') })
    expect(await run(['status', 'run_01h455vb4pex5vsknk084sn02q'])).toMatchObject({ exitCode: 3 })
  })

  test.each([
    ['drawn over itself on a terminal', { columns: 100 }, /└─ COMPLETED b task/],
    ['a line for each step elsewhere', {}, /^RUNNING a\n(.*\n)*COMPLETED b\n/],
  ])('is watched to its end, %s', async (_how, options, shown) => {
    let written = ''
    const onOutput = (text: string) => {
      written += text
    }
    const watching = run(['execute', 'chain', '--watch'], { ...options, onOutput })
    await until(() => written.includes('RUNNING a'))
    await runs.work()
    await advanceRuns(graph.engine)
    await until(() => written.includes('RUNNING b'))
    await runs.settle(() => 7)
    const { exitCode, out } = await watching
    expect(exitCode).toBe(0)
    expect(out).toMatch(shown)
    expect(out).toContain('Output 7')
  })

  test('that fails while it is watched ends with 1', async () => {
    let written = ''
    const watching = run(['execute', 'chain', '--watch', '--json'], {
      onOutput: (text) => {
        written += text
      },
    })
    await until(() => written.includes('"RUNNING"'))
    await runs.settle(() => new Error('no luck'))
    const { exitCode, out } = await watching
    expect(exitCode).toBe(1)
    expect(JSON.parse(out.trimEnd().split('\n').at(-1)!)).toMatchObject({ status: 'FAILED', error: { code: 'BROKEN' } })
  })

  test('with a long output shows what of it can be read, and says where all of it is', async () => {
    const id = await execute('chain')
    const output = { note: 'n'.repeat(500), rows: Array.from({ length: 40 }, (_, row) => ({ row, of: 'the table' })) }
    await runs.settle(() => output)
    const { out } = await run(['status', id])
    expect(out).toContain(`(shortened; all of it: task-mgmt workflow status ${id} --json)`)
    expect(out.length).toBeLessThan(1_500)
    expect(JSON.parse((await run(['status', id, '--json'])).out)).toMatchObject({ output })
  })

  test('goes on when its approval is answered', async () => {
    await create(ASK)
    const id = await execute('asks')
    const { approvals } = JSON.parse((await run(['status', id, '--json'])).out)
    const [{ id: approval }] = approvals.nodes
    expect((await run(['status', id])).out).toContain(`Answer it: task-mgmt workflow approve ${approval}`)
    expect((await run(['approve', approval, '--comment', 'fine'])).out).toMatch(/APPROVED, its run run_\w+ COMPLETED/)
    expect(await run(['approve', approval])).toMatchObject({ exitCode: 3 })
  })
})
