import { readReaches } from '../../../expression/reaches.ts'
import type { JsonValue } from '../../../task/json.ts'
import type { Compensation, Condition, ConditionStep, Step, StepType } from '../definition.ts'
import { guardOf, ofCondition, textsOf } from '../validate/texts-of.ts'
import { expressionOf, type Fillable, filledIn, refTo } from './ref.ts'
import type {
  ApprovalOptions,
  ConditionInput,
  LoopOptions,
  MapOptions,
  ParallelOptions,
  StepOptions,
  StepRef,
  TextInput,
  Undo,
  UndoSteps,
  WebhookInput,
} from './step-options.ts'
import type { Steps } from './steps.ts'

/** A step in the making: its order comes last, when all that are beside it are known. */
type Draft = { -readonly [Field in keyof Step]: Step[Field] }

type Named = { readonly name: string }
type Build = (steps: Steps) => unknown
type Iterate = (around: object) => { readonly until?: ConditionInput } | undefined
type Branches = StepOptions & { readonly then?: Build; readonly else?: Build }
type AnyWait = StepOptions & {
  readonly duration?: TextInput
  readonly until?: TextInput
  readonly event?: { readonly key: TextInput; readonly where?: unknown }
  readonly onTimeout?: { readonly output: Fillable }
}

interface Branching {
  readonly step: Draft
  /** Ids of the steps that were made in each branch. */
  readonly then: readonly string[]
  readonly else: readonly string[]
}

/** The steps that a function makes beside each other, those of a SEQUENTIAL and a PARALLEL without an order of their own. */
export function buildScope(holder: StepType | null, build: (steps: Steps) => void): readonly Step[] {
  const drafts: Draft[] = []
  const branchings: Branching[] = []
  build(createSteps(drafts, branchings))
  if (holder !== 'SEQUENTIAL' && holder !== 'PARALLEL') orderByUse(drafts)
  chooseEntries(drafts, branchings)
  return drafts as readonly Step[]
}

function createSteps(drafts: Draft[], branchings: Branching[]): Steps {
  const add = (id: string, type: StepType, options: StepOptions, own: object) => {
    drafts.push({ id, type, ...commonOf(id, type, options), ...defined(own) } as Draft)
    return stepRef(id, type)
  }
  const methods = {
    task: (id: string, type: string | Named, options: StepOptions = {}) =>
      add(id, 'TASK', options, taskFields(type, options)),
    condition(id: string, question: ConditionInput, { then: yes, else: no, ...options }: Branches) {
      const made = add(id, 'CONDITION', options, { if: conditionOf(question) })
      const step = drafts.at(-1)!
      const branch = (build: ((steps: Steps) => unknown) | undefined) => {
        const from = drafts.length
        const value = build?.(steps)
        return { value, ids: drafts.slice(from).map((draft) => draft.id) }
      }
      const then = branch(yes)
      const other = branch(no)
      branchings.push({ step, then: then.ids, else: other.ids })
      return { ...made, then: then.value, else: other.value }
    },
    parallel: (id: string, { join, maxParallel, ...options }: ParallelOptions, within: Build) =>
      add(id, 'PARALLEL', options, { join, maxParallel, steps: buildScope('PARALLEL', within) }),
    sequential: (id: string, options: StepOptions, within: Build) =>
      add(id, 'SEQUENTIAL', options, { steps: buildScope('SEQUENTIAL', within) }),
    loop(id: string, { while: before, times, maxIterations, ...options }: LoopOptions, within: Iterate) {
      const around = { index: refTo('index'), previous: refTo('previous') }
      let until: ConditionInput | undefined
      const inner = buildScope('LOOP', (made) => {
        until = within({ steps: made, ...around })?.until
      })
      return add(id, 'LOOP', options, {
        while: conditionOf(typeof before === 'function' ? before(around as never) : before),
        until: conditionOf(until),
        times: expressionOf(times),
        maxIterations,
        steps: inner,
      })
    },
    map(id: string, { items, maxParallel, tolerateFailures, ...options }: MapOptions<unknown>, within: Iterate) {
      const inner = buildScope('MAP', (made) => {
        within({ steps: made, item: refTo('item'), index: refTo('index') })
      })
      return add(id, 'MAP', options, { items: expressionOf(items), maxParallel, tolerateFailures, steps: inner })
    },
    wait(id: string, { duration, until, event, onTimeout, ...options }: AnyWait) {
      return add(id, 'WAIT', options, {
        duration: textOf(duration),
        until: textOf(until),
        event: event && eventOf(event),
        onTimeout: onTimeout && filledIn(onTimeout),
      })
    },
    approval(id: string, options: ApprovalOptions) {
      const { message, approvers, need, onRefusal, form, onTimeout } = options
      return add(id, 'APPROVAL', options, {
        message: String(message),
        approvers: filledIn(approvers),
        need,
        form,
        onTimeout: onTimeout && filledIn(onTimeout),
        onRefusal,
      })
    },
    webhook: (id: string, options: StepOptions & WebhookInput) => add(id, 'WEBHOOK', options, webhookFields(options)),
    subworkflow: (id: string, workflow: string | Named, options: StepOptions = {}) =>
      add(id, 'SUBWORKFLOW', options, subworkflowFields(workflow, options)),
    custom: (id: string, handler: string, options: StepOptions = {}) =>
      add(id, 'CUSTOM', options, { handler, input: inputOf(options) }),
  } satisfies { readonly [Type in keyof Steps]: unknown }
  // What the compiler knows of outputs is nothing that is there when it runs.
  const steps = methods as unknown as Steps
  return steps
}

