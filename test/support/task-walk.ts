import fc from 'fast-check'
import type { TaskCommand } from '../../src/task/command.ts'
import type { Transition } from '../../src/task/move.ts'
import { planTask } from '../../src/task/plan-tasks.ts'
import type { TaskState } from '../../src/task/task-state.ts'
import { transition } from '../../src/task/transition.ts'
import { newUuid } from '../../src/task/type-id.ts'

/** When every walk begins. */
export const START = new Date('2030-01-01T00:00:00.000Z')

export const WORKER_ID = '00000000-0000-7000-8000-00000000000a'

/** A task at its birth: what the caller asked, how many dependencies it waits for, and losses that a walk need not make itself. */
export type Birth = Parameters<typeof planTask>[0] & { readonly waitsFor: number; readonly losses?: number }

/** One command of a walk. Epochs are given as a distance from the current one, so that most of them fit. */
export interface Step {
  readonly afterMs: number
  readonly random: number
  readonly command: TaskCommand
  readonly staleBy: number
}

/** One command that was carried out. */
export interface Walked {
  readonly before: TaskState
  readonly command: TaskCommand
  readonly now: Date
  readonly transition: Transition
}

export const births: fc.Arbitrary<Birth> = fc.record({
  name: fc.constant('walk'),
  type: fc.constant('work'),
  waitsFor: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  losses: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 9 })),
  scheduledFor: fc.option(
    fc.integer({ min: -1_000, max: 100_000 }).map((ms) => new Date(START.getTime() + ms)),
    { nil: undefined },
  ),
  priority: fc.constantFrom('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'BACKGROUND'),
  timeouts: fc.record({
    queueMs: limits(20_000),
    attemptMs: limits(20_000),
    totalMs: limits(200_000),
    heartbeatMs: limits(10_000),
  }),
  retry: fc.option(
    fc.record({
      maxAttempts: fc.integer({ min: 1, max: 4 }),
      strategy: fc.constantFrom('fixed', 'linear', 'exponential'),
      initialMs: fc.integer({ min: 0, max: 5_000 }),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
      maxMs: fc.integer({ min: 0, max: 60_000 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      nonRetryableCodes: fc.constantFrom([], ['FATAL']),
    }),
    { nil: undefined },
  ),
}) as fc.Arbitrary<Birth>

function limits(longestMs: number): fc.Arbitrary<number | null> {
  return fc.option(fc.integer({ min: 1, max: longestMs }), { nil: null, freq: 2 })
}

const times = fc.option(
  fc.integer({ min: 0, max: 100_000 }).map((ms) => new Date(START.getTime() + ms)),
  { nil: null },
)

/** Any command that a door may pass on; its numbers are within what the doors check. */
export const commands: fc.Arbitrary<TaskCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<TaskCommand>({ kind: 'claim', workerId: WORKER_ID }) },
  fc.record({
    kind: fc.constant('progress' as const),
    epoch: fc.constant(0),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    message: fc.option(fc.string()),
  }),
  fc.record({ kind: fc.constant('complete' as const), epoch: fc.constant(0) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      epoch: fc.constant(0),
      outcome: fc.constantFrom('FAILED' as const, 'TIMED_OUT' as const),
      error: fc.record({
        code: fc.constantFrom('BOOM', 'FATAL'),
        message: fc.string(),
        retryable: fc.boolean(),
        attempt: fc.integer({ min: 0, max: 9 }),
      }),
    }),
  },
  fc.record({ kind: fc.constant('lose' as const), epoch: fc.constant(0) }),
  fc.record({
    kind: fc.constant('release' as const),
    epoch: fc.constant(0),
    reason: fc.option(fc.string()),
    delayMs: fc.constantFrom(0, 1_000),
  }),
  {
    weight: 2,
    arbitrary: fc
      .record({
        until: times,
        waitKey: fc.option(fc.constantFrom('answer', 'other')),
        isAnswered: fc.nat(4).map((drawn) => drawn === 0),
      })
      .filter(({ until, waitKey }) => until !== null || waitKey !== null)
      .map(
        ({ until, waitKey, isAnswered }): TaskCommand => ({
          kind: 'park',
          epoch: 0,
          park: { until, waitKey },
          ...(isAnswered && waitKey !== null && { answeredBy: WORKER_ID }),
        }),
      ),
  },
  { weight: 5, arbitrary: fc.constant<TaskCommand>({ kind: 'wake' }) },
  fc.constant<TaskCommand>({ kind: 'signal', eventId: WORKER_ID }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      settled: fc.integer({ min: 1, max: 3 }),
      unmet: fc.option(
        fc.record({
          rule: fc.constantFrom('SKIP' as const, 'FAIL' as const, 'CANCEL' as const),
          code: fc.constantFrom('DEPENDENCY_UNMET' as const, 'CONDITION_NOT_MET' as const),
          reason: fc.string(),
        }),
        { freq: 2 },
      ),
    }),
  },
  fc.record({ kind: fc.constant('cancel' as const), reason: fc.option(fc.string()) }),
  { weight: 2, arbitrary: fc.constant<TaskCommand>({ kind: 'pause' }) },
  { weight: 2, arbitrary: fc.constant<TaskCommand>({ kind: 'resume' }) },
  { weight: 2, arbitrary: fc.constant<TaskCommand>({ kind: 'retry' }) },
  fc
    .record(
      {
        priority: fc.constantFrom('CRITICAL' as const, 'LOW' as const),
        scheduledFor: times,
      },
      { requiredKeys: [] },
    )
    .map((change): TaskCommand => ({ kind: 'update', change, fields: [] })),
  fc.constant<TaskCommand>({ kind: 'overdue', deadline: START }),
)

export const steps: fc.Arbitrary<Step> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30_000 })),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  command: commands,
  staleBy: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
})

const WAITED_FOR = { id: newUuid(), status: 'READY', attempt: 0, error: null } as const

/** The first state of a task. */
export function bornAs({ waitsFor, losses = 0, ...asked }: Birth, now: Date = START): TaskState {
  const dependsOn = Array.from({ length: waitsFor }, (_, index) => ({ key: String(index) }))
  const given = { tenant: 'default', id: newUuid(), now, type: { defaults: {}, isRated: false } }
  return { ...planTask({ ...asked, dependsOn }, given, () => WAITED_FOR).born, losses }
}

/**
 * Carries out commands one after the other on a task that nobody else touches. A `settle` is only given where so many
 * dependencies are open: callers count them.
 */
export function walk(birth: Birth, path: readonly Step[]): { end: TaskState; now: Date; walked: Walked[] } {
  let state = frozen(bornAs(birth))
  let now = START
  const walked: Walked[] = []
  for (const step of path) {
    now = new Date(now.getTime() + step.afterMs)
    const command = fitted(step, state)
    if (command === null) continue
    const decided = transition(state, command, now, step.random)
    walked.push({ before: state, command, now, transition: decided })
    if (decided.kind !== 'refused') state = frozen(decided.state)
  }
  return { end: state, now, walked }
}

function fitted({ command, staleBy }: Step, state: TaskState): TaskCommand | null {
  if (command.kind === 'settle') {
    return state.waitingOn === 0 ? null : { ...command, settled: Math.min(command.settled, state.waitingOn) }
  }
  return 'epoch' in command ? { ...command, epoch: state.epoch - staleBy } : command
}

/** A decision that wrote to its argument would throw. */
function frozen(state: TaskState): TaskState {
  return Object.freeze({ ...state })
}
