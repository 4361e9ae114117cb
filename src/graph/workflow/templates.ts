import type { JsonValue } from '../../task/json.ts'
import type { InputIssue } from '../../task/refusal.ts'
import { type OutlinedStep, outlineOf } from '../../workflow/definition/outline.ts'
import type { DefinitionProblem } from '../../workflow/definition/problem.ts'
import { namesOf } from '../../workflow/definition/validate/check-known.ts'
import { instantiate, listTemplates, type TemplateInfo } from '../../workflow/template/templates.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { ValidationIssue } from '../errors.ts'
import { InvalidInput } from '../invalid-input.ts'
import { checkDefinition } from './check-definition.ts'
import { DefinitionProblemType } from './definition-problem.ts'
import { CreateWorkflowResult, keepDefinition } from './keep-definition.ts'
import { StepRunTypeEnum } from './workflow-enums.ts'

const TEMPLATES = listTemplates()
const PARAMETERS = 'Values by the names of parameters, as an object; what is left out has its default.'

const TemplateStep = builder.objectRef<OutlinedStep>('WorkflowTemplateStep').implement({
  description: 'A step of what a template makes.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Id of the step, unique in the workflow.' }),
    name: t.exposeString('name', { nullable: true, description: 'What people call it.' }),
    type: t.expose('type', { type: StepRunTypeEnum, description: 'What it does.' }),
    inside: t.exposeString('inside', { nullable: true, description: 'Id of the step that holds it; null: none.' }),
    after: t.stringList({
      description: 'Ids of the steps beside it that it comes after, or that choose it.',
      resolve: ({ after }) => [...after],
    }),
    uses: t.exposeString('uses', {
      nullable: true,
      description: 'Task type, workflow or handler that it needs; null: none.',
    }),
  }),
})

interface Preview {
  readonly definition: JsonValue | null
  readonly issues: readonly InputIssue[]
  readonly problems: readonly DefinitionProblem[]
}

const TemplatePreview = builder.objectRef<Preview>('WorkflowTemplatePreview').implement({
  description: 'What a template makes of parameters; nothing is kept.',
  fields: (t) => ({
    definition: t.expose('definition', {
      type: 'JSON',
      nullable: true,
      description: 'The whole definition, which `createWorkflow` takes as it is; null when there are `issues`.',
    }),
    issues: t.field({
      type: [ValidationIssue],
      description: 'All that is wrong with the parameters, with paths from `parameters` inwards.',
      resolve: ({ issues }) => [...issues],
    }),
    problems: t.field({
      type: [DefinitionProblemType],
      description: 'What is to be said of the definition here, such as task types that no worker has registered yet.',
      resolve: ({ problems }) => [...problems],
    }),
  }),
})

const WorkflowTemplate = builder.objectRef<TemplateInfo>('WorkflowTemplate').implement({
  description: 'A workflow that many need, with what differs as parameters.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'What it is asked for by, and what its workflow is called by default.',
    }),
    title: t.exposeString('title', { description: 'One line for people.' }),
    description: t.exposeString('description', { description: 'What its workflow does.' }),
    parameters: t.field({
      type: 'JSON',
      description: 'JSON Schema (2020-12) of an object of its parameters, each described, nearly all with defaults.',
      resolve: ({ parameters }) => parameters,
    }),
    steps: t.field({
      type: [TemplateStep],
      description:
        'The steps of its workflow, with the parameters as they are by default; an outer one before what it holds.',
      resolve: ({ example }) => [...outlineOf(example)],
    }),
    taskTypes: t.stringList({
      description: 'Task types that a worker has to serve, with the parameters as they are by default.',
      resolve: ({ example }) => namesOf(example).taskTypes,
    }),
    integrations: t.stringList({
      description: 'Integrations whose services its steps call: github, linear, slack.',
      resolve: ({ integrations }) => [...integrations],
    }),
    preview: t.field({
      type: TemplatePreview,
      description: 'What it makes of parameters, without keeping it.',
      args: { parameters: t.arg({ type: 'JSON', description: PARAMETERS }) },
      resolve: ({ name }, { parameters }, context) => previewOf(context, name, parameters ?? {}),
    }),
  }),
})

const CreateWorkflowFromTemplateInput = builder.inputType('CreateWorkflowFromTemplateInput', {
  description: 'A template and its parameters.',
  fields: (t) => ({
    template: t.string({ required: true, description: 'Name of the template.' }),
    parameters: t.field({ type: 'JSON', description: PARAMETERS }),
    isDraft: t.boolean({ description: 'Keep it as a DRAFT, which cannot be run; false when absent.' }),
  }),
})

builder.queryFields((t) => ({
  workflowTemplates: t.field({
    type: [WorkflowTemplate],
    description: 'All templates of workflows.',
    authScopes: { role: 'VIEWER' },
    resolve: () => [...TEMPLATES],
  }),
  workflowTemplate: t.field({
    type: WorkflowTemplate,
    nullable: true,
    description: 'One template by its name; null when none is called so.',
    authScopes: { role: 'VIEWER' },
    args: { name: t.arg.string({ required: true, description: 'Its whole name.' }) },
    resolve: (_root, { name }) => TEMPLATES.find((template) => template.name === name) ?? null,
  }),
}))

builder.mutationFields((t) => ({
  createWorkflowFromTemplate: t.field({
    type: CreateWorkflowResult,
    description:
      'Makes the workflow that a template describes, or the next version of it, as `createWorkflow` does. From then on it is a workflow like any other.',
    authScopes: { role: 'DEVELOPER' },
    args: {
      input: t.arg({
        type: CreateWorkflowFromTemplateInput,
        required: true,
        description: 'The template and its parameters.',
      }),
    },
    resolve: (_root, { input: { template, parameters, isDraft } }, context) => {
      const made = instantiate(template, parameters ?? {}, context.engine.schemas)
      if (!made.ok) throw new InvalidInput(made.problems.map((issue) => ({ ...issue, path: ['input', ...issue.path] })))
      return keepDefinition(context, made.definition as unknown as JsonValue, { isDraft, path: ['input', 'template'] })
    },
  }),
}))

async function previewOf(context: GraphContext, template: string, parameters: JsonValue): Promise<Preview> {
  const made = instantiate(template, parameters, context.engine.schemas)
  if (!made.ok) return { definition: null, issues: made.problems, problems: [] }
  const definition = made.definition as unknown as JsonValue
  const { problems } = await checkDefinition(context, definition)
  return { definition, issues: [], problems }
}
