import { describe, expect, it } from 'vitest'
import { asked, begin, task } from '../begin.ts'

describe('a TASK', () => {
  it('makes a task, with its input and options filled in, and takes its output', () => {
    const driver = begin(
      [
        task('build', {
          input: { ref: '${{ input.ref }}', name: 'v${{ input.major }}' },
          options: { queue: 'fast', concurrencyKey: 'repo-${{ input.ref }}' },
          retry: { maxAttempts: 4, initial: '2s' },
        }),
        task('next', { after: ['build'], input: '${{ steps.build.output.sha }}' }),
      ],
      { ref: 'main', major: 3 },
    )
    expect(asked(driver, 'build')).toMatchObject({
      kind: 'createTask',
      type: 'work',
      input: { ref: 'main', name: 'v3' },
      options: { queue: 'fast', concurrencyKey: 'repo-main' },
      retry: { maxAttempts: 4, initialMs: 2_000 },
    })
    driver.complete('build', { sha: 'abc' })
    expect(asked(driver, 'next')).toMatchObject({ input: 'abc', retry: null })
  })

  it('with onFailure RETRY and no word of retries has one', () => {
    expect(asked(begin([task('a', { onFailure: 'RETRY' })]), 'a')).toMatchObject({ retry: { maxAttempts: 2 } })
  })

  it('fails when an expression of its input does, with its text and place', () => {
    const driver = begin([task('a', { input: { x: '${{ input.missing }}' } })], {})
    expect(driver.run).toMatchObject({
      status: 'FAILED',
      error: { code: 'EXPRESSION', expression: { text: 'input.missing', line: 1, column: 7 } },
    })
  })

  it('fails when its input is too large', () => {
    const driver = begin([task('a', { input: ['${{ input }}', '${{ input }}'] })], 'x'.repeat(600_000))
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'VALUE_TOO_LARGE' } })
  })

  it('whose task somebody cancelled has failed', () => {
    const driver = begin([task('a')])
    driver.stopped('a')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'TASK_CANCELLED' } })
  })
})

describe('a CUSTOM step', () => {
  it('makes a task of its handler', () => {
    expect(asked(begin([{ id: 'a', type: 'CUSTOM', handler: 'open_issue', input: { n: 1 } }]), 'a')).toMatchObject({
      kind: 'createTask',
      type: 'open_issue',
      input: { n: 1 },
    })
  })
})

describe('a SUBWORKFLOW', () => {
  it('starts a run, takes its output, and carries cancelling down', () => {
    const driver = begin([{ id: 'a', type: 'SUBWORKFLOW', workflow: 'deploy', version: 2, input: { to: 'test' } }])
    expect(asked(driver, 'a')).toMatchObject({
      kind: 'startChild',
      workflow: 'deploy',
      version: 2,
      input: { to: 'test' },
    })
    driver.send({ kind: 'cancel', reason: null })
    expect(asked(driver, 'a')).toMatchObject({ kind: 'cancelChild' })
    expect(driver.run.status).toBe('RUNNING')
    driver.stopped('a')
    expect(driver.run.status).toBe('CANCELLED')
  })

  it('fails with its run', () => {
    const driver = begin([{ id: 'a', type: 'SUBWORKFLOW', workflow: 'deploy' }])
    driver.fail('a', 'RUN_TIMEOUT')
    expect(driver.run).toMatchObject({ status: 'FAILED', error: { code: 'RUN_TIMEOUT' } })
  })
})

describe('a WEBHOOK', () => {
  it('has its request sent by a task, and takes the response', () => {
    const driver = begin(
      [{ id: 'a', type: 'WEBHOOK', url: 'https://x.test/${{ input }}', body: { n: 1 }, secret: 'HOOK' }],
      'hook',
    )
    expect(asked(driver, 'a')).toMatchObject({
      kind: 'createTask',
      type: 'webhook_request',
      input: { url: 'https://x.test/hook', method: 'POST', headers: {}, body: { n: 1 }, secret: 'HOOK' },
    })
    driver.complete('a', { status: 200 })
    expect(driver.run.output).toEqual({ status: 200 })
  })

  const withCallback = {
    id: 'a',
    type: 'WEBHOOK',
    url: 'https://x.test/',
    callback: true,
    body: '${{ callback.url }}',
  } as const

  it('waits for its call-back, without one working for it', () => {
    const driver = begin([withCallback])
    const id = driver.awaitedAt('a')
    expect(asked(driver, 'a')).toMatchObject({
      input: { body: `https://example.test/callback/${id}` },
      hasCallback: true,
    })
    driver.complete('a', { status: 202 })
    expect([driver.status('a'), driver.run.status]).toEqual(['WAITING', 'WAITING'])
    driver.send({ kind: 'callback', path: 'a', id, body: 'first' }, { kind: 'callback', path: 'a', id, body: 'second' })
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: 'first' })
  })

  it('keeps a call-back that comes before the response', () => {
    const driver = begin([withCallback])
    const id = driver.awaitedAt('a')
    driver.send({ kind: 'callback', path: 'a', id, body: 'early' })
    expect(driver.status('a')).toBe('RUNNING')
    driver.complete('a', { status: 202 })
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: 'early' })
  })
})

