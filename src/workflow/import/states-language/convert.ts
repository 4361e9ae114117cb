import type { JsonValue } from '../../../task/json.ts'
import { celLiteral } from '../../definition/condition-text.ts'
import type { ConditionStep, Expression, Step, StepRetry } from '../../definition/definition.ts'
import type { ProblemPath } from '../../definition/problem.ts'
import type { UnmappedNotes } from '../imported.ts'
import { ruleToCel } from './choices.ts'
import { celData, constantData, type Data, NoCounterpart, toCel, toTemplate, withPut } from './data.ts'
import { isObject, type Machine, objectsOf, type Problem, readMachine, type State } from './machine.ts'
import { partsOf, type Scope, valueOfPath, valueOfPayload } from './paths.ts'

export interface Conversion {
  readonly newId: (name: string) => string
  readonly notes: UnmappedNotes
  readonly problems: Problem[]
  /** Task types by Resource or function name. */
  readonly taskTypes: Readonly<Record<string, string>>
}

/** The states of a machine as steps beside each other, and what the machine gives. */
export interface Converted {
  readonly steps: readonly Step[]
  readonly output: Data
  /** Whether the output is that of its one last step, as a container's is. */
  readonly isPlain: boolean
  /** Whether each step comes just after the one before. */
  readonly isChain: boolean
}

type Making<Type extends Step> = { -readonly [Field in keyof Type]: Type[Field] }

/** A way by which a state is come to. */
interface Arrival {
  readonly data: Data
  /** Holds when it was come to by this way. */
  readonly test: Expression
  readonly after?: string
  readonly choice?: { readonly condition: Making<ConditionStep>; readonly branch: 'then' | 'else' }
}

/** What a state of one kind adds. */
interface Entered {
  readonly id: string
  readonly name: string
  readonly state: State
  readonly path: ProblemPath
  readonly scope: Scope
}

