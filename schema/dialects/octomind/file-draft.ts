import type { Located } from '../../diagnostic.ts'
import { readNumber, readText } from '../../lax.ts'
import { pointerTo } from '../../shape.ts'
import { childOf, type YamlDocument, type YamlNode } from '../../yaml.ts'
import { locatedText } from '../codemie/draft.ts'
import type { Drafted } from './rule.ts'

/** A workflow in a file of its own, with defaults filled in, but nothing checked between keys yet. What has a wrong type counts as absent. */
export interface FileDraft extends Drafted {
  readonly name: string | undefined
  readonly description: string
  readonly maxCost: Located<number> | undefined
  readonly entry: Located<string> | undefined
  readonly maxTransitions: Located<number> | undefined
  readonly edges: readonly DraftEdge[]
  /** Whether edges say what follows what, and not the order of the file. */
  readonly isGraph: boolean
  readonly steps: readonly DraftStep[]
}

/** A step that asks a role, alone or inside of a block. */
export interface DraftLeaf {
  readonly node: YamlNode
  readonly path: string
  readonly name: Located<string> | undefined
  readonly role: Located<string> | undefined
  readonly prompt: Located<string> | undefined
  readonly session: 'fresh' | 'continue'
  /** Seconds; 0 is none. */
  readonly timeout: number
  readonly retries: number
  readonly model: Located<string> | undefined
  readonly workdir: Located<string> | undefined
  readonly count: Located<number> | undefined
  readonly skills: readonly Located<string>[]
  readonly capabilities: readonly Located<string>[]
}

export interface DraftStep extends DraftLeaf {
  /** Flags that are true. One is the kind of the step; none makes it sequential. */
  readonly flags: readonly BlockFlag[]
  readonly kind: 'sequential' | BlockFlag
  readonly run: readonly DraftLeaf[]
  readonly minSuccess: Located<number> | undefined
  readonly maxParallel: Located<number> | undefined
  readonly source: Located<string> | undefined
  readonly match: Located<string> | undefined
  readonly maxIterations: number
  readonly exitWhen: DraftTest | undefined
  readonly condition: DraftTest | undefined
  readonly onMatch: readonly Located<string>[]
  readonly onNoMatch: readonly Located<string>[]
}

export interface DraftTest {
  readonly node: YamlNode
  readonly path: string
  readonly output: Located<string> | undefined
  readonly contains: Located<string> | undefined
  readonly matches: Located<string> | undefined
}

export interface DraftEdge {
  readonly node: YamlNode
  readonly path: string
  readonly from: Located<string> | undefined
  readonly to: Located<string> | undefined
  readonly when: DraftTest | undefined
}

const BLOCK_FLAGS = ['parallel', 'loop', 'conditional'] as const
export type BlockFlag = (typeof BLOCK_FLAGS)[number]

/** Rounds of a loop that does not say. */
export const DEFAULT_ITERATIONS = 10

/** Reads a file. Total: it takes any document. */
export function draftFile(document: YamlDocument, root: YamlNode): FileDraft {
  const entry = locatedText(document, childOf(root, 'entry'))
  const edges = itemsOf(childOf(root, 'edges')).map((node, i) => readEdge(document, node, `/edges/${i}`))
  return {
    document,
    root,
    name: readText(childOf(root, 'name')),
    description: readText(childOf(root, 'description')) ?? '',
    maxCost: locatedNumber(document, childOf(root, 'max_cost')),
    entry,
    maxTransitions: locatedNumber(document, childOf(root, 'max_transitions')),
    edges,
    isGraph: entry !== undefined || edges.length > 0,
    steps: itemsOf(childOf(root, 'steps')).map((node, i) => readStep(document, node, `/steps/${i}`)),
  }
}

/** All steps that ask a role, in the order of the file. */
export function leavesOf({ steps }: FileDraft): readonly DraftLeaf[] {
  return steps.flatMap((step) => (step.kind === 'sequential' ? [step] : step.run))
}

function readStep(document: YamlDocument, node: YamlNode, path: string): DraftStep {
  const get = (key: string) => childOf(node, key)
  const flags = BLOCK_FLAGS.filter((flag) => {
    const value = get(flag)
    return value?.kind === 'scalar' && value.value === true
  })
  return {
    ...readLeaf(document, node, path),
    flags,
    kind: flags[0] ?? 'sequential',
    run: itemsOf(get('run')).map((item, i) => readLeaf(document, item, pointerTo(`${path}/run`, i))),
    minSuccess: locatedNumber(document, get('min_success')),
    maxParallel: locatedNumber(document, get('max_parallel')),
    source: locatedText(document, get('source')),
    match: locatedText(document, get('match')),
    maxIterations: readNumber(get('max_iterations')) ?? DEFAULT_ITERATIONS,
    exitWhen: readTest(document, get('exit_when'), `${path}/exit_when`),
    condition: readTest(document, get('condition'), `${path}/condition`),
    onMatch: locatedTexts(document, get('on_match')),
    onNoMatch: locatedTexts(document, get('on_no_match')),
  }
}

function readLeaf(document: YamlDocument, node: YamlNode, path: string): DraftLeaf {
  const get = (key: string) => childOf(node, key)
  const text = (key: string) => locatedText(document, get(key))
  return {
    node,
    path,
    name: text('name'),
    role: text('role'),
    prompt: text('prompt'),
    session: readText(get('session')) === 'continue' ? 'continue' : 'fresh',
    timeout: readNumber(get('timeout')) ?? 0,
    retries: readNumber(get('retries')) ?? 0,
    model: text('model'),
    workdir: text('workdir'),
    count: locatedNumber(document, get('count')),
    skills: locatedTexts(document, get('skills')),
    capabilities: locatedTexts(document, get('capabilities')),
  }
}

function readEdge(document: YamlDocument, node: YamlNode, path: string): DraftEdge {
  return {
    node,
    path,
    from: locatedText(document, childOf(node, 'from')),
    to: locatedText(document, childOf(node, 'to')),
    when: readTest(document, childOf(node, 'when'), `${path}/when`),
  }
}

function readTest(document: YamlDocument, node: YamlNode | undefined, path: string): DraftTest | undefined {
  if (node?.kind !== 'map') return undefined
  const text = (key: string) => locatedText(document, childOf(node, key))
  return { node, path, output: text('output'), contains: text('contains'), matches: text('matches') }
}

export function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === 'seq' ? node.items : []
}

export function locatedTexts(document: YamlDocument, node: YamlNode | undefined): readonly Located<string>[] {
  return itemsOf(node).flatMap((item) => locatedText(document, item) ?? [])
}

export function locatedNumber(
  document: YamlDocument,
  node: YamlNode | undefined,
): Located<number> | undefined {
  const value = readNumber(node)
  return node === undefined || value === undefined
    ? undefined
    : { value, at: document.at(node.start, node.end) }
}
