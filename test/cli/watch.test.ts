import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { unwrap } from '../../src/sdk/unwrap.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { type CliOptions, type CliRun, cli } from '../support/cli.ts'
import { type HandWorker, startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'
import { until } from '../support/until.ts'

let graph: LiveGraph
let worker: HandWorker

beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await startHandWorker(graph.engine, ['work'])
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}): Promise<CliRun> => cli(argv, { url: graph.url, ...options })

async function make(): Promise<string> {
  const client = createClient({ url: graph.url })
  return unwrap(await client.createTask({ input: { name: 'watched', type: 'work' } })).task.id
}

/** Runs a command and waits until it has written something that matches. */
function begin(argv: string[], options: CliOptions = {}) {
  let text = ''
  const ended = run(argv, {
    ...options,
    onOutput: (part) => {
      text += part
    },
  })
  return { ended, shows: (pattern: RegExp) => until(() => pattern.test(text)) }
}

async function succeed(id: string): Promise<void> {
  await worker.start(id)
  await worker.log(id, 'reading')
  await worker.progress(id, 0.5, 'half')
  await worker.complete(id, { files: 3 })
}

describe('watching', () => {
  test('prints a line for each change where it cannot draw, then the result', async () => {
    const id = await make()
    const { ended, shows } = begin(['task', 'watch', id])
    await shows(/READY/)
    await succeed(id)
    const { exitCode, out, err } = await ended
    expect([exitCode, err]).toEqual([0, ''])
    for (const line of [
      / READY task_\w+ watched$/m,
      / RUNNING attempt 1 on worker_/,
      / RUNNING 50% half$/m,
      / reading$/m,
      / COMPLETED$/m,
    ]) {
      expect(out).toMatch(line)
    }
    expect(out).toMatch(/Output\n {2}\{ "files": 3 \}\n$/)
  })

  test('draws one block over itself on a terminal', async () => {
    const id = await make()
    const { ended, shows } = begin(['task', 'watch', id], { columns: 80 })
    await shows(/READY/)
    await succeed(id)
    const { exitCode, out } = await ended
    expect(exitCode).toBe(0)
    expect(out).toContain('\x1b[?25l')
    expect(out).toContain('\x1b[?25h')
    const frames = out.split('\x1b[?2026h').slice(1)
    expect(frames.length).toBeGreaterThan(1)
    for (const frame of frames.slice(1)) expect(frame).toContain('A\r')
    expect(frames.at(-1)).toMatch(/✓ watched COMPLETED/)
    expect(frames.at(-1)).toMatch(/reading/)
  })

  test('prints one JSON document a line for programs', async () => {
    const id = await make()
    const { ended, shows } = begin(['task', 'watch', id, '--json'])
    await shows(/"kind":"task"/)
    await succeed(id)
    const { out } = await ended
    const documents = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const events = documents.filter(({ kind }) => kind === 'event').map(({ event }) => event.__typename)
    expect(events).toEqual(['TaskStarted', 'TaskProgressed', 'TaskCompleted'])
    expect(documents.filter(({ kind }) => kind === 'log').map(({ line }) => line.message)).toEqual(['reading'])
    expect(documents.at(-1)).toMatchObject({ kind: 'end', task: { status: 'COMPLETED', output: { files: 3 } } })
  })

  test('ends with 1 and the error when the task fails', async () => {
    const { ended, shows } = begin(['task', 'create', '--name', 'x', '--type', 'work', '--watch', '--json'])
    await shows(/"kind":"task"/)
    const { nodes } = await createClient({ url: graph.url }).listTasks({ first: 1 })
    await worker.start(nodes[0]!.id)
    await worker.fail(nodes[0]!.id, 'no luck')
    expect((await ended).exitCode).toBe(1)
    const { out } = await run(['task', 'watch', nodes[0]!.id])
    expect(out).toMatch(/Error\n {2}HANDLER_ERROR: no luck\n$/)
  })

  test('says at Ctrl-C that the task goes on, and ends with 130', async () => {
    const id = await make()
    const ctrlC = new AbortController()
    const { ended, shows } = begin(['task', 'watch', id], { interrupted: ctrlC.signal, columns: 80 })
    await shows(/READY/)
    ctrlC.abort()
    const { exitCode, err, out } = await ended
    expect(exitCode).toBe(130)
    expect(err).toContain(`The task goes on. Watch it again: task-mgmt task watch ${id}`)
    expect(out).toContain('\x1b[?25h')
  })

  test('goes on through a restart of the server, and says so', async () => {
    const id = await make()
    const { ended, shows } = begin(['task', 'watch', id])
    await shows(/READY/)
    await graph.down()
    await shows(/Connecting again/)
    await graph.up()
    await succeed(id)
    expect((await ended).exitCode).toBe(0)
  })
})

describe('logs', () => {
  test('are printed as they are, or followed to the end', async () => {
    const id = await make()
    await worker.start(id)
    await worker.log(id, 'one')
    await worker.log(id, 'two', 'warn')
    expect((await run(['task', 'logs', id])).out).toMatch(/^[\d:.]+ one\n[\d:.]+ warn two\n$/)
    const { ended, shows } = begin(['task', 'logs', id, '-f'])
    await shows(/two/)
    await worker.log(id, 'three')
    await worker.complete(id)
    expect((await ended).out).toMatch(/three\n$/)
    const lines = (await run(['task', 'logs', id, '--json'])).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['one', 'two', 'three'])
  })

  test('of an unknown task are refused at once, also when followed', async () => {
    const nobody = encodeTypeId('task', newUuid())
    expect((await run(['task', 'logs', nobody, '-f'])).exitCode).toBe(3)
    expect((await run(['task', 'watch', nobody])).exitCode).toBe(3)
  })
})
