import { expect } from 'vitest'
import { stringify } from 'yaml'
import { createWorkflowCheck } from '../../../../src/workflow/definition/check-workflow.ts'
import { importStatesLanguage } from '../../../../src/workflow/import/states-language/import-states.ts'

const check = createWorkflowCheck()

/** The resource of a state that calls a function. */
export const arn = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`

/** What a machine that maps is imported as: always a workflow without a problem. */
export function imported(machine: unknown) {
  const found = importStatesLanguage(machine, { name: 'machine' })
  if (!found.ok) throw new Error(JSON.stringify(found.problems))
  expect(check.value(found.definition)).toMatchObject({ ok: true, problems: [] })
  return found
}

/** The steps as YAML, and what does not map. */
export function shown(machine: unknown): string {
  const { definition, unmapped } = imported(machine)
  const { steps, result } = definition
  return `${stringify({ steps, result }, { lineWidth: 0 })}${unmapped.map(({ reason }) => `# ${reason}`).join('\n')}`
}
