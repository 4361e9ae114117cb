import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliOptions, cli } from '../support/cli.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { type Runs, runsOf } from '../support/runs.ts'
import { until } from '../support/until.ts'

let graph: LiveGraph
let runs: Runs
beforeAll(async () => {
  graph = await startLiveGraph()
  runs = await runsOf(graph.engine)
  const input = `name: forked
steps:
  - { id: a, type: TASK, task: work }
  - id: each
    type: MAP
    after: [a]
    items: input.list
    steps: [{ id: one, type: TASK, task: work, input: { n: '\${{ item }}' } }]
  - { id: b, type: TASK, task: work, after: [each] }
`
  expect((await run(['create', '--file', '-'], { input })).exitCode).toBe(0)
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}) => cli(['workflow', ...argv], { url: graph.url, ...options })

async function ended(): Promise<string> {
  const { out } = await run(['execute', 'forked', '--input', '{"list":[1,2,3]}', '--json'])
  await runs.settle()
  return JSON.parse(out).id
}

test('a dry run says what is reused and what runs again, and starts nothing', async () => {
  const id = await ended()
  const { out, exitCode } = await run(['fork', id, '--from', 'b', '--dry-run'])
  expect(exitCode).toBe(0)
  expect(out).toBe(
    'Reused: 2 (each with all below it)\n  a\n  each\nRuns again: 1 (each with all below it)\n  b\n' +
      'What had not been reached runs as well. Nothing was started.\n',
  )
  const inner = JSON.parse((await run(['fork', id, '--from', 'each[1]', '--dry-run', '--json'])).out)
  expect(inner.run).toBeNull()
  expect(inner.reused).toEqual(expect.arrayContaining(['a', 'each[0]', 'each[2]']))
  expect(inner.again).toEqual(expect.arrayContaining(['each[1]', 'b']))
  expect((await run(['runs', '--workflow', 'forked', '--json'])).out.match(/"id": "run_/g)).toHaveLength(1)
})

test('a fork runs from there with other input, and is watched', async () => {
  const id = await ended()
  let written = ''
  const watching = run(['fork', id, '--from', 'b', '--input', '{"list":[9]}', '--watch'], {
    onOutput: (text) => {
      written += text
    },
  })
  await until(() => written.includes('RUNNING b'))
  expect(await runs.work(() => 7)).toBe(1)
  await runs.settle()
  expect(await watching).toMatchObject({ exitCode: 0, out: expect.stringContaining('Output 7') })
  const forked = await run(['fork', id, '--from', 'a'])
  expect(forked.out).toMatch(/^Forked: run_\w+ forked v1 RUNNING.*\nReused: nothing\nRuns again: 3 /)
})

test('what cannot be forked is refused with the reason', async () => {
  const { out } = await run(['execute', 'forked', '--input', '{"list":[]}', '--json'])
  const { id } = JSON.parse(out)
  expect(await run(['fork', id, '--from', 'a'])).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining('has not ended: wait for its end'),
  })
  const other = await ended()
  expect(await run(['fork', other, '--from', 'nothing', '--dry-run'])).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining('no step or iteration at "nothing"'),
  })
  expect(await run(['fork', 'run_01h455vb4pex5vsknk084sn02q', '--from', 'a'])).toMatchObject({ exitCode: 3 })
  expect(await run(['fork', other])).toMatchObject({ exitCode: 2 })
  expect(await run(['fork', other, '--from', 'b', '--input', '{'])).toMatchObject({ exitCode: 2 })
})