describe('a WAIT', () => {
  it('for a duration ends by itself, and says when', () => {
    const driver = begin([{ id: 'a', type: 'WAIT', duration: '${{ input }}' }, task('b', { after: ['a'] })], '90s')
    expect(driver.run).toMatchObject({ status: 'WAITING', wakeAt: new Date('2030-01-01T00:01:30Z') })
    driver.pass(89_999)
    expect(driver.status('a')).toBe('WAITING')
    driver.pass(1)
    expect(driver.working).toEqual(['b'])
  })

  it('for a time that has passed ends at once', () => {
    expect(begin([{ id: 'a', type: 'WAIT', until: '2029-12-31T00:00:00Z' }]).run.status).toBe('COMPLETED')
  })

  it.each([
    ['no duration', { duration: '${{ input }}' }, 'INVALID_DURATION'],
    ['no time', { until: '${{ input }}' }, 'INVALID_TIME'],
  ])('for what is %s fails', (_name, what, code) => {
    expect(begin([{ id: 'a', type: 'WAIT', ...what }], 'soon').run.error?.code).toBe(code)
  })

  const wait = { id: 'a', type: 'WAIT', event: { key: 'paid-${{ input }}', where: 'event.amount > 10.0' } } as const

  it('for an event takes the first that is the one', () => {
    const driver = begin([wait], 7)
    expect(asked(driver, 'a')).toMatchObject({ kind: 'openWait', key: 'paid-7' })
    const id = driver.awaitedAt('a')
    driver.send({ kind: 'event', path: 'a', id, event: { amount: 5 } })
    expect(driver.status('a')).toBe('WAITING')
    driver.send({ kind: 'event', path: 'a', id, event: { amount: 50 } })
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { amount: 50 } })
    expect(driver.outside.size).toBe(0)
  })

  it('for an event that its condition cannot judge fails, and says why', () => {
    const driver = begin([wait], 7)
    driver.send({ kind: 'event', path: 'a', id: driver.awaitedAt('a'), event: {} })
    expect(driver.run.error).toMatchObject({ code: 'EXPRESSION', expression: { text: 'event.amount > 10.0' } })
  })

  it('that no event ends fails at its time-out, or completes with what it says', () => {
    const plain = begin([{ ...wait, timeout: '1m' }], 7)
    plain.pass(60_000)
    expect(plain.run.error?.code).toBe('STEP_TIMEOUT')
    const answered = begin([{ ...wait, timeout: '1m', onTimeout: { output: { amount: '${{ input }}' } } }], 7)
    answered.pass(60_000)
    expect(answered.run).toMatchObject({ status: 'COMPLETED', output: { amount: 7 } })
    expect([plain.outside.size, answered.outside.size]).toEqual([0, 0])
  })
})

describe('an APPROVAL', () => {
  const approval = {
    id: 'a',
    type: 'APPROVAL',
    message: 'Ship ${{ input }}?',
    approvers: { principals: ['ann', 'bob', 'cid'] },
  } as const

  it('asks, and goes on with enough approvals, each person counted once', () => {
    const driver = begin([{ ...approval, need: 2 }], 'it')
    expect(asked(driver, 'a')).toMatchObject({
      kind: 'askApproval',
      request: { message: 'Ship it?', principals: ['ann', 'bob', 'cid'], role: null, need: 2 },
    })
    driver.decide('a', 'ann')
    driver.decide('a', 'ann')
    expect(driver.status('a')).toBe('WAITING')
    driver.decide('a', 'bob')
    expect(driver.run.output).toMatchObject({ approved: true, decisions: [{ by: 'ann' }, { by: 'bob' }] })
  })

  it('ends once those left cannot make up the number', () => {
    const driver = begin([{ ...approval, need: 2 }])
    driver.decide('a', 'ann', false)
    expect(driver.status('a')).toBe('WAITING')
    driver.decide('a', 'bob', false)
    expect(driver.run.error).toMatchObject({ code: 'APPROVAL_REFUSED', message: 'bob refused.' })
  })

  it('by a role ends with the first refusal, which may be an answer like another', () => {
    const driver = begin([{ ...approval, approvers: { role: 'OPERATOR' }, need: 2, onRefusal: 'CONTINUE' }])
    driver.decide('a', 'ann', false)
    expect(driver.run).toMatchObject({ status: 'COMPLETED', output: { approved: false } })
  })

  it('that too few may answer fails', () => {
    const driver = begin([{ ...approval, approvers: { principals: ['${{ input }}', 'ann'] }, need: 2 }], 'ann')
    expect(driver.run.error?.code).toBe('NOBODY_DECIDES')
  })

  it.each([
    [
      'counts as refused',
      { onTimeout: { approved: false } },
      { status: 'FAILED', error: { code: 'APPROVAL_REFUSED' } },
    ],
    [
      'counts as approved',
      { onTimeout: { approved: true, form: { by: 'time' } } },
      { status: 'COMPLETED', output: { approved: true, form: { by: 'time' } } },
    ],
    ['fails', {}, { status: 'FAILED', error: { code: 'STEP_TIMEOUT' } }],
  ])('that nobody answers %s', (_name, more, end) => {
    const driver = begin([{ ...approval, timeout: '1d', ...more }])
    driver.pass(86_400_000)
    expect(driver.run).toMatchObject(end)
    expect(driver.outside.size).toBe(0)
  })
})
