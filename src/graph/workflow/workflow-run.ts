import type { JsonValue } from '../../task/json.ts'
import { builder } from '../builder.ts'
import { loadProgress } from './load-progress.ts'
import { RunProgress } from './run-progress.ts'
import { StepErrorType, stepErrorOf } from './step-error.ts'
import { RunStatusEnum } from './workflow-enums.ts'

/** One execution of a version. Its steps, lists, events and views are added by the files that know them. */
export const WorkflowRun = builder.prismaNode('WorkflowRun', {
  description: 'One execution of a version of a workflow.',
  nullable: true,
  // Inputs and outputs may be large: they are read where they are asked for.
  select: { tenant: true, id: true },
  id: { description: 'TypeID with the prefix `run`.', resolve: ({ id }) => id },
  findUnique: (id, { tenant }) => ({ tenant_id: { tenant, id } }),
  fields: (t) => ({
    status: t.expose('status', { type: RunStatusEnum, description: 'Where it stands.' }),
    seq: t.exposeInt('seq', {
      description: 'Number of its last event: goes up by one at each, from 1; 0 before the first.',
    }),
    attempt: t.exposeInt('attempt', { description: 'From 1; goes up by one each time it is retried by hand.' }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it was started with.',
      select: { input: true },
      resolve: ({ input }) => input as JsonValue,
    }),
    output: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What came of it, at most 1 MB; null until COMPLETED.',
      select: { output: true },
      resolve: ({ output }) => output as JsonValue,
    }),
    error: t.field({
      type: StepErrorType,
      nullable: true,
      description: 'Why it ended without success: the error of the step that ended it.',
      select: { error: true },
      resolve: ({ error }) => stepErrorOf(error),
    }),
    trigger: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What started it, where that was no person: `{ "kind": "SCHEDULE", … }`, `{ "kind": "EVENT", … }`; null when somebody did.',
      select: { trigger: true },
      resolve: ({ trigger }) => trigger as JsonValue,
    }),
    concurrencyKey: t.exposeString('concurrencyKey', {
      nullable: true,
      description:
        'What it shares with the runs that count against its limit; null when its workflow has no such limit.',
    }),
    progress: t.field({
      type: RunProgress,
      description: 'How far it is.',
      select: { workflowId: true, versionNumber: true, seq: true },
      resolve: ({ id }, _args, context) => loadProgress(context, id),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began; null while it waits its turn.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it has not.',
    }),
    timeoutAt: t.expose('timeoutAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it fails with RUN_TIMEOUT unless it has ended; null: never.',
    }),
    nextTransitionAt: t.expose('wakeAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When time moves it or a step of it next, if nothing else does before; null when time does not.',
    }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Name of the principal that asked for it.' }),
    workflow: t.relation('workflow', { description: 'The workflow.' }),
    version: t.relation('version', { description: 'The version that it is pinned to.' }),
    parent: t.relation('parent', { nullable: true, description: 'The run that started it as a step; null: none did.' }),
    parentStep: t.relation('parentStep', { nullable: true, description: 'The step of the parent that started it.' }),
    forkedFrom: t.relation('forkedFrom', {
      nullable: true,
      description: 'The run that it goes on from, when it is a fork of one that is still kept.',
    }),
  }),
})
