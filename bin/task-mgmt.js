#!/usr/bin/env node
// Plain JavaScript in words that every Node understands, so that an old one gets a sentence instead of a stack trace.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `task-mgmt needs Node 22.18 or newer, this is ${process.versions.node}. In the checkout, npm ci brings one along: use npm start or npx task-mgmt.`,
  )
  process.exit(1)
}

// The checkout runs from source; Node refuses .ts below node_modules, so the package carries built files.
const source = new URL('../src/', import.meta.url)
const isSource = existsSync(fileURLToPath(source)) && !source.pathname.includes('/node_modules/')
const [folder, extension] = isSource ? [source, 'ts'] : [new URL('../dist/', import.meta.url), 'js']
const root = process.argv[2] === 'serve' ? 'main' : 'cli'
await import(new URL(`process/${root}.${extension}`, folder).href)
