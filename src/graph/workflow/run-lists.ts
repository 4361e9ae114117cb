import { builder } from '../builder.ts'
import { EventPage, eventsPage } from '../event/events.ts'
import { MAX_PAGE_SIZE, pageOf } from '../page.ts'
import { countChildRuns, countTasksOfRun } from '../task/count-related.ts'
import { Task } from '../task/task.ts'
import { TaskConnection } from '../task/task-connection.ts'
import { Approval } from './approval.ts'
import { relationNewestFirst } from './newest-first.ts'
import { ApprovalConnection, WorkflowRunConnection } from './run-connection.ts'
import { WorkflowRun } from './workflow-run.ts'

builder.prismaObjectFields(WorkflowRun, (t) => ({
  children: t.connection(
    relationNewestFirst('children', WorkflowRun, {
      typeName: 'WorkflowRun',
      description: 'Runs that its steps have started, the latest first.',
      count: countChildRuns as never,
    }),
    WorkflowRunConnection,
  ),
  tasks: t.connection(
    relationNewestFirst('tasks', Task, {
      typeName: 'Task',
      description: 'Tasks that its steps have made, the latest first.',
      count: countTasksOfRun as never,
    }),
    TaskConnection,
  ),
  approvals: t.connection(
    relationNewestFirst('approvals', Approval, {
      typeName: 'Approval',
      description: 'What its steps have asked people, the latest first.',
    }),
    ApprovalConnection,
  ),
  events: t.field({
    type: EventPage,
    description: 'What happened to it and its steps, from the earliest that is kept.',
    args: {
      first: t.arg.int({ description: `How many, 1 to ${MAX_PAGE_SIZE}; 20 when it is absent.` }),
      after: t.arg({ type: 'Cursor', description: 'Only what came after this position.' }),
    },
    resolve: async ({ id, tenant }, { after, first }, { events }) =>
      eventsPage(
        await events.readEvents({
          tenant,
          filter: { runIds: [id] },
          first: pageOf({ first }).size,
          ...(after != null && { after }),
        }),
      ),
  }),
  cursor: t.field({
    type: 'Cursor',
    description:
      'Subscribe to events after this and none is missed. It may lie behind the run: drop events whose `seq` is not above the run’s.',
    resolve: (_run, _args, { cursorBeforeReads, events }) => cursorBeforeReads ?? events.readCursor(),
  }),
}))

builder.prismaObjectFields('Task', (t) => ({
  workflowRun: t.relation('run', {
    nullable: true,
    description: 'The run whose step it carries out; null: it belongs to none, or that is gone.',
  }),
  stepPath: t.exposeString('stepPath', {
    nullable: true,
    description: 'Path of that step in its run; null: it belongs to none.',
  }),
  stepRun: t.relation('step', { nullable: true, description: 'That step.' }),
}))