export function convertMachine(machine: Machine, data: Data, isInMap: boolean, conversion: Conversion): Converted {
  const { newId, notes } = conversion
  const steps: Making<Step>[] = []
  const arrivals = new Map<string, Arrival[]>()
  const ends: Arrival[] = []
  const arrive = (name: unknown, arrival: Arrival) => {
    if (typeof name === 'string') arrivals.set(name, [...(arrivals.get(name) ?? []), arrival])
    else ends.push(arrival)
  }
  for (const path of machine.unreached) notes.note(path, 'a state that nothing leads to is left out')

  for (const { name, state, path } of machine.states) {
    const ways = arrivals.get(name) ?? [{ data, test: 'true' }]
    const entered = { id: newId(name), name, state, path, scope: { data: joined(ways), isInMap } }
    noteFields(entered, notes)
    try {
      enter(entered, ways)
    } catch (error) {
      if (!(error instanceof NoCounterpart)) throw error
      conversion.problems.push({ path, message: `cannot be written as a step: it ${verb(error.message)}` })
    }
  }
  const isChain = steps.every(
    (step, at) => step.type !== 'CONDITION' && (at === 0 || step.after?.join() === steps[at - 1]!.id),
  )
  const [last] = ends
  const lastId = last?.after
  return {
    steps: steps as readonly Step[],
    output: isChain ? joined(ends) : asked(ends),
    isPlain: ends.length === 1 && last?.data.kind === 'cel' && last.data.text === `steps.${lastId}.output`,
    isChain,
  }

  /** Adds the steps of one state, and leads on from them. */
  function enter(entered: Entered, ways: readonly Arrival[]): void {
    if (entered.state.Type === 'Choice') {
      choose(entered, ways)
      return
    }
    const { step, result } = workOf(entered, conversion)
    const added = add({ ...base(entered), ...step } as Making<Step>, ways)
    if (entered.state.Type === 'Fail') return
    const out = outputOf(entered, result)
    const caught = objectsOf(entered.state.Catch)
    if (caught.length === 0) {
      arrive(entered.state.Next, { data: out, test: `has(steps.${added.id}.output)`, after: added.id })
      return
    }
    added.onFailure = 'CONTINUE'
    const done = addCondition(`${entered.name} done`, `has(steps.${added.id}.output)`, [
      { data: out, test: '', after: added.id },
    ])
    arrive(entered.state.Next, { ...branchOf(done, 'then', out), test: `has(steps.${added.id}.output)` })
    catchAll(entered, added.id, done, caught)
  }

  /** A CONDITION for each rule, each in the else of the one before. */
  function choose({ id, name, state, path, scope }: Entered, ways: readonly Arrival[]): void {
    const out = outputOf({ state, scope }, scope.data)
    let open = ways
    for (const [at, rule] of objectsOf(state.Choices).entries()) {
      const condition = addCondition(
        at === 0 ? name : `${name} ${at + 1}`,
        ruleToCel(rule, scope),
        open,
        at === 0 ? id : undefined,
      )
      arrive(rule.Next, branchOf(condition, 'then', out))
      open = [branchOf(condition, 'else', out)]
    }
    if (state.Default !== undefined) for (const way of open) arrive(state.Default, way)
    else fail(`${name} unmatched`, 'States.NoChoiceMatched', path, open)
  }

  /** Leads from a step that has failed to the states that catch it. */
  function catchAll(
    { name, path, scope }: Entered,
    id: string,
    done: Making<ConditionStep>,
    caught: readonly State[] | readonly Readonly<Record<string, unknown>>[],
  ): void {
    const error = celData(
      `(has(steps.${id}.error) ? {"Error": steps.${id}.error.code, "Cause": steps.${id}.error.message} : {"Error": "", "Cause": ""})`,
    )
    let open = [branchOf(done, 'else', scope.data)]
    for (const [at, catcher] of caught.entries()) {
      const errors = Array.isArray(catcher.ErrorEquals) ? catcher.ErrorEquals.map(String) : []
      const data = withResult(scope.data, error, catcher.ResultPath)
      if (errors.some((one) => one === 'States.ALL' || one === 'States.TaskFailed')) {
        for (const way of open) arrive(catcher.Next, { ...way, data })
        return
      }
      const codes = errors.map((one) => (one === 'States.Timeout' ? 'STEP_TIMEOUT' : one))
      const test = `has(steps.${id}.error) && steps.${id}.error.code in ${celLiteral(codes)}`
      const condition = addCondition(`${name} caught ${at + 1}`, test, open)
      arrive(catcher.Next, branchOf(condition, 'then', data))
      open = [branchOf(condition, 'else', scope.data)]
    }
    fail(`${name} not caught`, 'States.TaskFailed', path, open)
  }

  function fail(name: string, error: string, path: ProblemPath, ways: readonly Arrival[]): void {
    add({ id: newId(name), name, ...failing(error, path, notes) } as Making<Step>, ways)
  }

  function addCondition(
    name: string,
    test: Expression,
    ways: readonly Arrival[],
    id = newId(name),
  ): Making<ConditionStep> {
    return add({ id, type: 'CONDITION', name, if: test } as Making<Step>, ways) as Making<ConditionStep>
  }

  function add(step: Making<Step>, ways: readonly Arrival[]): Making<Step> {
    const after = ways.flatMap((way) => (way.after === undefined ? [] : [way.after]))
    for (const { choice } of ways) {
      if (choice === undefined) continue
      const other = choice.branch === 'then' ? 'else' : 'then'
      // Chosen either way: it comes after.
      if (choice.condition[other]?.includes(step.id)) {
        choice.condition[other] = choice.condition[other].filter((id) => id !== step.id)
        after.push(choice.condition.id)
      } else choice.condition[choice.branch] = [...(choice.condition[choice.branch] ?? []), step.id]
    }
    if (after.length > 0) step.after = [...new Set(after)]
    steps.push(step)
    return step
  }
}

