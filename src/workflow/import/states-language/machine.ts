import type { ProblemPath } from '../../definition/problem.ts'

/** A state as it is written. */
export type State = Readonly<Record<string, unknown>> & { readonly Type: StateType }

export const STATE_TYPES = ['Task', 'Pass', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map'] as const
export type StateType = (typeof STATE_TYPES)[number]

/** A state machine whose states and transitions were found sound. */
export interface Machine {
  readonly startAt: string
  /** Those that can be reached, each after all that lead to it. */
  readonly states: readonly { readonly name: string; readonly state: State; readonly path: ProblemPath }[]
  /** Those that cannot. */
  readonly unreached: readonly ProblemPath[]
}

export interface Problem {
  readonly path: ProblemPath
  readonly message: string
}

/** Reads a state machine, or one within a Parallel or Map state. */
export function readMachine(value: unknown, path: ProblemPath, problems: Problem[]): Machine | null {
  if (!isObject(value)) return refuse(problems, path, 'is no state machine: an object with StartAt and States')
  const { StartAt: startAt, States: states } = value
  if (value.QueryLanguage === 'JSONata')
    return refuse(
      problems,
      [...path, 'QueryLanguage'],
      'is JSONata, which is not read: state machines with JSONPath are',
    )
  if (!isObject(states) || Object.keys(states).length === 0)
    return refuse(problems, [...path, 'States'], 'is missing, or holds no state')
  if (typeof startAt !== 'string' || !Object.hasOwn(states, startAt))
    return refuse(problems, [...path, 'StartAt'], 'names no state')
  const before = problems.length
  for (const [name, state] of Object.entries(states)) checkState(state, [...path, 'States', name], states, problems)
  return problems.length > before ? null : inOrder(startAt, states as Readonly<Record<string, State>>, path, problems)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What should be a text, whatever it is. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

export function objectsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function refuse(problems: Problem[], path: ProblemPath, message: string): null {
  problems.push({ path, message })
  return null
}

function checkState(
  state: unknown,
  path: ProblemPath,
  states: Readonly<Record<string, unknown>>,
  problems: Problem[],
): void {
  if (!isObject(state)) return void problems.push({ path, message: 'is no state: an object with a Type' })
  if (!STATE_TYPES.includes(state.Type as StateType))
    return void problems.push({ path: [...path, 'Type'], message: `is not one of ${STATE_TYPES.join(', ')}` })
  if (state.QueryLanguage === 'JSONata')
    problems.push({
      path: [...path, 'QueryLanguage'],
      message: 'is JSONata, which is not read: states with JSONPath are',
    })
  for (const { name, at } of targetsOf(state))
    if (typeof name !== 'string' || !Object.hasOwn(states, name))
      problems.push({ path: [...path, ...at], message: 'names no state beside this one' })
  const goesOn = !['Choice', 'Succeed', 'Fail'].includes(state.Type as string)
  if (goesOn && state.Next === undefined && state.End !== true)
    problems.push({ path: [...path, 'Next'], message: 'is missing: give Next, or End: true' })
}

function targetsOf(state: Readonly<Record<string, unknown>>): readonly { name: unknown; at: ProblemPath }[] {
  const list = (field: string) =>
    objectsOf(state[field]).map((one, at) => ({ name: one.Next, at: [field, at, 'Next'] }))
  return [
    ...(state.Next === undefined ? [] : [{ name: state.Next, at: ['Next'] }]),
    ...(state.Type === 'Choice' ? list('Choices') : []),
    ...(state.Default === undefined ? [] : [{ name: state.Default, at: ['Default'] }]),
    ...list('Catch'),
  ]
}

function inOrder(
  startAt: string,
  states: Readonly<Record<string, State>>,
  path: ProblemPath,
  problems: Problem[],
): Machine | null {
  const seen = new Map<string, 'open' | 'done'>()
  const sorted: string[] = []
  const stack: { name: string; rest: string[] }[] = []
  const enter = (name: string) => {
    seen.set(name, 'open')
    stack.push({ name, rest: targetsOf(states[name]!).map((target) => target.name as string) })
  }
  enter(startAt)
  while (stack.length > 0) {
    const { name, rest } = stack.at(-1)!
    const next = rest.pop()
    if (next === undefined) {
      seen.set(name, 'done')
      sorted.push(name)
      stack.pop()
    } else if (seen.get(next) === 'open') {
      const cycle = stack.slice(stack.findIndex((one) => one.name === next)).map((one) => one.name)
      const way = [...cycle, next].join(' → ')
      return refuse(
        problems,
        [...path, 'States', name],
        `goes back: ${way}. Such a circle does not map; write it as a LOOP`,
      )
    } else if (!seen.has(next)) enter(next)
  }
  const pathOf = (name: string) => [...path, 'States', name]
  return {
    startAt,
    states: sorted.toReversed().map((name) => ({ name, state: states[name]!, path: pathOf(name) })),
    unreached: Object.keys(states)
      .filter((name) => !seen.has(name))
      .map(pathOf),
  }
}
