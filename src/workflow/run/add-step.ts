import type { Draft, OpenStep } from './draft.ts'
import { iterationPath, stepPath } from './path.ts'
import type { PlannedStep } from './plan.ts'
import type { StepPath, StepRun } from './run-state.ts'

/** A row of which nothing has happened yet. */
export function newRow(named: Pick<StepRun, 'path' | 'stepId' | 'type' | 'holder'>): OpenStep {
  return {
    ...named,
    status: 'PENDING',
    attempt: 0,
    index: null,
    isReopened: false,
    waitingOn: 0,
    isChosen: true,
    turn: null,
    total: null,
    next: 0,
    ended: 0,
    completed: 0,
    failed: 0,
    ending: null,
    undoneTo: null,
    awaitedId: null,
    waitKey: null,
    decisions: [],
    isCalledBack: false,
    waitUntil: null,
    retryAt: null,
    failures: 0,
    timeoutAt: null,
    error: null,
    completion: null,
    startedAt: null,
    finishedAt: null,
  }
}

/** A step of a scope is reached: by the scope's beginning, or by the end of the first step before it. */
export function addStep(draft: Draft, scope: StepPath, planned: PlannedStep): OpenStep {
  const { id, step, before, needsChoice, order } = planned
  const row = draft.put({
    ...newRow({ path: stepPath(scope, id), stepId: id, type: step.type, holder: scope }),
    waitingOn: before.length,
    isChosen: !needsChoice,
  })
  if (row.waitingOn === 0) draft.agenda.add(row.path, order)
  return row
}

/** Iterations begin as soon as they are made. */
export function addIteration(draft: Draft, container: OpenStep, index: number): OpenStep {
  const row = draft.put({
    ...newRow({
      path: iterationPath(container.path, index),
      stepId: container.stepId,
      type: 'ITERATION',
      holder: container.path,
    }),
    index,
    status: 'RUNNING',
    attempt: 1,
    startedAt: draft.now,
  })
  draft.say({ kind: 'StepStarted', ...draft.about(row) })
  return row
}
