import fc from 'fast-check'
import type { Compensation, Step, StepBase, WorkflowDefinition } from '../../../src/workflow/definition/definition.ts'

/** What is drawn of a step before it has an id and neighbours; numbers point at earlier or later siblings. */
interface Sketch {
  readonly kind: (typeof LEAVES)[number] | (typeof CONTAINERS)[number]
  readonly after: readonly number[]
  readonly guard: 'none' | 'true' | 'false' | 'error'
  readonly onFailure: StepBase['onFailure']
  readonly attempts: number
  readonly hasTimeout: boolean
  readonly hasCompensation: boolean
  readonly holds: boolean
  readonly then: readonly number[]
  readonly else: readonly number[]
  readonly count: number
  readonly limit: number
  readonly variant: number
  readonly children: readonly Sketch[]
}

const LEAVES = ['TASK', 'TASK', 'CONDITION', 'WAIT', 'APPROVAL', 'WEBHOOK', 'SUBWORKFLOW', 'CUSTOM'] as const
const CONTAINERS = ['PARALLEL', 'SEQUENTIAL', 'LOOP', 'MAP'] as const

const few = fc.array(fc.nat(5), { maxLength: 2 })

const { sketch } = fc.letrec<{ sketch: Sketch }>((tie) => {
  const common = {
    after: few,
    guard: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'true', 'false', 'error'),
    onFailure: fc.constantFrom(undefined, undefined, undefined, 'FAIL', 'SKIP', 'RETRY', 'COMPENSATE', 'CONTINUE'),
    attempts: fc.constantFrom(0, 0, 0, 1, 2, 3),
    hasTimeout: fc.constantFrom(false, false, false, false, true),
    hasCompensation: fc.boolean(),
    holds: fc.boolean(),
    then: few,
    else: few,
    count: fc.nat(3),
    limit: fc.nat(3),
    variant: fc.nat(3),
  }
  return {
    sketch: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'workflow' },
      fc.record({ ...common, kind: fc.constantFrom(...LEAVES), children: fc.constant([]) }),
      fc.record({
        ...common,
        kind: fc.constantFrom(...CONTAINERS),
        children: fc.array(tie('sketch'), { maxLength: 3, depthIdentifier: 'workflow' }),
      }),
    ) as fc.Arbitrary<Sketch>,
  }
})

/** Definitions of all step types, nested, with guards, on-failure rules, retries, time-outs and compensations. */
export const definitions: fc.Arbitrary<WorkflowDefinition> = fc
  .record({
    sketches: fc.array(sketch, { minLength: 1, maxLength: 5 }),
    maxParallelSteps: fc.integer({ min: 1, max: 4 }),
    hasTimeout: fc.constantFrom(false, false, false, true),
  })
  .map(({ sketches, maxParallelSteps, hasTimeout }) => {
    const drawing = { next: 0 }
    return {
      name: 'random',
      limits: { maxParallelSteps, ...(hasTimeout ? { timeout: '40s' } : {}) },
      steps: draw(sketches, drawing, true),
    }
  })

function draw(sketches: readonly Sketch[], drawing: { next: number }, hasOrder: boolean): Step[] {
  const ids = sketches.map(() => `s${drawing.next++}`)
  return sketches.map((sketch, place) => {
    const before = ids.slice(0, place)
    const behind = ids.slice(place + 1)
    const base: StepBase = {
      id: ids[place]!,
      ...(hasOrder && before.length > 0 && sketch.after.length > 0 ? { after: picked(sketch.after, before) } : {}),
      ...(sketch.guard === 'none' ? {} : { when: sketch.guard === 'error' ? 'input.nothing.there' : sketch.guard }),
      ...(sketch.onFailure === undefined ? {} : { onFailure: sketch.onFailure }),
      ...(sketch.attempts === 0
        ? {}
        : { retry: { maxAttempts: sketch.attempts, strategy: 'fixed', initial: '2s', jitter: 0 } }),
      ...(sketch.hasTimeout ? { timeout: '7s' } : {}),
      ...(sketch.hasCompensation ? { compensate: compensation(`${ids[place]}_undo`, sketch) } : {}),
    }
    return { ...base, ...bodyOf(sketch, drawing, hasOrder ? behind : []) } as Step
  })
}

