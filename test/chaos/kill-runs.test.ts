import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createWorkflow } from '../../src/engine/create-workflow.ts'
import { startRun } from '../../src/engine/start-run.ts'
import type { WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import { ACTOR } from '../support/engine.ts'
import { engineFixture } from '../support/engine-fixture.ts'
import { EVERY_STEP, INNER, WEBHOOK_URL } from '../support/every-step.ts'
import { openReceiver } from '../support/receiver.ts'
import { outcomeOf } from '../support/run-outcome.ts'
import { answerAll } from '../support/run-world.ts'
import { type ServerProcess, spawnServer } from '../support/server-process.ts'
import { isFullSize } from '../support/size.ts'

const { engine, database, rowsOf } = await engineFixture()
/** The service outside that is asked to call back. */
const receiver = await openReceiver()
const everyStep = JSON.parse(JSON.stringify(EVERY_STEP).replace(WEBHOOK_URL, receiver.url)) as WorkflowDefinition
const hook = new URL('./kill-at-commit.ts', import.meta.url).href
const handlers = fileURLToPath(new URL('./run-types.ts', import.meta.url))

function start(env: Record<string, string>): ServerProcess {
  const settings = {
    DATABASE_URL: database.url,
    TASK_MGMT_ROLES: 'scheduler,worker',
    TASK_MGMT_LEASE: '5',
    TASK_MGMT_WEBHOOK_PRIVATE_HOSTS: '127.0.0.1',
    NODE_OPTIONS: `--import ${hook}`,
    ...env,
  }
  return spawnServer(settings, ['--handlers', handlers])
}

/** Runs the workflow on a server that may be killed, and then on another, to the end. */
async function runOn(env: Record<string, string>) {
  let server = start(env)
  let kills = 0
  try {
    // On a slow machine the commit it dies at can come before it says that it is ready.
    await server.ready.catch(() => undefined)
    for (const definition of [INNER, everyStep]) await createWorkflow(engine, ACTOR, { definition })
    const started = await startRun(engine, ACTOR, { workflow: 'every_step', input: { n: 1 } })
    if (!started.ok) throw new Error(JSON.stringify(started.refusal))
    const { runId } = started.value
    const isOver = async () => {
      await answerAll(engine, database.pool)
      return (await rowsOf(`SELECT FROM workflow_run WHERE id = '${runId}' AND finished_at IS NOT NULL`)).length > 0
    }
    while (!(await isOver())) {
      const end = await Promise.race([server.ended, delay(5).then(() => null)])
      if (end === null) continue
      expect(end.signal).toBe('SIGKILL')
      kills += 1
      server = start({})
      await server.ready
    }
    return { ...(await outcomeOf(rowsOf, runId)), kills }
  } finally {
    server.kill('SIGTERM')
    await server.ended
  }
}

test('a run comes to the same end when its server is killed before or after any commit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'task-mgmt-kill-'))
  const record = join(folder, 'commits')
  const { kills: none, ...whole } = await runOn({ KILL_RECORD: record })
  expect(none).toBe(0)
  expect(whole.run).toMatchObject({ status: 'COMPLETED' })
  const commits = (await readFile(record, 'utf8')).trim().split('\n')
  await rm(folder, { recursive: true })
  const points = commits.flatMap((commit) => [`${commit}:before`, `${commit}:after`])
  const tried = isFullSize ? points : points.filter((_, place) => place % Math.ceil(points.length / 3) === 7)
  let kills = 0
  for (const point of tried) {
    const { kills: killed, ...outcome } = await runOn({ KILL_AT: point })
    kills += killed
    expect(outcome, point).toEqual(whole)
  }
  console.log(`${commits.length} commits; ${tried.length} points, ${kills} kills`)
  expect(kills).toBeGreaterThan(0)
}, 3_600_000)
