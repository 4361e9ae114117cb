import type { WorkflowDefinition } from '../../definition/definition.ts'
import { createNotes, type Imported } from '../imported.ts'
import { createStepIds, TooManySteps } from '../step-ids.ts'
import { convertMachine } from './convert.ts'
import { celData, NoCounterpart, toTemplate } from './data.ts'
import { type Problem, readMachine } from './machine.ts'

export interface StatesLanguageOptions {
  /** Name of the workflow; a state machine has none of its own. */
  readonly name: string
  /** Task types by Resource, or by the name of the function that is invoked. Default: its last part in lower_snake_case. */
  readonly taskTypes?: Readonly<Record<string, string>>
}

/**
 * A workflow from a state machine in the Amazon States Language, with JSONPath.
 *
 * States become steps in the order of their transitions; what they hand on to each other becomes expressions. JSONata and ways back (loops by
 * transitions) are refused.
 *
 * @see https://states-language.net/spec.html
 */
export function importStatesLanguage(value: unknown, options: StatesLanguageOptions): Imported {
  try {
    return convert(value, options)
  } catch (error) {
    if (!(error instanceof TooManySteps)) throw error
    return { ok: false, problems: [{ path: [], message: error.message }] }
  }
}

function convert(value: unknown, { name, taskTypes = {} }: StatesLanguageOptions): Imported {
  const problems: Problem[] = []
  const notes = createNotes()
  const machine = readMachine(value, [], problems)
  if (machine === null) return { ok: false, problems }
  const conversion = { newId: createStepIds(), notes, problems, taskTypes }
  const { steps, output } = convertMachine(machine, { data: celData('input'), isInMap: false }, conversion)
  const { Comment: description, TimeoutSeconds: seconds } = value as Readonly<Record<string, unknown>>
  let result: WorkflowDefinition['result']
  try {
    result = toTemplate(output)
  } catch (error) {
    if (!(error instanceof NoCounterpart)) throw error
    notes.note([], `the output of the machine, which ${error.message}: it is that of the last step`)
  }
  if (problems.length > 0) return { ok: false, problems }
  const definition: WorkflowDefinition = {
    name,
    ...(typeof description === 'string' && { description }),
    ...(typeof seconds === 'number' && { limits: { timeout: `${seconds}s` } }),
    steps,
    ...(result !== undefined && { result }),
  }
  return { ok: true, definition, unmapped: notes.list() }
}
