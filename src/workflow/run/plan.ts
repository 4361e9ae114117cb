import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../../task/retry.ts'
import { parseAnyDuration } from '../../text/duration.ts'
import {
  type Compensation,
  type Duration,
  type OnFailure,
  type Step,
  type StepRetry,
  stepsWithin,
  type WorkflowDefinition,
} from '../definition/definition.ts'
import { taskTypeOf } from './task-of-step.ts'

const DEFAULT_MAX_PARALLEL_STEPS = 10

/** What is asked of a definition again and again, computed once. */
export interface Plan {
  readonly definition: WorkflowDefinition
  readonly root: PlannedScope
  /** All steps and compensations, by id. */
  readonly steps: ReadonlyMap<string, PlannedStep>
  /** Of all tasks that carry out its steps. */
  readonly taskTypes: readonly string[]
  readonly maxParallelSteps: number
  readonly timeoutMs: number | null
}

/** Steps that stand beside each other: those of the run, of a container, or of an iteration. */
export interface PlannedScope {
  /** null: the run. */
  readonly holder: PlannedStep | null
  readonly steps: readonly PlannedStep[]
  /** Those that come after no other. */
  readonly first: readonly PlannedStep[]
  /** Those that no other comes after. */
  readonly last: readonly PlannedStep[]
}

export interface PlannedStep {
  readonly id: string
  readonly step: Step | Compensation
  /** Place in the definition, an outer step before what it holds. */
  readonly order: number
  readonly scope: PlannedScope
  readonly inner: PlannedScope | null
  readonly before: readonly Edge[]
  readonly after: readonly Edge[]
  /** Whether a step before it has to lead to it: not where those are only its turn. */
  readonly needsChoice: boolean
  readonly onFailure: OnFailure
  /** null for a TASK and a WEBHOOK, whose task has the retries. */
  readonly retry: RetryPolicy | null
  readonly timeoutMs: number | null
  readonly compensation: PlannedStep | null
  readonly isCompensation: boolean
}

/**
 * That a step comes after another. AFTER leads there unless the other was skipped, THEN and ELSE when the CONDITION chose so; TURN, the
 * order of a SEQUENTIAL, only waits.
 */
export interface Edge {
  readonly from: PlannedStep
  readonly to: PlannedStep
  readonly kind: 'AFTER' | 'THEN' | 'ELSE' | 'TURN'
}

type Building<T> = { -readonly [Key in keyof T]: T[Key] }

/** The plan of a definition that was found valid. */
export function planOf(definition: WorkflowDefinition): Plan {
  const steps = new Map<string, PlannedStep>()
  const root = planScope(definition.steps, null, steps)
  return {
    definition,
    root,
    steps,
    taskTypes: [...new Set([...steps.values()].flatMap(({ step }) => taskTypeOf(step) ?? []))],
    maxParallelSteps: definition.limits?.maxParallelSteps ?? DEFAULT_MAX_PARALLEL_STEPS,
    timeoutMs: durationMs(definition.limits?.timeout),
  }
}

/** Plans by the hash of their definition, the latest `limit` of them. */
export function createPlans(limit = 200): (hash: string, definition: WorkflowDefinition) => Plan {
  const plans = new Map<string, Plan>()
  return (hash, definition) => {
    const plan = plans.get(hash) ?? planOf(definition)
    plans.delete(hash)
    plans.set(hash, plan)
    if (plans.size > limit) plans.delete(plans.keys().next().value!)
    return plan
  }
}

function planScope(written: readonly Step[], holder: PlannedStep | null, all: Map<string, PlannedStep>): PlannedScope {
  const scope: Building<PlannedScope> = { holder, steps: [], first: [], last: [] }
  const steps = written.map((step) => planStep(step, scope, all))
  connect(steps, holder?.step.type === 'SEQUENTIAL')
  scope.steps = steps
  scope.first = steps.filter(({ before }) => before.length === 0)
  scope.last = steps.filter(({ after }) => after.length === 0)
  return scope
}

