import { buildSchema, graphql } from 'graphql'
import { beforeEach, describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { github } from '../../support/github-contract.ts'
import { type Answer, answerJson } from '../../support/receiver.ts'
import { bodyOf, templateRuns } from './template-runs.ts'

const { outside, start } = await templateRuns()

describe('github-issue-to-linear', () => {
  /** The part of Linear's schema that is used, as its documentation has it. */
  const linear = buildSchema(`
    type Query { viewer: ID }
    type Mutation { issueCreate(input: IssueCreateInput!): IssuePayload! }
    input IssueCreateInput { teamId: String!, title: String, description: String, priority: Int }
    type IssuePayload { success: Boolean!, issue: Issue }
    type Issue { id: ID!, identifier: String!, url: String! }`)
  const issue = { identifier: 'SHOP-42', id: 'x', url: 'https://linear.test/SHOP-42' }
  let made: JsonValue[]
  const services =
    (answer: () => unknown): Answer =>
    (request, response) => {
      if (request.url !== '/graphql') return github(request, response)
      const { query, variables } = bodyOf(request)
      const rootValue = {
        issueCreate: ({ input }: { input: JsonValue }) => {
          made.push(input)
          return answer()
        },
      }
      void graphql({ schema: linear, source: query, variableValues: variables, rootValue }).then((result) =>
        answerJson(200, result)(request, response),
      )
    }
  const parameters = () => ({
    teamId: 'team-1',
    priority: 2,
    linearApi: `${outside.url}/graphql`,
    githubApi: outside.url,
  })
  const input = {
    repository: 'acme/shop',
    issue: {
      number: 5,
      title: 'Cart ${{ run.id }}',
      body: 'It is empty',
      html_url: 'https://github.test/5',
      labels: [],
    },
  }
  beforeEach(() => {
    made = []
  })

  it('makes the issue and answers with its link', async () => {
    outside.answer = services(() => ({ success: true, issue }))
    const run = await start('github-issue-to-linear', parameters(), input)
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { identifier: 'SHOP-42', url: 'https://linear.test/SHOP-42' },
    })
    // What came from outside is not taken for an expression.
    expect(made.map((one) => ({ ...(one as object) }))).toEqual([
      {
        teamId: 'team-1',
        priority: 2,
        title: 'Cart ${{ run.id }}',
        description: 'It is empty\n\nhttps://github.test/5',
      },
    ])
    expect(outside.received[1]!.url).toBe('/repos/acme/shop/issues/5/comments')
    expect(bodyOf(outside.received[1]!)).toEqual({ body: 'Linear: [SHOP-42](https://linear.test/SHOP-42)' })
  })

  it('takes issues without a text, and fails when Linear refuses with a status of success', async () => {
    outside.answer = services(() => ({ success: true, issue }))
    const bare = { ...input, issue: { ...input.issue, body: null } }
    const run = await start('github-issue-to-linear', { ...parameters(), comments: false }, bare)
    expect((await run.until()).status).toBe('COMPLETED')
    expect(made[0]).toMatchObject({ description: 'https://github.test/5' })
    outside.answer = services(() => {
      throw new Error('Entity not found: Team')
    })
    const refused = await start('github-issue-to-linear', parameters(), input)
    expect(await refused.until()).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION' } })
    expect(outside.received.filter(({ url }) => url.includes('comments'))).toEqual([])
  })
})
