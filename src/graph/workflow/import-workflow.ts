import type { JsonValue } from '../../task/json.ts'
import { MAX_PARALLEL, WORKFLOW_NAME } from '../../workflow/definition/bounds.ts'
import { type DefinitionProblem, pathText } from '../../workflow/definition/problem.ts'
import { importWorkflow } from '../../workflow/import/import-workflow.ts'
import type { ImportProblem, Unmapped } from '../../workflow/import/imported.ts'
import { builder } from '../builder.ts'
import { type InputIssue, InvalidInput } from '../invalid-input.ts'
import { InvalidWorkflow } from '../user-failure.ts'
import { checkDefinition } from './check-definition.ts'
import { DefinitionProblemType } from './definition-problem.ts'
import { type KeptVersion, keepDefinition } from './keep-definition.ts'
import { loadVersion } from './load-version.ts'
import { WorkflowVersion } from './workflow.ts'

const WorkflowFormatEnum = builder.enumType('WorkflowFormat', {
  description: 'A format of others that workflows are read from.',
  values: {
    STATES_LANGUAGE: { description: 'A state machine in the Amazon States Language, with JSONPath.' },
    WF_FORMAT: {
      description:
        'An instance in WfFormat 1.5 of WfCommons: its tasks are simulated, each takes as long as was measured.',
    },
  } as const,
})

const TaskTypeOfResource = builder.inputType('TaskTypeOfResource', {
  description: 'Which task type stands for a resource of a state machine.',
  fields: (t) => ({
    resource: t.string({ required: true, description: 'The Resource as it is written, or the name of the function.' }),
    taskType: t.string({ required: true, description: 'Name of the task type.' }),
  }),
})

const StatesLanguageOptions = builder.inputType('StatesLanguageImportInput', {
  description: 'How a state machine is read.',
  fields: (t) => ({
    taskTypes: t.field({
      type: [TaskTypeOfResource],
      description: 'Task types of resources; of others it is the last part of the name, in lower snake case.',
    }),
  }),
})

const WfFormatOptions = builder.inputType('WfFormatImportInput', {
  description: 'How an instance of WfCommons is read.',
  fields: (t) => ({
    taskType: t.string({
      description:
        'Type of its tasks, whose input is `{ durationMs, program }`; when absent `simulated_work`, which every worker of a server serves.',
    }),
    timeScale: t.float({
      description:
        'Factor of the measured run times, over 0 to 1,000: 0.001 makes milliseconds of seconds; 1 when absent.',
    }),
    maxParallelSteps: t.int({
      description: 'Most of its tasks that work at the same time, 1 to 10,000; 10 when absent.',
    }),
  }),
})

const ImportWorkflowInput = builder.inputType('ImportWorkflowInput', {
  description: 'A document of another format to make a workflow of.',
  fields: (t) => ({
    format: t.field({ type: WorkflowFormatEnum, required: true, description: 'What it is written in.' }),
    source: t.field({
      type: 'JSON',
      required: true,
      description: 'The document: an object, or a text with it in JSON or YAML; problems of a text have their lines.',
    }),
    name: t.string({
      description:
        'Name of the workflow; that of the document when absent. A state machine has none, so it is needed there.',
    }),
    isDraft: t.boolean({ description: 'Keep it as a DRAFT, which cannot be run; false when absent.' }),
    dryRun: t.boolean({ description: 'Only answer the definition and what does not map; false when absent.' }),
    statesLanguage: t.field({ type: StatesLanguageOptions, description: 'Only with STATES_LANGUAGE.' }),
    wfFormat: t.field({ type: WfFormatOptions, description: 'Only with WF_FORMAT.' }),
  }),
})

const UnmappedPart = builder.objectRef<Unmapped>('UnmappedPart').implement({
  description: 'Something of a document that the workflow does not have, or has otherwise.',
  fields: (t) => ({
    path: t.stringList({
      description: 'Where it stands in the document, the first place of several: names and positions from its root.',
      resolve: ({ path }) => path.map(String),
    }),
    place: t.string({
      description: 'The same as one text: `States.Load.Retry[1]`; empty for the whole document.',
      resolve: ({ path }) => pathText(path),
    }),
    reason: t.exposeString('reason', {
      description: 'What it is, and why it has no counterpart, or what stands for it.',
    }),
    count: t.exposeInt('count', { description: 'In how many places there is such a thing.' }),
  }),
})

interface ImportDone {
  readonly definition: JsonValue
  readonly unmapped: readonly Unmapped[]
  readonly problems: readonly DefinitionProblem[]
  /** null: a dry run. */
  readonly kept: (KeptVersion & { readonly isNew: boolean }) | null
}