function branchOf(condition: Making<ConditionStep>, branch: 'then' | 'else', data: Data): Arrival {
  const output = `steps.${condition.id}.output`
  const test = `has(${output}) && ${branch === 'then' ? output : `!${output}`}`
  return { data, test, choice: { condition, branch } }
}

/** Data of several ways: that of the one that was taken. */
function joined(ways: readonly Arrival[]): Data {
  const [first, ...others] = ways
  const isSame = others.every(({ data }) => JSON.stringify(data) === JSON.stringify(first!.data))
  return first !== undefined && isSame ? first.data : asked(ways)
}

/** The same where it is not certain that one was taken; null when none was. */
function asked(ways: readonly Arrival[]): Data {
  return ways.reduceRight<Data>(
    (rest, { test, data }) => ({ kind: 'choice', test, then: data, else: rest }),
    constantData(null),
  )
}

function base({ id, name, state }: Entered): object {
  return { id, name, ...(typeof state.Comment === 'string' && { description: state.Comment }) }
}

/** The step of a state, but for its order, and what it gives. */
function workOf(entered: Entered, conversion: Conversion): { step: object; result: Data } {
  const { id, state, path, scope } = entered
  const result = celData(`steps.${id}.output`)
  switch (state.Type) {
    case 'Task':
      return { step: taskOf(entered, conversion), result }
    case 'Wait':
      return { step: { type: 'WAIT', ...waitOf(state, scope) }, result: scope.data }
    case 'Pass': {
      conversion.notes.note(
        path,
        'a Pass state: a WAIT of no time stands for it, what it hands on is in the expressions',
      )
      const given = state.Result === undefined ? inputOf(state, scope) : constantData(state.Result as JsonValue)
      return { step: { type: 'WAIT', duration: '0s' }, result: given }
    }
    case 'Succeed':
      return { step: { type: 'WAIT', duration: '0s' }, result: scope.data }
    case 'Fail': {
      const error = [state.Error, state.Cause].filter((part) => typeof part === 'string').join(': ')
      return { step: failing(error || 'States.Failed', path, conversion.notes), result }
    }
    case 'Parallel':
      return parallelOf(entered, conversion)
    case 'Map':
      return { step: mapOf(entered, conversion), result }
    case 'Choice':
      throw new Error('a Choice makes no single step')
  }
}

/** Nothing of ours just fails; an expression that reads what is not there does, and names it. */
function failing(error: string, path: ProblemPath, notes: UnmappedNotes): object {
  notes.note(path, 'a state that fails: it fails with the code EXPRESSION, and its error and cause in the message')
  return { type: 'WAIT', duration: `\${{ {"": ""}[${JSON.stringify(error)}] }}` }
}

function taskOf({ state, path, scope }: Entered, conversion: Conversion): object {
  const { notes, taskTypes } = conversion
  const resource = String(state.Resource ?? '')
  const parameters = isObject(state.Parameters) ? state.Parameters : {}
  const isInvoke = /:::lambda:invoke/.test(resource)
  const named = isInvoke ? String(parameters.FunctionName ?? 'lambda') : resource
  if (/\.waitForTaskToken$/.test(resource))
    notes.note(
      [...path, 'Resource'],
      'waiting for a task token: the task completes when its handler says so; park it, or take a WEBHOOK with callback',
    )
  const type = taskTypes[named] ?? typeOf(named)
  notes.note([...path, 'Resource'], 'a resource: a worker must serve the task type that is named after it')
  const payload = Object.entries(parameters).find(([name]) => name === 'Payload' || name === 'Payload.$')
  const input =
    isInvoke && payload !== undefined
      ? (
          valueOfPayload(
            { [payload[0]]: payload[1] as JsonValue },
            { ...scope, data: filtered(state, scope) },
          ) as Extract<Data, { kind: 'fields' }>
        ).fields.Payload!
      : inputOf(state, scope)
  const heartbeat = state.HeartbeatSeconds
  return {
    type: 'TASK',
    task: type,
    input: toTemplate(input),
    ...(typeof heartbeat === 'number' && { options: { timeouts: { heartbeat: `${heartbeat}s` } } }),
    ...timing(state, path, notes),
  }
}

