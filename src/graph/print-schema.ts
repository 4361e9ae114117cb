import { printSchema } from 'graphql'
import { schema } from './schema.ts'

/** The graph in GraphQL's own language, sorted, with descriptions: the content of schema.graphql. */
export function printGraph(): string {
  return `${printSchema(schema)}\n`
}
