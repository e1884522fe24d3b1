import { describe, expect, it } from 'vitest'
import { OCTOMIND_CORPUS } from '../helpers/corpus.ts'
import type { Verdict } from '../oracle/compare.ts'
import { compareOctomindTrace } from '../oracle/octomind/compare.ts'
import type { OctomindTrace } from '../oracle/octomind/trace.ts'
import { OWN_OCTOMIND_RECORDINGS, openRecordings } from '../oracle/recorded.ts'

const recordings = openRecordings(OWN_OCTOMIND_RECORDINGS)
const traceOf = (name: string) => recordings.trace(name) as OctomindTrace
const compare = (trace: OctomindTrace) => compareOctomindTrace(trace, OCTOMIND_CORPUS)

/** Found while comparing all of them. */
const explained: { readonly trace: OctomindTrace; readonly section: string }[] = []

describe('recorded runs of octomind come out the same here', () => {
  it.each(recordings.traces)('%s', async (name) => {
    const trace = traceOf(name)
    const verdict: Verdict = await compare(trace)
    expect(verdict.kind === 'different' ? verdict : undefined).toBeUndefined()
    if (verdict.kind === 'explained') explained.push({ trace, section: verdict.section })
  })
})

describe('what differs on purpose allows no other difference', () => {
  it('in what is asked first', async () => {
    const compared = explained.filter(
      ({ trace, section }) => !NOTHING_TO_COMPARE.includes(section) && isAnybodyAsked(trace),
    )
    expect(compared.length).toBeGreaterThan(explained.length / 2)
    const swallowed: string[] = []
    for (const { trace } of compared) {
      const verdict = await compare(withAnotherStart(trace))
      if (verdict.kind !== 'different') swallowed.push(trace.id)
    }
    expect(swallowed).toEqual([])
  })
})

/** Where one of the two refuses what the other one runs. */
const NOTHING_TO_COMPARE = ['1.2', '1.4, 2.6', '1.5', '1.6', '1.8', '2.3']

function isAnybodyAsked({ observed: { requests, agents = [] } }: OctomindTrace): boolean {
  return requests.length > 0 || agents.some(({ event }) => event === 'prompt')
}

/** As if whoever was asked first had been asked something else. */
function withAnotherStart(trace: OctomindTrace): OctomindTrace {
  const { requests, agents = [] } = trace.observed
  const prompt = agents.findIndex(({ event }) => event === 'prompt')
  const observed =
    prompt >= 0
      ? { agents: agents.map((one, i) => (i === prompt ? { ...one, text: 'another' } : one)) }
      : {
          requests: requests.map((one, i) =>
            i === 0
              ? { ...one, messages: [{ role: 'user', content: 'another' }, ...one.messages.slice(1)] }
              : one,
          ),
        }
  return { ...trace, observed: { ...trace.observed, ...observed } }
}
