import { setVersionStatus } from '../../engine/set-version-status.ts'
import { ID_PREFIXES } from '../../task/type-id.ts'
import { contentHash } from '../../workflow/definition/canonical.ts'
import type { Checked } from '../../workflow/definition/check-workflow.ts'
import { DEFINITION_SCHEMA } from '../../workflow/definition/schema/definition-schema.ts'
import { builder } from '../builder.ts'
import { InvalidInput } from '../invalid-input.ts'
import { uuidOfField } from '../node-id.ts'
import { actorOf, valueOrThrow } from '../task/task-payload.ts'
import { NotFound } from '../user-failure.ts'
import { checkDefinition } from './check-definition.ts'
import { DefinitionProblemType } from './definition-problem.ts'
import { CreateWorkflowResult, type KeptVersion, keepDefinition } from './keep-definition.ts'
import { loadVersion } from './load-version.ts'
import { WorkflowVersion } from './workflow.ts'

const DEFINITION = 'An object as workflow.schema.json describes it, or a text with it in YAML or JSON; 1 MB at most.'

const CreateWorkflowInput = builder.inputType('CreateWorkflowInput', {
  description: 'A workflow to make, or the next version of one.',
  fields: (t) => ({
    definition: t.field({ type: 'JSON', required: true, description: DEFINITION }),
    isDraft: t.boolean({ description: 'Keep it as a DRAFT, which cannot be run; false when absent.' }),
  }),
})

const VersionStatusToSet = builder.enumType('VersionStatusToSet', {
  description: 'What may be done with a version from now on.',
  values: {
    READY: { description: 'It may be run.' },
    RETIRED: { description: 'It is only run where its number is asked for. Runs under way go on.' },
  } as const,
})

const SetWorkflowStatusInput = builder.inputType('SetWorkflowStatusInput', {
  description: 'A version of a workflow, and what may be done with it.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'TypeID of the workflow.' }),
    version: t.int({ required: true, description: 'Number of the version, from 1.' }),
    status: t.field({ type: VersionStatusToSet, required: true, description: 'What may be done with it.' }),
  }),
})

const SetWorkflowStatusSuccess = builder.objectRef<KeptVersion>('SetWorkflowStatusSuccess').implement({
  description: 'The version has that status.',
  fields: (t) => ({
    version: t.field({
      type: WorkflowVersion,
      description: 'The version; its `workflow` leads on.',
      resolve: (kept, _args, context, info) => loadVersion(context, info, kept),
    }),
  }),
})

const WorkflowValidation = builder.objectRef<Checked>('WorkflowValidation').implement({
  description: 'What is to be said of a definition.',
  fields: (t) => ({
    isValid: t.boolean({ description: 'Whether a workflow can be made of it.', resolve: ({ ok }) => ok }),
    problems: t.field({
      type: [DefinitionProblemType],
      description: 'All that is wrong with it, in its order, at most 200; only warnings when it is valid.',
      resolve: ({ problems }) => [...problems],
    }),
    hash: t.string({
      nullable: true,
      description: 'SHA-256 that its version would have; null unless it is valid.',
      resolve: (checked) => (checked.ok ? contentHash(checked.definition) : null),
    }),
  }),
})

builder.queryFields((t) => ({
  workflowSchema: t.field({
    type: 'JSON',
    description:
      'The JSON Schema (2020-12) of definitions, for editors; also at `/schemas/workflow.schema.json` beside the graph.',
    authScopes: { role: 'VIEWER' },
    resolve: () => DEFINITION_SCHEMA,
  }),
  validateWorkflow: t.field({
    type: WorkflowValidation,
    description: 'Judges a definition without keeping it. What its names stand for here is looked up.',
    authScopes: { role: 'VIEWER' },
    args: { definition: t.arg({ type: 'JSON', required: true, description: DEFINITION }) },
    resolve: (_root, { definition }, context) => checkDefinition(context, definition ?? null),
  }),
}))

builder.mutationFields((t) => ({
  createWorkflow: t.field({
    type: CreateWorkflowResult,
    description:
      'Keeps a definition as the next version of the workflow with its name, or as a new workflow. The same content again is the same version. Runs under way go on with theirs.',
    authScopes: { role: 'DEVELOPER' },
    args: { input: t.arg({ type: CreateWorkflowInput, required: true, description: 'The definition.' }) },
    resolve: (_root, { input: { definition, isDraft } }, context) =>
      keepDefinition(context, definition ?? null, { isDraft, path: ['input', 'definition'] }),
  }),
  setWorkflowStatus: t.errorUnionField({
    types: [SetWorkflowStatusSuccess, InvalidInput, NotFound],
    union: {
      name: 'SetWorkflowStatusResult',
      description: 'What came of setting the status of a version.',
      resolveType: () => 'SetWorkflowStatusSuccess',
    },
    description: 'Makes a version READY to be run, or retires it.',
    authScopes: { role: 'DEVELOPER' },
    args: {
      input: t.arg({ type: SetWorkflowStatusInput, required: true, description: 'The version and its status.' }),
    },
    resolve: async (_root, { input: { id, version, status } }, context) => {
      const workflowId = uuidOfField(ID_PREFIXES.workflow, id, ['input', 'id'])
      const request = { workflowId, version, status }
      return valueOrThrow(await setVersionStatus(context.engine, actorOf(context), request), (path) => [
        'input',
        ...path,
      ])
    },
  }),
}))
