import type { RunBlocker } from '../../workflow/run/explain-run.ts'
import { builder } from '../builder.ts'
import { Task } from '../task/task.ts'
import { describeBlocker } from './describe-blocker.ts'
import { loadRun, loadTaskWithin } from './load-run.ts'
import { WorkflowRun } from './workflow-run.ts'

const RunBlockerKind = builder.enumType('RunBlockerKind', {
  description: 'Why a run, or a step of it, has not ended.',
  values: {
    ROOM: { description: 'As many runs as its workflow allows are under way.' },
    PAUSE: { description: 'It was paused by hand: nothing new starts.' },
    TASK: { description: 'The task of a step is under way.' },
    CHILD_RUN: { description: 'A run that a step started is under way.' },
    STOP: { description: 'A task or child run was told to stop, and has not yet.' },
    TIME: { description: 'A step waits for a time.' },
    RETRY: { description: 'A step failed and waits for its next attempt.' },
    EVENT: { description: 'A step waits for an event from outside.' },
    CALLBACK: { description: 'A step waits until its one-time URL is called.' },
    APPROVAL: { description: 'A step waits for people to answer.' },
    RUN_LIMIT: { description: 'As many steps as the run allows work already.' },
    HOLDER_LIMIT: { description: 'As many steps as what holds the step allows work already.' },
    ELEMENTS: { description: 'Elements of a MAP wait for iterations under way.' },
    STEPS: { description: 'Steps before it are under way.' },
  } as const,
})

/** One reason why a run has not ended. */
export const RunBlockerType = builder.objectRef<RunBlocker>('RunBlocker').implement({
  description: 'One reason why a run has not ended. Fields that its kind has nothing to say of are null.',
  fields: (t) => ({
    kind: t.field({ type: RunBlockerKind, description: 'What kind of reason.', resolve: ({ kind }) => kind }),
    message: t.string({ description: 'The reason as a sentence.', resolve: (blocker) => describeBlocker(blocker) }),
    path: t.string({
      nullable: true,
      description: 'Path of the step; null: it is about the run as a whole.',
      resolve: (blocker) => ('path' in blocker ? blocker.path : null),
    }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When time ends it, if nothing else does before; null: never.',
      resolve: (blocker) => ('until' in blocker ? blocker.until : null),
    }),
    task: t.field({
      type: Task,
      nullable: true,
      description: 'Of TASK: the task, which says itself what it waits for.',
      resolve: (blocker, _args, context, info) =>
        blocker.kind === 'TASK' ? loadTaskWithin(context, info, blocker.taskId) : null,
    }),
    childRun: t.field({
      type: WorkflowRun,
      nullable: true,
      description: 'Of CHILD_RUN: the run.',
      resolve: (blocker, _args, context, info) =>
        blocker.kind === 'CHILD_RUN' ? loadRun(context, info, blocker.runId) : null,
    }),
    eventKey: t.string({
      nullable: true,
      description: 'Of EVENT: the key of that event.',
      resolve: (blocker) => (blocker.kind === 'EVENT' ? blocker.key : null),
    }),
    limit: t.int({
      nullable: true,
      description: 'Of RUN_LIMIT, HOLDER_LIMIT and ELEMENTS: how many may work at a time.',
      resolve: (blocker) => ('limit' in blocker ? blocker.limit : null),
    }),
    count: t.int({
      nullable: true,
      description: 'Of ELEMENTS: how many wait.',
      resolve: (blocker) => (blocker.kind === 'ELEMENTS' ? blocker.count : null),
    }),
    after: t.stringList({
      nullable: true,
      description: 'Of STEPS: paths of the steps that are under way.',
      resolve: (blocker) => (blocker.kind === 'STEPS' ? [...blocker.after] : null),
    }),
  }),
})
