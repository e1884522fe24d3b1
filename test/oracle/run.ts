import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareVector, type Verdict } from './compare.ts'
import { functions } from './functions.ts'
import { compareOctomindTrace, isOctomindTrace } from './octomind/compare.ts'
import { OWN_OCTOMIND_RECORDINGS, OWN_RECORDINGS, openRecordings, type Recordings } from './recorded.ts'
import { sideBySide } from './side-by-side.ts'
import { compareTemplate, type RecordedTemplate } from './templates.ts'
import type { Trace } from './trace.ts'
import { compareTrace } from './traces.ts'

const USAGE = `Usage: npm run oracle -- [--verbose] [<folder>...]

Compares the project with recorded behaviour: vectors/*.jsonl, traces/*.json and templates.json of each folder, by
default of ${relative(OWN_RECORDINGS)} and ${relative(OWN_OCTOMIND_RECORDINGS)}. Exit status: 0 no difference, 1 differences, 2 usage.

  --verbose   also list what differs on purpose, with the section that allows it`

/** What came out of one kind of recordings. */
interface Tally {
  readonly name: string
  readonly verdicts: readonly (readonly [id: string, verdict: Verdict])[]
}

/** Where the words go. */
export interface OracleOutput {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Columns of the terminal. */
  readonly width: number
}

/** Carries the command line out, and gives its exit status. */
export async function runOracle(args: readonly string[], output: OracleOutput): Promise<number> {
  const parsed = readArguments(args)
  if (typeof parsed === 'string') {
    output.err(`${parsed}\n\n${USAGE}`)
    return 2
  }
  const { folders, isVerbose } = parsed
  const all: Tally[] = []
  for (const folder of folders) {
    const tallies = await talliesOf(openRecordings(folder))
    if (tallies.length === 0) {
      output.err(
        `${folder}: expected vectors/*.jsonl, traces/*.json or templates.json; found none of them\n\n${USAGE}`,
      )
      return 2
    }
    output.out(folder)
    for (const tally of tallies) print(tally, isVerbose, output)
    all.push(...tallies)
  }
  const total = (kind: Verdict['kind']) => all.reduce((sum, tally) => sum + ofKind(tally, kind).length, 0)
  const different = total('different')
  output.out(
    `${total('same')} the same, ${total('explained')} different on purpose, ${different} different, ${total('uncompared')} not compared`,
  )
  return different === 0 ? 0 : 1
}

/** What to do, or what is wrong with the command line. */
function readArguments(
  args: readonly string[],
): { readonly folders: readonly string[]; readonly isVerbose: boolean } | string {
  try {
    const options = { verbose: { type: 'boolean', short: 'v', default: false } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const folders = positionals.length === 0 ? [OWN_RECORDINGS, OWN_OCTOMIND_RECORDINGS] : positionals
    const wrong = folders.find((folder) => !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    if (wrong !== undefined) return `${wrong}: expected a folder of recordings; there is no such folder`
    return { folders, isVerbose: values.verbose }
  } catch (error) {
    return (error as Error).message
  }
}

async function talliesOf(recordings: Recordings): Promise<readonly Tally[]> {
  const tallies: Tally[] = recordings.functions.map((name) => ({
    name,
    verdicts: recordings.vectors(name).map((vector) => {
      const entry = functions[name]
      const unknown = { kind: 'uncompared', reason: 'nothing here does the same' } as const
      return [vector.id, entry ? compareVector(name, entry, vector, recordings) : unknown]
    }),
  }))
  const traces: [string, Verdict][] = []
  for (const name of recordings.traces) {
    const trace = recordings.trace(name)
    const isOctomind = isOctomindTrace(trace)
    traces.push([
      name,
      isOctomind
        ? await compareOctomindTrace(trace, recordings.collection)
        : await compareTrace(trace as Trace),
    ])
  }
  if (traces.length > 0) tallies.push({ name: 'traces', verdicts: traces })
  return [...tallies, ...(await templateTallies(recordings))]
}

async function templateTallies(recordings: Recordings): Promise<readonly Tally[]> {
  const byAspect = new Map<string, [string, Verdict][]>()
  const add = (aspect: string, file: string, verdict: Verdict) =>
    byAspect.set(aspect, [...(byAspect.get(aspect) ?? []), [file, verdict]])
  for (const file of recordings.templates) {
    const text = recordings.templateText(file)
    if (text === undefined) {
      add('templates', file, { kind: 'uncompared', reason: 'the file is not in ../../codemie of the folder' })
      continue
    }
    const compared = await compareTemplate(recordings.template(file) as RecordedTemplate, text)
    for (const [aspect, verdict] of compared) add(`templates: ${aspect}`, file, verdict)
  }
  return [...byAspect].map(([name, verdicts]) => ({ name, verdicts }))
}

function ofKind<K extends Verdict['kind']>(
  { verdicts }: Tally,
  kind: K,
): readonly (readonly [id: string, verdict: Extract<Verdict, { kind: K }>])[] {
  return verdicts.flatMap(([id, verdict]) =>
    verdict.kind === kind ? [[id, verdict as Extract<Verdict, { kind: K }>] as const] : [],
  )
}

function print(tally: Tally, isVerbose: boolean, { out, width }: OracleOutput): void {
  const different = ofKind(tally, 'different')
  const explained = ofKind(tally, 'explained')
  const uncompared = ofKind(tally, 'uncompared')
  const compared = tally.verdicts.length - uncompared.length
  const same = compared - different.length - explained.length
  const mark = different.length > 0 ? '✗' : compared > 0 ? '✓' : '-'
  const counts = [
    ...(compared > 0 ? [`${same} of ${compared} the same`] : []),
    ...countsOf(explained.map(([, verdict]) => `by ${verdict.section}`)),
    ...countsOf(uncompared.map(([, verdict]) => `not compared: ${verdict.reason}`)),
  ]
  out(`${mark} ${tally.name}: ${counts.join('; ')}`)
  if (isVerbose) for (const [id, { section }] of explained) out(`    ${id}: ${section}`)
  for (const [id, { recorded, found }] of different) {
    out(`    ${id}`)
    for (const line of sideBySide(recorded, found, width)) out(line)
  }
}

function countsOf(texts: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => `${count} ${text}`)
}

function relative(folder: string): string {
  return folder.slice(folder.indexOf('test/fixtures'))
}
