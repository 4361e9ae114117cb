import type { JsonSchema } from '../../task/json.ts'
import type { Step, Template } from '../definition/definition.ts'
import { choice, count } from './workflow-template.ts'

/** What code review and pull-request review have alike. */
export interface ReviewParameters {
  readonly maxComplexity: number
  readonly asksReviewer: boolean
}

export const REVIEW_PARAMETERS: { readonly [Name in keyof ReviewParameters]: JsonSchema } = {
  maxComplexity: count(
    'Functions of a higher cyclomatic complexity are findings, of the 20 most complex.',
    [1, 15, 1_000],
  ),
  asksReviewer: choice('Whether a worker that serves code_review looks at it as well.', true),
}

/** Expressions over the output of the step `analyse`. */
export interface Findings {
  readonly [kind: string]: string
}

/**
 * Analyses what `input.path` and `input.include` name, and has it looked at.
 *
 * @param review.about told to the reviewer, with the findings and totals
 * @param review.changedSince only what differs from there is analysed
 */
export function reviewSteps(
  { asksReviewer }: Pick<ReviewParameters, 'asksReviewer'>,
  review: { readonly about: Template; readonly findings: Findings; readonly changedSince?: string },
): Step[] {
  const { about, findings, changedSince } = review
  const analyse: Step = {
    id: 'analyse',
    type: 'TASK',
    task: 'code_analysis',
    input: {
      path: '${{ input.path }}',
      include: '${{ has(input.include) ? input.include : [] }}',
      ...(changedSince !== undefined && { changedSince }),
    },
  }
  const look: Step = {
    id: 'review',
    type: 'TASK',
    task: 'code_review',
    after: ['analyse'],
    input: { about, ...findings, totals: '${{ steps.analyse.output.totals }}' },
  }
  return asksReviewer ? [analyse, look] : [analyse]
}

/** What is wrong with all that was analysed, with `context.maxComplexity`. */
export const FINDINGS: Findings = {
  complexFunctions:
    '${{ steps.analyse.output.hotspots.complexFunctions.filter(f, f.complexity > context.maxComplexity) }}',
  syntaxErrors: '${{ steps.analyse.output.failures }}',
}

/** What a run is given, beside `more`. */
export const REVIEWED: { readonly [name: string]: JsonSchema } = {
  path: {
    description: 'Checkout or folder that is analysed, as code_analysis reads it.',
    type: 'string',
    minLength: 1,
  },
  include: {
    description: 'Patterns as in .gitignore; only files that match one are analysed. Default: all.',
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 500 },
    maxItems: 100,
  },
}
