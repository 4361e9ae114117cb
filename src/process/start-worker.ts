import { hostname } from 'node:os'
import { drainWorker } from '../engine/drain-worker.ts'
import { giveUpWorkers } from '../engine/give-up-workers.ts'
import { registerWorker } from '../engine/register-worker.ts'
import { stopWorker } from '../engine/stop-worker.ts'
import { machineResources } from '../infra/machine-resources.ts'
import { codeAnalysis } from '../integration/graph-sitter/code-analysis.ts'
import { simulatedWork } from '../integration/simulation/simulated-work.ts'
import { createAddressGuard } from '../integration/webhook/address-guard.ts'
import { createSender } from '../integration/webhook/send-request.ts'
import { webhookRequest } from '../integration/webhook/webhook-request.ts'
import { createAttemptReporter } from '../loop/attempt-reporter.ts'
import { createEnginePort } from '../loop/engine-port.ts'
import { type Executor, startExecutor } from '../loop/executor.ts'
import { DATABASE_BEAT, type HeartbeatOrder, startHeartbeat } from '../loop/heartbeat.ts'
import { startPeriodic } from '../loop/periodic.ts'
import { resourcesOf } from '../task/resources.ts'
import type { TaskTypeRegistration } from '../task/store/task-types.ts'
import { newUuid } from '../task/type-id.ts'
import { defineTaskType } from '../worker/define-task-type.ts'
import type { TaskTypeDefinition } from '../worker/handler.ts'
import type { ServedType } from '../worker/run-attempt.ts'
import { readAliveWorkers } from '../worker/store/workers.ts'
import { HandlersUnusable, loadHandlers, refuseDoubles } from './load-handlers.ts'
import type { Running } from './running.ts'

const TENANT = 'default'
/** Longest wait for work, or for word of an ended lease, when a bell was lost. */
const POLL_MS = 1_000

/**
 * Starts this process's worker: its handlers, its lease, and the loop that claims for them. A worker that was taken for
 * lost, after a long stop of the process, starts again under a new name.
 */
export async function startWorker(running: Running): Promise<void> {
  const { config, handlers, log, parts, channel } = running
  const own = await loadHandlers(config.handlers, process.cwd())
  const definitions = [
    defineTaskType(codeAnalysis({ allowedRoots: config.allowedRoots })),
    defineTaskType(
      webhookRequest({
        send: createSender(createAddressGuard({ allowedHosts: config.webhookPrivateHosts })),
        secrets: config.webhookSecrets,
        authorizations: config.webhookAuthorizations,
      }),
    ),
    defineTaskType(simulatedWork()),
    ...own,
    ...handlers,
  ]
  refuseDoubles(definitions)
  await giveUpGoneWorkers(running)

  let current = await startOne(running, definitions, () => void again())
  const again = async (): Promise<void> => {
    log.warn('this worker was taken for lost; it starts anew')
    await current.stop(0)
    current = await startOne(running, definitions, () => void again())
  }
  await channel.subscribe('claimable', () => current.executor.wake())
  await channel.subscribe('revoked', () => current.checkLeases())
  const graceMs = config.stopSeconds * 1_000
  parts.add({ name: 'worker', stopWithinMs: graceMs + 10_000, stop: () => current.stop(graceMs) })
}

interface OneWorker {
  readonly executor: Executor
  checkLeases(): void
  stop(graceMs: number): Promise<void>
}

async function startOne(
  running: Running,
  definitions: readonly TaskTypeDefinition[],
  onLost: () => void,
): Promise<OneWorker> {
  const { engine, config, log, databaseUrl } = running
  const workerId = newUuid()
  const leaseMs = config.leaseSeconds * 1_000
  const worker = {
    tenant: TENANT,
    id: workerId,
    name: `${hostname()}-${process.pid}`,
    host: hostname(),
    pid: process.pid,
    version: null,
    types: definitions.map(({ name }) => name),
    queues: config.queues,
    labels: config.workerLabels,
    slots: config.slots,
    resources: resourcesOf({ ...machineResources(), ...config.workerResources }),
    leaseMs,
  }
  const registered = await registerWorker(engine, worker, definitions.map(registrationOf))
  if (!registered.ok) throw new HandlersUnusable(problemsOf(registered.refusal))

  const onError = (error: unknown): void => log.error({ err: error }, 'the worker met an error; it goes on')
  let executor: Executor | undefined
  const checkLeases = (): void => void executor?.checkLeases().catch(onError)
  const self = { tenant: TENANT, name: worker.name }
  const port = createEnginePort({
    engine,
    actor: self,
    workerId,
    types: worker.types,
  })
  const reporter = createAttemptReporter({ port, onError, onStale: checkLeases })
  executor = startExecutor({
    port,
    schemas: engine.schemas,
    reporter,
    types: new Map(definitions.map((definition) => [definition.name, servedType(definition)])),
    slots: config.slots,
    pollMs: POLL_MS,
    onError,
  })
  let isOver = false
  let isDraining = false
  const order = { url: databaseUrl, tenant: TENANT, workerId, intervalMs: Math.max(leaseMs / 4, 500) }
  const stopHeartbeat = startHeartbeat(DATABASE_BEAT, order satisfies HeartbeatOrder, (report) => {
    if (report.kind === 'missed') log.warn({ why: report.why }, 'a heartbeat of the worker was missed')
    else if (report.state === 'DRAINING') {
      if (!isOver && !isDraining) log.info('the worker is drained: it finishes what it holds and claims no more')
      isDraining = true
    } else if (report.state !== 'ACTIVE' && !isOver) {
      isOver = true
      onLost()
    }
  })
  const leases = startPeriodic({ everyMs: POLL_MS, run: () => executor.checkLeases(), onError })
  return {
    executor,
    checkLeases,
    async stop(graceMs) {
      isOver = true
      await drainWorker(engine, self, workerId).catch(onError)
      await executor.stop(graceMs)
      await leases.stop()
      await stopHeartbeat()
      await stopWorker(engine, self, workerId).catch(onError)
    },
  }
}

/**
 * With an embedded database all workers are processes of this machine: those whose process is gone need not run out
 * their leases first.
 */
async function giveUpGoneWorkers({ engine, isEmbedded }: Running): Promise<void> {
  if (!isEmbedded) return
  const alive = await readAliveWorkers(engine.db, hostname())
  const gone = alive.filter(({ pid }) => pid !== null && (pid === process.pid || !isProcessAlive(pid)))
  await giveUpWorkers(engine, gone)
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function registrationOf(definition: TaskTypeDefinition): TaskTypeRegistration {
  return {
    name: definition.name,
    description: definition.description ?? null,
    inputSchema: definition.input ?? null,
    outputSchema: definition.output ?? null,
    defaults: definition.defaults ?? {},
  }
}

function servedType({ handler, input, output }: TaskTypeDefinition): ServedType {
  return {
    handler,
    inputSchema: input === undefined ? null : JSON.stringify(input),
    outputSchema: output === undefined ? null : JSON.stringify(output),
  }
}

function problemsOf(refusal: {
  code: string
  issues?: readonly { path: readonly unknown[]; message: string }[]
}): string {
  const list = (refusal.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`)
  return `The worker cannot be registered: ${list.join('; ') || refusal.code}.`
}
