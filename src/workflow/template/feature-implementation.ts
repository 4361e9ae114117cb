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

export const featureImplementation = defineTemplate<CodeWorkParameters>({
  name: 'feature-implementation',
  title: 'Implement a feature',
  description:
    'Analyses the code, implements the feature and tests it, in rounds until the tests pass, asks where it should, and opens a pull request.',
  ...CODE_WORK,
  build: (name, { githubApi, maxRounds, approver }) => {
    const ask = askFirst(approver, 'Open a pull request for ${{ input.branch }}?')
    return {
      name,
      description: 'Analyse, implement, test, pull request.',
      input: codeWorkInput('feature', 'What is to be built.'),
      context: { githubApi },
      steps: [
        ANALYSE,
        rounds({
          after: 'analyse',
          work: {
            id: 'implement',
            type: 'TASK',
            task: 'code_generation',
            input: { ...BRANCH, feature: '${{ input.feature }}', analysis: OVERVIEW, tests: '${{ previous }}' },
          },
          test: { id: 'test', type: 'TASK', task: 'testing', input: BRANCH },
          maxRounds,
        }),
        ...ask.steps,
        createPullRequest({
          after: [ask.last],
          title: 'Implement on ${{ input.branch }}',
          text: '${{ input.feature }}',
        }),
      ],
      result: { number: '${{ steps.pull_request.output.body.number }}', tests: '${{ steps.rounds.output }}' },
    }
  },
})
