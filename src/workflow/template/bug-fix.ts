import {
  ANALYSE,
  askFirst,
  BRANCH,
  CODE_WORK,
  type CodeWorkParameters,
  codeWorkInput,
  OVERVIEW,
  rounds,
} from './code-work.ts'
import { createPullRequest } from './github.ts'
import { defineTemplate } from './workflow-template.ts'

export const bugFix = defineTemplate<CodeWorkParameters>({
  name: 'bug-fix',
  title: 'Fix a bug',
  description:
    'Analyses the code and looks for the cause, fixes it and runs regression tests, in rounds until they pass, asks where it should, and opens a pull request.',
  ...CODE_WORK,
  build: (name, { githubApi, maxRounds, approver }) => {
    const ask = askFirst(approver, 'Open a pull request for the fix on ${{ input.branch }}?')
    const report = { ...BRANCH, report: '${{ input.report }}' }
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
          test: { id: 'regression', type: 'TASK', task: 'testing', input: { ...BRANCH, kind: 'regression' } },
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
