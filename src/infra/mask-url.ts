/** The URL without its password; a text that is no URL may be nothing but a secret and is hidden whole. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return '***'
  const url = new URL(text)
  // What cannot have a host can hide its secret anywhere.
  if (url.host === '') return `${url.protocol}***`
  if (url.password !== '') url.password = '***'
  for (const name of url.searchParams.keys()) if (/pass|secret|token/i.test(name)) url.searchParams.set(name, '***')
  return url.href
}
