import type { JsonSchema, JsonValue } from '../../../task/json.ts'
import type { SchemaCheck } from '../../../task/schema-check.ts'
import { closest } from '../../../text/closest.ts'
import type { Compensation, Step, Template, WorkflowDefinition } from '../definition.ts'
import type { ProblemCode, ProblemPath } from '../problem.ts'
import { OPEN } from '../text-parts.ts'
import { compensationOf, type Layout } from './layout.ts'
import type { Report } from './report.ts'
import { ofTemplate } from './texts-of.ts'

/** JSON Schemas of what something is given, and gives. */
interface Schemas {
  readonly input?: JsonSchema | boolean | null
  readonly output?: JsonSchema | boolean | null
}

/** What a definition can name outside of itself. A part that is absent is not checked. */
export interface Known {
  readonly taskTypes?: ReadonlyMap<string, Schemas>
  /** Workflows and their versions; the schemas are those of the newest. */
  readonly workflows?: ReadonlyMap<string, Schemas & { readonly versions?: readonly number[] }>
  readonly handlers?: ReadonlyMap<string, { readonly input?: JsonSchema | null }>
  /** What a name that is not known is. Default: an error. */
  readonly unknown?: 'error' | 'warning'
}

/** Names that a definition speaks of, for those who look them up. */
export function namesOf(
  definition: WorkflowDefinition,
): Readonly<Record<'taskTypes' | 'workflows' | 'handlers', string[]>> {
  const names = { taskTypes: new Set<string>(), workflows: new Set<string>(), handlers: new Set<string>() }
  const note = (step: Step | Compensation) => {
    if (step.type === 'TASK') names.taskTypes.add(step.task)
    if (step.type === 'SUBWORKFLOW') names.workflows.add(step.workflow)
    if (step.type === 'CUSTOM') names.handlers.add(step.handler)
  }
  const visit = (step: Step) => {
    note(step)
    if (step.compensate !== undefined) note(step.compensate)
    if ('steps' in step) step.steps.forEach(visit)
  }
  definition.steps.forEach(visit)
  return { taskTypes: [...names.taskTypes], workflows: [...names.workflows], handlers: [...names.handlers] }
}

interface Checking {
  readonly known: Known
  readonly schemas: SchemaCheck
  readonly report: Report
}

/** That what steps name exists, and that inputs, as far as they are written down, fit what they are given to. */
export function checkKnown({ definition, all }: Layout, checking: Checking): void {
  const { workflows } = checking.known
  // A workflow may start itself.
  const known = { ...checking.known, workflows: workflows && new Map([[definition.name, {}], ...workflows]) }
  for (const placed of all) {
    checkNamed(placed.step, placed.path, { ...checking, known })
    const undo = compensationOf(placed)
    if (undo !== null) checkNamed(undo.step, undo.path, { ...checking, known })
  }
}

function checkNamed(step: Step | Compensation, path: ProblemPath, checking: Checking): void {
  const { taskTypes, workflows, handlers } = checking.known
  switch (step.type) {
    case 'TASK': {
      const type = look(taskTypes, step.task, 'UNKNOWN_TASK_TYPE', 'task type', [...path, 'task'], checking)
      checkInput(step.input, type?.input, [...path, 'input'], checking)
      return
    }
    case 'CUSTOM': {
      const handler = look(handlers, step.handler, 'UNKNOWN_HANDLER', 'step handler', [...path, 'handler'], checking)
      checkInput(step.input, handler?.input, [...path, 'input'], checking)
      return
    }
    case 'SUBWORKFLOW': {
      const workflow = look(workflows, step.workflow, 'UNKNOWN_WORKFLOW', 'workflow', [...path, 'workflow'], checking)
      const { version } = step
      if (version !== undefined && workflow?.versions?.includes(version) === false)
        checking.report(
          'UNKNOWN_WORKFLOW',
          [...path, 'version'],
          `"${step.workflow}" has no version ${version}; there are ${workflow.versions.join(', ')}`,
          { severity: checking.known.unknown ?? 'error' },
        )
      const isNewest = version === undefined || version === Math.max(...(workflow?.versions ?? []))
      checkInput(step.input, isNewest ? workflow?.input : undefined, [...path, 'input'], checking)
      return
    }
  }
}

function look<Entry>(
  entries: ReadonlyMap<string, Entry> | undefined,
  name: string,
  code: ProblemCode,
  what: string,
  path: ProblemPath,
  { known, report }: Checking,
): Entry | undefined {
  if (entries === undefined || entries.has(name)) return entries?.get(name)
  const near = closest(name, [...entries.keys()])
  const names = [...entries.keys()].slice(0, 20).join(', ')
  const hint = near !== undefined ? `; did you mean "${near}"?` : names === '' ? '' : `; there are ${names}`
  report(code, path, `there is no ${what} "${name}"${hint}`, { severity: known.unknown ?? 'error' })
  return undefined
}

function checkInput(
  input: Template | undefined,
  schema: JsonSchema | boolean | null | undefined,
  path: ProblemPath,
  { schemas, report }: Checking,
): void {
  if (typeof schema !== 'object' || schema === null) return
  const schemaText = JSON.stringify(schema)
  // It was checked when it was registered; one that is broken all the same is not the definition's fault.
  if (schemas.problemOfSchema(schemaText) !== null) return
  const value = input ?? {}
  if (ofTemplate(value, path).length === 0) {
    for (const issue of schemas.problems(schemaText, value, path)) report('INPUT_MISFIT', issue.path, issue.message)
    return
  }
  checkFields(value, schema, path, report)
  const fixed = constantParts(value, path)
  for (const issue of schemas.problems(schemaText, value, path))
    if (fixed.has(JSON.stringify(issue.path))) report('INPUT_MISFIT', issue.path, issue.message)
}

/** The names of its fields are fixed also where their values are not. */
function checkFields(value: JsonValue, schema: JsonSchema, path: ProblemPath, report: Report): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const { required, properties, additionalProperties, patternProperties } = schema
  for (const name of Array.isArray(required) ? required : [])
    if (!(String(name) in value)) report('INPUT_MISFIT', path, `must have required property '${name}'`)
  if (additionalProperties !== false || patternProperties !== undefined) return
  const known = Object.keys((properties as object | undefined) ?? {})
  for (const name of Object.keys(value))
    if (!known.includes(name)) {
      const near = closest(name, known)
      report(
        'INPUT_MISFIT',
        [...path, name],
        `is no field of this input${near === undefined ? '' : `; did you mean ${near}?`}`,
      )
    }
}

/** Paths of all parts without an expression in them. */
function constantParts(value: JsonValue, path: ProblemPath): Set<string> {
  const fixed = new Set<string>()
  const visit = (part: JsonValue, at: ProblemPath): boolean => {
    const entries: readonly [string | number, JsonValue][] =
      typeof part === 'object' && part !== null
        ? Array.isArray(part)
          ? [...part.entries()]
          : Object.entries(part)
        : []
    const isFixed = entries.map(([key, member]) => visit(member, [...at, key])).every((one) => one)
    const isOpen = typeof part === 'string' && part.includes(OPEN)
    if (isFixed && !isOpen) fixed.add(JSON.stringify(at))
    return isFixed && !isOpen
  }
  visit(value, path)
  return fixed
}