/** What every step may say, as data. */
function commonOf(id: string, type: StepType, options: StepOptions): object {
  const { name, description, after, when, onFailure, retry, timeout } = options
  return defined({
    name,
    description,
    after: after?.map((step) => (typeof step === 'string' ? step : step.id)),
    when: conditionOf(when),
    onFailure,
    retry,
    timeout,
    compensate: options.compensate?.(UNDO_STEPS, stepRef(id, type)).compensation,
  })
}

const UNDO_STEPS: UndoSteps = {
  task: (id, type, options = {}) => undo(id, 'TASK', options, taskFields(type, options)),
  webhook: (id, options) => undo(id, 'WEBHOOK', options, webhookFields(options)),
  subworkflow: (id, workflow, options = {}) => undo(id, 'SUBWORKFLOW', options, subworkflowFields(workflow, options)),
  custom: (id, handler, options = {}) => undo(id, 'CUSTOM', options, { handler, input: inputOf(options) }),
}

function undo(id: string, type: Compensation['type'], options: StepOptions, own: object): Undo {
  return { compensation: { id, type, ...commonOf(id, type, options), ...defined(own) } as unknown as Compensation }
}

function taskFields(type: string | { readonly name: string }, options: object): object {
  const { options: more } = options as { options?: Fillable }
  const task = typeof type === 'string' ? type : type.name
  return { task, input: inputOf(options), options: more === undefined ? undefined : filledIn(more) }
}

function subworkflowFields(workflow: string | { readonly name: string }, options: object): object {
  const { version } = options as { version?: number }
  return { workflow: typeof workflow === 'string' ? workflow : workflow.name, version, input: inputOf(options) }
}

function webhookFields(options: WebhookInput): object {
  const { url, method, headers, body, secret, callback } = options
  const content = typeof body === 'function' ? body(refTo('callback') as never) : body
  return {
    url: String(url),
    method,
    headers: headers && filledIn(headers),
    body: content === undefined ? undefined : filledIn(content),
    secret,
    callback,
  }
}

function eventOf({ key, where }: { key: TextInput; where?: unknown }): object {
  const condition = typeof where === 'function' ? (where as (event: unknown) => ConditionInput)(refTo('event')) : where
  return defined({ key: String(key), where: conditionOf(condition as ConditionInput | undefined) })
}

function inputOf(options: object): JsonValue | undefined {
  const { input } = options as { input?: Fillable }
  return input === undefined ? undefined : filledIn(input)
}

function textOf(text: TextInput | undefined): string | undefined {
  return text === undefined ? undefined : String(text)
}

/** References within an object-form condition are paths. */
function conditionOf(condition: ConditionInput | undefined): Condition | undefined {
  if (condition === undefined) return undefined
  return filledIn(condition as Fillable, (reference) => expressionOf(reference) as string) as unknown as Condition
}

function stepRef(id: string, type: StepType): StepRef {
  const own = refTo(`steps.${id}`)
  return { id, type, output: own.output, status: own.status, error: own.error } as unknown as StepRef
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Lets each step come after those beside it that its expressions, and those within it, speak of. */
function orderByUse(drafts: readonly Draft[]): void {
  const beside = new Set(drafts.map(({ id }) => id))
  for (const draft of drafts) {
    const used = new Set([...(draft.after ?? []), ...stepsUsedBy(draft as Step)].filter((id) => id !== draft.id))
    const named = new Set(draft.after)
    const after = [...used].filter((id) => beside.has(id) || named.has(id))
    if (after.length > 0) draft.after = after
  }
}

function stepsUsedBy(step: Step): readonly string[] {
  const texts = [...guardOf(step, []), ...textsOf(step, [])]
  if (step.type === 'LOOP') texts.push(...ofCondition(step.while, []), ...ofCondition(step.until, []))
  if (step.compensate !== undefined) texts.push(...textsOf(step.compensate, []))
  const own = texts.flatMap(({ text }) => {
    const read = readReaches(text)
    return read.ok ? read.reaches.filter(({ root }) => root === 'steps').map(({ path }) => String(path[0])) : []
  })
  return 'steps' in step ? [...own, ...step.steps.flatMap(stepsUsedBy)] : own
}

/** A CONDITION names the steps that begin its branches: not those that come after others of the branch, or are chosen within it. */
function chooseEntries(drafts: readonly Draft[], branchings: readonly Branching[]): void {
  const byId = new Map(drafts.map((draft) => [draft.id, draft]))
  for (const { step, ...branches } of branchings) {
    const inner = branchings.filter(
      (other) => branches.then.includes(other.step.id) || branches.else.includes(other.step.id),
    )
    const chosen = new Set(inner.flatMap((other) => [...other.then, ...other.else]))
    for (const field of ['then', 'else'] as const) {
      const own = branches[field]
      const begins = own.filter((id) => !chosen.has(id) && !byId.get(id)?.after?.some((before) => own.includes(before)))
      if (begins.length > 0) Object.assign(step as ConditionStep, { [field]: begins })
      for (const id of begins) leaveOut(byId.get(id)!, step.id)
    }
  }
}

/** That a chosen step comes after its CONDITION goes without saying. */
function leaveOut(draft: Draft, id: string): void {
  if (draft.after === undefined) return
  const rest = draft.after.filter((before) => before !== id)
  if (rest.length > 0) draft.after = rest
  else delete draft.after
}
