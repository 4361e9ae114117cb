import { createHash } from 'node:crypto'
import type { NewTask, TaskDefaults } from './new-task.ts'
import { type Preferences, preferencesOf } from './preference.ts'
import { type Amounts, amountsOf, askedResources, countedAmounts } from './resources.ts'
import { parseSelector, type Requirement } from './selector.ts'

/** What tasks ask of workers: those with the same stand in one line of the claim index. */
export interface Placement {
  /** What it is known by; see {@link PARTS}. */
  readonly key: string
  readonly requirements: readonly Requirement[]
  /** What each such task counts as; null for nothing. */
  readonly resources: Amounts | null
  readonly preferences: Preferences | null
}

/**
 * A key is the canonical selector; where resources are asked for a semicolon and their counted amounts follow; where workers are
 * preferred another and those. None of the first two holds a semicolon. '' stands for any worker.
 */
const PARTS = ';'
/** Longer texts stand for themselves by their hash: the key is part of an index. */
const LONGEST_PART = 200

/** Where a new task may run; null for anywhere. */
export function placementOf(asked: NewTask, defaults: TaskDefaults): Placement | null {
  const resources = countedAmounts(amountsOf(askedResources(asked.resources, defaults.resources) ?? {}))
  const amounts = Object.entries(resources).map(([name, amount]) => `${name}=${amount}`)
  const selected = asked.workerSelector === undefined ? null : parseSelector(asked.workerSelector)
  if (selected?.ok === false) throw new Error('A selector was checked and cannot be read')
  const preferred = preferencesOf(asked)
  const parts = [selected?.canonical ?? '', short(amounts.join(',')), short(preferred?.text ?? '')]
  const key = parts.join(PARTS).replace(/;+$/, '')
  if (key === '') return null
  return {
    key,
    requirements: selected?.requirements ?? [],
    resources: amounts.length === 0 ? null : resources,
    preferences: preferred?.preferences ?? null,
  }
}

function short(text: string): string {
  return text.length <= LONGEST_PART ? text : `#${createHash('sha256').update(text).digest('base64url')}`
}

/** The canonical selector of a placement; '' for none. */
export function selectorOf(key: string): string {
  return key.split(PARTS)[0]!
}

/** Whether tasks of this placement take room of their worker. */
export function takesRoom(key: string): boolean {
  return (key.split(PARTS)[1] ?? '') !== ''
}

/** Whether some worker may suit tasks of this placement better than others. */
export function hasPreferences(key: string): boolean {
  return (key.split(PARTS)[2] ?? '') !== ''
}
