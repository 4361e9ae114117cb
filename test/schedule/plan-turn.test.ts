import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firesOf, lastFires, nextFires } from '../../src/schedule/fires.ts'
import { jitterOf } from '../../src/schedule/jitter.ts'
import { GRACE_MS, MAX_FIRES, planTurn, wakeTimeOf } from '../../src/schedule/plan-turn.ts'
import { MISSED_POLICIES, OVERLAP_POLICIES, type ScheduleState } from '../../src/schedule/schedule-state.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { sized } from '../support/size.ts'

const START = new Date('2026-01-01T00:00:00Z').getTime()

type Policies = Pick<ScheduleState, 'missedPolicy' | 'missedCap' | 'overlapPolicy'>

/** A schedule that is looked at now and then, each task of which runs for a while from the look that starts it. */
interface Scene extends Policies {
  readonly everyMs: number
  /** Time before each look, and how long tasks run that it starts. */
  readonly looks: readonly { readonly afterMs: number; readonly runsMs: number }[]
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  everyMs: fc.integer({ min: 5_000, max: 60_000 }),
  missedPolicy: fc.constantFrom(...MISSED_POLICIES),
  missedCap: fc.integer({ min: 1, max: 6 }),
  overlapPolicy: fc.constantFrom(...OVERLAP_POLICIES),
  looks: fc.array(
    fc.record({
      afterMs: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 100, max: 20_000 }) },
        fc.integer({ min: 60_000, max: 600_000 }),
      ),
      runsMs: fc.integer({ min: 0, max: 120_000 }),
    }),
    { minLength: 1, maxLength: 40 },
  ),
})

/** What happened, in order: `due@look`, and what became of it. */
type Story = string[]

function scheduleOf(scene: Scene): ScheduleState {
  const { missedPolicy, missedCap, overlapPolicy, everyMs } = scene
  return {
    tenant: 'default',
    id: newUuid(),
    status: 'ACTIVE',
    version: 1,
    timing: { kind: 'interval', everyMs, anchor: new Date(START).toISOString(), timeZone: 'UTC' },
    jitterMs: 0,
    missedPolicy,
    missedCap,
    overlapPolicy,
    target: { task: { name: 'made', type: 'work' } },
    nextFireAt: new Date(START),
    wakeAt: new Date(START),
    queued: 0,
  }
}

/** The scene as the code plays it. */
function play(scene: Scene): Story {
  let schedule = scheduleOf(scene)
  const fires = firesOf(schedule.timing)
  const story: Story = []
  const queue: number[] = []
  let running: number[] = []
  let now = START
  for (const { afterMs, runsMs } of scene.looks) {
    now += afterMs
    running = running.filter((end) => end > now)
    const turn = planTurn(schedule, fires, running.length > 0, new Date(now))
    if (turn.cancelsRunning) running = []
    const start = (due: number): void => {
      story.push(`${due}@${now} START`)
      running.push(now + runsMs)
    }
    if (turn.startsQueued) start(queue.shift()!)
    for (const { dueAt, act } of turn.fires) {
      if (act === 'START') start(dueAt.getTime())
      else story.push(`${dueAt.getTime()}@${now} ${act}`)
      if (act === 'QUEUE') queue.push(dueAt.getTime())
    }
    schedule = { ...schedule, nextFireAt: turn.nextFireAt, queued: queue.length }
  }
  return story
}

