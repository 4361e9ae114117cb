import type { JsonValue } from '../../../task/json.ts'
import type { Step, StepRetry } from '../../definition/definition.ts'
import type { ProblemPath } from '../../definition/problem.ts'
import type { UnmappedNotes } from '../imported.ts'
import type { Conversion, Converted, ConvertInner, Entered } from './conversion.ts'
import { celData, constantData, type Data, NoCounterpart, toCel, toTemplate } from './data.ts'
import { filtered, inputOf } from './data-flow.ts'
import { asText, isObject, objectsOf, type State } from './machine.ts'
import { type Scope, valueOfPath, valueOfPayload } from './paths.ts'

/** The step of a state, but for its order, and what it gives. */
export function workOf(
  entered: Entered,
  conversion: Conversion,
  convert: ConvertInner,
): { step: object; result: Data } {
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
      return parallelOf(entered, conversion, convert)
    case 'Map':
      return { step: mapOf(entered, conversion, convert), result }
    case 'Choice':
      throw new Error('a Choice makes no single step')
  }
}

/** Nothing of ours just fails; an expression that reads what is not there does, and names it. */
export function failing(error: string, path: ProblemPath, notes: UnmappedNotes): object {
  notes.note(path, 'a state that fails: it fails with the code EXPRESSION, and its error and cause in the message')
  return { type: 'WAIT', duration: `\${{ {"": ""}[${JSON.stringify(error)}] }}` }
}

function taskOf({ state, path, scope }: Entered, conversion: Conversion): object {
  const { notes, taskTypes } = conversion
  const resource = asText(state.Resource ?? '')
  const parameters = isObject(state.Parameters) ? state.Parameters : {}
  const isInvoke = /:::lambda:invoke/.test(resource)
  const named = isInvoke ? asText(parameters.FunctionName ?? 'lambda') : resource
  if (/\.waitForTaskToken$/.test(resource))
    notes.note(
      [...path, 'Resource'],
      'waiting for a task token: the task completes when its handler says so; park it, or take a WEBHOOK with callback',
    )
  const type = Object.hasOwn(taskTypes, named) ? taskTypes[named]! : typeOf(named)
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
    maxAttempts: Number(asText(retries)) + 1,
    strategy: 'exponential',
    initial: `${asText(initial)}s`,
    factor: Number(asText(factor)),
    ...(max !== undefined && { max: `${asText(max)}s` }),
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

function parallelOf(
  { id, state, path, scope }: Entered,
  conversion: Conversion,
  convert: ConvertInner,
): { step: object; result: Data } {
  const data = inputOf(state, scope)
  const branches = objectsOf(state.Branches).map((branch, at) =>
    inContainer(convert(branch, [...path, 'Branches', at], { ...scope, data }), `${id} branch ${at + 1}`, conversion),
  )
  const outputs = branches.map((branch) => `steps.${id}.output.${branch.id}`)
  return {
    step: { type: 'PARALLEL', steps: branches, ...timing(state, path, conversion.notes) },
    result: celData(`[${outputs.join(', ')}]`),
  }
}

/** A branch as one step: its only one, a SEQUENTIAL, or where it branches a LOOP of one turn, whose steps have an order of their own. */
function inContainer({ steps, isChain }: Converted, name: string, { newId }: Conversion): Step {
  const [only] = steps
  if (steps.length === 1) return only!
  const id = newId(name)
  if (!isChain) return { id, type: 'LOOP', times: 1, steps }
  return { id, type: 'SEQUENTIAL', steps: steps.map(({ after: _, ...step }) => step as Step) }
}

function mapOf({ state, path, scope }: Entered, { notes }: Conversion, convert: ConvertInner): object {
  const machine = state.ItemProcessor ?? state.Iterator
  const field = state.ItemProcessor === undefined ? 'Iterator' : 'ItemProcessor'
  const mode = isObject(machine) && isObject(machine.ProcessorConfig) ? machine.ProcessorConfig.Mode : undefined
  if (mode === 'DISTRIBUTED') notes.note([...path, field], 'a distributed Map: all runs within this one run')
  if (state.ItemReader !== undefined) throw new NoCounterpart('reads its items from outside (ItemReader)')
  const data = filtered(state, scope)
  const items = valueOfPath(asText(state.ItemsPath ?? '$'), { ...scope, data })
  const selector = (state.ItemSelector ?? state.Parameters) as JsonValue | undefined
  const each = selector === undefined ? celData('item') : valueOfPayload(selector, { data, isInMap: true })
  const { steps } = convert(machine, [...path, field], { data: each, isInMap: true })
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
