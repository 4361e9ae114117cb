import type { JsonValue } from '../../../task/json.ts'
import { MAX_ITERATIONS } from '../../definition/bounds.ts'
import { addIteration } from '../add-step.ts'
import type { Draft, OpenStep } from '../draft.ts'
import { completeWith, failStep } from '../end-step.ts'
import { asValue, bounded, type Evaluated, errorOf, evaluate } from '../evaluate.ts'
import { iterationPath } from '../path.ts'
import type { StepRun } from '../run-state.ts'
import { openScope } from '../scope.ts'
import { close, failing } from '../stop.ts'
import { placeOf } from '../values.ts'
import type { StepOf, StepRule } from './step-rule.ts'

/** A MAP has at most so many iterations under way, and knows the rest by their number alone. */
export const mapRule: StepRule<'MAP'> = {
  start(draft, row, step) {
    const items = itemsOf(draft, row, step)
    if (items.kind === 'ERROR') return failStep(draft, row, items.error)
    if (items.kind === 'MISSING') return
    row.next = 0
    row.total = items.value.length
    draft.keepItems(row.path, items.value)
    if (row.total === 0) completeMap(draft, row)
    else draft.agenda.add(row.path, draft.planned(row).order)
  },

  /** Begins one iteration, and comes back while there is room for more. */
  goOn(draft, row) {
    if (!hasNext(draft, row)) return
    const index = row.next
    row.next += 1
    const item = draft.item(row.path, index)
    if (item !== undefined) {
      const iteration = addIteration(draft, row, index)
      iteration.input = item
      openScope(draft, iteration, draft.planned(row).inner!)
    }
    if (hasNext(draft, row)) draft.agenda.add(row.path, draft.planned(row).order)
  },

  childEnded(draft, row, iteration) {
    const step = draft.planned(row).step as StepOf<'MAP'>
    row.ended += 1
    if (iteration.status === 'COMPLETED') row.completed += 1
    else row.failed += 1
    if (row.failed > (step.tolerateFailures ?? 0)) return close(draft, row, failing(iteration.error!))
    if (row.ended === row.total) completeMap(draft, row)
    else if (hasNext(draft, row)) draft.agenda.add(row.path, draft.planned(row).order)
  },
}

/** Whether there is an element left, and room for it. Iterations count until their end was told. */
export function hasNext(draft: Draft, row: StepRun): boolean {
  return row.next < row.total! && row.next - row.ended < roomOf(draft, row)
}

/** Whether an iteration that was reopened may go on. */
export function hasRoomAgain(draft: Draft, row: StepRun): boolean {
  const begun = draft.openIn(row).filter((path) => draft.get(path)!.status !== 'PENDING')
  return begun.length < roomOf(draft, row)
}

function roomOf(draft: Draft, row: StepRun): number {
  const { maxParallel } = draft.planned(row).step as StepOf<'MAP'>
  return maxParallel ?? draft.plan.maxParallelSteps
}

function itemsOf(draft: Draft, row: OpenStep, { items }: StepOf<'MAP'>): Evaluated<readonly JsonValue[]> {
  if (typeof items !== 'string') return asValue(items)
  const answer = evaluate(draft, placeOf(draft, row), items)
  if (answer.kind !== 'VALUE') return answer
  if (Array.isArray(answer.value)) return withinBounds(answer.value)
  return errorOf(
    'NOT_A_LIST',
    `"${items}" answered ${JSON.stringify(answer.value).slice(0, 100)}, where a list is asked for.`,
  )
}

function withinBounds(items: readonly JsonValue[]): Evaluated<readonly JsonValue[]> {
  if (items.length <= MAX_ITERATIONS) return asValue(items)
  return errorOf('TOO_MANY_ITERATIONS', `The list has ${items.length} elements; ${MAX_ITERATIONS} at most.`)
}

function completeMap(draft: Draft, row: OpenStep): void {
  const outputs = outputsOf(draft, row)
  if (outputs !== undefined) completeWith(draft, row, bounded(draft, outputs))
}

/** Those of this call, and the others as the store has them. */
function outputsOf(draft: Draft, row: OpenStep): JsonValue[] | undefined {
  const outputs: JsonValue[] = []
  let stored: readonly JsonValue[] | undefined
  for (let index = 0; index < row.total!; index++) {
    const iteration = draft.get(iterationPath(row.path, index))
    if (iteration === undefined) {
      stored ??= draft.outputs(row.path)
      if (stored === undefined) return undefined
    }
    outputs.push((iteration === undefined ? stored?.[index] : iteration.output) ?? null)
  }
  return outputs
}
