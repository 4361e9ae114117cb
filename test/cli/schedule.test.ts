import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fireSchedules } from '../../src/engine/fire-schedules.ts'
import { uuidOf } from '../../src/task/type-id.ts'
import { dueNow } from '../schedule/schedules.ts'
import { type CliOptions, type CliRun, cli } from '../support/cli.ts'
import { startHandWorker } from '../support/hand-worker.ts'
import { type LiveGraph, startLiveGraph } from '../support/live-graph.ts'

let graph: LiveGraph
beforeAll(async () => {
  graph = await startLiveGraph()
  await startHandWorker(graph.engine, ['work', 'listed'])
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
  expect(listed.out).toMatch(/^ID +NAME +STATUS +FIRES +TYPE +NEXT\n/)
  expect(listed.out).toMatch(new RegExp(`${id} +hourly +ACTIVE +every 1h +listed +in 5\\dm`))
  expect(JSON.parse((await run(['list', '--type', 'listed', '--json'])).out).schedules).toMatchObject([{ id }])
  const { out } = await run(['get', id])
  expect(out).toMatch(/^hourly\nId +schedule_/)
  expect(out).toMatch(/\nNext fires\n( {2}20.*\n){5}\nLast fires\n {2}20\S+ task_\w+ READY\n$/)
  expect(await run(['get', id.replace(/.$/, '0')])).toMatchObject({ exitCode: 3 })
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
