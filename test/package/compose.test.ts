import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/infra/config/parse-config.ts'
import { settings } from '../../src/infra/config/settings.ts'

interface Service {
  readonly image: string
  readonly profiles?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly string[]
}

const file = readFileSync(new URL('../../deploy/docker-compose.yml', import.meta.url), 'utf8')
const { services, volumes } = parse(file, { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const ours = Object.entries(services).filter(([, { image }]) => image === 'task-mgmt')
const theirs = Object.entries(services).filter(([, { image }]) => image !== 'task-mgmt')
let given: Record<string, string> = {}
const secrets: Record<string, string> = {
  POSTGRES_PASSWORD: 'p4ssw0rd',
  TASK_MGMT_INITIAL_KEY: `tmk_${'k'.repeat(43)}`,
}

/** As compose fills in variables: `${NAME:?message}` must be set, `${NAME:-default}` need not. */
function fill(text: string): string {
  return text.replace(
    /\$\{(\w+)(?::(\?|-)([^}]*))?\}/g,
    (_, name: string, _kind, fallback: string) => given[name] ?? secrets[name] ?? fallback,
  )
}

afterEach(() => {
  given = {}
})

it('every role runs once, with settings that the server knows and accepts', () => {
  expect(rolesOf(ours.filter(([, { profiles }]) => profiles === undefined))).toEqual(['api', 'scheduler', 'worker'])
})

it('every role is a service of its own with the profile', () => {
  given = { TASK_MGMT_API_ROLES: 'api' }
  expect(rolesOf(ours)).toEqual(['api', 'scheduler', 'worker'])
  expect(ours.map(([name]) => name).sort()).toEqual(['api', 'scheduler', 'worker'])
})

function rolesOf(some: typeof ours): string[] {
  const roles = some.flatMap(([, { environment }]) => {
    const env = Object.fromEntries(Object.entries(environment!).map(([name, value]) => [name, fill(value)]))
    const known = Object.values(settings).map((setting) => setting.env as string)
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([])
    const parsed = parseConfig({ env, argv: [] })
    if (parsed.kind !== 'config') throw new Error(JSON.stringify(parsed))
    expect(parsed.config.databaseUrl).toContain(secrets.POSTGRES_PASSWORD)
    return parsed.config.roles
  })
  return roles.sort()
}

it('waits until what it needs is healthy, which is pinned and keeps what must be kept', () => {
  for (const [, { depends_on }] of ours) {
    expect(Object.keys(depends_on!)).toEqual(theirs.map(([name]) => name))
    expect(Object.values(depends_on!).every(({ condition }) => condition === 'service_healthy')).toBe(true)
  }
  for (const [, { image, healthcheck }] of theirs) {
    expect(image).toMatch(/^[a-z]+:\d+-/)
    expect(healthcheck?.test[0]).toBe('CMD')
  }
  const named = Object.values(services).flatMap(({ volumes = [] }) =>
    volumes.map((volume) => fill(volume).split(':')[0]),
  )
  expect(named.sort()).toEqual(Object.keys(volumes).sort())
})

it('has no secret of its own: both must be set', () => {
  for (const name of Object.keys(secrets)) {
    expect(file).toContain(`\${${name}:?`)
    expect(file.replaceAll(`\${${name}:?set ${name}}`, '')).not.toContain(`\${${name}`)
  }
})
