import type { Pool } from 'pg'
import type { Principal } from '../access/principal.ts'
import type { Authenticator } from '../engine/authenticate.ts'
import type { RunEngine } from '../engine/run-tools.ts'
import type { WorkflowCheck } from '../workflow/definition/check-workflow.ts'
import type { EventReader } from './event/event-reader.ts'
import type { HealthReader } from './health/health-report.ts'
import type { PrismaCarrier } from './prisma-of.ts'
import type { ReasonWatch } from './task/look.ts'
import type { WorkerWaits } from './worker/worker-waits.ts'

/** The engine, with the check of inputs against the schemas of task types, and what the stepping of runs needs. */
export type GraphEngine = RunEngine

/** What the graph is built on; the same for every operation. */
export interface GraphParts extends PrismaCarrier {
  /** What is read by SQL. */
  readonly db: Pool
  readonly events: EventReader
  /** What the verbs act on. */
  readonly engine: GraphEngine
  /** Judges definitions of workflows. */
  readonly definitions: WorkflowCheck
  readonly authenticator: Authenticator
  readonly health: HealthReader
  /** The requests of workers that may wait. */
  readonly workers: WorkerWaits
  /** Follows why tasks wait. */
  readonly reasons: ReasonWatch
}

/** What the resolvers of one operation see. */
export interface GraphContext extends GraphParts {
  /** null when nobody was recognised: then only what needs no role may be asked. */
  readonly principal: Principal | null
  /** Tenant of the principal; every statement is scoped by it. */
  readonly tenant: string
  /** Fires when the client is gone. */
  readonly signal: AbortSignal
  /**
   * Position in the event log before anything of this operation was read, when the operation asks for a cursor.
   * A task read later may be newer than this, never older.
   */
  readonly cursorBeforeReads: string | null
}
