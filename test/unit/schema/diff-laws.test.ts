import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Change } from '../../../schema/diff/change.ts'
import { compareWorkflows } from '../../../schema/diff/compare.ts'
import { readWorkflow } from '../../../schema/read.ts'
import type { Workflow } from '../../../schema/workflow.ts'
import { BASE } from '../../helpers/definition-changes.ts'
import { seededRandom } from '../../helpers/interleaving.ts'
import { expectMirrored, inWords } from '../../helpers/mirrored-changes.ts'
import { type Definition, EDIT_NAMES, editAtRandom, type MadeEdit } from '../../helpers/random-edits.ts'

const example = (name: string) =>
  readFileSync(new URL(`../../../examples/${name}.yaml`, import.meta.url), 'utf8')
const BASES: readonly string[] = [
  BASE,
  ...['review-diff', 'three-opinions', 'map-files', 'ask-a-person'].map(example),
]

/** `undefined`: the edits do not fit together, e.g. a state that is waited for is gone. */
function read(text: string): Workflow | undefined {
  return readWorkflow({ file: '.codemie/workflows/w.yaml', text }).workflow
}

/** A definition, the same with one edit, and with one more that is about something else. */
interface Edited {
  readonly edits: readonly [MadeEdit, MadeEdit]
  readonly base: Workflow
  readonly once: Workflow
  readonly twice: Workflow
  readonly text: string
}

function editedBy(seed: number): Edited | undefined {
  const random = seededRandom(seed)
  const definition = parse(BASES[seed % BASES.length] ?? '') as Definition
  const texts = [stringify(definition)]
  const edit = () => {
    const made = editAtRandom(definition, random)
    texts.push(stringify(definition))
    return made
  }
  const [first, second] = [edit(), edit()]
  if (!first || !second || second.touches.some((one) => first.touches.includes(one))) return undefined
  const [base, once, twice] = texts.map(read)
  return base && once && twice && { edits: [first, second], base, once, twice, text: texts[2] ?? '' }
}

const SEEDS = Array.from({ length: 600 }, (_, i) => i + 1)
const PAIRS = SEEDS.flatMap((seed) => {
  const edited = editedBy(seed)
  return edited === undefined ? [] : [{ seed, ...edited }]
})

/** Says which pair broke a law, so that it can be made again. */
function forEachPair(check: (pair: Edited) => void): void {
  for (const { seed, ...pair } of PAIRS) {
    try {
      check(pair)
    } catch (error) {
      throw new Error(`seed ${seed}, ${pair.edits.map(({ name }) => name).join(', then ')}`, { cause: error })
    }
  }
}

/** What else tells the same widening once more has changed. */
const ALSO_TOLD_AS: Readonly<Record<string, readonly string[]>> = {
  // The state is one that went, called otherwise: what it may do is compared.
  'state-added': ['state-renamed'],
  // The guard is none any more.
  'guard-moved': ['approval-changed', 'pause-changed'],
}

describe('hundreds of definitions with two edits', () => {
  test('are there, of all kinds', () => {
    expect(PAIRS.length).toBeGreaterThan(250)
    const names = PAIRS.flatMap(({ edits }) => edits.map(({ name }) => name))
    expect([...new Set(names)].sort()).toEqual([...EDIT_NAMES].sort())
  })

  test('are no change of themselves, nor written otherwise', () => {
    forEachPair(({ twice, text }) => {
      const [first, ...rest] = (parse(text) as Definition).states
      const other = stringify(
        { ...(parse(text) as Definition), states: [first, ...rest.reverse()] },
        { collectionStyle: 'flow', defaultStringType: 'QUOTE_DOUBLE' },
      )
      expect(compareWorkflows(twice, twice)).toEqual([])
      expect(compareWorkflows(twice, read(`# Why\n${other}`) as Workflow)).toEqual([])
    })
  })

  test('are mirrored backwards', () => {
    forEachPair(({ base, once, twice }) => {
      expectMirrored(base, once)
      expectMirrored(base, twice)
      expectMirrored(once, twice)
    })
  })

  test('do not hide what widens in one edit behind the other', () => {
    let widenings = 0
    forEachPair(({ base, once, twice }) => {
      const now = compareWorkflows(base, twice)
      const names = new Map(
        compareWorkflows(once, twice).flatMap(({ code, state, sentence }) =>
          code === 'state-renamed' ? [[/'(.*)'/.exec(sentence)?.[1], state]] : [],
        ),
      )
      const isTold = ({ code, state }: Change) =>
        now.some(
          (one) =>
            one.state === (names.get(state) ?? state) &&
            (one.code === code ? one.class === 'widening' : ALSO_TOLD_AS[code]?.includes(one.code)),
        )
      for (const change of compareWorkflows(base, once)) {
        if (change.class !== 'widening') continue
        widenings++
        if (!isTold(change)) expect(now.map(inWords)).toContain(inWords(change))
      }
    })
    expect(widenings).toBeGreaterThan(100)
  })
})
