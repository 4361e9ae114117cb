import type { ClientBase } from 'pg'
import { MAX_JSON_BYTES } from '../task/new-task.ts'
import type { SchemaCheck } from '../task/schema-check.ts'
import { newUuid } from '../task/type-id.ts'
import { createWorkflowLanguage } from '../workflow/definition/workflow-language.ts'
import type { StepContext } from '../workflow/run/draft.ts'
import { type Plan, planOf } from '../workflow/run/plan.ts'
import { readDefinitions, type VersionKey, versionKey } from '../workflow/store/workflows.ts'
import type { Engine } from './engine.ts'

/** What the stepping of runs needs beside the database. */
export interface RunTools {
  readonly schemas: SchemaCheck
  /** Plans of versions, which never change, by {@link versionKey}; those not seen before are read together. */
  plansOf(
    client: Pick<ClientBase, 'query'>,
    tenant: string,
    versions: readonly VersionKey[],
  ): Promise<ReadonlyMap<string, Plan>>
  /** What a call brings along, but for what it asks to be read. */
  readonly context: Omit<StepContext, 'known'>
}

/** An engine that can step runs. */
export type RunEngine = Engine & { readonly schemas: SchemaCheck; readonly runs: RunTools }

const MOST_PLANS = 500

/** @param callbackUrl the one-time URL that stands for what a WEBHOOK awaits */
export function createRunTools(schemas: SchemaCheck, callbackUrl: (id: string) => string): RunTools {
  const plans = new Map<string, Plan>()
  return {
    schemas,
    context: {
      language: createWorkflowLanguage(),
      schemas,
      newId: newUuid,
      random: Math.random,
      callbackUrl,
      maxValueBytes: MAX_JSON_BYTES,
    },
    async plansOf(client, tenant, versions) {
      const wanted = new Map(versions.map((version) => [versionKey(version), version]))
      const missing = [...wanted].flatMap(([key, version]) => (plans.has(`${tenant} ${key}`) ? [] : [version]))
      for (const [key, definition] of await readDefinitions(client, tenant, missing)) {
        plans.set(`${tenant} ${key}`, planOf(definition))
      }
      const found = new Map([...wanted.keys()].map((key) => [key, plans.get(`${tenant} ${key}`)!]))
      // The oldest go; they are read again when they are asked for.
      for (const key of plans.keys()) {
        if (plans.size <= MOST_PLANS) break
        plans.delete(key)
      }
      return found
    },
  }
}
