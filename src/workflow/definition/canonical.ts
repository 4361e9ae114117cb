import { createHash } from 'node:crypto'
import { canonicalJson } from '../../task/json-text.ts'
import type { Compensation, Step, StepType, WorkflowDefinition } from './definition.ts'

type Fields = Readonly<Record<string, unknown>>

/** What fields mean where they are left out. */
const DEFAULTS: Readonly<Record<StepType, Fields>> = {
  TASK: {},
  CONDITION: {},
  PARALLEL: { join: 'ALL' },
  SEQUENTIAL: {},
  LOOP: {},
  MAP: { tolerateFailures: 0 },
  WAIT: {},
  APPROVAL: { need: 1, onRefusal: 'FAIL' },
  WEBHOOK: { method: 'POST', callback: false },
  SUBWORKFLOW: {},
  CUSTOM: {},
}
const EVERY_STEP: Fields = { onFailure: 'FAIL' }
const LIMITS: Fields = { maxParallelSteps: 10 }
const CONCURRENCY: Fields = { whenFull: 'WAIT' }

/** Lists whose order says nothing. */
const SETS: readonly string[] = ['after', 'then', 'else']
/** Lists and objects that say nothing when they are empty. */
const NOTHING_WHEN_EMPTY: readonly string[] = [
  ...SETS,
  'options',
  'headers',
  'limits',
  'context',
  'tags',
  'labels',
  'pools',
]

/**
 * A definition without what says nothing: defaults that are written out, empty lists and objects, and the editor's `$schema`. Two that
 * differ in nothing else are equal as `canonicalJson`.
 */
export function canonicalDefinition(definition: WorkflowDefinition): WorkflowDefinition {
  const { $schema: _, limits, steps, ...rest } = definition
  const { concurrency, ...others } = limits ?? {}
  const bounds = {
    ...without(others as Fields, LIMITS),
    ...(concurrency && { concurrency: without(concurrency as Fields, CONCURRENCY) }),
  }
  return meaningful({ ...rest, limits: bounds, steps: steps.map(canonicalStep) }) as unknown as WorkflowDefinition
}

/** SHA-256 of what a definition says, in hexadecimal: the same for any order of keys, and for defaults written out or not. */
export function contentHash(definition: WorkflowDefinition): string {
  return createHash('sha256')
    .update(canonicalJson(canonicalDefinition(definition)))
    .digest('hex')
}

function canonicalStep(step: Step): Fields {
  const { compensate, ...rest } = step
  const said = without(rest as unknown as Fields, { ...EVERY_STEP, ...DEFAULTS[step.type] })
  return meaningful({
    ...said,
    ...('steps' in step && { steps: step.steps.map(canonicalStep) }),
    ...(compensate !== undefined && { compensate: canonicalCompensation(compensate) }),
    ...('options' in step && step.options !== undefined && { options: meaningful(step.options as Fields) }),
  })
}

function canonicalCompensation(step: Compensation): Fields {
  const options = 'options' in step && step.options !== undefined && { options: meaningful(step.options as Fields) }
  return meaningful({ ...without(step as unknown as Fields, DEFAULTS[step.type]), ...options })
}

function without(fields: Fields, defaults: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => !(name in defaults) || value !== defaults[name]),
  )
}

function meaningful(fields: Fields): Fields {
  const said = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (value === undefined || (NOTHING_WHEN_EMPTY.includes(name) && isEmpty(value))) return []
    return [[name, SETS.includes(name) && Array.isArray(value) ? value.toSorted() : value]]
  })
  return Object.fromEntries(said)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
