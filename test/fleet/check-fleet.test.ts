import { describe, expect, it } from 'vitest'
import type { TaskEventKind } from '../../src/event/event.ts'
import type { TaskStatus } from '../../src/task/status.ts'
import { fleetProblems } from './check-fleet.ts'
import type { FleetEvent, FleetHistory, Log } from './history.ts'
import type { WitnessLine } from './witness.ts'

// Two tasks under a limit of one, on two workers with a slot each: `a` is lost by a frozen worker and runs again, `b` waits for it.

const PIDS: Readonly<Record<string, number>> = { w1: 101, w2: 102 }

function event(id: number, taskId: string, version: number, rest: Partial<FleetEvent>): FleetEvent {
  return { id, at: id, taskId, version, kind: 'TaskCreated', status: 'READY', workerId: null, ...rest }
}
const started = (id: number, taskId: string, version: number, workerId: string): FleetEvent =>
  event(id, taskId, version, { kind: 'TaskStarted', status: 'RUNNING', workerId })
const became = (id: number, taskId: string, version: number, kind: TaskEventKind, status: TaskStatus): FleetEvent =>
  event(id, taskId, version, { kind, status })

function task(id: string, attempts: number, version: number): Log['tasks'][number] {
  return {
    id,
    status: 'COMPLETED',
    version,
    waitingOn: 0,
    attempt: attempts,
    epoch: attempts,
    isResumed: false,
    isClaimable: false,
    output: { epoch: attempts, pid: PIDS.w2! },
  }
}

function line(at: number, what: WitnessLine['what'], id: string, epoch: number, worker: string): WitnessLine {
  return { at, what, id, epoch, attempt: epoch, pid: PIDS[worker]! }
}

const GOOD: FleetHistory = {
  log: {
    events: [
      event(1, 'a', 1, {}),
      event(2, 'b', 1, { status: 'PENDING' }),
      started(3, 'a', 2, 'w1'),
      became(4, 'a', 3, 'AttemptLost', 'READY'),
      started(5, 'a', 4, 'w2'),
      became(6, 'a', 5, 'TaskCompleted', 'COMPLETED'),
      became(7, 'b', 2, 'TaskReady', 'READY'),
      started(8, 'b', 3, 'w2'),
      became(9, 'b', 4, 'TaskCompleted', 'COMPLETED'),
    ],
    tasks: [task('a', 2, 5), task('b', 1, 4)],
    attempts: [
      { taskId: 'a', number: 1, epoch: 1, outcome: 'LOST' },
      { taskId: 'a', number: 2, epoch: 2, outcome: 'COMPLETED' },
      { taskId: 'b', number: 1, epoch: 1, outcome: 'COMPLETED' },
    ],
    dependencies: [{ taskId: 'b', dependsOnId: 'a', state: 'SATISFIED' }],
    workers: [
      { id: 'w1', pid: PIDS.w1!, slots: 1, goneAt: 4 },
      { id: 'w2', pid: PIDS.w2!, slots: 1, goneAt: null },
    ],
    ownedSlots: [],
  },
  witness: [
    line(10, 'began', 'a', 1, 'w1'),
    line(40, 'began', 'a', 2, 'w2'),
    // The frozen worker comes late: allowed to run, and changes nothing.
    line(45, 'returned', 'a', 1, 'w1'),
    line(50, 'returned', 'a', 2, 'w2'),
    line(60, 'began', 'b', 1, 'w2'),
    line(70, 'returned', 'b', 1, 'w2'),
  ],
  accepted: new Map([
    ['a', new Map([['key:one', 1]])],
    ['b', new Map([['key:one', 1]])],
  ]),
  capacities: { 'key:one': 1 },
  heldRows: { tasks: 10, held: 2, completed: 8 },
}

const withLog = (change: Partial<Log>): FleetHistory => ({ ...GOOD, log: { ...GOOD.log, ...change } })
const withEvents = (change: (events: FleetEvent[]) => FleetEvent[]): FleetHistory =>
  withLog({ events: change([...GOOD.log.events]).sort((a, b) => a.id - b.id) })
const withLines = (change: (lines: WitnessLine[]) => WitnessLine[]): FleetHistory => ({
  ...GOOD,
  witness: change([...GOOD.witness]).sort((a, b) => a.at - b.at),
})
const moved = (history: FleetHistory, from: number, to: number): FleetHistory => ({
  ...history,
  log: {
    ...history.log,
    events: history.log.events.map((one) => (one.id === from ? { ...one, id: to } : one)).sort((a, b) => a.id - b.id),
  },
})