/** The scene as the documents tell it: one due time after the other, in plain lists. */
function tell(scene: Scene): Story {
  const story: Story = []
  const seen = new Set<number>()
  let waiting: number[] = []
  let ends: number[] = []
  let now = START
  for (const { afterMs, runsMs } of scene.looks) {
    now += afterMs
    const isFree = (): boolean => ends.every((end) => end <= now)
    const begin = (due: number): void => {
      story.push(`${due}@${now} START`)
      ends.push(now + Math.max(runsMs, 0.5))
    }
    if (waiting.length > 0 && isFree()) {
      begin(waiting[0]!)
      waiting = waiting.slice(1)
    }
    const fresh: number[] = []
    for (let due = START; due <= now; due += scene.everyMs) if (!seen.has(due)) fresh.push(due)
    for (const due of fresh) seen.add(due)
    const late = fresh.filter((due) => now - due > GRACE_MS)
    const madeUp: readonly number[] = { SKIP: [], ONCE: late.slice(-1), ALL: late.slice(-scene.missedCap) }[
      scene.missedPolicy
    ]
    const acting = fresh.filter((due) => madeUp.includes(due) || now - due <= GRACE_MS)
    for (const due of acting) {
      if (scene.overlapPolicy === 'ALLOW') begin(due)
      else if (scene.overlapPolicy === 'CANCEL') {
        if (due !== acting.at(-1)) story.push(`${due}@${now} SKIP`)
        else {
          ends = []
          begin(due)
        }
      } else if (isFree() && waiting.length === 0) begin(due)
      else if (scene.overlapPolicy === 'SKIP') story.push(`${due}@${now} SKIP`)
      else {
        story.push(`${due}@${now} QUEUE`)
        waiting.push(due)
      }
    }
  }
  return story
}

describe('policies', () => {
  test('do what a plain reference tells, for missed fires and overlaps alike', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        expect(play(scene)).toEqual(tell(scene))
      }),
      { numRuns: sized(500, 20_000) },
    )
  })

  test('say what was given up: the first, the last and how many', () => {
    const scene = { everyMs: 10_000, missedPolicy: 'ALL', missedCap: 3, overlapPolicy: 'ALLOW', looks: [] } as const
    const schedule = scheduleOf(scene)
    const now = new Date(START + 200_000)
    const turn = planTurn(schedule, firesOf(schedule.timing), false, now)
    const before = GRACE_MS / 10_000
    expect(turn.missed).toEqual({ from: new Date(START), until: new Date(START + 100_000), count: 11 })
    expect(turn.fires).toHaveLength(3 + before + 1)
    expect(turn.nextFireAt).toEqual(new Date(START + 210_000))
  })

  test('see to a hundred fires in one turn and to the rest in the next', () => {
    const scene = { everyMs: 1_000, missedPolicy: 'ALL', missedCap: 1000, overlapPolicy: 'ALLOW', looks: [] } as const
    let schedule = scheduleOf(scene)
    const fires = firesOf(schedule.timing)
    const now = new Date(START + 500_500)
    const found: number[] = []
    for (let turns = 0; turns < 6; turns++) {
      const turn = planTurn(schedule, fires, false, now)
      expect(turn.fires.length).toBeLessThanOrEqual(MAX_FIRES)
      found.push(...turn.fires.map(({ dueAt }) => dueAt.getTime()))
      schedule = { ...schedule, nextFireAt: turn.nextFireAt }
    }
    expect(found).toEqual(Array.from({ length: 501 }, (_, n) => START + n * 1000))
  })
})

describe('jitter', () => {
  test('is the same for the same due time, below its limit, and spread evenly', () => {
    const id = newUuid()
    const delays = Array.from({ length: 2_000 }, (_, n) => jitterOf(id, START + n * 60_000, 10_000))
    expect(delays).toEqual(delays.map((_, n) => jitterOf(id, START + n * 60_000, 10_000)))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...delays)).toBeLessThan(10_000)
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
    expect(mean).toBeGreaterThan(4_500)
    expect(mean).toBeLessThan(5_500)
    expect(jitterOf(newUuid(), START, 10_000)).not.toBe(jitterOf(newUuid(), START, 10_000))
    expect(jitterOf(id, START, 0)).toBe(0)
  })

  test('puts off the fire, not its due time', () => {
    const scene = { everyMs: 60_000, missedPolicy: 'ONCE', missedCap: 1, overlapPolicy: 'ALLOW', looks: [] } as const
    const schedule = { ...scheduleOf(scene), jitterMs: 30_000 }
    const delay = jitterOf(schedule.id, START, 30_000)
    const fires = firesOf(schedule.timing)
    expect(wakeTimeOf(schedule, new Date(START))).toEqual(new Date(START + delay))
    expect(planTurn(schedule, fires, false, new Date(START + delay - 1)).fires).toEqual([])
    expect(planTurn(schedule, fires, false, new Date(START + delay)).fires).toMatchObject([{ dueAt: new Date(START) }])
  })
})

