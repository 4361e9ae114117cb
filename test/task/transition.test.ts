import { describe, expect, test } from 'vitest'
import { MAX_LOSSES } from '../../src/task/attempt-moves.ts'
import { COMMANDS, MOVES } from '../../src/task/moves.ts'
import { isFinished, TASK_STATUSES } from '../../src/task/status.ts'
import { transition } from '../../src/task/transition.ts'
import { brokenRules } from '../support/row-rules.ts'
import {
  at,
  BOOM,
  CLAIM,
  commandOf,
  EVENT_ID,
  failing,
  NO_TIMEOUTS,
  newTask,
  parking,
  stateAfter,
  taskIn,
} from '../support/task-samples.ts'
import { START } from '../support/task-walk.ts'

const EVERY_PAIR = TASK_STATUSES.flatMap((status) => COMMANDS.map((command) => [status, command] as const))

describe('every status × every command', () => {
  test.each(TASK_STATUSES)('a sample in status %s is one', (status) => {
    expect(taskIn(status).status).toBe(status)
    expect(brokenRules(taskIn(status))).toEqual([])
  })

  test.each(EVERY_PAIR)('%s × %s has the answer that the table gives', (status, kind) => {
    const sample = taskIn(status)
    const isDue = kind === 'wake' && !isFinished(status)
    const task = Object.freeze(isDue ? { ...sample, wakeAt: START, expiresAt: START } : sample)
    const decided = transition(task, commandOf(kind, task.epoch), START, 0.5)
    const allowed = MOVES[status][kind]
    if (decided.kind === 'refused') {
      const needsLease = 'epoch' in commandOf(kind, 0)
      expect(decided.reason).toBe(needsLease && status !== 'RUNNING' ? 'STALE_LEASE' : 'ILLEGAL_TRANSITION')
      expect(allowed).toBeUndefined()
      return
    }
    expect(allowed).toContain(decided.state.status)
    // No verb settles what a task does not wait for.
    const isSound = kind !== 'settle' || task.waitingOn > 0
    if (isSound) expect(brokenRules(decided.state)).toEqual([])
  })

  test('a finished status has no way out but a retry by hand', () => {
    for (const status of TASK_STATUSES.filter(isFinished)) {
      const ways = Object.entries(MOVES[status]).flatMap(([command, targets]) =>
        targets.some((target) => target !== status) ? [command] : [],
      )
      expect(ways).toEqual(status === 'COMPLETED' ? [] : ['retry'])
    }
  })
})

describe('a failed attempt', () => {
  const policy = { maxAttempts: 3, strategy: 'fixed', initialMs: 1_000, jitter: 0 } as const

  test('is repeated after the delay of the policy, until none is left', () => {
    const first = stateAfter(newTask({ retry: policy }), [CLAIM, failing(1)])
    expect(first).toMatchObject({ status: 'RETRYING', failures: 1, wakeAt: at(1_000), workerId: null })
    const second = stateAfter(stateAfter(first, [{ kind: 'wake' }], at(1_000)), [CLAIM, failing(2)], at(1_000))
    expect(second).toMatchObject({ status: 'RETRYING', failures: 2, attempt: 2, wakeAt: at(2_000) })
    const last = stateAfter(stateAfter(second, [{ kind: 'wake' }], at(2_000)), [CLAIM, failing(3)], at(2_000))
    expect(last).toMatchObject({ status: 'FAILED', failures: 3, attempt: 3, finishedAt: at(2_000) })
  })

  test('is not repeated when the error says so, or the policy names its code', () => {
    const plain = newTask({ retry: { ...policy, nonRetryableCodes: ['FATAL'] } })
    expect(stateAfter(plain, [CLAIM, failing(1, { retryable: false })]).status).toBe('FAILED')
    expect(stateAfter(plain, [CLAIM, failing(1, { code: 'FATAL' })]).status).toBe('FAILED')
    expect(stateAfter(plain, [CLAIM, failing(1, { code: 'OTHER' })]).status).toBe('RETRYING')
  })

  test('is told with its own number, whatever the worker said', () => {
    const failed = stateAfter(newTask({ retry: policy }), [CLAIM, failing(1, { attempt: 7 })])
    expect(failed.error).toEqual({ ...BOOM, attempt: 1 })
  })

  test('is tried no earlier than the other side asked for, up to the longest delay', () => {
    const plain = newTask({ retry: { ...policy, initialMs: 1_000, maxMs: 60_000, jitter: 0 } })
    const asked = stateAfter(plain, [CLAIM, failing(1, { retryAfterMs: 30_000 })])
    expect(asked).toMatchObject({ status: 'RETRYING', wakeAt: at(30_000) })
    expect(asked.error).toEqual({ ...BOOM, attempt: 1 })
    expect(stateAfter(plain, [CLAIM, failing(1, { retryAfterMs: 10 })]).wakeAt).toEqual(at(1_000))
    expect(stateAfter(plain, [CLAIM, failing(1, { retryAfterMs: 1e12 })]).wakeAt).toEqual(at(60_000))
    expect(stateAfter(plain, [CLAIM, failing(1, { retryAfterMs: 10, retryable: false })]).status).toBe('FAILED')
  })
})