/** The last part of a name or ARN in lower_snake_case. */
function typeOf(name: string): string {
  const last = name.split(':').findLast((part) => part !== '' && !part.startsWith('$')) ?? 'task'
  const snake = last
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/\W+/g, '_')
    .toLowerCase()
  return snake.replace(/^[^a-z]+/, '').slice(0, 64) || 'task'
}

function timing(state: State, path: ProblemPath, notes: UnmappedNotes): object {
  const retry = retryOf(state, path, notes)
  return {
    ...(typeof state.TimeoutSeconds === 'number' && { timeout: `${state.TimeoutSeconds}s` }),
    ...(retry !== undefined && { retry }),
  }
}

function retryOf(state: State, path: ProblemPath, notes: UnmappedNotes): StepRetry | undefined {
  const [retrier, ...others] = objectsOf(state.Retry)
  if (retrier === undefined) return undefined
  const errors = Array.isArray(retrier.ErrorEquals) ? retrier.ErrorEquals : []
  if (others.length > 0)
    notes.note([...path, 'Retry', 1], 'retriers after the first: a step has one rule for its retries')
  if (!errors.includes('States.ALL') && !errors.includes('States.TaskFailed'))
    notes.note(
      [...path, 'Retry', 0, 'ErrorEquals'],
      'the errors that are retried: all are, but for those that say they cannot be',
    )
  const {
    IntervalSeconds: initial = 1,
    MaxAttempts: retries = 3,
    BackoffRate: factor = 2,
    MaxDelaySeconds: max,
  } = retrier
  return {
    maxAttempts: Number(retries) + 1,
    strategy: 'exponential',
    initial: `${initial}s`,
    factor: Number(factor),
    ...(max !== undefined && { max: `${max}s` }),
    jitter: retrier.JitterStrategy === 'FULL' ? 1 : 0,
  }
}

function waitOf(state: State, scope: Scope): object {
  if (typeof state.Seconds === 'number') return { duration: `${state.Seconds}s` }
  if (typeof state.Timestamp === 'string') return { until: state.Timestamp }
  if (typeof state.SecondsPath === 'string')
    return { duration: `\${{ string(${toCel(valueOfPath(state.SecondsPath, scope))}) + "s" }}` }
  if (typeof state.TimestampPath === 'string')
    return { until: `\${{ ${toCel(valueOfPath(state.TimestampPath, scope))} }}` }
  throw new NoCounterpart('a Wait without Seconds, Timestamp, or a path to one')
}

function parallelOf({ id, state, path, scope }: Entered, conversion: Conversion): { step: object; result: Data } {
  const data = inputOf(state, scope)
  const branches = objectsOf(state.Branches).map((branch, at) =>
    inContainer(branch, [...path, 'Branches', at], `${id} branch ${at + 1}`, { ...scope, data }, conversion),
  )
  const outputs = branches.map((branch) => `steps.${id}.output.${branch.id}`)
  return {
    step: { type: 'PARALLEL', steps: branches, ...timing(state, path, conversion.notes) },
    result: celData(`[${outputs.join(', ')}]`),
  }
}

/** A branch as one step: its only one, a SEQUENTIAL, or where it branches a LOOP of one turn, whose steps have an order of their own. */
function inContainer(machine: unknown, path: ProblemPath, name: string, scope: Scope, conversion: Conversion): Step {
  const { steps, isChain } = inner(machine, path, scope.data, scope.isInMap, conversion)
  const [only] = steps
  if (steps.length === 1) return only!
  const id = conversion.newId(name)
  if (!isChain) return { id, type: 'LOOP', times: 1, steps }
  return { id, type: 'SEQUENTIAL', steps: steps.map(({ after: _, ...step }) => step as Step) }
}