test('the last due times of a range are found from its end, whatever it holds', () => {
  const fires = firesOf({ kind: 'cron', expression: '0 0 9-17 * * MON-FRI', timeZone: 'Europe/Berlin' })
  const after = START
  const until = START + 40 * 86_400_000
  const all: number[] = []
  for (let due = fires.after(after); due !== null && due <= until; due = fires.after(due)) all.push(due)
  for (const count of [1, 2, 10, 100, 1000]) expect(lastFires(fires, after, until, count)).toEqual(all.slice(-count))
  const perSecond = firesOf({ kind: 'cron', expression: '* * * * * *', timeZone: 'UTC' })
  // A burst far back: months without any, and millions in the month before them.
  const inJanuary = firesOf({ kind: 'cron', expression: '* * * * 1 *', timeZone: 'UTC' })
  const end = new Date('2026-02-01T00:00:00Z').getTime()
  const found = lastFires(inJanuary, 0, new Date('2026-12-31T23:00:00Z').getTime(), 3)
  expect(found).toEqual([3, 2, 1].map((ago) => end - ago * 1000))
  expect(lastFires(perSecond, 0, START, 5)).toEqual([4, 3, 2, 1, 0].map((ago) => START - ago * 1000))
})

describe('due times', () => {
  const berlin = { timeZone: 'Europe/Berlin' }

  test.each([
    [
      'a gap fires once, right after it',
      '30 2 * * *',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
    ],
    [
      'what comes twice fires at its first',
      '30 2 * * *',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'],
    ],
    [
      'all of a gap is one fire',
      '*/20 * * * *',
      '2026-03-29T00:30:00Z',
      ['2026-03-29T00:40:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-29T01:20:00.000Z'],
    ],
    [
      'nothing fires while an hour is repeated',
      '*/30 * * * *',
      '2026-10-25T00:10:00Z',
      ['2026-10-25T00:30:00.000Z', '2026-10-25T02:00:00.000Z'],
    ],
    [
      'nor each second of it',
      '* * * * * *',
      '2026-10-25T01:30:00.500Z',
      ['2026-10-25T02:00:00.000Z', '2026-10-25T02:00:01.000Z'],
    ],
  ])('of cron: %s', (_, expression, after, expected) => {
    const found = nextFires({ kind: 'cron', expression, ...berlin }, new Date(after), expected.length)
    expect(found.map((due) => due.toISOString())).toEqual(expected)
  })

  test('of an interval count elapsed time from its anchor, whatever the clocks do', () => {
    const timing = { kind: 'interval', everyMs: 86_400_000, anchor: '2026-03-28T08:00:00Z', ...berlin } as const
    expect(nextFires(timing, new Date('2026-03-01T00:00:00Z'), 3).map((due) => due.toISOString())).toEqual([
      '2026-03-28T08:00:00.000Z',
      '2026-03-29T08:00:00.000Z',
      '2026-03-30T08:00:00.000Z',
    ])
  })

  test('of a rule keep to the wall; its end in UTC is an instant, as are its exceptions', () => {
    const text =
      'DTSTART;TZID=Europe/Berlin:20260327T090000\nRRULE:FREQ=DAILY;UNTIL=20260401T070000Z\nEXDATE:20260330T070000Z'
    expect(nextFires({ kind: 'rrule', text, ...berlin }, new Date(0), 9).map((due) => due.toISOString())).toEqual([
      '2026-03-27T08:00:00.000Z',
      '2026-03-28T08:00:00.000Z',
      '2026-03-29T07:00:00.000Z',
      '2026-03-31T07:00:00.000Z',
      '2026-04-01T07:00:00.000Z',
    ])
  })

  test('pass over excluded days', () => {
    const exclude = {
      weekdays: ['SATURDAY', 'SUNDAY'],
      dates: ['2026-12-25'],
      ranges: [{ from: '2026-12-28', until: '2027-01-03' }],
    } as const
    const timing = { kind: 'cron', expression: '0 9 * * *', ...berlin, exclude } as const
    expect(nextFires(timing, new Date('2026-12-23T12:00:00Z'), 2).map((due) => due.toISOString())).toEqual([
      '2026-12-24T08:00:00.000Z',
      '2027-01-04T08:00:00.000Z',
    ])
  })
})
