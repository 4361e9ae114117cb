import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeProblems, parseConfig } from '../../../src/infra/config/parse-config.ts'
import type { Config } from '../../../src/infra/config/settings.ts'

function configOf(env: Record<string, string>, argv: string[] = []): Config {
  const parsed = parseConfig({ env, argv })
  if (parsed.kind !== 'config') throw new Error(JSON.stringify(parsed))
  return parsed.config
}

function problemsOf(env: Record<string, string>, argv: string[] = []): string[] {
  const parsed = parseConfig({ env, argv })
  if (parsed.kind !== 'problems') throw new Error(JSON.stringify(parsed))
  return describeProblems(parsed.problems).split('\n')
}

describe('settings', () => {
  it('have defaults', () => {
    expect(configOf({})).toMatchObject({
      port: 4000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      redisUrl: undefined,
      dataDir: resolve('.data'),
      roles: ['api', 'scheduler', 'worker'],
      slots: 10,
      allowedRoots: [resolve('.')],
      handlers: [],
      leaseSeconds: 30,
      isDevelopment: false,
    })
  })

  it('come from the environment, where an empty variable counts as not set', () => {
    expect(configOf({ PORT: '5000', HOST: '', TASK_MGMT_ROLES: 'api, worker' })).toMatchObject({
      port: 5000,
      host: '127.0.0.1',
      roles: ['api', 'worker'],
    })
  })

  it('open no port without the role api, unless one is given', () => {
    expect(configOf({ TASK_MGMT_ROLES: 'worker' }).port).toBeNull()
    expect(configOf({ TASK_MGMT_ROLES: 'worker', PORT: '5000' }).port).toBe(5000)
    expect(configOf({ TASK_MGMT_ROLES: 'worker', PORT: 'none' }).port).toBeNull()
    expect(problemsOf({ PORT: 'none' })).toEqual(['  PORT is "none": expected a port, since the role api serves HTTP'])
    expect(problemsOf({}, ['--roles', 'api', '--port=none'])).toEqual([
      '  --port is "none": expected a port, since the role api serves HTTP',
    ])
  })

  it('take secrets by their names, without ever showing one', () => {
    const [one, two] = ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'C2FVsBQIhrscChlQIMV+mE8hPXkY0nZ/']
    const config = configOf({
      TASK_MGMT_WEBHOOK_SECRETS: `deploy=whsec_${one}, other.hook=whsec_${two}==,deploy=whsec_${two}`,
      TASK_MGMT_WEBHOOK_AUTHORIZATION: 'api.linear.app=lin_api_1,localhost:8080=Basic dTpw=',
      TASK_MGMT_WEBHOOK_PRIVATE_HOSTS: 'localhost,10.1.2.3,[::1]',
    })
    expect(config).toMatchObject({
      webhookSecrets: { deploy: [`whsec_${one}`, `whsec_${two}`], 'other.hook': [`whsec_${two}==`] },
      webhookAuthorizations: { 'api.linear.app': 'lin_api_1', 'localhost:8080': 'Basic dTpw=' },
      webhookPrivateHosts: ['localhost', '10.1.2.3', '[::1]'],
    })
    const wrong = problemsOf({
      TASK_MGMT_WEBHOOK_SECRETS: `deploy=${one}`,
      TASK_MGMT_WEBHOOK_AUTHORIZATION: `https://api.linear.app=${two}`,
    }).join()
    expect(wrong).toMatch(/TASK_MGMT_WEBHOOK_SECRETS.*expected.*TASK_MGMT_WEBHOOK_AUTHORIZATION.*expected/s)
    expect(wrong).not.toContain(one)
    expect(wrong).not.toContain(two)
  })

  it('take the URL that others reach the server by, as what paths are put behind', () => {
    expect(configOf({ TASK_MGMT_PUBLIC_URL: 'https://x.test/tasks/' }).publicUrl).toBe('https://x.test/tasks')
    expect(configOf({ TASK_MGMT_PUBLIC_URL: 'http://x.test:80' }).publicUrl).toBe('http://x.test')
    expect(configOf({}).publicUrl).toBeUndefined()
    for (const url of ['x.test', 'ftp://x.test', 'https://x.test?a=1', 'https://u:p@x.test'])
      expect(problemsOf({ TASK_MGMT_PUBLIC_URL: url }).join()).toContain('TASK_MGMT_PUBLIC_URL')
  })

  it('take lengths of time with their unit', () => {
    const config = configOf({ TASK_MGMT_KEEP_TASKS: '90m' }, ['--keep-events', '120s'])
    expect(config).toMatchObject({ keepTasksMs: 5_400_000, keepEventsMs: 120_000, keepLogsMs: 14 * 86_400_000 })
  })

  it('take what a worker has and its labels as names with values', () => {
    const config = configOf({ TASK_MGMT_WORKER_RESOURCES: 'gpu=1, license=0.5' }, [
      '--worker-labels',
      'region=eu,disk=ssd',
    ])
    expect(config).toMatchObject({
      workerResources: { gpu: 1, license: 0.5 },
      workerLabels: { region: 'eu', disk: 'ssd' },
    })
    expect(configOf({})).toMatchObject({ workerResources: {}, workerLabels: {} })
    for (const wrong of ['gpu', 'gpu=many', 'gpu=-1', 'gpu=1=2', 'gpu=NaN'])
      expect(problemsOf({ TASK_MGMT_WORKER_RESOURCES: wrong })).toEqual([
        `  TASK_MGMT_WORKER_RESOURCES is "${wrong}": expected amounts like cpuCores=4,memoryMb=8192,gpu=1,license=2`,
      ])
  })

  it('come from flags, which win; flags of lists may be repeated', () => {
    const argv = ['--port', '6000', '--allow-root=/a', '--allow-root', '/b', '--dev']
    expect(configOf({ PORT: '5000' }, argv)).toMatchObject({
      port: 6000,
      allowedRoots: ['/a', '/b'],
      isDevelopment: true,
    })
  })
})

