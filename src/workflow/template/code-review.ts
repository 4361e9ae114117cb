import { FINDINGS, REVIEW_PARAMETERS, REVIEWED, type ReviewParameters, reviewSteps } from './review.ts'
import { defineTemplate } from './workflow-template.ts'

export const codeReview = defineTemplate<ReviewParameters>({
  name: 'code-review',
  title: 'Review code',
  description:
    'Analyses a folder and tells what does not parse and what is complex; a reviewer looks at it where one is asked.',
  parameters: REVIEW_PARAMETERS,
  build: (name, parameters) => ({
    name,
    description: 'Analysis and review of a folder.',
    input: { type: 'object', required: ['path'], additionalProperties: false, properties: REVIEWED },
    context: { maxComplexity: parameters.maxComplexity },
    steps: reviewSteps(parameters, { about: { path: '${{ input.path }}' }, findings: FINDINGS }),
    result: {
      totals: '${{ steps.analyse.output.totals }}',
      findings: FINDINGS,
      ...(parameters.asksReviewer && { review: '${{ steps.review.output }}' }),
    },
  }),
})
