import { isJsonObject } from '../schema/json-object.ts'

/**
 * What a job says that may not say it on the pull request itself: `report.json` of a handover. Whoever reads it must not
 * believe it; strangers can make such a job write anything.
 */
export interface HandoverReport {
  readonly schema: 1
  readonly mode: 'review' | 'events'
  /** Commit that it is about. */
  readonly head: string
  /** As the output `status` of the step. */
  readonly status: string
  /** For people: lines without Markdown. */
  readonly text: string
}

/** Name of the report in a handover. */
export const REPORT_FILE = 'report.json'
/** Characters of its text. */
export const MOST_REPORT_CHARACTERS = 30_000
/** Bytes of the file: each character may take six of them there. */
const MOST_REPORT_BYTES = 256 * 1024

/** How members of a report are checked, and what they have to be. */
const MEMBERS: Readonly<Record<keyof HandoverReport, readonly [(value: unknown) => boolean, string]>> = {
  schema: [(value) => value === 1, '1'],
  mode: [(value) => value === 'review' || value === 'events', '`review` or `events`'],
  head: [(value) => typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value), 'a commit'],
  status: [(value) => typeof value === 'string' && /^[a-z-]{1,30}$/.test(value), 'a word'],
  text: [
    (value) => typeof value === 'string' && value.length <= MOST_REPORT_CHARACTERS,
    `a text of at most ${MOST_REPORT_CHARACTERS} characters`,
  ],
}

/** Reads a report that somebody else wrote. @returns the report, or what is wrong with it, a sentence each. Pure. */
export function parseReport(
  bytes: Uint8Array | undefined,
):
  | { readonly report: HandoverReport; readonly problems?: undefined }
  | { readonly report?: undefined; readonly problems: readonly string[] } {
  if (bytes === undefined) return { problems: [`${REPORT_FILE} is not there`] }
  if (bytes.length > MOST_REPORT_BYTES) return { problems: [`${REPORT_FILE} has ${bytes.length} bytes`] }
  const value = parse(bytes)
  if (!isJsonObject(value)) return { problems: [`${REPORT_FILE} is no JSON object`] }
  const problems = [
    ...Object.entries(MEMBERS).flatMap(([name, [isRight, what]]) =>
      isRight(Object.hasOwn(value, name) ? value[name] : undefined)
        ? []
        : [`\`${name}\` of ${REPORT_FILE} is not ${what}`],
    ),
    ...(Object.keys(value).some((name) => !Object.hasOwn(MEMBERS, name))
      ? [`${REPORT_FILE} says more than a report does`]
      : []),
  ]
  return problems.length > 0 ? { problems } : { report: value as unknown as HandoverReport }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}
