import { celLiteral } from '../../definition/condition-text.ts'
import type { ConditionStep, Expression, Step } from '../../definition/definition.ts'
import type { ProblemPath } from '../../definition/problem.ts'
import type { UnmappedNotes } from '../imported.ts'
import { ruleToCel } from './choices.ts'
import type { Conversion, Converted, ConvertInner, Entered } from './conversion.ts'
import { celData, constantData, type Data, NoCounterpart } from './data.ts'
import { outputOf, withResult } from './data-flow.ts'
import { bounded, MAX_DATA_SIZE, sizeOf, TOO_LARGE } from './data-size.ts'
import { asText, type Machine, objectsOf, readMachine } from './machine.ts'
import type { Scope } from './paths.ts'
import { failing, workOf } from './step-of-state.ts'

type Making<Type extends Step> = { -readonly [Field in keyof Type]: Type[Field] }

/** A way by which a state is come to. */
interface Arrival {
  readonly data: Data
  /** Holds when it was come to by this way. */
  readonly test: Expression
  readonly after?: string
  readonly choice?: { readonly condition: Making<ConditionStep>; readonly branch: 'then' | 'else' }
}

/** The states of a machine as steps, each after those that lead to it. */
export function convertMachine(machine: Machine, { data, isInMap }: Scope, conversion: Conversion): Converted {
  const { newId, notes } = conversion
  const convert = innerOf(conversion)
  const steps: Making<Step>[] = []
  const arrivals = new Map<string, Arrival[]>()
  const ends: Arrival[] = []
  const arrive = (name: unknown, { data: given, ...way }: Arrival) => {
    const arrival = { ...way, data: bounded(given) }
    const known = typeof name === 'string' ? arrivals.get(name) : ends
    if (known === undefined) arrivals.set(name as string, [arrival])
    else known.push(arrival)
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
    const { step, result } = workOf(entered, conversion, convert)
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
    caught: readonly Readonly<Record<string, unknown>>[],
  ): void {
    const error = celData(
      `(has(steps.${id}.error) ? {"Error": steps.${id}.error.code, "Cause": steps.${id}.error.message} : {"Error": "", "Cause": ""})`,
    )
    let open = [branchOf(done, 'else', scope.data)]
    for (const [at, catcher] of caught.entries()) {
      const errors = Array.isArray(catcher.ErrorEquals) ? catcher.ErrorEquals.map(asText) : []
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
  const isSame = others.every(
    ({ data }) => data === first!.data || JSON.stringify(data) === JSON.stringify(first!.data),
  )
  return first !== undefined && isSame ? first.data : asked(ways)
}

/** The same where it is not certain that one was taken; null when none was. */
function asked(ways: readonly Arrival[]): Data {
  if (ways.reduce((size, { test, data }) => size + test.length + sizeOf(data), 0) > MAX_DATA_SIZE) return TOO_LARGE
  return ways.reduceRight<Data>(
    (rest, { test, data }) => ({ kind: 'choice', test, then: data, else: rest }),
    constantData(null),
  )
}

function base({ id, name, state }: Entered): object {
  return { id, name, ...(typeof state.Comment === 'string' && { description: state.Comment }) }
}

function innerOf(conversion: Conversion): ConvertInner {
  return (value, path, scope) => {
    const machine = readMachine(value, path, conversion.problems)
    if (machine === null) return { steps: [], output: scope.data, isPlain: true, isChain: true }
    const converted = convertMachine(machine, scope, conversion)
    if (!converted.isPlain)
      conversion.notes.note(
        path,
        'the output of a branch or an iteration: it is that of its last step, not the data put together by paths',
      )
    return converted
  }
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
  return /^(reads|puts|hands|needs)/.test(message) ? message : `has no counterpart for ${message}`
}
