import { expect } from 'vitest'
import { encodeTypeId } from '../../src/task/type-id.ts'
import type { Step, WorkflowDefinition } from '../../src/workflow/definition/definition.ts'
import type { TestGraph } from './graph.ts'
import { type Runs, runsOf } from './runs.ts'

/** Runs whose verbs are asked of the graph, and whose tasks the test carries out. */
export interface GraphRuns extends Runs {
  /** Starts a run over the graph. @returns its TypeID */
  execute(workflow: string, input?: unknown): Promise<string>
  /** Asks for something about one run, by `$id`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  read(id: string, fields: string): Promise<any>
  /** A verb about one run; the answer of its mutation. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  command(verb: string, input: object): Promise<any>
}

/** @param key sent with what is asked, where the server is not open */
export async function graphRuns(graph: TestGraph, key?: string): Promise<GraphRuns> {
  const runs = await runsOf({ ...graph.engine, rung: [] })
  return {
    ...runs,
    async execute(workflow, input = {}) {
      const { data, errors } = await graph.ask(
        'mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) { ... on ExecuteWorkflowSuccess { run { id } } ... on UserError { message } } }',
        { input: { workflow, input } },
        key,
      )
      expect(errors).toBeUndefined()
      return data.executeWorkflow.run.id
    },
    async read(id, fields) {
      const { data, errors } = await graph.ask(`query ($id: ID!) { workflowRun(id: $id) { ${fields} } }`, { id }, key)
      expect(errors).toBeUndefined()
      return data.workflowRun
    },
    async command(verb, input) {
      const type = `${verb[0]!.toUpperCase()}${verb.slice(1)}`
      const { data, errors } = await graph.ask(
        `mutation ($input: ${type}Input!) { ${verb}(input: $input) { __typename ... on ${type}Success { run { id status attempt error { code message } } }
          ... on UserError { code message path } ... on IllegalRunCommandError { from command runId } } }`,
        { input },
        key,
      )
      expect(errors).toBeUndefined()
      return data[verb]
    },
  }
}

export const runId = (uuid: string): string => encodeTypeId('run', uuid)

export const task = (id: string, more: Partial<Step> = {}): Step =>
  ({ id, type: 'TASK', task: 'work', ...more }) as Step

export const flow = (
  name: string,
  steps: readonly Step[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition => ({ name, steps, ...more })
