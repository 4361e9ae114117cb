import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/task/json.ts'
import { temporaryFolder } from '../../integration/graph-sitter/temporary-folder.ts'
import { branchedCheckout } from '../../support/git-checkout.ts'
import { github } from '../../support/github-contract.ts'
import { bodyOf, CODE, templateRuns } from './template-runs.ts'

const { users, outside, start } = await templateRuns()

it('code-review analyses a folder, tells what is complex and what does not parse, and has it looked at', async () => {
  users.handlers = { code_review: ({ complexFunctions }) => ({ seen: (complexFunctions as JsonValue[]).length }) }
  const folder = await temporaryFolder(CODE)
  const run = await start('code-review', { maxComplexity: 10 }, { path: folder })
  expect(await run.until()).toMatchObject({
    status: 'COMPLETED',
    output: {
      totals: { files: 3 },
      findings: {
        complexFunctions: [{ path: 'src/tangle.ts', qualifiedName: 'tangle', complexity: 21 }],
        syntaxErrors: [{ path: 'src/broken.ts' }],
      },
      review: { seen: 1 },
    },
  })
  const alone = await start('code-review', { asksReviewer: false }, { path: folder, include: ['src/plain.ts'] })
  expect(await alone.until()).toMatchObject({
    output: { totals: { files: 1 }, findings: { complexFunctions: [], syntaxErrors: [] } },
  })
})

describe('pull-request-review', () => {
  const about = { base: 'main', repository: 'acme/shop', number: 7 }

  it('analyses what changed in the checkout, has it looked at, and comments with what was found', async () => {
    outside.answer = github
    users.handlers = { code_review: () => ({ summary: 'Split `tangle`.' }) }
    const { folder, git } = await branchedCheckout({ 'src/untouched.ts': CODE['src/tangle.ts'], 'old.py': '' }, CODE)
    const run = await start('pull-request-review', { githubApi: outside.url }, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: {
        commits: { base: await git('rev-parse', 'main'), head: await git('rev-parse', 'feature') },
        totals: { files: 3, addedLines: 25, deletedLines: 0, functions: 2 },
        files: [
          { path: 'src/broken.ts', functions: 0 },
          { path: 'src/plain.ts', functions: 1, complexity: 1 },
          { path: 'src/tangle.ts', kind: 'ADDED', addedLines: 23, functions: 1, complexity: 21 },
        ],
        findings: {
          complexFunctions: [{ path: 'src/tangle.ts', qualifiedName: 'tangle', complexity: 21 }],
          syntaxErrors: [{ path: 'src/broken.ts' }],
        },
        comment: 'https://github.test/acme/shop/issues/7/comments/1',
        review: { summary: 'Split `tangle`.' },
      },
    })
    expect(users.asked[0]![1]).toMatchObject({
      about,
      complexFunctions: [{ qualifiedName: 'tangle' }],
      changes: { totals: { files: 3 } },
    })
    expect(outside.received).toHaveLength(1)
    const head = (await git('rev-parse', 'HEAD')).slice(0, 10)
    expect(bodyOf(outside.received[0]!).body.replace(head, 'HEAD')).toMatchInlineSnapshot(`
      "### Review of acme/shop#7

      3 files changed, +25 −0 lines, 2 functions touched, at HEAD.

      Too complex:
      - \`src/tangle.ts:1\` tangle, complexity 21

      Does not parse:
      - \`src/broken.ts:1\` Unexpected syntax at "export function ("

      | file | lines | functions touched | highest complexity |
      | --- | --- | --- | --- |
      | \`src/tangle.ts\` ADDED | +23 −0 | 1 | 21 |
      | \`src/broken.ts\` ADDED | +1 −0 | 0 | 0 |
      | \`src/plain.ts\` ADDED | +1 −0 | 1 | 1 |

      Split \`tangle\`."
    `)
  })

  it('asks before it comments where it should, and comments nothing when it is refused', async () => {
    const { folder } = await branchedCheckout({}, CODE)
    const parameters = { githubApi: outside.url, asksReviewer: false, approver: 'DEVELOPER' }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    await run.until('WAITING')
    expect((await run.approval()).message).toBe(
      'acme/shop#7: 3 files changed, +25 −0 lines, 2 functions touched; 1 too complex, 1 not parsing. Comment on it?',
    )
    await run.decide('DEVELOPER', false)
    expect(await run.until()).toMatchObject({ status: 'FAILED', error: { code: 'APPROVAL_REFUSED' } })
    expect(outside.received).toEqual([])
  })

  it('needs neither a reviewer nor GitHub where they are left out, and says when nothing changed', async () => {
    const { folder } = await branchedCheckout({ 'a.py': 'def f():\n    return 1\n' }, {})
    const parameters = { comments: false, asksReviewer: false }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'COMPLETED',
      output: { totals: { files: 0 }, files: [], findings: { complexFunctions: [], syntaxErrors: [] } },
    })
    expect([outside.received, users.asked]).toEqual([[], []])
  })

  it('fails with what is to be done where there is nothing to compare', async () => {
    const folder = await temporaryFolder(CODE)
    const parameters = { comments: false, asksReviewer: false }
    const run = await start('pull-request-review', parameters, { ...about, path: folder })
    expect(await run.until()).toMatchObject({
      status: 'FAILED',
      error: { code: 'NOT_A_CHECKOUT', message: expect.stringContaining('Check one out') },
    })
  })
})
