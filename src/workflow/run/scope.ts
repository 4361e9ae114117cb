import type { JsonValue } from '../../task/json.ts'
import { addStep } from './add-step.ts'
import type { Draft, Holder } from './draft.ts'
import { endRun } from './end-run.ts'
import { completeWith } from './end-step.ts'
import { asValue, bounded, type Evaluated } from './evaluate.ts'
import { stepPath } from './path.ts'
import type { Edge, PlannedScope, PlannedStep } from './plan.ts'
import type { StepRun } from './run-state.ts'
import { close, failing } from './stop.ts'

// A run, a SEQUENTIAL and an iteration: steps in the order of their edges, to the first failure.

/** Reaches the steps that come after no other. */
export function openScope(draft: Draft, holder: Holder, scope: PlannedScope): void {
  for (const planned of scope.first) addStep(draft, holder.path, planned)
  if (scope.steps.length === 0) completeScope(draft, holder, scope)
}

/** A step of the scope has ended: those after it are nearer, or the scope fails with it. */
export function stepEnded(draft: Draft, holder: Holder, child: StepRun): void {
  const planned = draft.planned(child)
  holder.ended += 1
  if (child.status === 'FAILED' && planned.onFailure !== 'CONTINUE') {
    close(draft, holder, failing(child.error!, planned.onFailure === 'COMPENSATE'))
    return
  }
  for (const edge of planned.after) pass(draft, holder, edge, child)
  if (holder.ended === planned.scope.steps.length) completeScope(draft, holder, planned.scope)
}

function pass(draft: Draft, holder: Holder, edge: Edge, child: StepRun): void {
  const row = draft.edit(stepPath(holder.path, edge.to.id)) ?? addStep(draft, holder.path, edge.to)
  row.waitingOn -= 1
  if (leadsOn(edge, child)) row.isChosen = true
  if (row.waitingOn === 0) draft.agenda.add(row.path, edge.to.order)
}

/** Whether the step that has ended leads along an edge. One that failed and comes here goes on by its rule. */
export function leadsOn({ kind }: Edge, { status, output }: StepRun): boolean {
  if (status === 'SKIPPED') return false
  switch (kind) {
    case 'AFTER':
      return true
    case 'THEN':
      return output === true
    case 'ELSE':
      return output === false
    case 'TURN':
      return false
  }
}

/** All its steps have ended. */
export function completeScope(draft: Draft, holder: Holder, scope: PlannedScope): void {
  if (holder.type === 'RUN') {
    endRun(draft, scopeOutput(draft, holder, scope))
    return
  }
  completeWith(draft, holder, scopeOutput(draft, holder, scope))
}

function scopeOutput(draft: Draft, holder: Holder, { last }: PlannedScope): Evaluated<JsonValue> {
  if (last.length > 1) return outputsOf(draft, holder, last)
  if (last.length === 0) return asValue(null)
  const row = draft.look(stepPath(holder.path, last[0]!.id))
  return row === undefined ? { kind: 'MISSING' } : asValue(row?.output ?? null)
}

/** Outputs of those that completed, by their ids. */
export function outputsOf(draft: Draft, { path }: Holder, steps: readonly PlannedStep[]): Evaluated<JsonValue> {
  const outputs: Record<string, JsonValue> = {}
  let isMissing = false
  for (const { id } of steps) {
    const row = draft.look(stepPath(path, id))
    if (row === undefined) isMissing = true
    else if (row?.status === 'COMPLETED') outputs[id] = row.output ?? null
  }
  return isMissing ? { kind: 'MISSING' } : bounded(draft, outputs)
}
