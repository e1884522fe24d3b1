import { testWords } from '../block-words.ts'
import type { BlockWork, Driver } from '../workflow.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import { ceiling, widest } from './classes.ts'
import { fromTo, members, membersOf } from './values.ts'

type DriverOf<K extends Driver['kind']> = Extract<Driver, { readonly kind: K }>

/** A row for a setting that only some drivers have. Where the driver is another one, the row of that tells it all. */
function setting<K extends Driver['kind']>(
  kinds: readonly K[],
  row: Omit<Aspect<BlockWork>, 'of' | 'reach' | 'class'> & {
    readonly of: (driver: DriverOf<K>) => unknown
    readonly reach?: Aspect<BlockWork>['reach']
    readonly class?: Aspect<BlockWork>['class']
  },
): Aspect<BlockWork> {
  const { say = fromTo } = row
  return {
    reach: 'state',
    class: 'neutral',
    ...row,
    of: ({ driver }) =>
      (kinds as readonly string[]).includes(driver.kind) ? row.of(driver as DriverOf<K>) : undefined,
    say: (before, after) => (before === undefined || after === undefined ? undefined : say(before, after)),
  }
}

const drivers: ClassRule = {
  words: 'to once, or to a choice: narrowing; else widening',
  of: (_before, after) => (after === 'once' || after === 'choose' ? 'narrowing' : 'widening'),
}

/** How often states run side by side. */
const copies: ClassRule = {
  words: 'one more often: widening; only less often: narrowing',
  of: (before, after, whole) => {
    const [a, b] = [membersOf(before), membersOf(after)]
    const times = (value: unknown) => Number(value ?? 1)
    return widest(
      [...new Set([...a.keys(), ...b.keys()])].map((id) =>
        times(a.get(id)) === times(b.get(id))
          ? 'neutral'
          : ceiling.of(times(a.get(id)), times(b.get(id)), whole),
      ),
    )
  },
}

/** What a block is compared by besides the states in it. */
export const BLOCK: readonly Aspect<BlockWork>[] = [
  {
    code: 'driver-changed',
    name: 'how it runs its steps',
    of: ({ driver }) =>
      driver.kind === 'once' && driver.orElse !== undefined ? `once, or ${driver.orElse}` : driver.kind,
    class: drivers,
    reach: 'state',
    say: (before, after) => [before, after].map((kind) => KIND_WORDS[String(kind)]).join(' → '),
  },
  setting(['until'], {
    code: 'rounds-changed',
    name: 'rounds at most',
    of: ({ maxIterations }) => maxIterations,
    class: ceiling,
  }),
  setting(['until', 'choose'], {
    code: 'test-changed',
    name: 'test',
    of: (driver) => testWords(driver.kind === 'until' ? driver.exit : driver.when),
  }),
  setting(['for-each'], {
    code: 'items-changed',
    name: 'items',
    of: ({ of, pattern, takes, as }) => ({
      pattern: pattern.value,
      'looked for in': of?.value,
      takes,
      'known as': as,
    }),
    say: members,
  }),
  setting(['for-each', 'all'], {
    code: 'at-once-changed',
    name: 'steps at once',
    of: ({ atOnce }) => atOnce ?? 'all',
    reach: 'nothing',
  }),
  setting(['for-each', 'all'], {
    code: 'least-successes-changed',
    name: 'how many must succeed',
    of: ({ minSuccess }) => minSuccess ?? 'all',
  }),
  setting(['for-each', 'all'], {
    code: 'joining-changed',
    name: 'how answers are joined',
    of: ({ join }) => join,
    say: members,
  }),
  setting(['all'], {
    code: 'copies-changed',
    name: 'how often each step runs',
    of: ({ copies: times }) => times,
    class: copies,
    say: members,
  }),
  setting(['choose'], {
    code: 'branches-changed',
    name: 'what the test chooses',
    of: ({ onMatch, onNoMatch }) => ({
      'when it holds': onMatch.join(', '),
      'when not': onNoMatch.join(', '),
    }),
    say: members,
  }),
  setting(['until', 'choose'], {
    code: 'without-branch-changed',
    name: 'what comes of it when nothing is chosen',
    of: ({ whenNone }) => (whenNone === 'keep' ? 'the text from before' : 'nothing'),
    reach: 'followers',
  }),
]

const KIND_WORDS: Readonly<Record<string, string>> = {
  once: 'once',
  'once, or incoming': 'once, and the run goes on when that fails',
  until: 'in rounds until a test holds',
  'for-each': 'for each item',
  all: 'all at once',
  choose: 'those that a test chooses',
}
