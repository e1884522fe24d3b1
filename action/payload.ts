/**
 * What stands at a path in a payload, such as `pull_request.head.sha` or `commits.0.id`; `undefined` when it is not there, or
 * `null`. Only what the payload itself holds.
 */
export function at(payload: unknown, path: string): unknown {
  let value = payload
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value ?? undefined
}

/** Whether an account in a payload is that of an app. */
export function isBot(account: unknown): boolean {
  return textAt(account, 'type') === 'Bot' || textAt(account, 'login')?.endsWith('[bot]') === true
}

/** The text at a path; `undefined` when there is something else or nothing. */
export function textAt(payload: unknown, path: string): string | undefined {
  const value = at(payload, path)
  return typeof value === 'string' ? value : undefined
}