describe('a lost worker', () => {
  test('gives its task back without a failure, up to the loss that counts as the cause', () => {
    const running = stateAfter(newTask(), [CLAIM])
    const lose = { kind: 'lose', epoch: 1 } as const
    const back = transition({ ...running, losses: MAX_LOSSES - 2 }, lose, at(5), 0)
    expect(back).toMatchObject({
      state: { status: 'READY', failures: 0, losses: MAX_LOSSES - 1, readyAt: at(5), workerId: null },
      attemptEnd: { number: 1, outcome: 'LOST' },
    })
    const culprit = transition({ ...running, losses: MAX_LOSSES - 1 }, lose, at(5), 0)
    expect(culprit).toMatchObject({ state: { status: 'FAILED', losses: MAX_LOSSES, error: { code: 'WORKER_LOST' } } })
    if (culprit.kind !== 'moved') throw new Error(culprit.kind)
    expect(stateAfter(culprit.state, [{ kind: 'retry' }])).toMatchObject({ status: 'READY', losses: 0 })
  })

  test('does not send a task back to the time it was once scheduled for', () => {
    const late = { ...stateAfter(newTask(), [CLAIM]), scheduledFor: at(60_000) }
    const back = transition(late, { kind: 'release', epoch: 1, reason: null, delayMs: 0 }, START, 0)
    expect(back).toMatchObject({ state: { status: 'READY', scheduledFor: at(60_000) } })
  })
})

describe('a parked task', () => {
  test('goes on in the same attempt, whose time stood still', () => {
    const running = stateAfter(newTask({ timeouts: { ...NO_TIMEOUTS, attemptMs: 10_000 } }), [CLAIM])
    const parked = stateAfter(running, [parking(1, at(60_000))], at(4_000))
    expect(parked).toMatchObject({ status: 'WAITING', elapsedMs: 4_000, workerId: null, isResumed: true })
    const again = stateAfter(stateAfter(parked, [{ kind: 'wake' }], at(60_000)), [CLAIM], at(61_000))
    expect(again).toMatchObject({ attempt: 1, epoch: 2, isResumed: false, wakeAt: at(67_000) })
  })

  test('goes on by a signal too, and ends its open attempt when it is cancelled', () => {
    const parked = stateAfter(newTask(), [CLAIM, parking(1, null, 'answer')])
    expect(parked).toMatchObject({ status: 'WAITING', wakeAt: null, waitKey: 'answer' })
    expect(stateAfter(parked, [{ kind: 'signal', eventId: EVENT_ID }])).toMatchObject({
      status: 'READY',
      waitKey: null,
      isResumed: true,
    })
    const cancelled = transition(parked, { kind: 'cancel', reason: null }, START, 0)
    expect(cancelled).toMatchObject({ attemptEnd: { number: 1, outcome: 'CANCELLED' } })
  })

  test('takes its answer while it is paused, and goes on with it when it is resumed', () => {
    const paused = stateAfter(newTask(), [CLAIM, parking(1, at(60_000), 'answer'), { kind: 'pause' }])
    const answered = stateAfter(paused, [{ kind: 'signal', eventId: EVENT_ID }])
    expect(answered).toMatchObject({ status: 'PAUSED', waitKey: null, version: paused.version + 1 })
    expect(transition(answered, { kind: 'signal', eventId: EVENT_ID }, START, 0)).toMatchObject({ kind: 'refused' })
    expect(stateAfter(answered, [{ kind: 'resume' }])).toMatchObject({ status: 'READY', isResumed: true })
  })

  test('goes on at once when its answer had come before', () => {
    const running = stateAfter(newTask(), [CLAIM])
    const park = { until: at(60_000), waitKey: 'answer' }
    const decided = transition(running, { kind: 'park', epoch: 1, park, answeredBy: EVENT_ID }, at(3_000), 0)
    expect(decided).toMatchObject({
      state: { status: 'READY', waitKey: null, isResumed: true, elapsedMs: 3_000, workerId: null },
      event: { kind: 'TaskAnswered', payload: { waitKey: 'answer', eventId: EVENT_ID } },
      attemptEnd: null,
    })
  })

  test('that waits for a time only is not signalled', () => {
    const parked = stateAfter(newTask(), [CLAIM, parking(1, at(60_000))])
    expect(transition(parked, { kind: 'signal', eventId: EVENT_ID }, START, 0)).toMatchObject({ kind: 'refused' })
  })

  test('that was paused waits on when it is resumed, unless its time has passed', () => {
    const paused = stateAfter(newTask(), [CLAIM, parking(1, at(60_000), 'answer'), { kind: 'pause' }])
    expect(paused).toMatchObject({ status: 'PAUSED', pausedFrom: 'WAITING', wakeAt: null })
    expect(stateAfter(paused, [{ kind: 'resume' }], at(1_000))).toMatchObject({
      status: 'WAITING',
      wakeAt: at(60_000),
      waitKey: 'answer',
    })
    expect(stateAfter(paused, [{ kind: 'resume' }], at(60_000))).toMatchObject({ status: 'READY', waitKey: null })
  })
})