function compensation(id: string, { variant }: Sketch): Compensation {
  if (variant === 0) return { id, type: 'SUBWORKFLOW', workflow: 'undo' }
  if (variant === 1) return { id, type: 'TASK', task: 'undo', input: { of: '${{ input.nothing.there }}' } }
  return { id, type: 'TASK', task: 'undo' }
}

function bodyOf(sketch: Sketch, drawing: { next: number }, behind: readonly string[]): object {
  const { kind, holds, count, limit, variant } = sketch
  const steps = () => draw(sketch.children, drawing, kind !== 'PARALLEL' && kind !== 'SEQUENTIAL')
  const bound = limit === 0 ? {} : { maxParallel: limit }
  switch (kind) {
    case 'TASK':
      return { type: kind, task: 'work' }
    case 'CUSTOM':
      return { type: kind, handler: 'work' }
    case 'SUBWORKFLOW':
      return { type: kind, workflow: 'other' }
    case 'WEBHOOK':
      return {
        type: kind,
        url: 'https://example.test/',
        callback: variant > 1,
        body: { back: variant > 1 ? '${{ callback.url }}' : 1 },
      }
    case 'CONDITION':
      return { type: kind, if: String(holds), then: picked(sketch.then, behind), else: picked(sketch.else, behind) }
    case 'WAIT':
      if (variant === 0) return { type: kind, event: { key: 'k' } }
      if (variant === 1) return { type: kind, event: { key: 'k', where: 'event.ok' }, onTimeout: { output: 1 } }
      return { type: kind, duration: `${count}s` }
    case 'APPROVAL':
      return {
        type: kind,
        message: 'May it?',
        approvers: variant === 0 ? { role: 'OPERATOR' } : { principals: ['ann', 'bob', 'cid'] },
        need: 1 + (variant % 2),
        ...(holds ? { onRefusal: 'CONTINUE', onTimeout: { approved: variant > 1 } } : {}),
      }
    case 'PARALLEL':
      return {
        type: kind,
        steps: steps(),
        join: variant === 0 ? 'ANY' : variant === 1 ? { atLeast: 2 } : 'ALL',
        ...bound,
      }
    case 'SEQUENTIAL':
      return { type: kind, steps: steps() }
    case 'LOOP':
      if (variant === 0) return { type: kind, steps: steps(), times: count }
      if (variant === 1) return { type: kind, steps: steps(), while: `index < ${count}.0`, maxIterations: 2 }
      if (variant === 2) return { type: kind, steps: steps(), until: `index >= ${count}.0`, maxIterations: 4 }
      return { type: kind, steps: steps(), times: `size(input.list)` }
    case 'MAP':
      return {
        type: kind,
        steps: steps(),
        items: variant === 0 ? 'input.list' : [1, 2, 3, 4].slice(0, count + 1),
        tolerateFailures: variant,
        ...bound,
      }
  }
}

function picked(places: readonly number[], from: readonly string[]): string[] {
  return from.length === 0 ? [] : [...new Set(places.map((place) => from[place % from.length]!))]
}

/** What the world does, between two looks of the run at itself. */
export interface Action {
  readonly kind: (typeof ACTIONS)[number]
  /** Which of those that are open. */
  readonly which: number
  /** How many commands come at once. */
  readonly batch: number
  /** The process dies before the call is committed, and it is made again. */
  readonly isLost: boolean
}

const ACTIONS = [
  ...Array<'complete'>(12).fill('complete'),
  ...Array<'fail'>(4).fill('fail'),
  'stop',
  'repeat',
  'late',
  'time',
  'time',
  'time',
  'pause',
  'resume',
  'resume',
  'cancel',
  'retry',
  'retry',
] as const

export const actions: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(...ACTIONS),
  which: fc.nat(30),
  batch: fc.constantFrom(1, 1, 1, 2, 3, 8),
  isLost: fc.constantFrom(false, false, false, false, true),
})
