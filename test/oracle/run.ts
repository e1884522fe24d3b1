import { compareVector, type FunctionTable, type Verdict } from './compare.ts'
import { functions } from './functions.ts'
import { OWN_RECORDINGS, openRecordings, type Recordings } from './recorded.ts'
import { compareTrace, type Trace } from './traces.ts'

interface Tally {
  same: number
  readonly explained: Map<string, number>
  readonly different: string[]
}

/** `npm run oracle -- <folder>`: compares the project with recorded behaviour and says where it differs. */
async function main(folder: string): Promise<number> {
  const recordings = openRecordings(folder)
  const tallies = new Map<string, Tally>()
  const uncompared: string[] = []
  for (const name of recordings.functions) {
    const entry = functions[name]
    if (!entry) uncompared.push(name)
    else tallies.set(name, tallyVectors(name, entry, recordings))
  }
  if (recordings.traces.length > 0) tallies.set('traces', await tallyTraces(recordings))
  if (tallies.size === 0) {
    console.error(`${folder} holds neither vectors/*.jsonl nor traces/*.json`)
    return 2
  }
  let same = 0
  let explained = 0
  let different = 0
  for (const [name, tally] of tallies) {
    const onPurpose = [...tally.explained].map(([section, count]) => `${count} by ${section}`).join('; ')
    const all = tally.same + sum(tally.explained.values()) + tally.different.length
    const mark = tally.different.length === 0 ? '✓' : '✗'
    console.log(
      `${mark} ${name}: ${tally.same} of ${all} the same${onPurpose === '' ? '' : `, ${onPurpose}`}`,
    )
    for (const line of tally.different) console.log(`    ${line}`)
    same += tally.same
    explained += sum(tally.explained.values())
    different += tally.different.length
  }
  if (uncompared.length > 0)
    console.log(`- not compared, nothing here does the same: ${uncompared.join(', ')}`)
  console.log(`${same} the same, ${explained} different on purpose, ${different} different`)
  return different === 0 ? 0 : 1
}

function tallyVectors(name: string, entry: FunctionTable[string], recordings: Recordings): Tally {
  const tally: Tally = { same: 0, explained: new Map(), different: [] }
  for (const vector of recordings.vectors(name)) {
    count(tally, vector.id, compareVector(name, entry, vector, recordings))
  }
  return tally
}

async function tallyTraces(recordings: Recordings): Promise<Tally> {
  const tally: Tally = { same: 0, explained: new Map(), different: [] }
  for (const name of recordings.traces) {
    count(tally, name, await compareTrace(recordings.trace(name) as Trace))
  }
  return tally
}

function count(tally: Tally, id: string, verdict: Verdict): void {
  if (verdict.kind === 'same') tally.same++
  else if (verdict.kind === 'different') {
    const cut = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text)
    tally.different.push(
      `${id}\n      recorded ${cut(verdict.expected)}\n      found    ${cut(verdict.found)}`,
    )
  } else tally.explained.set(verdict.section, (tally.explained.get(verdict.section) ?? 0) + 1)
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

process.exitCode = await main(process.argv[2] ?? OWN_RECORDINGS)