const BAD: readonly [string, FleetHistory, RegExp][] = [
  ['a task that never ended', withEvents((events) => events.slice(0, -1)), /b .*its log ends as RUNNING/],
  [
    'a row that is not finished',
    withLog({ tasks: [GOOD.log.tasks[0]!, { ...GOOD.log.tasks[1]!, status: 'RUNNING' }] }),
    /b: never ended, it is RUNNING/,
  ],
  [
    'something after the end',
    withEvents((events) => [...events, became(10, 'b', 5, 'TaskCancelled', 'CANCELLED')]),
    /b: ended 2 times/,
  ],
  ['a gap in the versions', withEvents((events) => events.filter(({ id }) => id !== 7)), /has version 3/],
  ['a claim of what runs', moved(GOOD, 4, 5.5), /TaskStarted took it from RUNNING/],
  ['two leases of a limit of one', moved(moved(GOOD, 7, 5.1), 8, 5.2), /key:one: 2 of 1 slots taken at event 5.2/],
  ['a start before what it waits for', moved(moved(GOOD, 7, 2.1), 8, 2.2), /b: ran before a had ended/],
  [
    'a start after a dependency that was not met',
    withLog({ dependencies: [{ taskId: 'b', dependsOnId: 'a', state: 'UNMET' }] }),
    /b: ran with its dependency on a UNMET/,
  ],
  ['a slot that nobody gave back', withLog({ ownedSlots: [{ key: 'key:one', taskId: 'a' }] }), /a: still owns a slot/],
  [
    'a late answer that was accepted',
    withLog({ tasks: [{ ...GOOD.log.tasks[0]!, output: { epoch: 1, pid: PIDS.w1! } }, GOOD.log.tasks[1]!] }),
    /a: keeps the output of epoch 1, whose attempt is LOST/,
  ],
  [
    'a loss that is not counted',
    withLog({ attempts: GOOD.log.attempts.slice(1) }),
    /a: was claimed under epoch 1 without an attempt/,
  ],
  [
    'an attempt that ended otherwise than the log says',
    withLog({
      attempts: GOOD.log.attempts.map((one) => (one.outcome === 'LOST' ? { ...one, outcome: 'FAILED' } : one)),
    }),
    /a: its attempt under epoch 1 is FAILED after AttemptLost/,
  ],
  [
    'a task that was taken from a worker that lives',
    withLog({ workers: GOOD.log.workers.map((worker) => ({ ...worker, goneAt: 5 })) }),
    /a: was taken from worker w1, which was alive/,
  ],
  [
    'an accepted task that is not there',
    { ...GOOD, accepted: new Map([...GOOD.accepted, ['c', new Map<string, number>()]]) },
    /c: was/,
  ],
  ['a task that nobody was told of', { ...GOOD, accepted: new Map([...GOOD.accepted].slice(1)) }, /a: is there and/],
  ['claims that wait for held rows', { ...GOOD, heldRows: { tasks: 10, held: 2, completed: 3 } }, /claims waited/],
  [
    'a handler that was called twice under one epoch',
    withLines((lines) => [...lines, line(41, 'began', 'a', 2, 'w2')]),
    /a: its handler was called 2 times under epoch 2/,
  ],
  [
    'a handler that was called without a claim',
    withLines((lines) => [...lines, line(80, 'began', 'b', 2, 'w2')]),
    /b: its handler was called under epoch 2, never claimed/,
  ],
  [
    'a handler in another process than the claim',
    withLines((lines) => lines.map((one) => (one.at === 60 ? { ...one, pid: PIDS.w1! } : one))),
    /b: ran in process 101, claimed by that of 102/,
  ],
  [
    'an end that no handler told',
    withLines((lines) => lines.filter(({ at }) => at !== 70)),
    /b: an end was accepted that its handler \(undefined\) did not tell/,
  ],
  [
    'handlers that overlap under a limit of one',
    withLines((lines) => lines.map((one) => (one.at === 60 ? { ...one, at: 49 } : one))),
    /key:one: handlers of 2 slots ran at once, of 1/,
  ],
  [
    'a handler that was called before the one it waits for had ended',
    withLines((lines) => lines.map((one) => (one.at === 60 ? { ...one, at: 49 } : one))),
    /b: its handler was called before that of a had ended/,
  ],
  [
    'a worker that runs more handlers than it has slots',
    withLines((lines) => lines.map((one) => (one.at === 60 ? { ...one, at: 49 } : one))),
    /worker w2: ran 2 handlers at once, with 1 slots/,
  ],
]

describe('the checker of fleets', () => {
  it('has nothing to say of a sound history, with a loss and a late answer in it', () => {
    expect(fleetProblems(GOOD)).toEqual([])
  })

  it.each(BAD)('sees %s', (_, history, problem) => {
    expect(fleetProblems(history)).toContainEqual(expect.stringMatching(problem))
  })
})