const ImportWorkflowSuccess = builder.objectRef<ImportDone>('ImportWorkflowSuccess').implement({
  description: 'The document was read, and the workflow is kept unless this is a dry run.',
  fields: (t) => ({
    definition: t.expose('definition', { type: 'JSON', description: 'The workflow that was made of it.' }),
    unmapped: t.field({
      type: [UnmappedPart],
      description: 'What of the document does not map, each reason once.',
      resolve: ({ unmapped }) => [...unmapped],
    }),
    problems: t.field({
      type: [DefinitionProblemType],
      description:
        'What is to be said of the definition, such as task types that no worker has registered yet; errors only of a dry run: it could not be kept as it is.',
      resolve: ({ problems }) => [...problems],
    }),
    version: t.field({
      type: WorkflowVersion,
      nullable: true,
      description: 'The version that it is kept as; null of a dry run.',
      resolve: ({ kept }, _args, context, info) => (kept === null ? null : loadVersion(context, info, kept)),
    }),
    isNew: t.boolean({
      description: 'False when a version with the same content was there, and of a dry run.',
      resolve: ({ kept }) => kept?.isNew ?? false,
    }),
  }),
})

builder.mutationFields((t) => ({
  importWorkflow: t.errorUnionField({
    types: [ImportWorkflowSuccess, InvalidInput, InvalidWorkflow],
    union: {
      name: 'ImportWorkflowResult',
      description: 'What came of importing a workflow.',
      resolveType: () => 'ImportWorkflowSuccess',
    },
    description:
      'Makes a workflow of a document in another format, as `createWorkflow` does, and says what of it does not map.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: ImportWorkflowInput, required: true, description: 'The document.' }) },
    resolve: async (_root, { input }, context): Promise<ImportDone> => {
      const issues = issuesOf(input)
      if (issues.length > 0) throw new InvalidInput(issues)
      const imported = importWorkflow(requestOf(input))
      if (!imported.ok) throw new InvalidInput(imported.problems.map(issueOf))
      const { unmapped } = imported
      const definition = imported.definition as unknown as JsonValue
      if (input.dryRun === true) {
        const { problems } = await checkDefinition(context, definition)
        return { definition, unmapped, problems, kept: null }
      }
      const path = ['input', 'source']
      const kept = await keepDefinition(context, definition, { isDraft: input.isDraft, path })
      return { definition, unmapped, problems: kept.problems, kept }
    },
  }),
}))

type Asked = typeof ImportWorkflowInput.$inferInput

/** What is wrong with all but the document. */
function issuesOf({ format, name, statesLanguage, wfFormat }: Asked): InputIssue[] {
  const issues: InputIssue[] = []
  const refuse = (path: string, message: string): void =>
    void issues.push({ path: ['input', ...path.split('.')], message })
  if (name != null && !new RegExp(WORKFLOW_NAME).test(name))
    refuse('name', 'is no name of a workflow: letters, digits and _ . - after a letter or digit, up to 100')
  if (name == null && format === 'STATES_LANGUAGE') refuse('name', 'is missing: a state machine has no name of its own')
  if (statesLanguage != null && format !== 'STATES_LANGUAGE')
    refuse('statesLanguage', `goes with STATES_LANGUAGE, not with ${format}`)
  if (wfFormat != null && format !== 'WF_FORMAT') refuse('wfFormat', `goes with WF_FORMAT, not with ${format}`)
  const { timeScale, maxParallelSteps } = wfFormat ?? {}
  if (timeScale != null && !(timeScale > 0 && timeScale <= 1_000))
    refuse('wfFormat.timeScale', `is ${timeScale}; give a number over 0, 1,000 at most`)
  if (maxParallelSteps != null && !(maxParallelSteps >= 1 && maxParallelSteps <= MAX_PARALLEL))
    refuse('wfFormat.maxParallelSteps', `is ${maxParallelSteps}; give 1 to ${MAX_PARALLEL.toLocaleString('en-US')}`)
  return issues
}

function requestOf({ format, source, name, statesLanguage, wfFormat }: Asked): Parameters<typeof importWorkflow>[0] {
  const { taskType, timeScale, maxParallelSteps } = wfFormat ?? {}
  const taskTypes = (statesLanguage?.taskTypes ?? []).map(({ resource, taskType }) => [resource, taskType])
  return {
    format,
    source,
    ...(name != null && { name }),
    statesLanguage: { taskTypes: Object.fromEntries(taskTypes) },
    wfFormat: {
      ...(taskType != null && { taskType }),
      ...(timeScale != null && { timeScale }),
      ...(maxParallelSteps != null && { maxParallelSteps }),
    },
  }
}

function issueOf({ path, message, line, column }: ImportProblem): InputIssue {
  const where = line === undefined ? '' : ` (line ${line}, column ${column ?? 1})`
  return { path: ['input', 'source', ...path], message: `${message}${where}` }
}
