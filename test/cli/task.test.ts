import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDetailsFragment } from '../../src/sdk/generated/operations.ts'
import { encodeTypeId, newUuid } from '../../src/task/type-id.ts'
import { type CliOptions, type CliRun, cli } from '../support/cli.ts'
import { type HandWorker, startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
let worker: HandWorker

beforeAll(async () => {
  graph = await startLiveGraph()
  worker = await startHandWorker(graph.engine, ['work', 'steered', 'listed'])
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}): Promise<CliRun> => cli(argv, { url: graph.url, ...options })

async function make(type: string, ...more: string[]): Promise<TaskDetailsFragment> {
  const { out, err } = await run(['task', 'create', '--name', 'made', '--type', type, '--json', ...more])
  expect(err).toBe('')
  return JSON.parse(out)
}

const nobody = encodeTypeId('task', newUuid())

describe('task create', () => {
  test('makes a task of all its options', async () => {
    const before = await make('work')
    const task = await make(
      'work',
      ...['--input', '{"n":1}', '--priority', 'high', '--label', 'team=a', '--label', 'area=b=c', '--tag', 'x'],
      ...[
        '--tag',
        'y',
        '--depends-on',
        before.id,
        '--timeout',
        '1h30m',
        '--max-attempts',
        '7',
        '--scheduled-for',
        '10m',
      ],
    )
    expect(task).toMatchObject({
      input: { n: 1 },
      priority: 'HIGH',
      labels: { team: 'a', area: 'b=c' },
      tags: ['x', 'y'],
      dependencies: [{ dependsOn: { id: before.id } }],
      timeouts: { attempt: 'PT1H30M' },
      retry: { maxAttempts: 7 },
    })
    const minutes = (new Date(task.scheduledFor!).getTime() - Date.now()) / 60_000
    expect(minutes).toBeGreaterThan(9)
    expect(minutes).toBeLessThan(10.1)
  })

  test('says what to do next', async () => {
    const { out, exitCode } = await run(['task', 'create', '--name', 'a', '--type', 'work'])
    const id = /Created (task_\w+) READY/.exec(out)?.[1]
    expect(out).toContain(`Watch it: task-mgmt task watch ${id}`)
    expect(exitCode).toBe(0)
  })

  test('makes one task for a unique key, and says when it stands already', async () => {
    const create = ['task', 'create', '--name', 'a', '--type', 'work', '--unique-key', 'report']
    const first = await run(create)
    const id = /Created (task_\w+) READY/.exec(first.out)?.[1]
    const again = await run(create)
    expect(again.out).toContain(`Stands already: ${id} READY`)
    const { out } = await run([...create, '--json'])
    expect(JSON.parse(out)).toMatchObject({ id, wasCreated: false })
    const quiet = JSON.parse((await run([...create, '--debounce', '1h', '--json'])).out)
    expect(quiet).toMatchObject({ status: 'SCHEDULED', wasCreated: true })
    const throttled = JSON.parse((await run([...create, '--throttle', '1h', '--json'])).out)
    expect(throttled).toMatchObject({ status: 'READY', wasCreated: true })
  })

  test('reads the input from the standard input and from a file', async () => {
    const { out } = await run(['task', 'create', '--name', 'a', '--type', 'work', '--input', '-', '--json'], {
      input: '{"from":"stdin"}',
    })
    expect(JSON.parse(out)).toMatchObject({ input: { from: 'stdin' } })
    expect((await make('work', '--input', '@package.json')).input).toMatchObject({ name: 'task-mgmt' })
  })

  test('refuses what makes no sense with 2, and tells what to write', async () => {
    const create = ['task', 'create', '--name', 'a', '--type', 'work']
    const cases: [string[], RegExp][] = [
      [[...create, '--input', '{path:1}'], /no JSON in the argument.*Write it like/],
      [[...create, '--input', '@nowhere.json'], /cannot be read from nowhere\.json: ENOENT/],
      [[...create, '--priority', 'hihg'], /Did you mean high\?/],
      [[...create, '--timeout', 'soon'], /Write a duration like 30s/],
      [[...create, '--throttle', '1h'], /go with --unique-key/],
      [[...create, '--unique-key', 'k', '--throttle', '1h', '--debounce', '1h'], /do not go together/],
      [['task', 'create', '--name', 'a'], /required option '--type/],
      [['task', 'craete'], /Did you mean.*create/],
      [['task', 'list', '--stauts', 'x'], /Did you mean --status\?/],
      [['tsak', 'list'], /Did you mean task\?/],
    ]
    for (const [argv, message] of cases) {
      const { exitCode, err, out } = await run(argv)
      expect([exitCode, out]).toEqual([2, ''])
      expect(err).toMatch(message)
    }
  })

  test('shows a refusal of the server with 3', async () => {
    const { exitCode, err } = await run(['task', 'create', '--name', 'a', '--type', 'wrok'])
    expect(exitCode).toBe(3)
    expect(err).toContain('Known types: listed, steered, work')
  })
})

describe('task list and task get', () => {
  test('print a table that fits the terminal', async () => {
    const task = await make('listed', '--tag', 'table')
    await worker.start(task.id)
    await worker.progress(task.id, 0.25, 'reading a rather long list of files')
    const now = new Date(new Date(task.createdAt).getTime() + 65_000)
    const wide = await run(['task', 'list', '--tag', 'table', '--status', 'Running'], { now })
    const shape = (text: string) => text.replaceAll(task.id, 'task_ID').replace(/1m \d+s/, '1m 5s')
    expect(shape(wide.out)).toMatchInlineSnapshot(`
      "ID                               NAME  TYPE    STATUS   PRIORITY  PROGRESS                                 CREATED  TOOK
      task_ID  made  listed  RUNNING  MEDIUM    25% reading a rather long list of files  1m ago   1m 5s
      "
    `)
    const narrow = await run(['task', 'list', '--tag', 'table'], { now, columns: 100 })
    for (const line of narrow.out.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    expect(narrow.out).toContain('…')
    expect((await run(['task', 'list', '--tag', 'none'])).out).toBe('No task matches.\n')
  })

  test('page with the cursor that the page before tells', async () => {
    await Promise.all([1, 2, 3].map(() => make('listed', '--tag', 'paged')))
    const first = await run(['task', 'list', '--tag', 'paged', '--limit', '2', '--json'])
    const { tasks, pageInfo } = JSON.parse(first.out)
    expect(tasks).toHaveLength(2)
    const second = await run(['task', 'list', '--tag', 'paged', '--after', pageInfo.endCursor, '--json'])
    expect(JSON.parse(second.out).tasks).toHaveLength(1)
    expect((await run(['task', 'list', '--tag', 'paged', '--limit', '2'])).err).toContain('--after')
  })

  test('show one task with its result, shortened, and all of it as JSON', async () => {
    const task = await make('work', '--input', '{"path":"src"}', '--tag', 'got')
    await worker.start(task.id)
    const output = { files: Array.from({ length: 40 }, (_, index) => `file-${index}.ts`), lines: 1234 }
    await worker.complete(task.id, output)
    const { out } = await run(['task', 'get', task.id])
    const shape = out
      .replaceAll(task.id, 'task_ID')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z \([^)]*\)/g, 'TIME')
      .replace(/(waited|ran|Took) +\d+m?s/g, '$1 0ms')
      .replace(/worker_\w+/g, 'worker_ID')
    expect(shape).toMatchInlineSnapshot(`
      "made
      Id           task_ID
      Type         work
      Status       COMPLETED
      Priority     MEDIUM
      Tags         got
      Created      TIME by anonymous
      Started      TIME
      Finished     TIME
      Took 0ms

      Attempts
        1. COMPLETED (waited 0ms, ran 0ms, worker_ID)

      Input
        { "path": "src" }

      Output
        {
          "lines": 1234,
          "files": [
            "file-0.ts",
            "file-1.ts",
            "file-2.ts",
            "file-3.ts",
            "file-4.ts",
            "file-5.ts",
            "file-6.ts",
            "file-7.ts",
            "file-8.ts",
            "file-9.ts",
            "file-10.ts",
            "file-11.ts",
            … 28 more
          ]
        }
        (shortened; all of it: task-mgmt task get task_ID --json)
      "
    `)
    expect(JSON.parse((await run(['task', 'get', task.id, '--json'])).out).output).toEqual(output)
  })

  test('end with 3 when there is no such task', async () => {
    const { exitCode, err } = await run(['task', 'get', nobody])
    expect([exitCode, err]).toEqual([3, `There is no task ${nobody}. See: task-mgmt task list\n`])
    expect((await run(['task', 'get', 'rubbish'])).exitCode).toBe(3)
  })

  test('show nothing of a name that would steer the terminal', async () => {
    const { out } = await run(['task', 'create', '--name', 'a\u001b[2Jb\nc', '--type', 'work', '--json'])
    expect((await run(['task', 'get', JSON.parse(out).id])).out).toContain('ab ⏎ c\n')
  })
})

describe('steering', () => {
  test('pause, resume, update, cancel and retry say what became of the task', async () => {
    const { id } = await make('steered')
    expect((await run(['task', 'pause', id])).out).toBe(`Paused ${id} made PAUSED\n`)
    expect((await run(['task', 'resume', id])).out).toBe(`Goes on: ${id} made READY\n`)
    const updated = await run(['task', 'update', id, '--priority', 'critical', '--tag', 'z', '--json'])
    expect(JSON.parse(updated.out)).toMatchObject({ priority: 'CRITICAL', tags: ['z'] })
    expect((await run(['task', 'update', id])).err).toContain('Say what to change')
    expect((await run(['task', 'cancel', id, '--reason', 'enough'])).out).toBe(`Cancelled ${id} made CANCELLED\n`)
    expect((await run(['task', 'retry', id])).out).toBe(`Runs again: ${id} made READY\n`)
    await worker.start(id)
    await worker.complete(id)
    const late = await run(['task', 'cancel', id])
    expect(late.exitCode).toBe(3)
    expect(late.err).toMatch(/COMPLETED/)
  })

  test('cancel takes along what waits, when asked', async () => {
    const first = await make('steered')
    const second = await make('steered', '--depends-on', first.id)
    expect((await run(['task', 'cancel', first.id, '--cascade'])).out).toContain('Cancelled, with 1 other:')
    expect((await run(['task', 'get', second.id])).out).toContain('CANCELLED')
  })
})
