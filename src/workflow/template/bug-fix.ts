import {
  ANALYSE,
  askFirst,
  type CodeWorkParameters,
  codeWorkInput,
  MAX_ROUNDS,
  OVERVIEW,
  PULL_REQUEST_APPROVER,
  rounds,
} from './code-work.ts'
import { createPullRequest, GITHUB_API } from './github.ts'
import { defineTemplate } from './workflow-template.ts'

export const bugFix = defineTemplate<CodeWorkParameters>({
  name: 'bug-fix',
  title: 'Fix a bug',
  description:
    'Analyses the code and looks for the cause, fixes it and runs regression tests, in rounds until they pass, asks where it should, and opens a pull request.',
  integrations: ['github'],
  parameters: { githubApi: GITHUB_API, maxRounds: MAX_ROUNDS, approver: PULL_REQUEST_APPROVER },
  build: (name, { githubApi, maxRounds, approver }) => {
    const ask = askFirst(approver, 'Open a pull request for the fix on ${{ input.branch }}?')
    const about = { repository: '${{ input.repository }}', branch: '${{ input.branch }}' }
    const report = { ...about, report: '${{ input.report }}' }
    return {
      name,
      description: 'Investigate, fix, regression tests, pull request.',
      input: codeWorkInput('report', 'What goes wrong, and how it is seen.'),
      context: { githubApi },
      steps: [
        ANALYSE,
        {
          id: 'investigate',
          type: 'TASK',
          task: 'code_review',
          after: ['analyse'],
          input: { ...report, analysis: OVERVIEW },
        },
        rounds({
          after: 'investigate',
          work: {
            id: 'fix',
            type: 'TASK',
            task: 'code_generation',
            input: { ...report, cause: '${{ steps.investigate.output }}', tests: '${{ previous }}' },
          },
          test: { id: 'regression', type: 'TASK', task: 'testing', input: { ...about, kind: 'regression' } },
          maxRounds,
        }),
        ...ask.steps,
        createPullRequest({ after: [ask.last], title: 'Fix on ${{ input.branch }}', text: '${{ input.report }}' }),
      ],
      result: {
        number: '${{ steps.pull_request.output.body.number }}',
        cause: '${{ steps.investigate.output }}',
        tests: '${{ steps.rounds.output }}',
      },
    }
  },
})
