import type { JsonValue } from '../../task/json.ts'
import { canonicalJson } from '../../task/json-text.ts'
import { canonicalDefinition } from './canonical.ts'
import type { Step, StepType, WorkflowDefinition } from './definition.ts'
import { type ProblemPath, pathText } from './problem.ts'

/** A field that differs; what is absent on a side was not there. */
export interface FieldChange {
  /** Such as `input.url` or `retry.maxAttempts`; of a step from the step. */
  readonly path: string
  readonly before?: JsonValue
  readonly after?: JsonValue
}

/** What became of one step; `holder` is the id of the step that holds it, null for those of the run. */
export type StepChange =
  | { readonly kind: 'ADDED' | 'REMOVED'; readonly id: string; readonly type: StepType; readonly holder: string | null }
  /** To another holder, or to another place among those that stayed beside it. */
  | { readonly kind: 'MOVED'; readonly id: string; readonly from: string | null; readonly to: string | null }
  | { readonly kind: 'CHANGED'; readonly id: string; readonly fields: readonly FieldChange[] }

/** What differs between two versions of a definition; nothing in either list when they mean the same. */
export interface DefinitionDiff {
  /** Of the definition itself: schemas, limits, context, result. */
  readonly fields: readonly FieldChange[]
  /** First those of the later version in its order, then those that are gone. */
  readonly steps: readonly StepChange[]
}

interface Entry {
  readonly step: Step
  readonly holder: string | null
}

export function diffDefinitions(before: WorkflowDefinition, after: WorkflowDefinition): DefinitionDiff {
  const { steps: oldSteps, ...old } = canonicalDefinition(before)
  const { steps: newSteps, ...now } = canonicalDefinition(after)
  const was = entriesOf(oldSteps)
  const is = entriesOf(newSteps)
  const moved = movedSteps(was, is)
  const changes = [...is].flatMap(([id, entry]) => changesOf(id, was.get(id), entry, moved))
  const removed = [...was]
    .filter(([id]) => !is.has(id))
    .map(([id, { step, holder }]): StepChange => ({ kind: 'REMOVED', id, type: step.type, holder }))
  return { fields: fieldChanges(old as never, now as never), steps: [...changes, ...removed] }
}

/** A difference as lines: `+` added, `-` removed, `>` moved, `~` changed. */
export function diffText({ fields, steps }: DefinitionDiff): string {
  return [...fields.map((field) => `~ ${fieldText(field)}`), ...steps.flatMap(stepLines)].join('\n')
}

function stepLines(change: StepChange): string[] {
  switch (change.kind) {
    case 'ADDED':
    case 'REMOVED': {
      const sign = change.kind === 'ADDED' ? '+' : '-'
      return [`${sign} ${change.id} (${change.type}${change.holder === null ? '' : ` in ${change.holder}`})`]
    }
    case 'MOVED': {
      if (change.from === change.to) return [`> ${change.id}: to another place in the order`]
      return [`> ${change.id}: from ${change.from ?? 'the run'} to ${change.to ?? 'the run'}`]
    }
    case 'CHANGED':
      return change.fields.map((field) => `~ ${change.id}.${fieldText(field)}`)
  }
}

function fieldText({ path, before, after }: FieldChange): string {
  return `${path}: ${shown(before)} → ${shown(after)}`
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}

function changesOf(id: string, was: Entry | undefined, is: Entry, moved: ReadonlySet<string>): StepChange[] {
  if (was === undefined) return [{ kind: 'ADDED', id, type: is.step.type, holder: is.holder }]
  const fields = fieldChanges(alone(was.step), alone(is.step))
  return [
    ...(moved.has(id) ? [{ kind: 'MOVED', id, from: was.holder, to: is.holder } as const] : []),
    ...(fields.length > 0 ? [{ kind: 'CHANGED', id, fields } as const] : []),
  ]
}

/** A step without those that it holds. */
function alone(step: Step): JsonValue {
  const { steps: _, ...rest } = step as Step & { steps?: unknown }
  return rest as unknown as JsonValue
}

function entriesOf(steps: readonly Step[], holder: string | null = null, all = new Map<string, Entry>()) {
  for (const step of steps) {
    all.set(step.id, { step, holder })
    if ('steps' in step) entriesOf(step.steps, step.id, all)
  }
  return all
}

/** Those with another holder; and of those that stayed with theirs, the fewest that explain the order. */
function movedSteps(was: ReadonlyMap<string, Entry>, is: ReadonlyMap<string, Entry>): ReadonlySet<string> {
  const places = new Map([...was.keys()].map((id, at) => [id, at]))
  const common = [...is].filter(([id]) => was.has(id))
  const moved = new Set(common.filter(([id, { holder }]) => was.get(id)!.holder !== holder).map(([id]) => id))
  const stayed = Map.groupBy(
    common.filter(([id]) => !moved.has(id)),
    ([, { holder }]) => holder,
  )
  for (const siblings of stayed.values()) {
    const order = siblings.map(([id]) => id)
    const kept = longestRising(order.map((id) => places.get(id)!))
    for (const [at, id] of order.entries()) if (!kept.has(at)) moved.add(id)
  }
  return moved
}

/**
 * Positions of a longest rising run of numbers, not necessarily beside each other.
 *
 * @see https://en.wikipedia.org/wiki/Longest_increasing_subsequence
 */
function longestRising(numbers: readonly number[]): ReadonlySet<number> {
  const ends: number[] = []
  const before: (number | undefined)[] = []
  for (const [at, number] of numbers.entries()) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (numbers[ends[middle]!]! < number) low = middle + 1
      else high = middle
    }
    before.push(ends[low - 1])
    ends[low] = at
  }
  const kept = new Set<number>()
  for (let at = ends.at(-1); at !== undefined; at = before[at]) kept.add(at)
  return kept
}

function fieldChanges(before: JsonValue, after: JsonValue, path: ProblemPath = []): readonly FieldChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return []
  const keys = commonKeys(before, after)
  if (keys === null) return [{ path: pathText(path), before, after }]
  return keys.flatMap((key) => {
    const [old, now] = [before, after].map((side) => (side as Record<string | number, JsonValue | undefined>)[key])
    const here = [...path, key]
    if (old === undefined) return [{ path: pathText(here), after: now! }]
    return now === undefined ? [{ path: pathText(here), before: old }] : fieldChanges(old, now, here)
  })
}

/** Of two objects, or two lists of one length; null when they are to be compared as a whole. */
function commonKeys(before: JsonValue, after: JsonValue): (string | number)[] | null {
  if (Array.isArray(before) && Array.isArray(after))
    return before.length === after.length && before.some(isObject) ? [...before.keys()] : null
  if (!isObject(before) || !isObject(after)) return null
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