describe('a retry by hand', () => {
  test.each(['FAILED', 'CANCELLED', 'SKIPPED'] as const)('starts a %s task afresh', (status) => {
    const again = stateAfter(taskIn(status), [{ kind: 'retry' }], at(9_000))
    expect(again).toMatchObject({
      status: 'READY',
      failures: 0,
      error: null,
      cancelReason: null,
      finishedAt: null,
      readyAt: at(9_000),
    })
  })

  test('waits for the dependencies that are still open', () => {
    const skipped = stateAfter(newTask({ waitsFor: 2 }), [
      { kind: 'settle', settled: 1, unmet: { rule: 'SKIP', code: 'DEPENDENCY_UNMET', reason: 'no' } },
    ])
    const again = transition(skipped, { kind: 'retry' }, START, 0)
    expect(again).toMatchObject({ state: { status: 'PENDING', waitingOn: 1 }, event: { kind: 'TaskPending' } })
    if (again.kind !== 'moved') throw new Error(again.kind)
    expect(stateAfter(again.state, [{ kind: 'settle', settled: 1, unmet: null }]).status).toBe('READY')
  })

  test('counts the total time-out anew', () => {
    const expired = stateAfter(newTask({ timeouts: { ...NO_TIMEOUTS, totalMs: 1_000 } }), [{ kind: 'wake' }], at(1_000))
    expect(expired).toMatchObject({ status: 'FAILED', error: { code: 'TIMEOUT_TOTAL' } })
    expect(stateAfter(expired, [{ kind: 'retry' }], at(5_000))).toMatchObject({
      expiresAt: at(6_000),
      wakeAt: at(6_000),
    })
  })

  test('ends a back-off at once and keeps count of the failures', () => {
    expect(stateAfter(taskIn('RETRYING'), [{ kind: 'retry' }])).toMatchObject({ status: 'READY', failures: 1 })
  })
})

describe('an update', () => {
  test('of the priority does not make a READY task younger', () => {
    const ready = newTask()
    const changed = stateAfter(ready, [{ kind: 'update', change: { priority: 'CRITICAL' }, fields: [] }], at(50_000))
    expect(changed.readyAt).toEqual(ready.readyAt)
    expect(changed).toMatchObject({ priority: 'CRITICAL', isClaimable: true })
  })

  test('of the time moves a task between READY and SCHEDULED', () => {
    const later = stateAfter(newTask(), [{ kind: 'update', change: { scheduledFor: at(60_000) }, fields: [] }])
    expect(later).toMatchObject({ status: 'SCHEDULED', wakeAt: at(60_000), isClaimable: false })
    const soon = stateAfter(later, [{ kind: 'update', change: { scheduledFor: null }, fields: [] }], at(1_000))
    expect(soon).toMatchObject({ status: 'READY', readyAt: at(1_000) })
  })

  test('of the time moves the total time-out along, which counts from it', () => {
    const change = { kind: 'update', change: { scheduledFor: at(60_000) }, fields: [] } as const
    const limited = { timeouts: { ...NO_TIMEOUTS, totalMs: 10_000 } }
    for (const task of [
      newTask(limited),
      newTask({ ...limited, waitsFor: 1 }),
      stateAfter(newTask(limited), [{ kind: 'pause' }]),
    ]) {
      const changed = stateAfter(task, [change], at(1_000))
      expect(changed.expiresAt).toEqual(at(70_000))
      expect(brokenRules(changed)).toEqual([])
      expect(stateAfter(changed, [{ kind: 'wake' }], at(20_000)).status).toBe(changed.status)
    }
  })

  test('of the time is refused once an attempt has begun, and only that', () => {
    const running = stateAfter(newTask(), [CLAIM])
    const parked = stateAfter(running, [{ kind: 'park', epoch: 1, park: { until: at(60_000), waitKey: null } }])
    for (const task of [running, parked, stateAfter(parked, [{ kind: 'pause' }])]) {
      const time = { kind: 'update', change: { scheduledFor: at(60_000) }, fields: ['scheduledFor'] } as const
      expect(transition(task, time, START, 0)).toEqual({ kind: 'refused', reason: 'ILLEGAL_TRANSITION' })
      const urgency = { kind: 'update', change: { priority: 'CRITICAL' }, fields: ['priority'] } as const
      expect(transition(task, urgency, START, 0).kind).toBe('moved')
    }
  })
})
