import type { JsonSchema } from '../../task/json.ts'
import type { LoopStep, Step } from '../definition/definition.ts'
import { GITHUB_API, REPOSITORY } from './github.ts'
import { APPROVER, type Approver, count } from './workflow-template.ts'

/** What feature implementation and bug fix have alike: work on a branch, in rounds, until its tests pass. */
export interface CodeWorkParameters {
  readonly githubApi: string
  readonly maxRounds: number
  readonly approver: Approver
}

/** What their templates declare alike. */
export const CODE_WORK = {
  integrations: ['github'],
  parameters: {
    githubApi: GITHUB_API,
    maxRounds: count('Most rounds of work and tests; when the last has not passed, the run fails.', [1, 3, 20]),
    approver: { ...APPROVER, default: null } as JsonSchema,
  },
} as const

/** Input of a run; `asked` says what is asked for. */
export function codeWorkInput(asked: string, description: string): JsonSchema {
  return {
    type: 'object',
    required: ['repository', 'path', 'branch', 'base', asked],
    additionalProperties: false,
    properties: {
      repository: REPOSITORY,
      path: { description: 'Checkout that is analysed, as code_analysis reads it.', type: 'string', minLength: 1 },
      branch: { description: 'What is worked on.', type: 'string', minLength: 1, maxLength: 250 },
      base: { description: 'What it is merged into.', type: 'string', minLength: 1, maxLength: 250 },
      [asked]: { description, type: 'string', minLength: 1, maxLength: 50_000 },
    },
  }
}

/** Where the work is, as workers are told. */
export const BRANCH = { repository: '${{ input.repository }}', branch: '${{ input.branch }}' } as const

export const ANALYSE: Step = {
  id: 'analyse',
  type: 'TASK',
  task: 'code_analysis',
  input: { path: '${{ input.path }}' },
}

/** What workers are told of the analysis: enough to begin, small enough for any input. */
export const OVERVIEW = {
  totals: '${{ steps.analyse.output.totals }}',
  hotspots: '${{ steps.analyse.output.hotspots }}',
} as const

/** Works and tests until the tests say `passed`; a round sees what the tests before it said. */
export function rounds({
  after,
  work,
  test,
  maxRounds,
}: {
  readonly after: string
  readonly work: Step
  readonly test: Step
  readonly maxRounds: number
}): LoopStep {
  return {
    id: 'rounds',
    type: 'LOOP',
    after: [after],
    until: `steps.${test.id}.output.passed == true`,
    maxIterations: maxRounds,
    steps: [work, { ...test, after: [work.id] }],
  }
}

/** A step that asks before the pull request, where somebody is to be asked; and what the pull request comes after. */
export function askFirst(approver: Approver, message: string): { readonly steps: Step[]; readonly last: string } {
  if (approver === null) return { steps: [], last: 'rounds' }
  return {
    steps: [{ id: 'approve', type: 'APPROVAL', after: ['rounds'], message, approvers: { role: approver } }],
    last: 'approve',
  }
}
