import type { JsonValue } from '../../task/json.ts'
import { iterationsOf, parentPath } from '../../workflow/run/path.ts'
import type { Decision } from '../../workflow/run/run-state.ts'
import { builder } from '../builder.ts'
import { Task } from '../task/task.ts'
import { Approval } from './approval.ts'
import { ApprovalDecision } from './approval-decision.ts'
import { findApproval, findChildRun, findTask } from './find-of-step.ts'
import { loadApproval, loadRun, loadTaskWithin } from './load-run.ts'
import { StepErrorType, stepErrorOf } from './step-error.ts'
import { StepRunStatusEnum, StepRunTypeEnum } from './workflow-enums.ts'
import { WorkflowRun } from './workflow-run.ts'

interface Iterations {
  readonly total: number | null
  readonly begun: number
  readonly ended: number
  readonly failed: number
}

/** How far a LOOP or MAP is. */
export const IterationCounts = builder.objectRef<Iterations>('IterationCounts').implement({
  description: 'How far a LOOP or MAP is.',
  fields: (t) => ({
    total: t.exposeInt('total', { nullable: true, description: 'Elements of a MAP; null of a LOOP.' }),
    begun: t.exposeInt('begun', { description: 'Iterations that have begun.' }),
    ended: t.exposeInt('ended', { description: 'Iterations that have ended.' }),
    failed: t.exposeInt('failed', { description: 'Iterations that failed.' }),
  }),
})

/** A step in a run. What it holds is added by step-tree.ts. */
export const StepRun = builder.prismaNode('StepRun', {
  description: 'A step in a run, or an iteration of one. A step that was never reached has none.',
  nullable: true,
  // Inputs and outputs may be large, and there may be a thousand: what is asked for is read.
  select: { tenant: true, runId: true, path: true },
  id: {
    description: 'The id of its run with the prefix `step`, a full stop, and its path.',
    resolve: ({ runId, path }) => `${runId}.${path}`,
  },
  findUnique: (id, { tenant }) => {
    const at = id.indexOf('.')
    return { tenant_runId_path: { tenant, runId: id.slice(0, at), path: id.slice(at + 1) } }
  },
  fields: (t) => ({
    path: t.exposeString('path', {
      description:
        'Where it is in its run: ids of the steps that hold it, outermost first, with numbers of iterations from 0: `each[3].test`.',
    }),
    holderPath: t.string({
      nullable: true,
      description: 'Path of the step or iteration that holds it; null: it is one of the outermost.',
      resolve: ({ path }) => parentPath(path) || null,
    }),
    iterations: t.intList({
      description: 'Numbers of the iterations that hold it, outermost first, from 0; of `a[3].b[0].c`, 3 and 0.',
      resolve: ({ path }) => [...iterationsOf(path)],
    }),
    stepId: t.exposeString('stepId', { description: 'Id of the step in the definition.' }),
    type: t.expose('type', { type: StepRunTypeEnum, description: 'What it does.' }),
    status: t.expose('status', { type: StepRunStatusEnum, description: 'Where it stands.' }),
    attempt: t.exposeInt('attempt', { description: 'Number of its attempt, from 1; 0 before it starts.' }),
    index: t.exposeInt('index', { nullable: true, description: 'Of an iteration: its number, from 0.' }),
    counts: t.field({
      type: IterationCounts,
      nullable: true,
      description: 'Of a LOOP or MAP: how far it is.',
      select: { type: true, total: true, next: true, ended: true, failed: true },
      resolve: ({ type, total, next, ended, failed }) =>
        type === 'LOOP' || type === 'MAP' ? { total, begun: next, ended, failed } : null,
    }),
    input: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it was started with; of an iteration of a MAP its element.',
      select: { input: true },
      resolve: ({ input }) => input as JsonValue,
    }),
    output: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What came of it.',
      select: { output: true },
      resolve: ({ output }) => output as JsonValue,
    }),
    error: t.field({
      type: StepErrorType,
      nullable: true,
      description: 'Its latest failure; stays while it is tried again.',
      select: { error: true },
      resolve: ({ error }) => stepErrorOf(error),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When it began; null before.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    timeoutAt: t.expose('timeoutAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it fails with STEP_TIMEOUT, or is taken as answered, unless it has ended; null: never.',
    }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its next attempt starts; null unless one failed and it waits.',
    }),
    waitsUntil: t.expose('waitUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'Of a WAIT for a time: that time.',
    }),
    waitsForEvent: t.exposeString('waitKey', {
      nullable: true,
      description: 'Of a WAIT for an event: the key of that event.',
    }),
    decisions: t.field({
      type: [ApprovalDecision],
      description: 'Of an APPROVAL: the answers so far, as they came.',
      select: { decisions: true },
      resolve: ({ decisions }) => (decisions as unknown as Decision[] | null) ?? [],
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'The latest task that it made; null when it made none, or that is not kept any more.',
      resolve: async (step, _args, context, info) => {
        const id = await findTask(context, step)
        return id === null ? null : loadTaskWithin(context, info, id)
      },
    }),
    childRun: t.field({
      type: WorkflowRun,
      nullable: true,
      description: 'Of a SUBWORKFLOW: the latest run that it started.',
      resolve: async (step, _args, context, info) => {
        const id = await findChildRun(context, step)
        return id === null ? null : loadRun(context, info, id)
      },
    }),
    approval: t.field({
      type: Approval,
      nullable: true,
      description: 'Of an APPROVAL: the latest asking.',
      resolve: async (step, _args, context, info) => {
        const id = await findApproval(context, step)
        return id === null ? null : loadApproval(context, info, id)
      },
    }),
    run: t.relation('run', { description: 'The run.' }),
  }),
})
