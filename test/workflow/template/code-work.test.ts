import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { temporaryFolder } from '../../integration/graph-sitter/temporary-folder.ts'
import { github } from '../../support/github-contract.ts'
import { bodyOf, CODE, templateRuns } from './template-runs.ts'

const { users, outside, start } = await templateRuns()

const work = (path: string, more: Record<string, JsonValue>) => ({
  repository: 'acme/shop',
  path,
  branch: 'feature/cart',
  base: 'main',
  ...more,
})

describe('feature-implementation', () => {
  it('analyses, implements until the tests pass, and opens a pull request', async () => {
    outside.answer = github
    users.handlers = {
      code_generation: ({ tests }) => ({ commits: tests === null ? 1 : 2 }),
      testing: () => ({
        passed: users.typesAsked().filter((type) => type === 'testing').length === 2,
        failures: ['cart'],
      }),
    }
    const folder = await temporaryFolder(CODE)
    const run = await start('feature-implementation', { githubApi: outside.url }, work(folder, { feature: 'A cart' }))
    expect(await run.until()).toMatchObject({ status: 'COMPLETED', output: { number: 12, tests: { passed: true } } })
    expect(users.typesAsked()).toEqual(['code_generation', 'testing', 'code_generation', 'testing'])
    expect(users.asked[0]![1]).toMatchObject({ feature: 'A cart', tests: null, analysis: { totals: { files: 3 } } })
    expect(users.asked[2]![1]).toMatchObject({ tests: { passed: false, failures: ['cart'] } })
    const [request] = outside.received
    expect(request!.url).toBe('/repos/acme/shop/pulls')
    expect(bodyOf(request!)).toMatchObject({ head: 'feature/cart', base: 'main', body: 'A cart' })
  })

  it('asks before the pull request where it should, and opens none when the tests never pass', async () => {
    outside.answer = github
    users.handlers = { code_generation: () => null, testing: () => ({ passed: true }) }
    const folder = await temporaryFolder(CODE)
    const input = work(folder, { feature: 'A cart' })
    const run = await start('feature-implementation', { githubApi: outside.url, approver: 'OPERATOR' }, input)
    await run.until('WAITING')
    expect(outside.received).toEqual([])
    await run.decide('OPERATOR', true)
    expect((await run.until()).status).toBe('COMPLETED')
    expect(outside.received).toHaveLength(1)

    users.handlers.testing = () => ({ passed: false })
    const failing = await start('feature-implementation', { githubApi: outside.url, maxRounds: 2 }, input)
    expect(await failing.until()).toMatchObject({ status: 'FAILED', error: { code: 'LOOP_LIMIT' } })
    expect(outside.received).toHaveLength(1)
  })
})

it('bug-fix looks for the cause, fixes it, tests, and opens a pull request', async () => {
  outside.answer = github
  users.handlers = {
    code_review: () => ({ cause: 'an index too many' }),
    code_generation: () => ({ commits: 1 }),
    testing: () => ({ passed: true }),
  }
  const folder = await temporaryFolder(CODE)
  const run = await start('bug-fix', { githubApi: outside.url }, work(folder, { report: 'The cart is empty' }))
  expect(await run.until()).toMatchObject({
    status: 'COMPLETED',
    output: { number: 12, cause: { cause: 'an index too many' } },
  })
  expect(users.typesAsked()).toEqual(['code_review', 'code_generation', 'testing'])
  expect(users.asked[1]![1]).toMatchObject({ report: 'The cart is empty', cause: { cause: 'an index too many' } })
  expect(users.asked[2]![1]).toMatchObject({ kind: 'regression', branch: 'feature/cart' })
})
