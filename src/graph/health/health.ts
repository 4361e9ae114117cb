import { builder } from '../builder.ts'
import type { HealthCheck, HealthReport } from './health-report.ts'

const HealthStatusEnum = builder.enumType('HealthStatus', {
  description: 'How the server is.',
  values: {
    OK: { description: 'Everything it needs answers.' },
    DEGRADED: { description: 'It answers, but something that it needs does not.' },
  } as const,
})

const HealthCheckType = builder.objectRef<HealthCheck>('HealthCheck').implement({
  description: 'One thing that the server needs.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is: `database`, `channel`.' }),
    isHealthy: t.exposeBoolean('isHealthy', { description: 'Whether it answers.' }),
    message: t.exposeString('message', { nullable: true, description: 'What is wrong; null while nothing is.' }),
    latency: t.field({
      type: 'Duration',
      description: 'How long its answer took.',
      resolve: ({ latencyMs }) => latencyMs,
    }),
  }),
})

const HealthType = builder.objectRef<HealthReport>('Health').implement({
  description: 'How the server that answers this is, looked at now.',
  fields: (t) => ({
    status: t.field({
      type: HealthStatusEnum,
      description: 'OK when every check is.',
      resolve: ({ checks }) => (checks.every(({ isHealthy }) => isHealthy) ? 'OK' : 'DEGRADED'),
    }),
    version: t.exposeString('version', { description: 'Version of the server.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When this process started.' }),
    uptime: t.field({
      type: 'Duration',
      description: 'How long this process has run.',
      resolve: ({ startedAt }) => Math.max(Date.now() - startedAt.getTime(), 0),
    }),
    checks: t.field({ type: [HealthCheckType], description: 'What it needs.', resolve: ({ checks }) => [...checks] }),
  }),
})

builder.queryFields((t) => ({
  health: t.field({
    type: HealthType,
    description: 'How the server is.',
    authScopes: { known: true },
    resolve: (_root, _args, context) => context.health(),
  }),
}))
