import { readReaches } from '../../../expression/reaches.ts'
import { conditionText } from '../condition-text.ts'
import type { Compensation, Condition, Step, StepBase, Template } from '../definition.ts'
import type { ProblemPath } from '../problem.ts'
import { OPEN, textParts } from '../text-parts.ts'

/** An expression of a step, and where it stands. */
export interface Text {
  readonly path: ProblemPath
  readonly text: string
  /** Whether it must answer true or false. */
  readonly isCondition: boolean
  /** Variables that are there only for this one. */
  readonly extra?: 'event' | 'callback'
  /** From a condition in object form with parts that cannot be read, which are told each at its place. */
  readonly hasBadParts?: boolean
  /** A text with `${{` that cannot be split into its parts. */
  readonly isOpen?: boolean
}

/** What a step says with expressions, beside its guard, those of a LOOP, and its compensation. */
export function textsOf(step: Step | Compensation, path: ProblemPath): readonly Text[] {
  const at = (...more: ProblemPath) => [...path, ...more]
  switch (step.type) {
    case 'TASK': {
      const { concurrencyKey, rateKey, labels } = step.options ?? {}
      return [
        ...ofTemplate(step.input, at('input')),
        ...ofTemplate(concurrencyKey, at('options', 'concurrencyKey')),
        ...ofTemplate(rateKey, at('options', 'rateKey')),
        ...ofTemplate(labels, at('options', 'labels')),
      ]
    }
    case 'CONDITION':
      return ofCondition(step.if, at('if'))
    case 'LOOP':
      return typeof step.times === 'string' ? [ofExpression(step.times, at('times'))] : []
    case 'MAP':
      return typeof step.items === 'string' ? [ofExpression(step.items, at('items'))] : []
    case 'WAIT':
      return [
        ...ofTemplate(step.duration, at('duration')),
        ...ofTemplate(step.until, at('until')),
        ...ofTemplate(step.event?.key, at('event', 'key')),
        ...ofCondition(step.event?.where, at('event', 'where')).map((text) => ({ ...text, extra: 'event' as const })),
        ...ofTemplate(step.onTimeout?.output, at('onTimeout', 'output')),
      ]
    case 'APPROVAL':
      return [
        ...ofTemplate(step.message, at('message')),
        ...ofTemplate(step.approvers.principals, at('approvers', 'principals')),
        ...ofTemplate(step.onTimeout?.form, at('onTimeout', 'form')),
      ]
    case 'WEBHOOK': {
      const body = ofTemplate(step.body, at('body'))
      return [
        ...ofTemplate(step.url, at('url')),
        ...ofTemplate(step.headers, at('headers')),
        ...(step.callback === true ? body.map((text) => ({ ...text, extra: 'callback' as const })) : body),
      ]
    }
    case 'SUBWORKFLOW':
    case 'CUSTOM':
      return ofTemplate(step.input, at('input'))
    case 'PARALLEL':
    case 'SEQUENTIAL':
      return []
  }
}

export function guardOf({ when }: StepBase, path: ProblemPath): readonly Text[] {
  return ofCondition(when, [...path, 'when'])
}

export function ofExpression(text: string, path: ProblemPath): Text {
  return { path, text, isCondition: false }
}

/** Its texts of CEL each at its place, then the whole of one in object form. */
export function ofCondition(condition: Condition | undefined, path: ProblemPath): readonly Text[] {
  if (condition === undefined) return []
  if (typeof condition === 'string') return [{ path, text: condition, isCondition: true }]
  const hasBadParts = leavesOf(condition, path).some(({ text }) => !readReaches(text).ok)
  return [{ path, text: conditionText(condition), isCondition: true, hasBadParts }]
}

/** CEL and fields within a condition in object form. */
export function leavesOf(
  condition: Condition,
  path: ProblemPath,
): readonly { path: ProblemPath; text: string; isField: boolean }[] {
  if (typeof condition === 'string') return [{ path, text: condition, isField: false }]
  const each = (conditions: readonly Condition[], field: string) =>
    conditions.flatMap((one, at) => leavesOf(one, [...path, field, at]))
  if ('and' in condition) return each(condition.and, 'and')
  if ('or' in condition) return each(condition.or, 'or')
  if ('not' in condition) return leavesOf(condition.not, [...path, 'not'])
  return [{ path: [...path, 'field'], text: condition.field, isField: true }]
}

/** The expressions in the texts of a JSON value. */
export function ofTemplate(template: Template | undefined, path: ProblemPath): readonly Text[] {
  if (template === undefined || template === null) return []
  if (typeof template === 'string') return template.includes(OPEN) ? ofText(template, path) : []
  if (typeof template !== 'object') return []
  const entries: readonly [string | number, Template][] = Array.isArray(template)
    ? [...template.entries()]
    : Object.entries(template)
  return entries.flatMap(([key, part]) => ofTemplate(part, [...path, key]))
}

function ofText(text: string, path: ProblemPath): readonly Text[] {
  return textParts(text).flatMap((part): Text[] => {
    if (typeof part !== 'string') return [ofExpression(part.expression, path)]
    return part.includes(OPEN) ? [{ path, text: part, isCondition: false, isOpen: true }] : []
  })
}