describe('problems', () => {
  it('are all reported at once, with name, value and what is expected', () => {
    expect(problemsOf({ PORT: '99999', TASK_MGMT_LEASE: '1' }, ['--slots', 'many', '--portt', '1'])).toEqual([
      '  --portt: expected a known flag: did you mean --port?',
      '  PORT is "99999": expected a whole number from 0 to 65535, none or auto',
      '  --slots is "many": expected a whole number from 1 to 10000',
      '  TASK_MGMT_LEASE is "1": expected a whole number of seconds from 5 to 3600',
    ])
  })

  it('never show a secret', () => {
    const text = problemsOf({ DATABASE_URL: 'mysql://me:hunter2@host/db', REDIS_URL: 'hunter2' }).join('\n')
    expect(text).not.toContain('hunter2')
    expect(text).toContain('mysql://me:***@host/db')
  })

  it('name a flag without its value and arguments that are no flags', () => {
    expect(problemsOf({}, ['extra', '--port'])).toEqual([
      '  extra: expected only flags, see --help',
      '  --port: expected a whole number from 0 to 65535, none or auto',
    ])
  })

  it.each([
    ['PORT', '-1'],
    ['PORT', '1.5'],
    ['PORT', '1e3'],
    ['TASK_MGMT_ROLES', 'api,cook'],
    ['TASK_MGMT_ROLES', ','],
    ['TASK_MGMT_LOG_LEVEL', 'loud'],
    ['TASK_MGMT_DEV', 'yes'],
    ['DATABASE_URL', 'localhost'],
    ['REDIS_URL', 'http://localhost'],
    ['TASK_MGMT_KEEP_EVENTS', '30'],
    ['TASK_MGMT_KEEP_EVENTS', '59s'],
    ['TASK_MGMT_KEEP_TASKS', '3651d'],
    ['TASK_MGMT_KEEP_IDEMPOTENCY_KEYS', '23h'],
  ])('refuse %s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })).toHaveLength(1)
  })
})

it('asks for help before it complains', () => {
  expect(parseConfig({ env: { PORT: 'x' }, argv: ['--help'] })).toEqual({ kind: 'help' })
})
