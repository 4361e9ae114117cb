import { builder } from '../builder.ts'

export const WorkflowStatusEnum = builder.enumType('WorkflowStatus', {
  description: 'What may be done with a version of a workflow.',
  values: {
    DRAFT: { description: 'Not to be run yet.' },
    READY: { description: 'May be run; the newest READY one is what a run without a version gets.' },
    RETIRED: { description: 'Only run where its number is asked for. Runs under way go on.' },
  } as const,
})

export const RunStatusEnum = builder.enumType('RunStatus', {
  description: 'Where a run stands. COMPLETED, FAILED and CANCELLED are the ends.',
  values: {
    PENDING: { description: 'As many runs as its workflow allows are under way: it waits its turn.' },
    RUNNING: { description: 'Steps of it work.' },
    PAUSED: { description: 'Held back by hand: nothing new starts, what works may end.' },
    WAITING: { description: 'All that is open waits: for a time, an event, an answer, a call or a retry.' },
    COMPLETED: { description: 'Ended with an output.' },
    FAILED: { description: 'Ended with an error.' },
    CANCELLED: { description: 'Ended because somebody asked for it.' },
  } as const,
})

export const StepRunStatusEnum = builder.enumType('StepRunStatus', {
  description: 'Where a step of a run stands. COMPLETED, FAILED, CANCELLED and SKIPPED are the ends.',
  values: {
    PENDING: { description: 'Waits for steps before it, or for room.' },
    RUNNING: { description: 'Its task, its child run or steps within it work.' },
    WAITING: { description: 'Waits for a time, an event, an answer, a call or its next attempt.' },
    COMPLETED: { description: 'Ended with an output.' },
    FAILED: { description: 'Ended with an error; no attempt is left.' },
    CANCELLED: { description: 'Ended because what holds it was stopped.' },
    SKIPPED: { description: 'Was not to be run.' },
  } as const,
})

export const StepRunTypeEnum = builder.enumType('StepRunType', {
  description: 'What a step does, or that it is an iteration of one.',
  values: {
    TASK: { description: 'Makes a task and takes its output.' },
    CONDITION: { description: 'Chooses which steps go on.' },
    PARALLEL: { description: 'Runs its steps at the same time.' },
    SEQUENTIAL: { description: 'Runs its steps one after the other.' },
    LOOP: { description: 'Repeats its steps.' },
    MAP: { description: 'Runs its steps once for each element of a list.' },
    WAIT: { description: 'Waits for a duration, a time or an event.' },
    APPROVAL: { description: 'Asks people.' },
    WEBHOOK: { description: 'Sends a request, and may wait for a call back.' },
    SUBWORKFLOW: { description: 'Runs another workflow and takes its output.' },
    CUSTOM: { description: 'Makes a task of the type that an integration serves as `handler`.' },
    ITERATION: { description: 'One round of a LOOP, or one element of a MAP.' },
  } as const,
})

export const ApprovalStatusEnum = builder.enumType('ApprovalStatus', {
  description: 'Where an approval stands.',
  values: {
    OPEN: { description: 'May be answered.' },
    APPROVED: { description: 'Enough have approved, or its time-out counts as that.' },
    REFUSED: { description: 'Not enough can approve any more, or its time-out counts as that.' },
    WITHDRAWN: { description: 'Its step was stopped before it was answered.' },
  } as const,
})
