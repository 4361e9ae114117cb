import { builder } from '../builder.ts'
import type { CountedPage } from '../task/task-connection.ts'
import { Approval } from './approval.ts'
import { WorkflowRun } from './workflow-run.ts'

const COUNT = 'How many there are on all pages together. Costs a count of its own: ask for it only where it is shown.'

const WorkflowRunEdge = builder.edgeObject({
  type: WorkflowRun,
  name: 'WorkflowRunEdge',
  description: 'A run in a list, with its position.',
})

/** A page of runs. The count is a function, so that it is made only when it is asked for. */
export const WorkflowRunConnection = builder.connectionObject(
  {
    type: WorkflowRun,
    name: 'WorkflowRunConnection',
    description: 'A page of a list of runs.',
    fields: (t) => ({
      totalCount: t.int({
        description: COUNT,
        resolve: (page) => (page as unknown as CountedPage).countAll(),
      }),
    }),
  },
  WorkflowRunEdge,
)

const ApprovalEdge = builder.edgeObject({
  type: Approval,
  name: 'ApprovalEdge',
  description: 'An approval in a list, with its position.',
})

export const ApprovalConnection = builder.connectionObject(
  { type: Approval, name: 'ApprovalConnection', description: 'A page of a list of approvals.' },
  ApprovalEdge,
)
