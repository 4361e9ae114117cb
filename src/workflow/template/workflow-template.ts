import type { JsonSchema } from '../../task/json.ts'
import type { Step, WorkflowDefinition } from '../definition/definition.ts'

/** A kind of workflow, with what can be chosen about it. */
export interface WorkflowTemplate<Parameters = never> {
  /** What it is asked for by, and what its workflows are called unless a parameter says otherwise. */
  readonly name: string
  /** One line for people. */
  readonly title: string
  readonly description: string
  /** Integrations whose services its steps call: `github`, `linear`, `slack`. Default: none. */
  readonly integrations?: readonly string[]
  /** JSON Schemas of the parameters by their names, each with a description; one without a default must be given. */
  readonly parameters: { readonly [Name in keyof Parameters]: JsonSchema }
  /**
   * Parameters that steps are shaped by stand in them; those that values are made of stand in `context`, so that no text of theirs is taken
   * for an expression.
   *
   * @param parameters all of them, checked
   */
  readonly build: (name: string, parameters: Parameters) => WorkflowDefinition
}

/** Knows the types of its parameters while it is written; to all others they are JSON. */
export function defineTemplate<Parameters>(template: WorkflowTemplate<Parameters>): WorkflowTemplate {
  return template as unknown as WorkflowTemplate
}

/** The step, or none. */
export function onlyIf(isWanted: boolean, step: Step): readonly Step[] {
  return isWanted ? [step] : []
}

export function choice(description: string, byDefault: boolean): JsonSchema {
  return { description, type: 'boolean', default: byDefault }
}

export function count(description: string, [least, byDefault, most]: readonly [number, number, number]): JsonSchema {
  return { description, type: 'integer', minimum: least, maximum: most, default: byDefault }
}

export function text(description: string, more: JsonSchema): JsonSchema {
  return { description, type: 'string', minLength: 1, maxLength: 500, ...more }
}

/** A URL that paths are put behind. */
export function address(description: string, byDefault: string): JsonSchema {
  return text(description, { pattern: '^https?://[^\\s/?#@]+(?:/[^\\s?#]*[^\\s/?#])?$', default: byDefault })
}

export const APPROVER = {
  description: 'Role of those who are asked before it goes on; null asks nobody.',
  enum: ['ADMIN', 'OPERATOR', 'DEVELOPER', null],
} as const satisfies JsonSchema

export type Approver = 'ADMIN' | 'OPERATOR' | 'DEVELOPER' | null

export const SECRET = {
  description:
    'Name of the secret in TASK_MGMT_WEBHOOK_SECRETS that requests are signed with; null leaves them unsigned.',
  type: ['string', 'null'],
  pattern: '^[A-Za-z0-9_.-]{1,100}$',
  default: null,
} as const satisfies JsonSchema
