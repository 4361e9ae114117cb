import type { InputIssue } from './refusal.ts'
import { parseSelector, type Requirement } from './selector.ts'

/** Workers that a task would rather have: those that meet a selector count so much more. */
export interface WorkerPreference {
  /** Conditions on the labels of the worker; see parseSelector. */
  readonly selector: string
  /** Whole number from 1 to 100; 1 when absent. */
  readonly weight?: number
}

/** What a task would rather have, as claims compare it. */
export interface Preferences {
  readonly terms: readonly { readonly weight: number; readonly requirements: readonly Requirement[] }[]
  /** So long it waits for a better worker that lives, in milliseconds. */
  readonly graceMs: number
}

export const DEFAULT_GRACE_MS = 5_000
const LONGEST_GRACE_MS = 86_400_000
const MOST_PREFERENCES = 10

interface Asked {
  readonly workerPreferences?: readonly WorkerPreference[]
  readonly preferenceGraceMs?: number
}

/** Everything wrong with what a task prefers. */
export function checkPreferences(
  { workerPreferences, preferenceGraceMs }: Asked,
  path: readonly (string | number)[],
  checkSelector: (selector: string, path: readonly (string | number)[]) => readonly InputIssue[],
): InputIssue[] {
  const issues: InputIssue[] = []
  const graceAt = [...path, 'preferenceGrace']
  if (preferenceGraceMs !== undefined && (workerPreferences ?? []).length === 0)
    issues.push({ path: graceAt, message: 'goes with workerPreferences only' })
  else if (preferenceGraceMs !== undefined && !(preferenceGraceMs >= 0 && preferenceGraceMs <= LONGEST_GRACE_MS))
    issues.push({ path: graceAt, message: `is ${preferenceGraceMs} ms; give 0 ms to a day` })
  if ((workerPreferences ?? []).length > MOST_PREFERENCES) {
    const message = `holds ${workerPreferences!.length} preferences; ${MOST_PREFERENCES} at most`
    return [...issues, { path: [...path, 'workerPreferences'], message }]
  }
  for (const [index, { selector, weight = 1 }] of (workerPreferences ?? []).entries()) {
    const at = [...path, 'workerPreferences', index]
    issues.push(...checkSelector(selector, [...at, 'selector']))
    if (!Number.isInteger(weight) || weight < 1 || weight > 100)
      issues.push({ path: [...at, 'weight'], message: `is ${weight}; give a whole number from 1 to 100` })
  }
  return issues
}

/** What a task prefers, as it is kept to be shown; null for nothing. */
export interface AskedPreferences {
  readonly workers: readonly Required<WorkerPreference>[]
  readonly graceMs: number
}

export function askedPreferences({ workerPreferences = [], preferenceGraceMs }: Asked): AskedPreferences | null {
  if (workerPreferences.length === 0) return null
  return {
    workers: workerPreferences.map(({ selector, weight = 1 }) => ({ selector, weight })),
    graceMs: Math.round(preferenceGraceMs ?? DEFAULT_GRACE_MS),
  }
}

/** What a task prefers and how that is written: the same text for the same preferences. Null for nothing. */
export function preferencesOf(task: Asked): { preferences: Preferences; text: string } | null {
  const asked = askedPreferences(task)
  if (asked === null) return null
  const { workers, graceMs } = asked
  const terms = workers.map(({ selector, weight }) => {
    const parsed = parseSelector(selector)
    if (!parsed.ok) throw new Error('A selector was checked and cannot be read')
    return { weight, requirements: parsed.requirements, canonical: parsed.canonical }
  })
  terms.sort((a, b) => b.weight - a.weight || (a.canonical < b.canonical ? -1 : 1))
  const text = `${terms.map(({ weight, canonical }) => `${weight}*(${canonical})`).join('+')} for ${graceMs} ms`
  return { preferences: { terms: terms.map(({ weight, requirements }) => ({ weight, requirements })), graceMs }, text }
}
