import { writeFileSync } from 'node:fs'
import { printGraph } from '../src/graph/print-schema.ts'

// Prints the graph to schema.graphql, from which clients are generated.
writeFileSync(new URL('../schema.graphql', import.meta.url), printGraph())