function planStep(step: Step, scope: PlannedScope, all: Map<string, PlannedStep>): Building<PlannedStep> {
  const planned = plannedAlone(step, scope, all)
  planned.onFailure = step.onFailure ?? 'FAIL'
  planned.retry = hasRetriesOfTask(step) ? null : policyOf(retryOf(step))
  if ('steps' in step) planned.inner = planScope(stepsWithin(step), planned, all)
  if (step.compensate !== undefined) planned.compensation = planCompensation(step.compensate, scope, all)
  return planned
}

function planCompensation(step: Compensation, scope: PlannedScope, all: Map<string, PlannedStep>): PlannedStep {
  const planned = plannedAlone(step, scope, all)
  planned.retry = hasRetriesOfTask(step) ? null : policyOf(step.retry)
  return Object.assign(planned, { isCompensation: true })
}

function plannedAlone(
  step: Step | Compensation,
  scope: PlannedScope,
  all: Map<string, PlannedStep>,
): Building<PlannedStep> {
  const planned: Building<PlannedStep> = {
    id: step.id,
    step,
    order: all.size,
    scope,
    inner: null,
    before: [],
    after: [],
    needsChoice: false,
    onFailure: 'FAIL',
    retry: null,
    timeoutMs: durationMs(step.timeout),
    compensation: null,
    isCompensation: false,
  }
  all.set(step.id, planned)
  return planned
}

/** Draws the edges between the steps of a scope. Where a CONDITION names a step, that it also comes after it by other words adds nothing. */
function connect(steps: readonly Building<PlannedStep>[], isSequence: boolean): void {
  const beside = new Map(steps.map((planned) => [planned.id, planned]))
  const drawn = new Map<string, Edge[]>()
  const draw = (from: PlannedStep, to: PlannedStep, kind: Edge['kind']) => {
    const pair = `${from.id} ${to.id}`
    const known = drawn.get(pair) ?? []
    const isNew = kind === 'THEN' || kind === 'ELSE' ? known.every((edge) => edge.kind !== kind) : known.length === 0
    if (isNew) drawn.set(pair, [...known, { from, to, kind }])
  }
  for (const from of steps) {
    if (from.step.type !== 'CONDITION') continue
    for (const id of from.step.then ?? []) draw(from, beside.get(id)!, 'THEN')
    for (const id of from.step.else ?? []) draw(from, beside.get(id)!, 'ELSE')
  }
  for (const [place, to] of steps.entries()) {
    const after = 'after' in to.step ? (to.step.after ?? []) : []
    for (const id of after) draw(beside.get(id)!, to, 'AFTER')
    if (isSequence && place > 0) draw(steps[place - 1]!, to, 'TURN')
  }
  const edges = [...drawn.values()].flat()
  const before = Map.groupBy(edges, ({ to }) => to)
  const after = Map.groupBy(edges, ({ from }) => from)
  for (const planned of steps) {
    planned.before = before.get(planned) ?? []
    planned.after = after.get(planned) ?? []
    planned.needsChoice = planned.before.some(({ kind }) => kind !== 'TURN')
  }
}

/** A WEBHOOK is over with its request, or waits for a call: only the request can be tried again. */
function hasRetriesOfTask({ type }: Step | Compensation): boolean {
  return type === 'TASK' || type === 'WEBHOOK'
}

/** RETRY means one retry, where the step says nothing of retries. */
export function retryOf({ retry, onFailure }: Step): StepRetry | undefined {
  return retry ?? (onFailure === 'RETRY' ? { maxAttempts: 2 } : undefined)
}

/** What a step says of retries, in the words of tasks. */
export function policyPart(retry: StepRetry | undefined): Partial<RetryPolicy> | null {
  if (retry === undefined) return null
  const { initial, max, ...same } = retry
  return {
    ...same,
    ...(initial === undefined ? {} : { initialMs: durationMs(initial)! }),
    ...(max === undefined ? {} : { maxMs: durationMs(max)! }),
  }
}

function policyOf(retry: StepRetry | undefined): RetryPolicy | null {
  return retry === undefined ? null : { ...DEFAULT_RETRY_POLICY, ...policyPart(retry) }
}

function durationMs(text: Duration | undefined): number | null {
  return text === undefined ? null : parseAnyDuration(text)
}