function mapOf({ state, path, scope }: Entered, conversion: Conversion): object {
  const { notes } = conversion
  const machine = state.ItemProcessor ?? state.Iterator
  const field = state.ItemProcessor === undefined ? 'Iterator' : 'ItemProcessor'
  const mode = isObject(machine) && isObject(machine.ProcessorConfig) ? machine.ProcessorConfig.Mode : undefined
  if (mode === 'DISTRIBUTED') notes.note([...path, field], 'a distributed Map: all runs within this one run')
  if (state.ItemReader !== undefined) throw new NoCounterpart('reads its items from outside (ItemReader)')
  const data = filtered(state, scope)
  const items = valueOfPath(String(state.ItemsPath ?? '$'), { ...scope, data })
  const selector = (state.ItemSelector ?? state.Parameters) as JsonValue | undefined
  const each = selector === undefined ? celData('item') : valueOfPayload(selector, { data, isInMap: true })
  const { steps } = inner(machine, [...path, field], each, true, conversion)
  const { MaxConcurrency: most, ToleratedFailureCount: tolerated } = state
  return {
    type: 'MAP',
    items: toCel(items),
    ...(typeof most === 'number' && most > 0 && { maxParallel: most }),
    ...(typeof tolerated === 'number' && { tolerateFailures: tolerated }),
    ...timing(state, path, notes),
    steps,
  }
}

function inner(value: unknown, path: ProblemPath, data: Data, isInMap: boolean, conversion: Conversion): Converted {
  const machine = readMachine(value, path, conversion.problems)
  if (machine === null) return { steps: [], output: data, isPlain: true, isChain: true }
  const converted = convertMachine(machine, data, isInMap, conversion)
  if (!converted.isPlain)
    conversion.notes.note(
      path,
      'the output of a branch or an iteration: it is that of its last step, not the data put together by paths',
    )
  return converted
}

/** The state's input after InputPath. */
function filtered(state: State, scope: Scope): Data {
  if (state.InputPath === null) return constantData({})
  return typeof state.InputPath === 'string' ? valueOfPath(state.InputPath, scope) : scope.data
}

/** And after Parameters. */
function inputOf(state: State, scope: Scope): Data {
  const data = filtered(state, scope)
  if (state.Type === 'Map' || state.Parameters === undefined) return data
  return valueOfPayload(state.Parameters as JsonValue, { ...scope, data })
}

/** What a state hands on: its result, selected, put into its input, and filtered. */
function outputOf({ state, scope }: Pick<Entered, 'state' | 'scope'>, result: Data): Data {
  const selected =
    state.ResultSelector === undefined
      ? result
      : valueOfPayload(state.ResultSelector as JsonValue, { ...scope, data: result })
  const passesOn = ['Choice', 'Wait', 'Succeed'].includes(state.Type)
  const whole = passesOn ? filtered(state, scope) : withResult(scope.data, selected, state.ResultPath)
  if (state.OutputPath === null) return constantData({})
  return typeof state.OutputPath === 'string' ? valueOfPath(state.OutputPath, { ...scope, data: whole }) : whole
}

function withResult(data: Data, result: Data, path: unknown): Data {
  if (path === null) return data
  return path === undefined ? result : withPut(data, partsOf(String(path)), result)
}

const UNREAD = [
  'Credentials',
  'Assign',
  'ResultWriter',
  'ItemBatcher',
  'ToleratedFailurePercentage',
  'TimeoutSecondsPath',
  'HeartbeatSecondsPath',
  'MaxConcurrencyPath',
  'ErrorPath',
  'CausePath',
  'Label',
]

function noteFields({ state, path }: Entered, notes: UnmappedNotes): void {
  for (const field of UNREAD)
    if (state[field] !== undefined) notes.note([...path, field], `the field ${field} is left out`)
}

function verb(message: string): string {
  return /^(reads|puts|hands)/.test(message) ? message : `has no counterpart for ${message}`
}
