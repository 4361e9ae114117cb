// The template `pull-request-review`, with parameters of your own, as a definition: prints it for `task-mgmt workflow create --file -`.
// Try: npx node examples/pull-request-review.ts '{"comments":false}' | npx task-mgmt workflow create --file -
import { instantiate } from '../src/index.ts'

const parameters = {
  // Somebody of this role looks at the findings before they are published.
  approver: 'DEVELOPER',
  // No worker that serves code_review is needed.
  asksReviewer: false,
  ...JSON.parse(process.argv[2] ?? '{}'),
}
const made = instantiate('pull-request-review', parameters)
if (made.ok) console.log(JSON.stringify(made.definition, null, 2))
else {
  for (const { path, message } of made.problems) console.error(`${path.join('.')}: ${message}`)
  process.exitCode = 1
}
