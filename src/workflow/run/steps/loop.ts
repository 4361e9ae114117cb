import type { JsonValue } from '../../../task/json.ts'
import { MAX_ITERATIONS } from '../../definition/bounds.ts'
import { addIteration } from '../add-step.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { completeStep, failStep } from '../end-step.ts'
import { asValue, type Evaluated, errorOf, evaluate, holds } from '../evaluate.ts'
import { iterationPath } from '../path.ts'
import type { StepError } from '../run-state.ts'
import { openScope } from '../scope.ts'
import { close, failing } from '../stop.ts'
import { type Place, placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/** A LOOP runs one iteration after the other: `times` and `while` are looked at before each, `until` after it. */
export const loopRule: StepRule<'LOOP'> = {
  start(draft, row, step) {
    row.next = 0
    const times = timesOf(draft, row, step)
    if (times.kind === 'ERROR') return failStep(draft, row, times.error)
    if (times.kind === 'MISSING') return
    row.total = times.value
    draft.agenda.add(row.path, draft.planned(row).order)
  },

  goOn(draft, row, step) {
    if (draft.hasOpen(row)) return
    const more = isMoreToDo(draft, row, step)
    if (more.kind === 'ERROR') return failStep(draft, row, more.error)
    if (more.kind === 'MISSING') return
    if (!more.value) return completeLoop(draft, row)
    if (step.maxIterations !== undefined && row.next >= step.maxIterations) return failStep(draft, row, limit(step))
    const iteration = addIteration(draft, row, row.next)
    row.next += 1
    openScope(draft, iteration, draft.planned(row).inner!)
  },

  childEnded(draft, row, iteration) {
    const step = draft.planned(row).step as StepOf<'LOOP'>
    row.ended += 1
    if (iteration.status === 'FAILED') return close(draft, row, failing(iteration.error!))
    row.completed += 1
    const isDone =
      step.until === undefined ? asValue(false) : holds(draft, placeIn(draft, row, row.next - 1), step.until)
    if (isDone.kind === 'ERROR') return failStep(draft, row, isDone.error)
    if (isDone.kind === 'MISSING') return
    if (isDone.value) completeLoop(draft, row)
    else draft.agenda.add(row.path, draft.planned(row).order)
  },
}

function timesOf(draft: Draft, row: OpenStep, { times }: StepOf<'LOOP'>): Evaluated<number | null> {
  if (times === undefined || typeof times === 'number') return asValue(times ?? null)
  const answer = evaluate(draft, placeOf(draft, row), times)
  if (answer.kind !== 'VALUE') return answer
  const count = Number(answer.value)
  if (typeof answer.value === 'number' && Number.isSafeInteger(count) && count >= 0) return withinBounds(count)
  return errorOf(
    'INVALID_TIMES',
    `"${times}" answered ${JSON.stringify(answer.value)}, where a whole number from 0 is asked for.`,
  )
}

function withinBounds(times: number): Evaluated<number> {
  if (times <= MAX_ITERATIONS) return asValue(times)
  return errorOf('TOO_MANY_ITERATIONS', `It would run ${times} times; ${MAX_ITERATIONS} at most.`)
}

function isMoreToDo(draft: Draft, row: OpenStep, step: StepOf<'LOOP'>): Evaluated<boolean> {
  if (row.total !== null && row.next >= row.total) return asValue(false)
  return step.while === undefined ? asValue(true) : holds(draft, placeIn(draft, row, row.next), step.while)
}

/** Where `while` and `until` stand: in an iteration, also in one that has not begun. */
function placeIn(draft: Draft, row: OpenStep, index: number): Place {
  return { path: iterationPath(row.path, index), scope: draft.planned(row).inner! }
}

function completeLoop(draft: Draft, row: OpenStep): void {
  const output = lastOutput(draft, row)
  if (output !== undefined) completeStep(draft, row, output)
}

function lastOutput(draft: Draft, row: OpenStep): JsonValue | undefined {
  if (row.next === 0) return null
  const last = draft.look(iterationPath(row.path, row.next - 1))
  return last === undefined ? undefined : (last?.output ?? null)
}

function limit({ maxIterations }: StepOf<'LOOP'>): StepError {
  return { code: 'LOOP_LIMIT', message: `It would go on after ${maxIterations} iterations, its \`maxIterations\`.` }
}
