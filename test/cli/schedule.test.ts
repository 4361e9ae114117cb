import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { uuidOf } from '../../src/task/type-id.ts'
import { dueNow } from '../schedule/schedules.ts'
import { type CliOptions, type CliRun, cli } from '../support/cli.ts'
import { ACTOR } from '../support/engine.ts'
import { startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
  await startHandWorker(graph.engine, ['work', 'listed', 'other'])
})
afterAll(() => graph.stop())

const run = (argv: string[], options: CliOptions = {}): Promise<CliRun> =>
  cli(['schedule', ...argv], { url: graph.url, ...options })

async function make(...more: string[]): Promise<{ id: string; [field: string]: unknown }> {
  const { out, err } = await run(['create', '--name', 'made', '--type', 'work', '--json', ...more])
  expect(err).toBe('')
  return JSON.parse(out)
}

const DAILY = ['--cron', '30 2 * * *', '--time-zone', 'Europe/Berlin']

describe('schedule create', () => {
  test('makes a schedule of all its options', async () => {
    const made = await make(
      ...[
        ...DAILY,
        '--input',
        '{"n":1}',
        '--due-at-field',
        'due',
        '--label',
        'team=a',
        '--tag',
        'x',
        '--jitter',
        '30s',
      ],
      ...[
        '--deadline-after',
        '1h',
        '--missed',
        'all',
        '--missed-cap',
        '7',
        '--overlap',
        'queue',
        '--description',
        'why',
      ],
      ...[
        '--exclude-weekday',
        'saturday,Sunday',
        '--exclude-date',
        '2030-12-25',
        '--exclude-date',
        '2031-01-01..2031-01-06',
      ],
    )
    expect(made).toMatchObject({
      timing: {
        cron: '30 2 * * *',
        timeZone: 'Europe/Berlin',
        exclude: {
          weekdays: ['SATURDAY', 'SUNDAY'],
          dates: ['2030-12-25'],
          ranges: [{ from: '2031-01-01', until: '2031-01-06' }],
        },
      },
      task: {
        name: 'made',
        input: { n: 1 },
        dueAtField: 'due',
        labels: { team: 'a' },
        tags: ['x'],
        deadlineAfter: 'PT1H',
      },
      jitter: 'PT30S',
      missedPolicy: 'ALL',
      missedCap: 7,
      overlapPolicy: 'QUEUE',
      description: 'why',
    })
  })

  test('takes an interval, and a rule with its lines', async () => {
    expect(await make('--every', '90s', '--anchor', '2020-01-01T00:00:00Z')).toMatchObject({
      timing: { every: 'PT1M30S', anchor: '2020-01-01T00:00:00.000Z' },
    })
    expect(await make('--rrule', 'DTSTART:20260101T090000\\nRRULE:FREQ=DAILY')).toMatchObject({
      timing: { rrule: 'DTSTART:20260101T090000\nRRULE:FREQ=DAILY', timeZone: 'UTC' },
    })
  })

  test.each([
    [[], 2, 'exactly one of --cron, --every and --rrule'],
    [['--cron', '* * * * *', '--every', '5m'], 2, 'exactly one'],
    [['--cron', '0 0 31 2 *'], 3, 'never fires'],
    [['--every', '5m', '--overlap', 'sometimes'], 2, 'There is no policy "sometimes"'],
  ])('says what is wrong: %j', async (options, exitCode, message) => {
    const { err, ...refused } = await run(['create', '--name', 'a', '--type', 'work', ...options])
    expect(refused.exitCode).toBe(exitCode)
    expect(err).toContain(message)
  })
})

