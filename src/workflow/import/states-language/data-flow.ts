import type { JsonValue } from '../../../task/json.ts'
import type { Entered } from './conversion.ts'
import { constantData, type Data, withPut } from './data.ts'
import { asText, type State } from './machine.ts'
import { partsOf, type Scope, valueOfPath, valueOfPayload } from './paths.ts'

/** The state's input after InputPath. */
export function filtered(state: State, scope: Scope): Data {
  if (state.InputPath === null) return constantData({})
  return typeof state.InputPath === 'string' ? valueOfPath(state.InputPath, scope) : scope.data
}

/** And after Parameters. */
export function inputOf(state: State, scope: Scope): Data {
  const data = filtered(state, scope)
  if (state.Type === 'Map' || state.Parameters === undefined) return data
  return valueOfPayload(state.Parameters as JsonValue, { ...scope, data })
}

/** What a state hands on: its result, selected, put into its input, and filtered. */
export function outputOf({ state, scope }: Pick<Entered, 'state' | 'scope'>, result: Data): Data {
  const selected =
    state.ResultSelector === undefined
      ? result
      : valueOfPayload(state.ResultSelector as JsonValue, { ...scope, data: result })
  const passesOn = ['Choice', 'Wait', 'Succeed'].includes(state.Type)
  const whole = passesOn ? filtered(state, scope) : withResult(scope.data, selected, state.ResultPath)
  if (state.OutputPath === null) return constantData({})
  return typeof state.OutputPath === 'string' ? valueOfPath(state.OutputPath, { ...scope, data: whole }) : whole
}

/** Data with a result put where ResultPath says. */
export function withResult(data: Data, result: Data, path: unknown): Data {
  if (path === null) return data
  return path === undefined ? result : withPut(data, partsOf(asText(path)), result)
}
