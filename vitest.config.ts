import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { isFullSize } from './test/support/size.ts'

// The one default export of the project: vitest asks for it.
export default defineConfig({
  resolve: {
    // graphql has an entry for import and one for require, and types of one are strangers to the other.
    alias: [
      { find: /^graphql$/, replacement: fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Most files wait for a database or a process of theirs, so three on two cores pay.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: isFullSize ? 600_000 : 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    restoreMocks: true,
  },
})