describe('schedule update', () => {
  const update = async (id: string, ...more: string[]) => {
    const { out, err } = await run(['update', id, '--json', ...more])
    expect(err).toBe('')
    return JSON.parse(out)
  }

  test('changes what is named and keeps the rest, of the task too', async () => {
    const { id } = await make(...DAILY, '--input', '{"n":1}', '--label', 'team=a', '--tag', 'x', '--description', 'why')
    expect(await update(id, '--deadline-after', '2h', '--overlap', 'skip', '--jitter', '5s')).toMatchObject({
      timing: { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
      task: { name: 'made', type: 'work', input: { n: 1 }, labels: { team: 'a' }, tags: ['x'], deadlineAfter: 'PT2H' },
      overlapPolicy: 'SKIP',
      jitter: 'PT5S',
      description: 'why',
    })
    const changed = await update(
      id,
      ...['--name', 'renamed', '--type', 'other', '--input', '{"n":2}', '--due-at-field', 'due', '--label', 'team=b'],
      ...['--tag', 'y', '--missed', 'all', '--missed-cap', '7', '--description', ''],
    )
    expect(changed).toMatchObject({
      name: 'renamed',
      task: { name: 'renamed', type: 'other', input: { n: 2 }, dueAtField: 'due', labels: { team: 'b' }, tags: ['y'] },
      missedPolicy: 'ALL',
      missedCap: 7,
      overlapPolicy: 'SKIP',
      description: null,
    })
  })

  test('changes one part of a timing and keeps the others', async () => {
    const { id } = await make(...DAILY, '--exclude-weekday', 'sunday')
    expect((await update(id, '--time-zone', 'Asia/Tokyo')).timing).toMatchObject({
      cron: '30 2 * * *',
      timeZone: 'Asia/Tokyo',
      exclude: { weekdays: ['SUNDAY'] },
    })
    expect((await update(id, '--exclude-date', '2030-12-25')).timing).toMatchObject({
      cron: '30 2 * * *',
      exclude: { weekdays: [], dates: ['2030-12-25'] },
    })
    expect((await update(id, '--every', '2h')).timing).toMatchObject({
      cron: null,
      every: 'PT2H',
      timeZone: 'Asia/Tokyo',
    })
    expect((await update(id, '--anchor', '2020-01-01T00:00:00Z')).timing).toMatchObject({
      every: 'PT2H',
      anchor: '2020-01-01T00:00:00.000Z',
    })
  })

  test('shows the schedule to people, and says what is wrong', async () => {
    const { id } = await make(...DAILY)
    expect((await run(['update', id, '--cron', '0 3 * * *'])).out).toMatch(
      /^made\nId +schedule_[\s\S]*Fires +0 3 \* \* \* \(Europe\/Berlin\)/,
    )
    for (const [options, exitCode, message] of [
      [[], 2, 'Say what to change'],
      [['--cron', '* * * * *', '--every', '5m'], 2, 'exactly one'],
      [['--anchor', '2020-01-01T00:00:00Z'], 2, 'goes with --every'],
      [['--cron', '0 0 31 2 *'], 3, 'never fires'],
      [['--type', 'unheard_of'], 3, 'unheard_of'],
      [['--deadline-after', '900000d'], 3, 'deadlineAfter'],
    ] as const) {
      const refused = await run(['update', id, ...options])
      expect([refused.exitCode, refused.err]).toEqual([exitCode, expect.stringContaining(message)])
    }
    for (const options of [
      ['--jitter', '5s'],
      ['--time-zone', 'UTC'],
    ])
      expect((await run(['update', id.replace(/.$/, (last) => (last === '0' ? '1' : '0')), ...options])).exitCode).toBe(
        3,
      )
  })

  test('of several at once loses nothing', async () => {
    const { id } = await make(...DAILY)
    await Promise.all([update(id, '--tag', 'x'), update(id, '--label', 'a=b'), update(id, '--input', '{"n":3}')])
    expect(JSON.parse((await run(['get', id, '--json'])).out).task).toMatchObject({
      tags: ['x'],
      labels: { a: 'b' },
      input: { n: 3 },
    })
  })
})

test('schedule preview shows due times', async () => {
  const { out } = await run(['preview', ...DAILY, '--after', '2026-03-28T12:00:00Z', '--count', '2'])
  expect(out).toBe('2026-03-29T01:00:00.000Z\n2026-03-30T00:30:00.000Z\n')
})

test('schedule list and get show them to people and to programs', async () => {
  const { out: first } = await run(['create', '--name', 'hourly', '--type', 'listed', '--every', '1h', '--json'])
  const { id } = JSON.parse(first)
  await dueNow(graph.engine.db, uuidOf('schedule', id)!)
  await fireSchedules(graph.engine)
  const listed = await run(['list', '--type', 'listed', '--status', 'active'])
  expect(listed.out).toMatch(/^ID +NAME +STATUS +FIRES +STARTS +NEXT\n/)
  expect(listed.out).toMatch(new RegExp(`${id} +hourly +ACTIVE +every 1h +listed +in 5\\dm`))
  expect(JSON.parse((await run(['list', '--type', 'listed', '--json'])).out).schedules).toMatchObject([{ id }])
  const { out } = await run(['get', id])
  expect(out).toMatch(/^hourly\nId +schedule_/)
  expect(out).toMatch(/\nNext fires\n( {2}20.*\n){5}\nLast fires\n {2}20\S+ task_\w+ READY\n$/)
  expect(await run(['get', id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'))])).toMatchObject({
    exitCode: 3,
  })
})

test('schedule pause, resume, fire, backfill and delete', async () => {
  const { id } = await make('--every', '1h', '--anchor', '2020-01-01T00:00:00Z')
  expect((await run(['pause', id])).out).toContain(`Paused ${id} made`)
  expect((await run(['fire', id])).out).toMatch(/^Fired: task_/)
  expect((await run(['resume', id])).out).toContain('next at 20')
  const range = ['--from', '2021-01-01T00:00:00Z', '--until', '2021-01-01T05:00:00Z', '--max-at-once', '2']
  const backfill = JSON.parse((await run(['backfill', id, ...range, '--json'])).out)
  expect(backfill).toMatchObject({ status: 'RUNNING', total: 6, maxAtOnce: 2 })
  expect((await run(['cancel-backfill', backfill.id])).out).toContain('CANCELLED: 0 of 6 due times done')
  expect((await run(['delete', id])).out).toBe(`Deleted ${id}\n`)
  expect(await run(['pause', id])).toMatchObject({ exitCode: 3 })
})

describe('a schedule of a workflow', () => {
  beforeAll(async () => {
    for (const name of ['nightly_report', 'weekly_report']) {
      await createWorkflow(graph.engine, ACTOR, {
        definition: { name, steps: [{ id: 'a', type: 'TASK', task: 'work' }] },
      })
    }
  })
  const json = async (argv: string[]) => {
    const { out, err } = await run([...argv, '--json'])
    expect(err).toBe('')
    return JSON.parse(out)
  }
  const create = ['create', '--name', 'report', ...DAILY]

  test('is made, shown, listed and fired', async () => {
    const made = await json([
      ...create,
      ...['--workflow', 'nightly_report', '--workflow-version', '1', '--input', '{"n":1}', '--due-at-field', 'due'],
    ])
    expect(made).toMatchObject({
      task: null,
      workflow: { name: 'nightly_report', version: 1, input: { n: 1 }, dueAtField: 'due' },
    })
    expect((await run(['list', '--workflow', 'nightly_report'])).out).toMatch(/ nightly_report /)
    const { out } = await run(['fire', made.id])
    expect(out).toMatch(/^Fired: run_\w+\n$/)
    const shown = await run(['get', made.id])
    expect(shown.out).toContain('nightly_report (workflow version 1)')
    expect(shown.out).toMatch(/hand run_\w+/)
  })

  test('is changed, and turned to tasks and back', async () => {
    const { id } = await json([...create, '--workflow', 'nightly_report', '--input', '{"n":1}'])
    const update = (...more: string[]) => json(['update', id, ...more])
    expect(await update('--input', '{"n":2}')).toMatchObject({ workflow: { name: 'nightly_report', input: { n: 2 } } })
    expect(await update('--workflow', 'weekly_report')).toMatchObject({ workflow: { name: 'weekly_report' } })
    expect(await update('--type', 'work', '--tag', 'x')).toMatchObject({
      workflow: null,
      task: { name: 'report', type: 'work', tags: ['x'] },
    })
    expect(await update('--workflow', 'weekly_report')).toMatchObject({ task: null, workflow: { input: null } })
  })

  test('is refused when it is unclear what it starts', async () => {
    const refused = async (argv: string[]) => (await run(argv)).err
    expect(await refused(create)).toContain('exactly one of --type and --workflow')
    expect(await refused([...create, '--type', 'work', '--workflow', 'weekly_report'])).toContain('exactly one')
    expect(await refused([...create, '--type', 'work', '--workflow-version', '1'])).toContain('--workflow only')
    expect(await refused([...create, '--workflow', 'weekly_report', '--tag', 'x'])).toContain('has no --tag')
    expect(await refused([...create, '--workflow', 'nowhere'])).toContain('There is no workflow called "nowhere"')
  })
})
