import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { drainWorker } from '../../src/engine/drain-worker.ts'
import { giveUpWorkers } from '../../src/engine/give-up-workers.ts'
import { registerWorker } from '../../src/engine/register-worker.ts'
import { rescueLost } from '../../src/engine/rescue-lost.ts'
import { stopWorker } from '../../src/engine/stop-worker.ts'
import { newUuid } from '../../src/task/type-id.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACTOR, addWorker, type TestEngine, testEngine } from '../support/engine.ts'

let database: TestDatabase
let engine: TestEngine
beforeAll(async () => {
  database = await freshDatabase()
  engine = testEngine(database.pool)
})
beforeEach(async () => {
  await database.pool.query('DELETE FROM event')
  engine.rung.length = 0
})
afterAll(() => database.drop())

const announced = async (workerId: string) =>
  (
    await database.pool.query(
      `SELECT kind, actor, payload, version FROM event WHERE payload ->> 'workerId' = $1 ORDER BY id`,
      [workerId],
    )
  ).rows
const kinds = async (workerId: string) => (await announced(workerId)).map(({ kind }) => kind)
const many = <Value>(work: () => Promise<Value>) => Promise.all(Array.from({ length: 8 }, work))

describe('each change of a worker is announced once', () => {
  test('when it signs on, however often at once', async () => {
    const id = newUuid()
    const worker = {
      ...{ tenant: 'default', id, name: 'w', host: 'h', pid: null, version: null, types: ['work'], labels: {} },
      ...{ slots: 3, leaseMs: 30_000 },
    }
    const type = { name: 'work', description: null, inputSchema: null, outputSchema: null, defaults: {} }
    await many(() => registerWorker(engine, worker, [type]))
    expect(await announced(id)).toEqual([
      {
        kind: 'WorkerRegistered',
        actor: 'w',
        payload: { workerId: id, name: 'w', host: 'h', types: ['work'], slots: 3 },
        version: null,
      },
    ])
    expect(engine.rung).toEqual(['events'])
  })

  test('when it drains and stops, by rivals too', async () => {
    const id = await addWorker(engine, ['work'])
    await many(() => drainWorker(engine, ACTOR, id))
    await many(() => stopWorker(engine, ACTOR, id))
    await drainWorker(engine, ACTOR, id)
    expect(await kinds(id)).toEqual(['WorkerRegistered', 'WorkerDraining', 'WorkerStopped'])
    expect(await announced(id)).toMatchObject([
      {},
      { actor: 'test' },
      { actor: 'test', payload: { workerId: id, name: 'test' } },
    ])
    expect(engine.rung.filter((topic) => topic === 'events')).toHaveLength(3)
  })

  test('when it is lost, by silence or with its process, and it stays lost', async () => {
    const [silent, gone] = [await addWorker(engine, ['work']), await addWorker(engine, ['work'])]
    await database.pool.query(`UPDATE worker SET heartbeat_at = now() - interval '1 hour' WHERE id = $1`, [silent])
    await many(() => rescueLost(engine))
    await many(() => giveUpWorkers(engine, [{ tenant: 'default', id: gone }]))
    for (const id of [silent, gone]) {
      expect(await stopWorker(engine, ACTOR, id)).toBe('LOST')
      expect(await kinds(id)).toEqual(['WorkerRegistered', 'WorkerLost'])
      expect((await announced(id))[1].actor).toBeNull()
    }
  })

  test('or not at all, when the change does not come about', async () => {
    const id = await addWorker(engine, ['work'])
    await database.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON event FOR EACH ROW WHEN (NEW.kind = 'WorkerStopped') EXECUTE FUNCTION refuse()`,
    )
    await expect(stopWorker(engine, ACTOR, id)).rejects.toThrow('no')
    await database.pool.query('DROP TRIGGER refuse ON event')
    const { rows } = await database.pool.query('SELECT state FROM worker WHERE id = $1', [id])
    expect(rows).toEqual([{ state: 'ACTIVE' }])
    expect(await stopWorker(engine, ACTOR, newUuid())).toBeNull()
  })
})
