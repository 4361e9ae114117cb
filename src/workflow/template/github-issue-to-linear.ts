import { GITHUB_API, githubCall, REPOSITORY } from './github.ts'
import { address, choice, count, defineTemplate, text } from './workflow-template.ts'

interface Parameters {
  readonly teamId: string
  readonly priority: number
  readonly comments: boolean
  readonly linearApi: string
  readonly githubApi: string
}

const CREATE_ISSUE =
  'mutation IssueCreate($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }'

const CREATED = 'steps.create.output.body.data.issueCreate.issue'

export const githubIssueToLinear = defineTemplate<Parameters>({
  name: 'github-issue-to-linear',
  title: 'Bring a GitHub issue to Linear',
  description:
    'Makes an issue in Linear of one on GitHub, and answers there with its link. Start it when an issue is opened or labelled.',
  integrations: ['github', 'linear'],
  parameters: {
    teamId: text('Of the team in Linear that gets the issue.', {
      pattern: '^[0-9A-Za-z-]{1,64}$',
      examples: ['9cfb482a-81e3-4154-b5b9-2c805e70a02d'],
    }),
    priority: count('In Linear: 0 none, 1 urgent, 2 high, 3 medium, 4 low.', [0, 0, 4]),
    comments: choice('Whether the issue on GitHub gets a comment with the link.', true),
    linearApi: address(
      'Where the GraphQL API of Linear is. Its key is set by TASK_MGMT_WEBHOOK_AUTHORIZATION=api.linear.app=lin_api_….',
      'https://api.linear.app/graphql',
    ),
    githubApi: GITHUB_API,
  },
  build: (name, { teamId, priority, comments, linearApi, githubApi }) => ({
    name,
    description: 'GitHub issue to Linear issue.',
    input: {
      type: 'object',
      required: ['repository', 'issue'],
      properties: {
        repository: REPOSITORY,
        issue: {
          description: 'As the webhooks of GitHub send it.',
          type: 'object',
          required: ['number', 'title', 'html_url'],
          properties: {
            number: { type: 'integer', minimum: 1 },
            title: { type: 'string' },
            body: { type: ['string', 'null'] },
            html_url: { type: 'string' },
          },
        },
      },
    },
    context: { teamId, priority, linearApi, githubApi },
    steps: [
      {
        id: 'create',
        type: 'WEBHOOK',
        url: '${{ context.linearApi }}',
        body: {
          query: CREATE_ISSUE,
          variables: {
            input: {
              teamId: '${{ context.teamId }}',
              priority: '${{ context.priority }}',
              title: '${{ input.issue.title }}',
              description:
                '${{ (has(input.issue.body) && input.issue.body != null ? input.issue.body + "\\n\\n" : "") + input.issue.html_url }}',
            },
          },
        },
      },
      ...(comments
        ? [
            githubCall({
              id: 'comment',
              after: ['create'],
              path: 'issues/${{ string(input.issue.number) }}/comments',
              body: { body: `Linear: [\${{ ${CREATED}.identifier }}](\${{ ${CREATED}.url }})` },
            }),
          ]
        : []),
    ],
    // Linear answers 200 also when it refuses: without an issue the run fails here, or at the comment.
    result: { identifier: `\${{ ${CREATED}.identifier }}`, url: `\${{ ${CREATED}.url }}` },
  }),
})
