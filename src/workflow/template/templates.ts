import type { JsonSchema, JsonValue } from '../../task/json.ts'
import type { InputIssue } from '../../task/refusal.ts'
import { createSchemaCheck, type SchemaCheck } from '../../task/schema-check.ts'
import { closest } from '../../text/closest.ts'
import { WORKFLOW_NAME } from '../definition/bounds.ts'
import type { WorkflowDefinition } from '../definition/definition.ts'
import { bugFix } from './bug-fix.ts'
import { ciCdPipeline } from './ci-cd-pipeline.ts'
import { codeReview } from './code-review.ts'
import { dataProcessing } from './data-processing.ts'
import { deploymentNotification } from './deployment-notification.ts'
import { featureImplementation } from './feature-implementation.ts'
import { githubIssueToLinear } from './github-issue-to-linear.ts'
import { monitoringCheck } from './monitoring-check.ts'
import { pullRequestReview } from './pull-request-review.ts'
import type { WorkflowTemplate } from './workflow-template.ts'

const TEMPLATES: readonly WorkflowTemplate[] = [
  featureImplementation,
  bugFix,
  ciCdPipeline,
  dataProcessing,
  codeReview,
  pullRequestReview,
  monitoringCheck,
  githubIssueToLinear,
  deploymentNotification,
]

/** A template as it is shown. */
export interface TemplateInfo {
  readonly name: string
  readonly title: string
  readonly description: string
  /** JSON Schema of an object of parameters, each described; those with a default may be left out, the others have examples. */
  readonly parameters: JsonSchema
  /** Integrations whose services its steps call: `github`, `linear`, `slack`. */
  readonly integrations: readonly string[]
  /** What it makes of its defaults, and of the first example of a parameter without one. */
  readonly example: WorkflowDefinition
}

/** All templates, in an order in which people look for them. */
export function listTemplates(): readonly TemplateInfo[] {
  return TEMPLATES.map((template) => {
    const { name, title, description, integrations = [] } = template
    const parameters = parametersOf(template)
    const values = { ...firstExamplesOf(parameters), ...defaultsOf(parameters) }
    return { name, title, description, parameters, integrations, example: built(template, values) }
  })
}

export type Instantiated =
  /** Still to be checked against the task types and workflows there are, as any definition. */
  | { readonly ok: true; readonly definition: WorkflowDefinition }
  | { readonly ok: false; readonly problems: readonly InputIssue[] }

/**
 * The definition that a template makes of parameters.
 *
 * @param parameters values of those that `listTemplates` tells; what is left out has its default
 * @returns the definition, or everything that is wrong, with paths that begin with `template` or `parameters`
 */
export function instantiate(
  template: string,
  parameters: JsonValue = {},
  schemas: Pick<SchemaCheck, 'problems'> = createSchemaCheck(),
): Instantiated {
  const found = TEMPLATES.find(({ name }) => name === template)
  if (found === undefined) {
    const names = TEMPLATES.map(({ name }) => name)
    const near = closest(template, names)
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean "${near}"?`
    return { ok: false, problems: [{ path: ['template'], message: `is no template: ${hint}` }] }
  }
  const schema = parametersOf(found)
  const unknown = unknownParameters(schema, parameters)
  const fitting = unknown.length > 0 ? { ...schema, additionalProperties: true } : schema
  const problems = [...unknown, ...schemas.problems(JSON.stringify(fitting), parameters, ['parameters'])]
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, definition: built(found, { ...defaultsOf(schema), ...(parameters as Values) }) }
}

type Values = { readonly [parameter: string]: JsonValue }

function built({ build }: WorkflowTemplate, { name, ...values }: Values): WorkflowDefinition {
  return build(name as string, values as never)
}

function parametersOf({ name, parameters }: Pick<WorkflowTemplate, 'name' | 'parameters'>): JsonSchema {
  const own: { readonly [name: string]: JsonSchema } = parameters
  const properties = {
    name: { description: 'What the workflow is called.', type: 'string', pattern: WORKFLOW_NAME, default: name },
    ...own,
  }
  const required = Object.entries(own).flatMap(([parameter, schema]) => ('default' in schema ? [] : [parameter]))
  return { type: 'object', required, additionalProperties: false, properties }
}

function unknownParameters({ properties }: JsonSchema, given: JsonValue): InputIssue[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return []
  const names = Object.keys(properties as object)
  return Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = closest(name, names)
      const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean "${near}"?`
      return { path: ['parameters', name], message: `is no parameter: ${hint}` }
    })
}

function defaultsOf({ properties }: JsonSchema): Values {
  return Object.fromEntries(
    Object.entries(properties as { readonly [name: string]: JsonSchema }).flatMap(([name, schema]) =>
      'default' in schema ? [[name, schema.default!]] : [],
    ),
  )
}

function firstExamplesOf({ properties }: JsonSchema): Values {
  return Object.fromEntries(
    Object.entries(properties as { readonly [name: string]: JsonSchema }).flatMap(([name, { examples }]) =>
      Array.isArray(examples) ? [[name, examples[0] as JsonValue]] : [],
    ),
  )
}
