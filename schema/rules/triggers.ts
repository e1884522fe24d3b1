import { type CodemieSource, rootEntry } from '../dialects/codemie/envelope.ts'
import { readText } from '../lax.ts'
import { nearestName } from '../nearest.ts'
import { wordList } from '../shape.ts'
import { problemOfCron } from '../trigger/cron.ts'
import { EVENTS, type EventFilters } from '../trigger/events.ts'
import { childOf, type YamlDocument, type YamlEntry, type YamlNode } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

/** Events that can start a workflow. */
export const events: Rule = (draft, say) => {
  for (const { document, path, name, key } of triggersIn(draft.source)) {
    if (name === undefined || EVENTS.has(name)) continue
    say({
      code: 'unknown-event',
      severity: 'warning',
      at: document.at(key.start, key.end),
      path,
      message: `The event '${name}' is not known`,
      expected: wordList([...EVENTS.keys()]),
      help: 'Check the spelling; an unknown event never starts the workflow',
    })
  }
}

/** A filter that is not understood must not let everything through. */
export const filters: Rule = (draft, say) => {
  for (const { document, path, name, value } of triggersIn(draft.source)) {
    const event = EVENTS.get(name ?? '')
    if (name === undefined || event === undefined) continue
    const found: Say = (finding) =>
      say({
        ...finding,
        at: 'line' in finding.at ? finding.at : document.at(finding.at.start, finding.at.end),
      })
    checkFilters(found, { path: `${path}/${name}`, name, event, value })
  }
}

interface FoundTrigger {
  readonly document: YamlDocument
  readonly path: string
  readonly name: string | undefined
  readonly key: YamlNode
  /** Its filters; `undefined` where it can have none. */
  readonly value: YamlNode | undefined
}

function triggersIn(source: CodemieSource): readonly FoundTrigger[] {
  const entry = rootEntry(source, 'on')
  if (!entry) return []
  const { document, path, value } = entry
  const one = (key: YamlNode, filter?: YamlNode): FoundTrigger => ({
    document,
    path,
    name: readText(key),
    key,
    value: filter,
  })
  if (value.kind === 'map') return [...value.entries.values()].map((each) => one(each.key, each.value))
  return (value.kind === 'seq' ? value.items : [value]).map((item) => one(item))
}

interface Checked {
  readonly path: string
  readonly name: string
  readonly event: EventFilters
  readonly value: YamlNode | undefined
}

function checkFilters(say: Say, { path, name, event, value }: Checked): void {
  const bad = (at: YamlNode, message: string, expected?: string) =>
    say({ code: 'bad-filter', severity: 'error', at, path, message, expected })
  if (name === 'schedule') {
    const lines = value?.kind === 'seq' ? value.items : []
    const isComplete =
      lines.length > 0 && lines.every((line) => readText(childOf(line, 'cron')) !== undefined)
    const isSaid = value !== undefined && !(value.kind === 'scalar' && value.value === null)
    if (isSaid && !isComplete)
      bad(value, 'The schedule does not say when', "a list such as [{ cron: '0 6 * * 1' }]")
    for (const line of lines) checkCron(say, path, childOf(line, 'cron'))
    return
  }
  if (value?.kind === 'seq') bad(value, `The filters of '${name}' are a list`, 'a map from filter to value')
  if (value?.kind !== 'map') return
  for (const [key, entry] of value.entries) {
    if (!event.keys.includes(key)) sayUnknown(say, { path, name, event }, key, entry)
    else if (value.entries.has(`${key}-ignore`)) {
      bad(
        entry.key,
        `'${key}' and '${key}-ignore' exclude each other`,
        `'${key}' with patterns that begin with !`,
      )
    } else if (LISTS.test(key)) checkList(bad, key, entry.value)
    else if (key === 'draft' && (entry.value.kind !== 'scalar' || typeof entry.value.value !== 'boolean')) {
      bad(entry.value, `'draft' says whether drafts are meant`, 'true or false')
    }
  }
}

/** One that GitHub does not take is a warning: elsewhere a workflow can be started at such a time. */
function checkCron(say: Say, path: string, node: YamlNode | undefined): void {
  const cron = readText(node)
  const problem = cron === undefined ? undefined : problemOfCron(cron)
  if (!node || problem === undefined) return
  say({
    code: 'bad-cron',
    severity: 'warning',
    at: node,
    path,
    message: `GitHub does not take the schedule '${cron}': ${problem}`,
    expected: "minute, hour, day, month and day of the week, as in '0 6 * * 1'",
    help: 'Correct it; until then nothing starts the workflow at this time',
  })
}

const LISTS = /^(types|branches|tags|paths|labels|workflows)(-ignore)?$/

function checkList(
  bad: (at: YamlNode, message: string, expected?: string) => void,
  key: string,
  value: YamlNode,
) {
  const items = value.kind === 'seq' ? value.items : [value]
  const isPlain = items.every((item) => item.kind === 'scalar' && item.value !== null)
  if (items.length === 0 || !isPlain) return bad(value, `'${key}' names nothing`, 'a text or a list of texts')
  const isPattern = /^(branches|tags|paths)/.test(key)
  if (isPattern && items.length > 0 && items.every((item) => readText(item)?.startsWith('!'))) {
    bad(
      value,
      `'${key}' only takes away, so that nothing is left`,
      "a pattern without ! before them, such as '**'",
    )
  }
}

function sayUnknown(
  say: Say,
  { path, name, event }: Omit<Checked, 'value'>,
  key: string,
  { key: at }: YamlEntry,
): void {
  say({
    code: 'unknown-filter',
    severity: 'error',
    at,
    path: `${path}/${key}`,
    message: `'${name}' has no filter '${key}'`,
    expected: wordList(event.keys),
    didYouMean: nearestName(key, [...event.keys]),
    help: 'Correct or remove it: a filter that is not understood must not let everything through',
  })
}
