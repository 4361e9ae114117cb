import { readHoldups } from '../../engine/read-holdups.ts'
import type { Cause, Holdup } from '../../task/holdup.ts'
import { readWaitingTasks, type WaitingTask } from '../../task/store/read-waiting.ts'
import { builder } from '../builder.ts'
import type { GraphContext } from '../context.ts'
import { MAX_PAGE_SIZE, pageOf } from '../page.ts'
import { BlockerInterface } from '../task/blocker.ts'
import { awaits, type Reason } from '../task/blockers.ts'
import { readBlockers } from '../task/load-blockers.ts'
import { loadTask } from '../task/load-task.ts'
import { Task } from '../task/task.ts'
import { TaskCountRef } from './task-count.ts'

interface ExplainedHoldup extends Holdup {
  readonly blocker: Reason
  /** uuid */
  readonly oldestId: string
}

const HoldupRef = builder.objectRef<ExplainedHoldup>('Holdup').implement({
  description: 'One cause for which tasks wait.',
  fields: (t) => ({
    blocker: t.field({
      type: BlockerInterface,
      description: 'The cause, as `oldest` has it in its `blockedBy`.',
      resolve: ({ blocker }) => blocker,
    }),
    tasks: t.expose('tasks', {
      type: TaskCountRef,
      description: 'How many it holds. Of a task that others wait for, also those that wait for them, and so on.',
    }),
    direct: t.expose('direct', {
      type: TaskCountRef,
      description: 'How many it holds itself: the same as `tasks`, except of a task that others wait for.',
    }),
    oldest: t.field({
      type: Task,
      nullable: true,
      description:
        'One of those that it has held longest: of a limit, the oldest of the first 500 in line. Null when it has gone since.',
      resolve: ({ oldestId }, _args, context, info) => loadTask(context, info, oldestId),
    }),
    nextTransitionAt: t.expose('nextTransitionAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the clock lets the first of them go on, or moves the task that they wait for; null when it does neither.',
    }),
  }),
})

interface Report {
  readonly holdups: readonly ExplainedHoldup[]
  readonly isComplete: boolean
}

const HoldupReportRef = builder.objectRef<Report>('HoldupReport').implement({
  description:
    'What holds up the most tasks. A task that waits for several things at once is counted at each. It costs about the same however much waits.',
  fields: (t) => ({
    holdups: t.field({
      type: [HoldupRef],
      description: 'The causes, those that hold the most first.',
      resolve: ({ holdups }) => [...holdups],
    }),
    isComplete: t.exposeBoolean('isComplete', {
      description:
        'False when there were too many limits, awaited tasks or answers to look at all: then the first thousand and a sample of the rest were.',
    }),
  }),
})

builder.queryFields((t) => ({
  holdups: t.field({
    type: HoldupReportRef,
    description:
      'What holds up the most tasks: tasks that others wait for, pools, concurrency keys, pauses, missing workers, times, events from outside.',
    authScopes: { role: 'VIEWER' },
    args: { first: t.arg.int({ description: `How many causes, 1 to ${MAX_PAGE_SIZE}; 20 when it is absent.` }) },
    resolve: async (_root, { first }, context) => {
      const { holdups, isComplete } = await readHoldups(context.engine, context.tenant, pageOf({ first }).size)
      return { holdups: await explained(context, holdups), isComplete }
    },
  }),
}))

/** The causes in the words of a task that each has held long; one that has let go of all those meanwhile is left out. */
async function explained(context: GraphContext, holdups: readonly Holdup[]): Promise<ExplainedHoldup[]> {
  const ids = [...new Set(holdups.flatMap(({ longest }) => longest))]
  const tasks = await readWaitingTasks(context.db, context.tenant, ids)
  const reasons = await readBlockers(context, tasks)
  const byId = new Map(tasks.map((task, place) => [task.id, { task, reasons: reasons[place]! }]))
  return holdups.flatMap((holdup) => {
    for (const id of holdup.longest) {
      const found = byId.get(id)
      const blocker = found?.reasons.find((reason) => isOf(holdup.cause, reason, found.task))
      if (blocker !== undefined) return [{ ...holdup, blocker: ofAll(blocker), oldestId: id }]
    }
    return []
  })
}

/** What the others that it holds wait for too: conditions are each task's own. */
function ofAll(reason: Reason): Reason {
  return reason.kind === 'external' ? { ...reason, ...awaits(reason.waitKey, null) } : reason
}

function isOf(cause: Cause, reason: Reason, task: WaitingTask): boolean {
  switch (cause.kind) {
    case 'limit':
      return task.blockedOn === cause.key && reason.kind !== 'pause' && reason.kind !== 'no-worker'
    case 'dependency':
      return reason.kind === 'dependency' && reason.dependsOnId === cause.id
    case 'pause':
      return reason.kind === 'pause' && reason.scope === cause.scope
    case 'no-worker':
      return reason.kind === 'no-worker'
    case 'time':
      return reason.kind === 'time'
    case 'external':
      return reason.kind === 'external' && reason.waitKey === cause.waitKey
    default:
      return cause satisfies never
  }
}
