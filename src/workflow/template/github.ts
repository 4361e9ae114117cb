import type { JsonSchema } from '../../task/json.ts'
import type { Template, WebhookStep } from '../definition/definition.ts'
import { address } from './workflow-template.ts'

/** Parameter of templates that call GitHub. */
export const GITHUB_API = address(
  'Where the REST API of GitHub is. Its token is set by TASK_MGMT_WEBHOOK_AUTHORIZATION=api.github.com=Bearer ….',
  'https://api.github.com',
)

/** `owner/name`, of an input. */
export const REPOSITORY: JsonSchema = {
  description: 'owner/name',
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$',
  maxLength: 200,
}

/**
 * A request to the API at `context.githubApi` about the repository `input.repository`.
 *
 * @param call.path behind the repository
 * @see https://docs.github.com/en/rest
 */
export function githubCall(call: {
  readonly id: string
  readonly after?: readonly string[]
  readonly path: string
  readonly body: Template
}): WebhookStep {
  const { id, after, path, body } = call
  return {
    id,
    type: 'WEBHOOK',
    ...(after && { after }),
    url: `\${{ context.githubApi }}/repos/\${{ input.repository }}/${path}`,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    body,
  }
}

/** @see https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request */
export function createPullRequest(more: {
  readonly after: readonly string[]
  readonly title: Template
  readonly text: Template
}): WebhookStep {
  return githubCall({
    id: 'pull_request',
    after: more.after,
    path: 'pulls',
    body: { title: more.title, head: '${{ input.branch }}', base: '${{ input.base }}', body: more.text },
  })
}
