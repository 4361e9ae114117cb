import type { WorkflowTemplateDetailsFragment } from '../../sdk/generated/operations.ts'
import type { Call } from '../call.ts'
import type { Terminal } from '../terminal.ts'
import { type Column, table } from './table.ts'
import { clean } from './text.ts'
import { tree } from './tree.ts'

/** The parts of a JSON Schema that are shown. */
interface ShownSchema {
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, ShownSchema>>
}

/** All that there is to say of a template, one line each. */
export function showTemplate(template: WorkflowTemplateDetailsFragment, { terminal, self }: Call): string[] {
  const { name, title, description, parameters, steps, taskTypes, integrations } = template
  const { colors } = terminal
  return [
    `${colors.bold(name)} ${clean(title)}`,
    clean(description),
    '',
    table(COLUMNS, parametersOf(parameters as ShownSchema), terminal),
    '',
    ...tree(steps, (step) => showStep(step, terminal)),
    '',
    ...(taskTypes.length === 0 ? [] : [`${colors.dim('Task types')} ${taskTypes.join(', ')}`]),
    ...(integrations.length === 0 ? [] : [`${colors.dim('Calls')} ${integrations.join(', ')}`]),
    colors.dim(`Look at it: ${self} template create ${name} --dry-run`),
  ]
}

/** ` --input '{…}'` with what the input of a run must have, for people to fill in; empty when it needs nothing. */
export function exampleInput(schema: unknown): string {
  const { required = [] } = typeof schema === 'object' && schema !== null ? (schema as ShownSchema) : {}
  if (required.length === 0) return ''
  return ` --input '${JSON.stringify(Object.fromEntries(required.map((name) => [name, '…'])))}'`
}

interface Parameter {
  readonly name: string
  readonly schema: ShownSchema
  readonly isRequired: boolean
}

const COLUMNS: readonly Column<Parameter>[] = [
  { title: 'PARAMETER', of: ({ name }) => name },
  { title: 'IS', of: ({ schema }) => typeOf(schema) },
  {
    title: 'DEFAULT',
    of: ({ schema, isRequired }) => (isRequired ? 'must be given' : clean(JSON.stringify(schema.default))),
    isFlexible: true,
  },
  { title: '', of: ({ schema }) => clean(schema.description ?? ''), isFlexible: true },
]

function parametersOf({ properties = {}, required = [] }: ShownSchema): Parameter[] {
  return Object.entries(properties).map(([name, schema]) => ({ name, schema, isRequired: required.includes(name) }))
}

function typeOf({ type, enum: values }: ShownSchema): string {
  if (values !== undefined) return values.map(String).join(' | ')
  return [type ?? 'any'].flat().join(' | ')
}

function showStep(
  { id, type, after, uses }: WorkflowTemplateDetailsFragment['steps'][number],
  { colors }: Pick<Terminal, 'colors'>,
): string {
  const what = [type.toLowerCase(), ...(uses === null ? [] : [uses])].join(' ')
  return `${id} ${colors.dim(`${what}${after.length === 0 ? '' : ` (after ${after.join(', ')})`}`)}`
}
