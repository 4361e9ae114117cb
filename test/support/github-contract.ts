import { type Answer, answerJson } from './receiver.ts'

/** As the REST API of GitHub answers pull requests and comments: what it requires is required. */
export const github: Answer = (request, response) => {
  const { method, url, headers } = request
  const body = JSON.parse(request.body)
  const hasFields = (...names: string[]) => names.every((name) => typeof body[name] === 'string' && body[name] !== '')
  const isKnown = headers.accept === 'application/vnd.github+json' && headers['x-github-api-version'] === '2022-11-28'
  const answer = (status: number, value: unknown) => answerJson(status, value)(request, response)
  const [, repository, call] = /^\/repos\/([\w.-]+\/[\w.-]+)\/(.*)$/.exec(url) ?? []
  if (method !== 'POST' || repository === undefined || !isKnown) return answer(404, { message: 'Not Found' })
  if (call === 'pulls') {
    if (!hasFields('title', 'head', 'base')) return answer(422, { message: 'Validation Failed' })
    return answer(201, { number: 12, html_url: `https://github.test/${repository}/pull/12`, state: 'open' })
  }
  if (!/^issues\/\d+\/comments$/.test(call!)) return answer(404, { message: 'Not Found' })
  if (!hasFields('body')) return answer(422, { message: 'Validation Failed' })
  return answer(201, { id: 1, html_url: `https://github.test/${repository}/${call}/1` })
}
