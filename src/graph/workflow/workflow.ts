import { stepsWithin, type WorkflowDefinition } from '../../workflow/definition/definition.ts'
import { builder } from '../builder.ts'
import { loadDiff } from './load-definitions.ts'
import { WorkflowDiff } from './workflow-diff.ts'
import { WorkflowStatusEnum } from './workflow-enums.ts'

/** A named definition in its versions. Its lists are added by workflow-lists.ts. */
export const Workflow = builder.prismaNode('Workflow', {
  description: 'A named definition of steps, in versions that never change.',
  nullable: true,
  id: { description: 'TypeID with the prefix `workflow`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is executed by; unique, and never changes.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When its first version was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its newest version was made.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that made it.' }),
  }),
})

const WorkflowLimits = builder.objectRef<NonNullable<WorkflowDefinition['limits']>>('WorkflowLimits').implement({
  description: 'What a version allows its runs.',
  fields: (t) => ({
    maxParallelSteps: t.int({
      description: 'Most steps of one run that work at the same time.',
      resolve: ({ maxParallelSteps }) => maxParallelSteps ?? 10,
    }),
    timeout: t.exposeString('timeout', {
      nullable: true,
      description: 'After so long a run fails, as the definition writes it; null: never.',
    }),
    maxRuns: t.int({
      nullable: true,
      description: 'Most runs at a time, of the workflow or with the same key; null: any number.',
      resolve: ({ concurrency }) => concurrency?.limit ?? null,
    }),
    runKey: t.string({
      nullable: true,
      description: 'The text with expressions by which runs are counted; null: all of the workflow together.',
      resolve: ({ concurrency }) => concurrency?.key ?? null,
    }),
    whenFull: t.string({
      nullable: true,
      description: 'What becomes of a run for which there is no room: WAIT, REFUSE or CANCEL_OLDEST.',
      resolve: ({ concurrency }) => (concurrency === undefined ? null : (concurrency.whenFull ?? 'WAIT')),
    }),
  }),
})

/** One definition of a workflow. */
export const WorkflowVersion = builder.prismaObject('WorkflowVersion', {
  description: 'One definition of a workflow. Only its status ever changes; runs are pinned to theirs.',
  // A definition may be large: it is read where it is asked for.
  select: { tenant: true, workflowId: true, number: true },
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'Counts up by one within a workflow, from 1.' }),
    status: t.expose('status', { type: WorkflowStatusEnum, description: 'What may be done with it.' }),
    hash: t.string({
      description: 'SHA-256 of its content, in hexadecimal digits: the same content has the same.',
      select: { hash: true },
      resolve: ({ hash }) => Buffer.from(hash).toString('hex'),
    }),
    definition: t.field({
      type: 'JSON',
      description: 'All of it, as JSON; workflow.schema.json describes it.',
      select: { definition: true },
      resolve: ({ definition }) => definition as never,
    }),
    description: t.string({
      nullable: true,
      description: 'What it is for.',
      select: { definition: true },
      resolve: ({ definition }) => definitionOf(definition).description ?? null,
    }),
    inputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of the input of its runs; null: any.',
      select: { definition: true },
      resolve: ({ definition }) => (definitionOf(definition).input as never) ?? null,
    }),
    outputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of the output of its runs; null: any.',
      select: { definition: true },
      resolve: ({ definition }) => (definitionOf(definition).output as never) ?? null,
    }),
    limits: t.field({
      type: WorkflowLimits,
      description: 'What it allows its runs.',
      select: { definition: true },
      resolve: ({ definition }) => definitionOf(definition).limits ?? {},
    }),
    stepCount: t.int({
      description: 'How many steps it has in all, those within others counted.',
      select: { definition: true },
      resolve: ({ definition }) => countSteps(definitionOf(definition).steps),
    }),
    diff: t.field({
      type: WorkflowDiff,
      nullable: true,
      description: 'What differs from another version, as if that had come before; null when there is none.',
      args: { from: t.arg.int({ description: 'Number of the other; the one before when absent.' }) },
      resolve: ({ workflowId, number }, { from }, context) =>
        loadDiff(context, { workflowId, from: from ?? number - 1, to: number }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that made it.' }),
    workflow: t.relation('workflow', { description: 'The workflow.' }),
  }),
})

function definitionOf(definition: unknown): WorkflowDefinition {
  return definition as WorkflowDefinition
}

function countSteps(steps: WorkflowDefinition['steps']): number {
  return steps.reduce((count, step) => count + 1 + countSteps(stepsWithin(step)), 0)
}
