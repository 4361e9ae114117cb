import { beforeEach, describe, expect, it } from 'vitest'
import { TaskFailure } from '../../../src/worker/handler.ts'
import { templateRuns } from './template-runs.ts'

const { users, start } = await templateRuns()

describe('ci-cd-pipeline', () => {
  const input = { repository: 'acme/shop', ref: 'v7' }
  beforeEach(() => {
    users.handlers = {
      custom: () => ({ image: 'shop:7' }),
      testing: ({ kind }) => ({ kind: kind! }),
      deployment: ({ action, environment }) => ({ action: action!, environment: environment! }),
      monitoring: () => ({ healthy: true }),
    }
  })

  it('builds, checks, deploys, asks, and deploys again', async () => {
    const run = await start('ci-cd-pipeline', {}, input)
    await run.until('WAITING')
    expect(users.asked.filter(([type]) => type === 'deployment')).toHaveLength(1)
    expect((await run.approval()).message).toBe('Deploy v7 of acme/shop to production?')
    await run.decide('ADMIN', true)
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: {
        artifact: { image: 'shop:7' },
        checks: { check_lint: { kind: 'lint' }, check_unit: { kind: 'unit' }, check_security: { kind: 'security' } },
        released: { staging: { healthy: true }, production: { healthy: true } },
      },
    })
    expect(users.typesAsked()[0]).toBe('custom')
    expect(users.typesAsked().slice(1, 4)).toEqual(['testing', 'testing', 'testing'])
  })

  it('rolls back the environment where it does not work, and no other', async () => {
    users.handlers.monitoring = ({ environment }) => {
      if (environment === 'staging') return { healthy: true }
      throw new TaskFailure('UNHEALTHY', 'no answer', { retryable: false })
    }
    const run = await start('ci-cd-pipeline', { approver: null, checks: ['unit'] }, input)
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'UNHEALTHY' } })
    expect(
      users.asked.filter(([type]) => type === 'deployment').map(([, { action, environment }]) => [action, environment]),
    ).toEqual([
      ['deploy', 'staging'],
      ['deploy', 'production'],
      ['roll_back', 'production'],
    ])
  })

  it('deploys nothing that did not pass a check', async () => {
    users.handlers.testing = ({ kind }) => {
      if (kind !== 'security') return null
      throw new TaskFailure('VULNERABLE', 'a known hole', { retryable: false })
    }
    const run = await start('ci-cd-pipeline', {}, input)
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'VULNERABLE' } })
    expect(users.typesAsked()).not.toContain('deployment')
  })
})
