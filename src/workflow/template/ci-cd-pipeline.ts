import type { SequentialStep } from '../definition/definition.ts'
import { REPOSITORY } from './github.ts'
import { APPROVER, type Approver, count, defineTemplate } from './workflow-template.ts'

interface Parameters {
  readonly checks: readonly string[]
  readonly environments: readonly string[]
  readonly approveFrom: number
  readonly approver: Approver
  readonly timeoutMinutes: number
}

const names = (description: string, byDefault: readonly string[], most: number) => ({
  description,
  type: 'array',
  items: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,19}$' },
  minItems: 1,
  maxItems: most,
  uniqueItems: true,
  default: byDefault,
})

/** One environment: asked for, deployed to, looked at; undone when what was deployed does not work. */
function release(environment: string, approver: Approver): SequentialStep {
  const about = { repository: '${{ input.repository }}', ref: '${{ input.ref }}', environment }
  const ask = {
    id: `approve_${environment}`,
    type: 'APPROVAL',
    message: `Deploy \${{ input.ref }} of \${{ input.repository }} to ${environment}?`,
    approvers: { role: approver ?? 'OPERATOR' },
  } as const
  return {
    id: `release_${environment}`,
    type: 'SEQUENTIAL',
    steps: [
      ...(approver === null ? [] : [ask]),
      {
        id: `deploy_${environment}`,
        type: 'TASK',
        task: 'deployment',
        input: { ...about, action: 'deploy', artifact: '${{ steps.build.output }}' },
        compensate: {
          id: `roll_back_${environment}`,
          type: 'TASK',
          task: 'deployment',
          input: { ...about, action: 'roll_back', deployment: `\${{ steps.deploy_${environment}.output }}` },
        },
      },
      {
        id: `verify_${environment}`,
        type: 'TASK',
        task: 'monitoring',
        input: { ...about, deployment: `\${{ steps.deploy_${environment}.output }}` },
        onFailure: 'COMPENSATE',
      },
    ],
  }
}

export const ciCdPipeline = defineTemplate<Parameters>({
  name: 'ci-cd-pipeline',
  title: 'Build, test and deploy',
  description:
    'Builds, checks all at once, and deploys to one environment after the other; asks before those that need it, looks at each, and rolls back the one where it does not work.',
  parameters: {
    checks: names(
      'What is checked at the same time, each a testing task of that kind.',
      ['lint', 'unit', 'security'],
      20,
    ),
    environments: names('Where it is deployed, in this order.', ['staging', 'production'], 10),
    approveFrom: count('Number of the first environment, from 1, before which people are asked.', [1, 2, 11]),
    approver: { ...APPROVER, default: 'OPERATOR' },
    timeoutMinutes: count('After so long a run fails; the time people take counts.', [1, 1_440, 43_200]),
  },
  build: (name, { checks, environments, approveFrom, approver, timeoutMinutes }) => {
    const about = { repository: '${{ input.repository }}', ref: '${{ input.ref }}' }
    const releases = environments.map((environment, at) => release(environment, at + 1 < approveFrom ? null : approver))
    return {
      name,
      description: 'Build, checks, deployments.',
      input: {
        type: 'object',
        required: ['repository', 'ref'],
        additionalProperties: false,
        properties: {
          repository: REPOSITORY,
          ref: { description: 'Branch, tag or commit.', type: 'string', minLength: 1, maxLength: 250 },
        },
      },
      limits: {
        timeout: `${timeoutMinutes}m`,
        concurrency: { limit: 1, key: '${{ input.repository }}', whenFull: 'WAIT' },
      },
      steps: [
        { id: 'build', type: 'TASK', task: 'custom', input: { ...about, action: 'build' } },
        {
          id: 'checks',
          type: 'PARALLEL',
          after: ['build'],
          steps: checks.map((kind) => ({
            id: `check_${kind}`,
            type: 'TASK',
            task: 'testing',
            input: { ...about, kind, artifact: '${{ steps.build.output }}' },
          })),
        },
        ...releases.map((step, at) => ({ ...step, after: [at === 0 ? 'checks' : releases[at - 1]!.id] })),
      ],
      result: {
        artifact: '${{ steps.build.output }}',
        checks: '${{ steps.checks.output }}',
        released: Object.fromEntries(
          environments.map((environment) => [environment, `\${{ steps.release_${environment}.output }}`]),
        ),
      },
    }
  },
})
