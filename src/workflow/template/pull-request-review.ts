import type { JsonSchema } from '../../task/json.ts'
import type { Step } from '../definition/definition.ts'
import { GITHUB_API, githubCall, REPOSITORY } from './github.ts'
import { type Findings, REVIEW_PARAMETERS, REVIEWED, type ReviewParameters, reviewSteps } from './review.ts'
import { APPROVER, type Approver, choice, defineTemplate } from './workflow-template.ts'

interface Parameters extends ReviewParameters {
  readonly approver: Approver
  readonly comments: boolean
  readonly githubApi: string
}

const CHANGES = 'steps.analyse.output.changes'
const COMPLEX = `${CHANGES}.complexFunctions.filter(f, f.complexity > context.maxComplexity)`
const BROKEN = 'steps.analyse.output.failures'

/** What is wrong with what the pull request touches, with `context.maxComplexity`. */
const CHANGE_FINDINGS: Findings = { complexFunctions: `\${{ ${COMPLEX} }}`, syntaxErrors: `\${{ ${BROKEN} }}` }

const PULL_REQUEST = '${{ input.repository }}#${{ input.number }}'
const SIZE = `\${{ ${CHANGES}.totals.files }} files changed, +\${{ ${CHANGES}.totals.addedLines }} −\${{ ${CHANGES}.totals.deletedLines }} lines, \${{ ${CHANGES}.totals.functions }} functions touched`
const FOUND = `\${{ size(${COMPLEX}) }} too complex, \${{ size(${BROKEN}) }} not parsing`

/** In Markdown. */
const COMMENT = [
  `### Review of ${PULL_REQUEST}`,
  `${SIZE}, at \${{ ${CHANGES}.headCommit.substring(0, 10) }}.`,
  `\${{ size(${COMPLEX}) == 0 ? "No function that was touched is too complex." : "Too complex:\\n" + ${COMPLEX}.map(f, "- \`" + f.path + ":" + string(f.startLine) + "\` " + f.qualifiedName + ", complexity " + string(f.complexity)).join("\\n") }}`,
  `\${{ size(${BROKEN}) == 0 ? "Everything parses." : "Does not parse:\\n" + ${BROKEN}.map(f, "- \`" + f.path + (f.line == null ? "" : ":" + string(f.line)) + "\` " + f.message).join("\\n") }}`,
  `\${{ size(${CHANGES}.largestFiles) == 0 ? "" : "| file | lines | functions touched | highest complexity |\\n| --- | --- | --- | --- |\\n" + ${CHANGES}.largestFiles.map(f, "| \`" + f.path + "\` " + f.kind + " | +" + string(f.addedLines) + " −" + string(f.deletedLines) + " | " + (f.isAnalysed ? string(f.functions) + " | " + string(f.complexity) : "– | –") + " |").join("\\n") }}`,
]

const INPUT: { readonly [name: string]: JsonSchema } = {
  ...REVIEWED,
  path: {
    description: 'Git checkout with the commit of the pull request checked out, or a folder in it.',
    type: 'string',
    minLength: 1,
  },
  base: {
    description: 'Branch or commit that it is to be merged into: what differs from where they parted is reviewed.',
    type: 'string',
    pattern: '^[^-:\\s][^\\s]*$',
    maxLength: 250,
  },
  repository: REPOSITORY,
  number: { description: 'Of the pull request.', type: 'integer', minimum: 1 },
}

export const pullRequestReview = defineTemplate<Parameters>({
  name: 'pull-request-review',
  title: 'Review a pull request',
  description:
    'Analyses what a pull request changes in a git checkout, has a reviewer look at it where one is asked, asks before it goes on where it should, and comments on it with what was found.',
  integrations: ['github'],
  parameters: {
    ...REVIEW_PARAMETERS,
    approver: { ...APPROVER, default: null },
    comments: choice('Whether it comments on the pull request.', true),
    githubApi: GITHUB_API,
  },
  build: (name, { approver, comments, githubApi, ...parameters }) => {
    const { asksReviewer, maxComplexity } = parameters
    const said = asksReviewer ? ['${{ steps.review.output.summary }}'] : []
    const looked = reviewSteps(parameters, {
      about: { repository: '${{ input.repository }}', number: '${{ input.number }}', base: '${{ input.base }}' },
      findings: { ...CHANGE_FINDINGS, changes: `\${{ ${CHANGES} }}` },
      changedSince: '${{ input.base }}',
    })
    const approve: Step[] =
      approver === null
        ? []
        : [
            {
              id: 'approve',
              type: 'APPROVAL',
              after: [looked.at(-1)!.id],
              message: `${PULL_REQUEST}: ${SIZE}; ${FOUND}. ${comments ? 'Comment on it?' : 'Is the review right?'}`,
              approvers: { role: approver },
            },
          ]
    const comment = githubCall({
      id: 'comment',
      after: [[...looked, ...approve].at(-1)!.id],
      path: 'issues/${{ string(input.number) }}/comments',
      body: { body: [...COMMENT, ...said].join('\n\n') },
    })
    return {
      name,
      description: 'Analysis of what changed, review and comment.',
      input: {
        type: 'object',
        required: ['path', 'base', 'repository', 'number'],
        additionalProperties: false,
        properties: INPUT,
      },
      context: { maxComplexity, githubApi },
      // A newer push of the same pull request makes the review of the older one useless.
      limits: {
        concurrency: {
          limit: 1,
          key: '${{ input.repository }}#${{ string(input.number) }}',
          whenFull: 'CANCEL_OLDEST',
        },
      },
      steps: [...looked, ...approve, ...(comments ? [comment] : [])],
      result: {
        commits: { base: `\${{ ${CHANGES}.baseCommit }}`, head: `\${{ ${CHANGES}.headCommit }}` },
        totals: `\${{ ${CHANGES}.totals }}`,
        files: `\${{ ${CHANGES}.files }}`,
        findings: CHANGE_FINDINGS,
        ...(asksReviewer && { review: '${{ steps.review.output }}' }),
        ...(comments && { comment: '${{ steps.comment.output.body.html_url }}' }),
      },
    }
  },
})
