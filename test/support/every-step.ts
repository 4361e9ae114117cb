import type { WorkflowDefinition } from '../../src/workflow/definition/definition.ts'

/** What its WEBHOOK calls. */
export const WEBHOOK_URL = 'https://example.test/'

/** A run through every step type: branches, a join, parallel work, iterations, waits, people, a call-back, a child run, and an undoing. */
export const EVERY_STEP: WorkflowDefinition = {
  name: 'every_step',
  limits: { maxParallelSteps: 4 },
  steps: [
    { id: 'first', type: 'TASK', task: 'work', input: { n: '${{ input.n }}' } },
    {
      id: 'choice',
      type: 'CONDITION',
      after: ['first'],
      if: 'steps.first.output > 1.0',
      then: ['taken'],
      else: ['passed'],
    },
    { id: 'taken', type: 'TASK', task: 'work', input: { n: 5 } },
    { id: 'passed', type: 'TASK', task: 'work', input: { n: 6 } },
    {
      id: 'both',
      type: 'PARALLEL',
      after: ['taken', 'passed'],
      steps: [
        { id: 'left', type: 'TASK', task: 'work', input: { n: 1 } },
        {
          id: 'right',
          type: 'SEQUENTIAL',
          steps: [
            { id: 'r1', type: 'CUSTOM', handler: 'work', input: { n: 2 } },
            { id: 'r2', type: 'TASK', task: 'work', input: { n: '${{ steps.r1.output }}' } },
          ],
        },
      ],
    },
    {
      id: 'each',
      type: 'MAP',
      after: ['both'],
      items: '[1.0, 2.0, 3.0]',
      maxParallel: 2,
      steps: [{ id: 'double', type: 'TASK', task: 'work', input: { n: '${{ item }}' } }],
    },
    {
      id: 'twice',
      type: 'LOOP',
      after: ['each'],
      times: 2,
      steps: [{ id: 'again', type: 'TASK', task: 'work', input: { n: '${{ index }}' } }],
    },
    { id: 'nap', type: 'WAIT', after: ['twice'], duration: '1s' },
    { id: 'heard', type: 'WAIT', after: ['twice'], event: { key: 'go ${{ run.id }}', where: 'event.ok' } },
    { id: 'asked', type: 'APPROVAL', after: ['nap', 'heard'], message: 'Go on?', approvers: { principals: ['ada'] } },
    {
      id: 'called',
      type: 'WEBHOOK',
      after: ['asked'],
      url: WEBHOOK_URL,
      body: { back: '${{ callback.url }}' },
      callback: true,
    },
    { id: 'child', type: 'SUBWORKFLOW', after: ['called'], workflow: 'inner', input: { n: 3 } },
    {
      id: 'undone',
      type: 'SEQUENTIAL',
      after: ['child'],
      onFailure: 'CONTINUE',
      steps: [
        {
          id: 'booked',
          type: 'TASK',
          task: 'work',
          input: { n: 8 },
          compensate: { id: 'unbook', type: 'TASK', task: 'work', input: { n: 9 } },
        },
        {
          id: 'breaks',
          type: 'TASK',
          task: 'work',
          input: { n: -1 },
          retry: { maxAttempts: 1 },
          onFailure: 'COMPENSATE',
        },
      ],
    },
    {
      id: 'last',
      type: 'TASK',
      task: 'work',
      after: ['undone'],
      input: { sum: '${{ steps.each.output }}', loop: '${{ steps.twice.output }}' },
    },
  ],
  result: {
    each: '${{ steps.each.output }}',
    heard: '${{ steps.heard.output }}',
    called: '${{ steps.called.output }}',
    child: '${{ steps.child.output }}',
    last: '${{ steps.last.output }}',
  },
}

export const INNER: WorkflowDefinition = {
  name: 'inner',
  steps: [{ id: 'inside', type: 'TASK', task: 'work', input: { n: '${{ input.n }}' } }],
}
