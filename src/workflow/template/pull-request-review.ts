import { GITHUB_API, githubCall, REPOSITORY } from './github.ts'
import { FINDINGS, REVIEW_PARAMETERS, REVIEWED, type ReviewParameters, reviewSteps } from './review.ts'
import { choice, defineTemplate } from './workflow-template.ts'

interface Parameters extends ReviewParameters {
  readonly comments: boolean
  readonly githubApi: string
}

const COMPLEX = 'steps.analyse.output.hotspots.complexFunctions.filter(f, f.complexity > context.maxComplexity)'

/** In Markdown. */
const COMMENT = [
  '### Review of ${{ input.repository }}#${{ input.number }}',
  '${{ steps.analyse.output.totals.files }} files, ${{ steps.analyse.output.totals.functions }} functions, ${{ steps.analyse.output.totals.codeLines }} lines of code.',
  `\${{ size(${COMPLEX}) == 0 ? "No function is too complex." : "Too complex:\\n" + ${COMPLEX}.map(f, "- \`" + f.path + ":" + string(f.startLine) + "\` " + f.qualifiedName + ", complexity " + string(f.complexity)).join("\\n") }}`,
  '${{ size(steps.analyse.output.failures) == 0 ? "Everything parses." : "Does not parse:\\n" + steps.analyse.output.failures.map(f, "- `" + f.path + "` " + f.message).join("\\n") }}',
]

export const pullRequestReview = defineTemplate<Parameters>({
  name: 'pull-request-review',
  title: 'Review a pull request',
  description:
    'Analyses the checkout of a pull request, has a reviewer look at it where one is asked, and comments on it with what was found.',
  integrations: ['github'],
  parameters: {
    ...REVIEW_PARAMETERS,
    comments: choice('Whether it comments on the pull request.', true),
    githubApi: GITHUB_API,
  },
  build: (name, { comments, githubApi, ...parameters }) => {
    const { asksReviewer, maxComplexity } = parameters
    const said = asksReviewer ? ['${{ steps.review.output.summary }}'] : []
    const comment = githubCall({
      id: 'comment',
      after: [asksReviewer ? 'review' : 'analyse'],
      path: 'issues/${{ string(input.number) }}/comments',
      body: { body: [...COMMENT, ...said].join('\n\n') },
    })
    return {
      name,
      description: 'Analysis, review and comment.',
      input: {
        type: 'object',
        required: ['path', 'repository', 'number'],
        additionalProperties: false,
        properties: {
          ...REVIEWED,
          repository: REPOSITORY,
          number: { description: 'Of the pull request.', type: 'integer', minimum: 1 },
        },
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
      steps: [
        ...reviewSteps(parameters, { repository: '${{ input.repository }}', number: '${{ input.number }}' }),
        ...(comments ? [comment] : []),
      ],
      result: {
        totals: '${{ steps.analyse.output.totals }}',
        findings: FINDINGS,
        ...(asksReviewer && { review: '${{ steps.review.output }}' }),
        ...(comments && { comment: '${{ steps.comment.output.body.html_url }}' }),
      },
    }
  },
})
